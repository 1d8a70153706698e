//! Which of the writes are there already.

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt;
use serde_json::Value;
use steadfast::{Rows, differences};
use steadfast_call::dialect::LookupRoute;
use steadfast_ledger::{
    Delivery, DeliveryId, LedgerError, Query, Reason, Settlement, State, identity,
};

use super::{Check, Findings, PAGE, PreflightError, read_whole, settle, staged};
use crate::input::Naming;

/// How many existing records are read at the same time.
const READS: usize = 8;

/// A record that bears the key of a staged delivery.
#[derive(Debug, PartialEq)]
struct There {
    delivery: DeliveryId,
    id: String,
    /// The record, where the list shows it whole.
    record: Option<Value>,
}

/// Where to look for some of the deliveries.
struct Place {
    route: LookupRoute,
    /// The deliveries by natural key, where their identity in the ledger does not tell it.
    by_key: Option<HashMap<String, DeliveryId>>,
}

/// Settles the staged deliveries that are there already.
pub(super) async fn check(
    check: &Check<'_>,
    route: &LookupRoute,
    findings: &mut Findings,
) -> Result<(), PreflightError> {
    for place in places(check, route)? {
        let there = find(check, &place).await?;
        settle_existing(check, &place.route, there, findings).await?;
    }
    Ok(())
}

/// One place, or one for each owner that a path names.
fn places(check: &Check<'_>, route: &LookupRoute) -> Result<Vec<Place>, LedgerError> {
    if !Naming::of(check.resource, &check.job.read).is_wider() {
        return Ok(vec![Place { route: route.clone(), by_key: None }]);
    }
    let mut by_path: BTreeMap<String, HashMap<String, DeliveryId>> = BTreeMap::new();
    let mut query = Query { with_body: false, ..staged(check.run) };
    loop {
        let page = check.ledger.list(&query)?;
        let Some(last) = page.last() else { break };
        query.after_id = Some(last.id);
        for delivery in page {
            let Some(key) = delivery.natural_key else { continue };
            by_path.entry(delivery.path).or_default().insert(key, delivery.id);
        }
    }
    let place = |(path, by_key): (String, _)| {
        let names = check.resource.create.names_in(&path).unwrap_or_default();
        Place { route: route.filled(&names), by_key: Some(by_key) }
    };
    Ok(by_path.into_iter().map(place).collect())
}

/// The list is read row by row and only what concerns us is kept.
async fn find(check: &Check<'_>, place: &Place) -> Result<Vec<There>, PreflightError> {
    let Place { route, by_key } = place;
    let (job, run) = (check.job, check.run);
    let mut there = read_whole(check.client, &Rows::of(route), |there: &mut Vec<There>, row| {
        let (Some(key), Some(id)) = (route.key_of(row), route.id_of(row)) else { return };
        let ours = match by_key {
            Some(staged) => staged.get(&key).copied(),
            None => check
                .ledger
                .find(&job.account, &job.resource, &identity::of_natural_key(&key))
                .ok()
                .flatten()
                .filter(|ours| ours.run == run && ours.state == State::Staged)
                .map(|ours| ours.id),
        };
        let record = || route.read.is_none().then(|| row.clone());
        there.extend(ours.map(|delivery| There { delivery, id, record: record() }));
    })
    .await?;
    // A row that moves while the list is read may come twice.
    there.sort_by(|a, b| (a.delivery, &a.id).cmp(&(b.delivery, &b.id)));
    there.dedup_by(|a, b| (a.delivery, &a.id) == (b.delivery, &b.id));
    Ok(there)
}

async fn settle_existing(
    check: &Check<'_>,
    route: &LookupRoute,
    there: Vec<There>,
    findings: &mut Findings,
) -> Result<(), PreflightError> {
    let mut judged = futures_util::stream::iter(there.chunk_by(|a, b| a.delivery == b.delivery))
        .map(|records| async move {
            let id = records[0].delivery;
            let Some(delivery) = check.ledger.get(id)? else { return Ok(None) };
            let settlement = judge(check, route, &delivery, records).await?;
            Ok::<_, PreflightError>(Some((id, settlement, Vec::new())))
        })
        .buffer_unordered(READS);
    let mut settlements = Vec::new();
    while let Some(judged) = judged.next().await {
        if let Some(settlement) = judged? {
            match settlement.1 {
                Settlement::Existing { .. } => findings.existing += 1,
                _ => findings.differing += 1,
            }
            settlements.push(settlement);
            if settlements.len() >= PAGE {
                settle(check.ledger, std::mem::take(&mut settlements)).await?;
            }
        }
    }
    settle(check.ledger, settlements).await?;
    Ok(())
}

async fn judge(
    check: &Check<'_>,
    route: &LookupRoute,
    delivery: &Delivery,
    records: &[There],
) -> Result<Settlement, PreflightError> {
    let ours: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let mut found = Vec::new();
    for there in records {
        let record = match &there.record {
            Some(record) => record.clone(),
            None => check.client.read_by(route, &there.id).await?.unwrap_or_default(),
        };
        found = differences(check.resource, &ours, &record);
        if found.is_empty() {
            return Ok(Settlement::Existing {
                status: None,
                resource_id: Some(there.id.clone()),
                reason: Some(Reason::new("there already, equal to ours")),
            });
        }
    }
    let code = check.resource.exists_code();
    Ok(Settlement::Rejected(Reason {
        code: Some(code.to_owned()),
        text: "there is one with this key already, with other content (found before sending)"
            .to_owned(),
        action: check.client.dialect().action(code).map(str::to_owned),
        differences: found.iter().map(ToString::to_string).collect(),
        ..Reason::default()
    }))
}
