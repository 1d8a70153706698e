//! Whether the credentials are there, and fit for sending, before anything is sent.

use steadfast_call::dialect::TokenStyle;
use url::Url;

use crate::secret::Secret;
use crate::session::{NO_COLON, Snapshot};

use super::{BuildError, Builder};

impl Builder {
    /// Takes the way to log in that the user chose, and the place where tokens are got.
    pub(super) fn choose_auth(&mut self) -> Result<(), BuildError> {
        let dialect = &mut self.dialect;
        if let Some(name) = &self.auth_scheme {
            match dialect.auth_schemes.get(name) {
                Some(auth) => dialect.auth = auth.clone(),
                None => {
                    return Err(BuildError::AuthScheme {
                        api: dialect.title.clone(),
                        name: name.clone(),
                        known: dialect.auth_schemes.keys().cloned().collect(),
                    });
                }
            }
        }
        let Some(url) = &self.token_url else { return Ok(()) };
        read_token_url(url).map_err(|text| BuildError::TokenUrl { text })?;
        match dialect.auth.token_route_mut() {
            Some(route) => (route.url, route.path) = (Some(url.clone()), None),
            None => {
                let text = format!("{} is not logged in to by a token; take it out", dialect.title);
                return Err(BuildError::TokenUrl { text });
            }
        }
        Ok(())
    }

    /// Everything that the dialect needs has to be there and fit for sending. Gives what every
    /// request carries.
    pub(super) fn check_credentials(&self) -> Result<Snapshot, BuildError> {
        let needed = self.dialect.auth.fields();
        let is_missing = |field: &&String| self.credentials.get(field).is_none();
        let missing: Vec<String> = needed.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            let api = self.dialect.title.clone();
            return Err(BuildError::NoCredentials { api, needed, missing });
        }
        let wrong = |field: &str, text| BuildError::Credential { field: field.to_owned(), text };
        for field in &needed {
            if let Some(text) = self.credentials.get(field).and_then(Secret::fault) {
                return Err(wrong(field, text));
            }
        }
        let auth = &self.dialect.auth;
        if let Some(route) = auth.token_route().filter(|route| route.style == TokenStyle::Basic)
            && self.credentials.fill(&route.client_id).reveal().contains(':')
        {
            return Err(wrong("client_id", NO_COLON));
        }
        match Snapshot::of_credentials(auth, &self.credentials) {
            Ok(snapshot) => Ok(snapshot.unwrap_or_default()),
            Err((field, text)) => Err(wrong(&field, text)),
        }
    }
}

/// Names in a sentence.
pub(super) fn list(names: &[String]) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

/// An address that client id and secret may be sent to. It is not quoted back: what is wrong with
/// it may be a secret in it.
fn read_token_url(text: &str) -> Result<Url, String> {
    let remedy = "write it as https://login.example/oauth2/token";
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}; {remedy}"))?;
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(_)) if url.username().is_empty() && url.password().is_none() => {
            Ok(url)
        }
        ("http" | "https", Some(_)) => Err(format!("credentials do not belong into it; {remedy}")),
        _ => Err(format!("it is not http or https; {remedy}")),
    }
}
