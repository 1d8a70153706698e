//! A canary in every input, and a search of every output (I7).

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Builder, Client, Credentials, Error, Options};

use crate::double::quick;
use crate::logs::Lines;
use crate::server::{Answer, Seen, Server};

/// What is planted, and where.
const CANARIES: [(&str, &str); 22] = [
    ("password-canary", "the credentials"),
    ("setting-canary", "a header of the settings"),
    ("bearer-canary-T0", "an Authorization header of a call"),
    ("api-key-canary", "a header of a call, secret by its name"),
    ("signature-canary", "a header of a call that the dialect names"),
    ("query-canary", "the query"),
    ("sig-canary", "the query, by a name of the dialect's"),
    ("body-canary", "the body"),
    ("iban-canary", "the body, by a pointer of the dialect's"),
    ("note-canary", "the body, by a name of the dialect's"),
    ("access-canary-1", "a cookie of the log-in"),
    ("csrf-canary-T1", "the CSRF cookie"),
    ("refresh-canary-R1", "a cookie of the refresh"),
    ("late-cookie-canary", "a cookie of an error"),
    ("reply-token-canary", "a token in a reply"),
    ("reply-iban-canary", "a reply, by a pointer of the dialect's"),
    ("static-canary", "a token or key that goes with every request"),
    ("YWRhOnN0YXRpYy1jYW5hcnk", "a password, as RFC 7617 writes it"),
    ("client-secret-canary", "what a token is got for"),
    ("Y2xpZW50LTE6Y2xpZW50LXNlY3JldC1jYW5hcnk", "what a token is got for, as RFC 7617 writes it"),
    ("granted-canary", "a token that was got"),
    ("owned-canary", "a token of a resource owner"),
];

#[track_caller]
fn assert_clean(what: &str, shown: &str) {
    for (canary, planted) in CANARIES {
        assert!(!shown.contains(canary), "{canary} ({planted}) in {what}: {shown}");
    }
}

fn dialect() -> Dialect {
    let mut dialect = quick();
    dialect.redact.headers = vec!["X-Signature*".into()];
    dialect.redact.query = vec!["sig".into()];
    dialect.redact.json = vec!["/bank/*/iban".into(), "*note".into()];
    let line = |text: &str| Some(text.to_owned());
    dialect.log.failed =
        line("failed {method} {path} {url} {status} {code} {message} {cause} {body}");
    dialect.log.unanswered = line("unanswered {url} {cause} {request_id} {body}");
    dialect.log.retry_status = line("retry {status} {code} {cause} {path} {wait_s:.3}");
    dialect.log.retry_unanswered = line("retry {cause} {path}");
    dialect.log.exhausted = line("exhausted {attempts} {message} {cause} {body}");
    dialect
}

/// All that was sent, quoted back in every way, and more.
fn quoting(seen: &Seen, status: u16, as_json: bool) -> Answer {
    let headers: Vec<String> =
        seen.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let all = format!("{} {} {}", seen.path, headers.join(" | "), seen.body);
    let cookie = ("Set-Cookie", "other=late-cookie-canary; Path=/");
    // A secret without the name that gives it away.
    let bare = seen.header("authorization").rsplit(' ').next().unwrap();
    let key = seen.header("x-api-key");
    let said = format!("{all} | other=late-cookie-canary | for {bare}, {key}");
    if as_json {
        let body = json!({
            "Message": said, "Code": format!("Leak.{}", seen.header("x-xsrf-token")),
            "access_token": "reply-token-canary", "bank": [{ "iban": "reply-iban-canary" }],
            "again": "reply-token-canary reply-iban-canary",
        });
        let body = body.to_string();
        return Answer::with(status, &[cookie, ("Content-Type", "application/json")], &body);
    }
    // A page, cut off in the middle of something.
    let page = format!(
        "<html>{said} token=reply-token-canary&x=1 {{\"access_token\":\"reply-token-canary\""
    );
    Answer::with(status, &[cookie, ("Content-Type", "text/html")], &page)
}

async fn leaky() -> Server {
    Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-canary-1", "csrf-canary-T1"),
        "/api/refresh" => quoting(seen, 503, true),
        "/api/silent" => Answer::bytes("").close(),
        "/api/half" => Answer::bytes(
            "HTTP/1.1 500 X\r\nContent-Length: 900\r\n\r\n{\"access_token\":\"reply-token-canary\"",
        )
        .close(),
        "/api/fine" => Answer::with(
            200,
            &[("Set-Cookie", "other=late-cookie-canary; Path=/")],
            r#"{"notification_type":"Success"}"#,
        ),
        route => {
            let (status, form) = route.trim_start_matches("/api/").split_once('-').unwrap();
            quoting(seen, status.parse().unwrap(), form == "json")
        }
    })
    .await
}

