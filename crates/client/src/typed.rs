//! Reads an answer into a type of the caller's.

use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{Effect, Error, Outcome};

use crate::redact::Secrets;

/// What the answer has at a JSON pointer, or else the record that a look-up found, as a `T`; or an
/// error that keeps the answer (N17).
pub(crate) fn read<T: DeserializeOwned>(
    outcome: Outcome,
    at: &str,
    is_write: bool,
    secrets: impl FnOnce(Option<&[u8]>) -> Secrets,
) -> Result<(T, Outcome), Error> {
    let success = outcome.success();
    let answer = match success.json() {
        Some(body) => body.pointer(at),
        None => success.record.as_ref(),
    };
    let misfit = match serde_path_to_error::deserialize(answer.unwrap_or(&Value::Null)) {
        Ok(read) => return Ok((read, outcome)),
        Err(misfit) => misfit,
    };
    let nothing_there;
    let what = match (&outcome, answer) {
        (Outcome::Queued(_), _) => "the write was queued, and its notice",
        (_, None) if success.json().is_some() => {
            nothing_there = format!("the answer has nothing at {at}, and nothing");
            &nothing_there
        }
        (_, None) => "the answer has no JSON, and nothing",
        (_, Some(_)) => "the answer",
    };
    let at = match misfit.path().to_string() {
        root if root == "." => String::new(),
        at => format!(" at {at}"),
    };
    let name = std::any::type_name::<T>();
    let text = format!("{what} does not fit {name}{at}: {}", misfit.inner());
    let effect = match (&outcome, is_write) {
        (_, false) => Effect::None,
        (Outcome::Applied(_) | Outcome::Existing(_), true) => Effect::Applied,
        // It will be applied, unless it will not: nobody may send it again.
        (Outcome::Queued(_), true) => Effect::Unknown,
    };
    let body = success.reply.as_ref().map(|reply| reply.body.clone());
    // What serde says quotes the value.
    let secrets = secrets(body.as_deref());
    Err(secrets.scrub_error(outcome.into_success().into_error(effect, text)))
}
