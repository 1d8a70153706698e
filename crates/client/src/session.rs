//! The values behind a generation of a session, as one immutable snapshot.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cookie_store::CookieStore;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use steadfast_call::dialect::{Auth, Csrf, Dialect};
use url::Url;
use zeroize::Zeroizing;

use crate::secret::{Credentials, Secret};

/// What one generation holds: cookies, a credential in a header, a CSRF token. What changes makes
/// a new snapshot, never a changed one.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    jar: CookieStore,
    authorization: Option<Authorization>,
    csrf: Option<FetchedCsrf>,
}

/// A header that proves who we are.
#[derive(Clone)]
struct Authorization {
    name: HeaderName,
    value: HeaderValue,
    secret: Secret,
}

/// A CSRF token, and the cookies without which it is void.
#[derive(Clone)]
struct FetchedCsrf {
    token: Secret,
    cookies: Vec<String>,
}

/// The names only: the values are secrets.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.jar.iter_any().map(|cookie| cookie.name())).finish()
    }
}

impl Snapshot {
    /// What every request carries where there is no session to be made. None where there is one.
    ///
    /// # Errors
    /// The field whose value cannot be sent in a header, and why.
    pub(crate) fn of_credentials(
        auth: &Auth,
        credentials: &Credentials,
    ) -> Result<Option<Self>, (String, &'static str)> {
        match auth {
            Auth::Bearer { token, .. } => {
                let token = credentials.fill(token);
                Self::bearer(token).map(Some).ok_or(("token".to_owned(), NOT_A_HEADER))
            }
            Auth::ApiKey { header, value, .. } => {
                let made = Self::with_header(header, "", credentials.fill(value));
                made.map(Some).ok_or((header.clone(), NOT_A_HEADER))
            }
            Auth::Basic { username, password, .. } => {
                let (user, password) = (credentials.fill(username), credentials.fill(password));
                let text = basic(user.reveal(), password.reveal())
                    .ok_or(("username".to_owned(), NO_COLON))?;
                Ok(Self::with_header("authorization", "Basic ", text))
            }
            Auth::None
            | Auth::CookieSession { .. }
            | Auth::ClientCredentials { .. }
            | Auth::TokenExchange { .. } => Ok(None),
        }
    }

    /// A token that is sent as a bearer (RFC 6750, section 2.1).
    pub(crate) fn bearer(token: Secret) -> Option<Self> {
        Self::with_header("authorization", "Bearer ", token)
    }