fn client(server: &Server, policy: PolicyName) -> Client {
    server
        .builder(dialect())
        .header("X-Setting-Token", "setting-canary")
        .policy(policy)
        .attempts(2)
        .build()
        .unwrap()
}

fn call(client: &Client, method: http::Method, path: &str) -> steadfast::CallBuilder {
    client
        .request(method, path)
        .query("api_key", "query-canary")
        .query("sig", "sig-canary")
        .header("Authorization", "Bearer bearer-canary-T0")
        .header("X-Api-Key", "api-key-canary")
        .header("X-Signature-256", "signature-canary")
        .json(&json!({
            "PO List Number": "P-1", "password": "body-canary", "Foot Note": "note-canary",
            "bank": [{ "iban": "iban-canary", "bic": "B" }],
        }))
}

/// Every text that can be made of an error.
fn texts(error: &Error) -> String {
    let mut texts = format!(
        "{error}\n{error:?}\n{error:#?}\n{}\n{}\n{}",
        error.user_message(),
        error.summary(),
        String::from_utf8_lossy(&error.details().body),
    );
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push_str(&format!("\n{cause}\n{cause:?}"));
        source = cause.source();
    }
    let fails = || Err::<(), Error>(error.clone());
    let panic = catch_unwind(AssertUnwindSafe(|| fails().unwrap())).unwrap_err();
    texts.push_str(panic.downcast_ref::<String>().unwrap());
    texts
}

const WAYS: [&str; 14] = [
    "/400-json",
    "/400-html",
    "/401-json",
    "/401-html",
    "/403-json",
    "/409-json",
    "/422-json",
    "/422-html",
    "/429-json",
    "/500-html",
    "/503-json",
    "/301-html",
    "/half",
    "/silent",
];

async fn every_way(policy: PolicyName) {
    let server = leaky().await;
    for path in WAYS {
        for method in [http::Method::POST, http::Method::GET] {
            let client = client(&server, policy);
            let call = call(&client, method.clone(), path);
            assert_clean(
                "a call that is put together",
                &format!("{call:?} {client:?} {client:#?}"),
            );
            let error = call.send().await.unwrap_err();
            assert_clean(&format!("{method} {path}"), &texts(&error));
            assert_clean("what it does", &format!("{:?}", client.activity()));
        }
    }
    // An answer that does not fit: what it holds is told by where, not by what.
    let client = client(&server, policy);
    let error = call(&client, http::Method::POST, "/fine").send_as::<u64>().await.unwrap_err();
    assert_clean("an answer that does not fit", &texts(&error));
    let dropped = call(&client, http::Method::POST, "/silent").send();
    drop(tokio::time::timeout(crate::double::ms(0), dropped).await);
}

#[tokio::test]
async fn hazard_12_no_canary_comes_through_in_json() {
    for policy in [PolicyName::Recommended, PolicyName::Documented] {
        let (lines, _guard) = Lines::capture();
        every_way(policy).await;
        let text = lines.text();
        assert_clean("the log", &text);
        for event in ["attempt", "request", "retry", "write_ok", "write_failed"] {
            assert!(text.contains(&format!("\"event\":\"{event}\"")), "{event} was searched");
        }
        assert_eq!(text.contains("\"event\":\"guide\""), policy == PolicyName::Documented);
        assert!(text.contains("[redacted]"));
    }
}

#[tokio::test]
async fn hazard_12_no_canary_comes_through_in_text() {
    let (lines, _guard) = Lines::capture_text();
    every_way(PolicyName::Documented).await;
    assert!(lines.text().contains("failed POST /400-json"), "{}", lines.text());
    assert_clean("the log", &lines.text());
}

/// What a client is made of is quoted when it cannot be made.
#[tokio::test]
async fn hazard_12_what_cannot_be_made_does_not_say_what_it_was_to_be_made_of() {
    let build = |base_url: &str| Client::builder(dialect(), base_url);
    for builder in [
        build("https://ada:password-canary@acme.example/api"),
        build("https://acme.example/api?token=query-canary"),
        build("ftp://ada:password-canary@acme.example"),
        build("http://acme.example").proxy("http://ada:password-canary@:1"),
        build("http://acme.example").proxy("socks5://ada:password-canary@proxy:1"),
        build("http://acme.example").header("X-Setting-Token", "setting-canary\n"),
    ] {
        let error = builder.build().unwrap_err();
        assert_clean("what is wrong", &format!("{error} {error:?} {error:#?}"));
    }
    let server = leaky().await;
    let proxied = server.builder(dialect()).proxy("http://ada:password-canary@127.0.0.1:1");
    let client = proxied.attempts(1).build().unwrap();
    let error = call(&client, http::Method::POST, "/fine").send().await.unwrap_err();
    assert_clean("a proxy that is not there", &texts(&error));
    let context = [("who".to_owned(), "password-canary".to_owned())].into();
    let (lines, _guard) = Lines::capture();
    let options = Options { context, ..Options::default() };
    let client = server.builder(dialect()).build().unwrap();
    client.post("/fine").json(&json!({})).options(options).send().await.unwrap();
    assert_clean("the log", &lines.text());
}

