//! `explain`.

use serde_json::json;

use crate::stage::Stage;

const ITEM: &str = r#"{"Message":"Item i1 not found in Item Master","Code":"ItemMaster.NotFound"}"#;
const WRITE: [&str; 6] = ["explain", "--api", "knosc", "-X", "POST", "--path=/purchase-order"];

fn write<'a>(more: &[&'a str]) -> Vec<&'a str> {
    WRITE.iter().chain(more).copied().collect()
}

#[test]
fn a_refusal_tells_its_code_its_rule_and_what_to_do() {
    let ended = Stage::new().run(&write(&["--status", "400", ITEM])).with_status(0);
    ended.prints(&[
        "validation: the request is wrong",
        "none: nothing was done",
        "it ends as refused",
        "status 400 means validation",
        "ItemMaster.NotFound",
        "Item i1 not found in Item Master",
        "create the item first",
    ]);
    let told = Stage::new().run(&write(&["--status", "400", "--json", ITEM])).json();
    assert_eq!(told["class"], "validation");
    assert_eq!(told["effect"], "none");
    assert_eq!(told["next"], json!({ "step": "end" }));
    assert_eq!(told["outcome"], "refused");
}

#[test]
fn a_write_in_doubt_is_looked_up_if_its_key_was_sent() {
    let stage = Stage::new();
    let with = stage.run(&write(&["--status", "503", "--natural-key", "--json"])).json();
    assert_eq!(with["effect"], "unknown");
    let look =
        json!({ "step": "look_up", "look_after_ms": 3000, "earliest_ms": 0, "latest_ms": 1000 });
    assert_eq!(with["next"], look);
    let without = stage.run(&write(&["--status", "503"])).with_status(0);
    without.prints(&["it ends as unknown", "look whether it is there", "Remark", "--natural-key"]);
    // The only resource that there is needs no path; one of several has to be told.
    let bare = ["explain", "--status", "503", "--natural-key", "--json", "--api"];
    let only = stage.run(&[&bare[..], &["kneo"]].concat()).json();
    assert_eq!((&only["next"]["step"], &only["path"]), (&json!("look_up"), &json!("/v1/runs")));
    let several = stage.run(&[&bare[..], &["knosc"]].concat()).with_status(2);
    several.says(&["say with --path", "/forecast", "/inventory", "/purchase-order"]);
}

#[test]
fn without_a_method_both_a_write_and_a_read_are_told() {
    let stage = Stage::new();
    let ended = stage.run(&["explain", "--api", "knosc", "--status", "502", "<html>"]);
    ended.with_status(0).prints(&[
        "a write (POST)",
        "it ends as unknown",
        "To a read (GET)",
        "after 0 to 1 s",
    ]);
    let told = stage.run(&["explain", "--api", "knosc", "--status", "502", "--json"]).json();
    assert_eq!((&told["method"], &told["as_read"]["method"]), (&json!("POST"), &json!("GET")));
    assert_eq!(told["as_read"]["next"]["step"], "send_again");
}

#[test]
fn the_policy_and_the_hint_decide_when() {
    let stage = Stage::new();
    let asked = ["explain", "--api", "knosc", "--status", "503", "--method", "get"];
    let with = |more: &[&'static str]| {
        let arguments: Vec<&str> = asked.iter().chain(more).copied().collect();
        stage.run(&arguments).with_status(0)
    };
    with(&["--policy", "documented"]).prints(&["after 1 s, then after 2 s, after 4 s", "4 sends"]);
    let hinted = with(&["-H", "Retry-After: 30"]);
    hinted.prints(&["sent again after 30 s", "it asks to wait 30 s"]);
    with(&["-H", "retry-after: soon"]).prints(&["wait hint \"soon\" ignored: it is no number"]);
    with(&["-H", "Retry-After: 90"]).prints(&["it ends as unreached", "longer than we may"]);
}

#[test]
fn an_expired_session_and_a_duplicate() {
    let stage = Stage::new();
    let expired = r#"{"Message":"Token has expired","Code":"Token.Expired"}"#;
    let ended = stage.run(&write(&["--status", "401", expired])).with_status(0);
    ended.prints(&["the session is renewed, and it is sent again at once", "after 2 sends"]);
    let taken = r#"{"Message":"PO P-1 already exists","Code":"PurchaseOrderList.AlreadyExists"}"#;
    let ended = stage.run(&write(&["--status", "400", "--natural-key", taken])).with_status(0);
    ended.prints(&["duplicate", "compared with what was sent"]);
}

