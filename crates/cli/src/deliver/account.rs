//! The account of a delivery: how many writes stand where, and why.

use std::collections::BTreeMap;

use serde_json::json;
use steadfast::dialect::{Act, Dialect};
use steadfast_deliver::audit::Audit;
use steadfast_deliver::{Delivered, Findings, Job};
use steadfast_ledger::{Counts, Delivery, Ledger, Query, Reason, RunId, State};

use crate::failure::Failure;

/// How many deliveries are read from the ledger at a time.
const PAGE: usize = 1_000;
/// How many differences are told with a reason. The report has them all.
const DIFFERENCES_SHOWN: usize = 3;

pub(crate) struct Account {
    pub(crate) run: RunId,
    pub(crate) counts: Counts,
    pub(crate) codes: Vec<Code>,
    pub(crate) attempts: u64,
    pub(crate) elapsed_s: f64,
    pub(crate) findings: Findings,
    pub(crate) remarks: Vec<String>,
    pub(crate) credentials: Option<String>,
    pub(crate) stopped: bool,
    pub(crate) audit: Option<Audit>,
    /// Where the ledger is, if it is kept.
    pub(crate) ledger: Option<String>,
    pub(crate) resource: String,
    /// The writes delete what is there.
    pub(crate) deletes: bool,
}

/// One error code: how many writes have it, one of them, and what to do.
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) count: u64,
    pub(crate) example: String,
    pub(crate) text: String,
    pub(crate) action: String,
}

impl Account {
    pub(crate) fn of(
        job: &Job,
        delivered: &Delivered,
        ledger: &Ledger,
        dialect: &Dialect,
        kept: bool,
    ) -> Result<Self, Failure> {
        let counts = ledger.counts(delivered.run).map_err(Failure::usage)?;
        let ended = delivered.ended.clone().unwrap_or_default();
        let resource = &dialect.resource[&job.resource];
        let held = ended.refused_owners.values().map(|why| format!("all of it is held: {why}"));
        let remarks = delivered.remarks.iter().cloned().chain(held).collect();
        Ok(Self {
            run: delivered.run,
            counts,
            codes: codes(ledger, delivered.run, dialect)?,
            attempts: ended.attempts,
            elapsed_s: delivered.elapsed.as_secs_f64(),
            findings: delivered.findings.clone(),
            remarks,
            credentials: ended.credentials,
            stopped: ended.stopped,
            audit: None,
            ledger: kept.then(|| ledger.path().display().to_string()),
            resource: resource.title.clone(),
            deletes: resource.act == Act::Delete,
        })
    }

    pub(crate) fn of_state(&self, state: State) -> u64 {
        self.counts.of(state)
    }

    /// Writes that still have to be sent, or are in doubt until the next run.
    pub(crate) fn open(&self) -> u64 {
        self.counts.open()
    }

    pub(crate) fn in_effect(&self) -> u64 {
        [State::Applied, State::Confirmed, State::Existing, State::Queued]
            .into_iter()
            .map(|state| self.of_state(state))
            .sum()
    }

    /// True if nothing is left for a person.
    pub(crate) fn is_well(&self, queued_is_well: bool, dry_run: bool) -> bool {
        let queued = if queued_is_well { 0 } else { self.of_state(State::Queued) };
        let open = if dry_run { 0 } else { self.open() };
        let bad = [State::Rejected, State::Unknown, State::Held, State::Cancelled];
        queued + open + bad.into_iter().map(|state| self.of_state(state)).sum::<u64>() == 0
    }

    /// The one line of `--json`.
    pub(crate) fn to_json(&self) -> String {
        let mut line = serde_json::Map::new();
        line.insert("accepted".into(), json!(self.counts.total()));
        for (state, count) in self.counts.iter() {
            let always = matches!(
                state,
                State::Applied
                    | State::Queued
                    | State::Confirmed
                    | State::Existing
                    | State::Rejected
                    | State::Unknown
                    | State::Held
            );
            if always || count > 0 {
                line.insert(state.as_str().into(), json!(count));
            }
        }
        line.insert("attempts".into(), json!(self.attempts));
        line.insert("elapsed_s".into(), json!((self.elapsed_s * 1_000.0).round() / 1_000.0));
        let codes: BTreeMap<&str, u64> =
            self.codes.iter().map(|code| (code.code.as_str(), code.count)).collect();
        if !codes.is_empty() {
            line.insert("codes".into(), json!(codes));
        }
        if let Some(audit) = &self.audit {
            line.insert("audit".into(), json!(audit.counts()));
        }
        serde_json::Value::Object(line).to_string()
    }
}

/// Everything that was not simply applied, page by page.
pub(crate) fn remarkable(ledger: &Ledger, run: RunId) -> impl Iterator<Item = Delivery> {
    let states = State::ALL.into_iter().filter(|state| *state != State::Applied).collect();
    let mut query = Query { run: Some(run), states, limit: PAGE, ..Query::default() };
    let ledger = ledger.clone();
    std::iter::from_fn(move || {
        // A page that cannot be read ends the list; what was counted shows that it is short.
        let page = ledger.list(&query).unwrap_or_default();
        query.after_id = Some(page.last()?.id);
        Some(page)
    })
    .flatten()
}

fn codes(ledger: &Ledger, run: RunId, dialect: &Dialect) -> Result<Vec<Code>, Failure> {
    let mut codes: BTreeMap<String, Code> = BTreeMap::new();
    for delivery in remarkable(ledger, run) {
        if !matches!(delivery.state, State::Rejected | State::Unknown | State::Held) {
            continue;
        }
        let reason = delivery.reason.clone().unwrap_or_default();
        let code = code_of(&delivery);
        let entry = codes.entry(code.clone()).or_insert_with(|| Code {
            example: name_of(&delivery),
            text: why(&reason),
            action: reason
                .action
                .clone()
                .or_else(|| dialect.action(&code).map(str::to_owned))
                .unwrap_or_default(),
            code,
            count: 0,
        });
        entry.count += 1;
    }
    let mut codes: Vec<Code> = codes.into_values().collect();
    codes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    Ok(codes)
}

/// The code of a delivery that did not end well; its state, if nobody gave one.
pub(crate) fn code_of(delivery: &Delivery) -> String {
    let reason = delivery.reason.as_ref();
    match reason.and_then(|reason| reason.code.clone()) {
        Some(code) => code,
        None => match reason.and_then(|reason| reason.status) {
            Some(status) => format!("HTTP {status}"),
            None => delivery.state.as_str().to_owned(),
        },
    }
}

/// Why a delivery stands where it stands, with the first few differences if there are any.
pub(crate) fn why(reason: &Reason) -> String {
    let shown = reason.differences.len().min(DIFFERENCES_SHOWN);
    if shown == 0 {
        return reason.text.clone();
    }
    let more = match reason.differences.len() - shown {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{} ({}{more})", reason.text, reason.differences[..shown].join("; "))
}

/// What a person calls a delivery: its key, or where it stands.
pub(crate) fn name_of(delivery: &Delivery) -> String {
    delivery.natural_key.clone().unwrap_or_else(|| format!("line {}", delivery.lines))
}
