//! Log-in, refresh, generations, CSRF.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use steadfast::{
    AuthFailure, Class, CredentialsKind, Exchanged, HttpTransport, Kind, Limits, Options, Outcome,
    Request, Transport,
};

use crate::double::{
    create, known_absent, login, ms, options, order, quick, replace, vectors, world,
};
use crate::server::{Answer, Server};

#[tokio::test]
async fn hazard_01_the_replay_carries_the_csrf_value_of_the_new_session() {
    let world = vectors().await;
    world.create("P-2").await.unwrap();
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "expire_access" } }]),
    );
    let outcome = world.create("P-3").await.unwrap();
    assert!(matches!(outcome, Outcome::Applied(_)));
    let journal = world.journal();
    assert_eq!(journal.statuses("create"), [200, 401, 200], "and no 422");
    assert_eq!((journal.count("refresh"), journal.count("login")), (1, 1));
}

#[tokio::test]
async fn hazard_02_twenty_parallel_calls_meet_expiry_and_refresh_once() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.sandbox.advance_clock(Duration::from_secs(16 * 60));
    let reads = join_all((0..10).map(|_| world.client.get("/item-master").send()));
    let numbers: Vec<String> = (0..10).map(|n| format!("N-{n}")).collect();
    let writes = join_all(numbers.iter().map(|number| world.create(number)));
    let (reads, writes) = tokio::join!(reads, writes);
    assert!(reads.iter().all(Result::is_ok) && writes.iter().all(Result::is_ok));
    let journal = world.journal();
    assert_eq!((journal.count("refresh"), journal.count("login")), (1, 1));
    assert!(journal.0.iter().all(|entry| entry["status"] != 422));
}

#[tokio::test]
async fn hazard_02_twenty_parallel_first_calls_log_in_once() {
    let world = vectors().await;
    let results = join_all((0..20).map(|_| world.client.get("/item-master").send())).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(world.journal().count("login"), 1);
    assert_eq!(world.journal().count("refresh"), 0);
}

#[tokio::test]
async fn hazard_03_a_token_that_expires_during_the_backoff_is_renewed() {
    let world = vectors().await;
    let fault = |kind: &str| {
        json!([
            { "on": { "kind": kind, "nth": 1 }, "do": { "kind": "status", "status": 503, "body": "empty" } },
            { "on": { "kind": kind, "nth": 2 }, "do": { "kind": "expire_access" } },
        ])
    };
    world.client.log_in().await.unwrap();
    world.faults(fault("read"));
    world.client.get("/item-master").await.unwrap();
    assert_eq!(world.journal().statuses("read"), [503, 401, 200]);
    world.faults(fault("replace"));
    world.client.call(replace(42, &order("P-1")), Options::default()).await.unwrap();
    assert_eq!(world.journal().statuses("replace"), [503, 401, 200]);
    assert_eq!(world.journal().count("refresh"), 2, "one for each call");
}

#[tokio::test]
async fn hazard_04_a_second_401_is_final_after_one_refresh_and_two_sends() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([{ "on": { "kind": "read" }, "do": { "kind": "expire_access" } }]));
    let error = world.client.get("/item-master").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Class::Unauthenticated));
    assert_eq!(world.journal().statuses("read"), [401, 401]);
    assert_eq!(world.journal().count("refresh"), 1);
    // K17: what to check.
    let told = error.user_message();
    for word in ["cookies are sent", "access_token_cookie"] {
        assert!(told.contains(word), "{told}");
    }
}

#[tokio::test]
async fn hazard_04_when_no_session_is_ever_taken_nobody_goes_on_making_new_ones() {
    let world = vectors().await;
    world.faults(json!([{ "on": { "kind": "read" }, "do": { "kind": "expire_access" } }]));
    for _ in 0..12 {
        world.client.get("/item-master").await.unwrap_err();
    }
    let error = world.client.get("/item-master").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::SessionNotTaken));
    assert!(world.journal().count("refresh") + world.journal().count("login") <= 6);
    assert!(error.user_message().contains("session cookie"), "{}", error.user_message());
}

