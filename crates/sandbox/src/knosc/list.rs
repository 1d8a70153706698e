//! Lists: paging, filters, sorting and the envelope.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use crate::knosc::fail::Fail;
use crate::knosc::forecast::{self, Forecast};
use crate::knosc::inventory::Stock;
use crate::knosc::master::Kind;
use crate::knosc::resource::Resource;
use crate::knosc::rows::{Keyed, Rows};
use crate::knosc::store::Store;
use crate::knosc::user::Users;
use crate::knosc::{Rules, column, order};

const DEFAULT_PAGE_SIZE: usize = 100;
const LARGEST_PAGE_SIZE: usize = 1000;

/// What a query asks for.
#[derive(Debug)]
struct Query {
    filters: Vec<Filter>,
    sort: Option<(String, bool)>,
    skip: usize,
    take: usize,
}

/// Rows whose column has one of these values.
#[derive(Debug)]
struct Filter {
    category: String,
    values: Vec<Value>,
}

type Row = Map<String, Value>;

/// The reply's body, as text.
pub(crate) fn answer(
    resource: Resource,
    query: Option<&str>,
    store: &Store,
    users: &Users,
    rules: &Rules,
) -> Result<String, Fail> {
    let columns = column::of(resource);
    let query = read_query(query.unwrap_or(""), &columns, rules)?;
    let rows = select(resource, &query, store, users);
    let headers: Vec<Value> = columns
        .iter()
        .map(|column| json!({ "key": column, "format": column::format(column) }))
        .collect();
    let first = columns.first().copied().unwrap_or_default();
    let (key, descending) =
        query.sort.as_ref().map_or((first, false), |(key, down)| (key.as_str(), *down));
    let sort = json!({ "key": key, "type": if descending { "Descending" } else { "Ascending" } });
    let envelope = json!({ "data": { "headers": headers, "sort": sort, "rows": rows }, "tags": {}, "extra": {} });
    Ok(envelope.to_string())
}

fn read_query(text: &str, columns: &[&str], rules: &Rules) -> Result<Query, Fail> {
    let mut query = Query { filters: Vec::new(), sort: None, skip: 0, take: DEFAULT_PAGE_SIZE };
    let (mut page, mut page_size, mut paged) = (1, DEFAULT_PAGE_SIZE, false);
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "page" => (page, paged) = (positive("page", &value)?, true),
            "page_size" => {
                (page_size, paged) = (positive("page_size", &value)?.min(LARGEST_PAGE_SIZE), true)
            }
            "filter" if !rules.filter_ignored => query.filters = read_filters(&value, columns)?,
            "sort" => query.sort = Some(read_sort(&value, columns)?),
            _ => {}
        }
    }
    (query.skip, query.take) = (page_size.saturating_mul(page - 1), page_size);
    if rules.unpaged && !paged {
        (query.skip, query.take) = (0, usize::MAX);
    }
    Ok(query)
}

fn positive(name: &str, text: &str) -> Result<usize, Fail> {
    text.parse().ok().filter(|value| *value > 0).ok_or_else(|| Fail::invalid_field(name))
}

fn read_filters(text: &str, columns: &[&str]) -> Result<Vec<Filter>, Fail> {
    let parsed: Value = serde_json::from_str(text).map_err(|_| Fail::filter_invalid())?;
    let entries = parsed.as_array().ok_or_else(Fail::filter_invalid)?;
    entries.iter().map(|entry| read_filter(entry, columns)).collect()
}

fn read_filter(entry: &Value, columns: &[&str]) -> Result<Filter, Fail> {
    let category =
        entry.get("category").and_then(Value::as_str).filter(|name| columns.contains(name));
    let category = category.ok_or_else(Fail::filter_invalid)?.to_owned();
    let values = match entry.get("value") {
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
        None => return Err(Fail::filter_invalid()),
    };
    if values.iter().any(|value| value.is_array() || value.is_object()) {
        return Err(Fail::filter_invalid());
    }
    Ok(Filter { category, values })
}

fn read_sort(text: &str, columns: &[&str]) -> Result<(String, bool), Fail> {
    let (column, direction) = text.rsplit_once(':').ok_or_else(Fail::sort_invalid)?;
    let descending = match direction {
        "Ascending" => false,
        "Descending" => true,
        _ => return Err(Fail::sort_invalid()),
    };
    if !columns.contains(&column) {
        return Err(Fail::sort_invalid());
    }
    Ok((column.to_owned(), descending))
}

impl Query {
    fn filter(&self, category: &str) -> Option<&Filter> {
        self.filters.iter().find(|filter| filter.category == category)
    }

    fn accepts(&self, row: &Row) -> bool {
        self.filters.iter().all(|filter| {
            let cell = row.get(&filter.category).unwrap_or(&Value::Null);
            filter.values.iter().any(|value| same(value, cell))
        })
    }

