//! `explain`, `call` and `dialect` as their users meet them.

#[path = "explain/calls.rs"]
mod calls;
#[path = "explain/dialects.rs"]
mod dialects;
#[path = "explain/golden.rs"]
mod golden;
#[path = "explain/keys.rs"]
mod keys;
#[path = "explain/replies.rs"]
mod replies;
#[path = "explain/stage.rs"]
mod stage;
