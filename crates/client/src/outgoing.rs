//! A call on its way from the caller to the engine: what the dialect and the settings send with
//! every call is put to it here.

use http::{HeaderMap, HeaderName, HeaderValue};
use steadfast_call::dialect::RequestDefaults;
use steadfast_call::{Options, Request};

use crate::client::Inner;
use crate::path;
use crate::transport::StreamBody;

/// A call as the caller put it together.
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    pub(crate) options: Options,
    /// The body, if it can be had once only.
    pub(crate) stream: Option<StreamBody>,
    /// Why it cannot be sent.
    pub(crate) fault: Option<String>,
}

impl Outgoing {
    pub(crate) fn new(request: Request, options: Options) -> Self {
        Self { request, options, stream: None, fault: None }
    }

    /// The same, as the API wants it.
    pub(crate) fn completed(mut self, inner: &Inner) -> Self {
        self.fault = self.fault.or_else(|| path::fault(&self.request.path));
        if inner.dialect.request.trailing_slash {
            path::end_with_slash(&mut self.request.path);
        }
        self
    }
}

impl From<Request> for Outgoing {
    fn from(request: Request) -> Self {
        Self::new(request, Options::default())
    }
}

/// What is sent with every call: what the dialect says, unless the settings say otherwise. The
/// caller's own headers stand above both.
///
/// # Errors
/// The name of a header that cannot be sent.
pub(crate) fn defaults(
    defaults: &RequestDefaults,
    settings: &[(String, String)],
) -> Result<HeaderMap, String> {
    let agent = defaults.user_agent.iter().map(|agent| ("user-agent", agent.as_str()));
    let named = defaults.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut headers = HeaderMap::new();
    for (name, value) in agent.chain(named).chain(settings) {
        let wrong = |_| name.to_owned();
        let value = HeaderValue::from_str(value).map_err(|_| name.to_owned())?;
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(wrong)?, value);
    }
    Ok(headers)
}

/// Adds those that are not there yet.
pub(crate) fn add_defaults(headers: &mut HeaderMap, defaults: &HeaderMap) {
    for (name, value) in defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}
