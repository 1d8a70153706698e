//! The files that a delivery leaves behind: refused input, and the report.

use steadfast::Client;
use steadfast_deliver::rejects;
use steadfast_deliver::report::{self, Bucket, CodeLine, Row, Summary};
use steadfast_deliver::{Job, Progress};
use steadfast_ledger::{Delivery, Ledger};

use super::account::{Account, name_of, remarkable};
use super::refused::Refused;
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
        let mut refused = Refused::of(ledger, job, resource, account.run);
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
