//! Typed clients for the APIs whose contracts come with Steadfast.
//!
//! Each is thin: the operations that the API's contract names, under the API's own field names, with
//! its codes as types that also admit codes nobody has heard of yet, and its lists as streams. What is
//! sent again, and how a call ends, is decided by the engine from the API's dialect; nothing here
//! decides it a second time.
//!
//! | API | client |
//! |---|---|
//! | kneo, agents and workflows | [`kneo::Kneo`] |
//! | Knosc, procurement | [`knosc::Knosc`] |
//! | Operations1, work orders | [`operations1::Operations1`] |
//! | Thredfi, bookkeeping | [`thredfi::Thredfi`] |

pub mod kneo;
pub mod knosc;
pub mod operations1;
pub mod thredfi;

mod decimal;
mod no_client;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/clients.md")]
mod page {}
mod words;
mod written;

pub use decimal::{Decimal, NoDecimal};
pub use no_client::NoClient;
pub use written::{Record, Written};
