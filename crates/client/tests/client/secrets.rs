//! Secrets are planted everywhere they can be, and looked for everywhere they must not be.

use http::Method;
use serde_json::json;
use steadfast::{AuthFailure, Credentials, Error, Options, Request};

use crate::double::{known_absent, quick};
use crate::logs::Lines;
use crate::server::{Answer, Seen, Server};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ";
const OTHER_JWT: &str = "eyJhbGciOiJub25lIn0.eyJvdGhlciI6ImNhbmFyeSJ9.b3RoZXItY2FuYXJ5";

/// None of these may be read by anybody. The last two stand in bodies of the caller's.
const CANARIES: [&str; 8] = [
    "password-canary",
    JWT,
    OTHER_JWT,
    "csrf-canary-T1",
    "refresh-canary-R1",
    "refresh-csrf-U1",
    "payload-canary-1",
    "payload-canary-2",
];

#[track_caller]
fn assert_clean(shown: &str) {
    for canary in CANARIES {
        assert!(!shown.contains(canary), "{canary} in: {shown}");
    }
}

#[track_caller]
fn assert_error_is_clean(error: &Error) {
    assert_clean(&format!("{error} {error:?} {error:#?} {}", error.user_message()));
    assert_clean(&String::from_utf8_lossy(&error.details().body));
}

/// An answer that quotes all that was sent, and more.
fn quoting(seen: &Seen, status: u16) -> Answer {
    let said = format!(
        "cookie {} csrf {} body {} and {OTHER_JWT}, refresh-canary-R1",
        seen.header("cookie"),
        seen.header("x-xsrf-token"),
        seen.body,
    );
    let code = format!("Leak.{}", seen.header("x-xsrf-token"));
    Answer::json(status, &json!({ "Message": said, "Code": code, "password": "password-canary" }))
}

#[tokio::test]
async fn hazard_12_no_secret_is_logged_or_shown_whatever_the_server_quotes() {
    let (lines, _guard) = Lines::capture();
    let server = Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session(JWT, "csrf-canary-T1"),
        "/api/refresh" => quoting(seen, 401),
        "/api/html" => Answer::with(200, &[("Content-Type", "text/html")], seen.header("cookie")),
        "/api/half" => Answer::bytes("HTTP/1.1 400 X\r\nContent-Length: 900\r\n\r\n{").close(),
        "/api/silent" => Answer::bytes("").close(),
        "/api/fine" => Answer::with(
            200,
            &[("Set-Cookie", &format!("access_token_cookie={JWT}; Path=/"))],
            r#"{"notification_type":"Success"}"#,
        ),
        path => quoting(seen, path.trim_start_matches("/api/").parse().unwrap()),
    })
    .await;
    let client = server.client();
    let body = json!({
        "password": "payload-canary-1", "PO List Number": "P-1",
        "nested": [{ "Api Key": "payload-canary-2", "note": JWT, "memo": "password-canary" }],
    });
    let context = [("who".to_owned(), "password-canary".to_owned())].into();
    let options = Options { context, ..Options::default() };
    for path in ["400", "401", "403", "422", "500", "503", "html", "half", "silent"] {
        let request = Request::new(Method::POST, format!("/{path}")).json(body.to_string());
        let error = client.call(request, options.clone()).await.unwrap_err();
        assert_error_is_clean(&error);
        // Its own body is the caller's, and so is a body that quotes it: not shown to others.
        let request = Request::new(Method::GET, format!("/{path}"));
        assert_error_is_clean(&client.call(request, options.clone()).await.unwrap_err());
    }
    let request = Request::new(Method::POST, "/fine").json(body.to_string());
    let outcome = client.call(request, known_absent("P-1")).await.unwrap();
    assert_clean(&format!("{outcome:?}"));
    assert_clean(&format!("{client:?} {:?} {:?}", client.activity(), client.base_url()));
    assert_clean(&lines.text());
    assert!(lines.text().contains("write_failed") && lines.text().contains("[redacted]"));
}

#[tokio::test]
async fn hazard_12_a_refused_log_in_that_quotes_the_password_does_not_show_it() {
    let (lines, _guard) = Lines::capture();
    let server = Server::start(|seen, _| {
        let said = format!("no user with {}", seen.body);
        Answer::json(401, &json!({ "Message": said, "Code": "User.InvalidCredentials" }))
    })
    .await;
    let client = server.client();
    let failure = client.log_in().await.unwrap_err();
    assert!(matches!(failure, AuthFailure::Closed { .. }));
    assert_clean(&format!("{failure:?}"));
    assert_error_is_clean(&client.get("/x").await.unwrap_err());
    assert_clean(&lines.text());
}

#[test]
fn hazard_12_what_holds_a_secret_does_not_print_it() {
    let credentials = Credentials::password("ada", "password-canary");
    assert_clean(&format!("{credentials:?}"));
    let builder = steadfast::Client::builder(quick(), "http://127.0.0.1:9/api");
    let client = builder.credentials(credentials).build().unwrap();
    assert_clean(&format!("{client:?} {client:#?}"));
}
