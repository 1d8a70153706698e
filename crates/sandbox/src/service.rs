//! The seam between the framework and an API: what a double asks of the API that it doubles.

use std::fmt::Debug;

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::exchange::{Reply, Request};
use crate::fault::OwnFault;
use crate::journal::Effect;
use crate::sandbox::Credentials;

/// The present, by the double's clock and by the real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) ms: u64,
    pub(crate) real_ms: u64,
}

/// What a request is about, as far as the framework wants to know, and what the API itself has made of it.
#[derive(Debug)]
pub(crate) struct Subject<P> {
    /// The word for the operation in the journal and in fault plans: `create`, `read`, …, `unknown`.
    pub(crate) kind: &'static str,
    /// The list it belongs to. Creates that take effect are counted by `resource` and `key`.
    pub(crate) resource: Option<&'static str>,
    /// The natural key of what it is about. Where a request has none, its idempotency key.
    pub(crate) key: Option<String>,
    /// Whose credentials it carries.
    pub(crate) user: Option<String>,
    /// The identifier of the refresh token that it presents, if it presents one to refresh.
    pub(crate) refresh_id: Option<String>,
    /// The operation and the body, in the API's own form.
    pub(crate) parsed: P,
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) reply: Reply,
    pub(crate) effect: Effect,
    /// The code of the refusal, if it was one.
    pub(crate) code: Option<String>,
    /// What the applied change was.
    pub(crate) done: Done,
    /// The reply is held back for so long, as by a server that works before it answers.
    pub(crate) hold_ms: u64,
}

impl Handled {
    /// A reply to a request that changed nothing.
    pub(crate) fn unchanged(reply: Reply) -> Self {
        Handled { reply, effect: Effect::None, code: None, done: Done::default(), hold_ms: 0 }
    }

    /// A refusal with the API's code for it.
    pub(crate) fn refused(reply: Reply, code: impl Into<String>) -> Self {
        Handled { code: Some(code.into()), ..Self::unchanged(reply) }
    }

    /// A write that took effect.
    pub(crate) fn applied(reply: Reply, done: Done) -> Self {
        Handled { effect: Effect::Applied, done, ..Self::unchanged(reply) }
    }
}

/// What an applied change tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// The id of what was created.
    pub(crate) id: Option<Id>,
    /// Deleting this has deleted the record of this resource with the same key, too.
    pub(crate) gone_with: Option<&'static str>,
}

/// An id, in the form that the API gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(u64),
    Text(String),
}

/// A write that took effect, or no longer could, after its request had been answered.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The journal entry of the request.
    pub(crate) n: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) resource: Option<&'static str>,
    pub(crate) key: Option<String>,
    /// The refusal's code where it no longer applies.
    pub(crate) result: Result<Done, String>,
}

/// What a fault of the API's own came to, before the request is handled.
#[derive(Debug, Default)]
pub(crate) struct Struck {
    /// Writes that waited and have taken effect because of it.
    pub(crate) settled: Vec<Settled>,
    /// The reply, where the request is not to be handled.
    pub(crate) instead: Option<Handled>,
}

/// A request to a control route of the API's own.
#[derive(Debug)]
pub(crate) struct Steer<'a> {
    pub(crate) method: &'a Method,
    /// What follows the API's name.
    pub(crate) path: &'a str,
    /// The JSON object that was sent; empty if none was.
    pub(crate) body: &'a Map<String, Value>,
}

/// What steering came to.
#[derive(Debug, Default)]
pub(crate) struct Steered {
    pub(crate) value: Value,
    pub(crate) settled: Vec<Settled>,
}

/// Which part of the state is wanted. Each list that can grow long is in order of age.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Records after this one, by id or, where ids have no order, by how many there were before.
    pub(crate) after: u64,
    pub(crate) limit: usize,
    /// Master data, too.
    pub(crate) masters: bool,
}

/// An API, as a double serves it. All of it runs under one lock and never waits.
pub(crate) trait Service: Debug + Send + 'static {
    /// What the API makes of a request before it handles it: operation, parsed body.
    type Parsed: Debug + Send;

    /// What a request is about. It decides nothing and changes nothing that a client could see.
    fn identify(&mut self, request: &Request, now: Now) -> Subject<Self::Parsed>;

    /// Within what the natural key is unique, if that is not the whole API: a business, a project.
    fn scope(&self, _subject: &Subject<Self::Parsed>) -> Option<String> {
        None
    }

    /// Whether the request, handled now, would change data or be queued. Faults that commit ask this, so a
    /// refusal and the replay of a stored reply are none.
    fn would_take_effect(
        &mut self,
        subject: &Subject<Self::Parsed>,
        request: &Request,
        now: Now,
    ) -> bool;

    /// Handles a request; `n` is the number that its journal entry will have. What it commits it stores under
    /// the request's idempotency key with the reply made here, since a fault may lose that reply afterwards.
    fn handle(
        &mut self,
        subject: &Subject<Self::Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Handled;

    /// Carries out a write whose reply was given up some time ago; the reply made here goes nowhere.
    fn settle_late(
        &mut self,
        subject: &Subject<Self::Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Handled {
        self.handle(subject, request, n, now)
    }

    /// Back to the fixtures.
    fn reset(&mut self, now: Now);

    /// The login in the ready line.
    fn credentials(&self) -> Credentials;

    /// The API's own reply with this status, where a fault or the framework wants one: the rate limit's (429),
    /// a server error's (500 and above), that of a body which cannot be read (400) or is too large (413).
    fn error_reply(&self, status: StatusCode) -> Reply;

    /// What a gateway before the API shows as HTML.
    fn gateway_page(&self, status: StatusCode) -> String {
        let reason = status.canonical_reason().unwrap_or("Error");
        format!("<html><body>{reason}</body></html>")
    }

    /// Headers on every reply, those of faults included, unless the reply brings its own.
    fn constant_headers(&mut self, _request: &Request) -> Vec<(HeaderName, HeaderValue)> {
        Vec::new()
    }

    /// Everything that the API holds: the truth that clients are judged by.
    fn state(&self, wanted: Wanted) -> Map<String, Value>;

    /// Findings of the API's own, beside those that the journal gives.
    fn audit(&self) -> Map<String, Value> {
        Map::new()
    }

    /// A control route of the API's own; nothing if there is no such route, a text if the request is wrong.
    fn steer(&mut self, _steer: &Steer<'_>, _now: Now) -> Option<Result<Steered, String>> {
        None
    }

    /// Whether the request carries good credentials that can be made to expire or be revoked.
    fn has_session(&mut self, _request: &Request, _now: Now) -> bool {
        false
    }

    /// Meets a request with a fault that only this API knows, before it is handled.
    fn strike(
        &mut self,
        _fault: OwnFault,
        _subject: &Subject<Self::Parsed>,
        _request: &Request,
        _now: Now,
    ) -> Struck {
        Struck::default()
    }

    /// The rest of such a fault, once the reply is made.
    fn after_strike(
        &mut self,
        _fault: OwnFault,
        _request: &Request,
        _reply: &mut Reply,
        _now: Now,
    ) {
    }

    /// A request of the API has arrived; called once for each.
    fn arrive(&mut self, _now: Now) -> Vec<Settled> {
        Vec::new()
    }

    /// Time may have passed; called before anything else is looked at, so it has to be cheap.
    fn pass_time(&mut self, _now: Now) -> Vec<Settled> {
        Vec::new()
    }
}
