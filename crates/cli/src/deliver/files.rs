//! The files that a delivery leaves behind: refused input, and the report.

use std::collections::HashMap;

use steadfast::Client;
use steadfast_deliver::rejects::{self, Reason};
use steadfast_deliver::report::{self, Bucket, CodeLine, Row, Summary};
use steadfast_deliver::{Job, Progress};
use steadfast_ledger::{Delivery, Ledger, State};

use super::account::{Account, code_of, name_of, remarkable, why};
use crate::args::DeliverArgs;
use crate::failure::Failure;

/// Writes what was asked for, and says so.
pub(super) fn write(
    args: &DeliverArgs,
    job: &Job,
    account: &Account,
    ledger: &Ledger,
    client: &Client,
    progress: &Progress,
    started: &jiff::Zoned,
) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    let failed = |error: String| {
        Failure::new(1, format!("{error}\nThe delivery itself is done, and in the ledger."))
    };
    if let Some(path) = &args.rejects {
        let resource = &client.dialect().resource[&job.resource];
        let refused = Refused::of(ledger, account);
        let lookup = |line: u64, key: Option<&str>| refused.reason(line, key);
        let count = rejects::write_file(&job.source, resource, &job.read, path, lookup)
            .map_err(|error| failed(error.to_string()))?;
        said.push(format!(
            "refused input: {} ({count} rows), ready to be corrected",
            path.display()
        ));
    }
    if let Some(path) = &args.report {
        let summary = summary(job, account, client, started);
        let rows = remarkable(ledger, account.run).map(|delivery| row(&delivery));
        report::write_file(path, &summary, &buckets(progress), rows)
            .map_err(|error| failed(error.to_string()))?;
        said.push(format!("report: {}", path.display()));
    }
    Ok(said)
}

/// What was refused, by key, and by line where there is no key. Writes that wait because of an
/// unreadable row beside them are among it: that row may be theirs, and a write is never
/// delivered in part.
struct Refused {
    by_key: HashMap<String, Reason>,
    by_line: HashMap<u64, Reason>,
}

impl Refused {
    fn of(ledger: &Ledger, account: &Account) -> Self {
        let mut refused = Self { by_key: HashMap::new(), by_line: HashMap::new() };
        for delivery in remarkable(ledger, account.run) {
            let held_for_input = delivery.state == State::Held
                && delivery.reason.as_ref().is_some_and(|reason| {
                    reason.code.as_deref().is_some_and(|code| code.starts_with("input."))
                });
            if delivery.state != State::Rejected && !held_for_input {
                continue;
            }
            let text = delivery.reason.as_ref().map(why).unwrap_or_default();
            let reason = Reason { code: code_of(&delivery), text };
            match &delivery.natural_key {
                Some(key) => {
                    refused.by_key.insert(key.clone(), reason);
                }
                None => {
                    let first = delivery.lines.split(['-', ',']).next();
                    if let Some(line) = first.and_then(|line| line.parse().ok()) {
                        refused.by_line.insert(line, reason);
                    }
                }
            }
        }
        refused
    }

    fn reason(&self, line: u64, key: Option<&str>) -> Option<Reason> {
        match key {
            Some(key) => self.by_key.get(key).or_else(|| self.by_line.get(&line)).cloned(),
            None => self.by_line.get(&line).cloned(),
        }
    }
}

fn summary(job: &Job, account: &Account, client: &Client, started: &jiff::Zoned) -> Summary {
    let mut facts = vec![("attempts".to_owned(), account.attempts.to_string())];
    facts.push(("login".to_owned(), job.account.clone()));
    facts.extend(account.ledger.iter().map(|ledger| ("ledger".to_owned(), ledger.clone())));
    let mut notes = account.findings.missing.clone();
    notes.extend(account.remarks.iter().cloned());
    notes.extend(account.credentials.iter().cloned());
    Summary {
        title: account.resource.clone(),
        api: client.dialect().title.clone(),
        source: job.source.name().to_owned(),
        started: started.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        elapsed_ms: (account.elapsed_s * 1_000.0) as u64,
        accepted: account.counts.total(),
        states: account.counts.iter().map(|(state, n)| (state.as_str().to_owned(), n)).collect(),
        codes: account
            .codes
            .iter()
            .map(|code| CodeLine {
                code: code.code.clone(),
                count: code.count,
                example: code.example.clone(),
                example_text: code.text.clone(),
                action: code.action.clone(),
            })
            .collect(),
        facts,
        notes,
        audit: account.audit.as_ref().map(steadfast_deliver::audit::Audit::counts),
    }
}

fn buckets(progress: &Progress) -> Vec<Bucket> {
    let seconds = progress.seconds();
    seconds
        .iter()
        .map(|(second, seen)| Bucket {
            second: *second,
            applied: seen.applied,
            queued: seen.queued,
            failed: seen.failed + seen.faults,
            waits_ms: seen.waits_ms,
        })
        .collect()
}

fn row(delivery: &Delivery) -> Row {
    let reason = delivery.reason.clone().unwrap_or_default();
    Row {
        natural_key: name_of(delivery),
        state: delivery.state.as_str().to_owned(),
        code: reason.code,
        lines: delivery.lines.clone(),
        reason: reason.text,
        details: reason.differences,
        attempts: delivery.attempts,
    }
}
