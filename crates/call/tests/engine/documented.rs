//! `docs/dialects.md` names every key and word that the format knows, and its example is the file
//! that it says it is.

use std::collections::BTreeSet;

use steadfast_call::dialect::Dialect;

const KNOSC: &str = include_str!("../../dialects/knosc.toml");
const DEPOT: &str = include_str!("../../../../examples/dialects/depot.toml");
const PAGE: &str = include_str!("../../../../docs/dialects.md");

/// What the reader says it had expected where something else stands.
fn expected_in_place_of(from: &str, to: &str) -> BTreeSet<String> {
    assert!(KNOSC.contains(from), "{from} is not in the dialect");
    let text = Dialect::parse(&KNOSC.replacen(from, to, 1)).expect_err(to).to_string();
    let expected = text.split_once("expected ").unwrap_or_else(|| panic!("{text}")).1;
    let words = expected.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[track_caller]
fn documents(from: &str, to: &str) {
    let words = expected_in_place_of(from, to);
    assert!(!words.is_empty(), "{from}");
    let missing: Vec<String> =
        words.into_iter().filter(|word| !PAGE.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/dialects.md does not name {missing:?} (at {from})");
}

#[test]
fn every_key_is_documented() {
    documents("dialect = 1\n", "dialect = 1\nzzz = 1\n");
    for table in [
        "[reply]",
        "[policy.recommended]",
        "[hints]",
        "[[rule]]",
        "[[operation]]",
        "[auth]",
        "[auth.login]",
        "[[auth.login.answer]]",
        "[auth.refresh]",
        "[csrf]",
        "[lock]",
        "[paging]",
        "[list.item]",
        "[resource.purchase-order]",
        "[resource.purchase-order.lookup]",
        "[resource.purchase-order.witness]",
    ] {
        documents(&format!("{table}\n"), &format!("{table}\nzzz = 1\n"));
    }
    for table in
        ["when = { ", "{ at = ", "active = { ", "create = { ", "filter = { ", "hidden = { "]
    {
        let (before, after) = table.split_once("{ ").unwrap();
        documents(table, &format!("{before}{{ zzz = 1, {after}"));
    }
    documents("{ type = \"integer\" }", "{ type = \"integer\", zzz = 1 }");
}

#[test]
fn every_word_is_documented() {
    for (from, to) in [
        ("class = \"csrf\"", "class = \"zzz\""),
        ("again = \"never\"", "again = \"zzz\""),
        ("jitter = \"full\"", "jitter = \"zzz\""),
        ("rate_limited = \"not_processed\"", "rate_limited = \"zzz\""),
        ("as = \"seconds_or_date\"", "as = \"zzz\""),
        ("kind = \"cookie_session\"", "kind = \"zzz\""),
        ("kind = \"cookie_to_header\"", "kind = \"zzz\""),
        ("kind = \"page_number\"", "kind = \"zzz\""),
        ("means = \"first_sign_in\"", "means = \"zzz\""),
        ("body = \"empty\"", "body = \"zzz\""),
    ] {
        documents(from, to);
    }
    for kind in ["string", "number", "integer", "date", "boolean"] {
        assert!(PAGE.contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn the_example_of_the_page_is_the_file() {
    assert_eq!(Dialect::check(DEPOT), []);
    let pieces: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .map(|piece| piece.split("```").next().unwrap().trim())
        .collect();
    assert!(pieces.len() >= 5, "the page has an example");
    for block in pieces.iter().flat_map(|piece| piece.split("\n\n")) {
        assert!(DEPOT.contains(block), "the file does not hold:\n{block}");
    }
}
