//! Log-ins, refreshes and secrets.

use super::{Finding, Judged};
use crate::journal::Entry;
use crate::story::Story;

/// A log-in, a refresh, or a part of one.
pub(crate) fn is_session(entry: &Entry) -> bool {
    matches!(entry.kind.as_str(), "login" | "refresh" | "verify") && !entry.is_apply()
}

pub(super) fn renewals(story: &Story<'_>) -> Option<Judged> {
    if story.contract.logins == 0 {
        return None;
    }
    let asked: Vec<&Entry> = story.entries.iter().filter(|entry| is_session(entry)).collect();
    // One that a fault answered, or nobody, may be asked again.
    let spoilt =
        asked.iter().filter(|entry| entry.fault.is_some() && entry.status != Some(200)).count();
    let expiries = story.scenario.expiries;
    let max = story.contract.logins + expiries * story.contract.renewal_requests + spoilt as u32;
    let finding = (asked.len() > max as usize).then(|| Finding {
        text: format!(
            "{} log-ins and refreshes; with {expiries} sessions ended in the course of it {max} would do",
            asked.len()
        ),
        step: None,
        requests: asked.iter().map(|entry| entry.n).collect(),
    });
    let figure = Some(format!("{} log-ins and refreshes", asked.len()));
    Some(Judged { findings: finding.into_iter().collect(), figure })
}

pub(super) fn logins(story: &Story<'_>) -> Option<Judged> {
    let refused = |entry: &&Entry| {
        is_session(entry) && entry.fault.is_none() && matches!(entry.status, Some(401 | 403))
    };
    let first = story.entries.iter().find(refused)?;
    // What comes after a log-in that let the client in is asked with something new.
    let let_in =
        |entry: &&Entry| is_session(entry) && entry.n > first.n && entry.status == Some(200);
    let until = story.entries.iter().find(let_in).map_or(u64::MAX, |entry| entry.n);
    let again = story.entries.iter().filter(|entry| {
        is_session(entry)
            && entry.at_ms >= first.done_ms
            && (first.n + 1..until).contains(&entry.n)
            && entry.is_same_as(first)
    });
    let findings = again.map(|entry| Finding {
        text: format!("{} {} was refused, and was tried again", entry.method, entry.path),
        step: None,
        requests: vec![first.n, entry.n],
    });
    let mut findings: Vec<Finding> = findings.collect();
    let reused = story.audit["refresh_reuse"].as_array();
    findings.extend(reused.into_iter().flatten().map(|found| Finding {
        text: "a refresh token that had been refused was presented again".to_owned(),
        step: None,
        requests: found["n"].as_u64().into_iter().collect(),
    }));
    Some(Judged::of(findings))
}

pub(super) fn secrets(story: &Story<'_>) -> Option<Judged> {
    if !story.scenario.leads_elsewhere() {
        return None;
    }
    let carried = story.elsewhere.iter().filter(|seen| !seen.carried.is_empty());
    let findings = carried.map(|seen| Finding {
        text: format!("{} reached another origin with {}", seen.line, seen.carried.join(", ")),
        step: None,
        requests: Vec::new(),
    });
    Some(Judged::of(findings.collect()))
}
