//! A wrong dialect gets an error that names the line, the key and the remedy (DESIGN §4).

use http::Method;
use steadfast_call::Request;
use steadfast_call::dialect::{Act, Dialect, DialectError};

const KNOSC: &str = include_str!("../../dialects/knosc.toml");

/// What is said of Knosc's dialect with one piece written otherwise, and the line of that piece.
fn said(from: &str, to: &str) -> (String, usize) {
    let at = KNOSC.find(from).unwrap_or_else(|| panic!("{from} is not in the dialect"));
    let line = 1 + KNOSC[..at].matches('\n').count();
    let text = KNOSC.replacen(from, to, 1);
    let mistakes: Vec<String> = Dialect::check(&text).iter().map(ToString::to_string).collect();
    assert_eq!(mistakes.len(), 1, "one mistake was made:\n{mistakes:#?}");
    assert_eq!(Dialect::parse(&text).expect_err(to).to_string(), mistakes[0]);
    (mistakes[0].clone(), line)
}

#[track_caller]
fn names(from: &str, to: &str, words: &[&str]) {
    let (text, line) = said(from, to);
    assert!(text.contains(&format!("line {line},")), "line {line} is not named:\n{text}");
    for word in words {
        assert!(text.contains(word), "\"{word}\" is missing:\n{text}");
    }
}

#[test]
fn a_wrong_key_is_named_with_the_keys_that_there_are() {
    names("attempts = 4", "attemps = 4", &["attemps", "`attempts`", "correct the key"]);
    names("replays_after_401 = 1", "replays = 1", &["replays", "`replays_after_401`"]);
    names("line_key = [", "line_keys = [", &["line_keys", "correct the key to `line_key`"]);
}

#[test]
fn a_wrong_type_is_named_with_the_right_one() {
    names(
        "attempts = 4",
        "attempts = \"four\"",
        &["attempts: it is the text \"four\"", "whole number", "correct the value"],
    );
    let whole = "whole number, not below 0";
    names("replays_after_401 = 1", "replays_after_401 = true", &["it is true", whole]);
    names("size_rows = 1000", "size_rows = \"all\"", &["size_rows", whole]);
    names("settle_ms = 3000", "settle_ms = -1", &["settle_ms", "the number -1", whole]);
    names("{ type = \"integer\" }", "{ type = \"int\" }", &["\"int\"", "to `integer`"]);
}

#[test]
fn an_unknown_word_is_named_with_those_that_there_are() {
    names("class = \"queued\"", "class = \"qeued\"", &["qeued", "`queued`"]);
    names("means = \"first_sign_in\"", "means = \"first\"", &["`first_sign_in`"]);
    names("kind = \"page_number\"", "kind = \"pages\"", &["`page_number`"]);
    names("kind = \"cookie_to_header\"", "kind = \"cookie\"", &["`cookie_to_header`"]);
    names("jitter = \"full\"", "jitter = \"half\"", &["`full`"]);
    names("as = \"seconds_or_date\"", "as = \"minutes\"", &["`seconds_or_date`"]);
    names("status = [\"422\"]", "status = [\"4x\"]", &["4x", "\"5xx\""]);
    names("status = [\"422\"]", "status = [\"999xx\"]", &["999xx", "\"5xx\""]);
}

#[test]
fn a_bad_place_says_how_places_are_written() {
    names("\"json:/Code\"", "\"Code\"", &["names no place", "json:/"]);
    names("\"json:/Code\"", "\"json:Code\"", &["names no place", "json:/"]);
    names("\"header:retry-after\"", "\"header:retry after\"", &["names no place", "header:name"]);
}

#[test]
fn a_key_goes_into_a_header_a_member_or_the_query() {
    let mistakes = |at: &str| {
        let key = format!(
            "[idempotency]\nat = \"{at}\"\nhonoured = [{{ method = \"POST\", path = \"/*\" }}]\n\n[paging]"
        );
        Dialect::check(&KNOSC.replacen("[paging]", &key, 1)).len()
    };
    for at in ["header:Idempotency-Key", "json:/key", "query:requestid"] {
        assert_eq!(mistakes(at), 0, "{at}");
    }
    for at in ["query:", "query:a b", "query:a&b", "json:/*/key", "cookie:key"] {
        assert_eq!(mistakes(at), 1, "{at}");
    }
}

