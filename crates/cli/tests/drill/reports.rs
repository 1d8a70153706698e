//! What is written beside the table.

use crate::drilled::{PROGRAM, drill, scenarios};

#[test]
fn page_and_junit_tell_what_the_table_tells() {
    let folder = tempfile::tempdir().expect("a place");
    let (page, junit) = (folder.path().join("drill.html"), folder.path().join("drill.xml"));
    let output = drill(&[
        "kneo",
        "--json",
        "--scenario",
        "calm",
        "--scenario",
        "forbidden",
        "--report",
        page.to_str().expect("it is UTF-8"),
        "--junit",
        junit.to_str().expect("it is UTF-8"),
        "--",
        PROGRAM,
        "subject",
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(scenarios(&output).len(), 2);
    let page = std::fs::read_to_string(page).expect("it is there");
    assert!(page.contains("2 of 2 scenarios passed"), "{page}");
    for part in ["<svg", "id=\"forbidden\"", "Content-Security-Policy", "--seed 1 -- "] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["http://", "https://", "<script", "src="] {
        assert!(!page.contains(outside), "the page needs nothing else: {outside}");
    }
    let junit = std::fs::read_to_string(junit).expect("it is there");
    assert!(junit.contains("tests=\"2\"") && junit.contains("name=\"forbidden\""), "{junit}");
    assert!(!junit.contains("<failure") && !junit.contains("<error"), "{junit}");
}

#[test]
fn in_junit_what_is_failed_is_a_failure_with_its_evidence() {
    let folder = tempfile::tempdir().expect("a place");
    let junit = folder.path().join("drill.xml");
    let path = junit.to_str().expect("it is UTF-8");
    let output = drill(&["kneo", "--scenario", "calm", "--junit", path, "--", "true"]);
    assert_eq!(output.status.code(), Some(1));
    let junit = std::fs::read_to_string(junit).expect("it is there");
    assert!(junit.contains("failures=\"1\"") && junit.contains("lost"), "{junit}");
    assert!(junit.contains("steadfast drill kneo --scenario calm"), "{junit}");
}
