//! Signed tokens (JWT with HS256, RFC 7519), with claims of the API's own.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// Makes and checks tokens. Those already checked are remembered, as one is sent again and again.
#[derive(Debug)]
pub(crate) struct Signer<C> {
    secret: [u8; 32],
    checked: HashMap<String, C>,
}

/// How many checked tokens are remembered before starting afresh.
const REMEMBERED: usize = 4096;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

impl<C: Serialize + DeserializeOwned> Signer<C> {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Signer { secret, checked: HashMap::new() }
    }

    fn mac(&self, signed: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(signed.as_bytes());
        Some(mac)
    }

    pub(crate) fn sign(&self, claims: &C) -> String {
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let signature =
            self.mac(&signed).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that this signer made; `None` for anything else.
    pub(crate) fn verify(&mut self, token: &str) -> Option<&C> {
        if !self.checked.contains_key(token) {
            let claims = self.decode(token)?;
            if self.checked.len() >= REMEMBERED {
                self.checked.clear();
            }
            self.checked.insert(token.to_owned(), claims);
        }
        self.checked.get(token)
    }

    fn decode(&self, token: &str) -> Option<C> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed)?.verify_slice(&signature).ok()?;
        let (_, payload) = signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}
