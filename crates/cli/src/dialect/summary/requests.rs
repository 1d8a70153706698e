use steadfast::dialect::{Auth, Csrf, Dialect, Idempotency, RoutePattern, TokenRoute};

use super::{Page, seconds, times};

pub(super) fn of(dialect: &Dialect, page: &mut Page) {
    page.title("Log-in");
    match &dialect.auth {
        Auth::None => page.line("none"),
        Auth::Bearer { .. } => page.line("a token in the header Authorization"),
        Auth::ApiKey { header, .. } => page.line(&format!("a key in the header {header}")),
        Auth::Basic { .. } => page.line("user name and password in the header Authorization"),
        Auth::ClientCredentials { token, .. } => page.line(&token_line("a token", token)),
        Auth::TokenExchange { parent, owner, .. } => {
            page.line(&token_line("a parent token", parent));
            page.line(&format!(
                "{} {} gets the token of an owner with it",
                owner.method, owner.path
            ));
            page.line(&format!("owners' tokens are for {}", owner.of.join(", ")));
        }
        Auth::CookieSession { session_cookie, login, refresh, .. } => {
            page.line(&format!(
                "{} {} sets the cookie {session_cookie}",
                login.method,
                login.paths.join(" or ")
            ));
            if let Some(refresh) = refresh {
                page.line(&format!("{} {} renews it", refresh.method, refresh.paths.join(" or ")));
            }
        }
    }
    if !matches!(dialect.auth, Auth::None) {
        page.line(&match dialect.auth.replays_after_401() {
            0 => "a 401 ends the call".to_owned(),
            count => format!("after a 401 the log-in is renewed, {} for a call", times(count)),
        });
    }
    let fields = dialect.auth.fields();
    if !fields.is_empty() {
        page.line(&format!("credentials: {}", fields.join(", ")));
    }
    for (name, scheme) in &dialect.auth_schemes {
        page.line(&format!("or {name}, with {}", scheme.fields().join(", ")));
    }
    match &dialect.csrf {
        Some(Csrf::CookieToHeader { cookie, header, methods }) => {
            let methods = methods.join(", ");
            page.line(&format!("CSRF: the cookie {cookie} goes into {header} on {methods}"));
        }
        Some(Csrf::Fetch { method, path, header, methods, .. }) => {
            let methods = methods.join(", ");
            page.line(&format!("CSRF: {method} {path} gives {header}, for {methods}"));
        }
        None => {}
    }
    with_every_call(dialect, page);
    page.title("Idempotency keys");
    match &dialect.idempotency {
        Some(keys) => key_lines(keys, page),
        None => page.line("none: the API recognises no repeat by a key"),
    }
}

fn with_every_call(dialect: &Dialect, page: &mut Page) {
    let request = &dialect.request;
    for (name, value) in &request.headers {
        page.line(&format!("every call has {name}: {value}"));
    }
    if let Some(header) = &request.id_header {
        page.line(&format!("every call has an id of its own in {header}"));
    }
    if request.trailing_slash {
        page.line("paths are sent with a slash at their end");
    }
}

fn key_lines(keys: &Idempotency, page: &mut Page) {
    page.line(&format!("at {}, honoured by {}", keys.at, routes(&keys.honoured)));
    if let Some(sent) = &keys.sent {
        page.line(&format!("sent to {}", routes(sent)));
    }
    page.line(match keys.generate {
        true => "made for each of these writes where the caller gives none",
        false => "only where the caller gives one",
    });
    if let Some(length) = keys.length_max {
        page.line(&format!("{length} characters at the most"));
    }
    page.line(&match keys.retention_ms {
        Some(wait_ms) => format!("remembered for {}; an older key counts as none", long(wait_ms)),
        None => "remembered for good".to_owned(),
    });
    if let Some(replayed) = &keys.replayed {
        page.line(&format!("a replay shows at {}", replayed.at));
    }
}

/// Methods and paths, in a row.
pub(super) fn routes(routes: &[RoutePattern]) -> String {
    let all: Vec<String> =
        routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    all.join(", ")
}

/// A long time in the largest unit that goes into it.
fn long(wait_ms: u64) -> String {
    match (wait_ms % 3_600_000, wait_ms % 60_000) {
        (0, _) => format!("{} h", wait_ms / 3_600_000),
        (_, 0) => format!("{} min", wait_ms / 60_000),
        _ => seconds(wait_ms),
    }
}

fn token_line(what: &str, route: &TokenRoute) -> String {
    let at = route.path.as_ref().or(route.url.as_ref()).map_or("", String::as_str);
    format!("{} {at} gets {what}", route.method)
}
