//! The signed tokens (JWT, HS256) that the session cookies carry.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

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

/// Makes and checks tokens. Those already checked are remembered, as one is sent again and again.
#[derive(Debug)]
pub(crate) struct Signer {
    secret: [u8; 32],
    checked: HashMap<String, Claims>,
}

/// How many checked tokens are remembered before starting afresh.
const REMEMBERED: usize = 4096;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

impl Signer {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Signer { secret, checked: HashMap::new() }
    }

    fn mac(&self, signed: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(signed.as_bytes());
        Some(mac)
    }

    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let signature =
            self.mac(&signed).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that this signer made; `None` for anything else.
    pub(crate) fn verify(&mut self, token: &str) -> Option<&Claims> {
        if !self.checked.contains_key(token) {
            let claims = self.decode(token)?;
            if self.checked.len() >= REMEMBERED {
                self.checked.clear();
            }
            self.checked.insert(token.to_owned(), claims);
        }
        self.checked.get(token)
    }

    fn decode(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed)?.verify_slice(&signature).ok()?;
        let (_, payload) = signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

/// Identifiers that look random and follow from the seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice { state: seed }
    }

    /// The next value of SplitMix64.
    pub(crate) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// 128 bits in the shape of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.roll(), self.roll());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0x0fff,
            0x8000 | (low >> 48 & 0x3fff),
            low & 0xffff_ffff_ffff,
        )
    }
}
