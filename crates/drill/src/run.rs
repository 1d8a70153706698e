//! Running a scenario: a fresh double, the command, and what both know afterwards.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use steadfast_sandbox::{Api, FaultPlan, Options, Profile, Sandbox};

use crate::command::{self, Ended};
use crate::contract::Contract;
use crate::elsewhere::{Elsewhere, Seen};
use crate::grade::{self, Mark};
use crate::graded::{Graded, StepGraded, Verdict};
use crate::job::Job;
use crate::journal::{self, Entry};
use crate::plan;
use crate::results::Claims;
use crate::scenario::Scenario;
use crate::story::Story;
use crate::unmet::unmet;

/// How long effects that are still to come are waited for, once the command has ended.
const LATE: Duration = Duration::from_secs(10);

/// How far ahead a hint that is a date lies. It is cut to whole seconds, and the client has to start first.
const DATE_AHEAD: Duration = Duration::from_secs(6);

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The command cannot be started.
    #[error(
        "the command {program} cannot be started: {source}; write it after -- as in a shell, such as: -- python3 my_client.py"
    )]
    Command {
        /// What was to be started.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is no place for the job, no port, or the like.
    #[error("a drill cannot be set up: {0}")]
    Place(#[from] std::io::Error),
    /// The double does not start.
    #[error("a drill cannot be set up: {0}")]
    Double(#[from] steadfast_sandbox::StartError),
    /// It was called off.
    #[error("interrupted; every command that was running has been ended")]
    Stopped,
    /// A scenario is not what it should be.
    #[error("{0}")]
    Scenario(String),
}

/// Whom to drill, and how.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The API that it is a client of.
    pub api: Api,
    /// The profile of the double.
    pub profile: Profile,
    /// Makes the identifiers and the places of the faults.
    pub seed: u64,
    /// Program and arguments.
    pub command: Vec<OsString>,
}

impl Subject {
    /// Runs one scenario.
    ///
    /// # Errors
    /// If it cannot be set up, or the command cannot be started. How a client does is no error.
    pub async fn run(&self, scenario: &Scenario) -> Result<Graded, RunError> {
        let contract = Contract::of(self.api).map_err(RunError::Scenario)?;
        let job = Job::new(self.api, self.profile, scenario, &contract, self.seed)
            .map_err(RunError::Scenario)?;
        let stage = Stage::set(self, scenario, &contract, &job).await?;
        let began = Instant::now();
        let began_ms = now_ms();
        let ended = stage.perform(self, scenario).await?;
        let elapsed_ms = began.elapsed().as_millis() as u64;
        stage.settle().await;
        let witnessed = stage.witnessed();
        let base_path = stage.base_path().to_owned();
        stage.sandbox.stop().await;
        let chapters = Story::chapters(&job, &base_path, &witnessed.entries, &witnessed.claims);
        let story = Story {
            scenario,
            contract: &contract,
            steps: chapters,
            entries: &witnessed.entries,
            elsewhere: &witnessed.elsewhere,
            claims: &witnessed.claims,
            audit: &witnessed.audit,
            cut: ended == Ended::Cut,
        };
        let marks = grade::judge(&story);
        let unmet = unmet(&story);
        Ok(Graded {
            api: self.api.name(),
            profile: self.profile.name(),
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            sound: scenario.sound.clone(),
            seed: self.seed,
            verdict: verdict(&marks, &unmet),
            steps: steps(&story),
            marks,
            unmet,
            elapsed_ms,
            command: in_words(ended, scenario.deadline_s),
            began_ms,
            elsewhere: witnessed.elsewhere,
            faults: stage.plan,
            output: witnessed.output,
            requests: witnessed.entries,
        })
    }
}

/// A double, another origin, and a folder with the job.
struct Stage {
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    folder: tempfile::TempDir,
    variables: Vec<(String, OsString)>,
    plan: Value,
}

/// What is known when all is over.
struct Witnessed {
    entries: Vec<Entry>,
    elsewhere: Vec<Seen>,
    claims: Claims,
    audit: Value,
    output: String,
}

impl Stage {
    async fn set(
        subject: &Subject,
        scenario: &Scenario,
        contract: &Contract,
        job: &Job,
    ) -> Result<Stage, RunError> {
        let options = Options {
            profile: subject.profile,
            quirks: scenario.quirks.clone(),
            seed: subject.seed,
            token_ttl_s: scenario.token_ttl_s,
            ..Options::default()
        };
        let sandbox = start(subject.api, options).await?;
        let ready = sandbox.ready();
        let mut credentials: Vec<(String, String)> = ready
            .credentials
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in &scenario.credentials {
            match credentials.iter_mut().find(|(known, _)| known == name) {
                Some((_, held)) => *held = value.clone(),
                None => return Err(RunError::Scenario(format!("there is no credential {name}"))),
            }
        }
        let secrets = credentials.iter().map(|(_, value)| value.clone()).collect();
        let elsewhere = Elsewhere::start(secrets).await?;
        let endless = contract.read.get("list").map(|list| list.endless_page().to_string());
        let fills = plan::Fills {
            elsewhere: &elsewhere.origin,
            endless: endless.unwrap_or_default().replace("{base_url}", sandbox.base_url()),
            date: httpdate::fmt_http_date(SystemTime::now() + DATE_AHEAD),
        };
        let plan = plan::make(scenario, job, contract.logins, &fills, subject.seed);
        let faults = FaultPlan::from_value(plan.clone())
            .map_err(|error| RunError::Scenario(format!("{}: {error}", scenario.name)))?;
        sandbox.set_faults(faults);
        let folder = tempfile::Builder::new().prefix("steadfast-drill-").tempdir()?;
        let (job_path, results) = (folder.path().join("job.json"), folder.path().join("results"));
        std::fs::write(&job_path, serde_json::to_vec_pretty(job).unwrap_or_default())?;
        std::fs::write(&results, "")?;
        let mut variables = vec![
            ("STEADFAST_BASE_URL".to_owned(), OsString::from(sandbox.base_url())),
            ("STEADFAST_JOB".to_owned(), job_path.into_os_string()),
            ("STEADFAST_RESULTS".to_owned(), results.into_os_string()),
        ];
        variables.extend(credentials.into_iter().map(|(name, value)| {
            (format!("STEADFAST_{}", name.to_uppercase()), OsString::from(value))
        }));
        Ok(Stage { sandbox, elsewhere, folder, variables, plan })
    }

    fn base_path(&self) -> &str {
        let url = self.sandbox.base_url();
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        after_scheme.find('/').map_or("", |slash| &after_scheme[slash..])
    }

    fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("output")
    }

    async fn perform(&self, subject: &Subject, scenario: &Scenario) -> Result<Ended, RunError> {
        let limit = Duration::from_secs(scenario.deadline_s);
        let output = self.output();
        let running = command::run(&subject.command, &self.variables, &output, limit);
        running.await.map_err(|source| {
            let program = subject.command.first().map(Path::new).unwrap_or(Path::new(""));
            RunError::Command { program: program.display().to_string(), source }
        })
    }

    /// Lets happen what is still to come: late commits, and the end of a run that holds the tables.
    async fn settle(&self) {
        let began = Instant::now();
        while self.sandbox.state()["late_commits"].as_u64() != Some(0) && began.elapsed() < LATE {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if self.sandbox.state()["locked"] == json!(true) {
            self.sandbox.finish_integration();
        }
    }

    fn witnessed(&self) -> Witnessed {
        let results = self.folder.path().join("results");
        let results = std::fs::read(results).unwrap_or_default();
        Witnessed {
            entries: journal::read(&self.sandbox.journal()),
            elsewhere: self.elsewhere.seen(),
            claims: Claims::read(&String::from_utf8_lossy(&results)),
            audit: self.sandbox.audit(),
            output: command::last_output(&self.output()),
        }
    }
}

/// Starts a double. Reading its fixtures is work, which must not keep other doubles from answering.
async fn start(api: Api, options: Options) -> Result<Sandbox, RunError> {
    let runtime = tokio::runtime::Handle::current();
    let starting =
        tokio::task::spawn_blocking(move || runtime.block_on(Sandbox::start(api, options)));
    Ok(starting.await.map_err(std::io::Error::other)??)
}

fn verdict(marks: &[Mark], unmet: &[String]) -> Verdict {
    if marks.iter().any(|mark| !mark.passed) {
        Verdict::Failed
    } else if !unmet.is_empty() {
        Verdict::NotGraded
    } else {
        Verdict::Passed
    }
}

fn steps(story: &Story<'_>) -> Vec<StepGraded> {
    let graded = |chapter: &crate::story::Chapter<'_>| StepGraded {
        id: chapter.step.id.clone(),
        operation: chapter.step.operation.clone(),
        natural_key: chapter.step.natural_key.clone(),
        requests: chapter.numbers(),
        effects: chapter.effects.len(),
        claim: chapter.claim.cloned(),
    };
    story.steps.iter().map(graded).collect()
}

fn in_words(ended: Ended, deadline_s: u64) -> String {
    match ended {
        Ended::Cut => format!("was ended after {deadline_s} s"),
        Ended::By(status) => match status.code() {
            Some(code) => format!("ended with status {code}"),
            None => format!("ended: {status}"),
        },
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
