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
        Auth::CookieSession { session_cookie, replays_after_401, login, refresh } => {
            page.line(&format!(
                "{} {} sets the cookie {session_cookie}",
                login.method,
                login.paths.join(" or ")
            ));
            if let Some(refresh) = refresh {
                page.line(&format!("{} {} renews it", refresh.method, refresh.paths.join(" or ")));
            }
            page.line(&format!("a call is sent again {} after a 401", times(*replays_after_401)));
        }
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
    if let Some(keys) = &dialect.idempotency {
        key_lines(keys, page);
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
    page.title("Idempotency keys");
    let routes = |routes: &[RoutePattern]| {
        let all: Vec<String> =
            routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        all.join(", ")
    };
    page.line(&format!("at {}, honoured by {}", keys.at, routes(&keys.honoured)));
    if let Some(sent) = &keys.sent {
        page.line(&format!("sent to {}", routes(sent)));
    }
    if let Some(wait_ms) = keys.retention_ms {
        page.line(&format!("remembered for {}", seconds(wait_ms)));
    }
    if let Some(replayed) = &keys.replayed {
        page.line(&format!("a replay shows at {}", replayed.at));
    }
}

fn token_line(what: &str, route: &TokenRoute) -> String {
    let at = route.path.as_ref().or(route.url.as_ref()).map_or("", String::as_str);
    format!("{} {at} gets {what}", route.method)
}
