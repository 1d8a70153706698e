//! The program as its users meet it: started as a process, with a home of its own, against a
//! double in another process or in the same one.

#![allow(clippy::print_stdout, reason = "a campaign speaks to whoever runs it")]

mod apis;
mod campaign;
mod double;
mod example;
mod interrupt;
mod kill;
mod orders;
mod output;
mod place;
mod rejects;
mod replacing;
mod resume;
mod sandbox;
mod sandboxed;
mod session;
mod settings;
mod storm;
mod usage;