#[tokio::test]
async fn hazard_05_a_wrong_password_is_tried_once() {
    let world = vectors().await;
    let client = login(&world.sandbox, quick(), "ada", "wrong", |builder| builder);
    for error in join_all((0..20).map(|_| client.get("/item-master").send())).await {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
        assert!(error.to_string().contains("User.InvalidCredentials"), "{error}");
    }
    let failure = client.log_in().await.unwrap_err();
    assert!(matches!(failure, AuthFailure::Closed { kind: CredentialsKind::Refused, .. }));
    client.call(create(&order("P-2")), known_absent("P-2")).await.unwrap_err();
    let journal = world.journal();
    assert_eq!(journal.statuses("login"), [401]);
    assert_eq!(journal.0.len(), 1, "and nothing else was sent: {journal:?}");
}

#[tokio::test]
async fn a_refused_refresh_leads_to_one_new_log_in() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([{ "on": { "kind": "read", "nth": 1 }, "do": { "kind": "revoke" } }]));
    world.client.get("/item-master").await.unwrap();
    let journal = world.journal();
    assert_eq!(journal.statuses("refresh"), [401]);
    assert_eq!(journal.statuses("login"), [200, 200]);
    assert_eq!(world.sandbox.audit()["refresh_reuse"], json!([]));
}

#[tokio::test]
async fn hazard_06_the_answer_to_a_replay_is_read_like_any_other() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([
        { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "create", "nth": 2 }, "do": { "kind": "status", "status": 403,
            "body": r#"{"Message":"no","Code":"User.NotPrivileged"}"# } },
        { "on": { "kind": "replace", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "replace", "nth": 2 }, "do": { "kind": "status", "status": 503, "body": "html" } },
    ]));
    let error = world.create("P-2").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::Refused(Class::Forbidden), Some("User.NotPrivileged"))
    );
    world.client.call(replace(42, &order("P-1")), Options::default()).await.unwrap();
    assert_eq!(world.journal().statuses("replace"), [401, 503, 200]);
}

#[tokio::test]
async fn hazard_07_a_200_that_asks_for_more_is_no_session() {
    let world = vectors().await;
    for (user, kind) in [
        ("totp@ex.test", CredentialsKind::SecondFactorRequired),
        ("new@ex.test", CredentialsKind::FirstSignIn),
    ] {
        let client = login(&world.sandbox, quick(), user, "right", |builder| builder);
        let failure = client.log_in().await.unwrap_err();
        assert!(matches!(failure, AuthFailure::Closed { kind: k, .. } if k == kind), "{failure:?}");
        let error = client.get("/item-master").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials(kind));
        assert_eq!(error.user_message(), kind.as_str());
    }
    assert_eq!(world.journal().statuses("login"), [200, 200]);
    assert_eq!(world.journal().count("read"), 0);
}

#[tokio::test]
async fn hazard_07_a_200_without_the_session_cookie_is_no_session() {
    let server = Server::start(|_, _| Answer::json(200, &json!({ "login": true }))).await;
    let failure = server.client().log_in().await.unwrap_err();
    let kind = CredentialsKind::SessionNotTaken;
    assert!(matches!(failure, AuthFailure::Closed { kind: k, .. } if k == kind), "{failure:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn hazard_08_the_refresh_cookies_go_to_the_refresh_and_nowhere_else() {
    let server = Server::start(|seen, n| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        "/api/refresh" => Answer::session("access-2", "csrf-2"),
        _ if n == 0 => Answer::json(401, &json!({ "Code": "Token.Expired", "Message": "" })),
        _ => Answer::json(200, &json!({ "id": 1 })),
    })
    .await;
    server.client().post("/item-master").json(&json!({})).await.unwrap();
    let seen = server.seen();
    let [first_login, first, refresh, replay] = &seen[..] else { panic!("{seen:#?}") };
    assert_eq!(first_login.header("cookie"), "");
    for (call, access, csrf) in [(first, "access-1", "csrf-1"), (replay, "access-2", "csrf-2")] {
        assert_eq!(call.header("x-xsrf-token"), csrf);
        assert!(call.header("cookie").contains(access));
        assert!(!call.header("cookie").contains("refresh"), "{}", call.header("cookie"));
    }
    assert!(refresh.header("cookie").contains("refresh-canary-R1"));
    assert_eq!(refresh.header("x-xsrf-token"), "refresh-csrf-U1");
    assert_eq!(refresh.body, "", "credentials are for the log-in only");
}