    /// Filters, sorts and pages. Without filter and sort only the rows of the page are rendered.
    fn pick<T>(&self, candidates: impl Iterator<Item = T>, render: impl Fn(T) -> Row) -> Vec<Row> {
        if self.filters.is_empty() && self.sort.is_none() {
            return candidates.skip(self.skip).take(self.take).map(render).collect();
        }
        let mut rows = candidates.map(render).filter(|row| self.accepts(row));
        let Some((column, descending)) = &self.sort else {
            return rows.skip(self.skip).take(self.take).collect();
        };
        let mut sorted: Vec<Row> = rows.by_ref().collect();
        sorted.sort_by(|left, right| {
            let order = compare(left.get(column), right.get(column));
            if *descending { order.reverse() } else { order }
        });
        sorted.into_iter().skip(self.skip).take(self.take).collect()
    }
}

impl Query {
    /// As [`Query::pick`], but where the natural key is filtered on, only the rows that have it are looked at.
    fn pick_keyed<T: Keyed>(
        &self,
        column: &str,
        rows: &Rows<T>,
        render: impl Fn((u64, &T)) -> Row,
    ) -> Vec<Row> {
        let asked = self.filter(column).map(|filter| filter.values.as_slice());
        match asked.filter(|values| values.iter().all(Value::is_string)) {
            None => self.pick(rows.iter(), render),
            Some(values) => {
                let keys = values.iter().filter_map(Value::as_str);
                let mut found: Vec<(u64, &T)> = keys.flat_map(|key| rows.with_key(key)).collect();
                found.sort_unstable_by_key(|(id, _)| *id);
                found.dedup_by_key(|(id, _)| *id);
                self.pick(found.into_iter(), render)
            }
        }
    }
}

/// Whether a cell has the value asked for: text exactly, numbers by value.
fn same(asked: &Value, cell: &Value) -> bool {
    match (asked, cell) {
        (Value::Number(asked), Value::Number(cell)) => {
            asked == cell || asked.as_f64() == cell.as_f64()
        }
        _ => asked == cell,
    }
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Null => 0,
        _ => 3,
    };
    let (left, right) = (left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null));
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn select(resource: Resource, query: &Query, store: &Store, users: &Users) -> Vec<Row> {
    let masters = &store.masters;
    match resource {
        Resource::Orders => select_orders(query, store),
        Resource::Lines => select_lines(query, store),
        Resource::Master(kind) => {
            // Inactive warehouses are hidden from every list unless it is filtered on their status.
            let hide = kind == Kind::Warehouse && query.filter(kind.status_column()).is_none();
            let records = masters.table(kind).iter();
            let visible = records.filter(|(_, record)| !hide || record.is_active(kind));
            query.pick(visible, |(id, record)| masters.show(kind, id, record))
        }
        Resource::Inventory => {
            let show = |(id, stock): (u64, &Stock)| stock.show(id, masters);
            query.pick_keyed("Inventory Unique Id", &store.stock, show)
        }
        Resource::Forecasts => {
            let show = |(id, forecast): (u64, &Forecast)| forecast.list_row(id);
            query.pick_keyed("Forecast List Number", &store.forecasts.rows, show)
        }
        Resource::ForecastOverTime => {
            let rows = forecast::over_time(&store.forecasts, &store.orders, masters);
            query.pick(rows.into_iter(), |row| row)
        }
        Resource::Users => query.pick(users.iter(), |(id, user)| users.show(id, user)),
        Resource::Roles => query.pick(users.roles(), |(id, role)| role.show(id)),
    }
}

fn select_orders(query: &Query, store: &Store) -> Vec<Row> {
    // Received and closed orders are in the archive, and shown only where their status is asked for.
    let archived_too = query.filter("PO List Document Status").is_some();
    let visible = |order: &order::Order| archived_too || !order.is_archived();
    let render = |(id, order): (u64, &order::Order)| order::list_row(id, order, &store.masters);
    if let Some(filter) = query.filter("PO List Number") {
        let numbers = filter.values.iter().filter_map(Value::as_str);
        let mut ids: Vec<u64> =
            numbers.flat_map(|number| store.orders.ids_of(number)).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let found = ids.into_iter().filter_map(|id| Some((id, store.orders.get(id)?)));
        return query.pick(found.filter(|(_, order)| visible(order)), render);
    }
    query.pick(store.orders.iter().filter(|(_, order)| visible(order)), render)
}

fn select_lines(query: &Query, store: &Store) -> Vec<Row> {
    let lines = store.orders.line_ids().filter_map(|line| store.orders.line(line));
    let visible = lines.filter(|(_, order, _)| !order.is_archived());
    query.pick(visible, |(id, order, line)| {
        let mut row = order::line_row(line, &store.masters);
        row.insert("Purchase Order Id".to_owned(), json!(id));
        row.insert("PO List Number".to_owned(), json!(order.number));
        row
    })
}
