//! How much was asked, and when.

use super::{Finding, Judged};
use crate::job::Kind;
use crate::story::Story;

pub(super) fn early(story: &Story<'_>) -> Option<Judged> {
    let requests: Vec<_> = story.entries.iter().filter(|entry| !entry.is_apply()).collect();
    let hints = requests.iter().filter_map(|entry| Some((*entry, entry.hint_until_ms?)));
    let mut findings = Vec::new();
    let mut any = false;
    for (hinted, until_ms) in hints {
        any = true;
        let repeats = requests.iter().filter(|entry| {
            entry.n > hinted.n && entry.is_same_as(hinted) && entry.at_ms < until_ms
        });
        findings.extend(repeats.map(|repeat| Finding {
            text: format!(
                "{} {} was repeated {} ms before the hint allowed it",
                repeat.method,
                repeat.path,
                until_ms - repeat.at_ms
            ),
            step: None,
            requests: vec![hinted.n, repeat.n],
        }));
    }
    any.then(|| Judged::of(findings))
}

pub(super) fn layers(story: &Story<'_>) -> Option<Judged> {
    let most = story.steps.iter().map(|chapter| chapter.requests.len()).max()?;
    let max = story.scenario.sends_max as usize;
    let many = story
        .steps
        .iter()
        .filter(|chapter| chapter.step.kind == Kind::Write && chapter.requests.len() > max);
    let writes = many.map(|chapter| Finding {
        text: format!(
            "{} was sent {} times; {max} would do",
            chapter.name(),
            chapter.requests.len()
        ),
        step: Some(chapter.step.id.clone()),
        requests: chapter.numbers(),
    });
    let findings: Vec<Finding> =
        writes.chain(many_reads(story, story.scenario.read_sends_max as usize)).collect();
    Some(Judged { findings, figure: Some(format!("{most} sends at the most")) })
}

/// Pages of a list are requests of their own; one and the same page that failed so often is not.
fn many_reads(story: &Story<'_>, max: usize) -> Vec<Finding> {
    let failed = |entry: &&crate::journal::Entry| entry.is_read() && entry.is_ambiguous();
    let reads: Vec<_> = story.entries.iter().filter(failed).collect();
    let mut findings = Vec::new();
    let mut told: Vec<u64> = Vec::new();
    for first in &reads {
        let same: Vec<u64> =
            reads.iter().filter(|entry| entry.is_same_as(first)).map(|entry| entry.n).collect();
        if same.len() > max && same.first() == Some(&first.n) && !told.contains(&first.n) {
            told.push(first.n);
            let text = format!("GET {} was sent {} times; {max} would do", first.path, same.len());
            findings.push(Finding { text, step: None, requests: same });
        }
    }
    findings
}

pub(super) fn requests(story: &Story<'_>) -> Option<Judged> {
    let requests = story.entries.iter().filter(|entry| !entry.is_apply()).count();
    if story.steps.is_empty() || requests == 0 {
        return None;
    }
    let each = requests as f64 / story.steps.len() as f64;
    let max = story.scenario.requests_max;
    let finding = (each > max).then(|| Finding {
        text: format!(
            "{each:.1} requests for a step, log-ins and look-ups included; {max} would do"
        ),
        step: None,
        requests: Vec::new(),
    });
    Some(Judged {
        findings: finding.into_iter().collect(),
        figure: Some(format!("{each:.1} requests for a step")),
    })
}
