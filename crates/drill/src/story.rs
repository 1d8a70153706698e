//! What happened in a scenario, put together: which requests belong to which step, what took effect, and what
//! the client says of it.

use serde_json::Value;
use steadfast_sandbox::Sandbox;

use crate::contract::Contract;
use crate::elsewhere::Seen;
use crate::job::{Job, Step};
use crate::journal::Entry;
use crate::results::{Claim, Claims};
use crate::scenario::Scenario;

/// Everything that a scenario is graded by.
pub(crate) struct Story<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) contract: &'a Contract,
    pub(crate) steps: Vec<Chapter<'a>>,
    /// Requests and later effects, in order.
    pub(crate) entries: &'a [Entry],
    /// What came to another origin.
    pub(crate) elsewhere: &'a [Seen],
    pub(crate) claims: &'a Claims,
    /// The double's own findings.
    pub(crate) audit: &'a Value,
    /// The command was ended because its time was over.
    pub(crate) cut: bool,
}

/// What happened to one step.
pub(crate) struct Chapter<'a> {
    pub(crate) step: &'a Step,
    /// Its requests.
    pub(crate) requests: Vec<&'a Entry>,
    /// Numbers of the entries by which it took effect.
    pub(crate) effects: Vec<u64>,
    pub(crate) claim: Option<&'a Claim>,
}

impl Chapter<'_> {
    pub(crate) fn is_in_effect(&self) -> bool {
        !self.effects.is_empty()
    }

    pub(crate) fn was_queued(&self) -> bool {
        self.requests.iter().any(|entry| entry.is_queued())
    }

    pub(crate) fn is_create(&self) -> bool {
        self.requests.iter().any(|entry| entry.kind == "create")
    }

    /// The numbers of its requests.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.requests.iter().map(|entry| entry.n).collect()
    }

    /// A name for people: id and natural key.
    pub(crate) fn name(&self) -> String {
        match &self.step.natural_key {
            Some(key) => format!("{} ({key})", self.step.id),
            None => self.step.id.clone(),
        }
    }
}

impl<'a> Story<'a> {
    /// Tells which requests and effects belong to which step.
    pub(crate) fn chapters(
        job: &'a Job,
        base_path: &str,
        entries: &'a [Entry],
        claims: &'a Claims,
    ) -> Vec<Chapter<'a>> {
        let mut chapters: Vec<Chapter<'a>> = job
            .steps
            .iter()
            .map(|step| Chapter {
                step,
                requests: Vec::new(),
                effects: Vec::new(),
                claim: claims.by_step.get(&step.id),
            })
            .collect();
        let matcher = Matcher::new(job, base_path);
        for entry in entries {
            let asked = match entry.of {
                None => matcher.step_of(entry),
                Some(n) => chapters.iter().position(|one| one.requests.iter().any(|e| e.n == n)),
            };
            let Some(chapter) = asked.and_then(|index| chapters.get_mut(index)) else { continue };
            if !entry.is_apply() {
                chapter.requests.push(entry);
            }
            if entry.is_applied() {
                chapter.effects.push(entry.n);
            }
        }
        chapters
    }
}

/// Finds the step that a request was made for: by what it says, else by the natural key that it carries.
struct Matcher {
    steps: Vec<Known>,
}

struct Known {
    method: String,
    path: String,
    content: Option<String>,
    natural_key: Option<String>,
}

impl Matcher {
    fn new(job: &Job, base_path: &str) -> Self {
        let known = |step: &Step| Known {
            method: step.method.clone(),
            path: plain(&format!("{base_path}{}", step.path)).to_owned(),
            content: step.body.as_ref().and_then(Value::as_object).map(Sandbox::content_of),
            natural_key: step.natural_key.clone(),
        };
        Matcher { steps: job.steps.iter().map(known).collect() }
    }

    fn step_of(&self, entry: &Entry) -> Option<usize> {
        let path = plain(&entry.path);
        let here = |known: &Known| known.method == entry.method && known.path == path;
        let says = |known: &Known| here(known) && known.content == entry.content;
        let names = |known: &Known| {
            here(known) && known.natural_key.is_some() && known.natural_key == entry.key
        };
        self.steps.iter().position(says).or_else(|| self.steps.iter().position(names))
    }
}

/// A path without its query and last slash.
fn plain(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    path.trim_end_matches('/')
}
