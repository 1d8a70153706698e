//! The signed tokens (JWT, HS256) that the session cookies carry.

use serde::{Deserialize, Serialize};

/// Which of the two tokens of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    Access,
    Refresh,
}

/// What a token says. Times are seconds since 1970, as usual in a JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) fresh: bool,
    pub(crate) iat: u64,
    pub(crate) jti: String,
    #[serde(rename = "type")]
    pub(crate) purpose: Purpose,
    pub(crate) sub: String,
    pub(crate) csrf: String,
    pub(crate) exp: u64,
    /// When the user was last changed, in milliseconds; an older value than the user's revokes the token.
    pub(crate) last_modified_at: u64,
}
