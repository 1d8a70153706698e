//! kneo: runs of agents and workflows on a platform of one's own.
//!
//! ```
//! # use steadfast_apis::kneo::{Arguments, Error, Kneo, NewRun, resolve_profile, user_message};
//! # async fn example(file: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! let profile = resolve_profile(&Arguments::default(), |name| std::env::var(name).ok(), file)?;
//! let kneo = Kneo::builder(profile).build()?;
//! kneo.health().readyz().await?;
//! match kneo.runs().create(&NewRun::of_path("demo.yaml", "Greet Ada"), None).await {
//!     Ok(run) => {
//!         let run_id = run.run_id.unwrap_or_default();
//!         let run = kneo.runs().wait_for_completion(&run_id, Duration::from_secs(60)).await?;
//!         println!("{}: {:?}", run.status, run.output_text);
//!     }
//!     Err(Error::RateLimited(fault)) => println!("later: {:?}", fault.retry_after()),
//!     Err(error) => println!("{}", user_message(&error)),
//! }
//! # Ok(()) }
//! ```
//!
//! Every POST carries an idempotency key and every call a request id, the same on all its attempts
//! (N6). What reaches the caller has been tried as often as the policy allows, but for a 500, which
//! says nothing of passing (N5). The platforms 0.4.0 and 1.2.0 are told apart by nobody: both are
//! read.

mod calls;
mod code;
mod environment;
mod error;
mod health;
mod page;
mod profile;
mod run;
mod spec;
mod task;
mod watch;
mod words_for_people;

pub use calls::{Builder, Kneo};
pub use code::Code;
pub use environment::{AuditEvent, AuditFilter, Environments, NewPolicy};
pub use error::{Conflict, Error, Fault, from_response};
pub use health::{Health, HealthReport};
pub use page::{Page, PageRequest, ROWS_MAX};
pub use profile::{Arguments, AuthScheme, Profile, ProfileError, resolve_profile};
pub use run::{NewRun, RunFilter, RunReply, RunState, RunStatus, Runs, TraceEvent};
pub use spec::{Compiled, Diagnostic, DryRun, Spec, Specs, Validated};
pub use task::{Decision, HumanTask, HumanTasks, Resumed, Task, TaskFilter};
pub use watch::{Watch, WatchError};
pub use words_for_people::user_message;
