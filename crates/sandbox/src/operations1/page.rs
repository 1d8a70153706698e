//! Queries, and the pages that answer them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::exchange::Request;
use crate::operations1::Rules;
use crate::operations1::fail::Fail;
use crate::operations1::filter::{Filter, Row};
use crate::operations1::route::Resource;
use crate::operations1::show::show_group;
use crate::operations1::stamp;
use crate::operations1::tenant::Tenant;

const USUAL_SIZE: usize = 10;
const LARGEST_SIZE: usize = 200;

/// The parameters of a query, in their order.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// Filters are not looked at.
    pub(crate) blind: bool,
}

impl Query {
    pub(crate) fn new(request: &Request, rules: &Rules) -> Self {
        let text = request.query.as_deref().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Query { pairs, blind: rules.filter_ignored }
    }

    /// Every value of a parameter that may be repeated; nothing if it is not there.
    pub(crate) fn all(&self, name: &str) -> Option<Vec<&str>> {
        let values = self.pairs.iter().filter(|(known, _)| known == name);
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then_some(values)
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name)?.first().copied()
    }

    /// A parameter, read by `read`; what that cannot read is refused.
    pub(crate) fn read<'a, T>(
        &'a self,
        name: &str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Fail> {
        let value = self.one(name);
        value.map(|value| read(value).ok_or_else(|| Fail::parameter(name))).transpose()
    }

    pub(crate) fn ids(&self, name: &str) -> Result<Option<Vec<u64>>, Fail> {
        let Some(values) = self.all(name) else { return Ok(None) };
        let ids: Option<Vec<u64>> = values.iter().map(|value| value.parse().ok()).collect();
        ids.map(Some).ok_or_else(|| Fail::parameter(name))
    }

    pub(crate) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Fail> {
        self.read(name, stamp::moment)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fail> {
        self.read(name, |text| text.parse().ok())
    }

    /// The page's number and size; `last` is resolved by the number of rows.
    fn window(&self, total: usize, rules: &Rules) -> Result<(usize, usize), Fail> {
        let least = if rules.counts_only { 0 } else { 1 };
        let size = self.read("pageSize", |text| {
            text.parse::<usize>().ok().filter(|size| (least..=LARGEST_SIZE).contains(size))
        })?;
        let size = size.unwrap_or(USUAL_SIZE);
        let last = total.div_ceil(size.max(1)).saturating_sub(1);
        let last = if size == 0 { 0 } else { last };
        let index = self.read("pageIndex", |text| match text {
            "last" => Some(last),
            text => text.parse().ok(),
        })?;
        Ok((index.unwrap_or(0), size))
    }
}

impl Tenant {
    /// A page of a list.
    pub(crate) fn page(
        &self,
        resource: Resource,
        query: &Query,
        rules: &Rules,
    ) -> Result<Value, Fail> {
        let filter = Filter::new(resource, query)?;
        match resource {
            Resource::Users => {
                filled(query, rules, filter.pick(self.users.values()), |row| self.show_user(row))
            }
            Resource::Groups => filled(query, rules, filter.pick(self.groups.values()), show_group),
            Resource::Orders => {
                let picked = match filter.ids(&self.by_custom_id) {
                    Some(ids) => filter.pick(ids.iter().filter_map(|id| self.orders.get(id))),
                    None => filter.pick(self.orders.values()),
                };
                filled(query, rules, picked, |row| self.show_order(row))
            }
            Resource::Reports => {
                let picked = filter.pick(self.reports.values());
                filled(query, rules, picked, |row| self.show_report(row))
            }
            Resource::Documents => {
                let picked = filter.pick(self.documents.values());
                filled(query, rules, picked, |row| self.show_document(row))
            }
            Resource::Connectors => Err(Fail::not_found()),
        }
    }
}

/// The rows of the page that was asked for; a page beyond the end has none.
fn filled<R: Row>(
    query: &Query,
    rules: &Rules,
    rows: Vec<&R>,
    show: impl Fn(&R) -> Value,
) -> Result<Value, Fail> {
    let (index, size) = query.window(rows.len(), rules)?;
    let page = rows.iter().skip(index.saturating_mul(size)).take(size);
    let items: Vec<Value> = page.map(|row| show(row)).collect();
    Ok(json!({
        "totalItemCount": rows.len(), "pageIndex": index, "pageSize": size, "items": items,
    }))
}
