//! Getting a session: a refresh if there is something to refresh, else a log-in.
//!
//! A log-in that was refused is never repeated by machine (I6): a few wrong passwords lock an
//! account. One that was not answered backs off and goes again. A refresh that was refused
//! leads to one new log-in.

use std::time::Duration;

use crate::backoff::{Cause, Draw, wait};
use crate::classify::{Reading, classify, said};
use crate::dialect::{Auth, Dialect, LoginMeaning, Policy, PolicyName, find_value};
use crate::error::CredentialsKind;
use crate::failure::Failure;
use crate::hint;
use crate::reply::Reply;
use crate::request::Request;
use crate::time::Time;

/// Which exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A refresh, with the cookies of the current generation.
    Refresh,
    /// A log-in, without any cookie.
    LogIn,
}

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthStep {
    /// Make this exchange over this path. The driver fills in credentials and cookies.
    Send {
        /// Which exchange.
        exchange: Exchange,
        /// The path below the base URL.
        path: String,
    },
    /// Wait.
    WaitUntil(Time),
    /// There is a session: adopt its cookies. `route` is the path that worked, to be remembered.
    Done {
        /// Which of the dialect's paths worked.
        route: usize,
    },
    /// There is none.
    Failed(AuthFailure),
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthFailure {
    /// The credentials do not let us in; nobody tries again.
    Closed {
        /// Why.
        kind: CredentialsKind,
        /// What the API said, in words.
        text: String,
    },
    /// The service could not be asked. Another call may try later.
    Unreached {
        /// What happened, in words.
        text: String,
    },
}

/// One renewal of a session.
#[derive(Debug)]
pub struct Authentication<'d> {
    dialect: &'d Dialect,
    policy: &'d Policy,
    exchange: Exchange,
    route: usize,
    routes_tried: usize,
    retries: u32,
    hold_until: Option<Time>,
}

impl<'d> Authentication<'d> {
    /// Begins a renewal. `refreshable`: there are cookies that a refresh could renew. `route`:
    /// which of the dialect's paths worked before.
    #[must_use]
    pub fn new(dialect: &'d Dialect, policy: PolicyName, refreshable: bool, route: usize) -> Self {
        let refresh =
            refreshable && matches!(&dialect.auth, Auth::CookieSession { refresh: Some(_), .. });
        Self {
            dialect,
            policy: dialect.policy(policy),
            exchange: if refresh { Exchange::Refresh } else { Exchange::LogIn },
            route,
            routes_tried: 0,
            retries: 0,
            hold_until: None,
        }
    }

    /// The instant before which the API asked not to be asked for a session. A driver that is
    /// told [`AuthStep::Failed`] hands it to [`Session::hold_until`](crate::Session::hold_until),
    /// so that the next renewal keeps to it (I5).
    #[must_use]
    pub fn hold_until(&self) -> Option<Time> {
        self.hold_until
    }

    /// The first step, and the one after a wait.
    #[must_use]
    pub fn send(&self) -> AuthStep {
        let paths = self.paths();
        match paths.get(self.route % paths.len().max(1)) {
            Some(path) => AuthStep::Send { exchange: self.exchange, path: path.clone() },
            None => AuthStep::Failed(AuthFailure::Unreached {
                text: "the dialect names no path to log in".to_owned(),
            }),
        }
    }

    /// The step after an answer. `session`: the session cookie is there now.
    #[must_use]
    pub fn replied(&mut self, reply: &Reply, session: bool, now: Time, draw: Draw) -> AuthStep {
        let request = Request::new(http::Method::POST, "").json("");
        let reading = classify(self.dialect, &request, reply);
        let status = reply.status.as_u16();
        if reply.status.is_success() {
            return self.answered(reply, session, now, draw);
        }
        match status {
            404 | 405 if self.routes_tried + 1 < self.paths().len() => {
                self.routes_tried += 1;
                self.route = (self.route + 1) % self.paths().len();
                self.send()
            }
            408 | 429 | 500..=599 => {
                let hinted = hint::read(&self.dialect.hints.wait, reply).wait;
                self.again(said(&reading, status), hinted, now, draw)
            }
            _ if self.exchange == Exchange::Refresh => self.log_in(),
            300..=399 => AuthStep::Failed(AuthFailure::Unreached {
                text: format!("the log-in was answered with a redirect ({status}); check base_url"),
            }),
            404 | 405 => AuthStep::Failed(AuthFailure::Closed {
                kind: CredentialsKind::Refused,
                text: format!(
                    "there is no log-in at {}; check base_url",
                    self.paths().join(" or ")
                ),
            }),
            _ => AuthStep::Failed(AuthFailure::Closed {
                kind: CredentialsKind::Refused,
                text: self.refused(&reading, status, reply),
            }),
        }
    }

