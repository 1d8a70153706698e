//! The Operations1 double: work orders for people on the shop floor, below one tenant.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::FaultPlan;
use crate::options::{Options, Quirk, StartError};
use crate::registry::{Kit, general_preset};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Subject, Wanted};

const TENANT: &str = "acme";
const BASE_PATH: &str = "/tenants/acme";
/// Full access, reading only, and nothing at all.
const TOKENS: [&str; 3] = ["sandbox-token", "sandbox-token-readonly", "sandbox-token-none"];

pub(crate) const KIT: Kit = Kit {
    base_path: BASE_PATH,
    quirks: &[
        Quirk::EmptyErrors,
        Quirk::NoRetryAfter,
        Quirk::UniqueCustomId,
        Quirk::VersionOptional,
        Quirk::FilterIgnored,
        Quirk::AllowDuplicates,
    ],
    faults: &[],
    control_routes: &[],
    preset: general_preset,
    start: |options, _now| {
        Ok(World::boxed(Operations1::new(options)?, FaultPlan::none(), options.seed))
    },
};

/// The double's world.
#[derive(Debug)]
struct Operations1 {}

impl Operations1 {
    fn new(_options: &Options) -> Result<Self, StartError> {
        Ok(Operations1 {})
    }
}

impl Service for Operations1 {
    type Parsed = ();

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<()> {
        Subject {
            kind: "unknown",
            resource: None,
            key: None,
            user: token(request).map(str::to_owned),
            refresh_id: None,
            parsed: (),
        }
    }

    fn would_take_effect(&mut self, _: &Subject<()>, _: &Request, _: Now) -> bool {
        false
    }

    fn handle(&mut self, subject: &Subject<()>, request: &Request, _n: u64, _now: Now) -> Handled {
        if !request.headers.contains_key("accept-version") {
            let text = "Include 'Accept-Version' header with the desired API version.";
            return refusal(StatusCode::BAD_REQUEST, text, "PG3");
        }
        let below = request.path.strip_prefix(BASE_PATH);
        if subject.user.is_none() || !below.is_some_and(|rest| rest.starts_with('/')) {
            return refusal(StatusCode::UNAUTHORIZED, "Authentication failed.", "PG1");
        }
        refusal(StatusCode::NOT_FOUND, "Resource not found.", "PG5")
    }

    fn reset(&mut self, _now: Now) {}

    fn credentials(&self) -> Credentials {
        Credentials::new([("tenant", TENANT.to_owned()), ("token", TOKENS[0].to_owned())])
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        let (text, code) = match status.as_u16() {
            400 | 413 => ("Malformed request body.", "PG8"),
            429 => ("Too many requests.", "PG7"),
            _ => ("Internal server error.", "PG0"),
        };
        refusal(status, text, code).reply
    }

    fn state(&self, _wanted: Wanted) -> Map<String, Value> {
        Map::new()
    }
}

/// The token that a request carries, if it is one of ours.
fn token(request: &Request) -> Option<&str> {
    let value = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = value.strip_prefix("Bearer ")?;
    TOKENS.into_iter().find(|known| *known == token)
}

fn refusal(status: StatusCode, text: &str, code: &'static str) -> Handled {
    let reply = Reply::json(status, &json!({ "message": text, "errorCode": code }));
    Handled::refused(reply, code)
}
