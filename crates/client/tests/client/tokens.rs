//! Log-ins by token, key and password, a token for each resource owner, and CSRF tokens that
//! are fetched.

use futures_util::future::join_all;
use serde_json::json;
use steadfast::dialect::{Auth, Csrf, Dialect};
use steadfast::{BuildError, Builder, Client, Credentials, CredentialsKind, Kind};

use crate::double::quick;
use crate::logs::Lines;
use crate::server::{Answer, Seen, Server};

const PARTNER: &str = "/api/v1/platform/oauth2/token/";

/// Problem details with a way to log in that is asked for.
fn with_auth(auth: &str) -> Dialect {
    let text = Dialect::built_in_text("problem").unwrap();
    let none = "[auth]\nkind = \"none\"\n";
    assert!(text.contains(none));
    let mut dialect = Dialect::parse(&text.replace(none, &format!("{auth}\n"))).unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        (policy.fault_base_ms, policy.throttle_base_ms, policy.wait_cap_ms) = (4, 4, 16);
    }
    dialect
}

fn builder(server: &Server, dialect: Dialect, credentials: Credentials) -> Builder {
    Client::builder(dialect, &server.base_url).credentials(credentials)
}

fn thredfi(server: &Server) -> Client {
    let mut dialect = Dialect::built_in("thredfi").unwrap();
    dialect.policy.recommended.fault_base_ms = 4;
    let credentials =
        Credentials::named([("partner_uuid", "partner-1"), ("api_key", "api-key-canary")]);
    builder(server, dialect, credentials).build().unwrap()
}

fn invoices(business: &str) -> String {
    format!("/v1/platform/businesses/{business}/invoices/")
}

fn granted(token: &str) -> Answer {
    Answer::json(200, &json!({ "access_token": token, "expires_in": 3600 }))
}

fn void() -> Answer {
    Answer::json(401, &json!({ "error": "Token is invalid", "error_code": "invalid_token" }))
}

/// A partner whose businesses have tokens that tell whose they are, and which they are of.
fn two_tiers(seen: &Seen, n: usize) -> Answer {
    match seen.route() {
        PARTNER => granted(&format!("partner-token-{n}")).late(20),
        route if route.ends_with("/oauth2/token/") => {
            let business = route.trim_start_matches("/api/v1/platform/").split('/').next().unwrap();
            granted(&format!("token-of-{business}-{n}")).late(20)
        }
        _ => Answer::json(200, &json!({ "results": [] })),
    }
}

