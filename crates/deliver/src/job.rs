//! The main job: a file of writes reaches an API, and every one is accounted for.
//!
//! ```text
//! read ─► stage ─► group ─► accept ─► check against the API ─► release ─► send ─► confirm
//! ```
//!
//! Nothing is sent before the whole input has been read, grouped and checked.

mod acts;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use steadfast::{AuthFailure, Client, CredentialsKind};
use steadfast_call::dialect::Resource;
use steadfast_ledger::{
    Ended, Ledger, LedgerError, Observer, Ordering, Run, RunId, Runner, RunnerOptions, State,
    Terms, Which, Wish,
};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::input::{self, InputError, Source};
use crate::preflight::{self, Findings, PreflightError};
use crate::progress::{Phase, Progress};

/// What to deliver, and how.
#[derive(Debug, Clone)]
pub struct Job {
    /// The file of writes.
    pub source: Arc<Source>,
    /// How to read it.
    pub read: input::Options,
    /// What it holds, as the dialect names it.
    pub resource: String,
    /// The command, for the ledger's record. No secrets.
    pub command: String,
    /// The login that sends, as the ledger names it.
    pub account: String,
    /// What a failed write does to those behind it in its lane.
    pub ordering: Ordering,
    /// How long each write may take, waits included.
    pub allowance: Duration,
    /// Check references and existing records before anything is sent (K11).
    pub preflight: bool,
    /// Stop before anything is sent.
    pub dry_run: bool,
    /// How to send.
    pub runner: RunnerOptions,
}

/// What became of it. The account of every write is in the ledger, under this run.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The run in the ledger.
    pub run: RunId,
    /// What the check before sending found.
    pub findings: Findings,
    /// Remarks on the input that are no faults.
    pub remarks: Vec<String>,
    /// How the sending ended; none if nothing was to be sent.
    pub ended: Option<Ended>,
    /// How long it all took.
    pub elapsed: Duration,
}

/// Why nothing was sent. What had been accepted is in the ledger, and the same command goes on
/// from there.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The input cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The dialect does not know the resource.
    #[error("{api} has no resource \"{resource}\"; it has {known}")]
    Resource {
        /// The API.
        api: String,
        /// What was asked for.
        resource: String,
        /// What there is.
        known: String,
    },
    /// The credentials do not let us in.
    #[error("{text}")]
    Credentials {
        /// Why.
        kind: CredentialsKind,
        /// What the API said, and what to do.
        text: String,
    },
    /// The API could not be reached, or not be asked.
    #[error("{0}")]
    Unreached(String),
    /// The check before sending could not be made.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The user stopped it before anything was sent.
    #[error(
        "stopped before anything was sent; the ledger has {accepted} writes, and the same command goes on"
    )]
    Stopped {
        /// How many writes were accepted.
        accepted: u64,
    },
}

/// Delivers a file of writes.
///
/// # Errors
/// [`DeliverError`] if nothing could be sent. Once sending has begun, every end is in the
/// ledger, and the result says how it went.
pub async fn deliver(
    job: &Job,
    ledger: &Ledger,
    client: &Client,
    progress: &Arc<Progress>,
    wish: watch::Receiver<Wish>,
) -> Result<Delivered, DeliverError> {
    let resource = resource(job, client)?;
    let run = Run {
        command: job.command.clone(),
        source: job.source.name().to_owned(),
        started_at_ms: jiff::Timestamp::now().as_millisecond(),
        ordering: job.ordering,
    };
    let run = ledger.begin_run(run).await?;
    let mut stop = wish.clone();
    let prepared = tokio::select! {
        prepared = prepare(job, ledger, client, progress, resource, run) => prepared?,
        _ = stop.wait_for(|wish| *wish > Wish::GoOn) => {
            return Err(DeliverError::Stopped { accepted: ledger.counts(run)?.total() });
        }
    };
    let (findings, remarks) = prepared;
    let mut delivered =
        Delivered { run, findings, remarks, ended: None, elapsed: progress.elapsed() };
    if job.dry_run {
        return Ok(delivered);
    }
    let terms = Terms {
        known_absent: job.preflight && delivered.findings.existing_were_read,
        allowance_ms: i64::try_from(job.allowance.as_millis()).ok(),
        ..Terms::default()
    };
    ledger.release(run, Which::All, terms).await?;
    count_ended(ledger, run, progress)?;
    progress.phase(Phase::Sending);
    let heard = Arc::clone(progress);
    let observer: Observer = Arc::new(move |news| heard.heard(&news));
    let runner =
        Runner::new(ledger.clone(), client.clone(), &job.account, job.runner.clone(), observer);
    delivered.ended = Some(send(runner, run, wish).await?);
    delivered.elapsed = progress.elapsed();
    progress.phase(Phase::Done);
    Ok(delivered)
}

