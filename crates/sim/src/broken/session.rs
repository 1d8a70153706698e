//! The session of the plain driver: cookies, and a log-in whenever one is asked for.

use std::collections::BTreeMap;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use steadfast::{AuthFailure, Reply, Request};
use steadfast_call::{AuthEvent, AuthStep, Authentication, Draw, Generation, Principal, Wanted};
use tokio::time::sleep_until;

use super::Flaw;
use super::driver::Direct;
use crate::engine::policy;
use crate::server::{PASSWORD, USERNAME};

/// The cookies of one generation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// The same, and those that a reply sets.
    pub(super) fn merged(&self, reply: &Reply) -> Self {
        let mut all = self.0.clone();
        for value in reply.headers.get_all(SET_COOKIE) {
            let pair = value.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
            if let Some((name, value)) = pair {
                all.insert(name.to_owned(), value.to_owned());
            }
        }
        Self(all)
    }

    fn is_session(&self) -> bool {
        self.0.contains_key("access_token_cookie")
    }

    pub(super) fn bind(&self, refresh: bool, headers: &mut HeaderMap) {
        let line: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Ok(line) = HeaderValue::from_str(&line.join("; ")) {
            headers.insert(COOKIE, line);
        }
        let name = if refresh { "csrf_refresh_token" } else { "csrf_access_token" };
        let csrf = self.0.get(name).and_then(|value| HeaderValue::from_str(value).ok());
        if let Some(csrf) = csrf {
            headers.insert("x-xsrf-token", csrf);
        }
    }
}

impl Direct {
    /// Gets a session that is newer than `stale`: one renewal for everybody who asks.
    pub(super) async fn renew(&self, stale: Generation) -> Result<(), AuthFailure> {
        let turn = match self.flaw {
            Some(Flaw::Stampedes) => None,
            _ => Some(self.renewing.lock().await),
        };
        {
            let shared = self.shared();
            if let Some((kind, text)) = shared.account.session.closed() {
                return Err(AuthFailure::Closed { kind, text: text.to_owned() });
            }
            let session = &shared.account.session;
            if turn.is_some() && session.is_newer_than(stale) {
                return Ok(());
            }
            if session.held_until().is_some_and(|until| self.now() < until) {
                return Err(AuthFailure::Unreached { text: "held".to_owned() });
            }
        }
        self.log_in().await
    }

    async fn log_in(&self) -> Result<(), AuthFailure> {
        let wanted = Wanted { principal: Principal::Account, refreshable: false, route: 0 };
        let policy = policy(&self.plan);
        let mut machine =
            Authentication::new(&self.dialect, policy, wanted, &mut self.shared().account);
        let mut step = self.step(&mut machine, AuthEvent::Go);
        let mut cookies = Cookies::default();
        loop {
            step = match step {
                AuthStep::Send { path, .. } => {
                    let password = if self.plan.quirks.wrong_password {
                        "canary-password-0"
                    } else {
                        PASSWORD
                    };
                    let body = json!({"username": USERNAME, "password": password}).to_string();
                    let request = Request::new(Method::POST, path);
                    let timeout = std::time::Duration::from_secs(30);
                    let answer =
                        self.exchange(&request, body.into(), &Cookies::default(), timeout).await;
                    match answer {
                        Ok(reply) => {
                            cookies = Cookies::default().merged(&reply);
                            let session = cookies.is_session();
                            self.step(&mut machine, AuthEvent::Replied { reply: &reply, session })
                        }
                        Err(failure) => self.step(&mut machine, AuthEvent::Failed(&failure)),
                    }
                }
                AuthStep::Parent { .. } => {
                    let text = "there are no resource owners".to_owned();
                    return Err(AuthFailure::Unreached { text });
                }
                AuthStep::WaitUntil(until) => {
                    // Whoever waits here may go away, and the next one has to wait all the same.
                    if let Some(held) = machine.hold_until() {
                        self.shared().account.session.hold_until(held);
                    }
                    sleep_until(self.instant(until)).await;
                    self.step(&mut machine, AuthEvent::Go)
                }
                AuthStep::Done { .. } => {
                    let mut shared = self.shared();
                    shared.account.session.renewed();
                    shared.cookies = cookies;
                    return Ok(());
                }
                AuthStep::Failed(failure) => {
                    let mut shared = self.shared();
                    if let AuthFailure::Closed { kind, text } = &failure {
                        shared.account.session.close(*kind, text.clone());
                    }
                    if let Some(until) = machine.hold_until() {
                        shared.account.session.hold_until(until);
                    }
                    return Err(failure);
                }
            };
        }
    }

    fn step(&self, machine: &mut Authentication<'_>, event: AuthEvent<'_>) -> AuthStep {
        let draw = Draw::new(fastrand::f64());
        machine.step(event, self.now(), draw, &mut self.shared().account)
    }
}