#[tokio::test]
async fn hazard_10_two_businesses_in_parallel_each_use_their_own_token() {
    let server = Server::start(two_tiers).await;
    let client = thredfi(&server);
    let paths: Vec<String> =
        (0..20).map(|n| invoices(if n % 2 == 0 { "b1" } else { "b2" })).collect();
    for result in join_all(paths.iter().map(|path| client.get(path.as_str()).send())).await {
        result.unwrap();
    }
    client.get("/v1/platform/businesses/").await.unwrap();
    assert_eq!(server.count("POST", PARTNER), 1);
    for business in ["b1", "b2"] {
        let route = format!("/api/v1/platform/{business}/oauth2/token/");
        assert_eq!(server.count("POST", &route), 1);
    }
    for seen in server.seen() {
        let basic = "Basic cGFydG5lci0xOmFwaS1rZXktY2FuYXJ5";
        let wanted = match seen.route() {
            PARTNER => basic,
            route if route.contains("/businesses/b1/") => "Bearer token-of-b1-0",
            route if route.contains("/businesses/b2/") => "Bearer token-of-b2-0",
            _ => "Bearer partner-token-0",
        };
        assert_eq!(seen.header("authorization"), wanted, "{seen:#?}");
    }
    let partner = &server.seen()[0];
    assert_eq!(partner.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(partner.body, "grant_type=client_credentials");
}

#[tokio::test]
async fn hazard_02_twenty_calls_whose_token_is_void_make_one_exchange() {
    let server = Server::start(|seen, n| match seen.header("authorization") {
        "Bearer token-of-b1-0" => void().late(20),
        _ => two_tiers(seen, n),
    })
    .await;
    let client = thredfi(&server);
    let path = invoices("b1");
    for result in join_all((0..20).map(|_| client.get(path.as_str()).send())).await {
        result.unwrap();
    }
    assert_eq!(server.count("POST", PARTNER), 1);
    assert_eq!(server.count("POST", "/api/v1/platform/b1/oauth2/token/"), 2);
    // As many as may be in flight at once were refused together, and each was sent once more.
    let seen = server.seen();
    let with =
        |token: &str| seen.iter().filter(|seen| seen.header("authorization") == token).count();
    assert!(with("Bearer token-of-b1-0") > 1);
    assert_eq!(with("Bearer token-of-b1-1"), 20);
}

#[tokio::test]
async fn hazard_04_v29_a_token_that_is_never_taken_ends_after_three_sends() {
    let server = Server::start(|seen, n| match seen.route().contains("/invoices/") {
        true => void(),
        false => two_tiers(seen, n),
    })
    .await;
    let error = thredfi(&server).get(invoices("b1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::TokenNotTaken));
    assert_eq!(server.count("GET", "/api/v1/platform/businesses/b1/invoices/"), 3);
    // The first acquisition, then the business's, then both.
    assert_eq!(server.count("POST", PARTNER), 2);
    assert_eq!(server.count("POST", "/api/v1/platform/b1/oauth2/token/"), 3);
}

#[tokio::test]
async fn hazard_05_hazard_12_wrong_basic_credentials_are_tried_once_and_not_shown() {
    let (lines, _guard) = Lines::capture();
    let server = Server::start(|seen, _| {
        let said = format!("no: {} api-key-canary", seen.header("authorization"));
        Answer::json(401, &json!({ "error": said, "error_code": "invalid_token" }))
    })
    .await;
    let client = thredfi(&server);
    let mut shown = format!("{client:?}");
    for business in ["b1", "b2", "b1"] {
        let error = client.get(invoices(business)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
        shown.push_str(&format!("{error} {error:?} {}", error.user_message()));
    }
    shown.push_str(&lines.text());
    assert_eq!(server.seen().len(), 1);
    for canary in ["api-key-canary", "YXBpLWtleS1jYW5hcnk"] {
        assert!(!shown.contains(canary), "{shown}");
    }
}

#[tokio::test]
async fn hazard_12_tokens_of_the_past_are_not_shown_either() {
    let (lines, _guard) = Lines::capture();
    let server = Server::start(|seen, n| match seen.route().contains("/invoices/") {
        true => {
            let said = format!("{} and token-of-b1-0", seen.header("authorization"));
            Answer::json(401, &json!({ "error": said, "error_code": "invalid_token" }))
        }
        false => two_tiers(seen, n),
    })
    .await;
    let error = thredfi(&server).get(invoices("b1")).await.unwrap_err();
    let shown = format!("{error} {error:?} {} {}", error.user_message(), lines.text());
    assert!(shown.contains("[redacted]") && !shown.contains("token-of-b1"), "{shown}");
}

#[tokio::test]
async fn client_credentials_go_where_the_style_says() {
    let basic = "Basic aWQtMTpzJWNyJnQ=";
    let json = r#"{"client_id":"id-1","client_secret":"s%cr&t","scope":"all"}"#;
    for (style, authorization, body) in [
        ("basic", basic, "scope=all"),
        ("form", "", "client_id=id-1&client_secret=s%25cr%26t&scope=all"),
        ("json", "", json),
    ] {
        let auth = format!(
            "[auth]\nkind = \"client_credentials\"\n[auth.token]\npath = \"/token\"\nstyle = \"{style}\"\nclient_id = \"{{id}}\"\nclient_secret = \"{{secret}}\"\nbody = {{ scope = \"all\" }}\n"
        );
        let server = Server::start(|seen, n| match (seen.route(), n) {
            ("/api/token", n) => granted(&format!("token-{n}")),
            (_, 0) => Answer::json(401, &json!({})),
            _ => Answer::json(200, &json!({})),
        })
        .await;
        let credentials = Credentials::named([("id", "id-1"), ("secret", "s%cr&t")]);
        let client = builder(&server, with_auth(&auth), credentials).build().unwrap();
        client.get("/x").await.unwrap();
        let seen = server.seen();
        let [asked, first, _, replay] = &seen[..] else { panic!("{seen:#?}") };
        assert_eq!((asked.header("authorization"), asked.body.as_str()), (authorization, body));
        assert_eq!(first.header("authorization"), "Bearer token-0");
        assert_eq!(replay.header("authorization"), "Bearer token-1");
    }
}

#[tokio::test]
async fn hazard_14_what_is_for_the_api_does_not_go_to_the_token_server() {
    let elsewhere = Server::start(|_, _| granted("token-canary")).await;
    let server = Server::start(|_, _| {
        Answer::with(302, &[("Location", "http://127.0.0.1:9/elsewhere")], "")
    })
    .await;
    let auth = "[auth]\nkind = \"client_credentials\"\n[auth.token]\npath = \"/token\"\nstyle = \"form\"\nclient_id = \"{id}\"\nclient_secret = \"{secret}\"\n";
    let credentials = Credentials::named([("id", "id-1"), ("secret", "secret-canary")]);
    let client = builder(&server, with_auth(auth), credentials)
        .header("X-Tenant", "tenant-canary")
        .token_url(format!("{}/oauth/token", elsewhere.base_url))
        .build()
        .unwrap();
    client.get("/x").await.unwrap_err();
    // An address in a path is a path below the base, wherever it wants to lead.
    client.get(format!("{}/y", elsewhere.base_url)).await.unwrap_err();
    let asked = elsewhere.seen();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert!(asked[0].header("x-tenant").is_empty() && asked[0].header("cookie").is_empty());
    for seen in server.seen() {
        assert!(!format!("{seen:?}").contains("secret-canary"), "{seen:#?}");
        assert_eq!(seen.header("authorization"), "Bearer token-canary");
    }
}

#[tokio::test]
async fn keys_and_passwords_go_with_every_request() {
    for (auth, header, wanted) in [
        ("kind = \"bearer\"\ntoken = \"{key}\"", "authorization", "Bearer key-canary"),
        ("kind = \"api_key\"\nheader = \"X-Key\"\nvalue = \"k {key}\"", "x-key", "k key-canary"),
        (
            "kind = \"basic\"\nusername = \"ada\"\npassword = \"{key}\"",
            "authorization",
            "Basic YWRhOmtleS1jYW5hcnk=",
        ),
    ] {
        let server = Server::start(|seen, _| match seen.route() {
            "/api/void" => Answer::json(401, &json!({ "detail": "key-canary is void" })),
            _ => Answer::json(200, &json!({})),
        })
        .await;
        let credentials = Credentials::named([("key", "key-canary")]);
        let dialect = with_auth(&format!("[auth]\n{auth}\n"));
        let client = builder(&server, dialect, credentials).build().unwrap();
        client.log_in().await.unwrap();
        client.get("/x").await.unwrap();
        let error = client.get("/void").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
        assert!(!format!("{error:?} {error}").contains("key-canary"), "{error:?}");
        assert_eq!(server.seen().len(), 2, "there is nothing to renew");
        assert!(server.seen().iter().all(|seen| seen.header(header) == wanted));
    }
}

#[test]
fn hazard_12_what_is_missing_or_cannot_be_sent_is_said_before_anything_is() {
    let kneo = |credentials| {
        let kneo = Dialect::built_in("kneo").unwrap();
        Client::builder(kneo, "http://127.0.0.1:9").credentials(credentials)
    };
    let key = |text: &str| Credentials::named([("api_key", text)]);
    for (built, words) in [
        (kneo(Credentials::default()).build(), "`api_key`"),
        (kneo(Credentials::token("key-canary")).build(), "`api_key` is not there"),
        (kneo(key("")).build(), "it is empty"),
        (kneo(key("key-canary\n")).build(), "line end of a key file"),
        (kneo(key("key-canary-ü")).build(), "visible ASCII"),
        (kneo(key("key-canary")).auth_scheme("basic").build(), "there is `kneo_api_key`"),
        (kneo(key("key-canary")).token_url("https://x.example").build(), "token_url"),
    ] {
        let Err(error) = built else { panic!("nothing is wrong, and {words} is expected") };
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("key-canary"), "{text}");
    }
    kneo(key("key-canary")).auth_scheme("kneo_api_key").build().unwrap();
    let missing = Client::builder(quick(), "http://127.0.0.1:9").build().unwrap_err();
    let BuildError::NoCredentials { missing, .. } = missing else { panic!("{missing}") };
    assert_eq!(missing, ["password", "username"]);
}

/// A service that asks for a CSRF token with the session cookie that came along.
fn with_csrf() -> Dialect {
    let mut dialect = with_auth(
        "[auth]\nkind = \"basic\"\nusername = \"{username}\"\npassword = \"{password}\"\n[csrf]\nkind = \"fetch\"\npath = \"/odata/\"\nheader = \"x-csrf-token\"\nmethods = [\"POST\"]\n",
    );
    let rule = quick().rule.into_iter().find(|rule| rule.name.contains("missing or stale"));
    let mut rule = rule.unwrap();
    rule.when = steadfast::dialect::When {
        header: [("x-csrf-token".to_owned(), "Required".to_owned())].into(),
        ..Default::default()
    };
    dialect.rule.insert(0, rule);
    assert!(matches!(dialect.auth, Auth::Basic { .. }));
    assert!(matches!(dialect.csrf, Some(Csrf::Fetch { .. })));
    dialect
}

fn odata(seen: &Seen, n: usize) -> Answer {
    let token = format!("csrf-{n}");
    let cookie = format!("SAP_SESSIONID=session-{n}; Path=/");
    match seen.method.as_str() {
        "HEAD" => Answer::bytes(format!(
            "HTTP/1.1 200 OK\r\nx-csrf-token: {token}\r\nSet-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n"
        ))
        .late(20),
        _ => Answer::json(200, &json!({})),
    }
}

#[tokio::test]
async fn a_csrf_token_is_fetched_once_before_the_first_write_with_its_cookie() {
    let server = Server::start(odata).await;
    let credentials = Credentials::password("ada", "password-canary");
    let client = builder(&server, with_csrf(), credentials).build().unwrap();
    client.get("/read").await.unwrap();
    assert_eq!(server.count("HEAD", "/api/odata/"), 0, "a read needs none");
    for result in join_all((0..10).map(|_| client.post("/write").json(&json!({})).send())).await {
        result.unwrap();
    }
    let seen = server.seen();
    let fetches: Vec<&Seen> = seen.iter().filter(|seen| seen.method == "HEAD").collect();
    let [fetch] = &fetches[..] else { panic!("{fetches:#?}") };
    assert_eq!(fetch.header("x-csrf-token"), "Fetch");
    assert!(fetch.header("authorization").starts_with("Basic "));
    for write in seen.iter().filter(|seen| seen.method == "POST") {
        assert_eq!(write.header("x-csrf-token"), "csrf-0");
        assert_eq!(write.header("cookie"), "SAP_SESSIONID=session-0");
    }
}

#[tokio::test]
async fn hazard_01_a_refused_csrf_token_is_fetched_anew_once() {
    let server = Server::start(|seen, n| match (seen.method.as_str(), seen.route()) {
        ("POST", route)
            if route == "/api/never" || seen.header("cookie").ends_with("session-0") =>
        {
            Answer::with(403, &[("x-csrf-token", "Required")], "CSRF token validation failed")
        }
        _ => odata(seen, n),
    })
    .await;
    let credentials = Credentials::password("ada", "password-canary");
    let client = builder(&server, with_csrf(), credentials).build().unwrap();
    client.post("/write").json(&json!({})).await.unwrap();
    assert_eq!(server.count("HEAD", "/api/odata/"), 2);
    let replay = server.seen().pop().unwrap();
    assert_eq!(replay.header("x-csrf-token"), "csrf-1");
    assert_eq!(replay.header("cookie"), "SAP_SESSIONID=session-1");

    let error = client.post("/never").json(&json!({})).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(steadfast::Class::Csrf));
    assert_eq!(server.count("POST", "/api/never"), 2);
}
