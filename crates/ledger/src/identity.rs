//! What makes two deliveries the same one.
//!
//! Within an account and a resource, a delivery is known by one text:
//!
//! | it has | identity |
//! |---|---|
//! | a key that the user named | `key:` and the key |
//! | a natural key | the natural key |
//! | neither | `sha256:`, the hash of its content, `#` and its ordinal among equals in its run |
//!
//! Content that came after other content had been sent gets `~` and the first 16 hex digits of
//! its hash behind the identity. So that no key can be mistaken for another identity, a `~` inside a
//! key is doubled, and a natural key that begins with `key:`, `sha256:` or `=` gets a `=` before it.

use sha2::{Digest, Sha256};

/// The SHA-256 of what a delivery would send: method, path, body, and headers of its own if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(pub(crate) [u8; 32]);

impl ContentHash {
    /// The hash of a content. Each part is hashed with its length, so that parts cannot run together.
    pub fn of(method: &str, path: &str, body: &[u8]) -> ContentHash {
        ContentHash::of_parts([method.as_bytes(), path.as_bytes(), body].into_iter())
    }

    /// The hash of a content with headers of its own. Neither their order nor the case of their names
    /// matters. Without any it is the hash that [`of`](ContentHash::of) gives.
    pub fn with_headers(
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> ContentHash {
        let mut headers: Vec<(String, &str)> = headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
            .collect();
        headers.sort();
        let headers = headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        ContentHash::of_parts([method.as_bytes(), path.as_bytes(), body].into_iter().chain(headers))
    }

    fn of_parts<'p>(parts: impl Iterator<Item = &'p [u8]>) -> ContentHash {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        ContentHash(hash.finalize().into())
    }

    /// The first `digits` hex digits, at most 64.
    pub fn hex(&self, digits: usize) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles.take(digits).map(|nibble| char::from(HEX[usize::from(nibble)])).collect()
    }
}

/// The identity that a natural key gives.
pub fn of_natural_key(key: &str) -> String {
    let escaped = escape(key);
    if ["key:", "sha256:", "="].iter().any(|prefix| key.starts_with(prefix)) {
        format!("={escaped}")
    } else {
        escaped
    }
}

/// The identity that a key named by the user gives.
pub fn of_users_key(key: &str) -> String {
    format!("key:{}", escape(key))
}

/// The identity of the `ordinal`th (from 1) delivery of this content in its run.
pub fn of_content(hash: &ContentHash, ordinal: u64) -> String {
    format!("sha256:{}#{ordinal}", hash.hex(64))
}

/// The identity of content that came after other content had been sent as `identity`.
pub fn of_change(identity: &str, hash: &ContentHash) -> String {
    format!("{identity}~{}", hash.hex(16))
}

/// True for the identity of content that came after other content had been sent, or twice in one
/// input: such content must not be sent.
pub fn is_change(identity: &str) -> bool {
    changed(identity).is_some()
}

/// Of the identity of such content, the identity of what had been sent before it; `None` of others.
pub fn changed(identity: &str) -> Option<&str> {
    let (before, hash) = identity.split_at_checked(identity.len().checked_sub(16)?)?;
    let is_hash = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // In a key a `~` is doubled, so an odd number of them cannot be the key's own.
    let is_mark = before.bytes().rev().take_while(|byte| *byte == b'~').count() % 2 == 1;
    before.strip_suffix('~').filter(|_| is_hash && is_mark)
}

fn escape(key: &str) -> String {
    key.replace('~', "~~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_be_mistaken_for_other_identities() {
        let hash = ContentHash::of("POST", "/a", b"x");
        let changed = of_change(&of_natural_key("PO-1"), &hash);
        assert_ne!(of_natural_key(&changed), changed);
        assert_ne!(of_natural_key("key:5"), of_users_key("5"));
        assert_ne!(of_natural_key("=key:5"), of_natural_key("key:5"));
        assert_ne!(of_natural_key(&of_content(&hash, 1)), of_content(&hash, 1));
        assert_eq!(of_natural_key("PO-1"), "PO-1");
    }

    #[test]
    fn changed_content_is_told_by_its_identity() {
        let hash = ContentHash::of("POST", "/a", b"x");
        for key in ["PO-1", "", "PO~", "PO~~", "PO~0123456789abcdef", "key:5", "é"] {
            let own = of_natural_key(key);
            assert!(!is_change(&own), "{own}");
            assert!(is_change(&of_change(&own, &hash)), "{own}");
        }
        assert!(!is_change(&of_content(&hash, 1)));
        assert!(!is_change("éééééééééééééééé"));
    }

    #[test]
    fn parts_of_a_content_do_not_run_together() {
        assert_ne!(ContentHash::of("POST", "/ab", b"c"), ContentHash::of("POST", "/a", b"bc"));
        assert_eq!(ContentHash::of("POST", "/a", b"x").hex(64).len(), 64);
    }

    #[test]
    fn headers_are_content_in_whatever_order_they_come() {
        let headers = |all: &[(&str, &str)]| {
            let owned: Vec<_> =
                all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            ContentHash::with_headers("POST", "/a", &owned, b"x")
        };
        assert_eq!(headers(&[]), ContentHash::of("POST", "/a", b"x"));
        assert_ne!(headers(&[("If-Match", "1")]), headers(&[]));
        assert_ne!(headers(&[("If-Match", "1")]), headers(&[("If-Match", "2")]));
        assert_eq!(
            headers(&[("If-Match", "1"), ("Prefer", "wait")]),
            headers(&[("prefer", "wait"), ("if-match", "1")])
        );
    }
}
