//! A call to somebody else's HTTP API, as a machine that always says how it ended.
//!
//! A **call** is one thing the caller wants done. It is made of **attempts**, each one HTTP
//! exchange. Data flows one way:
//!
//! ```text
//! bytes ─► Reply ─► Class ─► Decision ─► Step
//!            (dialect's rules)   (decide)
//! ```
//!
//! and a call ends in one of these ways, never in silence:
//!
//! | end | means |
//! |---|---|
//! | [`Outcome::Applied`] | the API said so, or a look-up showed it |
//! | [`Outcome::Queued`] | accepted, and applied by the API later; never sent again |
//! | [`Outcome::Existing`] | there already, and the same |
//! | [`Error`] with [`Effect::None`] | nothing was done, and why |
//! | [`Error`] with [`Effect::Unknown`] | sent, and nobody can say: look before sending again |
//!
//! What is special about an API stands in its [`dialect`], which is data. What all calls of one
//! login share stands in its [`Account`].
//!
//! **Deliberately absent:** a clock, randomness, the environment, files, sockets, async and
//! threads. Time and random draws are arguments, so the same events give the same steps, and a
//! simulation can run the real engine. The driver in the `steadfast` crate owns the world.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use http::{HeaderMap, Method, StatusCode};
//! use steadfast_call::dialect::{Dialect, PolicyName};
//! use steadfast_call::{Account, Call, Draw, Event, Options, Outcome, Reply, Request, Step, Time};
//!
//! let knosc = Arc::new(Dialect::built_in("knosc").unwrap());
//! let now = Time::from_millis(0);
//! let mut account = Account::new(&knosc, None, now);
//! let request = Request::new(Method::POST, "/purchase-order").json("{}");
//! let deadline = Duration::from_secs(60);
//! let mut call = Call::new(
//!     knosc, PolicyName::Recommended, request, Options::default(), deadline, now, &mut account,
//! );
//! let draw = Draw::new(0.5);
//!
//! // There is no session yet, so the call asks for one first.
//! let step = call.step(Event::Started, now, draw, &mut account);
//! assert!(matches!(step, Step::Authenticate { .. }));
//! account.session.renewed();
//! let step = call.step(Event::Authenticated, now, draw, &mut account);
//! assert!(matches!(step, Step::Send { attempt: 1, .. }));
//!
//! let body = r#"{"message":"Purchase order created successfully.","notification_type":"Success","id":42}"#;
//! let reply = Reply::new(StatusCode::OK, HeaderMap::new(), body.into());
//! let step = call.step(Event::Replied(reply), now, draw, &mut account);
//! let Step::Done(result) = step else { panic!("{step:?}") };
//! assert!(matches!(*result, Ok(Outcome::Applied(_))));
//! ```

mod account;
mod authentication;
pub mod backoff;
mod breaker;
mod budget;
mod call;
mod class;
mod classify;
mod compare;
mod conditions;
pub mod dialect;
mod effect;
mod error;
mod explain;
mod failure;
mod field_error;
pub mod hint;
mod instant;
mod items;
mod key;
mod lock;
mod outcome;
mod pace;
mod principal;
mod reply;
mod request;
mod saved;
mod scan;
mod session;
mod time;

pub use account::{Account, Why};
pub use authentication::{
    AuthEvent, AuthFailure, AuthStep, Authentication, Exchange, Token, Wanted, csrf_token, token,
};
pub use backoff::Draw;
pub use call::{Call, Event, Step};
pub use class::Class;
pub use classify::{Circumstances, Reading, classify, classify_under};
pub use compare::{Difference, differences};
pub use effect::Effect;
pub use error::{CredentialsKind, Details, Error, Kind, Stop};
pub use explain::{Explanation, Next, Waits, explain};
pub use failure::{Failure, Reach};
pub use field_error::FieldError;
pub use hint::Limit;
pub use items::Item;
pub use lock::LockWatch;
pub use outcome::{Attempt, Found, LookUp, Outcome, Success};
pub use principal::Principal;
pub use reply::Reply;
pub use request::{IdempotencyKey, Nature, Options, Request};
pub use saved::{SavedError, SavedReply, read_saved};
pub use scan::{PageRequest, Scan, ScanEnd, next_link, same_origin_path};
pub use session::{Entry, Generation, Renewed, Session};
pub use time::Time;
