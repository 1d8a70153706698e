//! What a terminal shows, in 80 columns.

use crate::graded::{Graded, Verdict};

/// Findings of one grade that are shown; the report has all.
const SHOWN: usize = 3;
const COLUMNS: usize = 80;

/// One line for a scenario.
#[must_use]
pub fn line(graded: &Graded) -> String {
    let failed: Vec<&str> = graded.failed().map(|mark| mark.grade.name()).collect();
    let verdict = match graded.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "FAILED",
        Verdict::NotGraded => "not graded",
    };
    let requests = graded.requests.iter().filter(|entry| !entry.is_apply()).count();
    let seconds = graded.elapsed_ms as f64 / 1000.0;
    let line =
        format!("{:<25} {verdict:<10} {requests:>4} requests {seconds:>5.1} s  ", graded.scenario);
    let first = format!("{line}{}", failed.join(" "));
    if first.len() <= COLUMNS {
        return first.trim_end().to_owned();
    }
    // What does not fit beside the figures stands below them.
    let below = wrapped(&failed.join(" "), &" ".repeat(26));
    format!("{}\n{}", line.trim_end(), below.trim_end())
}

/// What is behind everything that is not passed, and how it came out as a whole.
#[must_use]
pub fn summary(all: &[Graded], replay: impl Fn(&Graded) -> String) -> String {
    let mut text = String::new();
    for graded in all.iter().filter(|graded| graded.verdict != Verdict::Passed) {
        text.push_str(&details(graded, &replay(graded)));
    }
    let count = |verdict| all.iter().filter(|graded| graded.verdict == verdict).count();
    text.push_str(&format!(
        "\n{} of {} scenarios passed, {} failed, {} not graded\n",
        count(Verdict::Passed),
        all.len(),
        count(Verdict::Failed),
        count(Verdict::NotGraded)
    ));
    text
}

fn details(graded: &Graded, replay: &str) -> String {
    let mut text = format!("\n{}", wrapped(&format!("{}: {}", graded.scenario, graded.title), ""));
    text.push_str(&wrapped(&format!("A sound client {}.", graded.sound), "  "));
    for mark in graded.failed() {
        text.push_str(&wrapped(&format!("{}: {}", mark.grade.name(), mark.grade.meaning()), "  "));
        for finding in mark.findings.iter().take(SHOWN) {
            text.push_str(&wrapped(&format!("- {}", finding.text), "    "));
            for n in &finding.requests {
                text.push_str(&evidence(graded, *n));
            }
        }
        if mark.findings.len() > SHOWN {
            text.push_str(&format!("    and {} more\n", mark.findings.len() - SHOWN));
        }
    }
    for unmet in &graded.unmet {
        text.push_str(&wrapped(&format!("not met: {unmet}"), "  "));
    }
    text.push_str(&format!("  the command {}", graded.command));
    let last = graded.output.trim_end().lines().last().unwrap_or_default().trim();
    match last.is_empty() {
        true => text.push_str(" and printed nothing\n"),
        false => text.push_str(&format!("; it last printed:\n{}", wrapped(last, "    "))),
    }
    // In one piece, to be copied.
    text.push_str(&format!("  again:\n    {replay}\n"));
    text
}

/// A request as evidence: when, what, the answer, what became of it.
fn evidence(graded: &Graded, n: u64) -> String {
    let Some(entry) = graded.requests.iter().find(|entry| entry.n == n) else {
        return String::new();
    };
    let at = entry.at_ms.saturating_sub(graded.zero_ms()) as f64 / 1000.0;
    let answer = match entry.status {
        _ if entry.is_apply() => "later".to_owned(),
        Some(status) => status.to_string(),
        None => "no answer".to_owned(),
    };
    let fault = entry.fault.as_ref().map(|fault| format!(" [{fault}]")).unwrap_or_default();
    let effect = if entry.effect == "none" { String::new() } else { format!(", {}", entry.effect) };
    let text = format!("{at:>7.2} s  {} {} -> {answer}{effect}{fault}", entry.method, entry.path);
    wrapped(&text, "      ")
}

/// Breaks a text into lines of 80 columns; those after the first are set in a little further.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let indented = indent.len() + if lines.is_empty() { 0 } else { 2 };
        if !line.is_empty()
            && indented + line.chars().count() + word.trim_end().chars().count() > COLUMNS
        {
            push_line(&mut lines, indent, &line);
            line.clear();
        }
        line.push_str(word);
    }
    push_line(&mut lines, indent, &line);
    lines
}

fn push_line(lines: &mut String, indent: &str, line: &str) {
    let further = if lines.is_empty() { "" } else { "  " };
    lines.push_str(&format!("{indent}{further}{}\n", line.trim_end()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_at_the_eightieth_column() {
        let text = wrapped(&"word ".repeat(60), "    ");
        assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        assert_eq!(text.split_whitespace().count(), 60);
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("      word")), "{text}");
    }
}