#[test]
fn a_bad_pointer_says_how_pointers_are_written() {
    names("rows = \"/data/rows\"", "rows = \"data.rows\"", &["data.rows", "no JSON pointer"]);
    names("id = \"/id\"", "id = \"id\"", &["no JSON pointer", "\"/id\""]);
    names("record = \"/data/rows\"", "record = \"data\"", &["no JSON pointer"]);
    names(
        "json = { \"/notification_type\" = \"Warning\" }",
        "json = { notification_type = \"Warning\" }",
        &["no JSON pointer", "\"/notification_type\""],
    );
    names(
        "json = { \"/requires_2fa\" = true }",
        "json = { requires_2fa = true }",
        &["no JSON pointer"],
    );
}

#[test]
fn what_is_missing_is_named_with_where_it_belongs() {
    for (table, missing) in [
        ("[reply]", "`reply`"),
        ("[policy.documented]", "`documented`"),
        ("[policy.recommended]", "`recommended`"),
    ] {
        let from = KNOSC.find(table).unwrap();
        let until = KNOSC[from + 1..].find("\n[").map_or(KNOSC.len(), |at| from + 1 + at);
        let without = format!("{}{}", &KNOSC[..from], &KNOSC[until..]);
        let text = Dialect::parse(&without).expect_err(table).to_string();
        assert!(
            text.contains("line ") && text.contains(missing) && text.contains("add"),
            "{table}:\n{text}"
        );
    }
    let (text, _) = said("session_cookie = \"access_token_cookie\"\n", "");
    assert!(text.contains(", auth: ") && text.contains("add the key `session_cookie`"), "{text}");
    let (text, _) = said("holds = [\"/purchase-order*\", \"/inventory*\", \"/forecast*\"]\n", "");
    assert!(text.contains(", lock: ") && text.contains("add the key `holds`"), "{text}");
}

#[test]
fn a_reference_that_leads_nowhere_is_named_with_its_line() {
    names(
        "list = \"supplier\"",
        "list = \"suplier\"",
        &["resource.purchase-order.fields.\"Supplier Number\".list", "[list.suplier]"],
    );
    names(
        "key = \"PO List Number\"\n",
        "key = \"PO Number\"\n",
        &["resource.purchase-order.key", "PO Number"],
    );
    names(
        "keys_per_request = 20",
        "keys_per_request = 0",
        &["resource.purchase-order.lookup.keys_per_request"],
    );
    names("attempts = 4", "attempts = 0", &["policy.recommended.attempts", "at least one"]);
    names("size_rows = 1000", "size_rows = 0", &["size_rows", "at least one"]);
}

#[test]
fn lists_need_to_know_how_pages_go() {
    let from = KNOSC.find("[paging]").unwrap();
    let until = from + KNOSC[from..].find("[list.item]").unwrap();
    let without = format!("{}{}", &KNOSC[..from], &KNOSC[until..]);
    let text = Dialect::parse(&without).expect_err("no paging").to_string();
    assert!(text.contains("add a [paging] table") && text.contains("list.item"), "{text}");
}

/// A newer file may have keys that this program does not know; the version is what is wrong.
#[test]
fn another_version_is_named_before_anything_else() {
    let newer = format!("new_key = 1\n{}", KNOSC.replacen("dialect = 1", "dialect = 2", 1));
    assert_eq!(Dialect::parse(&newer).expect_err("newer"), DialectError::Version(2));
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    names("attempts = 4", "attempts 4", &["attempts 4"]);
    assert!(Dialect::parse("").is_err());
    assert!(Dialect::parse("\u{0}").is_err());
}

