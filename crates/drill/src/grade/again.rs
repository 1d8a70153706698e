//! What was sent again though it must not be.

use super::{Finding, Judged};
use crate::contract::Again;
use crate::job::Kind;
use crate::journal::Entry;
use crate::story::{Chapter, Story};

pub(super) fn retried(story: &Story<'_>) -> Option<Judged> {
    let mut findings = Vec::new();
    for chapter in &story.steps {
        for (index, earlier) in chapter.requests.iter().enumerate() {
            let later =
                chapter.requests[index + 1..].iter().find(|one| one.at_ms >= earlier.done_ms);
            let Some(later) = later else { continue };
            let text = after_refusal(story, chapter, index)
                .or_else(|| after_done(chapter, earlier))
                .or_else(|| blind(story, chapter, earlier, later));
            if let Some(text) = text {
                let step = Some(chapter.step.id.clone());
                findings.push(Finding { text, step, requests: vec![earlier.n, later.n] });
                break;
            }
        }
    }
    (!story.steps.is_empty()).then(|| Judged::of(findings))
}

/// A refusal that the same request cannot change.
fn after_refusal(story: &Story<'_>, chapter: &Chapter<'_>, index: usize) -> Option<String> {
    let refused = chapter.requests.get(index)?;
    let status = refused.status.filter(|status| (400..500).contains(status))?;
    let code = refused.code.as_deref().unwrap_or_default();
    let so_far = |found: fn(&Entry) -> bool| {
        chapter.requests[..=index].iter().filter(|entry| found(entry)).count()
    };
    let final_ = match status {
        408 | 429 => false,
        401 => so_far(|entry| entry.status == Some(401)) >= story.contract.sends_of_a_401 as usize,
        // A stale CSRF value is cured once.
        _ if is_csrf(refused) => so_far(is_csrf) >= 2,
        _ if refused.fault.as_deref() == Some("in_progress") => false,
        _ => code != "idempotency_key_in_progress",
    };
    let said = if code.is_empty() { status.to_string() } else { format!("{status} {code}") };
    final_.then(|| format!("{} was sent again after {said}, which stays as it is", chapter.name()))
}

fn is_csrf(entry: &Entry) -> bool {
    entry.code.as_deref().is_some_and(|code| code.starts_with("CSRF"))
}

fn after_done(chapter: &Chapter<'_>, earlier: &Entry) -> Option<String> {
    let write = chapter.step.kind == Kind::Write && earlier.was_answered_as_done();
    let state = if earlier.is_queued() { "queued" } else { "done" };
    write.then(|| format!("{} was sent again after it was answered as {state}", chapter.name()))
}

/// Sent again after an attempt that may have worked, in a way in which it may happen twice.
fn blind(
    story: &Story<'_>,
    chapter: &Chapter<'_>,
    earlier: &Entry,
    later: &Entry,
) -> Option<String> {
    if earlier.kind != "create" || !earlier.is_ambiguous() {
        return None;
    }
    let name = chapter.name();
    match chapter.step.again? {
        Again::AtOnce => None,
        Again::SameKey => (earlier.key != later.key).then(|| {
            format!("{name} may have worked, and was sent again with another idempotency key")
        }),
        Again::Look => {
            let looked = story.entries.iter().any(|entry| {
                entry.is_read()
                    && entry.resource == earlier.resource
                    && entry.at_ms >= earlier.done_ms
                    && entry.n < later.n
            });
            (!looked).then(|| format!("{name} may have worked, and was sent again without a look"))
        }
    }
}
