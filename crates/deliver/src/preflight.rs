//! The check before sending (K11): does everything that the writes refer to exist, and are any
//! of them there already?
//!
//! Lists are read whole, all pages, and compared exactly. What is found is advice: master data
//! may change between the check and the write, and the server's own answer still counts
//! (hazard 58).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use steadfast::{Client, Error, ListError, Rows, differences};
use steadfast_call::dialect::{FieldTable, ListRoute, LookupRoute, Resource, value_text};
use steadfast_ledger::{
    Delivery, DeliveryId, Ledger, LedgerError, Query, Reason, RunId, Settlement, State, identity,
};

use crate::job::Job;
use crate::progress::{Phase, Progress};

/// How often a list is begun anew that broke off for want of an answer.
const TRIES: u32 = 5;
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How many existing records are read at the same time.
const READS: usize = 8;
const PAGE: usize = 1_000;

/// What the check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is missing, in the words of the dialect, with all the keys.
    pub missing: Vec<String>,
    /// Writes that refer to something that is missing.
    pub refused: u64,
    /// Writes that are there already with the same content.
    pub existing: u64,
    /// Writes that are there already with other content.
    pub differing: u64,
    /// True if the records that exist were read, so that the others are known to be absent.
    pub existing_were_read: bool,
}

/// Why the check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A list cannot be read.
    #[error(
        "the check before sending could not be made: {0}\nDeliver again later, or leave the check to the API with --no-preflight."
    )]
    List(#[from] ListError),
    /// A record cannot be read.
    #[error(
        "the check before sending could not read what is there already: {0}\nDeliver again later, or leave the check to the API with --no-preflight."
    )]
    Record(#[from] Error),
}

/// Checks all staged deliveries of a run, and settles those that need not be sent.
///
/// # Errors
/// [`PreflightError`] if it cannot be made; then nothing has been sent.
pub(crate) async fn check(
    ledger: &Ledger,
    client: &Client,
    job: &Job,
    resource: &Resource,
    run: RunId,
    progress: &Arc<Progress>,
) -> Result<Findings, PreflightError> {
    let mut findings = Findings::default();
    let lists = read_lists(client, resource, progress).await?;
    refuse_missing(ledger, client, resource, run, &lists, &mut findings).await?;
    if let Some(route) = &resource.lookup {
        progress.phase(Phase::Checking(format!("{}s that are there already", resource.title)));
        let there = find_existing(ledger, client, job, route, run).await?;
        settle_existing(ledger, client, job, resource, there, &mut findings).await?;
        findings.existing_were_read = true;
    }
    Ok(findings)
}

type Lists = BTreeMap<String, HashSet<String>>;

async fn read_lists(
    client: &Client,
    resource: &Resource,
    progress: &Arc<Progress>,
) -> Result<Lists, PreflightError> {
    let fields = resource.fields.values().chain(resource.line_fields.values());
    let names: BTreeSet<&String> = fields.filter_map(|field| field.list.as_ref()).collect();
    let mut lists = Lists::new();
    for name in names {
        let Some(route) = client.dialect().list.get(name) else { continue };
        progress.phase(Phase::Checking(format!("{}s", route.title)));
        lists.insert(name.clone(), read_list(client, route).await?);
    }
    Ok(lists)
}

async fn read_list(client: &Client, route: &ListRoute) -> Result<HashSet<String>, ListError> {
    let rows = Rows { path: route.path.clone(), rows: route.rows.clone(), ..Rows::default() };
    read_whole(client, &rows, |keys: &mut HashSet<String>, row| {
        let active = route.active.as_ref().is_none_or(|active| {
            row.get(&active.field).is_none_or(|value| value.as_str() == Some(&active.value))
        });
        if let (true, Some(key)) = (active, row.get(&route.key).and_then(value_text)) {
            keys.insert(key);
        }
    })
    .await
}

