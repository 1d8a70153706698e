//! The report: one HTML page that needs nothing else, with a timeline for each scenario.

mod timeline;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::graded::{Graded, Verdict};
use crate::journal::Entry;

const STYLE: &str = include_str!("page/page.css");

/// The page. `replay` gives the command that runs a scenario again. What comes from outside is escaped, and no
/// script can run in it.
#[must_use]
pub fn page(all: &[Graded], replay: impl Fn(&Graded) -> String) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="Steadfast";
                title { (heading(all)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (top(all))
                    @for graded in all { (scenario(graded, &replay(graded))) }
                }
            }
        }
    };
    markup.into_string()
}

fn heading(all: &[Graded]) -> String {
    let apis = distinct(all.iter().map(|graded| graded.api));
    format!("Drill of a client of {}", apis.join(", "))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn count(all: &[Graded], verdict: Verdict) -> usize {
    all.iter().filter(|graded| graded.verdict == verdict).count()
}

fn top(all: &[Graded]) -> Markup {
    let passed = count(all, Verdict::Passed);
    let profiles = distinct(all.iter().map(|graded| graded.profile)).join(", ");
    let seed = all.first().map(|graded| graded.seed).unwrap_or_default();
    html! {
        header {
            p.brand { "Steadfast" }
            h1 { (heading(all)) }
            p.verdict {
                (passed) " of " (all.len()) " scenarios passed, "
                (count(all, Verdict::Failed)) " failed, " (count(all, Verdict::NotGraded)) " not graded"
            }
            p.soft { "Profile " (profiles) ", seed " (seed) "." }
        }
        section {
            h2 { "Scenarios" }
            div.scroll {
                table {
                    thead { tr { th { "Scenario" } th { "Verdict" } th.num { "Requests" } th.num { "Time" } th { "Failed by" } } }
                    tbody {
                        @for graded in all {
                            tr {
                                td.key { a href={ "#" (graded.scenario) } { (graded.scenario) } div.soft { (graded.title) } }
                                td { (badge(graded.verdict)) }
                                td.num { (requests(graded).count()) }
                                td.num { (seconds(graded.elapsed_ms)) }
                                td { @for mark in graded.failed() { span.grade { (mark.grade.name()) } " " } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn requests(graded: &Graded) -> impl Iterator<Item = &Entry> {
    graded.requests.iter().filter(|entry| !entry.is_apply())
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}

fn badge(verdict: Verdict) -> Markup {
    let tone = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NotGraded => "open",
    };
    html! { span.badge.(tone) { (verdict.words()) } }
}

fn scenario(graded: &Graded, replay: &str) -> Markup {
    html! {
        section id=(graded.scenario) {
            h2 { (graded.scenario) " " (badge(graded.verdict)) }
            p { "What goes wrong: " (graded.title) "." br; "A sound client " (graded.sound) "." }
            (grades(graded))
            @for unmet in &graded.unmet { p.note { "Not met: " (unmet) "." } }
            (timeline::timeline(graded))
            (steps(graded))
            details {
                summary { "All requests, in order" }
                (table_of_requests(graded))
            }
            @if !graded.elsewhere.is_empty() {
                h3 { "What came to another origin" }
                ul { @for seen in &graded.elsewhere { li { code { (seen.line) } @if !seen.carried.is_empty() { ", with " (seen.carried.join(", ")) } } } }
            }
            @if graded.verdict != Verdict::Passed && !graded.output.trim().is_empty() {
                details { summary { "What the command printed last" } pre { (graded.output) } }
            }
            p.soft { "The command " (graded.command) ". Again: " code { (replay) } }
        }
    }
}

fn grades(graded: &Graded) -> Markup {
    html! {
        ul.grades {
            @for mark in &graded.marks {
                li.(if mark.passed { "good" } else { "bad" }) {
                    b { (mark.grade.name()) }
                    @if let Some(figure) = &mark.figure { " " span.soft { (figure) } }
                    @if !mark.passed {
                        ": " (mark.grade.meaning())
                        ul { @for finding in &mark.findings {
                            li { (finding.text) @if !finding.requests.is_empty() { " " span.soft { "(requests " (numbers(&finding.requests)) ")" } } }
                        } }
                    }
                }
            }
        }
    }
}

fn numbers(numbers: &[u64]) -> String {
    numbers.iter().map(|n| format!("#{n}")).collect::<Vec<_>>().join(", ")
}

fn steps(graded: &Graded) -> Markup {
    html! {
        details {
            summary { "What became of each step" }
            div.scroll { table {
                thead { tr { th { "Step" } th { "To do" } th { "Requests" } th.num { "Took effect" } th { "The client says" } } }
                tbody { @for step in &graded.steps { tr {
                    td.key { (step.id) }
                    td { (step.operation) @if let Some(key) = &step.natural_key { div.soft { (key) } } }
                    td { (numbers(&step.requests)) }
                    td.num { (step.effects) }
                    td { @match &step.claim {
                        Some(claim) => {
                            (claim.state.name())
                            @if let Some(code) = &claim.code { " " code { (code) } }
                            @if let Some(rows) = claim.rows { ", " (rows) " rows" }
                        }
                        None => { span.soft { "nothing" } }
                    } }
                } } }
            } }
        }
    }
}

fn table_of_requests(graded: &Graded) -> Markup {
    let at = |entry: &Entry| entry.at_ms.saturating_sub(graded.zero_ms()) as f64 / 1000.0;
    html! {
        div.scroll { table.requests {
            thead { tr { th.num { "#" } th.num { "At" } th { "Request" } th { "Answer" } th { "Effect" } th { "Fault" } } }
            tbody { @for entry in &graded.requests { tr {
                td.num { (entry.n) }
                td.num { (format!("{:.2} s", at(entry))) }
                td { code { (entry.method) " " (entry.path) } @if let Some(key) = &entry.key { div.soft { (key) } } }
                td {
                    @match (entry.of, entry.status) {
                        (Some(of), _) => { "the later effect of #" (of) }
                        (None, Some(status)) => { (status) @if entry.sent != "whole" { ", " (entry.sent) } }
                        (None, None) => { "none" }
                    }
                    @if let Some(code) = &entry.code { " " code { (code) } }
                }
                td { @if entry.effect != "none" { (entry.effect) } }
                td { @if let Some(fault) = &entry.fault { (fault) } }
            } } }
        } }
    }
}
