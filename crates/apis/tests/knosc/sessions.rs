//! Sessions: getting in, staying in, and the second factor (K1 to K5, K16, K18).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::json;
use steadfast::Secret;
use steadfast::dialect::PolicyName;
use steadfast_apis::knosc::{AuthPaths, Code, Knosc, LogIn, LogInFailure, Query, User};
use steadfast_sandbox::Profile;

use crate::world::{client_of, order, vectors, with};

#[tokio::test]
async fn k01_a_refused_log_in_is_told_at_once_and_never_repeated() {
    let world = vectors().await;
    let wrong = client_of(&world.sandbox, "ada", "wrong", |builder| builder);
    for _ in 0..3 {
        let error = wrong.log_in().await.unwrap_err();
        assert_eq!((error.kind, error.status), (LogInFailure::Refused, Some(401)));
        assert_eq!(error.code, Some(Code::InvalidCredentials));
    }
    let error = wrong.get("/item-master").await.unwrap_err();
    assert!(error.call().unwrap().is_about_credentials(), "{error}");
    assert_eq!(world.statuses("login"), [401], "one was sent, whoever asked");

    for _ in 0..2 {
        let another = client_of(&world.sandbox, "ada", "wrong", |builder| builder);
        another.log_in().await.unwrap_err();
    }
    let right = client_of(&world.sandbox, "ada", "right", |builder| builder);
    let error = right.log_in().await.unwrap_err();
    assert_eq!((error.kind, &error.code), (LogInFailure::Locked, &Some(Code::UserLocked)));
    assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_secs(30)), "{error:?}");
}

#[tokio::test]
async fn k01_nobody_there_is_another_matter() {
    let world = vectors().await;
    let knosc = client_of(&world.sandbox, "ada", "right", |builder| builder.attempts(1));
    world.sandbox.stop().await;
    let error = knosc.log_in().await.unwrap_err();
    assert_eq!((error.kind, error.status), (LogInFailure::Unreached, None));
}

/// The letter of the guide: a log-in that fails raises at once. What we advise asks again.
#[tokio::test]
async fn k01_a_log_in_that_is_answered_with_a_5xx_is_told_at_once_under_the_documented_policy() {
    for status in [500, 503] {
        let world = vectors().await;
        let failure = json!({ "kind": "status", "status": status });
        world.faults(json!([{ "on": { "kind": "login", "nth": [1, 2, 4] }, "do": failure }]));
        let knosc = client_of(&world.sandbox, "ada", "right", |builder| {
            builder.policy(PolicyName::Documented)
        });
        let error = knosc.log_in().await.unwrap_err();
        assert_eq!((error.kind, error.status), (LogInFailure::Unreached, Some(status)));
        assert_eq!(world.statuses("login"), [u64::from(status)]);
        // A call that needs the session ends as soon, and shuts nobody out.
        let error = knosc.get("/item-master").await.unwrap_err();
        assert!(error.to_string().contains("no session could be had"), "{error}");
        assert_eq!((world.statuses("login").len(), world.statuses("read").len()), (2, 0));
        knosc.get("/item-master").await.unwrap();

        let advised = client_of(&world.sandbox, "ada", "right", |builder| builder);
        assert_eq!(advised.log_in().await, Ok(LogIn::LoggedIn));
        let status = u64::from(status);
        assert_eq!(world.statuses("login"), [status, status, 200, status, 200]);
    }
}

#[tokio::test]
async fn k02_an_expired_session_is_refreshed_and_the_request_sent_again_once() {
    let world = vectors().await;
    world
        .faults(json!([{ "on": { "kind": "read", "nth": 2 }, "do": { "kind": "expire_access" } }]));
    for _ in 0..2 {
        world.knosc.get("/item-master").await.unwrap();
    }
    assert_eq!(world.statuses("read"), [200, 401, 200]);
    assert_eq!((world.statuses("refresh"), world.statuses("login")), (vec![200], vec![200]));
    // At any attempt, not only at the first.
    world.faults(json!([
        { "on": { "kind": "read", "nth": 1 }, "do": { "kind": "status", "status": 503 } },
        { "on": { "kind": "read", "nth": 2 }, "do": { "kind": "expire_access" } },
    ]));
    world.knosc.get("/item-master").await.unwrap();
    assert_eq!(world.statuses("read")[3..], [503, 401, 200]);
}

