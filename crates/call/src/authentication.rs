//! Getting a session: a refresh if there is something to refresh, else a log-in or a token; and
//! a CSRF token where the API wants one that is fetched.
//!
//! What was refused is never repeated by machine (I6): a few wrong passwords lock an account.
//! What was not answered backs off and goes again; so does what was answered with a failure that
//! may pass, unless the policy has a log-in end with it. A refresh that was refused leads to one new
//! log-in, and a resource owner's token that was refused to one new parent token. Every exchange
//! is load like any other: it takes its place in the pace, is paid for, and minds the breaker.

mod again;
mod needs;
mod read;
mod step;

use crate::account::{Account, Ticket};
use crate::backoff::Draw;
use crate::class::Class;
use crate::classify::{Reading, classify, said};
use crate::dialect::{Auth, Csrf, Dialect, LoginMeaning, Policy, PolicyName, find_value};
use crate::error::CredentialsKind;
use crate::hint;
use crate::principal::Principal;
use crate::reply::Reply;
use crate::request::Request;
use crate::session::{Entry, Generation, Renewed};
use crate::time::Time;

pub(crate) use needs::needs_csrf_fetched;
pub use read::{Token, csrf_token, token};
pub use step::{AuthEvent, AuthFailure, AuthStep, Exchange, Wanted};

/// One renewal of a session.
#[derive(Debug)]
pub struct Authentication<'d> {
    dialect: &'d Dialect,
    policy: &'d Policy,
    wanted: Wanted,
    number: u64,
    /// None before the first step: only the account's state tells which it is.
    exchange: Option<Exchange>,
    routes_tried: usize,
    retries: u32,
    /// The account's own session was renewed for this, or may not be any more.
    rebuilt: bool,
    bound: Generation,
    sent_at: Time,
    ticket: Ticket,
    hold_until: Option<Time>,
    closes: bool,
}

impl<'d> Authentication<'d> {
    /// Begins a renewal at an account.
    #[must_use]
    pub fn new(
        dialect: &'d Dialect,
        policy: PolicyName,
        wanted: Wanted,
        account: &mut Account,
    ) -> Self {
        Self {
            dialect,
            policy: dialect.policy(policy),
            number: account.number_call(),
            wanted,
            exchange: None,
            routes_tried: 0,
            retries: 0,
            rebuilt: false,
            bound: Generation::default(),
            sent_at: Time::default(),
            ticket: Ticket { unpaid: true, ..Ticket::default() },
            hold_until: None,
            closes: false,
        }
    }

    /// The instant before which the API asked not to be asked for a session. A driver that is
    /// told [`AuthStep::Failed`] hands it to [`Session::hold_until`](crate::Session::hold_until),
    /// so that the next renewal keeps to it (I5).
    #[must_use]
    pub fn hold_until(&self) -> Option<Time> {
        self.hold_until
    }

    /// True if what failed is the principal's own credentials: the driver then closes its
    /// session with the failure's words, once no secret stands in them.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Takes what happened and says what comes next.
    #[must_use]
    pub fn step(
        &mut self,
        event: AuthEvent<'_>,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> AuthStep {
        match event {
            AuthEvent::Go | AuthEvent::Parent(Ok(())) => self.go(now, account),
            AuthEvent::Parent(Err(failure)) => AuthStep::Failed(failure),
            // Every status but a success says enough by itself, however little of its body came.
            AuthEvent::Failed(failure) => match failure.answer() {
                Some(answer) => self.replied(&answer, false, now, draw, account),
                None => {
                    self.ended(Class::Network, now, account);
                    self.again(failure.text.clone(), None, now, draw)
                }
            },
            AuthEvent::Replied { reply, session } => {
                self.replied(reply, session, now, draw, account)
            }
        }
    }

    /// Takes back what a renewal holds that is called off while it waits.
    pub fn called_off(&mut self, now: Time, account: &mut Account) {
        account.give_back(&mut self.ticket, now);
    }