#[tokio::test]
async fn a_refused_csrf_value_is_cured_once() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "rotate_csrf", "silent": true } }]));
    world.create("P-2").await.unwrap();
    world.create("P-3").await.unwrap();
    assert_eq!(world.journal().statuses("create"), [200, 422, 200]);
    assert_eq!(world.journal().count("refresh"), 1);
    let answer = json!({ "kind": "status", "status": 422, "body": r#"{"Message":"","Code":"CSRF.Mismatch"}"# });
    world.faults(json!([{ "on": { "kind": "create" }, "do": answer }]));
    let error = world.create("P-4").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Class::Csrf));
    assert_eq!(world.journal().creates("P-4"), 2);
}

#[tokio::test]
async fn a_csrf_value_that_a_reply_brings_is_used_from_then_on() {
    let world = vectors().await;
    world.faults(json!([{ "on": { "kind": "create" }, "do": { "kind": "rotate_csrf" } }]));
    for number in ["P-2", "P-3", "P-4"] {
        world.create(number).await.unwrap();
    }
    assert_eq!(world.journal().statuses("create"), [200, 200, 200]);
    assert_eq!(world.journal().count("refresh"), 0);
}

#[tokio::test]
async fn logging_in_twice_logs_in_once() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.client.log_in().await.unwrap();
    assert_eq!(world.journal().0.len(), 1);
}

#[tokio::test]
async fn a_log_in_that_is_not_answered_backs_off_and_goes_again() {
    let world = vectors().await;
    world.faults(json!([
        { "on": { "kind": "login", "nth": 1 }, "do": { "kind": "status", "status": 503, "body": "html" } },
        { "on": { "kind": "login", "nth": 2 }, "do": { "kind": "reset_before_commit" } },
    ]));
    world.client.get("/item-master").await.unwrap();
    assert_eq!(world.journal().statuses("login"), [503, 0, 200]);
}

#[tokio::test]
async fn who_gives_up_waiting_does_not_take_the_log_in_along() {
    let world = vectors().await;
    world.faults(
        json!([{ "on": { "kind": "login", "nth": 1 }, "do": { "kind": "delay", "ms": 80 } }]),
    );
    let (impatient, patient) = tokio::join!(
        tokio::time::timeout(ms(20), world.client.get("/item-master")),
        world.client.get("/item-master"),
    );
    assert!(impatient.is_err());
    patient.unwrap();
    assert_eq!(world.journal().count("login"), 1);
}

#[tokio::test]
async fn cookies_of_an_old_generation_are_dropped() {
    let server = Server::start(|seen, n| match (seen.route(), n) {
        ("/api/login", _) => Answer::session("access-1", "csrf-1"),
        ("/api/refresh", _) => Answer::session("access-2", "csrf-2"),
        ("/api/slow", _) => Answer::with(
            200,
            &[
                ("Set-Cookie", "access_token_cookie=access-late; Path=/"),
                ("Content-Type", "application/json"),
            ],
            "{}",
        )
        .late(120),
        ("/api/expired", 0) => Answer::json(401, &json!({ "Code": "Token.Expired" })),
        _ => Answer::json(200, &json!({})),
    })
    .await;
    let client = server.client();
    client.log_in().await.unwrap();
    let (slow, renewed) = tokio::join!(client.get("/slow"), async {
        tokio::time::sleep(ms(20)).await;
        client.get("/expired").await
    });
    slow.unwrap();
    renewed.unwrap();
    client.get("/after").await.unwrap();
    let seen = server.seen();
    assert!(seen.last().unwrap().header("cookie").contains("access-2"), "{seen:#?}");
}

