//! Logging in, refreshing, logging out, and the checks that every other request passes.

use std::collections::{HashMap, HashSet};

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::exchange::{Reply, Request};
use crate::jwt::Signer;
use crate::knosc::Rules;
use crate::knosc::administer::is_long_enough;
use crate::knosc::fail::Fail;
use crate::knosc::route::Family;
use crate::knosc::token::{Claims, Purpose};
use crate::knosc::user::{TOTP_WINDOW_MS, User, UserStatus, Users};
use crate::service::Now;

const ACCESS_COOKIE: &str = "access_token_cookie";
const REFRESH_COOKIE: &str = "refresh_token_cookie";
const CSRF_HEADER: &str = "x-xsrf-token";
const ACCESS_LIFE_S: u64 = 15 * 60;
const REFRESH_LIFE_S: u64 = 30 * 24 * 3600;
pub(crate) const SHORTEST_PASSWORD: usize = 8;

/// Users, tokens, and what faults have done to tokens.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) users: Users,
    signer: Signer<Claims>,
    pub(crate) dice: Dice,
    /// Access tokens that a fault has declared expired.
    expired: HashSet<String>,
    /// Access tokens whose CSRF value a fault has changed on this side.
    rotated: HashMap<String, String>,
}

impl Sessions {
    pub(crate) fn new(users: Users, seed: u64, now_ms: u64) -> Self {
        // Tokens of an earlier run must not be good here, whatever the seed.
        let mut dice = Dice::new(seed);
        let mut secret_dice = Dice::new(seed ^ now_ms.rotate_left(32));
        let mut secret = [0; 32];
        for chunk in secret.chunks_mut(8) {
            chunk.copy_from_slice(&secret_dice.roll().to_le_bytes());
        }
        dice.roll();
        Sessions {
            users,
            signer: Signer::new(secret),
            dice,
            expired: HashSet::new(),
            rotated: HashMap::new(),
        }
    }

    // What every request passes.

    /// The checks of a session up to the CSRF value, in the contract's order.
    pub(crate) fn authenticate(
        &mut self,
        request: &Request,
        rules: &Rules,
        now: Now,
    ) -> Result<Claims, Fail> {
        let token = request.cookie(ACCESS_COOKIE).filter(|token| !token.is_empty());
        let token = token.ok_or_else(Fail::token_missing)?;
        let csrf = request.header(CSRF_HEADER).filter(|value| !value.is_empty());
        if request.is_write() && csrf.is_none() {
            return Err(Fail::csrf_missing(rules));
        }
        let claims = self.signer.verify(token).filter(|claims| claims.purpose == Purpose::Access);
        let claims = claims.ok_or_else(|| Fail::token_invalid(rules))?;
        if claims.exp <= now.ms / 1000 || self.expired.contains(&claims.jti) {
            return Err(Fail::token_expired());
        }
        if is_revoked(&self.users, claims) {
            return Err(Fail::token_revoked());
        }
        let expected = self.rotated.get(&claims.jti).unwrap_or(&claims.csrf);
        if request.is_write() && csrf != Some(expected) {
            return Err(Fail::csrf_mismatch(rules));
        }
        Ok(claims.clone())
    }

    /// The good access token that a request carries, whatever its CSRF header.
    pub(crate) fn presented(&mut self, request: &Request, now: Now) -> Option<Claims> {
        let claims = self.signer.verify(request.cookie(ACCESS_COOKIE)?)?;
        let good = claims.purpose == Purpose::Access
            && claims.exp > now.ms / 1000
            && !self.expired.contains(&claims.jti)
            && !is_revoked(&self.users, claims);
        good.then(|| claims.clone())
    }

    /// The name of the user whose access or refresh token a request carries.
    pub(crate) fn user_name(&mut self, request: &Request, purpose: Purpose) -> Option<String> {
        let cookie = if purpose == Purpose::Access { ACCESS_COOKIE } else { REFRESH_COOKIE };
        let claims = self.signer.verify(request.cookie(cookie)?)?;
        self.users.get(&claims.sub).map(|user| user.fixture.email.clone())
    }

