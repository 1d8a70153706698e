use bytes::Bytes;
use serde_json::{Value, json};

use super::{Incoming, Outgoing};

/// The user that the API knows.
pub(crate) const USERNAME: &str = "ada@example.com";
/// Its password. What is secret in a world begins with "canary", so that it can be searched for.
pub(crate) const PASSWORD: &str = "canary-password-1";

/// The sessions that the API has made.
#[derive(Debug)]
pub(crate) struct Sessions {
    needed: bool,
    lasts_ms: Option<u64>,
    made: Vec<Session>,
}

#[derive(Debug)]
struct Session {
    made_ms: u64,
    void: bool,
    /// A session that ends takes its refresh along only if it was revoked.
    refresh_void: bool,
    csrf: u64,
    /// The caller has not been told the newest CSRF value.
    csrf_untold: bool,
    /// Some request that bore it was refused for it.
    refused: bool,
}

/// What comes of the credentials of a request.
pub(super) enum Pass {
    In { fresh_csrf: Option<String> },
    Out(Outgoing),
}

impl Sessions {
    pub(super) fn new(needed: bool, lasts_ms: Option<u64>) -> Self {
        Self { needed, lasts_ms, made: Vec::new() }
    }

    pub(super) fn log_in(&mut self, body: &Bytes, now_ms: u64) -> Outgoing {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if body["username"] == USERNAME && body["password"] == PASSWORD {
            return self.make(now_ms);
        }
        Outgoing::json(401, &json!({"Code": "User.InvalidCredentials", "Message": "no"}))
    }

    pub(super) fn refresh(&mut self, request: &Incoming, now_ms: u64) -> Outgoing {
        let held = id_in(request.cookie("refresh_token_cookie"));
        let csrf = request.cookie("csrf_refresh_token");
        let known = held.and_then(|id| self.made.get(id)).is_some_and(|held| !held.refresh_void);
        match known && csrf.is_some() && csrf == request.csrf.as_deref() {
            true => self.make(now_ms),
            false => Outgoing::json(401, &json!({"msg": "Token has been revoked"})),
        }
    }

    fn make(&mut self, now_ms: u64) -> Outgoing {
        let id = self.made.len();
        self.made.push(Session {
            made_ms: now_ms,
            void: false,
            refresh_void: false,
            csrf: 0,
            csrf_untold: false,
            refused: false,
        });
        let mut answer = Outgoing::json(200, &json!({"message": "Welcome"}));
        answer.cookies = vec![
            format!("access_token_cookie=canary-access-{id}; HttpOnly; Path=/"),
            format!("refresh_token_cookie=canary-refresh-{id}; HttpOnly; Path=/api/refresh"),
            csrf_cookie(id, 0),
            format!("csrf_refresh_token=canary-refresh-csrf-{id}; Path=/api/refresh"),
        ];
        answer
    }

    pub(super) fn admit(&mut self, request: &Incoming, now_ms: u64) -> Pass {
        if !self.needed {
            return Pass::In { fresh_csrf: None };
        }
        let id = id_in(request.cookie("access_token_cookie"));
        let lasts_ms = self.lasts_ms.unwrap_or(u64::MAX);
        let Some((id, session)) = id.and_then(|id| Some((id, self.made.get_mut(id)?))) else {
            return Pass::Out(Outgoing::json(401, &json!({"msg": "Missing cookie"})));
        };
        if session.void || now_ms - session.made_ms >= lasts_ms {
            session.refused = true;
            return Pass::Out(Outgoing::json(401, &json!({"msg": "Token has expired"})));
        }
        let csrf = csrf_text(id, session.csrf);
        if request.is_write() && request.csrf.as_deref() != Some(csrf.as_str()) {
            session.refused = true;
            return Pass::Out(Outgoing::json(422, &json!({"msg": "CSRF double submit"})));
        }
        let untold = std::mem::take(&mut session.csrf_untold);
        Pass::In { fresh_csrf: untold.then(|| csrf_cookie(id, session.csrf)) }
    }

    /// Something on the way says that the session of this request is of no use.
    pub(crate) fn disown(&mut self, request: &Incoming) {
        let id = id_in(request.cookie("access_token_cookie"));
        if let Some(session) = id.and_then(|id| self.made.get_mut(id)) {
            session.refused = true;
        }
    }

    /// The session of that request ends.
    pub(crate) fn end(&mut self, request: &Incoming) {
        let id = id_in(request.cookie("access_token_cookie"));
        if let Some(session) = id.and_then(|id| self.made.get_mut(id)) {
            session.void = true;
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        for session in &mut self.made {
            session.void = true;
            session.refresh_void = true;
        }
    }

    pub(crate) fn rotate_csrf(&mut self) {
        for session in &mut self.made {
            session.csrf += 1;
            session.csrf_untold = true;
        }
    }

    /// True if nobody has been told that this session is of no use.
    pub(crate) fn is_unrefused(&self, id: usize) -> bool {
        self.made.get(id).is_some_and(|session| !session.refused)
    }
}

/// The session that an answer makes, if it makes one.
pub(crate) fn session_in(cookies: &[String]) -> Option<usize> {
    let text = cookies.iter().find_map(|cookie| cookie.strip_prefix("access_token_cookie="))?;
    id_in(text.split(';').next())
}

fn id_in(value: Option<&str>) -> Option<usize> {
    value?.rsplit('-').next()?.parse().ok()
}

fn csrf_text(id: usize, csrf: u64) -> String {
    format!("canary-csrf-{csrf}-{id}")
}

fn csrf_cookie(id: usize, csrf: u64) -> String {
    format!("csrf_access_token={}; Path=/", csrf_text(id, csrf))
}

impl Incoming {
    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}
