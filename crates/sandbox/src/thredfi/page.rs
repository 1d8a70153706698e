//! Queries, and the pages that answer them.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::thredfi::Rules;
use crate::thredfi::fail::Fail;
use crate::thredfi::{schema, stamp};

const USUAL_SIZE: usize = 20;
const LARGEST_SIZE: usize = 100;

/// The parameters of a query, in their order.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// Filters are not looked at.
    blind: bool,
}

/// The positions of the records that a list shows.
#[derive(Debug)]
pub(crate) enum Picked {
    /// So many, from the first on.
    All(usize),
    Some(Vec<usize>),
}

impl Picked {
    fn len(&self) -> usize {
        match self {
            Picked::All(count) => *count,
            Picked::Some(positions) => positions.len(),
        }
    }

    fn get(&self, at: usize) -> Option<usize> {
        match self {
            Picked::All(count) => (at < *count).then_some(at),
            Picked::Some(positions) => positions.get(at).copied(),
        }
    }
}

impl Query {
    pub(crate) fn new(request: &Request, rules: &Rules) -> Self {
        let text = request.query.as_deref().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Query { pairs, blind: rules.filter_ignored }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// A filter, unless all of them are ignored.
    pub(crate) fn filter(&self, name: &str) -> Option<&str> {
        if self.blind { None } else { self.get(name) }
    }

    /// A filter that takes several values with commas between them.
    pub(crate) fn several(&self, name: &str) -> Option<Vec<&str>> {
        self.filter(name).map(|text| text.split(',').map(str::trim).collect())
    }

    pub(crate) fn cents(&self, name: &str) -> Result<Option<i64>, Fail> {
        let read = |text: &str| {
            schema::int(&Value::from(text), i64::MIN).map_err(|error| Fail::field(name, error))
        };
        self.filter(name).map(read).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fail> {
        let read = |text| schema::as_flag(text).map_err(|error| Fail::field(name, error));
        self.filter(name).map(read).transpose()
    }

    /// The beginning of a day or an instant.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<String>, Fail> {
        let read = |text| stamp::moment(text).map_err(|error| Fail::field(name, error));
        self.filter(name).map(read).transpose()
    }

    pub(crate) fn date(&self, name: &str) -> Result<Option<String>, Fail> {
        let read = |text| stamp::date(text).map_err(|error| Fail::field(name, error));
        self.filter(name).map(read).transpose()
    }

    /// The parameters with another page, or without one.
    fn with_page(&self, page: usize, rules: &Rules) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !rules.next_drops_params {
            let others = self.pairs.iter().filter(|(name, _)| name != "page");
            query.extend_pairs(others);
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        query.finish()
    }

    /// The page that was asked for, in the envelope of the rules.
    pub(crate) fn page(
        &self,
        request: &Request,
        rules: &Rules,
        picked: &Picked,
        mut show: impl FnMut(usize) -> Option<Value>,
    ) -> Result<Reply, Fail> {
        // As the framework does: a size that is none is passed over, a page that is none is not found.
        let size = self.get("page_size").and_then(|text| text.parse::<usize>().ok());
        let size = size.filter(|size| *size > 0).unwrap_or(USUAL_SIZE).min(LARGEST_SIZE);
        let total = picked.len();
        let pages = total.div_ceil(size).max(1);
        let page = match self.get("page") {
            None => 1,
            Some("last") => pages,
            Some(text) => text.parse().map_err(|_| Fail::no_such_page())?,
        };
        if page == 0 || page > pages {
            return Err(Fail::no_such_page());
        }
        let first = (page - 1) * size;
        let rows = (first..total.min(first + size)).filter_map(|at| picked.get(at));
        let results: Vec<Value> = rows.filter_map(&mut show).collect();
        let link = |page: usize| {
            let query = self.with_page(page, rules);
            let mark = if query.is_empty() { "" } else { "?" };
            let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            json!(format!("http://{}{}{mark}{query}", host.unwrap_or("localhost"), request.path))
        };
        let mut body = Map::new();
        body.insert("count".to_owned(), json!(total));
        if rules.links {
            let next = if page < pages { link(page + 1) } else { Value::Null };
            let previous = if page > 1 { link(page - 1) } else { Value::Null };
            body.insert("next".to_owned(), next);
            body.insert("previous".to_owned(), previous);
        }
        if rules.page_info {
            let info = json!({
                "total_count": total, "current_page": page, "total_pages": pages, "page_size": size,
            });
            body.insert("page_info".to_owned(), info);
        }
        body.insert("results".to_owned(), Value::Array(results));
        Ok(Reply::json(StatusCode::OK, &Value::Object(body)))
    }
}