/// A load balancer sets its cookie with every answer. That is no new session: an answer 401
/// that comes late still speaks of the one that has expired.
#[tokio::test]
async fn a_load_balancers_cookie_does_not_pass_for_a_renewal() {
    let with_cookie = |status, body: &str| {
        let cookies =
            [("Set-Cookie", "lb=0123456789; Path=/"), ("Content-Type", "application/json")];
        Answer::with(status, &cookies, body)
    };
    let server = Server::start(move |seen, n| match (seen.route(), n) {
        ("/api/login", _) => Answer::session("access-1", "csrf-1"),
        ("/api/refresh", _) => Answer::session("access-2", "csrf-2"),
        ("/api/quick", _) => with_cookie(200, "{}"),
        _ if !seen.header("cookie").contains("access-2") => {
            with_cookie(401, r#"{"Code":"Token.Expired"}"#).late(60)
        }
        _ => with_cookie(200, "{}"),
    })
    .await;
    let client = server.client();
    client.log_in().await.unwrap();
    let (late, _) = tokio::join!(client.get("/late"), client.get("/quick"));
    late.unwrap();
    assert_eq!((server.count("POST", "/api/refresh"), server.count("POST", "/api/login")), (1, 1));
    assert!(server.seen().last().unwrap().header("cookie").contains("lb=0123456789"));
}

#[tokio::test]
async fn a_log_in_that_is_redirected_is_not_followed() {
    let server = Server::start(|_, _| Answer::with(302, &[("Location", "/api/sso")], "")).await;
    let failure = server.client().log_in().await.unwrap_err();
    assert!(
        matches!(&failure, AuthFailure::Unreached { text } if text.contains("base_url")),
        "{failure:?}"
    );
    assert_eq!(server.count("GET", "/api/sso") + server.count("POST", "/api/sso"), 0);
}

/// Panics once, then does as it should.
struct Brittle {
    broken: Arc<AtomicBool>,
    inner: HttpTransport,
}

impl Transport for Brittle {
    fn exchange(&self, request: http::Request<bytes::Bytes>, limits: Limits) -> Exchanged<'_> {
        assert!(!self.broken.swap(false, Ordering::SeqCst), "a transport that panics");
        self.inner.exchange(request, limits)
    }
}

#[tokio::test]
async fn a_renewal_or_look_up_that_panics_does_not_stand_in_the_way_of_the_next() {
    let broken = Arc::new(AtomicBool::new(true));
    let inner = HttpTransport::new(ms(1_000), None, None).unwrap();
    let transport = Brittle { broken: Arc::clone(&broken), inner };
    let build = |builder: steadfast::Builder| builder.transport(transport);
    let world = world(options(), build, quick()).await;
    world.client.get("/item-master").await.unwrap();
    assert_eq!(world.journal().count("login"), 1);
    broken.store(true, Ordering::SeqCst);
    let body = order("P-1").to_string();
    let first = world.client.look_up("purchase-order", "P-1", body.as_bytes()).await;
    assert!(matches!(first, steadfast::LookUp::CannotTell(_)), "{first:?}");
    let next = world.client.look_up("purchase-order", "P-1", body.as_bytes()).await;
    assert!(matches!(next, steadfast::LookUp::Found(_)), "{next:?}");
    broken.store(true, Ordering::SeqCst);
    let call =
        AssertUnwindSafe(world.client.call(Request::new(Method::GET, "/x"), Options::default()));
    assert!(futures_util::FutureExt::catch_unwind(call).await.is_err());
    assert_eq!(world.client.activity().active, 0, "and it is off the count");
}

#[tokio::test]
async fn a_log_in_is_not_asked_for_before_its_hint_allows_it() {
    let world = vectors().await;
    world.faults(json!([{ "on": { "kind": "login", "nth": 1 }, "do": { "kind": "status",
        "status": 503, "headers": { "Retry-After": "3600" }, "body": "empty" } }]));
    for _ in 0..3 {
        let error = world.client.get("/item-master").await.unwrap_err();
        assert_eq!(error.effect(), steadfast::Effect::None);
    }
    assert_eq!(world.journal().statuses("login"), [503]);
    assert_eq!(world.sandbox.audit()["early"], json!([]));
}
