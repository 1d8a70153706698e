//! Getting in by hand: what a log-in asks for beside the password.

use serde_json::json;
use steadfast::{AuthFailure, CredentialsKind, Kind};

use crate::server::{Answer, Server};

/// Asks for a second factor, and knows one code.
fn two_steps(path: &str, body: &str, cookies: &str) -> Answer {
    match path {
        "/api/login" => Answer::json(200, &json!({ "requires_2fa": true })),
        "/api/verify-2fa" if body.contains("123456") => Answer::session("J1", "T1"),
        "/api/verify-2fa" => {
            let refusal = json!({ "Code": "2FA.InvalidCode", "Message": "Wrong." });
            Answer::json(401, &refusal)
        }
        "/api/refresh" => Answer::session("J2", "T2"),
        _ if cookies.contains("access_token_cookie=J") => Answer::json(200, &json!({})),
        _ => Answer::json(401, &json!({ "Code": "Token.Missing" })),
    }
}

#[tokio::test]
async fn a_session_can_be_got_by_hand_and_is_then_everybodys() {
    let server =
        Server::start(|seen, _| two_steps(seen.route(), &seen.body, seen.header("cookie"))).await;
    let client = server.client();
    let refused = client.log_in().await.unwrap_err();
    assert!(matches!(
        refused,
        AuthFailure::Closed { kind: CredentialsKind::SecondFactorRequired, .. }
    ));
    assert_eq!(client.refused_with().unwrap().body, r#"{"requires_2fa":true}"#);

    let verify = |code: &str| client.post("/verify-2fa").json(&json!({ "totp_code": code }));
    // A wrong code is asked for once, and shuts no door that is not shut.
    let error = verify("000000").without_session().send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
    assert_eq!(server.count("POST", "/api/verify-2fa"), 1);
    verify("123456").without_session().send().await.unwrap();
    assert!(client.refused_with().is_none());
    let sent = server.seen().into_iter().find(|seen| seen.route() == "/api/verify-2fa").unwrap();
    assert_eq!((sent.header("cookie"), sent.header("x-xsrf-token")), ("", ""));

    client.get("/item-master").await.unwrap();
    assert_eq!(client.csrf().unwrap().reveal(), "T1");
    client.renew().await.unwrap();
    assert_eq!(client.csrf().unwrap().reveal(), "T2", "a renewal brings another");
    assert_eq!(server.count("POST", "/api/refresh"), 1);
    assert_eq!(server.count("POST", "/api/login"), 1);
}

#[tokio::test]
async fn a_call_may_be_sent_less_often_than_the_policy_says() {
    let server = Server::start(|_, _| Answer::with(503, &[], "")).await;
    let client = server.open_client();
    for attempts in [1, 2] {
        let error = client.get("/things").attempts(attempts).send().await.unwrap_err();
        assert_eq!(error.details().attempts.len(), attempts as usize);
    }
    assert_eq!(client.get("/things").attempts(99).await.unwrap_err().details().attempts.len(), 4);
}
