//! Every reply is read, whatever its body (DESIGN §3.10; K8, K9).

use http::{HeaderMap, StatusCode};
use steadfast_call::{Class, Kind, Options, Outcome, Reply, Request, classify, differences};

use crate::scenario::{
    Answer, World, delete, done, knosc, knosc_with, order, put, queued, read, reply, same, script,
};

fn class(request: &Request, status: u16, body: &str) -> Class {
    let Answer::Reply(reply) = reply(status, body) else { unreachable!() };
    classify(&knosc(), request, &reply).class
}

#[test]
fn hazard_45_k9_the_status_decides_whatever_the_body() {
    let bodies = ["", "<html>Bad Gateway</html>", "{\"Message\":\"cut", "[]", "null", "\"text\""];
    for body in bodies {
        for (status, expected) in [
            (400, Class::Validation),
            (401, Class::Unauthenticated),
            (403, Class::Forbidden),
            (404, Class::NotFound),
            (408, Class::Unavailable),
            (422, Class::Csrf),
            (429, Class::RateLimited),
            (500, Class::ServerError),
            (501, Class::ServerError),
            (502, Class::Unavailable),
            (503, Class::Unavailable),
            (504, Class::Unavailable),
        ] {
            assert_eq!(class(&order(), status, body), expected, "{status} {body}");
        }
    }
}

