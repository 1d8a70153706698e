//! What single answers lead to, to the letter (K6, K9, K10, K12, K15, K17).

use http::Method;
use serde_json::json;
use steadfast::dialect::PolicyName;
use steadfast::{Class, Kind};
use steadfast_apis::knosc::{Code, Knosc};

use crate::script::{Answer, Script};
use crate::world::{order, vectors};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const HTML: &[(&str, &str)] = &[("content-type", "text/html")];

/// The client as it is made for production, under the letter of the guide.
fn documented(answers: &[Answer]) -> (Knosc, Script) {
    let script = Script::of(answers.iter().copied());
    let transport = script.clone();
    let knosc = Knosc::builder("https://acme.knosc.com/api", "ada", "password-canary")
        .policy(PolicyName::Documented)
        .settings(|builder| builder.transport(transport))
        .build();
    (knosc.unwrap(), script)
}

#[tokio::test(start_paused = true)]
async fn k06_a_5xx_is_sent_again_after_1_2_4_seconds_and_the_last_answer_is_told() {
    let (knosc, script) = documented(&[Some((503, &[], ""))]);
    let error = knosc.get("/item-master").await.unwrap_err();
    assert_eq!(script.waits_ms(), [1_000, 2_000, 4_000]);
    assert_eq!((error.status(), error.to_string().as_str()), (Some(503), "HTTP 503"));
    assert_eq!(error.call().unwrap().details().attempts.len(), 4);

    let (knosc, script) = documented(&[Some((503, &[], ""))]);
    knosc.request_with_backoff(Method::GET, "/item-master", 2).await.unwrap_err();
    assert_eq!(script.waits_ms(), [1_000]);

    // What is below 500 is told at once; of a 429 the guide knows nothing.
    for status in [405, 409, 418, 429] {
        let (knosc, script) = documented(&[Some((status, JSON, "{}"))]);
        let error = knosc.get("/item-master").await.unwrap_err();
        assert_eq!((script.seen().len(), error.status()), (1, Some(status)));
    }
}

#[tokio::test(start_paused = true)]
async fn k06_a_hint_of_the_server_counts_if_it_is_longer() {
    let long: Answer = Some((503, &[("retry-after", "7")], ""));
    let short: Answer = Some((503, &[("retry-after", "0.5")], ""));
    let done: Answer = Some((200, JSON, r#"{"data":{"rows":[]}}"#));
    let (knosc, script) = documented(&[long, short, done]);
    knosc.get("/item-master").await.unwrap();
    assert_eq!(script.waits_ms(), [7_000, 2_000]);
    let (knosc, script) = documented(&[Some((503, &[("retry-after", "61")], ""))]);
    let error = knosc.get("/item-master").await.unwrap_err();
    assert_eq!(script.seen().len(), 1, "longer than a minute is no wait");
    assert_eq!(error.call().unwrap().retry_after().unwrap().as_secs(), 61);
}

#[tokio::test(start_paused = true)]
async fn k09_the_text_of_an_error_is_code_and_message_or_the_status() {
    let said = r#"{"Message":"PO #42 not found","Code":"PurchaseOrderList.NotFound"}"#;
    let beside = r#"{"Message":"No.","Code":"OrderList.NoItems","notification_type":"Warning"}"#;
    for (status, headers, body, text) in [
        (404, JSON, said, "[PurchaseOrderList.NotFound] PO #42 not found"),
        (400, JSON, beside, "[OrderList.NoItems] No."),
        (400, HTML, "<html>Bad Request</html>", "HTTP 400"),
        (404, JSON, r#"{"msg":"Missing"}"#, "HTTP 404"),
        (403, &[], "", "HTTP 403"),
    ] {
        let (knosc, _) = documented(&[Some((status, headers, body))]);
        let error = knosc.delete("/purchase-order/42").await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.status()), (text, Some(status)));
        let details = error.call().unwrap().details();
        assert_eq!(details.body, body, "the raw body is kept, a notification with it");
    }
    // A success that is none, V35.
    let (knosc, _) = documented(&[Some((200, HTML, "<html>login</html>"))]);
    let error = knosc.get("/item-master").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Some(Kind::Protocol), Some(200)));
}