    /// Sends what is due, as soon as there is room for it.
    fn go(&mut self, now: Time, account: &mut Account) -> AuthStep {
        let exchange = match self.exchange {
            Some(exchange) => exchange,
            None => *self.exchange.insert(self.first(account)),
        };
        let session = account.session_of(&self.wanted.principal);
        if let Some(until) = session.held_until().filter(|until| now < *until) {
            return AuthStep::WaitUntil(until);
        }
        self.bound = session.current();
        if exchange == Exchange::OwnerToken {
            account.session.lapse(now);
            match account.session.entry() {
                Entry::Bind(current) => self.bound = current,
                Entry::Authenticate(stale) => {
                    // A parent token that is made for this is as fresh as can be.
                    self.rebuilt = true;
                    return AuthStep::Parent { stale };
                }
                Entry::Closed(kind, text) => {
                    return AuthStep::Failed(AuthFailure::Closed { kind, text });
                }
            }
        }
        let paths = self.paths();
        let Some(path) = paths.get(self.wanted.route % paths.len().max(1)).cloned() else {
            let text = "the dialect names no path to log in".to_owned();
            return AuthStep::Failed(AuthFailure::Unreached { text });
        };
        match account.admit(now, &mut self.ticket) {
            Err((until, _)) => AuthStep::WaitUntil(until),
            Ok(()) => {
                self.sent_at = now;
                AuthStep::Send { exchange, path, bound: self.bound }
            }
        }
    }

    /// What to begin with: whoever asks for a renewal of a session that holds wants a CSRF token.
    fn first(&self, account: &mut Account) -> Exchange {
        let fetches = matches!(self.dialect.csrf, Some(Csrf::Fetch { .. }));
        let entry = account.session_of(&self.wanted.principal).entry();
        if fetches && matches!(entry, Entry::Bind(_)) {
            return Exchange::CsrfFetch;
        }
        match (&self.dialect.auth, &self.wanted.principal) {
            (Auth::CookieSession { refresh: Some(_), .. }, _) if self.wanted.refreshable => {
                Exchange::Refresh
            }
            (Auth::ClientCredentials { .. }, _) => Exchange::Token,
            (Auth::TokenExchange { .. }, Principal::Account) => Exchange::Token,
            (Auth::TokenExchange { .. }, Principal::Owner(_)) => Exchange::OwnerToken,
            _ => Exchange::LogIn,
        }
    }

