//! Logging in, second factors, lock-outs, refreshing, CSRF, privileges, and the order of the checks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use steadfast_sandbox::{Fixtures, Options, Profile};
use totp_rs::{Builder, Secret};

use crate::client::{Client, order, start, vectors};

const ORDERS: &str = "/api/purchase-order";

#[tokio::test]
async fn a_refresh_rotates_the_csrf_value() {
    let (sandbox, mut client) = vectors().await;
    sandbox.advance_clock(Duration::from_secs(900));
    assert_eq!(client.get("/api/item-master").await.code(), "Token.Expired");
    let stale = client.cookies["csrf_access_token"].clone();
    assert_eq!(client.post("/api/refresh", &json!({})).await.json(), json!({ "refresh": true }));
    let fresh = client.cookies.insert("csrf_access_token".to_owned(), stale).unwrap();
    assert_eq!(client.post(ORDERS, &order("P-9")).await.code(), "CSRF.Mismatch");
    client.cookies.insert("csrf_access_token".to_owned(), fresh);
    assert_eq!(client.post(ORDERS, &order("P-9")).await.status, 200);
}

#[tokio::test]
async fn a_lock_out_doubles_and_a_success_ends_it() {
    let (sandbox, mut client) = vectors().await;
    for _ in 0..3 {
        assert_eq!(client.log_in("ada", "wrong").await.status, 401);
    }
    for lock_s in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        let locked = client.log_in("ada@ex.test", "right").await;
        assert_eq!(
            (locked.status, locked.header("retry-after")),
            (403, Some(lock_s.to_string().as_str()))
        );
        sandbox.advance_clock(Duration::from_secs(lock_s));
        assert_eq!(client.log_in("ada", "wrong").await.status, 401);
    }
    sandbox.advance_clock(Duration::from_secs(3600));
    assert_eq!(client.log_in("ada", "right").await.status, 200);
    for _ in 0..2 {
        assert_eq!(client.log_in("ada", "wrong").await.status, 401);
    }
    assert_eq!(client.log_in("ada", "right").await.status, 200, "two failures lock nobody out");
    assert_eq!(client.log_in("nobody", "wrong").await.code(), "User.InvalidCredentials");
}

#[tokio::test]
async fn a_second_factor_completes_a_login_once() {
    let (_sandbox, mut client) = vectors().await;
    let secret = Secret::try_from_base32("JBSWY3DPEHPK3PXP").unwrap();
    let totp = Builder::new().with_secret(secret).build_noncompliant();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let code = totp.generate(now).to_string();
    let verify = json!({ "username": "totp@ex.test", "totp_code": code });
    assert_eq!(
        client.post("/api/verify-2fa", &verify).await.code(),
        "2FA.InvalidCode",
        "no password yet"
    );
    client.cookies.clear();
    let reply = client.log_in("totp@ex.test", "right").await;
    assert_eq!((reply.json(), client.cookies.len()), (json!({ "requires_2fa": true }), 0));
    assert_eq!(client.post("/api/verify-2fa", &verify).await.json(), json!({ "login": true }));
    assert_eq!(client.cookies.len(), 4);
    assert_eq!(client.get(ORDERS).await.status, 200);
    assert_eq!(
        client.post("/api/verify-2fa", &verify).await.code(),
        "2FA.InvalidCode",
        "a code is for one login"
    );
}

