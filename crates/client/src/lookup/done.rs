//! Whether an operation on a record has been done, as the record shows it.

use std::sync::Arc;

use steadfast_call::dialect::ValueAt;
use steadfast_call::{Found, LookUp, Request};

use super::ask;
use crate::client::Inner;

/// Reads the record that the operation is on: it stands at the operation's path without its last
/// step. Found means that it shows one of those; absent, that it was read and shows none.
pub(super) async fn look(inner: &Arc<Inner>, request: &Request, shown: &[ValueAt]) -> LookUp {
    let route = request.route().trim_end_matches('/');
    let Some((record, _)) = route.rsplit_once('/').filter(|(record, _)| !record.is_empty()) else {
        return LookUp::CannotTell(format!("{route} is an operation on no record"));
    };
    let outcome = match ask(inner, record.to_owned()).await {
        Ok(outcome) => outcome,
        Err(error) => return LookUp::CannotTell(error.to_string()),
    };
    match outcome.into_success().reply {
        Some(reply) if shown.iter().any(|value| value.holds(&reply)) => {
            let record = reply.json().cloned().unwrap_or_default();
            LookUp::Found(Found { id: None, record, differences: Vec::new(), copies: 1 })
        }
        Some(_) => LookUp::Absent,
        None => LookUp::CannotTell(format!("{record} was answered with nothing")),
    }
}
