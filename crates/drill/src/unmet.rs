//! What a client did not meet. About that it has shown nothing, whatever it says.

use crate::grade::is_session;
use crate::journal::Entry;
use crate::plan;
use crate::scenario::Ends;
use crate::story::Story;

/// In words; empty if everything that the scenario is about was met.
pub(crate) fn unmet(story: &Story<'_>) -> Vec<String> {
    let mut unmet = Vec::new();
    if story.entries.is_empty() {
        unmet.push("the command made no request".to_owned());
    }
    let faults = story.audit["faults_unmet"].as_array();
    for fault in faults.into_iter().flatten() {
        let name = fault["name"].as_str().or(fault["fault"].as_str()).unwrap_or_default();
        if !plan::is_optional(name) {
            unmet.push(format!("the fault \"{name}\" was never met"));
        }
    }
    // An answer to a log-in, or to what the job asks for: any request at all may be answered 401.
    let asked = |entry: &&Entry| {
        let step = |chapter: &crate::story::Chapter<'_>| chapter.numbers().contains(&entry.n);
        is_session(entry) || story.steps.iter().any(step)
    };
    for status in &story.scenario.answers {
        if !story.entries.iter().filter(asked).any(|entry| entry.status == Some(*status)) {
            unmet.push(format!("no log-in and no step was answered {status}"));
        }
    }
    for chapter in &story.steps {
        if chapter.step.ends == Ends::Refused && chapter.requests.is_empty() {
            unmet.push(format!("{} was never sent", chapter.name()));
        }
        // A refusal for another reason is not what the scenario is about.
        let Some(code) = chapter.step.code.as_deref() else { continue };
        let given = chapter.requests.iter().any(|entry| entry.code.as_deref() == Some(code));
        if !chapter.requests.is_empty() && !given {
            unmet.push(format!("{} was never refused with {code}", chapter.name()));
        }
    }
    unmet
}
