//! What took effect, and whether the client knows it.

use super::{Finding, Judged};
use crate::job::Kind;
use crate::results::{Claim, State};
use crate::scenario::Ends;
use crate::story::{Chapter, Story};

fn finding(chapter: &Chapter<'_>, text: String) -> Finding {
    let mut requests = chapter.numbers();
    requests.extend(chapter.effects.iter().filter(|n| !chapter.numbers().contains(n)));
    Finding { text, step: Some(chapter.step.id.clone()), requests }
}

fn each(
    story: &Story<'_>,
    kind: Kind,
    judge: impl Fn(&Chapter<'_>) -> Option<String>,
) -> Vec<Finding> {
    let chapters = story.steps.iter().filter(|chapter| chapter.step.kind == kind);
    chapters.filter_map(|chapter| judge(chapter).map(|text| finding(chapter, text))).collect()
}

pub(super) fn doubled(story: &Story<'_>) -> Option<Judged> {
    if !story.steps.iter().any(|chapter| chapter.is_create()) {
        return None;
    }
    let findings = each(story, Kind::Write, |chapter| {
        let times = chapter.effects.len();
        (chapter.is_create() && times > 1)
            .then(|| format!("{} took effect {times} times", chapter.name()))
    });
    Some(Judged::of(findings))
}

pub(super) fn lost(story: &Story<'_>) -> Option<Judged> {
    let speaks = story.claims.speaks();
    let findings = each(story, Kind::Write, |chapter| {
        let name = chapter.name();
        match (chapter.step.ends, chapter.claim.map(|claim| claim.state)) {
            (Ends::Lands, None | Some(State::Applied | State::Queued | State::Existing))
                if !chapter.is_in_effect() =>
            {
                Some(format!("{name} is not in effect, and the client does not say so"))
            }
            (_, None) if speaks => Some(format!("the results say nothing of {name}")),
            _ => None,
        }
    });
    let any = story.steps.iter().any(|chapter| chapter.step.kind == Kind::Write);
    any.then(|| Judged::of(findings))
}

pub(super) fn unfinished(story: &Story<'_>) -> Option<Judged> {
    if !story.claims.speaks() {
        return None;
    }
    let mut findings = each(story, Kind::Write, |chapter| {
        let state = chapter.claim?.state;
        let given_up = matches!(state, State::Rejected | State::Failed | State::Unknown);
        let could = match chapter.step.ends {
            Ends::Lands => given_up,
            Ends::Existing => matches!(state, State::Failed | State::Unknown),
            Ends::Refused => state == State::Unknown,
            Ends::Told => false,
        };
        could.then(|| format!("{} ended as {}", chapter.name(), state.name()))
    });
    findings.extend(each(story, Kind::Read, |chapter| {
        let name = chapter.name();
        match chapter.claim {
            _ if chapter.step.ends != Ends::Lands => None,
            None => Some(format!("the results say nothing of {name}")),
            Some(claim) if claim.state != State::Read => {
                Some(format!("{name} ended as {}", claim.state.name()))
            }
            Some(_) => None,
        }
    }));
    Some(Judged::of(findings))
}

pub(super) fn false_claims(story: &Story<'_>) -> Option<Judged> {
    if !story.claims.speaks() {
        return None;
    }
    let mut findings = each(story, Kind::Write, |chapter| {
        chapter.claim.and_then(|claim| contradiction(chapter, claim))
    });
    findings.extend(each(story, Kind::Read, |chapter| {
        chapter.claim.and_then(|claim| wrong_rows(chapter, claim))
    }));
    let unreadable = story.claims.unreadable.iter();
    findings.extend(unreadable.map(|text| Finding {
        text: text.clone(),
        step: None,
        requests: Vec::new(),
    }));
    Some(Judged::of(findings))
}

/// What is wrong with a claim about a write.
fn contradiction(chapter: &Chapter<'_>, claim: &Claim) -> Option<String> {
    let name = chapter.name();
    let state = claim.state;
    let there = chapter.is_in_effect();
    let was_there_before = chapter.step.ends == Ends::Existing;
    match state {
        State::Applied if !there => {
            Some(format!("{name} is said to be applied, and is not in effect"))
        }
        State::Existing if !there && !was_there_before => {
            Some(format!("{name} is said to have been there, and it was not"))
        }
        State::Queued if !chapter.was_queued() => {
            Some(format!("{name} is said to be queued, and the API never said so"))
        }
        State::Rejected | State::Failed if there => {
            Some(format!("{name} is said to be {}, and is in effect", state.name()))
        }
        State::Read => Some(format!("{name} is a write, and is said to be read")),
        State::Rejected => wrong_code(chapter, claim.code.as_deref()),
        _ => None,
    }
}

/// A code that the API did not give.
fn wrong_code(chapter: &Chapter<'_>, code: Option<&str>) -> Option<String> {
    let code = code?;
    let given: Vec<&str> = chapter.requests.iter().filter_map(|one| one.code.as_deref()).collect();
    // Without any, a fault answered in the API's place, with a code that the journal does not know.
    let wrong = !given.is_empty() && !given.contains(&code);
    wrong.then(|| {
        format!(
            "{} is said to be refused with {code}; the API said {}",
            chapter.name(),
            given.join(", ")
        )
    })
}

fn wrong_rows(chapter: &Chapter<'_>, claim: &Claim) -> Option<String> {
    let (name, rows) = (chapter.name(), chapter.step.rows);
    match (claim.state, claim.rows) {
        (State::Read, Some(seen)) if seen != rows => {
            Some(format!("{name} is said to have {seen} rows, and has {rows}"))
        }
        (State::Applied | State::Queued | State::Existing, _) => {
            Some(format!("{name} is a read, and is said to be {}", claim.state.name()))
        }
        _ => None,
    }
}
