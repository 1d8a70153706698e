//! Where replies keep things, and what rules ask of them.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use steadfast_call::dialect::{Dialect, Extract, PolicyName};
use steadfast_call::{Circumstances, Class, Reading, Reply, Request, classify_under};

const BASE: &str = r#"
dialect = 1
name = "places"
title = "Places"
[policy.recommended]
attempts = 4
attempt_timeout_ms = 30_000
connect_timeout_ms = 5_000
fault_base_ms = 1_000
throttle_base_ms = 1_000
wait_cap_ms = 8_000
hint_cap_ms = 60_000
jitter = "full"
rate_limited = "not_processed"
[policy.documented]
attempts = 4
attempt_timeout_ms = 30_000
connect_timeout_ms = 5_000
fault_base_ms = 1_000
throttle_base_ms = 1_000
wait_cap_ms = 8_000
hint_cap_ms = 60_000
jitter = "none"
rate_limited = "never"
"#;

fn dialect(rest: &str) -> Dialect {
    let text = format!("{BASE}{rest}");
    let mistakes = Dialect::check(&text);
    assert_eq!(mistakes, [], "{rest}");
    Dialect::parse(&text).unwrap()
}

/// The place that a dialect has for the code.
fn place(written: &str) -> Extract {
    dialect(&format!("[reply]\ncode = [{written}]\n")).reply.code.remove(0)
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    Reply::new(StatusCode::from_u16(status).unwrap(), map, body.to_owned().into())
}

