//! `dialect`, and the example of `docs/dialects.md`.

use serde_json::json;

use crate::stage::{Stage, answering};

const DEPOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/dialects/depot.toml");

fn depot_text() -> String {
    std::fs::read_to_string(DEPOT).expect("the example")
}

#[test]
fn the_built_in_dialects_are_listed() {
    let stage = Stage::new();
    stage.run(&["dialect", "list"]).with_status(0).prints(&["knosc", "Knosc", "format", "rules"]);
    let listed = stage.run(&["dialect", "list", "--json"]).json();
    let listed = listed.as_array().expect("a list");
    let names: Vec<&str> = listed.iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"knosc") && names.contains(&"stripe"), "{names:?}");
    assert!(listed.iter().all(|one| one["format"] == json!(1)), "{listed:?}");
}

/// What a person reads in a terminal of the usual width.
#[test]
fn lists_contracts_and_mistakes_fit_80_columns() {
    let stage = Stage::new();
    let listed = stage.run(&["dialect", "list"]).with_status(0);
    let names = stage.run(&["dialect", "list", "--json"]).json();
    let names = names.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str());
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 13);
    let mut pages = vec![listed.out];
    pages.extend(names.iter().map(|name| stage.run(&["dialect", "show", name]).out));
    let wrong = depot_text()
        .replace("attempts = 3", "atempts = 3")
        .replace("jitter = \"none\"", "jitter = \"non\"");
    stage.write("wrong.toml", &wrong);
    pages.push(stage.run(&["dialect", "check", "wrong.toml"]).with_status(2).out);
    let wide: Vec<&str> = pages
        .iter()
        .flat_map(|page| page.lines())
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

/// Log-in, CSRF, keys, limits, items, verdicts and paging are told where an API has them.
#[test]
fn every_part_of_a_contract_is_told_in_words() {
    let show = |name: &str| Stage::new().run(&["dialect", "show", name]).with_status(0);
    show("stripe").prints(&[
        "at header:Idempotency-Key, honoured by POST /v1/*",
        "made for each of these writes where the caller gives none",
        "remembered for 24 h; an older key counts as none",
        "header:stripe-should-retry says whether to send again",
        "POST /v1/*, POST /v2/*, DELETE /v2/*: yes, with the same idempotency key",
        "a 401 ends the call",
        "Policy recommended, unless another is chosen",
    ]);
    show("sap-odata").prints(&["CSRF: HEAD / gives x-csrf-token", "Lists of many pages"]);
    show("salesforce").prints(&[
        "results of single items at the top of the body; a failed one has /success false",
        "after a 401 the log-in is renewed, once for a call",
    ]);
    show("github").prints(&["requests left at header:x-ratelimit-remaining"]);
}

#[test]
fn a_contract_is_shown_in_words_and_as_it_is() {
    let stage = Stage::new();
    stage.run(&["dialect", "show", "knosc"]).with_status(0).prints(&[
        "POST /login or /authenticate",
        "X-XSRF-TOKEN",
        "1, 2, 4 s, exactly",
        "up to 1, 2, 4 s; chance shortens each",
        "a 429 was not processed",
        " 1. the CSRF token was missing or stale",
        "PUT /purchase-order-details-move-lines*: only if a look-up proves",
        "looked up at /purchase-order by PO List Number, 3 s after",
        "Supplier Number: string, required, of supplier",
        "ItemMaster.NotFound: create the item first",
    ]);
    let toml = stage.run(&["dialect", "show", DEPOT, "--toml"]).with_status(0);
    assert_eq!(toml.out, depot_text());
    let object = stage.run(&["dialect", "show", "knosc", "--json"]).json();
    assert_eq!(object["contract"]["policy"]["documented"]["jitter"], "none");
    stage.run(&["dialect", "show", DEPOT]).with_status(0).prints(&[
        "every call has Depot-Version: 2026-01",
        "X-Client-Request-Id",
        "faults of fields at json:/errors, each with its field at /pointer",
        "requests left at header:x-ratelimit-remaining of header:x-ratelimit-limit, until",
        "at header:Idempotency-Key, honoured by POST /pallets/*/labels",
        "remembered for 24 h",
        "POST /bookings/search: yes; it only reads",
        "pages by the cursor after, per_page 200, rows at json:/items",
    ]);
    stage.run(&["dialect", "show", "nope"]).with_status(2).says(&["nope", "knosc", "a file"]);
}

#[test]
fn a_dialect_that_is_right_has_no_problem() {
    for dialect in ["knosc", DEPOT] {
        let ended = Stage::new().run(&["dialect", "check", dialect]).with_status(0);
        ended.prints(&["no problem found"]);
    }
}

