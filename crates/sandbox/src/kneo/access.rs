//! API keys: whose they are, what they may do, and how fast.

use http::header;

use crate::exchange::Request;
use crate::kneo::fail::Fail;

const SCOPES: [&str; 10] = [
    "runs:read",
    "runs:write",
    "specs:read",
    "human:read",
    "human:write",
    "audit:read",
    "audit:write",
    "credentials:read",
    "policies:read",
    "policies:write",
];

const OPERATOR: [&str; 8] = [
    "runs:read",
    "runs:write",
    "specs:read",
    "human:read",
    "audit:read",
    "credentials:read",
    "policies:read",
    "policies:write",
];

const REVIEWER: [&str; 4] = ["runs:read", "human:read", "human:write", "audit:read"];

const SERVICE: [&str; 9] = [
    "runs:read",
    "runs:write",
    "specs:read",
    "human:read",
    "human:write",
    "audit:read",
    "audit:write",
    "credentials:read",
    "policies:read",
];

const VIEWER: [&str; 4] = ["runs:read", "specs:read", "human:read", "audit:read"];

/// A key, and what is left of its rate.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    pub(crate) name: String,
    pub(crate) key: String,
    scopes: Vec<&'static str>,
    tokens: f64,
    filled_ms: u64,
}

impl ApiKey {
    /// Reads `name:key:role_or_scope[,…]`; a scope has a colon of its own.
    pub(crate) fn read(entry: &str, burst: f64) -> Result<Self, String> {
        let mut parts = entry.splitn(3, ':');
        let (Some(name), Some(key), Some(grants)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("`{entry}` is not `name:key:role_or_scope`"));
        };
        if name.is_empty() || key.is_empty() {
            return Err(format!("`{entry}` has an empty name or key"));
        }
        let mut scopes = Vec::new();
        for grant in grants.split(',') {
            scopes.extend(
                granted(grant.trim())
                    .ok_or_else(|| format!("`{grant}` in `{entry}` is no role and no scope"))?,
            );
        }
        Ok(ApiKey {
            name: name.to_owned(),
            key: key.to_owned(),
            scopes,
            tokens: burst,
            filled_ms: 0,
        })
    }

    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.contains(&scope)
    }
}

fn granted(grant: &str) -> Option<Vec<&'static str>> {
    Some(match grant {
        "admin" => SCOPES.to_vec(),
        "operator" => OPERATOR.to_vec(),
        "reviewer" => REVIEWER.to_vec(),
        "service" => SERVICE.to_vec(),
        "viewer" => VIEWER.to_vec(),
        _ => vec![*SCOPES.iter().find(|scope| **scope == grant)?],
    })
}

/// The keys that are good.
#[derive(Debug, Default)]
pub(crate) struct Access {
    pub(crate) keys: Vec<ApiKey>,
    /// Requests that a key may make in a second, and at once.
    pub(crate) per_second: f64,
}

impl Access {
    /// Whose key a request carries.
    pub(crate) fn caller(&self, request: &Request) -> Result<usize, Fail> {
        let bearer =
            request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let sent = bearer.map(|(_, key)| key.trim()).or_else(|| request.header("x-kneo-api-key"));
        let sent = sent.ok_or_else(Fail::unauthorized)?;
        self.keys.iter().position(|known| known.key == sent).ok_or_else(Fail::unauthorized)
    }

    pub(crate) fn key(&self, caller: usize) -> Option<&ApiKey> {
        self.keys.get(caller)
    }

    pub(crate) fn name(&self, caller: usize) -> String {
        self.key(caller).map(|key| key.name.clone()).unwrap_or_default()
    }

    /// How many requests a key could make now.
    fn tokens(&self, caller: usize, now_ms: u64) -> f64 {
        let Some(key) = self.keys.get(caller) else { return 0.0 };
        let passed_s = now_ms.saturating_sub(key.filled_ms) as f64 / 1000.0;
        (key.tokens + passed_s * self.per_second).min(self.per_second.max(1.0))
    }

    /// Whether the rate allows one more request.
    pub(crate) fn allows(&self, caller: usize, now_ms: u64) -> bool {
        self.tokens(caller, now_ms) >= 1.0
    }

    /// Takes a request off the rate.
    pub(crate) fn take(&mut self, caller: usize, now_ms: u64) -> Result<(), Fail> {
        let tokens = self.tokens(caller, now_ms);
        let Some(key) = self.keys.get_mut(caller) else { return Ok(()) };
        key.filled_ms = now_ms;
        key.tokens = tokens;
        if tokens < 1.0 {
            let wait_s = ((1.0 - tokens) / self.per_second).ceil().max(1.0);
            return Err(Fail::rate_limited(wait_s as u64));
        }
        key.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_grants_roles_and_scopes() {
        let key = ApiKey::read("ci:secret:viewer,runs:write", 1.0).expect("an entry");
        assert_eq!((key.name.as_str(), key.key.as_str()), ("ci", "secret"));
        assert!(key.may("runs:write") && key.may("audit:read") && !key.may("human:write"));
        for wrong in ["", "ci:secret", "ci::admin", "ci:secret:root", "ci:secret:viewer,"] {
            assert!(ApiKey::read(wrong, 1.0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_may_make_so_many_requests_a_second() {
        let key = ApiKey::read("ci:secret:admin", 2.0).expect("an entry");
        let mut access = Access { keys: vec![key], per_second: 2.0 };
        let mut takes = |now_ms| access.take(0, now_ms).is_ok();
        assert_eq!([takes(0), takes(0), takes(0), takes(499)], [true, true, false, false]);
        assert_eq!([takes(500), takes(500), takes(9000), takes(9000)], [true, false, true, true]);
    }
}
