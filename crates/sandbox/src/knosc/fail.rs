//! Refusals: status, code and message, in the words of the profile.

use std::borrow::Cow;

use http::{StatusCode, header};
use serde_json::json;

use crate::exchange::Reply;
use crate::knosc::Rules;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fail {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    /// Made by the web framework in front of the API's own code (see `quirk=flask-msg`).
    framework: bool,
    /// Names a record of the API, so the reference words it otherwise.
    domain: bool,
    pub(crate) retry_after_s: Option<u64>,
    allow: Option<&'static str>,
}

impl Fail {
    fn plain(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Fail {
            status,
            code: code.into(),
            message: message.into(),
            framework: false,
            domain: false,
            retry_after_s: None,
            allow: None,
        }
    }

    fn domain(status: u16, code: impl Into<Cow<'static, str>>, message: String) -> Self {
        Fail { domain: true, ..Self::plain(status, code, message) }
    }

    fn framework(status: u16, code: &'static str, message: &'static str) -> Self {
        Fail { framework: true, ..Self::plain(status, code, message) }
    }

    // Sessions.

    pub(crate) fn token_missing() -> Self {
        Self::framework(401, "Token.Missing", "Missing token")
    }

    pub(crate) fn token_expired() -> Self {
        Self::framework(401, "Token.Expired", "Token has expired")
    }

    pub(crate) fn token_invalid(rules: &Rules) -> Self {
        let status = if rules.jwt422 { 422 } else { 401 };
        Self::framework(status, "Token.Invalid", "Token is invalid")
    }

    pub(crate) fn token_revoked() -> Self {
        Self::framework(401, "Token.Revoked", "Token has been revoked")
    }

    pub(crate) fn csrf_missing(rules: &Rules) -> Self {
        let status = if rules.csrf401 { 401 } else { 422 };
        Self::framework(status, "CSRF.Missing", "Missing CSRF token")
    }

    pub(crate) fn csrf_mismatch(rules: &Rules) -> Self {
        let status = if rules.csrf401 { 401 } else { 422 };
        Self::framework(status, "CSRF.Mismatch", "CSRF double submit tokens do not match")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::plain(401, "User.InvalidCredentials", "Invalid username or password.")
    }

    pub(crate) fn bad_totp() -> Self {
        Self::plain(401, "2FA.InvalidCode", "Invalid or expired TOTP code.")
    }

    pub(crate) fn bad_activation() -> Self {
        Self::plain(400, "2FA.InvalidCode", "Invalid TOTP code.")
    }

    pub(crate) fn user_locked(retry_after_s: u64) -> Self {
        Fail {
            retry_after_s: Some(retry_after_s),
            ..Self::plain(403, "User.Locked", "Account is locked")
        }
    }

    pub(crate) fn not_privileged() -> Self {
        Self::plain(403, "User.NotPrivileged", "Not Privileged for this action")
    }

    // Requests.

    pub(crate) fn json_invalid() -> Self {
        Self::plain(400, "JSON.Invalid", "Bad Request Format")
    }

    pub(crate) fn missing_field(name: &str) -> Self {
        Self::plain(400, "Validation.MissingField", format!("Missing required field: {name}"))
    }

    pub(crate) fn invalid_field(name: &str) -> Self {
        Self::plain(400, "Validation.InvalidField", format!("Invalid value for {name}"))
    }

    pub(crate) fn route_not_found() -> Self {
        Self::plain(404, "Route.NotFound", "Not found")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Fail {
            allow: Some(allow),
            ..Self::plain(405, "Route.MethodNotAllowed", "Method not allowed")
        }
    }

    pub(crate) fn filter_invalid() -> Self {
        Self::plain(400, "Filter.Invalid", "Invalid filter")
    }

    pub(crate) fn sort_invalid() -> Self {
        Self::plain(400, "Sort.Invalid", "Invalid sort")
    }

    // Records.

    /// The record a path names by its id is not there (404, in the reference 400).
    pub(crate) fn no_such_id(rules: &Rules, code: &'static str, noun: &str, id: u64) -> Self {
        let status = if rules.reference { 400 } else { 404 };
        Self::domain(status, format!("{code}.NotFound"), format!("{noun} #{id} not found"))
    }

    /// A record that a body names by its id or number is not there.
    pub(crate) fn no_such_reference(code: &'static str, message: String) -> Self {
        Self::domain(400, format!("{code}.NotFound"), message)
    }

    pub(crate) fn already_exists(code: &'static str, noun: &str, number: &str) -> Self {
        Self::domain(
            400,
            format!("{code}.AlreadyExists"),
            format!("{noun} {number} already exists"),
        )
    }

    /// `label` is what the message shows: `Item I1`, `PO #P-1`.
    pub(crate) fn still_in_use(code: &'static str, label: &str) -> Self {
        Self::domain(400, format!("{code}.StillInUse"), format!("{label} is still in use"))
    }

    // Orders.

    pub(crate) fn no_items() -> Self {
        Self::plain(400, "OrderList.NoItems", "Purchase order must contain at least one item")
    }

    pub(crate) fn multiple_warehouses() -> Self {
        Self::plain(400, "OrderList.MultipleWarehouses", "All items must be for the same warehouse")
    }

    pub(crate) fn duplicate_rows() -> Self {
        Self::plain(400, "OrderDetails.DuplicateRows", "Duplicate entries found in order details")
    }

    pub(crate) fn order_date_after_ship() -> Self {
        Self::plain(
            400,
            "PurchaseOrderDetails.OrderDateAfterShip",
            "Order date cannot be after ship date",
        )
    }

    pub(crate) fn id_mismatch() -> Self {
        Self::plain(400, "OrderList.IdMismatch", "Purchase Order Id does not match the path")
    }

    pub(crate) fn mixed_moves() -> Self {
        Self::plain(400, "OrderList.MixedMoves", "All moves must share source and target")
    }

    /// The message in the words of the profile.
    fn text(&self, rules: &Rules) -> Cow<'_, str> {
        if !(rules.reference && self.domain) {
            return Cow::Borrowed(&self.message);
        }
        let ending =
            if self.code.ends_with(".StillInUse") { " and cannot be deleted." } else { "." };
        Cow::Owned(format!("{}{ending}", self.message))
    }

    pub(crate) fn reply(&self, rules: &Rules) -> Reply {
        let text = self.text(rules);
        let body = if rules.flask_msg && self.framework {
            json!({ "msg": text })
        } else {
            json!({ "Message": text, "Code": self.code })
        };
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut reply = Reply::json(status, &body);
        if let Some(retry_after_s) = self.retry_after_s {
            reply.push_header(header::RETRY_AFTER, &retry_after_s.to_string());
        }
        if let Some(allow) = self.allow {
            reply.push_header(header::ALLOW, allow);
        }
        reply
    }
}
