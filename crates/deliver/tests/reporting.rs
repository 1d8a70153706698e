//! The report: complete, escaped, and self-contained.

use steadfast_deliver::audit::Counts;
use steadfast_deliver::report::{Bucket, CodeLine, ROWS_IN_PAGE, Row, Summary, write, write_file};

fn summary() -> Summary {
    Summary {
        title: "purchase order".to_owned(),
        api: "Knosc".to_owned(),
        source: "orders & more.csv".to_owned(),
        started: "2026-03-02 09:14 UTC".to_owned(),
        elapsed_ms: 41_800,
        accepted: 1200,
        states: vec![
            ("applied".to_owned(), 1190),
            ("held".to_owned(), 0),
            ("rejected".to_owned(), 10),
        ],
        codes: vec![CodeLine {
            code: "ItemMaster.NotFound".to_owned(),
            count: 10,
            example: "PO-7".to_owned(),
            example_text: "Item <b>x</b> not found".to_owned(),
            action: "create the item first".to_owned(),
        }],
        ..Summary::default()
    }
}

fn report(summary: &Summary, rows: impl IntoIterator<Item = Row>) -> (String, u64) {
    let buckets: Vec<Bucket> =
        (0..40).map(|second| Bucket { second, applied: 30, ..Bucket::default() }).collect();
    let mut page = Vec::new();
    let count = write(&mut page, summary, &buckets, rows).expect("memory can be written");
    (String::from_utf8(page).expect("UTF-8"), count)
}

fn rejected(number: usize) -> Row {
    Row {
        natural_key: format!("PO-{number}"),
        state: "rejected".to_owned(),
        code: Some("X.Y".to_owned()),
        lines: "12-14,90".to_owned(),
        reason: "</script><script>alert(1)</script>".to_owned(),
        details: vec!["a & b".to_owned()],
        attempts: 1,
    }
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let (page, count) = report(&summary(), (0..ROWS_IN_PAGE + 3).map(rejected));
    assert_eq!(count, ROWS_IN_PAGE as u64 + 3);
    assert!(!page.contains("<script>alert"), "script from a reply");
    assert!(!page.contains("<b>x</b>"), "markup from a message");
    assert!(page.contains("orders &amp; more.csv"));
    assert_eq!(page.matches("</script>").count(), 2, "one for the data, one for the page's own");
}

#[test]
fn every_row_is_in_the_page_or_in_its_data() {
    let all = 3 * ROWS_IN_PAGE + 1;
    let (page, _) = report(&summary(), (0..all).map(rejected));
    assert_eq!(page.matches("<tr data-state=").count(), ROWS_IN_PAGE);
    let mut found = 0;
    for block in page.split("<script class=\"more\" type=\"application/json\">").skip(1) {
        let text = block.split("</script>").next().expect("it ends");
        let rows: Vec<serde_json::Value> = serde_json::from_str(text).expect("JSON");
        assert_eq!(rows[0][4], "</script><script>alert(1)</script>");
        found += rows.len();
    }
    assert_eq!(found + ROWS_IN_PAGE, all);
}

#[test]
fn the_page_needs_nothing_else() {
    let (page, _) = report(&summary(), [rejected(1)]);
    for outside in [" src=", " href=", "@import", "url(", "fetch("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let addresses = page.matches("http").count();
    let allowed =
        page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
    assert_eq!(addresses, allowed);
    assert_eq!(page.matches("<svg").count(), 4);
    assert!(page.contains("script-src 'sha256-"));
}

#[test]
fn it_says_what_the_reader_came_for() {
    let (page, _) = report(&summary(), []);
    for part in [
        "1,200 purchase orders to Knosc",
        "1,190 of 1,200 are at Knosc.",
        "10 need somebody",
        "Took",
        "41 s",
        "Create the item first",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("badge held"), "states without any are left out");
    assert!(!page.contains("Audit by"), "no audit without a double");
    let mut clean = summary();
    clean.states = vec![("applied".to_owned(), 1195), ("existing".to_owned(), 5)];
    clean.audit = Some(Counts::default());
    let (page, _) = report(&clean, []);
    assert!(page.contains("All of them are at Knosc."));
    assert!(page.contains("every one was simply applied") && page.ends_with("</html>\n"));
    assert!(page.contains("Audit by"));
}

#[test]
fn a_file_appears_whole_and_a_bad_place_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    write_file(&path, &summary(), &[], [rejected(1)]).expect("written");
    let page = std::fs::read_to_string(&path).expect("there");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    let error = write_file(std::path::Path::new("/nowhere/r.html"), &summary(), &[], [])
        .expect_err("no folder");
    assert!(error.to_string().contains("/nowhere/r.html"), "{error}");
}