#[test]
fn what_curl_saved_is_read_from_a_file_and_from_standard_input() {
    let stage = Stage::new();
    let saved = "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 429 \r\nretry-after: 7\r\n\r\nslow down";
    stage.write("reply.txt", saved);
    for source in ["reply.txt", "@reply.txt"] {
        let told = stage.run(&write(&["--json", source])).with_status(0).json();
        assert_eq!((&told["status"], &told["hint_ms"]), (&json!(429), &json!(7000)), "{source}");
        assert_eq!(told["class"], "rate_limited");
    }
    let told = stage.run_with(&write(&["--json", "-"]), &saved.replace('\r', "")).json();
    assert_eq!(
        told["next"],
        json!({ "step": "send_again", "earliest_ms": 7000, "latest_ms": 7000 })
    );
    let body_alone = stage.run_with(&write(&["--json", "--status", "400", "-"]), ITEM).json();
    assert_eq!(body_alone["code"], "ItemMaster.NotFound");
}

#[test]
fn a_success_that_was_cut_off_is_none() {
    let cut =
        "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 90\n\n{\"message\":\"Pur";
    let ended = Stage::new().run_with(&write(&["--natural-key", "-"]), cut).with_status(0);
    ended.prints(&[
        "unknown: it may have taken effect",
        "taken as cut off",
        "looked for after 3 s",
    ]);
}

#[test]
fn what_cannot_be_explained_says_what_is_missing() {
    let stage = Stage::new();
    stage.run(&write(&[])).with_status(2).says(&["say --status", "curl -i"]);
    stage.run(&write(&["gone.txt"])).with_status(2).says(&["no status line", "--status"]);
    stage.run(&write(&["@gone.txt"])).with_status(2).says(&["gone.txt", "cannot be read"]);
    stage.run(&write(&["--status", "4000"])).with_status(2).says(&["no status", "100 to 599"]);
    let saved = "HTTP/1.1 503 No\n\n";
    let ended = stage.run_with(&write(&["--status", "500", "-"]), saved).with_status(2);
    ended.says(&["--status 500", "says 503"]);
    let ended = stage.run_with(&write(&["-"]), "HTTP/1.1 200 OK\nSet Cookie: secret\n\n");
    let ended = ended.with_status(2);
    ended.says(&["line 2", "Set Cookie"]);
    assert!(!ended.err.contains("secret"), "{ended:#?}");
    let ended = stage.run(&["explain", "--api", "nope", "--status", "400"]).with_status(2);
    ended.says(&["nope", "neither built in (", "knosc", "nor a file"]);
    let ended = stage.run(&write(&["--status", "400", "-H", "No header"])).with_status(2);
    ended.says(&["'Name: value'"]);
    let whole = ["explain", "--api", "knosc", "--status", "400", "--path", "https://a.test/b"];
    stage.run(&whole).with_status(2).says(&["whole address"]);
}

#[test]
fn settings_give_the_dialect_and_the_policy_and_need_give_nothing_else() {
    let stage = Stage::new();
    let depot = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/dialects/depot.toml");
    stage.write(
        "steadfast.toml",
        &format!("[api.yard]\ndialect = {depot:?}\npolicy = \"documented\"\nattempts = 2\n"),
    );
    let told = stage.run(&["explain", "--api", "yard", "--status", "503", "-X", "GET", "--json"]);
    let told = told.with_status(0).json();
    assert_eq!((&told["api"], &told["policy"]), (&json!("depot"), &json!("documented")));
    assert_eq!(told["again"], json!([{ "earliest_ms": 2000, "latest_ms": 2000 }]));
    // A built-in dialect needs no settings, even where there are some.
    stage.run(&["explain", "--api", "knosc", "--status", "503"]).with_status(0);
}

/// What an API answers is shown, and commands no terminal.
#[test]
fn control_characters_of_a_reply_do_not_reach_the_terminal() {
    let body = r#"{"Message":"\u001b[2Jgone","Code":"X"}"#;
    let ended = Stage::new().run(&write(&["--status", "400", body])).with_status(0);
    assert!(!ended.out.contains('\u{1b}'), "{ended:#?}");
}
