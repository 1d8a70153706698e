//! The kneo double: a platform that runs agents and workflows.

use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::FaultPlan;
use crate::options::{Options, Profile, Quirk, StartError};
use crate::registry::{Kit, general_preset};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Subject, Wanted};

/// Everything, and reading only.
const KEYS: [&str; 2] = ["sandbox-admin-key", "sandbox-viewer-key"];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) const KIT: Kit = Kit {
    base_path: "",
    quirks: &[Quirk::Codeless409, Quirk::Empty202, Quirk::FilterIgnored, Quirk::AllowDuplicates],
    faults: &[],
    control_routes: &[],
    preset: general_preset,
    start: |options, _now| Ok(World::boxed(Kneo::new(options)?, FaultPlan::none(), options.seed)),
};

/// The double's world.
#[derive(Debug)]
struct Kneo {
    /// Errors are nested below `detail`.
    reference: bool,
    dice: Dice,
}

impl Kneo {
    fn new(options: &Options) -> Result<Self, StartError> {
        let reference = options.profile == Profile::Reference;
        Ok(Kneo { reference, dice: Dice::new(options.seed) })
    }

    fn refusal(&self, status: StatusCode, text: &str, code: &'static str) -> Handled {
        let flat = json!({ "error": code, "message": text });
        let body = if self.reference { json!({ "detail": flat }) } else { flat };
        Handled::refused(Reply::json(status, &body), code)
    }
}

impl Service for Kneo {
    type Parsed = ();

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<()> {
        Subject {
            kind: "unknown",
            resource: None,
            key: request.header("idempotency-key").map(str::to_owned),
            user: key(request).map(str::to_owned),
            refresh_id: None,
            parsed: (),
        }
    }

    fn would_take_effect(&mut self, _: &Subject<()>, _: &Request, _: Now) -> bool {
        false
    }

    fn handle(&mut self, subject: &Subject<()>, request: &Request, _n: u64, _now: Now) -> Handled {
        const HEALTH: [&str; 3] = ["/v1/healthz", "/v1/livez", "/v1/readyz"];
        if request.method == Method::GET && HEALTH.contains(&request.path.as_str()) {
            let body = json!({
                "ok": true, "service": "kneo-serv-platform", "version": "0.4.0", "metadata": {},
            });
            return Handled::unchanged(Reply::json(StatusCode::OK, &body));
        }
        if subject.user.is_none() {
            let text = "API key is missing, invalid, or revoked.";
            return self.refusal(StatusCode::UNAUTHORIZED, text, "unauthorized");
        }
        let reply = Reply::json(StatusCode::NOT_FOUND, &json!({ "detail": "Not Found" }));
        Handled::unchanged(reply)
    }

    fn reset(&mut self, _now: Now) {}

    fn credentials(&self) -> Credentials {
        Credentials::new([("api_key", KEYS[0].to_owned())])
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        let (text, code) = match status.as_u16() {
            400 => ("The request cannot be read.", "invalid_request"),
            413 => ("The request body is too large.", "payload_too_large"),
            429 => ("Rate limit exceeded.", "rate_limited"),
            503 => ("The store is unavailable.", "store_unavailable"),
            _ => ("Internal error.", "internal_error"),
        };
        self.refusal(status, text, code).reply
    }

    /// The request's own identifier, or one made up.
    fn constant_headers(&mut self, request: &Request) -> Vec<(HeaderName, HeaderValue)> {
        let sent = request.headers.get(REQUEST_ID).cloned();
        let id = sent.or_else(|| HeaderValue::from_str(&self.dice.uuid()).ok());
        id.map(|id| (REQUEST_ID, id)).into_iter().collect()
    }

    fn state(&self, _wanted: Wanted) -> Map<String, Value> {
        Map::new()
    }
}

/// The key that a request carries, if it is one of ours.
fn key(request: &Request) -> Option<&str> {
    let bearer = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let sent = bearer.or_else(|| request.header("x-kneo-api-key"))?;
    KEYS.into_iter().find(|known| *known == sent)
}
