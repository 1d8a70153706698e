//! The tokens of API user accounts, and what each may do.

use std::collections::HashMap;

use http::header;

use crate::exchange::Request;
use crate::operations1::route::Op;
use crate::service::Now;

/// Every permission.
pub(crate) const PERMISSIONS: [&str; 6] =
    ["users:read", "users:write", "orders:read", "orders:write", "reports:read", "documents:read"];

/// A token.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) secret: String,
    /// The API user that it belongs to.
    pub(crate) user: u64,
    pub(crate) permissions: Vec<&'static str>,
    pub(crate) expires_ms: Option<u64>,
}

impl Token {
    pub(crate) fn may(&self, op: Op) -> bool {
        self.permissions.contains(&op.permission())
    }
}

/// All tokens of the tenant.
#[derive(Debug, Default)]
pub(crate) struct Access {
    tokens: HashMap<String, Token>,
    first: Option<String>,
}

impl Access {
    pub(crate) fn add(&mut self, token: Token) {
        self.first.get_or_insert_with(|| token.secret.clone());
        self.tokens.insert(token.secret.clone(), token);
    }

    /// The token for the ready line.
    pub(crate) fn first(&self) -> &str {
        self.first.as_deref().unwrap_or_default()
    }

    /// The token that a request carries, if it is good.
    pub(crate) fn token(&self, request: &Request, now: Now) -> Option<&Token> {
        let token = self.known(request)?;
        let good = token.expires_ms.is_none_or(|expires_ms| now.ms < expires_ms);
        good.then_some(token)
    }

    /// The token that a request carries, expired or not.
    pub(crate) fn known(&self, request: &Request) -> Option<&Token> {
        let value = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, secret) = value.split_once(' ')?;
        let token = self.tokens.get(secret.trim())?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token)
    }
}