/// Reads a whole list, and begins anew when it breaks off for a reason that may pass.
async fn read_whole<T: Default + Send>(
    client: &Client,
    rows: &Rows,
    take: impl Fn(&mut T, &Value) + Send + Sync,
) -> Result<T, ListError> {
    let mut tries = 1;
    loop {
        let mut taken = T::default();
        match client.rows(rows.clone(), |row| take(&mut taken, row)).await {
            Ok(()) => return Ok(taken),
            Err(ListError::Call { error, .. }) if error.may_succeed_later() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn refuse_missing(
    ledger: &Ledger,
    client: &Client,
    resource: &Resource,
    run: RunId,
    lists: &Lists,
    findings: &mut Findings,
) -> Result<(), PreflightError> {
    let mut missing_of_all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut query = staged(run);
    loop {
        let page = ledger.list(&query)?;
        let Some(last) = page.last() else { break };
        query.after_id = Some(last.id);
        let mut refused = Vec::new();
        for delivery in &page {
            let missing = missing(resource, delivery, lists);
            let Some(reason) = reason_of(client, &missing) else { continue };
            refused.push((delivery.id, Settlement::Rejected(reason), Vec::new()));
            for (list, key) in missing {
                missing_of_all.entry(list).or_default().insert(key);
            }
        }
        findings.refused += refused.len() as u64;
        settle(ledger, refused).await?;
    }
    for (list, keys) in missing_of_all {
        let Some(route) = client.dialect().list.get(&list) else { continue };
        let keys: Vec<String> = keys.into_iter().collect();
        findings.missing.push(route.missing_message.replace("{keys}", &keys.join(", ")));
    }
    Ok(())
}

/// What a delivery refers to that is not there: list and key, in the order of the body.
fn missing(resource: &Resource, delivery: &Delivery, lists: &Lists) -> Vec<(String, String)> {
    let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else { return Vec::new() };
    let mut found: Vec<(String, String)> = Vec::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut look = |record: &Value, fields: &FieldTable| {
        for (name, field) in fields {
            let Some(list) = &field.list else { continue };
            let Some(value) = record.get(name) else { continue };
            let named = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for key in named.iter().filter_map(value_text) {
                let absent = lists.get(list).is_some_and(|keys| !keys.contains(&key));
                let missing = (list.clone(), key);
                if absent && seen.insert(missing.clone()) {
                    found.push(missing);
                }
            }
        }
    };
    look(&body, &resource.fields);
    let lines = resource.lines.as_ref().and_then(|name| body.get(name)).and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        look(line, &resource.line_fields);
    }
    found
}

/// Everything that is missing, in one reason; its code is that of the first.
fn reason_of(client: &Client, missing: &[(String, String)]) -> Option<Reason> {
    let dialect = client.dialect();
    let mut by_list: Vec<(&ListRoute, Vec<&str>)> = Vec::new();
    for (list, key) in missing {
        let route = dialect.list.get(list)?;
        match by_list.iter_mut().find(|(there, _)| there.path == route.path) {
            Some((_, keys)) => keys.push(key),
            None => by_list.push((route, vec![key])),
        }
    }
    let (first, _) = by_list.first()?;
    let texts: Vec<String> = by_list
        .iter()
        .map(|(route, keys)| route.missing_message.replace("{keys}", &keys.join(", ")))
        .collect();
    Some(Reason {
        code: first.missing_code.clone(),
        text: format!("{} (found before sending)", texts.join("; ")),
        action: first
            .missing_code
            .as_deref()
            .and_then(|code| dialect.action(code))
            .map(str::to_owned),
        ..Reason::default()
    })
}

/// What is there already of the staged deliveries: delivery, and the id of a record with its key.
type There = Vec<(DeliveryId, String)>;

/// Which staged deliveries are there already. The list is read row by row and only what concerns
/// us is kept.
async fn find_existing(
    ledger: &Ledger,
    client: &Client,
    job: &Job,
    route: &LookupRoute,
    run: RunId,
) -> Result<There, PreflightError> {
    let rows = Rows::of(route);
    let by_key = match job.read.key_column {
        Some(_) => Some(staged_by_key(ledger, run)?),
        None => None,
    };
    let mut there = read_whole(client, &rows, |there: &mut There, row| {
        let (Some(key), Some(id)) = (route.key_of(row), route.id_of(row)) else { return };
        let ours = match &by_key {
            Some(staged) => staged.get(&key).copied(),
            None => ledger
                .find(&job.account, &job.resource, &identity::of_natural_key(&key))
                .ok()
                .flatten()
                .filter(|ours| ours.run == run && ours.state == State::Staged)
                .map(|ours| ours.id),
        };
        there.extend(ours.map(|ours| (ours, id)));
    })
    .await?;
    // A row that moves while the list is read may come twice.
    there.sort_unstable();
    there.dedup();
    Ok(there)
}

/// With keys of the user's own, identities do not tell the natural keys: they are kept aside.
fn staged_by_key(ledger: &Ledger, run: RunId) -> Result<HashMap<String, DeliveryId>, LedgerError> {
    let mut query = Query { with_body: false, ..staged(run) };
    let mut by_key = HashMap::new();
    loop {
        let page = ledger.list(&query)?;
        let Some(last) = page.last() else { return Ok(by_key) };
        query.after_id = Some(last.id);
        by_key.extend(page.into_iter().filter_map(|d| Some((d.natural_key?, d.id))));
    }
}

async fn settle_existing(
    ledger: &Ledger,
    client: &Client,
    job: &Job,
    resource: &Resource,
    there: There,
    findings: &mut Findings,
) -> Result<(), PreflightError> {
    let mut judged = futures_util::stream::iter(there.chunk_by(|a, b| a.0 == b.0))
        .map(|records| async move {
            let id = records[0].0;
            let Some(delivery) = ledger.get(id)? else { return Ok(None) };
            let settlement = judge(client, job, resource, &delivery, records).await?;
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
                settle(ledger, std::mem::take(&mut settlements)).await?;
            }
        }
    }
    settle(ledger, settlements).await?;
    Ok(())
}

async fn judge(
    client: &Client,
    job: &Job,
    resource: &Resource,
    delivery: &Delivery,
    records: &[(DeliveryId, String)],
) -> Result<Settlement, PreflightError> {
    let ours: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let mut found = Vec::new();
    for (_, id) in records {
        let record = client.read(&job.resource, id).await?.unwrap_or_default();
        found = differences(resource, &ours, &record);
        if found.is_empty() {
            return Ok(Settlement::Existing {
                status: None,
                resource_id: Some(id.clone()),
                reason: Some(Reason::new("there already, equal to ours")),
            });
        }
    }
    Ok(Settlement::Rejected(Reason {
        code: Some(resource.exists_code().to_owned()),
        text: "there is one with this key already, with other content (found before sending)"
            .to_owned(),
        action: client.dialect().action(resource.exists_code()).map(str::to_owned),
        differences: found.iter().map(ToString::to_string).collect(),
        ..Reason::default()
    }))
}

type Settlements = Vec<(DeliveryId, Settlement, Vec<steadfast_ledger::AttemptRow>)>;

async fn settle(ledger: &Ledger, settlements: Settlements) -> Result<(), LedgerError> {
    if settlements.is_empty() {
        return Ok(());
    }
    for settled in ledger.settle_many(settlements).await? {
        settled?;
    }
    Ok(())
}

fn staged(run: RunId) -> Query {
    Query {
        run: Some(run),
        states: vec![State::Staged],
        limit: PAGE,
        with_body: true,
        ..Query::default()
    }
}
