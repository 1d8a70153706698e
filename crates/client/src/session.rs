//! The values behind a generation of the session: one immutable snapshot of the cookies.

use cookie_store::CookieStore;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use steadfast_call::dialect::{Auth, Csrf, Dialect};
use url::Url;

/// The cookies of one generation. A changed cookie makes a new snapshot, never a changed one.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    jar: CookieStore,
}

/// The names only: the values are secrets.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.jar.iter_any().map(|cookie| cookie.name())).finish()
    }
}

impl Snapshot {
    /// The same cookies, and those that a reply sets.
    pub(crate) fn merged(&self, headers: &HeaderMap, url: &Url) -> Self {
        let mut jar = self.jar.clone();
        for value in headers.get_all(SET_COOKIE) {
            if let Ok(text) = value.to_str() {
                // A cookie that the rules refuse (another domain's, say) is none of ours.
                let _ = jar.parse(text, url);
            }
        }
        Self { jar }
    }

    /// The value of a cookie that would be sent to that URL.
    pub(crate) fn value(&self, name: &str, url: &Url) -> Option<String> {
        self.jar
            .get_request_values(url)
            .find(|(cookie, _)| *cookie == name)
            .map(|(_, value)| value.to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The values of all cookies, to be kept out of logs and errors.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.jar.iter_any().map(|cookie| cookie.value())
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
        [session, csrf].into_iter().flatten().all(|n| self.value(n, url) == other.value(n, url))
    }

    /// True if the cookie that makes a session is there.
    pub(crate) fn is_session(&self, dialect: &Dialect, url: &Url) -> bool {
        match &dialect.auth {
            Auth::CookieSession { session_cookie, .. } => self.value(session_cookie, url).is_some(),
            _ => true,
        }
    }

    /// Binds an attempt: cookies by their rules, and the CSRF value as it is now (hazard 1).
    pub(crate) fn bind(&self, dialect: &Dialect, method: &str, url: &Url, headers: &mut HeaderMap) {
        self.bind_cookies(url, headers);
        if let Some(Csrf::CookieToHeader { cookie, header, methods }) = &dialect.csrf
            && methods.iter().any(|m| m == method)
        {
            self.bind_csrf(cookie, header, url, headers);
        }
    }

    /// Puts the value of a cookie into the CSRF header. Without the cookie no header is sent.
    pub(crate) fn bind_csrf(&self, cookie: &str, header: &str, url: &Url, headers: &mut HeaderMap) {
        let name = HeaderName::from_bytes(header.as_bytes());
        let value = self.value(cookie, url).map(|value| HeaderValue::from_str(&value));
        if let (Ok(name), Some(Ok(mut value))) = (name, value) {
            value.set_sensitive(true);
            headers.insert(name, value);
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
