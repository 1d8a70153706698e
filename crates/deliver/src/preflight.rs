//! The check before sending (K11): does everything that the writes refer to exist, and are any
//! of them there already?
//!
//! Lists are read whole, all pages, and compared exactly. What is found is advice: master data
//! may change between the check and the write, and the server's own answer still counts
//! (hazard 58).

mod existing;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use steadfast::{Client, Error, ListError, Rows};
use steadfast_call::dialect::{Act, FieldTable, ListRoute, Resource, value_text};
use steadfast_ledger::{
    Delivery, DeliveryId, Ledger, LedgerError, Query, Reason, RunId, Settlement, State,
};

use crate::job::Job;
use crate::progress::{Phase, Progress};

/// How often a list is begun anew that broke off for want of an answer.
const TRIES: u32 = 5;
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);
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
    let check = Check { ledger, client, job, resource, run };
    let lists = read_lists(&check, progress).await?;
    refuse_missing(&check, &lists, &mut findings).await?;
    // What is written to records that are there finds them when it is sent.
    let creates = resource.act == Act::Create;
    if let Some(route) = resource.lookup.as_ref().filter(|_| creates) {
        progress.phase(Phase::Checking(format!("{}s that are there already", resource.title)));
        existing::check(&check, route, &mut findings).await?;
        findings.existing_were_read = true;
    }
    Ok(findings)
}

/// What the check is about.
struct Check<'c> {
    ledger: &'c Ledger,
    client: &'c Client,
    job: &'c Job,
    resource: &'c Resource,
    run: RunId,
}

/// The keys of the rows, by the name of the list and its path.
type Lists = BTreeMap<(String, String), HashSet<String>>;

async fn read_lists(check: &Check<'_>, progress: &Arc<Progress>) -> Result<Lists, PreflightError> {
    let resource = check.resource;
    let fields = resource.fields.values().chain(resource.line_fields.values());
    let names: BTreeSet<&String> = fields.filter_map(|field| field.list.as_ref()).collect();
    let routes =
        names.into_iter().filter_map(|name| check.client.dialect().list.get_key_value(name));
    let owners = owners(check)?;
    let mut lists = Lists::new();
    for (name, route) in routes {
        progress.phase(Phase::Checking(format!("{}s", route.title)));
        let paths: BTreeSet<String> = owners.iter().map(|names| route.path_with(names)).collect();
        for path in paths {
            let keys = read_list(check.client, route, &path).await?;
            lists.insert((name.clone(), path), keys);
        }
    }
    Ok(lists)
}

/// What the paths of the staged deliveries name, each once; of a resource without such names, that
/// there is nothing to name.
fn owners(check: &Check<'_>) -> Result<BTreeSet<BTreeMap<String, String>>, LedgerError> {
    if check.resource.path.is_empty() {
        return Ok([BTreeMap::new()].into());
    }
    let mut query = Query { with_body: false, ..staged(check.run) };
    let mut owners = BTreeSet::new();
    loop {
        let page = check.ledger.list(&query)?;
        let Some(last) = page.last() else { return Ok(owners) };
        query.after_id = Some(last.id);
        let names = |delivery: &Delivery| check.resource.create.names_in(&delivery.path);
        owners.extend(page.iter().filter_map(names));
    }
}

async fn read_list(
    client: &Client,
    route: &ListRoute,
    path: &str,
) -> Result<HashSet<String>, ListError> {
    let query = route.include.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let rows = Rows { path: path.to_owned(), query, rows: route.rows.clone(), ..Rows::default() };
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
    check: &Check<'_>,
    lists: &Lists,
    findings: &mut Findings,
) -> Result<(), PreflightError> {
    let client = check.client;
    let mut missing_of_all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut query = staged(check.run);
    loop {
        let page = check.ledger.list(&query)?;
        let Some(last) = page.last() else { break };
        query.after_id = Some(last.id);
        let mut refused = Vec::new();
        for delivery in &page {
            let missing = missing(check, delivery, lists);
            let Some(reason) = reason_of(client, &missing) else { continue };
            refused.push((delivery.id, Settlement::Rejected(reason), Vec::new()));
            for (list, key) in missing {
                missing_of_all.entry(list).or_default().insert(key);
            }
        }
        findings.refused += refused.len() as u64;
        settle(check.ledger, refused).await?;
    }
    for (list, keys) in missing_of_all {
        let Some(route) = client.dialect().list.get(&list) else { continue };
        let keys: Vec<String> = keys.into_iter().collect();
        findings.missing.push(route.missing_message.replace("{keys}", &keys.join(", ")));
    }
    Ok(())
}

/// What a delivery refers to that is not there: list and key, in the order of the body.
fn missing(check: &Check<'_>, delivery: &Delivery, lists: &Lists) -> Vec<(String, String)> {
    let resource = check.resource;
    let names = resource.create.names_in(&delivery.path).unwrap_or_default();
    let keys_of = |list: &String| {
        let path = check.client.dialect().list.get(list)?.path_with(&names);
        lists.get(&(list.clone(), path))
    };
    let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else { return Vec::new() };
    let mut found: Vec<(String, String)> = Vec::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut look = |record: &Value, fields: &FieldTable| {
        for (name, field) in fields {
            let Some(list) = &field.list else { continue };
            let Some(value) = field.value_in(name, record) else { continue };
            let there = keys_of(list);
            let named = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for key in named.iter().filter_map(value_text) {
                let absent = there.is_some_and(|keys| !keys.contains(&key));
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
