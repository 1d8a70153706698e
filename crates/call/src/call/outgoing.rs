//! The request as it is sent: with the call's key and id.

use http::{HeaderName, HeaderValue};

use crate::dialect::Dialect;
use crate::key::{self, Key};
use crate::request::{Options, Request};
use crate::time::Time;

/// Binds what is the same on every attempt.
///
/// # Errors
/// What cannot be bound, and what to do.
pub(super) fn bind(
    dialect: &Dialect,
    request: &Request,
    options: &Options,
    now: Time,
) -> Result<(Option<Key>, Option<Request>), String> {
    let (key, mut outgoing) =
        match key::bind(dialect, request, options.idempotency_key.as_ref(), now)? {
            Some((key, request)) => (Some(key), Some(request)),
            None => (None, None),
        };
    if let (Some(name), Some(id)) = (&dialect.request.id_header, &options.request_id) {
        let wrong = || format!("the request id \"{id}\" cannot be sent in a header: use a UUID");
        let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        let value = HeaderValue::from_str(id).map_err(|_| wrong())?;
        outgoing.get_or_insert_with(|| request.clone()).headers.insert(name, value);
    }
    Ok((key, outgoing))
}