    /// The number of the user whose access token a request carries.
    pub(crate) fn user_id(&mut self, request: &Request) -> Option<u64> {
        self.signer.verify(request.cookie(ACCESS_COOKIE)?)?.sub.parse().ok()
    }

    /// The identifier of the refresh token that a request carries.
    pub(crate) fn refresh_id(&mut self, request: &Request) -> Option<String> {
        self.signer.verify(request.cookie(REFRESH_COOKIE)?).map(|claims| claims.jti.clone())
    }

    // The routes.

    pub(crate) fn log_in(
        &mut self,
        body: &Map<String, Value>,
        family: Family,
        now: Now,
    ) -> Result<Reply, Fail> {
        let (username, password) = (string(body, "username")?, string(body, "password")?);
        let Some((id, user)) = self.users.find(username) else {
            return Err(Fail::bad_credentials());
        };
        if user.locked_until_ms > now.ms {
            return Err(Fail::user_locked((user.locked_until_ms - now.ms).div_ceil(1000)));
        }
        if user.fixture.password != password {
            user.count_failure(now.ms);
            return Err(Fail::bad_credentials());
        }
        if user.fixture.status == UserStatus::Inactive {
            return Err(Fail::bad_credentials());
        }
        user.failures = 0;
        if user.fixture.first_signin {
            let token = self.dice.uuid();
            user.session_token = Some(token.clone());
            return Ok(ok(&json!({ "first_signin": true, "session_token": token })));
        }
        if user.fixture.totp_secret.is_some() {
            user.totp_until_ms = now.ms + TOTP_WINDOW_MS;
            return Ok(ok(&json!({ "requires_2fa": true })));
        }
        Ok(self.open(id, family, now))
    }

    pub(crate) fn verify_totp(
        &mut self,
        body: &Map<String, Value>,
        family: Family,
        now: Now,
    ) -> Result<Reply, Fail> {
        let (username, code) = (string(body, "username")?, string(body, "totp_code")?);
        let Some((id, user)) = self.users.find(username) else {
            return Err(Fail::bad_totp());
        };
        // The code alone is no proof: the password has to have been right shortly before.
        if user.totp_until_ms <= now.ms || !user.totp_matches(code, now.ms, now.real_ms) {
            return Err(Fail::bad_totp());
        }
        user.totp_until_ms = 0;
        Ok(self.open(id, family, now))
    }

    pub(crate) fn first_signin(
        &mut self,
        body: &Map<String, Value>,
        rules: &Rules,
        now: Now,
    ) -> Result<Reply, Fail> {
        let (token, password) = (string(body, "session_token")?, string(body, "password")?);
        let user = self.users.by_session_token(token).ok_or_else(|| Fail::token_invalid(rules))?;
        if !is_long_enough(password) {
            return Err(Fail::invalid_field("password"));
        }
        user.fixture.password = password.to_owned();
        user.fixture.first_signin = false;
        user.session_token = None;
        user.revoke(now.ms);
        Ok(ok(&json!({ "message": "Password set." })))
    }

    pub(crate) fn refresh(
        &mut self,
        request: &Request,
        family: Family,
        rules: &Rules,
        now: Now,
    ) -> Result<Reply, Fail> {
        let token = request.cookie(REFRESH_COOKIE).filter(|token| !token.is_empty());
        let token = token.ok_or_else(Fail::token_missing)?;
        let csrf = request.header(CSRF_HEADER).filter(|value| !value.is_empty());
        let wants_csrf = family == Family::Reference;
        if wants_csrf && csrf.is_none() {
            return Err(Fail::csrf_missing(rules));
        }
        let claims = self.signer.verify(token).filter(|claims| claims.purpose == Purpose::Refresh);
        let claims = claims.ok_or_else(|| Fail::token_invalid(rules))?;
        if claims.exp <= now.ms / 1000 {
            return Err(Fail::token_expired());
        }
        if is_revoked(&self.users, claims) {
            return Err(Fail::token_revoked());
        }
        if wants_csrf && csrf != Some(&claims.csrf) {
            return Err(Fail::csrf_mismatch(rules));
        }
        let sub = claims.sub.clone();
        let mut reply = ok(&json!({ "refresh": true }));
        self.set_access_pair(&mut reply, &sub, false, now);
        Ok(reply)
    }

