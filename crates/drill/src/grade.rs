//! Grades: what a client is judged by, each with its evidence.

mod again;
mod effects;
mod load;
mod session;

use serde::Serialize;

use crate::story::Story;

pub(crate) use session::is_session;

/// What a client is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// A write took effect more than once.
    Doubled,
    /// A write that could have been done is not in effect, and the client does not say so.
    Lost,
    /// What the client says is not true.
    False,
    /// It says so, but the write could have been done, or its end found out.
    Unfinished,
    /// A request was repeated before the API allowed it.
    Early,
    /// Something was sent again that must not be.
    Retried,
    /// More sessions were asked for than have ended.
    Renewals,
    /// A log-in that was refused was tried again.
    Logins,
    /// One step was sent so often that retries of several layers must have multiplied.
    Layers,
    /// A step costs too many requests.
    Requests,
    /// Something that was meant for the API was sent to another origin.
    Secrets,
    /// The command did not end in time.
    Deadline,
}

impl Grade {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Grade; 12] = [
        Grade::Doubled,
        Grade::Lost,
        Grade::False,
        Grade::Unfinished,
        Grade::Early,
        Grade::Retried,
        Grade::Renewals,
        Grade::Logins,
        Grade::Layers,
        Grade::Requests,
        Grade::Secrets,
        Grade::Deadline,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Grade::Doubled => "doubled",
            Grade::Lost => "lost",
            Grade::False => "false",
            Grade::Unfinished => "unfinished",
            Grade::Early => "early",
            Grade::Retried => "retried",
            Grade::Renewals => "renewals",
            Grade::Logins => "logins",
            Grade::Layers => "layers",
            Grade::Requests => "requests",
            Grade::Secrets => "secrets",
            Grade::Deadline => "deadline",
        }
    }

    /// What a scenario fails by.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Grade::Doubled => "a write took effect more than once",
            Grade::Lost => {
                "a write that could have been done is not in effect, and the client does not say so"
            }
            Grade::False => "what the client says of a step is not true",
            Grade::Unfinished => {
                "the client says that it did not get a step done, or does not know, and a sound one does"
            }
            Grade::Early => "a request was repeated before the API's hint allowed it",
            Grade::Retried => {
                "sent again though refused for good, done already, or perhaps done and not looked for"
            }
            Grade::Renewals => "more log-ins and refreshes than sessions have ended",
            Grade::Logins => "a log-in or refresh that was refused was tried again",
            Grade::Layers => {
                "one step was sent more often than one layer of retries would: several have multiplied"
            }
            Grade::Requests => "a step costs more requests than the work needs",
            Grade::Secrets => {
                "credentials, or what was meant for the API alone, were sent to another origin"
            }
            Grade::Deadline => "the command had not ended when its time was over",
        }
    }
}

/// One thing that was found, and the requests that show it.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What, in words.
    pub text: String,
    /// The step that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Numbers of journal entries.
    pub requests: Vec<u64>,
}

/// A grade and what it rests on.
#[derive(Debug, Clone, Serialize)]
pub struct Mark {
    /// Which.
    pub grade: Grade,
    /// Nothing was found that speaks against the client.
    pub passed: bool,
    /// What was found. A figure that is shown either way stands in `figure`.
    pub findings: Vec<Finding>,
    /// What was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
}

/// Judges a story by every grade that has something to judge in it.
pub(crate) fn judge(story: &Story<'_>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Grade::ALL
        .into_iter()
        .filter_map(|grade| {
            let judged = match grade {
                Grade::Doubled => effects::doubled(story),
                Grade::Lost => effects::lost(story),
                Grade::False => effects::false_claims(story),
                Grade::Unfinished => effects::unfinished(story),
                Grade::Early => load::early(story),
                Grade::Retried => again::retried(story),
                Grade::Renewals => session::renewals(story),
                Grade::Logins => session::logins(story),
                Grade::Layers => load::layers(story),
                Grade::Requests => load::requests(story),
                Grade::Secrets => session::secrets(story),
                Grade::Deadline => Some(deadline(story)),
            };
            judged.map(|judged| judged.into_mark(grade))
        })
        .collect();
    marks.sort_by_key(|mark| mark.grade);
    marks
}

/// What one grade comes to.
#[derive(Default)]
struct Judged {
    findings: Vec<Finding>,
    figure: Option<String>,
}

impl Judged {
    fn of(findings: Vec<Finding>) -> Self {
        Judged { findings, figure: None }
    }

    fn into_mark(self, grade: Grade) -> Mark {
        let passed = self.findings.is_empty();
        Mark { grade, passed, findings: self.findings, figure: self.figure }
    }
}

fn deadline(story: &Story<'_>) -> Judged {
    let cut = story.cut.then(|| Finding {
        text: format!("the command was ended after {} s", story.scenario.deadline_s),
        step: None,
        requests: Vec::new(),
    });
    Judged::of(cut.into_iter().collect())
}
