use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use steadfast_call::dialect::{Filter, LookupRoute};
use steadfast_call::{Attempt, Effect, Error, Kind, Stop, Time};
use tokio::sync::oneshot;

use super::pager::{first_row, scan};
use super::{ListError, Rows};
use crate::client::Inner;

/// A record that bears a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bearer {
    /// Its id.
    pub(crate) id: String,
    /// The record itself, where the list shows it whole.
    pub(crate) row: Option<Value>,
}

/// What is found of a key: all records that bear it.
type Bearers = Result<Vec<Bearer>, String>;
/// The records by key; a key that nothing bears is left out.
type Found = BTreeMap<String, Vec<Bearer>>;

/// Collects the look-ups that are asked for while one is under way, and answers them together.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    places: Mutex<HashMap<Place, Queue>>,
    /// Routes that the API asked not to be asked for before then, and which attempt it told so.
    held: Mutex<HashMap<String, (Time, Attempt)>>,
}

/// Where look-ups are answered together: a resource, and the path of its list, which may say
/// whose records it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    resource: String,
    list: String,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<(String, oneshot::Sender<Bearers>)>,
    working: bool,
    filter: Trust,
}

/// What is known of the filter of a list.
///
/// Not finding something through a filter proves nothing unless the filter is known to find
/// what is there: a server may ignore it, and it may answer one that it does not understand
/// with no row at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Trust {
    #[default]
    Untried,
    /// It has found a row that was known to be there, and nothing else.
    Works,
    /// It was refused, or let rows through that it does not admit.
    Useless,
}

impl Hub {
    /// Notes that the API asked to wait. Kept for the route, since whoever asked may be gone
    /// before the wait is over, and somebody else may ask.
    pub(crate) fn hold(&self, route: &str, attempt: &Attempt, wait: Duration) {
        let until = attempt.sent_at + attempt.elapsed + wait;
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.insert(route.to_owned(), (until, attempt.clone()));
    }

    /// The end of a read that is not made, because the API asked to wait and the wait is not over.
    pub(super) fn held(&self, route: &str, now: Time) -> Option<Error> {
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (until, attempt) = held.get(route)?;
        if now >= *until {
            held.remove(route);
            return None;
        }
        let wait = *until - now;
        let text = format!("it asked to wait, {} s from now on", wait.as_secs());
        let mut details = Error::never_made(Effect::None, text).into_details();
        details.kind = Kind::Unreached(attempt.class);
        details.stop = Stop::HintTooLong;
        details.status = attempt.status;
        details.retry_after = Some(wait);
        Some(Error::new(details))
    }

    fn with<T>(&self, place: &Place, f: impl FnOnce(&mut Queue) -> T) -> T {
        let mut places: MutexGuard<'_, HashMap<Place, Queue>> =
            self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        f(places.entry(place.clone()).or_default())
    }

    /// The records with that key. What is read, is read after this was asked. No name in braces is
    /// left in the route but `{id}`.
    pub(crate) async fn find(
        inner: &Arc<Inner>,
        resource: &str,
        route: &LookupRoute,
        key: &str,
    ) -> Bearers {
        let place = Place { resource: resource.to_owned(), list: route.list.clone() };
        let (sender, receiver) = oneshot::channel();
        let start = inner.hub.with(&place, |queue| {
            queue.waiting.push((key.to_owned(), sender));
            !std::mem::replace(&mut queue.working, true)
        });
        if start {
            let (inner, route) = (Arc::clone(inner), route.clone());
            let worker = Worker { inner, place, route, ended: false };
            tokio::spawn(work(worker));
        }
        receiver.await.unwrap_or_else(|_| Err("the look-up was broken off".to_owned()))
    }
}

/// Whoever answers the look-ups of a resource. One that is broken off, by a panic or with its
/// runtime, must not leave the others waiting for it.
struct Worker {
    inner: Arc<Inner>,
    place: Place,
    route: LookupRoute,
    ended: bool,
}

impl Worker {
    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.inner.hub.with(&self.place, |queue| {
            queue.working = false;
            queue.waiting.clear();
        });
    }
}

/// Works until nobody waits. Boxed, since a look-up makes calls, and calls make look-ups.
fn work(worker: Worker) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let (inner, place) = (Arc::clone(&worker.inner), worker.place.clone());
        loop {
            // Whoever asks from now on is answered by the next round: what is read below may
            // have been read before they asked.
            let waiting = inner.hub.with(&place, |queue| {
                let waiting = std::mem::take(&mut queue.waiting);
                queue.working = !waiting.is_empty();
                waiting
            });
            if waiting.is_empty() {
                // `working` was taken back above, and another may have begun since.
                return worker.end();
            }
            let keys: BTreeSet<&str> = waiting.iter().map(|(key, _)| key.as_str()).collect();
            let found = find(&inner, &place, &worker.route, &keys).await;
            for (key, sender) in waiting {
                let bearers = match &found {
                    Ok(found) => Ok(found.get(&key).cloned().unwrap_or_default()),
                    Err(text) => Err(text.clone()),
                };
                let _ = sender.send(bearers);
            }
        }
    })
}

