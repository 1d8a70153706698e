//! Lists: paging, filters, sorting and the envelope.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use crate::knosc::Rules;
use crate::knosc::fail::Fail;
use crate::knosc::master::Kind;
use crate::knosc::order::{self, LINE_TEXTS};
use crate::knosc::store::Store;

const DEFAULT_PAGE_SIZE: usize = 100;
const LARGEST_PAGE_SIZE: usize = 1000;

/// A list that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Orders,
    Lines,
    Master(Kind),
}

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
    listed: Listed,
    query: Option<&str>,
    store: &Store,
    rules: &Rules,
) -> Result<String, Fail> {
    let columns = columns(listed);
    let query = read_query(query.unwrap_or(""), &columns, rules)?;
    let rows = select(listed, &query, store);
    let headers: Vec<Value> = columns
        .iter()
        .map(|column| json!({ "key": column, "format": format_of(column) }))
        .collect();
    let (key, descending) =
        query.sort.as_ref().map_or(("id", false), |(key, down)| (key.as_str(), *down));
    let sort = json!({ "key": key, "type": if descending { "Descending" } else { "Ascending" } });
    let envelope = json!({ "data": { "headers": headers, "sort": sort, "rows": rows }, "tags": {}, "extra": {} });
    Ok(envelope.to_string())
}

/// The columns that can be shown, filtered and sorted by.
fn columns(listed: Listed) -> Vec<&'static str> {
    match listed {
        Listed::Orders => vec![
            "id",
            "PO List Number",
            "PO List Order Date",
            "Supplier Id",
            "Supplier Name",
            "Supplier Number",
            "PO Total Items",
            "PO List Quantity",
            "PO List Document Status",
            "PO List Servicenow Id",
        ],
        Listed::Lines => {
            let mut columns = vec![
                "id",
                "Purchase Order Id",
                "PO List Number",
                "Item Number",
                "Sub Item Number",
                "Warehouse Number",
                "Ship From Number",
                "PO Details Quantity",
                "PO Details Price",
            ];
            columns.extend(LINE_TEXTS);
            columns
        }
        Listed::Master(kind) => {
            let mut columns = vec!["id", kind.number()];
            columns.extend(kind.columns().iter().map(|(name, _)| *name));
            if kind == Kind::ShipFrom {
                columns.extend(["Supplier Id", "Supplier Number"]);
            }
            columns
        }
    }
}

fn format_of(column: &str) -> &'static str {
    match column {
        "id" | "PO Total Items" => "integer",
        _ if column.ends_with(" Date") => "date",
        _ if column.ends_with(" Id")
            && !column.contains("Servicenow")
            && !column.contains("Unique") =>
        {
            "integer"
        }
        _ if column.ends_with("Quantity")
            || column.ends_with("Price")
            || column.ends_with("Weight") =>
        {
            "number"
        }
        _ => "text",
    }
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

fn select(listed: Listed, query: &Query, store: &Store) -> Vec<Row> {
    match listed {
        Listed::Orders => select_orders(query, store),
        Listed::Lines => select_lines(query, store),
        Listed::Master(kind) => {
            // Inactive warehouses are hidden from every list unless it is filtered on their status.
            let hide = kind == Kind::Warehouse && query.filter(kind.status_column()).is_none();
            let records = store.masters.table(kind).iter();
            let visible = records.filter(|(_, record)| !hide || record.is_active(kind));
            query.pick(visible, |(id, record)| store.masters.show(kind, id, record))
        }
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
