//! `list`, `show`, `status` and `export`.

use crate::place::Running;
use crate::prepared::{ledger, mistakes, records};

#[test]
fn a_list_is_chosen_by_state_code_key_and_run() {
    let place = mistakes();
    let lines = |arguments: &[&str]| {
        let all: Vec<&str> = ["list", "--json"].iter().chain(arguments).copied().collect();
        records(&ledger(&place, &all).with_status(0))
    };
    assert_eq!(lines(&[]).len(), 77);
    assert_eq!(lines(&["--state", "held"]).len(), 4);
    assert_eq!(lines(&["--state", "held", "--state", "existing"]).len(), 6);
    assert_eq!(lines(&["--state", "held,rejected"]).len(), 30);
    assert_eq!(lines(&["--code", "*.NotFound"]).len(), 7);
    assert_eq!(lines(&["--code", "input.*", "--state", "rejected"]).len(), 9);
    assert_eq!(lines(&["--key", "PO-2026-09*"]).len(), 2);
    assert_eq!(lines(&["--run", "1", "--state", "applied"]).len(), 45);
    assert_eq!(lines(&["--run", "2"]).len(), 0);
    assert_eq!(lines(&["--limit", "3"]).len(), 3);
    let one = &lines(&["--key", "PO-2026-5007"])[0];
    assert_eq!(
        (&one["state"], &one["code"], &one["source"], &one["lines"], &one["attempts"]),
        (
            &"rejected".into(),
            &"ItemMaster.NotFound".into(),
            &"orders.csv".into(),
            &"21-24".into(),
            &0.into()
        )
    );
}

#[test]
fn a_list_for_people_is_a_table() {
    let place = mistakes();
    let held = ledger(&place, &["list", "--state", "held"]).with_status(0);
    for wanted in ["PO-2026-5021", "held", "input.row_unreadable_nearby", "4 deliveries."] {
        assert!(held.out.contains(wanted), "{wanted}: {held:#?}");
    }
    let clipped = ledger(&place, &["list", "--limit", "5"]).with_status(0);
    assert!(clipped.out.contains("The first 5; --limit N shows more."), "{clipped:#?}");
    let none = ledger(&place, &["list", "--state", "unknown"]).with_status(0);
    assert_eq!(none.out, "No delivery is like that.\n");
    let quiet = ledger(&place, &["list", "--state", "unknown", "--quiet"]).with_status(0);
    assert_eq!(quiet.out, "");
}

#[test]
fn one_delivery_is_shown_in_words() {
    let place = mistakes();
    let differs = ledger(&place, &["show", "PO-2026-0900"]).with_status(0);
    for wanted in [
        "Delivery 45: purchase-order PO-2026-0900",
        "rejected: refused, and not in effect",
        "there is one with this key already",
        "PurchaseOrderList.AlreadyExists",
        "compare with the order that is there",
        "ours \"Shipped\", there \"Open\"",
        "orders.csv, lines 117-118",
        "POST /purchase-order",
        "accepted",
        "ended as rejected",
    ] {
        assert!(differs.out.contains(wanted), "{wanted}: {differs:#?}");
    }
    let sent = ledger(&place, &["show", "12"]).with_status(0);
    for wanted in
        ["PO-2026-5011", "HTTP 400", "attempt 1: HTTP 400, refused for its content", "it took no"]
    {
        assert!(sent.out.contains(wanted), "{wanted}: {sent:#?}");
    }
    assert!(!sent.out.contains("PO List Number"), "the body comes on request: {sent:#?}");
    let body = ledger(&place, &["show", "12", "--body"]).with_status(0);
    assert!(body.out.contains("\"PO List Number\": \"PO-2026-5011\""), "{body:#?}");
    let applied = ledger(&place, &["show", "1"]).with_status(0);
    for wanted in ["attempt 1: HTTP 200, done", "ended as applied", "id there"] {
        assert!(applied.out.contains(wanted), "{wanted}: {applied:#?}");
    }
}

