//! Drills: grade any HTTP API client by what a double of the API saw of it.
//!
//! A scenario is data: what goes wrong (a fault plan), what the client is asked to do (a job), and what a sound
//! client makes of it. [`Subject::run`] starts a fresh double, runs the client's command against it, and judges
//! by what truly arrived and took effect, and by what the client says it believes. Every grade comes with the
//! requests that show it.
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast_drill::{Scenario, Subject, Verdict};
//! use steadfast_sandbox::{Api, Profile};
//!
//! let subject = Subject {
//!     api: Api::Knosc,
//!     profile: Profile::Guide,
//!     seed: 1,
//!     command: vec!["python3".into(), "my_client.py".into()],
//! };
//! for scenario in Scenario::all(Api::Knosc)? {
//!     let graded = subject.run(&scenario).await?;
//!     assert_eq!(graded.verdict, Verdict::Passed, "{}", graded.scenario);
//! }
//! # Ok(()) }
//! ```
//!
//! **What it promises.** A scenario that was not met (a fault that no request came across) is never passed. A
//! command that does not end is ended, with everything it started in its process group.
//!
//! **What is absent.** It knows no client, ours included, and shares no code with it: it uses the doubles alone.

mod command;
mod contract;
mod elsewhere;
mod grade;
mod graded;
mod job;
mod journal;
mod junit;
mod page;
mod plan;
mod results;
mod run;
mod scenario;
mod side_by_side;
mod story;
mod table;
mod unmet;

pub use elsewhere::Seen;
pub use grade::{Finding, Grade, Mark};
pub use graded::{Graded, StepGraded, Verdict};
pub use journal::Entry;
pub use junit::junit;
pub use page::page;
pub use results::{Claim, State};
pub use run::{RunError, Subject};
pub use scenario::Scenario;
pub use table::{line, summary};
