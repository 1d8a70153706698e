use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use steadfast_call::dialect::{Filter, LookupRoute};
use tokio::sync::oneshot;

use super::{ListError, Rows, column, scan};
use crate::client::Inner;

/// What is found of a key: the ids of all records that bear it.
type Ids = Result<Vec<String>, String>;

/// Collects the look-ups that are asked for while one is under way, and answers them together.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    resources: Mutex<HashMap<String, Queue>>,
    /// The server was seen to return rows that the filter does not admit, or refused it.
    filter_is_ignored: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<(String, oneshot::Sender<Ids>)>,
    working: bool,
}

impl Hub {
    fn resources(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.resources.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The ids of the records with that key. What is read, is read after this was asked.
    pub(crate) async fn find(inner: &Arc<Inner>, resource: &str, key: &str) -> Ids {
        let (sender, receiver) = oneshot::channel();
        let start = {
            let mut resources = inner.hub.resources();
            let queue = resources.entry(resource.to_owned()).or_default();
            queue.waiting.push((key.to_owned(), sender));
            !std::mem::replace(&mut queue.working, true)
        };
        if start {
            tokio::spawn(work(Arc::clone(inner), resource.to_owned()));
        }
        receiver.await.unwrap_or_else(|_| Err("the look-up was broken off".to_owned()))
    }

    fn take(&self, resource: &str) -> Vec<(String, oneshot::Sender<Ids>)> {
        let mut resources = self.resources();
        let queue = resources.entry(resource.to_owned()).or_default();
        let waiting = std::mem::take(&mut queue.waiting);
        queue.working = !waiting.is_empty();
        waiting
    }
}

/// Works until nobody waits. Boxed, since a look-up makes calls, and calls make look-ups.
fn work(inner: Arc<Inner>, resource: String) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        loop {
            let waiting = inner.hub.take(&resource);
            if waiting.is_empty() {
                return;
            }
            let keys: BTreeSet<&str> = waiting.iter().map(|(key, _)| key.as_str()).collect();
            let found = match inner.dialect.resource.get(&resource).and_then(|r| r.lookup.as_ref())
            {
                Some(route) => find(&inner, route, &keys).await,
                None => Err("the dialect has no look-up for it".to_owned()),
            };
            for (key, sender) in waiting {
                let ids = match &found {
                    Ok(found) => Ok(found.get(&key).cloned().unwrap_or_default()),
                    Err(text) => Err(text.clone()),
                };
                let _ = sender.send(ids);
            }
        }
    })
}

async fn find(
    inner: &Arc<Inner>,
    route: &LookupRoute,
    keys: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    if let Some(filter) = &route.filter
        && !inner.hub.filter_is_ignored.load(Ordering::Relaxed)
    {
        match filtered(inner, route, filter, keys).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => inner.hub.filter_is_ignored.store(true, Ordering::Relaxed),
            Err(error) if error.refuses_query() => {
                inner.hub.filter_is_ignored.store(true, Ordering::Relaxed);
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    let mut found = Matches::new(route, keys);
    let rows = Rows { path: route.list.clone(), query: Vec::new(), for_proof: true };
    scan(inner, &rows, |row| found.take(row)).await.map_err(|error| error.to_string())?;
    Ok(found.ids)
}

/// Asks for some keys only. None if a row came that was not asked for: the filter proves nothing.
async fn filtered(
    inner: &Arc<Inner>,
    route: &LookupRoute,
    filter: &Filter,
    keys: &BTreeSet<&str>,
) -> Result<Option<BTreeMap<String, Vec<String>>>, ListError> {
    let keys_all: Vec<&str> = keys.iter().copied().collect();
    let mut ids = BTreeMap::new();
    for some in keys_all.chunks(route.keys_per_request.max(1)) {
        let asked: BTreeSet<&str> = some.iter().copied().collect();
        let list = serde_json::Value::from(some.to_vec()).to_string();
        let query = vec![(filter.parameter.clone(), filter.template.replace("{keys}", &list))];
        let rows = Rows { path: route.list.clone(), query, for_proof: true };
        let mut found = Matches::new(route, &asked);
        scan(inner, &rows, |row| found.take(row)).await?;
        if found.strangers {
            return Ok(None);
        }
        ids.extend(found.ids);
    }
    Ok(Some(ids))
}

/// The rows that bear one of the keys, and whether there were others. A row may come twice.
struct Matches<'k> {
    route: &'k LookupRoute,
    keys: &'k BTreeSet<&'k str>,
    ids: BTreeMap<String, Vec<String>>,
    strangers: bool,
}

impl<'k> Matches<'k> {
    fn new(route: &'k LookupRoute, keys: &'k BTreeSet<&'k str>) -> Self {
        Self { route, keys, ids: BTreeMap::new(), strangers: false }
    }

    fn take(&mut self, row: &serde_json::Value) {
        let key = column(row, &self.route.row_key);
        let id = column(row, &self.route.row_id);
        match (key, id) {
            (Some(key), Some(id)) if self.keys.contains(key.as_str()) => {
                let ids = self.ids.entry(key).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            _ => self.strangers = true,
        }
    }
}
