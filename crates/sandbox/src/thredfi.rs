//! The Thredfi double: bookkeeping for the businesses of a partner.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::FaultPlan;
use crate::options::{Options, Quirk, StartError};
use crate::registry::{Kit, general_preset};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Subject, Wanted};

pub(crate) const KIT: Kit = Kit {
    base_path: "",
    quirks: &[
        Quirk::PagingDrf,
        Quirk::PagingInfo,
        Quirk::NextDropsParams,
        Quirk::FilterIgnored,
        Quirk::AllowDuplicates,
    ],
    faults: &["expire_access", "revoke"],
    control_routes: &[],
    preset: general_preset,
    start: |options, _now| {
        Ok(World::boxed(Thredfi::new(options)?, FaultPlan::none(), options.seed))
    },
};

/// The double's world.
#[derive(Debug)]
struct Thredfi {}

impl Thredfi {
    fn new(_options: &Options) -> Result<Self, StartError> {
        Ok(Thredfi {})
    }
}

impl Service for Thredfi {
    type Parsed = ();

    fn identify(&mut self, _request: &Request, _now: Now) -> Subject<()> {
        Subject {
            kind: "unknown",
            resource: None,
            key: None,
            user: None,
            refresh_id: None,
            parsed: (),
        }
    }

    fn would_take_effect(&mut self, _: &Subject<()>, _: &Request, _: Now) -> bool {
        false
    }

    fn handle(&mut self, _: &Subject<()>, _: &Request, _: u64, _: Now) -> Handled {
        let text = "Authentication credentials were not provided.";
        refusal(StatusCode::UNAUTHORIZED, text, "authentication_required")
    }

    fn reset(&mut self, _now: Now) {}

    fn credentials(&self) -> Credentials {
        Credentials::new([
            ("partner_uuid", "11111111-1111-4111-8111-111111111111".to_owned()),
            ("api_key", "sandbox-partner-key".to_owned()),
        ])
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        refusal(status, "Internal server error", "server_error").reply
    }

    fn state(&self, _wanted: Wanted) -> Map<String, Value> {
        Map::new()
    }
}

fn refusal(status: StatusCode, text: &str, code: &'static str) -> Handled {
    let reply = Reply::json(status, &json!({ "error": text, "error_code": code, "details": {} }));
    Handled::refused(reply, code)
}