    pub(crate) fn log_out(family: Family) -> Reply {
        const GONE: &str = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let path = family.refresh_path();
        let mut reply = ok(&json!({ "message": "Logged out." }));
        for cookie in [
            format!("{ACCESS_COOKIE}=; {GONE}; HttpOnly; SameSite=Lax; Path=/"),
            format!("{REFRESH_COOKIE}=; {GONE}; HttpOnly; SameSite=Lax; Path={path}"),
        ] {
            reply.push_header(header::SET_COOKIE, &cookie);
        }
        reply
    }

    fn open(&mut self, user: u64, family: Family, now: Now) -> Reply {
        let mut reply = ok(&json!({ "login": true }));
        let sub = user.to_string();
        let path = family.refresh_path();
        let (access, access_csrf) = self.token(&sub, Purpose::Access, true, now);
        let (refresh, refresh_csrf) = self.token(&sub, Purpose::Refresh, false, now);
        for cookie in [
            format!("{ACCESS_COOKIE}={access}; HttpOnly; SameSite=Lax; Path=/"),
            format!("{REFRESH_COOKIE}={refresh}; HttpOnly; SameSite=Lax; Path={path}"),
            format!("csrf_access_token={access_csrf}; SameSite=Lax; Path=/"),
            format!("csrf_refresh_token={refresh_csrf}; SameSite=Lax; Path={path}"),
        ] {
            reply.push_header(header::SET_COOKIE, &cookie);
        }
        reply
    }

    fn set_access_pair(&mut self, reply: &mut Reply, sub: &str, fresh: bool, now: Now) {
        let (access, csrf) = self.token(sub, Purpose::Access, fresh, now);
        let access = format!("{ACCESS_COOKIE}={access}; HttpOnly; SameSite=Lax; Path=/");
        reply.push_header(header::SET_COOKIE, &access);
        reply.push_header(
            header::SET_COOKIE,
            &format!("csrf_access_token={csrf}; SameSite=Lax; Path=/"),
        );
    }

    fn token(&mut self, sub: &str, purpose: Purpose, fresh: bool, now: Now) -> (String, String) {
        let life_s = if purpose == Purpose::Access { ACCESS_LIFE_S } else { REFRESH_LIFE_S };
        let claims = Claims {
            fresh,
            iat: now.ms / 1000,
            jti: self.dice.uuid(),
            purpose,
            sub: sub.to_owned(),
            csrf: self.dice.uuid(),
            exp: now.ms / 1000 + life_s,
            last_modified_at: self.users.get(sub).map_or(0, |user| user.last_modified_ms),
        };
        (self.signer.sign(&claims), claims.csrf)
    }

    // What faults do.

    pub(crate) fn expire(&mut self, claims: &Claims) {
        self.expired.insert(claims.jti.clone());
    }

    pub(crate) fn revoke(&mut self, claims: &Claims, now: Now) {
        if let Some(user) = self.users.get_mut(&claims.sub) {
            user.revoke(now.ms);
        }
    }

    /// Changes the CSRF value of a session on this side; unless `silent`, the reply brings the new pair.
    pub(crate) fn rotate_csrf(
        &mut self,
        claims: &Claims,
        silent: bool,
        reply: &mut Reply,
        now: Now,
    ) {
        self.rotated.insert(claims.jti.clone(), self.dice.uuid());
        if !silent {
            self.set_access_pair(reply, &claims.sub, claims.fresh, now);
        }
    }
}

fn is_revoked(users: &Users, claims: &Claims) -> bool {
    users.get(&claims.sub).is_none_or(|user: &User| claims.last_modified_at < user.last_modified_ms)
}

fn ok(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}

fn string<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Fail> {
    match body.get(name) {
        None | Some(Value::Null) => Err(Fail::missing_field(name)),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}
