//! Users and roles of Knosc, first sign-ins, and second factors from set-up to reset.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::client::{Client, order, vectors};

fn code(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Builder::new().with_secret(secret).build_noncompliant().generate(now).to_string()
}

fn bob() -> Value {
    json!({
        "Username": "bob", "User Email": "bob@ex.test", "User Phone": "1", "Role Id": 2, "password": "bobs-first",
    })
}

#[tokio::test]
async fn a_new_user_sets_a_password_and_has_the_privileges_of_the_role() {
    let (sandbox, mut ada) = vectors().await;
    let reply = ada.post("/api/user", &bob()).await;
    assert_eq!(reply.json(), json!({ "message": "User created successfully.", "id": 5 }));
    let mut client = Client::new(&sandbox);
    let reply = client.log_in("bob", "bobs-first").await.json();
    assert_eq!(reply["first_signin"], true);
    let first = json!({ "session_token": reply["session_token"], "password": "bobs-second" });
    assert_eq!(client.post("/api/first-signin", &first).await.status, 200);
    assert_eq!(client.post("/api/first-signin", &first).await.code(), "Token.Invalid", "once");
    assert_eq!(client.log_in("bob", "bobs-second").await.json(), json!({ "login": true }));
    assert_eq!(client.get("/api/purchase-order").await.status, 200);
    assert_eq!(
        client.post("/api/purchase-order", &order("P-9")).await.code(),
        "User.NotPrivileged"
    );
    assert_eq!(client.post("/api/user", &bob()).await.code(), "User.NotPrivileged");
    let profile = client.get("/api/profile").await.json()["data"].clone();
    assert_eq!(profile, ada.get("/api/user/5").await.json()["data"]);
    assert_eq!((&profile["First Signin"], &profile["User Phone"]), (&json!(false), &json!("1")));
    assert!(!sandbox.state()["users"].to_string().contains("bobs-"), "no password is shown");
}

#[tokio::test]
async fn what_changes_a_user_revokes_the_sessions_and_what_does_not_leaves_them() {
    let (sandbox, mut ada) = vectors().await;
    let mut viewer = Client::new(&sandbox);
    let mut password = "right";
    let changes = [
        (json!({ "User Phone": "2", "User Fullname": null }), "right", 200),
        (json!({ "Role Id": 1 }), "right", 401),
        (json!({ "password": "left-hand" }), "left-hand", 401),
        (json!({ "User Status": "Inactive" }), "left-hand", 401),
    ];
    for (change, next, status) in changes {
        assert_eq!(viewer.log_in("viewer", password).await.status, 200);
        assert_eq!(ada.put("/api/user/2", &change).await.status, 200, "{change}");
        assert_eq!(viewer.get("/api/profile").await.status, status, "{change}");
        let refreshed = viewer.post("/api/refresh", &json!({})).await.status;
        assert_eq!(refreshed, status, "{change}: a refresh is no way around it");
        password = next;
    }
    assert_eq!(viewer.log_in("viewer", password).await.code(), "User.InvalidCredentials");
    assert_eq!(ada.put("/api/user/2", &json!({ "User Status": "Active" })).await.status, 200);
    assert_eq!(viewer.log_in("viewer", password).await.status, 200);
}

#[tokio::test]
async fn a_deleted_user_stays_inactive() {
    let (sandbox, mut ada) = vectors().await;
    let mut viewer = Client::new(&sandbox);
    viewer.log_in("viewer", "right").await;
    assert_eq!(ada.delete("/api/user/2").await.status, 200);
    assert_eq!(viewer.get("/api/profile").await.code(), "Token.Revoked");
    assert_eq!(viewer.log_in("viewer", "right").await.code(), "User.InvalidCredentials");
    assert_eq!(ada.get("/api/user/2").await.json()["data"]["User Status"], "Inactive");
    let mut again = bob();
    again["Username"] = json!("viewer");
    assert_eq!(
        ada.post("/api/user", &again).await.code(),
        "User.AlreadyExists",
        "the name stays taken"
    );
}

#[tokio::test]
async fn fields_of_a_user_are_checked() {
    let (_sandbox, mut ada) = vectors().await;
    let wrong = [
        ("Username", Value::Null, "Missing required field: Username"),
        ("Username", json!(""), "Invalid value for Username"),
        ("User Email", json!("ada@ex.test"), "User ada@ex.test already exists"),
        ("User Phone", json!(7), "Invalid value for User Phone"),
        ("Role Id", json!(9), "Invalid value for Role Id"),
        ("Role Id", json!("2"), "Invalid value for Role Id"),
        ("password", json!("seven77"), "Invalid value for password"),
        ("First Signin", json!("no"), "Invalid value for First Signin"),
        ("User Status", json!("Gone"), "Invalid value for User Status"),
        ("Password Expiration", json!("soon"), "Invalid value for Password Expiration"),
    ];
    for (name, value, message) in wrong {
        let mut user = bob();
        user[name] = value;
        let reply = ada.post("/api/user", &user).await;
        assert_eq!((reply.status, reply.json()["Message"].as_str()), (400, Some(message)));
    }
    let mut user = bob();
    user["First Signin"] = json!(false);
    user["Password Expiration"] = json!("2030-01-31");
    assert_eq!(ada.post("/api/user", &user).await.status, 200);
    let listed = ada.get("/api/user?sort=Username:Descending&page_size=4").await.json();
    assert_eq!(listed["data"]["rows"][3]["Password Expiration"], "2030-01-31");
}

#[tokio::test]
async fn a_second_factor_is_set_up_used_and_taken_away() {
    let (sandbox, mut ada) = vectors().await;
    let mut viewer = Client::new(&sandbox);
    viewer.log_in("viewer", "right").await;
    let activate = "/api/setup-2fa/activate";
    let right_but_early = json!({ "totp_code": code("JBSWY3DPEHPK3PXP") });
    assert_eq!(viewer.post(activate, &right_but_early).await.code(), "2FA.InvalidCode");
    let offered = viewer.post("/api/setup-2fa/generate", &json!({})).await.json();
    let secret = offered["secret"].as_str().unwrap();
    let url = offered["otpauth_url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/") && url.contains(secret), "{url}");
    assert_eq!(viewer.log_in("viewer", "right").await.json(), json!({ "login": true }), "not yet");
    assert_eq!(viewer.post(activate, &json!({ "totp_code": code(secret) })).await.status, 200);
    assert_eq!(viewer.get("/api/profile").await.json()["data"]["2FA Enabled"], true);
    viewer.cookies.clear();
    assert_eq!(viewer.log_in("viewer", "right").await.json(), json!({ "requires_2fa": true }));
    let verify = json!({ "username": "viewer", "totp_code": code(secret) });
    assert_eq!(viewer.post("/api/verify-2fa", &verify).await.json(), json!({ "login": true }));
    assert_eq!(viewer.post("/api/user/2/reset-2fa", &json!({})).await.code(), "User.NotPrivileged");
    assert_eq!(ada.post("/api/user/2/reset-2fa", &json!({})).await.status, 200);
    assert_eq!(ada.post("/api/user/99/reset-2fa", &json!({})).await.code(), "User.NotFound");
    assert_eq!(viewer.log_in("viewer", "right").await.json(), json!({ "login": true }));
    sandbox.advance_clock(Duration::from_secs(900));
    assert_eq!(viewer.post("/api/setup-2fa/generate", &json!({})).await.code(), "Token.Expired");
}
