//! Our own client, by the short scenarios. CI drills it by all of them.

use crate::drilled::{PROGRAM, drill, scenarios, stdout};

#[test]
fn our_client_passes() {
    for api in ["knosc", "thredfi", "operations1", "kneo"] {
        let output = drill(&[
            api,
            "--scenario",
            "calm",
            "--scenario",
            "reset-after-commit",
            "--scenario",
            "forbidden",
            "--",
            PROGRAM,
            "subject",
        ]);
        assert_eq!(output.status.code(), Some(0), "{api}\n{}", stdout(&output));
    }
}

#[test]
fn a_client_that_does_nothing_passes_nothing() {
    let output = drill(&["knosc", "--json", "--", "true"]);
    assert_eq!(output.status.code(), Some(1));
    let scenarios = scenarios(&output);
    assert!(scenarios.len() >= 3, "{}", scenarios.len());
    for scenario in &scenarios {
        assert_ne!(scenario["verdict"], "passed", "{}", scenario["scenario"]);
        assert!(!scenario["unmet"].as_array().unwrap().is_empty(), "{}", scenario["scenario"]);
    }
}