async fn find(
    inner: &Arc<Inner>,
    place: &Place,
    route: &LookupRoute,
    keys: &BTreeSet<&str>,
) -> Result<Found, String> {
    if let Some(filter) = &route.filter {
        let trust = inner.hub.with(place, |queue| queue.filter);
        let (trust, found) =
            through_filter(inner, route, filter, keys, trust).await.map_err(|e| e.to_string())?;
        inner.hub.with(place, |queue| queue.filter = trust);
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let mut found = Matches::new(route, keys);
    let rows = Rows { for_proof: true, ..Rows::of(route) };
    scan(inner, &rows, |row| found.take(row)).await.map_err(|error| error.to_string())?;
    found.whole()
}

/// What the filter finds, if that is evidence, and what is known of the filter then.
///
/// One that is yet untried is asked for a row that is known to be there as well: the first of
/// the list.
async fn through_filter(
    inner: &Arc<Inner>,
    route: &LookupRoute,
    filter: &Filter,
    keys: &BTreeSet<&str>,
    trust: Trust,
) -> Result<(Trust, Option<Found>), ListError> {
    let known = match trust {
        Trust::Useless => return Ok((trust, None)),
        Trust::Works => None,
        Trust::Untried => {
            let row = first_row(inner, &Rows::of(route)).await?;
            match row.and_then(|row| route.key_of(&row)) {
                Some(known) => Some(known),
                // An empty list is as quickly read whole.
                None => return Ok((trust, None)),
            }
        }
    };
    let mut keys_all = keys.clone();
    keys_all.extend(known.as_deref());
    let keys_all: Vec<&str> = keys_all.into_iter().collect();
    let mut all = Found::new();
    for some in keys_all.chunks(keys_at_once(route, filter)) {
        let asked: BTreeSet<&str> = some.iter().copied().collect();
        let mut rows = Rows { for_proof: true, ..Rows::of(route) };
        rows.query.extend(asking_for(filter, some));
        let mut found = Matches::new(route, &asked);
        match scan(inner, &rows, |row| found.take(row)).await {
            Err(error) if error.refuses_query() => return Ok((Trust::Useless, None)),
            read => read?,
        }
        if found.strangers || found.nameless {
            return Ok((Trust::Useless, None));
        }
        all.extend(found.bearers);
    }
    match known {
        // It may be gone since; the next look-up tries again.
        Some(known) if !all.contains_key(&known) => Ok((Trust::Untried, None)),
        Some(_) | None => Ok((Trust::Works, Some(all))),
    }
}

/// How many keys one request can name.
fn keys_at_once(route: &LookupRoute, filter: &Filter) -> usize {
    match filter.repeat || filter.template.contains("{keys}") {
        true => route.keys_per_request.max(1),
        false => 1,
    }
}

/// The query parameters that ask for some keys.
fn asking_for(filter: &Filter, keys: &[&str]) -> Vec<(String, String)> {
    let parameter = |value| (filter.parameter.clone(), value);
    let of_one = |key: &&str| parameter(filter.template.replace("{key}", key));
    if filter.repeat {
        return keys.iter().map(of_one).collect();
    }
    match filter.template.contains("{keys}") {
        true => {
            let list = Value::from(keys.to_vec()).to_string();
            vec![parameter(filter.template.replace("{keys}", &list))]
        }
        false => keys.iter().take(1).map(of_one).collect(),
    }
}

/// The rows that bear one of the keys, and whether there were others. A row may come twice.
struct Matches<'k> {
    route: &'k LookupRoute,
    keys: &'k BTreeSet<&'k str>,
    bearers: Found,
    /// There was a row with another key, or without one.
    strangers: bool,
    /// There was a row with one of the keys and no id to read it by.
    nameless: bool,
    /// Some row had a key at all.
    keyed: bool,
}

impl<'k> Matches<'k> {
    fn new(route: &'k LookupRoute, keys: &'k BTreeSet<&'k str>) -> Self {
        let bearers = Found::new();
        Self { route, keys, bearers, strangers: false, nameless: false, keyed: false }
    }

    fn take(&mut self, row: &Value) {
        let key = self.route.key_of(row);
        self.keyed |= key.is_some();
        let Some(key) = key.filter(|key| self.keys.contains(key.as_str())) else {
            self.strangers = true;
            return;
        };
        match self.route.id_of(row) {
            Some(id) => {
                let bearers = self.bearers.entry(key).or_default();
                if bearers.iter().all(|bearer| bearer.id != id) {
                    let row = self.route.read.is_none().then(|| row.clone());
                    bearers.push(Bearer { id, row });
                }
            }
            None => self.nameless = true,
        }
    }

    /// What was found, if the rows of the whole list were such as the dialect describes: of
    /// others nobody can say that a key is not among them.
    fn whole(self) -> Result<Found, String> {
        let LookupRoute { list, row_key, row_id, .. } = self.route;
        if self.strangers && !self.keyed {
            return Err(format!("no row of {list} has a \"{row_key}\""));
        }
        if self.nameless {
            return Err(format!("a row of {list} has our key and no \"{row_id}\""));
        }
        Ok(self.bearers)
    }
}
