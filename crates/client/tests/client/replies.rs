//! What is made of replies, readable and not.

use serde_json::{Value, json};
use steadfast::{Class, Effect, Kind, LookUp, Outcome};

use crate::double::{create, keyed, known_absent, options, order, quick, vectors, world};
use crate::server::{Answer, Server};

#[tokio::test]
async fn hazard_45_a_body_that_is_not_json_does_not_hide_the_status() {
    let world = world(options(), |builder| builder.attempts(1), quick()).await;
    world.client.log_in().await.unwrap();
    for (status, body, class) in [
        (502, "html", Class::Unavailable),
        (503, "empty", Class::Unavailable),
        (504, "plain", Class::Unavailable),
        (500, "json", Class::ServerError),
        (403, "html", Class::Forbidden),
        (404, "empty", Class::NotFound),
        (400, r#"{"Message":"#, Class::Validation),
    ] {
        world.faults(json!([{ "on": { "kind": "read" },
            "do": { "kind": "status", "status": status, "body": body } }]));
        let error = world.client.get("/item-master").await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(
            matches!(error.kind(), Kind::Unreached(c) | Kind::Refused(c) if c == class),
            "{error}"
        );
        if body != "json" {
            assert_eq!((error.code(), error.summary()), (None, format!("HTTP {status}")));
        }
        assert_eq!(error.details().body.is_empty(), body == "empty");
    }
}

#[tokio::test]
async fn hazard_45_an_unreadable_503_is_sent_again_like_any_other() {
    let world = vectors().await;
    world.faults(json!([
        { "on": { "kind": "read", "nth": 1 }, "do": { "kind": "status", "status": 502, "body": "html" } },
        { "on": { "kind": "read", "nth": 2 }, "do": { "kind": "status", "status": 503, "body": "truncated" } },
    ]));
    world.client.get("/item-master").await.unwrap();
    assert_eq!(world.journal().statuses("read"), [502, 503, 200]);
}

#[tokio::test]
async fn hazard_47_html_with_status_200_is_no_success() {
    let world = vectors().await;
    let portal =
        json!({ "kind": "status", "status": 200, "body": "<html>Log in to the hotel</html>" });
    world.faults(json!([{ "on": { "kind": "read", "nth": 1 }, "do": portal }]));
    let error = world.client.get("/item-master").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Protocol, Some(200)));
    assert!(error.to_string().contains("text/html"), "{error}");
    assert_eq!(world.journal().count("read"), 1);
    world.faults(json!([{ "on": { "kind": "create" }, "do": portal }]));
    let error = world.client.post("/purchase-order").json(&order("P-2")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
}

#[tokio::test]
async fn hazard_50_codes_decide_and_texts_do_not() {
    let world = vectors().await;
    let answer = |status: u16, body: Value| {
        let body = body.to_string();
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "status", "status": status, "body": body } }])
    };
    world.faults(answer(
        400,
        json!({ "Message": "PO P-1 already exists", "Code": "OrderList.NoItems" }),
    ));
    let error = world.client.call(create(&order("P-1")), keyed("P-1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Class::Validation));
    world.faults(answer(
        400,
        json!({ "Message": "ein ganz anderer Text", "Code": "PurchaseOrderList.AlreadyExists" }),
    ));
    let outcome = world.client.call(create(&order("P-1")), keyed("P-1")).await;
    assert!(matches!(outcome, Ok(Outcome::Existing(_))), "{outcome:?}");
    let text = "Changes will be visible after the integration is done.";
    world.faults(answer(200, json!({ "message": text, "notification_type": "Success", "id": 7 })));
    let outcome = world.client.call(create(&order("P-2")), keyed("P-2")).await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    world.faults(answer(200, json!({ "message": "Done!", "notification_type": "Warning" })));
    let outcome = world.client.call(create(&order("P-2")), keyed("P-2")).await;
    assert!(matches!(outcome, Ok(Outcome::Queued(_))), "{outcome:?}");
    world.faults(answer(
        400,
        json!({ "Message": "no", "Code": "X.Y", "notification_type": "Warning" }),
    ));
    let error = world.client.call(create(&order("P-2")), keyed("P-2")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Class::Validation), "an error beside a notice is one");
}

#[tokio::test]
async fn unknown_codes_are_carried_through_in_the_words_of_the_api() {
    let world = vectors().await;
    world.faults(json!([{ "on": { "kind": "create" }, "do": { "kind": "status", "status": 400,
        "body": r#"{"Message":"Out of ink","Code":"Printer.Empty","more":1}"# } }]));
    let error = world.create("P-2").await.unwrap_err();
    assert_eq!(
        (error.code(), error.summary().as_str()),
        (Some("Printer.Empty"), "[Printer.Empty] Out of ink")
    );
    assert!(error.details().body.ends_with(br#""more":1}"#), "the raw body is kept");
}

#[tokio::test]
async fn hazard_54_keys_and_values_travel_letter_by_letter() {
    let server = Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        _ => Answer::json(200, &json!({ "notification_type": "Success", "id": 1 })),
    })
    .await;
    let body = r#"{"PO List Number":" p-1 ","Item Number":"i1","PO Details Quantity":1.10,"Price":12345678901234567890.123456789}"#;
    let request = steadfast::Request::new(http::Method::POST, "/purchase-order").json(body);
    server.client().call(request, keyed(" p-1 ")).await.unwrap();
    assert_eq!(server.seen()[1].body, body, "hazard 55 as well: numbers keep their digits");
}

#[tokio::test]
async fn hazard_54_a_key_of_other_case_or_with_blanks_is_another_key() {
    let world = vectors().await;
    for key in ["p-1", " P-1", "P-1 ", "P-10"] {
        let found = world.client.look_up("purchase-order", key, b"{}").await;
        assert!(matches!(found, LookUp::Absent), "{key:?}: {found:?}");
    }
    let mut body = order("P-2");
    body["details"][0]["Item Number"] = json!("i1");
    let error = world.client.call(create(&body), known_absent("P-2")).await.unwrap_err();
    assert_eq!(error.summary(), "[ItemMaster.NotFound] Item i1 not found in Item Master");
}

#[tokio::test]
async fn the_convenient_verbs_give_a_body_for_a_2xx_only() {
    let server = Server::start(|seen, _| match (seen.method.as_str(), seen.route()) {
        (_, "/api/login") => Answer::session("access-1", "csrf-1"),
        ("DELETE", _) => Answer::with(200, &[], ""),
        ("GET", "/api/empty") => Answer::with(204, &[], ""),
        ("GET", _) => Answer::with(200, &[], r#"{"a":1.10}"#),
        ("POST", _) => Answer::json(201, &json!({ "id": 9 })),
        _ => Answer::json(404, &json!({ "Code": "Route.NotFound", "Message": "Not found" })),
    })
    .await;
    let client = server.client();
    assert_eq!(
        client.get("/a").await.unwrap(),
        Some(serde_json::from_str("{\"a\":1.10}").unwrap())
    );
    assert_eq!(client.get("/empty").await.unwrap(), None);
    assert_eq!(client.delete("/a/1").await.unwrap(), None);
    assert_eq!(client.post("/a").json(&json!({})).await.unwrap(), Some(json!({ "id": 9 })));
    assert_eq!(
        client.put("/a/1").json(&json!({})).await.unwrap_err().code(),
        Some("Route.NotFound")
    );
    let posted =
        server.seen().into_iter().find(|seen| seen.method == "POST" && seen.route() == "/api/a");
    assert_eq!(posted.unwrap().body, "{}", "an empty object is a body");
}