#[test]
fn references_that_lead_nowhere_are_all_found_at_once_in_the_order_of_the_file() {
    let mut text = KNOSC.to_owned();
    for (from, to) in [
        ("attempts = 4", "attempts = 0"),
        ("list = \"supplier\"", "list = \"suplier\""),
        ("read = \"/purchase-order/{id}\"", "read = \"/purchase-order\""),
        ("\"value\":{keys}", "\"value\":[]"),
        ("lines = \"details\"\n", ""),
    ] {
        assert!(text.contains(from), "{from} is not in the dialect");
        text = text.replacen(from, to, 1);
    }
    let said: Vec<String> = Dialect::check(&text).iter().map(ToString::to_string).collect();
    let wanted =
        ["attempts: it is 0", "{keys}", "names no record", "no list named \"suplier\"", "lines ="];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (text, wanted) in said.iter().zip(wanted) {
        assert!(text.starts_with("line ") && text.contains(wanted), "{wanted}: {said:#?}");
    }
    assert!(Dialect::check(KNOSC).is_empty());
    assert_eq!(Dialect::check("dialect = 1").len(), 4, "name, title, reply and policy");
}

#[test]
fn every_built_in_is_there_as_text_and_as_dialect() {
    for name in Dialect::built_in_names() {
        let text = Dialect::built_in_text(name).unwrap();
        assert_eq!(Dialect::check(text), [], "{name}");
        assert_eq!(Dialect::built_in(name).unwrap().name, *name);
    }
    assert!(Dialect::built_in("nobody").is_none() && Dialect::built_in_text("nobody").is_none());
}

/// Found wrong: the key of a field that stands elsewhere in the body was looked for under its
/// own name, so an unanswered create could not be looked up.
#[test]
fn the_key_of_a_create_is_found_where_its_field_stands() {
    let field = "\"PO List Number\" = { type = \"string\", required = true";
    assert!(KNOSC.contains(field));
    let moved = KNOSC.replacen(field, &format!("{field}, at = \"/head/number\""), 1);
    let dialect = Dialect::parse(&moved).unwrap();
    let order = Request::new(Method::POST, "/purchase-order").json(r#"{"head":{"number":"P-1"}}"#);
    assert_eq!(dialect.creates(&order), Some(("purchase-order", Some("P-1".to_owned()))));
    let flat = Request::new(Method::POST, "/purchase-order").json(r#"{"PO List Number":"P-1"}"#);
    assert_eq!(dialect.creates(&flat), Some(("purchase-order", None)));
}

#[test]
fn routes_to_records_that_are_there_make_resources_of_their_own() {
    let knosc = Dialect::parse(KNOSC).unwrap();
    let acts = |name: &str| {
        let resource = &knosc.resource[name];
        (resource.act, resource.create.method.as_str(), resource.create.path.as_str())
    };
    assert_eq!(acts("purchase-order"), (Act::Create, "POST", "/purchase-order"));
    assert_eq!(acts("purchase-order-replace"), (Act::Replace, "PUT", "/purchase-order/{id}"));
    assert_eq!(acts("purchase-order-delete"), (Act::Delete, "DELETE", "/purchase-order/{id}"));
    let delete = &knosc.resource["purchase-order-delete"];
    assert_eq!(delete.fields.keys().collect::<Vec<_>>(), ["PO List Number"]);
    assert!(delete.lines.is_none() && delete.witness.is_none());
    let put = Request::new(Method::PUT, "/purchase-order/7").json(r#"{"PO List Number":"P-1"}"#);
    assert_eq!(knosc.creates(&put), None, "it creates nothing");
}

#[test]
fn a_route_to_records_names_the_id_and_takes_no_other_name() {
    let wrong = |from: &str, to: &str| {
        assert!(KNOSC.contains(from), "{from}");
        let found = Dialect::check(&KNOSC.replacen(from, to, 1));
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let path = "replace = { method = \"PUT\", path = \"/purchase-order/{id}\" }";
    let without = wrong(path, "replace = { method = \"PUT\", path = \"/purchase-order\" }");
    assert!(without.contains("resource.purchase-order.replace.path"), "{without}");
    assert!(without.contains("write {id}"), "{without}");
    let other = wrong(path, "replace = { method = \"PUT\", path = \"/{company}/{id}\" }");
    assert!(other.contains("nothing says where {company} comes from"), "{other}");
    let taken = wrong("[resource.forecast]", "[resource.purchase-order-delete]");
    assert!(taken.contains("it makes a resource \"purchase-order-delete\""), "{taken}");
}
