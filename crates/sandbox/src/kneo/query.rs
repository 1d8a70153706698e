//! Queries, and the pages that answer them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::exchange::Request;
use crate::kneo::Rules;
use crate::kneo::fail::{Fail, flaw};
use crate::kneo::route::Op;
use crate::kneo::schema::{either, truth};

/// How deep a trace can be read, and any other list of the newer platform.
const TRACE_WINDOW: u64 = 10_000;
const WINDOW: u64 = 1_000_000;

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// Filters are not looked at.
    blind: bool,
}

/// Which part of a list is wanted, and in which order.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
    pub(crate) sort_by: &'static str,
    pub(crate) descending: bool,
    deepest: u64,
}

impl Query {
    /// Reads the query; the reference refuses parameters that the route does not have.
    pub(crate) fn new(request: &Request, op: Op, rules: &Rules) -> Result<Self, Fail> {
        let text = request.query.as_deref().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        if rules.reference {
            let known = op.parameters();
            let mut names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
            names.retain(|name| !known.contains(&name.as_str()));
            names.sort();
            names.dedup();
            if !names.is_empty() {
                return Err(Fail::unknown_parameters(&names));
            }
        }
        Ok(Query { pairs, blind: rules.filter_ignored })
    }

    /// The last of a repeated parameter counts, as in the framework.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.pairs.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// A filter, unless all of them are ignored.
    pub(crate) fn filter(&self, name: &str) -> Option<&str> {
        if self.blind { None } else { self.get(name) }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fail> {
        let wrong = || {
            let text = "Input should be a valid boolean, unable to interpret input";
            Fail::list(vec![flaw(&["query", name], text, "bool_parsing")])
        };
        let read = |text: &str| truth(&text.to_ascii_lowercase()).ok_or_else(wrong);
        self.get(name).map(read).transpose()
    }

    pub(crate) fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, Fail> {
        let Some(given) = self.get(name) else { return Ok(None) };
        let found = choices.iter().find(|choice| **choice == given);
        found.copied().map(Some).ok_or_else(|| {
            let text = format!("Input should be {}", either(choices));
            Fail::list(vec![flaw(&["query", name], text, "literal_error")])
        })
    }

    /// An instant with its offset, in milliseconds since 1970.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<u64>, Fail> {
        let read = |text: &str| {
            let instant: Timestamp = text.parse().map_err(|_| Fail::timestamp(name))?;
            Ok(u64::try_from(instant.as_millisecond()).unwrap_or(0))
        };
        self.get(name).map(read).transpose()
    }

    pub(crate) fn whole(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Fail> {
        let wrong = |text: String, kind| Err(Fail::list(vec![flaw(&["query", name], text, kind)]));
        let Some(text) = self.get(name) else { return Ok(None) };
        let Ok(number) = text.trim().parse::<i128>() else {
            let text = "Input should be a valid integer, unable to parse string as an integer";
            return wrong(text.to_owned(), "int_parsing");
        };
        if number < i128::from(least) {
            let text = format!("Input should be greater than or equal to {least}");
            return wrong(text, "greater_than_equal");
        }
        if number > i128::from(most) {
            let text = format!("Input should be less than or equal to {most}");
            return wrong(text, "less_than_equal");
        }
        Ok(u64::try_from(number).ok())
    }

    /// Limit, offset and order; the first of `sorts` is the usual order, `descending` its direction.
    pub(crate) fn window(
        &self,
        sorts: &[&'static str],
        descending: bool,
        op: Op,
        rules: &Rules,
    ) -> Result<Window, Fail> {
        let trace = op == Op::Trace;
        let deepest = match (trace, rules.reference) {
            (true, _) => TRACE_WINDOW,
            (false, true) => WINDOW,
            (false, false) => u64::MAX,
        };
        let limit = self.whole("limit", 1, 1000)?.unwrap_or(100);
        let offset = self.whole("offset", 0, deepest)?.unwrap_or(0);
        let sort_by = self.choice("sort_by", sorts)?.or_else(|| sorts.first().copied());
        let order = self.choice("sort_order", &["asc", "desc"])?;
        let descending = order.map_or(descending, |order| order == "desc");
        let deepest = if trace { TRACE_WINDOW } else { WINDOW };
        Ok(Window { limit, offset, sort_by: sort_by.unwrap_or_default(), descending, deepest })
    }
}

impl Window {
    /// Puts the rows in order by their sort value; rows with the same value keep the order of their making.
    pub(crate) fn sort<T, K: Ord>(&self, rows: &mut [T], key: impl Fn(&T) -> K) {
        rows.sort_by_key(key);
        if self.descending {
            rows.reverse();
        }
    }

    /// The page, in the envelope that lists have.
    pub(crate) fn page<T>(
        &self,
        list: &str,
        rows: &[T],
        rules: &Rules,
        show: impl Fn(&T) -> Value,
    ) -> Map<String, Value> {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let shown = rows.iter().skip(offset).take(self.limit as usize);
        let shown: Vec<Value> = shown.map(show).collect();
        let order = if self.descending { "desc" } else { "asc" };
        let mut page = Map::new();
        let count = shown.len();
        page.insert(list.to_owned(), Value::Array(shown));
        let rest = [
            ("count", json!(count)),
            ("total", json!(rows.len())),
            ("limit", json!(self.limit)),
            ("offset", json!(self.offset)),
            ("sort_by", json!(self.sort_by)),
            ("sort_order", json!(order)),
        ];
        page.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
        if rules.reference {
            page.insert("window".to_owned(), json!(self.deepest));
        }
        page
    }
}

/// An instant as the API writes it: `2025-01-15T10:00:00.250Z`.
pub(crate) fn written(ms: u64) -> String {
    let instant = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