    /// The step after no answer.
    #[must_use]
    pub fn failed(&mut self, failure: &Failure, now: Time, draw: Draw) -> AuthStep {
        self.again(failure.text.clone(), None, now, draw)
    }

    fn answered(&mut self, reply: &Reply, session: bool, now: Time, draw: Draw) -> AuthStep {
        if let Auth::CookieSession { login, .. } = &self.dialect.auth {
            let fits = |pointer: &str, wanted| {
                reply.json().and_then(|body| find_value(body, pointer)) == Some(wanted)
            };
            let answer = login
                .answer
                .iter()
                .find(|answer| answer.json.iter().all(|(pointer, wanted)| fits(pointer, wanted)));
            if let (Exchange::LogIn, Some(answer)) = (self.exchange, answer) {
                let kind = match answer.means {
                    LoginMeaning::SecondFactorRequired => CredentialsKind::SecondFactorRequired,
                    LoginMeaning::FirstSignIn => CredentialsKind::FirstSignIn,
                };
                let text = kind.as_str().to_owned();
                return AuthStep::Failed(AuthFailure::Closed { kind, text });
            }
        }
        match (session, self.exchange) {
            (true, _) => AuthStep::Done { route: self.route },
            (false, Exchange::Refresh) => self.log_in(),
            // A 200 is no proof of a session (hazard 7).
            (false, Exchange::LogIn) if reply.json().is_none() => {
                // Not this API's answer: a portal or a proxy in between, which may go away.
                let text = "the log-in was answered with 200 and something that is no JSON";
                self.again(text.to_owned(), None, now, draw)
            }
            (false, Exchange::LogIn) => AuthStep::Failed(AuthFailure::Closed {
                kind: CredentialsKind::SessionNotTaken,
                text: "the log-in was answered with 200 and set no session cookie".to_owned(),
            }),
        }
    }

    /// Turns to the log-in, with a count of waits of its own.
    fn log_in(&mut self) -> AuthStep {
        self.exchange = Exchange::LogIn;
        self.retries = 0;
        self.routes_tried = 0;
        self.send()
    }

    fn again(&mut self, text: String, hinted: Option<Duration>, now: Time, draw: Draw) -> AuthStep {
        self.retries += 1;
        let cap = Duration::from_millis(self.policy.hint_cap_ms);
        self.hold_until = self.hold_until.max(hinted.map(|hint| now + hint));
        if self.retries >= self.policy.attempts || hinted.is_some_and(|hint| hint > cap) {
            return AuthStep::Failed(AuthFailure::Unreached { text });
        }
        let own = wait(self.policy, Cause::Fault, self.retries, draw);
        AuthStep::WaitUntil(now + own.max(hinted.unwrap_or_default()))
    }

    fn refused(&self, reading: &Reading, status: u16, reply: &Reply) -> String {
        let mut text = said(reading, status);
        if let Some(wait) = hint::read(&self.dialect.hints.wait, reply).wait {
            text.push_str(&format!("; it asks to wait {} s", wait.as_secs()));
        }
        if let Some(action) = reading.code.as_deref().and_then(|code| self.dialect.action(code)) {
            text.push_str("; ");
            text.push_str(action);
        }
        text
    }

    fn paths(&self) -> &'d [String] {
        match (&self.dialect.auth, self.exchange) {
            (Auth::CookieSession { login, .. }, Exchange::LogIn) => &login.paths,
            (Auth::CookieSession { refresh, .. }, Exchange::Refresh) => {
                refresh.as_ref().map_or(&[], |refresh| &refresh.paths)
            }
            _ => &[],
        }
    }
}