#[tokio::test]
async fn k02_a_refresh_that_is_refused_leads_to_one_log_in() {
    let world = vectors().await;
    world.knosc.get("/item-master").await.unwrap();
    world.sandbox.advance_clock(Duration::from_secs(31 * 86_400));
    world.knosc.get("/item-master").await.unwrap();
    assert_eq!((world.statuses("refresh"), world.statuses("login")), (vec![401], vec![200, 200]));
}

#[tokio::test]
async fn k03_every_send_carries_the_csrf_value_of_its_session() {
    let world = vectors().await;
    assert_eq!(world.knosc.csrf().reveal(), "", "there is none before the log-in");
    let _ = world.knosc.log_in().await.unwrap();
    let before = world.knosc.csrf();
    world.sandbox.advance_clock(Duration::from_secs(16 * 60));
    assert!(world.knosc.create_order(&order("P-2")).await.unwrap().is_done());
    assert_eq!(world.statuses("create"), [401, 200], "the second with the rotated value");
    assert_ne!(world.knosc.csrf(), before);
}

#[tokio::test]
async fn k04_however_many_meet_the_expiry_one_refresh_is_sent() {
    let world = vectors().await;
    let _ = world.knosc.log_in().await.unwrap();
    world.sandbox.advance_clock(Duration::from_secs(16 * 60));
    for read in join_all((0..20).map(|_| world.knosc.get("/item-master"))).await {
        read.unwrap();
    }
    assert_eq!(world.statuses("refresh"), [200]);
}

#[tokio::test]
async fn k05_a_401_to_what_gets_a_session_is_final() {
    let world = vectors().await;
    let wrong = client_of(&world.sandbox, "ada", "wrong", |builder| builder);
    wrong.get("/item-master").await.unwrap_err();
    let totp = client_of(&world.sandbox, "totp", "right", |builder| builder);
    assert_eq!(totp.log_in().await, Ok(LogIn::SecondFactorRequired));
    let error = totp.verify_second_factor("totp", "000000").await.unwrap_err();
    assert_eq!((error.status, error.code), (Some(401), Some(Code::InvalidSecondFactor)));
    assert_eq!(world.statuses("verify"), [401]);
    assert_eq!(world.statuses("refresh"), Vec::<u64>::new());
}

fn code(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(now).to_string()
}

#[tokio::test]
async fn k16_a_second_factor_is_an_outcome_of_its_own_and_can_be_given() {
    let world = vectors().await;
    let totp = client_of(&world.sandbox, "totp", "right", |builder| builder);
    assert_eq!(totp.log_in().await, Ok(LogIn::SecondFactorRequired));
    assert!(totp.get("/item-master").await.is_err(), "that is no session");
    let code = code("JBSWY3DPEHPK3PXP");
    assert_eq!(totp.verify_second_factor("totp", &code).await, Ok(LogIn::LoggedIn));
    assert!(totp.create_order(&order("P-2")).await.unwrap().is_done());
    // It is renewed like any other.
    world.sandbox.advance_clock(Duration::from_secs(16 * 60));
    totp.get("/item-master").await.unwrap();
    assert_eq!((world.statuses("refresh"), world.statuses("login")), (vec![200], vec![200]));
}

