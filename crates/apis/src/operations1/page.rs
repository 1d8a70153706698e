//! Lists: what to ask for, and one page of them (O14, O16).

use serde::Deserialize;

use super::{Document, Group, Moment, Order, OrderState, Report, ReportState, User};

/// Something that there is a list of. Each list is read by its own type (O16).
pub trait Listed: sealed::Sealed + serde::de::DeserializeOwned + Send + 'static {
    /// What can be asked for.
    type Query: ListQuery;
    /// The path of the list.
    const PATH: &'static str;
    /// The list can be sorted by `id`, which keeps its pages stable (O14).
    const SORTED: bool;
}

/// What a list is asked for, as parameters.
pub trait ListQuery: sealed::Sealed {
    /// The parameters. Those with several values are repeated.
    fn parameters(&self) -> Vec<(String, String)>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! listed {
    ($($type:ty, $query:ty, $path:literal, $sorted:literal;)+) => {
        $(
            impl sealed::Sealed for $type {}
            impl Listed for $type {
                type Query = $query;
                const PATH: &'static str = $path;
                const SORTED: bool = $sorted;
            }
        )+
    };
}

listed! {
    User, ArchiveQuery, "/users", false;
    Group, ArchiveQuery, "/groups", false;
    Document, ArchiveQuery, "/documents", false;
    Order, OrderQuery, "/orders", true;
    Report, ReportQuery, "/reports", true;
}

/// What a list of users, groups or documents is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveQuery {
    /// True for what is in the archive, and nothing else.
    pub archived: Option<bool>,
    /// Text, three characters at least.
    pub search: Option<String>,
}

/// What a list of orders is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderQuery {
    /// How far they are.
    pub states: Vec<OrderState>,
    /// Changed then or later.
    pub updated_at_min: Option<Moment>,
    /// Changed then or earlier.
    pub updated_at_max: Option<Moment>,
    /// True for what is in the archive, and nothing else.
    pub archived: Option<bool>,
    /// The caller's own numbers.
    pub custom_order_ids: Vec<String>,
    /// The API's ids.
    pub order_ids: Vec<u64>,
    /// Text, three characters at least.
    pub search: Option<String>,
    /// Class characteristics, of which they have one.
    pub class_characteristic_ids: Vec<u64>,
    /// The rules that made them.
    pub rule_id: Vec<u64>,
}

/// What a list of reports is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportQuery {
    /// How far they are.
    pub states: Vec<ReportState>,
    /// Changed then or later.
    pub updated_at_min: Option<Moment>,
    /// Changed then or earlier.
    pub updated_at_max: Option<Moment>,
    /// True for what is in the archive, and nothing else.
    pub archived: Option<bool>,
    /// The orders that they belong to.
    pub order_ids: Vec<u64>,
    /// Text, three characters at least.
    pub search: Option<String>,
    /// Class characteristics, of which they have one.
    pub class_characteristic_ids: Vec<u64>,
}

impl sealed::Sealed for ArchiveQuery {}
impl sealed::Sealed for OrderQuery {}
impl sealed::Sealed for ReportQuery {}

/// Parameters on their way into a query.
#[derive(Default)]
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn each<T: ToString>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.0.extend(values.into_iter().map(|value| (name.to_owned(), value.to_string())));
        self
    }
}

impl ListQuery for ArchiveQuery {
    fn parameters(&self) -> Vec<(String, String)> {
        Parameters::default().each("archived", self.archived).each("search", &self.search).0
    }
}

impl ListQuery for OrderQuery {
    fn parameters(&self) -> Vec<(String, String)> {
        Parameters::default()
            .each("states", &self.states)
            .each("updatedAtMin", self.updated_at_min)
            .each("updatedAtMax", self.updated_at_max)
            .each("archived", self.archived)
            .each("customOrderIds", &self.custom_order_ids)
            .each("orderIds", &self.order_ids)
            .each("search", &self.search)
            .each("classCharacteristicIds", &self.class_characteristic_ids)
            .each("ruleId", &self.rule_id)
            .0
    }
}

impl ListQuery for ReportQuery {
    fn parameters(&self) -> Vec<(String, String)> {
        Parameters::default()
            .each("states", &self.states)
            .each("updatedAtMin", self.updated_at_min)
            .each("updatedAtMax", self.updated_at_max)
            .each("archived", self.archived)
            .each("orderIds", &self.order_ids)
            .each("search", &self.search)
            .each("classCharacteristicIds", &self.class_characteristic_ids)
            .0
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageIndex {
    /// By its number, from 0.
    At(u64),
    /// The last, whichever that is. The answer says its number; nothing can be reckoned from the
    /// word (O14).
    Last,
}

impl std::fmt::Display for PageIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(index) => index.fmt(f),
            Self::Last => f.write_str("last"),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Page<T> {
    /// How many there are on all pages.
    pub total_item_count: u64,
    /// Its number, from 0.
    pub page_index: u64,
    /// How many a page has.
    pub page_size: u64,
    /// What is on it.
    pub items: Vec<T>,
}
