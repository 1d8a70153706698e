//! Tokens: giving them out, and what each opens.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::exchange::{Reply, Request};
use crate::jwt::Signer;
use crate::service::Now;
use crate::thredfi::book::{Book, Partner};
use crate::thredfi::fail::Fail;

pub(crate) const BEARER: &str = "Bearer";
pub(crate) const BASIC: &str = "Basic";

/// What a token says. Times are seconds since 1970, as usual in a JWT.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The partner's UUID, or the business's id.
    pub(crate) sub: String,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) jti: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) business_id: Option<String>,
    /// Whose partner it comes from, and how often that one's tokens had been revoked.
    partner: usize,
    revocations: u64,
}

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Partner(usize),
    Business(usize),
}

/// The tokens that are good.
#[derive(Debug)]
pub(crate) struct Access {
    signer: Signer<Claims>,
    pub(crate) life_s: u64,
    /// Tokens that a fault has declared expired.
    expired: HashSet<String>,
    /// How often the tokens of each partner were revoked.
    revocations: Vec<u64>,
}

impl Access {
    pub(crate) fn new(life_s: u64, partners: usize, seed: u64, now_ms: u64) -> Self {
        // Tokens of an earlier run must not be good here, whatever the seed.
        let mut dice = Dice::new(seed ^ now_ms.rotate_left(32));
        let mut secret = [0; 32];
        for chunk in secret.chunks_mut(8) {
            chunk.copy_from_slice(&dice.roll().to_le_bytes());
        }
        Access {
            signer: Signer::new(secret),
            life_s,
            expired: HashSet::new(),
            revocations: vec![0; partners],
        }
    }

    /// The claims of the bearer token that a request carries, if it is good.
    pub(crate) fn presented(&mut self, request: &Request, now: Now) -> Option<Claims> {
        let claims = self.signer.verify(token(request, BEARER)?)?;
        let good = claims.exp > now.ms / 1000
            && !self.expired.contains(&claims.jti)
            && self.revocations.get(claims.partner) == Some(&claims.revocations);
        good.then(|| claims.clone())
    }

    /// Whose token a request carries, good or not; for the journal.
    pub(crate) fn user(&mut self, request: &Request) -> Option<String> {
        self.signer.verify(token(request, BEARER)?).map(|claims| claims.sub.clone())
    }

    /// The partner from which a request's token comes, good or not.
    pub(crate) fn partner(&mut self, request: &Request) -> Option<usize> {
        self.signer.verify(token(request, BEARER)?).map(|claims| claims.partner)
    }

    /// Who is calling. `scheme` is what a refusal asks for.
    pub(crate) fn caller(
        &mut self,
        request: &Request,
        book: &Book,
        scheme: &'static str,
        now: Now,
    ) -> Result<Caller, Fail> {
        if !request.headers.contains_key(header::AUTHORIZATION) {
            return Err(Fail::no_credentials(scheme));
        }
        let claims = self.presented(request, now).ok_or_else(|| Fail::bad_credentials(scheme))?;
        match &claims.business_id {
            None => Ok(Caller::Partner(claims.partner)),
            Some(id) => book
                .businesses
                .position(id)
                .map(Caller::Business)
                .ok_or_else(|| Fail::bad_credentials(scheme)),
        }
    }

    pub(crate) fn expire(&mut self, claims: &Claims) {
        self.expired.insert(claims.jti.clone());
    }

    /// Every token of the partner, those of its businesses included, is no longer good.
    pub(crate) fn revoke(&mut self, claims: &Claims) {
        if let Some(count) = self.revocations.get_mut(claims.partner) {
            *count += 1;
        }
    }

    /// A token for a partner, or for one of its businesses.
    pub(crate) fn give(
        &mut self,
        partner: usize,
        sub: &str,
        business: Option<&str>,
        dice: &mut Dice,
        now: Now,
    ) -> Reply {
        let claims = Claims {
            sub: sub.to_owned(),
            iat: now.ms / 1000,
            exp: now.ms / 1000 + self.life_s,
            jti: dice.uuid(),
            business_id: business.map(str::to_owned),
            partner,
            revocations: self.revocations.get(partner).copied().unwrap_or_default(),
        };
        let mut body = json!({
            "access_token": self.signer.sign(&claims), "token_type": "Bearer", "expires_in": self.life_s,
        });
        if let (Some(id), Some(body)) = (business, body.as_object_mut()) {
            body.insert("scope".to_owned(), Value::from("business_access"));
            body.insert("business_id".to_owned(), Value::from(id));
        }
        Reply::json(StatusCode::OK, &body)
    }
}

/// The credentials behind a scheme, whose name may be in any case.
fn token<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let value = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The partner whose UUID and API key a request carries.
pub(crate) fn partner(request: &Request, partners: &[Partner]) -> Result<usize, Fail> {
    let encoded = token(request, BASIC).ok_or_else(|| Fail::no_credentials(BASIC))?;
    let refused = || Fail::bad_credentials(BASIC);
    let decoded = STANDARD.decode(encoded).map_err(|_| refused())?;
    let text = String::from_utf8(decoded).map_err(|_| refused())?;
    let (uuid, api_key) = text.split_once(':').ok_or_else(refused)?;
    let known = |partner: &Partner| partner.uuid == uuid && partner.api_key == api_key;
    let found = partners.iter().position(known).ok_or_else(refused)?;
    check_grant(request, uuid)?;
    Ok(found)
}

/// The partner that a request to the token route names, good key or not; for the journal.
pub(crate) fn named_partner(request: &Request) -> Option<String> {
    let decoded = STANDARD.decode(token(request, BASIC)?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(uuid, _)| uuid.to_owned())
}

/// The body may be a form, JSON or nothing at all.
fn check_grant(request: &Request, uuid: &str) -> Result<(), Fail> {
    if request.body.is_empty() {
        return Ok(());
    }
    let given = request.header("content-type").unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fields: Vec<(String, String)> = match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            url::form_urlencoded::parse(&request.body).into_owned().collect()
        }
        "application/json" => {
            let body: serde_json::Map<String, Value> =
                serde_json::from_slice(&request.body).map_err(|_| Fail::not_json())?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            body.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        _ => return Err(Fail::media_type(given)),
    };
    for (name, value) in fields {
        match name.as_str() {
            "grant_type" if value != "client_credentials" => {
                return Err(Fail::field(
                    "grant_type",
                    format!("\"{value}\" is not a valid choice."),
                ));
            }
            "client_id" if value != uuid => return Err(Fail::bad_credentials(BASIC)),
            _ => {}
        }
    }
    Ok(())
}
