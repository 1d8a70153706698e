//! Which rows of a list are shown, and in which order.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::operations1::fail::Fail;
use crate::operations1::page::Query;
use crate::operations1::route::Resource;
use crate::operations1::tenant::{Document, Group, Order, Report, User};
use crate::operations1::{order, report};

/// A search has to have as many characters.
const SEARCH_MIN: usize = 3;

/// What a list can be filtered by. A row without some property is not found by it.
pub(crate) trait Row {
    fn id(&self) -> u64;
    fn updated(&self) -> Timestamp;
    fn archived(&self) -> bool;
    /// The texts that a search looks into.
    fn texts(&self) -> Vec<&str>;
    fn state(&self) -> &str {
        ""
    }
    /// The order that it is or belongs to.
    fn order(&self) -> Option<u64> {
        None
    }
    fn rule(&self) -> Option<u64> {
        None
    }
    fn characteristics(&self) -> &[u64] {
        &[]
    }
}

/// The filters of a query.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    states: Option<Vec<String>>,
    updated_min: Option<Timestamp>,
    updated_max: Option<Timestamp>,
    archived: bool,
    custom_ids: Option<Vec<String>>,
    orders: Option<Vec<u64>>,
    rules: Option<Vec<u64>>,
    characteristics: Option<Vec<u64>>,
    /// In lower case.
    search: Option<String>,
    by_update: bool,
    descending: bool,
}

impl Filter {
    pub(crate) fn new(resource: Resource, query: &Query) -> Result<Self, Fail> {
        let by_update = query.read("orderBy", |text| match text {
            "updatedAt" => Some(true),
            "id" => Some(false),
            _ => None,
        })?;
        let descending = query.read("direction", |text| match text {
            "DESC" => Some(true),
            "ASC" => Some(false),
            _ => None,
        })?;
        let mut filter = Filter {
            by_update: by_update.unwrap_or(false),
            descending: descending.unwrap_or(false),
            ..Filter::default()
        };
        if query.blind {
            return Ok(filter);
        }
        filter.updated_min = query.moment("updatedAtMin")?;
        filter.updated_max = query.moment("updatedAtMax")?;
        filter.archived = query.flag("archived")?.unwrap_or(false);
        let search = query.read("search", |text| {
            (text.chars().count() >= SEARCH_MIN).then(|| text.to_lowercase())
        });
        filter.search = search?;
        let known = match resource {
            Resource::Orders => order::STATES,
            Resource::Reports => report::STATES,
            _ => return Ok(filter),
        };
        filter.states = states(query, known)?;
        filter.orders = query.ids("orderIds")?;
        filter.characteristics = query.ids("classCharacteristicIds")?;
        if resource == Resource::Orders {
            let custom_ids = query.all("customOrderIds");
            filter.custom_ids = custom_ids.map(|ids| ids.into_iter().map(str::to_owned).collect());
            filter.rules = query.ids("ruleId")?;
        }
        Ok(filter)
    }

    /// The orders that can be meant at all, where the filters name some.
    pub(crate) fn ids(&self, by_custom_id: &HashMap<String, Vec<u64>>) -> Option<BTreeSet<u64>> {
        let Some(custom_ids) = &self.custom_ids else {
            return self.orders.as_ref().map(|ids| ids.iter().copied().collect());
        };
        let named = custom_ids.iter().filter_map(|id| by_custom_id.get(id));
        Some(named.flatten().copied().collect())
    }

    /// The rows that pass, in their order. They have to come in that of their ids.
    pub(crate) fn pick<'a, R: Row>(&self, rows: impl Iterator<Item = &'a R>) -> Vec<&'a R> {
        let mut picked: Vec<&R> = rows.filter(|row| self.passes(*row)).collect();
        match (self.by_update, self.descending) {
            (false, false) => {}
            (false, true) => picked.reverse(),
            (true, false) => picked.sort_by_key(|row| (row.updated(), row.id())),
            (true, true) => picked.sort_by_key(|row| Reverse((row.updated(), row.id()))),
        }
        picked
    }

    fn passes(&self, row: &impl Row) -> bool {
        let one_of = |wanted: &Option<Vec<u64>>, id: Option<u64>| {
            wanted.as_ref().is_none_or(|wanted| id.is_some_and(|id| wanted.contains(&id)))
        };
        let found = |text: &String| {
            row.texts().iter().any(|candidate| candidate.to_lowercase().contains(text.as_str()))
        };
        let has_any =
            |wanted: &Vec<u64>| row.characteristics().iter().any(|id| wanted.contains(id));
        row.archived() == self.archived
            && self
                .states
                .as_ref()
                .is_none_or(|states| states.iter().any(|state| state == row.state()))
            && self.updated_min.is_none_or(|min| row.updated() >= min)
            && self.updated_max.is_none_or(|max| row.updated() <= max)
            && one_of(&self.orders, row.order())
            && one_of(&self.rules, row.rule())
            && self.characteristics.as_ref().is_none_or(has_any)
            && self.search.as_ref().is_none_or(found)
    }
}

fn states(query: &Query, known: &[&str]) -> Result<Option<Vec<String>>, Fail> {
    let Some(states) = query.all("states") else { return Ok(None) };
    if !states.iter().all(|state| known.contains(state)) {
        return Err(Fail::parameter("states"));
    }
    Ok(Some(states.into_iter().map(str::to_owned).collect()))
}

impl Row for User {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> Timestamp {
        self.updated
    }
    fn archived(&self) -> bool {
        self.archived
    }
    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.display_name, self.email.as_deref().unwrap_or_default()]
    }
}

impl Row for Group {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> Timestamp {
        self.created
    }
    fn archived(&self) -> bool {
        self.archived
    }
    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.display_name]
    }
}

impl Row for Document {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> Timestamp {
        self.created
    }
    fn archived(&self) -> bool {
        self.archived
    }
    fn texts(&self) -> Vec<&str> {
        vec![&self.name]
    }
}

impl Row for Order {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> Timestamp {
        self.updated.at
    }
    fn archived(&self) -> bool {
        self.archived
    }
    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.description, self.custom_id.as_deref().unwrap_or_default()]
    }
    fn state(&self) -> &str {
        self.state
    }
    fn order(&self) -> Option<u64> {
        Some(self.id)
    }
    fn rule(&self) -> Option<u64> {
        self.rule
    }
    fn characteristics(&self) -> &[u64] {
        &self.characteristics
    }
}

impl Row for Report {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> Timestamp {
        self.updated.at
    }
    fn archived(&self) -> bool {
        self.archived
    }
    fn texts(&self) -> Vec<&str> {
        vec![&self.name]
    }
    fn state(&self) -> &str {
        self.state
    }
    fn order(&self) -> Option<u64> {
        Some(self.order)
    }
    fn characteristics(&self) -> &[u64] {
        &self.characteristics
    }
}