#[tokio::test(start_paused = true)]
async fn k10_codes_decide_and_unknown_ones_are_carried_through() {
    let known = r#"{"Message":"Something else today.","Code":"ItemMaster.NotFound"}"#;
    let (knosc, _) = documented(&[Some((400, JSON, known))]);
    let error = knosc.create_order(&order("P-2")).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ItemNotFound));
    let unknown = r#"{"Message":"Item I1 not found in Item Master","Code":"Order.OnFire"}"#;
    let (knosc, _) = documented(&[Some((400, JSON, unknown))]);
    let error = knosc.create_order(&order("P-2")).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Other("Order.OnFire".to_owned())));
    for code in Code::KNOWN {
        assert!(
            Code::from(*code).as_str() == *code && !matches!(Code::from(*code), Code::Other(_))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn k12_what_is_wrong_with_a_request_is_not_sent_again() {
    let refusal = r#"{"Message":"No.","Code":"Some.Thing"}"#;
    for status in [400, 403, 404, 422] {
        let (knosc, script) = documented(&[Some((status, JSON, refusal))]);
        let error = knosc.create_order(&order("P-2")).await.unwrap_err();
        assert_eq!((script.seen().len(), error.status()), (1, Some(status)));
    }
    // A 403 is for an administrator.
    let refusal = r#"{"Message":"Not Privileged for this action","Code":"User.NotPrivileged"}"#;
    let (knosc, script) = documented(&[Some((403, JSON, refusal))]);
    let error = knosc.create_order(&order("P-2")).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NotPrivileged));
    assert!(error.advice().unwrap().contains("administrator"), "{:?}", error.advice());
    assert_eq!(script.sessions(), 1, "nobody logs in again for that");
    // A 422 for our own header is cured by a fresh one, once, and then told as what it is.
    let stale = r#"{"Message":"CSRF double submit tokens do not match","Code":"CSRF.Mismatch"}"#;
    let (knosc, script) = documented(&[Some((422, JSON, stale))]);
    let error = knosc.create_order(&order("P-2")).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::CsrfMismatch));
    assert_eq!((script.seen().len(), script.sessions()), (2, 2));
    assert!(error.advice().unwrap().contains("X-XSRF-TOKEN"), "{:?}", error.advice());
}

#[tokio::test]
async fn k15_verbs_give_the_body_of_a_success_and_nothing_else() {
    let world = vectors().await;
    let knosc = &world.knosc;
    let body = knosc.get("/purchase-order/42").await.unwrap().unwrap();
    assert_eq!(body["data"]["rows"]["PO List Number"], "P-1");
    let made = knosc.post("/purchase-order", &order("P-2")).await.unwrap().unwrap();
    let id = made["id"].as_u64().unwrap();
    let mut changed = knosc.order(id).await.unwrap();
    changed.details[0].quantity = 6.into();
    let put = knosc.put(format!("/purchase-order/{id}"), &changed).await.unwrap().unwrap();
    assert_eq!(put["notification_type"], "Success");
    assert!(knosc.delete(format!("/purchase-order/{id}")).await.unwrap().is_some());
    for wrong in [
        knosc.get("/purchase-order/999").await,
        knosc.post("/purchase-order", &json!({ "details": [] })).await,
        knosc.put("/purchase-order/999", &order("P-9")).await,
        knosc.delete("/purchase-order/999").await,
    ] {
        assert!(wrong.unwrap_err().code().is_some());
    }
    // An empty success is an empty result, C5.
    let reference = crate::world::with(steadfast_sandbox::Profile::Reference, &[]).await;
    assert_eq!(reference.knosc.delete("/purchase-order/42").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn k17_a_401_that_stays_comes_with_a_list_of_what_to_check() {
    let expired = r#"{"Message":"Token has expired","Code":"Token.Expired"}"#;
    let (knosc, script) = documented(&[Some((401, JSON, expired))]);
    let error = knosc.get("/item-master").await.unwrap_err();
    // V46: one refresh, two sends.
    assert_eq!((script.seen().len(), script.sessions()), (2, 2));
    assert_eq!(error.call().unwrap().class(), Some(Class::Unauthenticated));
    let advice = error.advice().unwrap();
    for check in ["cookies are sent", "access_token_cookie", "clock"] {
        assert!(advice.contains(check), "{advice}");
    }
}

#[tokio::test(start_paused = true)]
async fn k03_the_replay_is_the_same_request_with_the_rotated_csrf_value() {
    let expired = r#"{"Message":"Token has expired","Code":"Token.Expired"}"#;
    let done = r#"{"message":"Done.","notification_type":"Success","id":43}"#;
    let (knosc, script) = documented(&[Some((401, JSON, expired)), Some((200, JSON, done))]);
    assert_eq!(knosc.create_order(&order("P-2")).await.unwrap().id(), Some(43));
    let seen = script.seen();
    let value = |at: usize| seen[at].header("x-xsrf-token").to_owned();
    assert_eq!(
        (value(0), value(1)),
        ("canary-csrf_access_token-1".into(), "canary-csrf_access_token-2".into())
    );
    assert_eq!((&seen[0].method, &seen[0].body), (&seen[1].method, &seen[1].body));
    assert!(seen[1].header("cookie").contains("access_token_cookie-2"));
}
