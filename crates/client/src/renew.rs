//! Renews the session, once for everybody who asks at the same time (I6).

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use steadfast_call::dialect::{Auth, Csrf};
use steadfast_call::{
    AuthFailure, AuthStep, Authentication, Exchange, Failure, Generation, Reach, Reply, Time,
};
use tokio::sync::watch;

use crate::client::Inner;
use crate::driver::{build, exchange as exchange_over};
use crate::log;
use crate::session::Snapshot;

type Renewal = watch::Receiver<Option<Result<(), AuthFailure>>>;

/// Gets a session that is newer than `stale`.
pub(crate) async fn renew(inner: &Arc<Inner>, stale: Generation) -> Result<(), AuthFailure> {
    let Some(mut renewal) = join(inner, stale)? else { return Ok(()) };
    match renewal.wait_for(Option::is_some).await {
        Ok(result) => result.clone().unwrap_or(Ok(())),
        Err(_) => Err(AuthFailure::Unreached { text: "the renewal was broken off".to_owned() }),
    }
}

/// Joins the renewal that is under way, or starts one. None: there is a newer session already.
///
/// The renewal is a task of its own: a caller who goes away must not take it along, or a
/// second one could be sent while the first is still on the wire.
fn join(inner: &Arc<Inner>, stale: Generation) -> Result<Option<Renewal>, AuthFailure> {
    let mut shared = inner.shared();
    if let Some((kind, text)) = shared.account.session.closed() {
        return Err(AuthFailure::Closed { kind, text: text.to_owned() });
    }
    if shared.account.session.is_newer_than(stale) {
        return Ok(None);
    }
    // One whose sender is gone without a word was broken off: its task panicked, or its runtime
    // was shut down. It must not stand in the way of another.
    if let Some(renewal) = shared.renewal.as_ref().filter(|renewal| renewal.has_changed().is_ok()) {
        return Ok(Some(renewal.clone()));
    }
    let (sender, receiver) = watch::channel(None);
    shared.renewal = Some(receiver.clone());
    let inner = Arc::clone(inner);
    tokio::spawn(async move {
        let result = authenticate(&inner).await;
        let _ = sender.send(Some(finish(&inner, result)));
    });
    Ok(Some(receiver))
}

fn finish(inner: &Inner, result: Result<(Snapshot, usize), Refusal>) -> Result<(), AuthFailure> {
    let secrets = inner.secrets();
    let mut shared = inner.shared();
    shared.renewal = None;
    match result {
        Ok((snapshot, route)) => {
            shared.snapshot = Arc::new(snapshot);
            shared.route = route;
            shared.account.session.renewed();
            Ok(())
        }
        Err(Refusal { failure, hold_until }) => {
            let failure = secrets.scrub_auth_failure(failure);
            if let AuthFailure::Closed { kind, text } = &failure {
                shared.account.session.close(*kind, text.clone());
            }
            if let Some(until) = hold_until {
                shared.account.session.hold_until(until);
            }
            Err(failure)
        }
    }
}

/// Why there is no session, and until when the API asked not to be asked again.
struct Refusal {
    failure: AuthFailure,
    hold_until: Option<Time>,
}

async fn authenticate(inner: &Inner) -> Result<(Snapshot, usize), Refusal> {
    let (old, route) = {
        let shared = inner.shared();
        (Arc::clone(&shared.snapshot), shared.route)
    };
    let had_one = old.is_session(&inner.dialect, &inner.url("/"));
    log::renewing(&inner.dialect, had_one);
    let mut machine = Authentication::new(&inner.dialect, inner.policy, had_one, route);
    let mut step = machine.send();
    let mut snapshot = Snapshot::default();
    loop {
        step = match step {
            AuthStep::Send { exchange, path } => {
                let url = inner.url(&path);
                let before = match exchange {
                    Exchange::Refresh => &*old,
                    Exchange::LogIn => &Snapshot::default(),
                };
                match send(inner, exchange, &url, before).await {
                    Ok(reply) => {
                        snapshot = before.merged(&reply.headers, &url);
                        let fresh = Snapshot::default().merged(&reply.headers, &url);
                        let session = fresh.is_session(&inner.dialect, &inner.url("/"));
                        machine.replied(&reply, session, inner.now(), inner.chance.draw())
                    }
                    Err(failure) => machine.failed(&failure, inner.now(), inner.chance.draw()),
                }
            }
            AuthStep::WaitUntil(until) => {
                if !inner.sleep_until(until).await {
                    let text = "called off while waiting to log in again".to_owned();
                    let failure = AuthFailure::Unreached { text };
                    return Err(Refusal { failure, hold_until: machine.hold_until() });
                }
                machine.send()
            }
            AuthStep::Done { route } => return Ok((snapshot, route)),
            AuthStep::Failed(failure) => {
                return Err(Refusal { failure, hold_until: machine.hold_until() });
            }
        };
    }
}

async fn send(
    inner: &Inner,
    exchange: Exchange,
    url: &url::Url,
    snapshot: &Snapshot,
) -> Result<Reply, Failure> {
    let mut headers = HeaderMap::new();
    snapshot.bind_cookies(url, &mut headers);
    let mut body = Bytes::new();
    let mut method = "POST";
    if let Auth::CookieSession { login, refresh, .. } = &inner.dialect.auth {
        match (exchange, refresh) {
            (Exchange::Refresh, Some(refresh)) => {
                method = &refresh.method;
                if let (Some(cookie), Some(Csrf::CookieToHeader { header, .. })) =
                    (&refresh.csrf_cookie, &inner.dialect.csrf)
                {
                    snapshot.bind_csrf(cookie, header, url, &mut headers);
                }
            }
            (Exchange::LogIn | Exchange::Refresh, _) => {
                method = &login.method;
                body = login_body(inner, &login.body);
                headers.insert(
                    http::header::CONTENT_TYPE,
                    http::HeaderValue::from_static("application/json"),
                );
            }
        }
    }
    let wrong = |text: String| Failure::new(Reach::NotSent, text);
    let method = method.parse().map_err(|_| wrong(format!("\"{method}\" is no method")))?;
    let request = build(method, url, headers, body).map_err(|error| wrong(error.to_string()))?;
    exchange_over(inner, request, inner.limits).await
}

fn login_body(inner: &Inner, template: &std::collections::BTreeMap<String, String>) -> Bytes {
    let Some(credentials) = &inner.credentials else { return Bytes::new() };
    let fill = |value: &String| match value.as_str() {
        "{username}" => credentials.username.clone(),
        "{password}" => credentials.password.reveal().to_owned(),
        other => other.to_owned(),
    };
    let members: serde_json::Map<String, Value> =
        template.iter().map(|(name, value)| (name.clone(), Value::String(fill(value)))).collect();
    Value::Object(members).to_string().into()
}