#[test]
fn a_wrong_dialect_is_told_with_line_key_and_remedy() {
    let stage = Stage::new();
    let text = depot_text();
    stage.write("form.toml", &text.replace("attempts = 3", "atempts = 3"));
    let ended = stage.run(&["dialect", "check", "form.toml"]).with_status(2);
    let line = 1 + text[..text.find("attempts = 3").expect("there")].matches('\n').count();
    ended.prints(&[
        "form.toml",
        &format!("line {line},"),
        "atempts",
        "correct the key to `attempts`",
        "Problems: 1.",
    ]);
    let wrong =
        text.replace("list = \"dock\"", "list = \"dok\"").replace("attempts = 3", "attempts = 0");
    stage.write("references.toml", &wrong);
    let ended = stage.run(&["dialect", "check", "references.toml"]).with_status(2);
    ended.prints(&["policy.documented.attempts: it is 0", "[list.dok]", "Problems: 2."]);
    let report =
        stage.run(&["dialect", "check", "references.toml", "--json"]).with_status(2).json();
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(report["first_only"], false);
    let second = &report["mistakes"][1];
    assert!(second["line"].as_u64() > Some(1) && second["key"].is_string(), "{report}");
    assert!(second["remedy"].as_str().is_some_and(|text| text.contains("[list.dok]")), "{report}");
    stage.run(&["dialect", "check", "gone.toml"]).with_status(2).says(&["gone.toml"]);
    stage.run(&["dialect", "show", "form.toml"]).with_status(2).says(&["form.toml", "atempts"]);
}

#[test]
fn the_example_explains_its_own_hard_cases() {
    let stage = Stage::new();
    let told = |status: &str, body: &str, more: &[&str]| {
        let asked = ["explain", "--api", DEPOT, "--status", status, "-X", "POST", "--json", body];
        let arguments: Vec<&str> = asked.iter().chain(more).copied().collect();
        stage.run(&arguments).with_status(0).json()
    };
    let error = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","detail":"d"}}]}}"#);
    let quota = told("429", &error("quota_exceeded"), &["-H", "Retry-After: 1"]);
    assert_eq!(
        (&quota["class"], &quota["next"]["step"]),
        (&json!("quota_exhausted"), &json!("end"))
    );
    let limited = told("429", "", &["-H", "Retry-After-Ms: 2500"]);
    assert_eq!(limited["next"]["earliest_ms"], 2500);
    let counting = told("403", &error("stocktaking"), &[]);
    assert_eq!(
        (&counting["effect"], &counting["next"]["step"]),
        (&json!("none"), &json!("send_again"))
    );
    let inside = told("200", &error("unknown_dock"), &[]);
    assert_eq!(
        (&inside["class"], &inside["action"]),
        (&json!("validation"), &json!("name a dock that is open"))
    );
    let search = told("503", "", &["--path", "/bookings/search"]);
    assert_eq!(search["next"]["step"], "send_again");
    let in_doubt = told("503", "", &["--path", "/bookings", "--natural-key"]);
    assert_eq!(
        (&in_doubt["next"]["step"], &in_doubt["next"]["look_after_ms"]),
        (&json!("look_up"), &json!(5000))
    );
    assert_eq!(told("202", "{}", &["--path", "/bookings"])["outcome"], "queued");
}

#[test]
fn the_schema_for_editors_is_printed() {
    let schema = Stage::new().run(&["dialect", "schema"]).with_status(0).json();
    assert_eq!(schema["properties"]["dialect"]["const"], 1);
    assert!(schema["definitions"]["When"]["properties"]["status"].is_object(), "{schema}");
}

/// An API without a log-in needs no credentials.
#[test]
fn the_example_can_be_called() {
    let body = r#"{"errors":[{"code":"unknown_dock","detail":"no dock D9"}]}"#;
    let refused = format!(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (base_url, server) = answering(vec![refused]);
    let stage = Stage::new();
    stage.write(
        "steadfast.toml",
        &format!("[api.depot]\ndialect = {DEPOT:?}\nbase_url = \"{base_url}\"\n"),
    );
    let ended = stage.run(&[
        "call",
        "POST",
        "/bookings",
        "--api",
        "depot",
        "-H",
        "Authorization: Bearer k-1",
        "-d",
        r#"{"reference":"B-1","dock":"D9"}"#,
    ]);
    let ended = ended.with_status(1);
    assert_eq!(ended.out, body);
    ended.says(&["refused", "[unknown_dock] no dock D9", "name a dock that is open"]);
    assert!(!ended.err.contains("k-1"), "{ended:#?}");
    let asked = server.join().expect("it was asked").remove(0).to_ascii_lowercase();
    assert!(asked.starts_with("post /v2/bookings "), "{asked}");
    assert!(
        asked.contains("authorization: bearer k-1") && asked.contains("application/json"),
        "{asked}"
    );
}

/// Found wrong: `steadfast dialect show knosc | head -1` could end in a panic.
#[test]
fn a_reader_that_has_seen_enough_may_go() {
    let stage = Stage::new();
    for arguments in [&["dialect", "show", "knosc"][..], &["dialect", "list"]] {
        let (status, err) = stage.run_unread(arguments);
        assert_eq!((status, err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