#[tokio::test]
async fn a_first_signin_sets_a_password() {
    let (_sandbox, mut client) = vectors().await;
    client.cookies.clear();
    let reply = client.log_in("new@ex.test", "right").await.json();
    assert_eq!(reply["first_signin"], json!(true));
    assert!(client.cookies.is_empty());
    let set =
        |password: &str| json!({ "session_token": reply["session_token"], "password": password });
    assert_eq!(
        client.post("/api/first-signin", &set("short")).await.code(),
        "Validation.InvalidField"
    );
    assert_eq!(client.post("/api/first-signin", &set("long enough")).await.status, 200);
    assert_eq!(client.post("/api/first-signin", &set("long enough")).await.code(), "Token.Invalid");
    assert_eq!(client.log_in("new@ex.test", "right").await.status, 401);
    assert_eq!(client.log_in("new@ex.test", "long enough").await.json(), json!({ "login": true }));
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let (sandbox, _ada) = vectors().await;
    let mut viewer = Client::new(&sandbox);
    viewer.log_in("viewer@ex.test", "right").await;
    // Everything is wrong at once, then each reason is taken away, first to last.
    let client = Client { cookies: Default::default(), ..viewer.clone() };
    assert_eq!(client.send("POST", ORDERS, &[], "x").await.unwrap().code(), "Token.Missing");
    let cookie = format!("access_token_cookie={}", viewer.cookies["access_token_cookie"]);
    let post = |headers: Vec<(&'static str, String)>| {
        let client = client.clone();
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.send("POST", ORDERS, &headers, "x").await.unwrap().code()
        }
    };
    sandbox.advance_clock(Duration::from_secs(900));
    assert_eq!(post(vec![("Cookie", cookie.clone())]).await, "CSRF.Missing");
    assert_eq!(
        post(vec![("Cookie", cookie), ("X-XSRF-TOKEN", "wrong".into())]).await,
        "Token.Expired"
    );
    let garbage = "access_token_cookie=a.b.c".to_owned();
    assert_eq!(
        post(vec![("Cookie", garbage), ("X-XSRF-TOKEN", "wrong".into())]).await,
        "Token.Invalid"
    );
    viewer.log_in("viewer@ex.test", "right").await;
    let cookie = format!("access_token_cookie={}", viewer.cookies["access_token_cookie"]);
    let refresh = format!("access_token_cookie={}", viewer.cookies["refresh_token_cookie"]);
    assert_eq!(
        post(vec![("Cookie", refresh), ("X-XSRF-TOKEN", "wrong".into())]).await,
        "Token.Invalid"
    );
    assert_eq!(
        post(vec![("Cookie", cookie.clone()), ("X-XSRF-TOKEN", "wrong".into())]).await,
        "CSRF.Mismatch"
    );
    let csrf = viewer.cookies["csrf_access_token"].clone();
    assert_eq!(
        post(vec![("Cookie", cookie.clone()), ("X-XSRF-TOKEN", csrf.clone())]).await,
        "User.NotPrivileged"
    );
    viewer.post("/__sandbox/knosc/revoke", &json!({ "username": "viewer@ex.test" })).await;
    assert_eq!(post(vec![("Cookie", cookie), ("X-XSRF-TOKEN", csrf)]).await, "Token.Revoked");
}

#[tokio::test]
async fn a_viewer_reads_everything_and_deletes_lines_only() {
    let (_sandbox, mut client) = vectors().await;
    client.log_in("viewer@ex.test", "right").await;
    for path in
        [ORDERS, "/api/purchase-order/42", "/api/purchase-order-details", "/api/item-master/1"]
    {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    for list in ["item-master", "supplier-master", "warehouse-master", "ship-from-master"] {
        assert_eq!(client.get(&format!("/api/{list}")).await.status, 200);
        assert_eq!(
            client.post(&format!("/api/{list}"), &json!({})).await.code(),
            "User.NotPrivileged"
        );
        assert_eq!(
            client.put(&format!("/api/{list}/1"), &json!({})).await.code(),
            "User.NotPrivileged"
        );
        assert_eq!(client.delete(&format!("/api/{list}/1")).await.code(), "User.NotPrivileged");
    }
    assert_eq!(client.delete("/api/purchase-order/42").await.code(), "User.NotPrivileged");
    assert_eq!(
        client.put("/api/purchase-order-details-move-lines", &json!({})).await.code(),
        "User.NotPrivileged"
    );
    assert_eq!(
        client.delete("/api/purchase-order-details/101").await.status,
        200,
        "that asks for a session only"
    );
}

#[tokio::test]
async fn both_profiles_can_be_served_at_once() {
    let options =
        Options { fixtures: Fixtures::Vectors, profile: Profile::Both, ..Options::default() };
    let (_sandbox, mut client) = start(options).await;
    assert_eq!(client.post("/api/refresh", &json!({})).await.status, 200);
    // The reference's route wants the value of the refresh token.
    assert_eq!(client.post("/api/token-refresh", &json!({})).await.code(), "CSRF.Mismatch");
    let csrf = client.cookies["csrf_refresh_token"].clone();
    client.cookies.insert("csrf_access_token".to_owned(), csrf);
    assert_eq!(client.post("/api/token-refresh", &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_refused_refresh_token_that_comes_again_is_noted() {
    let (sandbox, mut client) = vectors().await;
    sandbox.advance_clock(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(client.post("/api/refresh", &json!({})).await.code(), "Token.Expired");
    assert_eq!(sandbox.audit()["refresh_reuse"], json!([]));
    client.post("/api/refresh", &json!({})).await;
    let noted: Value = sandbox.audit()["refresh_reuse"].clone();
    assert_eq!((noted.as_array().unwrap().len(), &noted[0]["user"]), (1, &json!("ada@ex.test")));
}

#[tokio::test]
async fn tokens_of_before_a_reset_are_worthless() {
    let (sandbox, mut client) = vectors().await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    sandbox.reset();
    assert_eq!(client.get(ORDERS).await.code(), "Token.Invalid");
    assert_eq!(client.post("/api/refresh", &json!({})).await.code(), "Token.Invalid");
}
