//! The exchanges that get a session: what is sent, with which secrets, and where.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use steadfast_call::dialect::{Auth, Csrf, TokenRoute, TokenStyle};
use steadfast_call::{Exchange, Failure, Reach, Reply};
use url::Url;

use crate::client::Inner;
use crate::driver::{build, exchange as exchange_over};
use crate::secret::{Credentials, Secret};
use crate::session::{basic, insert_secret};

use super::Turn;

/// What is sent to get a session.
#[derive(Default)]
struct Form {
    method: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Makes one exchange of a renewal. Gives the answer, and the address that it came from.
pub(super) async fn send(
    inner: &Inner,
    turn: &Turn,
    exchange: Exchange,
    path: &str,
) -> Result<(Reply, Url), Failure> {
    let wrong = |text: String| Failure::new(Reach::NotSent, text);
    let url = address(inner, exchange, path).map_err(|error| wrong(error.to_string()))?;
    let Form { method, headers, body } = form(inner, turn, exchange, &url);
    let method = method.parse().map_err(|_| wrong(format!("\"{method}\" is no method")))?;
    let request = build(method, &url, headers, body).map_err(|error| wrong(error.to_string()))?;
    let reply = exchange_over(inner, request, inner.limits).await?;
    Ok((reply, url))
}

/// Only the account's own token may come from elsewhere, and only because the dialect or the
/// user says so: what goes there is the client's id and secret, and nothing else (hazard 14).
fn address(inner: &Inner, exchange: Exchange, path: &str) -> Result<Url, url::ParseError> {
    match exchange == Exchange::Token && path.contains("://") {
        true => Url::parse(path),
        false => Ok(inner.url(path)),
    }
}

fn form(inner: &Inner, turn: &Turn, exchange: Exchange, url: &Url) -> Form {
    let own = &turn.own;
    let mut form = Form::default();
    match (&inner.dialect.auth, exchange) {
        (_, Exchange::CsrfFetch) => {
            own.bind_authorization(&mut form.headers);
            own.bind_cookies(url, &mut form.headers);
            if let Some(Csrf::Fetch { method, header, ask, .. }) = &inner.dialect.csrf {
                form.method.clone_from(method);
                insert_secret(header, ask, &mut form.headers);
            }
        }
        (Auth::CookieSession { refresh: Some(refresh), .. }, Exchange::Refresh) => {
            form.method.clone_from(&refresh.method);
            own.bind_cookies(url, &mut form.headers);
            if let (Some(cookie), Some(Csrf::CookieToHeader { header, .. })) =
                (&refresh.csrf_cookie, &inner.dialect.csrf)
            {
                own.bind_csrf(cookie, header, url, &mut form.headers);
            }
        }
        (Auth::CookieSession { login, .. }, _) => {
            form.method.clone_from(&login.method);
            let members = login.body.iter().map(|(n, v)| (n.as_str(), inner.credentials.fill(v)));
            form.json(members);
        }
        (Auth::TokenExchange { owner, .. }, Exchange::OwnerToken) => {
            form.method.clone_from(&owner.method);
            turn.parent.bind_authorization(&mut form.headers);
            if !owner.body.is_empty() {
                let id = turn.principal.owner();
                let fill = |text: &String| inner.credentials.fill_for(text, id);
                form.json(owner.body.iter().map(|(name, text)| (name.as_str(), fill(text))));
            }
        }
        (auth, _) => {
            if let Some(route) = auth.token_route() {
                form.token(route, &inner.credentials);
            }
        }
    }
    form
}

impl Form {
    /// Client id and secret (RFC 6749, section 2.3.1), and what else the route asks for.
    fn token(&mut self, route: &TokenRoute, credentials: &Credentials) {
        self.method.clone_from(&route.method);
        let id = credentials.fill(&route.client_id);
        let secret = credentials.fill(&route.client_secret);
        let more = route.body.iter().map(|(name, v)| (name.as_str(), credentials.fill(v)));
        let both = [("client_id", id.clone()), ("client_secret", secret.clone())];
        match route.style {
            TokenStyle::Basic => {
                // That the id holds no colon was seen to when the client was made.
                if let Some(text) = basic(id.reveal(), secret.reveal()) {
                    let value = format!("Basic {}", text.reveal());
                    insert_secret(AUTHORIZATION.as_str(), &value, &mut self.headers);
                }
                self.urlencoded(more);
            }
            TokenStyle::Form => self.urlencoded(both.into_iter().chain(more)),
            TokenStyle::Json => self.json(both.into_iter().chain(more)),
        }
    }

    fn json<'n>(&mut self, members: impl Iterator<Item = (&'n str, Secret)>) {
        let members: serde_json::Map<String, Value> =
            members.map(|(name, value)| (name.to_owned(), Value::from(value.reveal()))).collect();
        self.body = Value::Object(members).to_string().into();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }

    fn urlencoded<'n>(&mut self, members: impl Iterator<Item = (&'n str, Secret)>) {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in members {
            text.append_pair(name, value.reveal());
        }
        self.body = text.finish().into();
        if !self.body.is_empty() {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            self.headers.insert(CONTENT_TYPE, kind);
        }
    }
}