    fn with_header(name: &str, prefix: &str, secret: Secret) -> Option<Self> {
        // Other bytes are allowed, but mean nothing that two sides agree on (RFC 9110, 5.5).
        let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let text = Zeroizing::new(format!("{prefix}{}", secret.reveal()));
        if !text.bytes().all(is_plain) {
            return None;
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let authorization = Some(Authorization { name, value, secret });
        Some(Self { authorization, ..Self::default() })
    }

    /// The same cookies, and those that a reply sets.
    pub(crate) fn merged(&self, headers: &HeaderMap, url: &Url) -> Self {
        let mut merged = self.clone();
        for value in headers.get_all(SET_COOKIE) {
            if let Ok(text) = value.to_str() {
                // A cookie that the rules refuse (another domain's, say) is none of ours.
                let _ = merged.jar.parse(text, url);
            }
        }
        merged
    }

    /// The bearer token, if it holds one.
    pub(crate) fn token(&self) -> Option<Secret> {
        let authorization = self.authorization.as_ref()?;
        authorization.value.as_bytes().starts_with(b"Bearer ").then(|| authorization.secret.clone())
    }

    /// The same, with a CSRF token and the cookies that came with it: they belong together.
    pub(crate) fn with_csrf(&self, token: &str, headers: &HeaderMap, url: &Url) -> Self {
        let mut merged = self.merged(headers, url);
        let set = Self::default().merged(headers, url);
        let cookies = set.jar.iter_any().map(|cookie| cookie.name().to_owned()).collect();
        merged.csrf = Some(FetchedCsrf { token: Secret::new(token), cookies });
        merged
    }

    /// The same without its CSRF token.
    pub(crate) fn without_csrf(self) -> Self {
        Self { csrf: None, ..self }
    }

    /// The value of a cookie that would be sent to that URL.
    pub(crate) fn value(&self, name: &str, url: &Url) -> Option<String> {
        self.jar
            .get_request_values(url)
            .find(|(cookie, _)| *cookie == name)
            .map(|(_, value)| value.to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The value that a write is sent with against forgery.
    pub(crate) fn csrf_value(&self, dialect: &Dialect, url: &Url) -> Option<Secret> {
        match dialect.csrf.as_ref()? {
            Csrf::CookieToHeader { cookie, .. } => self.value(cookie, url).map(Secret::new),
            Csrf::Fetch { .. } => self.csrf.as_ref().map(|csrf| csrf.token.clone()),
        }
    }

    /// The values of all that is in it, to be kept out of logs and errors.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        let authorization = self.authorization.iter().map(|held| held.secret.reveal());
        let csrf = self.csrf.iter().map(|held| held.token.reveal());
        self.jar.iter_any().map(|cookie| cookie.value()).chain(authorization).chain(csrf)
    }

    /// True if an attempt bound with either would be judged alike: the session and the CSRF
    /// value are the same.
    pub(crate) fn is_judged_as(&self, other: &Self, dialect: &Dialect, url: &Url) -> bool {
        let session = match &dialect.auth {
            Auth::CookieSession { session_cookie, .. } => Some(session_cookie),
            _ => None,
        };
        let csrf = match &dialect.csrf {
            Some(Csrf::CookieToHeader { cookie, .. }) => Some(cookie),
            Some(Csrf::Fetch { .. }) | None => None,
        };
        let same = |name: &String| self.value(name, url) == other.value(name, url);
        // One that merely changed may be a load balancer's; should it be the session's, then the
        // API refuses the token, and another one is fetched.
        let mut fetched = other.csrf.iter().flat_map(|csrf| &csrf.cookies);
        let gone = |name: &String| self.value(name, url).is_none();
        [session, csrf].into_iter().flatten().all(same) && !fetched.any(gone)
    }

    /// True if the cookie that makes a session is there, where one makes it.
    pub(crate) fn is_session(&self, dialect: &Dialect, url: &Url) -> bool {
        match &dialect.auth {
            Auth::CookieSession { session_cookie, .. } => self.value(session_cookie, url).is_some(),
            _ => true,
        }
    }

    /// Binds an attempt: the credential in its header, cookies by their rules, and the CSRF
    /// value as it is now (hazard 1).
    pub(crate) fn bind(&self, dialect: &Dialect, method: &str, url: &Url, headers: &mut HeaderMap) {
        self.bind_authorization(headers);
        self.bind_cookies(url, headers);
        let needs = |methods: &[String]| methods.iter().any(|m| m.eq_ignore_ascii_case(method));
        match &dialect.csrf {
            Some(Csrf::CookieToHeader { cookie, header, methods }) if needs(methods) => {
                self.bind_csrf(cookie, header, url, headers);
            }
            Some(Csrf::Fetch { header, methods, .. }) if needs(methods) => {
                if let Some(csrf) = &self.csrf {
                    insert_secret(header, csrf.token.reveal(), headers);
                }
            }
            _ => {}
        }
    }

    /// Puts in the credential that goes into a header, if there is one.
    pub(crate) fn bind_authorization(&self, headers: &mut HeaderMap) {
        if let Some(Authorization { name, value, .. }) = &self.authorization {
            headers.insert(name, value.clone());
        }
    }

    /// Puts the value of a cookie into the CSRF header. Without the cookie no header is sent.
    pub(crate) fn bind_csrf(&self, cookie: &str, header: &str, url: &Url, headers: &mut HeaderMap) {
        if let Some(value) = self.value(cookie, url) {
            insert_secret(header, &value, headers);
        }
    }

    pub(crate) fn bind_cookies(&self, url: &Url, headers: &mut HeaderMap) {
        let mut line = String::new();
        for (name, value) in self.jar.get_request_values(url) {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(name);
            line.push('=');
            line.push_str(value);
        }
        if let (false, Ok(mut value)) = (line.is_empty(), HeaderValue::from_str(&line)) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }
}

pub(crate) const NO_COLON: &str = "it holds a colon, which ends a user name (RFC 7617)";
const NOT_A_HEADER: &str = "it cannot be sent in a header; only visible ASCII can";

/// User name and password as RFC 7617 writes them. None if the name holds a colon, which ends it.
pub(crate) fn basic(username: &str, password: &str) -> Option<Secret> {
    let text = Zeroizing::new(format!("{username}:{password}"));
    (!username.contains(':')).then(|| Secret::new(BASE64_STANDARD.encode(text.as_bytes())))
}

/// Sets a header whose value is not to be printed. What cannot be sent is not set.
pub(crate) fn insert_secret(name: &str, value: &str, headers: &mut HeaderMap) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:9/api{path}")).unwrap()
    }

