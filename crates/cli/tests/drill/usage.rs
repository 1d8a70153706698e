//! What is said of a command line that cannot be followed.

use crate::drilled::drill;

fn refused(arguments: &[&str]) -> String {
    let output = drill(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let said = refused(&["knosc", "--scenario", "calm", "--", "/no/such/client"]);
    assert!(said.contains("/no/such/client") && said.contains("after --"), "{said}");
}

#[test]
fn without_a_command_it_says_where_one_belongs() {
    let said = refused(&["knosc"]);
    assert!(said.contains("COMMAND"), "{said}");
}

#[test]
fn an_unknown_scenario_is_told_with_those_there_are() {
    let said = refused(&["knosc", "--scenario", "storm", "--", "true"]);
    assert!(said.contains("storm") && said.contains("reset-after-commit"), "{said}");
}

#[test]
fn an_unknown_api_is_told_with_those_there_are() {
    let said = refused(&["stripe", "--", "true"]);
    assert!(said.contains("stripe") && said.contains("knosc"), "{said}");
}