#[test]
fn k9_the_text_falls_back_to_the_status() {
    let played = World::new().create(script([reply(403, "<html>no</html>")]));
    assert_eq!(played.error().summary(), "HTTP 403");
    let played =
        World::new().create(script([reply(401, r#"{"msg":"Token has expired"}"#), reply(403, "")]));
    assert_eq!(played.error().summary(), "HTTP 403");
    let body = r#"{"Message":"Not Privileged for this action","Code":"User.NotPrivileged"}"#;
    let played = World::new().create(script([reply(403, body)]));
    assert_eq!(played.error().summary(), "[User.NotPrivileged] Not Privileged for this action");
    assert_eq!(&played.error().details().body[..], body.as_bytes());
}

#[test]
fn hazard_46_an_empty_success_is_one_where_the_body_decides_nothing() {
    assert_eq!(class(&delete(), 200, ""), Class::Ok);
    assert_eq!(class(&read(), 200, ""), Class::Ok);
    assert_eq!(class(&order(), 200, ""), Class::Unmodelled, "done or queued?");
    assert_eq!(class(&put(), 204, ""), Class::Unmodelled);
}

#[test]
fn an_empty_code_is_none() {
    let Answer::Reply(reply) = reply(400, r#"{"Code":"","Message":""}"#) else { unreachable!() };
    let reading = classify(&knosc(), &order(), &reply);
    assert_eq!((reading.code, reading.message), (None, None));
}

/// V35.
#[test]
fn hazard_47_html_with_status_200_is_no_success() {
    assert_eq!(class(&read(), 200, "<html>Log in</html>"), Class::Unmodelled);
    assert_eq!(class(&delete(), 200, "<html>Log in</html>"), Class::Unmodelled);
    let played = World::new().play(read(), Options::default(), script([reply(200, "<html>")]));
    assert_eq!((played.error().kind(), played.error().status()), (Kind::Protocol, Some(200)));
    let played = World::new().play(order(), Options::default(), script([reply(200, "<html>")]));
    assert_eq!(played.error().kind(), Kind::Unknown);
}

/// It calls itself JSON and is not: it was damaged on its way.
#[test]
fn a_damaged_read_is_asked_for_again() {
    let damaged = || reply(200, "{\"data\":{\"rows\":[{\"id\"");
    let played = World::new().play(read(), Options::default(), script([damaged(), done()]));
    assert!(played.result.is_ok());
    let answers = [damaged(), damaged(), damaged(), damaged()];
    let played = World::new().play(read(), Options::default(), script(answers));
    assert_eq!(played.sent_ms.len(), 4);
    let error_inside = reply(200, r#"{"Code":"Server.Error","Message":"No"}"#);
    let played = World::new().play(read(), Options::default(), script([error_inside]));
    assert_eq!(played.error().kind(), Kind::Protocol, "readable, and no success");
}

#[test]
fn hazard_48_a_redirect_is_no_success() {
    assert_eq!(class(&read(), 302, ""), Class::Unmodelled);
    let played = World::new().play(read(), Options::default(), script([reply(301, "")]));
    assert_eq!(played.error().kind(), Kind::Protocol);
    let played = World::new().create(script([reply(302, "")]).looks([same()]));
    assert!(played.result.is_ok(), "a redirected create is looked for");
}

#[test]
fn hazard_49_any_2xx_is_a_success_if_its_body_is_one() {
    for status in [200, 201, 202, 206] {
        assert_eq!(class(&order(), status, r#"{"id":7}"#), Class::Ok);
        assert_eq!(class(&order(), status, r#"{"notification_type":"Warning"}"#), Class::Queued);
    }
}

/// C5, and what the reference sends on a move: no notification at all.
#[test]
fn a_success_without_a_notification_is_applied() {
    assert_eq!(
        class(&put(), 200, r#"{"message":"Update successful","rows_updated":1}"#),
        Class::Ok
    );
    assert_eq!(class(&put(), 200, r#"{"notification_type":null,"id":1}"#), Class::Ok);
}

/// I3: found wrong, each of these was taken for "applied".
#[test]
fn a_success_that_does_not_say_what_was_done_claims_nothing() {
    for body in [
        r#"{"Message":"Unexpected server error","Code":"Server.Error"}"#,
        r#"{"Code":"OrderList.NoItems","Message":"No","notification_type":"Warning"}"#,
        r#"{"notification_type":"Error"}"#,
        r#"{"notification_type":"success"}"#,
        "[]",
        "null",
        "true",
    ] {
        assert_eq!(class(&order(), 200, body), Class::Unmodelled, "{body}");
    }
    let played = World::new().create(script([reply(200, "null")]).looks([same()]));
    assert!(played.result.is_ok(), "it is looked for");
}

/// K8: the notification beside an error is kept, and the error stays one.
#[test]
fn a_refusal_that_also_carries_a_notification_is_a_refusal() {
    let body = r#"{"Message":"No","Code":"OrderList.NoItems","notification_type":"Warning"}"#;
    assert_eq!(class(&order(), 400, body), Class::Validation);
    assert_eq!(class(&order(), 500, body), Class::ServerError);
    let played = World::new().create(script([reply(400, body)]));
    assert!(String::from_utf8_lossy(&played.error().details().body).contains("notification_type"));
}

#[test]
fn a_read_is_never_queued() {
    assert_eq!(class(&read(), 200, r#"{"notification_type":"Warning"}"#), Class::Ok);
}

#[test]
fn a_body_beyond_the_bound_says_nothing_of_a_success() {
    let Answer::Reply(whole) = done() else { unreachable!() };
    let reading = classify(&knosc(), &order(), &whole.clone().cut_off());
    assert_eq!(reading.class, Class::Unmodelled);
    let refused = Reply::new(StatusCode::FORBIDDEN, HeaderMap::new(), whole.body).cut_off();
    assert_eq!(classify(&knosc(), &order(), &refused).class, Class::Forbidden);
}

#[test]
fn an_error_keeps_a_bounded_part_of_the_body() {
    let body = format!("<html>{}", "x".repeat(100_000));
    let played = World::new().create(script([reply(403, &body)]));
    assert_eq!(played.error().details().body.len(), 4_096);
}

/// Hazards 51 and 9: both envelopes of Knosc, and top-level arrays where a dialect says so.
#[test]
fn hazard_51_codes_are_found_in_every_envelope_that_the_dialect_names() {
    let dialect = knosc_with(
        "code = [\"json:/Code\"]",
        "code = [\"json:/Code\", \"json:/*/code\", \"json:/errors/*/code\"]",
    );
    for body in
        [r#"{"Code":"A.B"}"#, r#"[{},{"code":"A.B"}]"#, r#"{"errors":[{"at":1},{"code":"A.B"}]}"#]
    {
        let Answer::Reply(reply) = reply(400, body) else { unreachable!() };
        assert_eq!(classify(&dialect, &order(), &reply).code.as_deref(), Some("A.B"), "{body}");
    }
}

#[test]
fn hazard_54_keys_and_codes_are_compared_exactly() {
    assert_eq!(
        class(&order(), 400, r#"{"Code":"purchaseorderlist.alreadyexists"}"#),
        Class::Validation
    );
    assert_eq!(class(&order(), 200, r#"{"Notification_Type":"Warning"}"#), Class::Ok);
    let dialect = knosc();
    let resource = &dialect.resource["purchase-order"];
    let (ours, theirs) = (
        serde_json::json!({"PO List Number": "p-1 "}),
        serde_json::json!({"PO List Number": "P-1"}),
    );
    assert_eq!(differences(resource, &ours, &theirs).len(), 1);
}

#[test]
fn hazard_55_numbers_keep_their_digits() {
    let dialect = knosc();
    let resource = &dialect.resource["purchase-order"];
    let order = |quantity: &str| {
        let text =
            format!(r#"{{"details":[{{"Item Number":"A","PO Details Quantity":{quantity}}}]}}"#);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    assert_eq!(differences(resource, &order("0.10"), &order("0.1")), []);
    assert_eq!(
        differences(resource, &order("9007199254740993"), &order("9007199254740992")).len(),
        1
    );
}

#[test]
fn the_id_of_what_was_written_is_told() {
    let played = World::new().create(script([done()]));
    assert_eq!(played.outcome().success().resource_id.as_deref(), Some("42"));
    let played = World::new().create(script([queued()]));
    let Outcome::Queued(success) = played.outcome() else { panic!("{:?}", played.result) };
    assert_eq!(success.resource_id, None);
}