/// Runs the runner on the threads where its calls run. Elsewhere, such as on a program's first
/// thread, every call that ends has to wake that thread. It ends with the future that waits for it.
async fn send(
    runner: Runner,
    run: RunId,
    wish: watch::Receiver<Wish>,
) -> Result<Ended, LedgerError> {
    struct EndsWithUs(AbortHandle);
    impl Drop for EndsWithUs {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let task = tokio::spawn(async move { runner.run(run, wish).await });
    let _ends_with_us = EndsWithUs(task.abort_handle());
    match task.await {
        Ok(ended) => ended,
        // Only we could have called it off, so it has panicked: go on as if it had done so here.
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
}

fn resource<'c>(job: &Job, client: &'c Client) -> Result<&'c Resource, DeliverError> {
    let dialect = client.dialect();
    dialect.resource.get(&job.resource).ok_or_else(|| DeliverError::Resource {
        api: dialect.title.clone(),
        resource: job.resource.clone(),
        known: dialect.resource.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

/// Everything before the first write leaves.
async fn prepare(
    job: &Job,
    ledger: &Ledger,
    client: &Client,
    progress: &Arc<Progress>,
    resource: &Resource,
    run: RunId,
) -> Result<(Findings, Vec<String>), DeliverError> {
    let remarks = reading::read(job, ledger, client, resource, run, progress).await?;
    progress.phase(Phase::LoggingIn);
    client.log_in().await.map_err(|failure| no_session(failure, client))?;
    let findings = match job.preflight {
        true => preflight::check(ledger, client, job, resource, run, progress).await?,
        false => Findings::default(),
    };
    Ok((findings, remarks))
}

fn no_session(failure: AuthFailure, client: &Client) -> DeliverError {
    let (api, url) = (&client.dialect().title, client.base_url());
    match failure {
        AuthFailure::Closed { kind, text } => {
            let remedy = match kind {
                CredentialsKind::Refused => {
                    "Check username and password in the settings. It was tried once only, since \
                     repeated tries lock the account."
                }
                CredentialsKind::SecondFactorRequired => {
                    "A program cannot give one: use an account for integrations without a second \
                     factor."
                }
                CredentialsKind::FirstSignIn => {
                    "Sign in once in a browser and set the password, then deliver again."
                }
                CredentialsKind::SessionNotTaken => {
                    "Check base_url and that no proxy drops cookies."
                }
                CredentialsKind::TokenNotTaken => "Check base_url and token_url.",
            };
            let text = format!("{api} at {url}: {text}\n{remedy}");
            DeliverError::Credentials { kind, text }
        }
        AuthFailure::Unreached { text } => DeliverError::Unreached(format!(
            "{api} at {url} could not be reached: {text}\nCheck base_url, the network and the proxy, \
             then deliver again."
        )),
        AuthFailure::Failed { text, .. } => DeliverError::Unreached(format!(
            "{api} at {url} failed when it was asked to log in: {text}\nThe policy has that told at \
             once. Deliver again later."
        )),
    }
}

/// What earlier runs and the check have ended already counts as progress.
fn count_ended(ledger: &Ledger, run: RunId, progress: &Progress) -> Result<(), LedgerError> {
    let counts = ledger.counts(run)?;
    progress.update(|view| {
        view.accepted = counts.total();
        view.ended = counts
            .iter()
            .filter(|(state, count)| {
                *count > 0 && !matches!(state, State::Staged | State::Waiting | State::Sending)
            })
            .map(|(state, count)| (state.as_str(), count))
            .collect();
    });
    Ok(())
}