    fn replied(
        &mut self,
        reply: &Reply,
        session: bool,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> AuthStep {
        let path = self.paths().first().cloned().unwrap_or_default();
        let request = Request::new(http::Method::POST, path).json("");
        let reading = classify(self.dialect, &request, reply);
        self.ended(reading.class, now, account);
        let exchange = self.exchange.unwrap_or(Exchange::LogIn);
        let status = reply.status.as_u16();
        if exchange == Exchange::CsrfFetch && status != 401 && self.has_csrf(reply) {
            return self.done(None);
        }
        match status {
            200..=299 => match self.brought(exchange, reply, session, now) {
                Some(done) => done,
                None if exchange == Exchange::Refresh => {
                    self.turn_to(Exchange::LogIn, now, account)
                }
                None => self.brought_nothing(exchange, reply, now, draw),
            },
            404 | 405 if self.routes_tried + 1 < self.paths().len() => {
                self.routes_tried += 1;
                self.wanted.route = (self.wanted.route + 1) % self.paths().len();
                self.go(now, account)
            }
            408 | 429 | 500..=599 => self.failed(&reading, reply, now, draw),
            300..=399 if exchange != Exchange::Refresh => {
                AuthStep::Failed(AuthFailure::Unreached {
                    text: format!(
                        "{} was answered with a redirect ({status}); check base_url",
                        exchange.name()
                    ),
                })
            }
            _ => self.refused(exchange, &reading, reply, now, account),
        }
    }

    /// The answer is a refusal: of what was asked with, or of whoever asks.
    fn refused(
        &mut self,
        exchange: Exchange,
        reading: &Reading,
        reply: &Reply,
        now: Time,
        account: &mut Account,
    ) -> AuthStep {
        let status = reply.status.as_u16();
        match (exchange, status) {
            (Exchange::Refresh, _) => self.turn_to(Exchange::LogIn, now, account),
            // T7: a refused exchange rebuilds both tiers, once.
            (Exchange::OwnerToken, 401) if !self.rebuilt => {
                self.rebuilt = true;
                account.session.refused(self.bound);
                self.go(now, account)
            }
            (Exchange::CsrfFetch, 401) if !self.rebuilt && self.is_renewable() => {
                self.rebuilt = true;
                account.session_of(&self.wanted.principal).refused(self.bound);
                let instead = self.first(account);
                self.turn_to(instead, now, account)
            }
            (_, 404 | 405) => {
                let paths = self.paths().join(" or ");
                self.close(
                    CredentialsKind::Refused,
                    format!("there is no {} at {paths}; check base_url", exchange.place()),
                )
            }
            _ => {
                // Who may not fetch a CSRF token may still read.
                self.closes = exchange != Exchange::CsrfFetch || status == 401;
                let text = self.words_of(reading, status, reply);
                AuthStep::Failed(AuthFailure::Closed { kind: CredentialsKind::Refused, text })
            }
        }
    }

    /// What a 2xx brought, if it is what was asked for.
    fn brought(
        &mut self,
        exchange: Exchange,
        reply: &Reply,
        session: bool,
        now: Time,
    ) -> Option<AuthStep> {
        match exchange {
            Exchange::LogIn => match self.asks_for_more(reply) {
                Some(kind) => Some(self.close(kind, kind.as_str().to_owned())),
                None => session.then(|| self.done(None)),
            },
            Exchange::Refresh => session.then(|| self.done(None)),
            Exchange::Token | Exchange::OwnerToken => {
                let token = token(&self.dialect.auth, exchange, reply)?;
                Some(self.done(token.renew_at(now)))
            }
            Exchange::CsrfFetch => None,
        }
    }

    /// A 2xx is no proof of a session (hazard 7).
    fn brought_nothing(
        &mut self,
        exchange: Exchange,
        reply: &Reply,
        now: Time,
        draw: Draw,
    ) -> AuthStep {
        let status = reply.status.as_u16();
        let answered = format!("{} was answered with {status}", exchange.name());
        match exchange {
            Exchange::CsrfFetch => {
                self.again(format!("{answered} and brought no token"), None, now, draw)
            }
            // Not this API's answer: a portal or a proxy in between, which may go away.
            _ if reply.json().is_none() => {
                self.again(format!("{answered} and something that is no JSON"), None, now, draw)
            }
            Exchange::LogIn | Exchange::Refresh => self.close(
                CredentialsKind::SessionNotTaken,
                format!("{answered} and set no session cookie"),
            ),
            Exchange::Token | Exchange::OwnerToken => {
                self.close(CredentialsKind::Refused, format!("{answered} and brought no token"))
            }
        }
    }

    /// What a 200 asks for beside the password, if it does.
    fn asks_for_more(&self, reply: &Reply) -> Option<CredentialsKind> {
        let Auth::CookieSession { login, .. } = &self.dialect.auth else { return None };
        let fits = |pointer: &str, wanted| {
            reply.json().and_then(|body| find_value(body, pointer)) == Some(wanted)
        };
        let answer = login
            .answer
            .iter()
            .find(|answer| answer.json.iter().all(|(pointer, wanted)| fits(pointer, wanted)))?;
        Some(match answer.means {
            LoginMeaning::SecondFactorRequired => CredentialsKind::SecondFactorRequired,
            LoginMeaning::FirstSignIn => CredentialsKind::FirstSignIn,
        })
    }

    /// Turns to another exchange, with a count of waits of its own.
    fn turn_to(&mut self, exchange: Exchange, now: Time, account: &mut Account) -> AuthStep {
        self.begin(exchange);
        self.go(now, account)
    }

    fn begin(&mut self, exchange: Exchange) {
        self.exchange = Some(exchange);
        self.retries = 0;
        self.routes_tried = 0;
    }

    fn done(&self, renew_at: Option<Time>) -> AuthStep {
        let csrf = !matches!(self.dialect.csrf, Some(Csrf::Fetch { .. }));
        let parent = match self.exchange {
            Some(Exchange::OwnerToken) => self.bound,
            _ => Generation::default(),
        };
        let renewed = Renewed { renew_at, csrf, parent };
        AuthStep::Done { route: self.wanted.route, renewed }
    }

    fn close(&mut self, kind: CredentialsKind, text: String) -> AuthStep {
        self.closes = self.exchange != Some(Exchange::CsrfFetch);
        AuthStep::Failed(AuthFailure::Closed { kind, text })
    }

    /// An exchange is over: the next one asks for a place anew.
    fn ended(&mut self, class: Class, now: Time, account: &mut Account) {
        self.ticket = Ticket { unpaid: true, ..Ticket::default() };
        account.observe_load(self.number, class, self.sent_at, now);
    }

    fn words_of(&self, reading: &Reading, status: u16, reply: &Reply) -> String {
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

    fn has_csrf(&self, reply: &Reply) -> bool {
        self.dialect.csrf.as_ref().is_some_and(|csrf| csrf_token(csrf, reply).is_some())
    }

    /// True if the session behind a CSRF token can be renewed, too.
    fn is_renewable(&self) -> bool {
        self.dialect.auth.has_session()
    }
}
