//! Asks the double what truly happened, and compares it with what the ledger claims.

use std::collections::HashMap;
use std::time::Duration;

use steadfast::dialect::Resource;
use steadfast_deliver::Delivered;
use steadfast_deliver::audit::{self, Audit, Auditor, Claim, Entry};
use steadfast_ledger::{DeliveryId, Ledger, Query};
use steadfast_sandbox::Sandbox;

use crate::failure::Failure;

/// How many journal entries are read at a time.
const PAGE: usize = 5_000;
/// How often, and how many times, the double is asked whether it has come to rest.
const REST_LOOK_EVERY: Duration = Duration::from_millis(100);
const REST_LOOKS: u32 = 100;

pub(super) async fn judge(
    sandbox: &Sandbox,
    ledger: &Ledger,
    delivered: &Delivered,
    resource: &Resource,
) -> Result<Audit, Failure> {
    rest(sandbox).await;
    let mut auditor = Auditor::new(resource);
    let mut since = 0;
    loop {
        let page = sandbox.journal_since(since, PAGE);
        let entries: Vec<Entry> =
            serde_json::from_value(page["entries"].clone()).map_err(|error| {
                Failure::new(1, format!("the double's journal cannot be read: {error}"))
            })?;
        let Some(last) = entries.last() else { break };
        since = last.n;
        auditor.journal(&entries);
    }
    let claims = claims(ledger, delivered, resource)?;
    let body_of = |key: &str| {
        let (_, id) = claims.get(key)?;
        ledger.get(*id).ok()?.map(|delivery| delivery.body)
    };
    auditor.state(&sandbox.state(), body_of);
    Ok(auditor.finish(claims.iter().map(|(key, (claim, _))| (key.as_str(), *claim))))
}

/// Waits until nothing is on its way in the double any more: what it was told to do late has to
/// be seen, too.
async fn rest(sandbox: &Sandbox) {
    for _ in 0..REST_LOOKS {
        if sandbox.state()["late_commits"].as_u64().unwrap_or(0) == 0 {
            return;
        }
        tokio::time::sleep(REST_LOOK_EVERY).await;
    }
}

/// What is claimed, and the row that claims it.
type Claims = HashMap<String, (Option<Claim>, DeliveryId)>;

/// What is claimed of each write, by its key. Of two rows with one key, the one that claims an
/// effect counts: the other is a changed copy that was refused.
fn claims(ledger: &Ledger, delivered: &Delivered, resource: &Resource) -> Result<Claims, Failure> {
    let mut query = Query { run: Some(delivered.run), limit: 1_000, ..Query::default() };
    let mut claims = Claims::new();
    loop {
        let page = ledger.list(&query).map_err(Failure::usage)?;
        let Some(last) = page.last() else { return Ok(claims) };
        query.after_id = Some(last.id);
        for delivery in page {
            let Some(key) = delivery.natural_key else { continue };
            let claim: Option<Claim> = delivery.state.as_str().parse().ok();
            let key = audit::key_of(resource, &delivery.path, &key);
            claims.entry(key).or_insert((claim, delivery.id));
        }
    }
}

/// The findings of an audit, one line each; the first few.
pub(crate) fn findings(audit: &Audit) -> Vec<String> {
    let kinds = [
        ("doubled", &audit.doubled),
        ("lost", &audit.lost),
        ("false claim", &audit.false_claims),
        ("early", &audit.early),
    ];
    let lines = kinds.iter().flat_map(|(kind, findings)| {
        findings.iter().take(10).map(move |finding| format!("{kind}: {}", finding.text))
    });
    lines.collect()
}