/// Every way to log in but by cookies: the dialect, the scheme, the credentials, and where calls go.
fn ways_to_log_in() -> Vec<(&'static str, Option<&'static str>, Credentials, &'static str)> {
    let named = |fields: &[(&str, &str)]| Credentials::named(fields.iter().copied());
    let client = [
        ("tenant_id", "tenant-1"),
        ("client_id", "client-1"),
        ("client_secret", "client-secret-canary"),
    ];
    let partner = [("partner_uuid", "client-1"), ("api_key", "client-secret-canary")];
    vec![
        ("problem", Some("bearer"), Credentials::token("static-canary"), ""),
        ("problem", Some("api_key"), named(&[("api_key", "static-canary")]), ""),
        ("problem", Some("basic"), Credentials::password("ada", "static-canary"), ""),
        ("azure", None, named(&client), ""),
        ("thredfi", None, named(&partner), "/v1/platform/businesses"),
        ("thredfi", None, named(&partner), "/v1/platform/businesses/b1/invoices"),
    ]
}

/// Grants tokens, unless the route says that it does not, and quotes everything else.
async fn granting() -> Server {
    Server::start(|seen, n| {
        let route = seen.route();
        let tokens = |kind: &str| {
            Answer::json(200, &json!({ "access_token": format!("{kind}-{n}"), "expires_in": 3600 }))
        };
        match route.trim_end_matches('/').rsplit('/').next().unwrap() {
            "token" if route.contains("/refused/") => quoting(seen, 400, true),
            "token" if route.contains("/b1/") => tokens("owned-canary"),
            "token" => tokens("granted-canary"),
            way => {
                let (status, form) = way.split_once('-').unwrap();
                quoting(seen, status.parse().unwrap(), form == "json")
            }
        }
    })
    .await
}

fn at(server: &Server, name: &str, scheme: Option<&str>, credentials: Credentials) -> Builder {
    let mut dialect = Dialect::built_in(name).unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        (policy.fault_base_ms, policy.throttle_base_ms, policy.wait_cap_ms) = (4, 4, 16);
    }
    dialect.redact.json.push("/bank/*/iban".into());
    let builder = Client::builder(dialect, &server.base_url).credentials(credentials).attempts(2);
    match scheme {
        Some(scheme) => builder.auth_scheme(scheme),
        None => builder,
    }
}

#[tokio::test]
async fn hazard_12_no_key_secret_or_token_comes_through_whatever_the_way_to_log_in() {
    let server = granting().await;
    let (lines, _guard) = Lines::capture();
    for (name, scheme, credentials, below) in ways_to_log_in() {
        for way in WAYS.iter().filter(|way| way.contains('-')) {
            for method in [http::Method::POST, http::Method::GET] {
                let mut builder = at(&server, name, scheme, credentials.clone());
                if name == "azure" {
                    builder = builder.token_url(format!("{}/token", server.base_url));
                }
                let client = builder.build().unwrap();
                let call = client.request(method, format!("{below}{way}")).json(&json!({}));
                assert_clean("a call that is put together", &format!("{call:?} {client:#?}"));
                let error = call.send().await.unwrap_err();
                assert_clean(&format!("{name} {scheme:?} {below}{way}"), &texts(&error));
                assert_clean("what it does", &format!("{:?}", client.activity()));
            }
        }
    }
    for name in ["azure", "thredfi"] {
        let ways = ways_to_log_in();
        let (_, _, credentials, below) = ways.iter().find(|way| way.0 == name).unwrap();
        let builder = at(&server, name, None, credentials.clone())
            .token_url(format!("{}/refused/token", server.base_url));
        let path = format!("{below}/400-json");
        let error = builder.build().unwrap().get(path).await.unwrap_err();
        assert!(matches!(error.kind(), steadfast::Kind::Credentials(_)), "{error:?}");
        assert_clean("tokens that are refused", &texts(&error));
    }
    assert_clean("the log", &lines.text());
    // What is searched for was sent.
    let sent = format!("{:?}", server.seen());
    for (canary, planted) in &CANARIES[16..] {
        assert!(sent.contains(canary), "{canary} ({planted}) was not sent");
    }
}