#[test]
fn one_delivery_is_shown_to_machines() {
    let place = mistakes();
    let shown = ledger(&place, &["show", "PO-2026-5011", "--json", "--body"]).with_status(0);
    let shown = shown.json();
    assert_eq!(shown["id"], 12);
    assert_eq!(shown["timeline"][0]["class"], "validation");
    assert_eq!(shown["body"]["PO List Number"], "PO-2026-5011");
    assert_eq!(shown["acts"].as_array().unwrap().len(), 0);
    assert!(shown["created_at"].as_str().unwrap().ends_with('Z'), "{shown}");
}

#[test]
fn secrets_in_a_body_are_not_shown() {
    let place = mistakes();
    let body = r#"[{"PO List Number":"S-1","PO List Document Status":"Open","Supplier Number":"SUP-1",
        "details":[{"Item Number":"ITEM-A","Warehouse Number":"WH-1","PO Details Quantity":1,
        "PO Details Local":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"}]}]"#;
    place.write("s.json", body);
    let deliver = ["deliver", "s.json", "--sandbox", "calm", "--ledger", "s.db", "--quiet"];
    place.run(&deliver).with_status(0);
    for command in [&["show", "S-1", "--body"][..], &["export", "--body"]] {
        let shown = place.run(&[&["ledger", "--ledger", "s.db"], command].concat());
        let shown = shown.with_status(0);
        assert!(shown.out.contains("[redacted]"), "{shown:#?}");
        assert!(!shown.out.contains("eyJ"), "{shown:#?}");
    }
}

#[test]
fn a_name_that_is_not_there_says_how_to_find_one() {
    let place = mistakes();
    for name in ["PO-NONE", "4711", "id:4711", "key:PO-NONE"] {
        let ended = ledger(&place, &["show", name]).with_status(2);
        ended.says(&["holds no delivery", name, "ledger list --key"]);
        assert_eq!(ended.out, "");
    }
}

#[test]
fn the_status_sums_up() {
    let place = mistakes();
    let status = ledger(&place, &["status"]).with_status(0);
    for wanted in [
        "l.db: 77 deliveries",
        "applied       45",
        "PurchaseOrderDetails.OrderDateAfterShip",
        "Latest runs:",
        "1: deliver orders.csv",
        "45 applied, 2 existing, 26 rejected, 4 held",
    ] {
        assert!(status.out.contains(wanted), "{wanted}: {status:#?}");
    }
    let status = ledger(&place, &["status", "--json"]).with_status(0).json();
    assert_eq!(status["deliveries"], 77);
    assert_eq!(status["states"]["held"], 4);
    assert_eq!(status["codes"][0]["count"], 5);
    assert_eq!(status["oldest_unfinished"], serde_json::Value::Null);
    assert_eq!(status["runs"][0]["states"]["applied"], 45);
}

#[test]
fn an_export_is_read_by_other_programs() {
    let place = mistakes();
    let lines = records(&ledger(&place, &["export"]).with_status(0));
    assert_eq!(lines.len(), 77);
    let listed = records(&ledger(&place, &["list", "--json"]).with_status(0));
    assert_eq!(lines, listed);

    let csv_text = ledger(&place, &["export", "--format", "csv", "--state", "rejected"]);
    let csv_text = csv_text.with_status(0).out;
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let names = reader.headers().unwrap().clone();
    assert_eq!(
        names.iter().collect::<Vec<_>>(),
        lines[0].as_object().unwrap().keys().collect::<Vec<_>>()
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 26);
    let differs = rows.iter().find(|row| &row[1] == "PO-2026-0900").unwrap();
    assert!(differs[7].contains("ours \"Shipped\", there \"Open\"; "), "{}", &differs[7]);
    let none = ledger(&place, &["export", "--format", "csv", "--state", "unknown"]).with_status(0);
    assert_eq!(none.out.lines().count(), 1, "a header all the same");
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = mistakes();
    // Together they are more than a pipe holds.
    let exports = "for i in 1 2 3 4; do $0 ledger --ledger l.db export --body || echo no >&2; done";
    let mut piped = std::process::Command::new("sh");
    piped
        .args(["-c", &format!("({exports}) | head -c 10")])
        .arg(env!("CARGO_BIN_EXE_steadfast"))
        .current_dir(place.path(""));
    let ended = Running::start(&mut piped).end().with_status(0);
    assert_eq!((ended.out.len(), ended.err.as_str()), (10, ""), "{ended:#?}");
}