    fn logged_in() -> Snapshot {
        let mut headers = HeaderMap::new();
        for cookie in [
            "access_token_cookie=J1; HttpOnly; SameSite=Lax; Path=/",
            "refresh_token_cookie=R1; HttpOnly; SameSite=Lax; Path=/api/refresh",
            "csrf_access_token=T1; SameSite=Lax; Path=/",
            "csrf_refresh_token=U1; SameSite=Lax; Path=/api/refresh",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        Snapshot::default().merged(&headers, &url("/login"))
    }

    #[test]
    fn hazard_08_the_refresh_cookies_go_to_the_refresh_only() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let mut headers = HeaderMap::new();
        logged_in().bind(&knosc, "POST", &url("/purchase-order"), &mut headers);
        let cookies = headers[COOKIE].to_str().unwrap();
        assert!(cookies.contains("access_token_cookie=J1") && !cookies.contains("R1"), "{cookies}");
        assert_eq!(headers["x-xsrf-token"], "T1");
        assert_eq!(logged_in().value("csrf_refresh_token", &url("/item-master")), None);
        assert_eq!(
            logged_in().value("csrf_refresh_token", &url("/refresh")).as_deref(),
            Some("U1")
        );
    }

    #[test]
    fn hazard_07_a_login_without_the_session_cookie_is_no_session() {
        let knosc = Dialect::built_in("knosc").unwrap();
        assert!(logged_in().is_session(&knosc, &url("/login")));
        assert!(!Snapshot::default().is_session(&knosc, &url("/login")));
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", logged_in());
        assert!(shown.contains("access_token_cookie") && !shown.contains("J1"), "{shown}");
    }

    #[test]
    fn a_load_balancers_cookie_does_not_change_how_an_attempt_is_judged() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let with = |cookie| {
            let headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static(cookie))]);
            logged_in().merged(&headers, &url("/item-master"))
        };
        let same = |other: &Snapshot| other.is_judged_as(&logged_in(), &knosc, &url("/"));
        assert!(same(&with("lb=7; Path=/")) && same(&with("csrf_access_token=T1; Path=/")));
        assert!(!same(&with("csrf_access_token=T2; Path=/")));
        assert!(!same(&with("access_token_cookie=J2; Path=/")));
        assert!(!same(&with(
            "access_token_cookie=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        )));
    }

    #[test]
    fn reads_carry_no_csrf_header_and_secrets_are_marked() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let mut headers = HeaderMap::new();
        logged_in().bind(&knosc, "GET", &url("/item-master"), &mut headers);
        assert!(!headers.contains_key("x-xsrf-token"));
        assert!(!format!("{headers:?}").contains("J1"));
    }
}
