//! Verdicts as JUnit XML, which every CI system reads.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::graded::{Graded, Verdict};

/// One suite with a case for each scenario. What is not graded is an error: it has shown nothing.
///
/// # Errors
/// If the XML cannot be written, which nothing in a report can bring about.
pub fn junit(all: &[Graded], replay: impl Fn(&Graded) -> String) -> Result<String, String> {
    let mut report = Report::new("steadfast drill");
    let mut names: Vec<(&str, &str)> =
        all.iter().map(|graded| (graded.api, graded.profile)).collect();
    names.dedup();
    for (api, profile) in names {
        let mut suite = TestSuite::new(format!("{api} ({profile})"));
        let here = all.iter().filter(|graded| (graded.api, graded.profile) == (api, profile));
        suite.add_test_cases(here.map(|graded| case(graded, &replay(graded))));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn case(graded: &Graded, replay: &str) -> TestCase {
    let status = match graded.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed => failure(graded, replay, NonSuccessKind::Failure),
        Verdict::NotGraded => failure(graded, replay, NonSuccessKind::Error),
    };
    let mut case = TestCase::new(graded.scenario.as_str(), status);
    case.set_classname(format!("drill.{}", graded.api));
    case.set_time(Duration::from_millis(graded.elapsed_ms));
    if graded.verdict != Verdict::Passed && !graded.output.is_empty() {
        case.set_system_out(graded.output.as_str());
    }
    case
}

fn failure(graded: &Graded, replay: &str, kind: NonSuccessKind) -> TestCaseStatus {
    let names: Vec<&str> = graded.failed().map(|mark| mark.grade.name()).collect();
    let findings = graded.failed().flat_map(|mark| {
        mark.findings.iter().map(|finding| format!("{}: {}\n", mark.grade.name(), finding.text))
    });
    let unmet = graded.unmet.iter().map(|unmet| format!("not met: {unmet}\n"));
    let text: String = findings.chain(unmet).collect();
    let mut status = TestCaseStatus::non_success(kind);
    let message =
        if names.is_empty() { graded.verdict.words().to_owned() } else { names.join(", ") };
    status.set_message(message);
    status.set_type(graded.verdict.words());
    status.set_description(format!("{text}again: {replay}\n"));
    status
}