#[tokio::test]
async fn k16_a_first_sign_in_is_an_outcome_of_its_own_and_a_password_can_be_set() {
    let world = vectors().await;
    let new = client_of(&world.sandbox, "new", "right", |builder| builder);
    let Ok(LogIn::FirstSignIn { session_token: Some(token) }) = new.log_in().await else {
        panic!("a first password is asked for");
    };
    let error = new.set_first_password(&token, &Secret::new("short")).await.unwrap_err();
    assert_eq!(error.code, Some(Code::InvalidField));
    new.set_first_password(&token, &Secret::new("long enough")).await.unwrap();
    let now = client_of(&world.sandbox, "new", "long enough", |builder| builder);
    assert_eq!(now.log_in().await, Ok(LogIn::LoggedIn));
}

#[tokio::test]
async fn k16_a_second_factor_is_set_up_used_and_taken_away() {
    let world = vectors().await;
    let viewer = client_of(&world.sandbox, "viewer", "right", |builder| builder);
    let offer = viewer.offer_second_factor().await.unwrap();
    assert!(!format!("{offer:?}").contains(offer.secret.reveal()));
    let wrong = viewer.activate_second_factor("000000").await.unwrap_err();
    assert_eq!((wrong.status(), wrong.code()), (Some(400), Some(Code::InvalidSecondFactor)));
    assert!(viewer.activate_second_factor(&code(offer.secret.reveal())).await.unwrap().is_done());
    assert_eq!(viewer.profile().await.unwrap().second_factor, Some(true));
    let again = client_of(&world.sandbox, "viewer", "right", |builder| builder);
    assert_eq!(again.log_in().await, Ok(LogIn::SecondFactorRequired));

    use futures_util::{StreamExt, TryStreamExt};
    let mut users = world.knosc.list::<User>(Query::default()).boxed();
    let mut id = None;
    while let Some(user) = users.try_next().await.unwrap() {
        if user.username.as_deref() == Some("viewer") {
            id = user.id;
        }
    }
    assert!(world.knosc.reset_second_factor(id.unwrap()).await.unwrap().is_done());
    let again = client_of(&world.sandbox, "viewer", "right", |builder| builder);
    assert_eq!(again.log_in().await, Ok(LogIn::LoggedIn));
}

#[tokio::test]
async fn k18_the_paths_are_chosen_or_found_out_once() {
    for (profile, paths, posts) in [
        (Profile::Guide, AuthPaths::Auto, &["login", "refresh"][..]),
        (Profile::Guide, AuthPaths::Guide, &["login", "refresh"]),
        (Profile::Reference, AuthPaths::Auto, &["login", "authenticate", "token-refresh"]),
        (Profile::Reference, AuthPaths::Reference, &["authenticate", "token-refresh"]),
        (Profile::Both, AuthPaths::Reference, &["authenticate", "token-refresh"]),
    ] {
        let world = with(profile, &[]).await;
        let knosc = Knosc::builder(world.sandbox.base_url(), "ada", "right").auth_paths(paths);
        let knosc = knosc.build().unwrap();
        knosc.get("/item-master").await.unwrap();
        world.sandbox.advance_clock(Duration::from_secs(16 * 60));
        knosc.get("/item-master").await.unwrap();
        let seen: Vec<String> = world.paths("POST");
        let wanted: Vec<String> = posts.iter().map(|path| format!("/api/{path}")).collect();
        assert_eq!(seen, wanted, "{paths:?} of {profile}");
    }
    let world = with(Profile::Reference, &[]).await;
    let guide =
        Knosc::builder(world.sandbox.base_url(), "ada", "right").auth_paths(AuthPaths::Guide);
    let error = guide.build().unwrap().log_in().await.unwrap_err();
    assert!(error.text.contains("base_url"), "{error}");
}

#[tokio::test]
async fn a_session_ends_and_the_next_call_gets_another() {
    let world = vectors().await;
    let _ = world.knosc.refresh().await.unwrap();
    assert!(world.knosc.log_out().await.unwrap().is_done());
    world.knosc.get("/item-master").await.unwrap();
    assert_eq!(world.statuses("login"), [200, 200]);
}