#[test]
fn a_place_takes_the_part_that_its_pattern_covers() {
    let shopify = place(r#"{ at = "header:x-limit", match = '^(\d+)/' }"#);
    assert_eq!(shopify.text(&reply(200, &[("x-limit", "32/40")], "")).as_deref(), Some("32"));
    assert_eq!(shopify.text(&reply(200, &[("x-limit", "many")], "")), None);
    let aws = place(r#"{ at = "json:/__type", match = '([^#:]+)(?::.*)?$' }"#);
    for (kind, name) in [
        ("com.amazon.coral#ThrottlingException", "ThrottlingException"),
        ("ThrottlingException:http://internal.amazon.com/coral/", "ThrottlingException"),
        ("Plain", "Plain"),
    ] {
        let body = serde_json::json!({ "__type": kind }).to_string();
        assert_eq!(aws.text(&reply(400, &[], &body)).as_deref(), Some(name), "{kind}");
    }
    assert_eq!(aws.to_string(), "json:/__type by ([^#:]+)(?::.*)?$");
}

#[test]
fn hazard_50_the_text_of_a_body_is_a_place_of_last_resort() {
    let coded = place(r#"'text:<Code>(\w+)</Code>'"#);
    let xml = "<Error><Code>SlowDown</Code><Message>…</Message></Error>";
    assert_eq!(coded.text(&reply(503, &[], xml)).as_deref(), Some("SlowDown"));
    assert_eq!(coded.text(&reply(503, &[], "<Error/>")), None);
    let whole = place(r#""text:""#);
    assert_eq!(whole.text(&reply(429, &[], "  slow down\n")).as_deref(), Some("slow down"));
    assert_eq!(whole.text(&reply(429, &[], " \n")), None);
    let long = "é".repeat(600);
    assert_eq!(whole.text(&reply(500, &[], &long)).unwrap().chars().count(), 500);
}

#[test]
fn a_place_gives_all_its_values() {
    let codes = place(r#""json:/errors/*/code""#);
    let body = r#"{"errors":[{"code":"A"},{"code":null},{},{"code":7}]}"#;
    assert_eq!(codes.texts(&reply(400, &[], body)), ["A", "7"]);
    assert_eq!(codes.text(&reply(400, &[], body)).as_deref(), Some("A"));
    let top = place(r#""json:/*/errorCode""#);
    assert_eq!(top.texts(&reply(400, &[], r#"[{"errorCode":"X"},{"errorCode":"Y"}]"#)), ["X", "Y"]);
    let nested = place(r#""json:/a/*/b/*""#);
    assert_eq!(nested.texts(&reply(400, &[], r#"{"a":{"x":{"b":[1,2]},"y":{"b":[3]}}}"#)).len(), 3);
    let header = place(r#""header:x-code""#);
    assert_eq!(header.texts(&reply(400, &[("x-code", "A"), ("x-code", " B ")], "")), ["A", "B"]);
    let starred = place(r#""json:/*name""#);
    assert_eq!(starred.texts(&reply(400, &[], r#"{"*name":"it is its name"}"#)).len(), 1);
}

fn read(rules: &str, circumstances: Circumstances, reply: &Reply) -> Reading {
    let places = "[reply]\ncode = [\"json:/errors/*/code\", \"json:/code\"]\nmessage = [\"json:/errors/*/text\"]\n";
    let request = Request::new(Method::POST, "/orders").json("{}");
    classify_under(&dialect(&format!("{places}{rules}")), &request, reply, circumstances)
}

/// A rule of the class `declined` with these conditions: does it fit?
fn fits(when: &str, reply: &Reply) -> bool {
    fits_under(when, Circumstances::default(), reply)
}

fn fits_under(when: &str, circumstances: Circumstances, reply: &Reply) -> bool {
    let rule = format!("[[rule]]\nname = \"r\"\nwhen = {{ {when} }}\nclass = \"declined\"\n");
    read(&rule, circumstances, reply).class == Class::Declined
}

#[test]
fn rules_ask_for_what_is_not_there() {
    let body = reply(409, &[("x-there", "1")], r#"{"a":1,"n":null}"#);
    assert!(fits(r#"json_absent = ["/b", "/n"]"#, &body));
    assert!(!fits(r#"json_absent = ["/b", "/a"]"#, &body));
    assert!(fits(r#"json_absent = ["/a"]"#, &reply(409, &[], "no JSON")));
    assert!(fits(r#"header_absent = ["x-gone"]"#, &body));
    assert!(!fits(r#"header_absent = ["x-gone", "X-There"]"#, &body));
    assert!(fits(r#"status = ["4xx"], status_not = ["404", "410"]"#, &body));
    assert!(!fits(r#"status = ["4xx"], status_not = ["409"]"#, &body));
}

#[test]
fn rules_ask_for_the_key_and_the_policy() {
    let conflict = reply(409, &[], "");
    let keyed = Circumstances { key_sent: true, ..Circumstances::default() };
    assert!(fits_under("key_sent = true", keyed, &conflict));
    assert!(!fits_under("key_sent = false", keyed, &conflict));
    assert!(fits("key_sent = false", &conflict) && !fits("key_sent = true", &conflict));
    let documented = Circumstances { policy: PolicyName::Documented, ..Circumstances::default() };
    assert!(fits_under(r#"policy = "documented""#, documented, &conflict));
    assert!(!fits(r#"policy = "documented""#, &conflict));
    assert!(fits(r#"policy = "recommended""#, &conflict));
}

#[test]
fn one_of_several_sets_is_enough_and_the_others_have_to_hold_all_the_same() {
    let any = r#"status = ["4xx"], any = [{ code = ["A"] }, { header = { x-limit = "0" } }]"#;
    assert!(fits(any, &reply(400, &[], r#"{"code":"A"}"#)));
    assert!(fits(any, &reply(400, &[("x-limit", "0")], "")));
    assert!(!fits(any, &reply(400, &[("x-limit", "1")], r#"{"code":"B"}"#)));
    assert!(!fits(any, &reply(500, &[("x-limit", "0")], "")));
}

const SEVERAL: &str = r#"{"errors":[{"code":"minor","text":"m"},{"code":"worst","text":"w"}]}"#;

/// Hazard 9: top-level arrays and several errors at once.
#[test]
fn of_several_errors_the_one_that_the_first_fitting_rule_names_wins() {
    let rule = |code: &str, class: &str| {
        format!(
            "[[rule]]\nname = \"{code}\"\nwhen = {{ code = [\"{code}\"] }}\nclass = \"{class}\"\n"
        )
    };
    let reply = reply(400, &[], SEVERAL);
    let rules = format!("{}{}", rule("worst", "quota_exhausted"), rule("minor", "validation"));
    let reading = read(&rules, Circumstances::default(), &reply);
    assert_eq!(reading.class, Class::QuotaExhausted);
    assert_eq!((reading.code.as_deref(), reading.message.as_deref()), (Some("worst"), Some("w")));
    let reading = read(&rule("minor", "validation"), Circumstances::default(), &reply);
    assert_eq!((reading.code.as_deref(), reading.message.as_deref()), (Some("minor"), Some("m")));
    let reading = read("", Circumstances::default(), &reply);
    assert_eq!(reading.code.as_deref(), Some("minor"), "without a rule, the first");
}

#[test]
fn a_code_that_a_set_names_is_the_codes_of_the_reading() {
    let rule =
        "[[rule]]\nname = \"r\"\nwhen = { any = [{ code = [\"worst\"] }] }\nclass = \"conflict\"\n";
    let reading = read(rule, Circumstances::default(), &reply(400, &[], SEVERAL));
    assert_eq!((reading.class, reading.code.as_deref()), (Class::Conflict, Some("worst")));
}
