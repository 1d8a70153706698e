//! Invoices: their fields, their sums, how they are shown, how they are found.

use serde_json::{Map, Value, json};

use crate::service::Now;
use crate::thredfi::Rules;
use crate::thredfi::book::{Business, Invoice, Row};
use crate::thredfi::fail::{Details, Fail, add};
use crate::thredfi::page::{Picked, Query};
use crate::thredfi::party::{check_currency, display_name};
use crate::thredfi::schema::{
    self, Field, Mode, Rule, cents_of, may, must, not_a_list, read, text_of,
};
use crate::thredfi::stamp::written;

const INVOICE: [Field; 18] = [
    must("external_id", Rule::Text(255)),
    must("sent_at", Rule::Moment),
    may("due_at", Rule::Moment),
    may("customer_id", Rule::Text(255)),
    may("customer_external_id", Rule::Text(255)),
    may("invoice_number", Rule::Text(255)),
    may("invoice_type", Rule::Choice(&["invoice"])).or("\"invoice\""),
    may("currency", Rule::Text(10)),
    may("memo", Rule::Text(10_000)),
    may("additional_discount", Rule::Int { min: 0 }).or("0"),
    may("additional_sales_taxes", Rule::List).or("[]"),
    may("additional_sales_taxes_total", Rule::Int { min: 0 }),
    may("tips", Rule::Int { min: 0 }).or("0"),
    may("tips_account", Rule::Text(255)),
    may("transaction_tags", Rule::List).or("[]"),
    may("metadata", Rule::Any),
    may("document", Rule::Any),
    // Read by `lines` below.
    may("line_items", Rule::Any),
];

const LINE: [Field; 6] = [
    may("external_id", Rule::Text(255)),
    may("description", Rule::Text(10_000)),
    may("account_identifier", Rule::Any),
    may("account_code", Rule::Any),
    may("product", Rule::Any),
    may("discount_amount", Rule::Int { min: 0 }).or("0"),
];

const TAX: [Field; 3] = [
    must("amount", Rule::Int { min: 0 }),
    may("tax_account", Rule::Any),
    may("discount_amount", Rule::Int { min: 0 }).or("0"),
];

/// An invoice that has passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) data: Map<String, Value>,
    pub(crate) customer: usize,
    pub(crate) lines: Vec<Value>,
    pub(crate) subtotal: i64,
    pub(crate) total: i64,
}

/// Reads an invoice of a business.
pub(crate) fn read_invoice(
    body: &Map<String, Value>,
    business: &Row<Business>,
    rules: &Rules,
) -> Result<Draft, Fail> {
    let mut details = Details::new();
    let mut data = read(&INVOICE, body, Mode::Whole, "", &mut details);
    data.remove("line_items");
    let lines = read_lines(body, &mut details);
    let more =
        read_taxes(data.get("additional_sales_taxes"), "additional_sales_taxes", &mut details);
    if let Some(code) = text_of(&data, "currency")
        && let Err(text) = own_currency(code, business, rules)
    {
        add(&mut details, "currency", text);
    }
    let by_id = known(text_of(&data, "customer_id"), |id| business.customer(id));
    let customers = &business.kept.customers;
    let by_external = known(text_of(&data, "customer_external_id"), |id| customers.holder(id));
    for (found, name) in [(by_id, "customer_id"), (by_external, "customer_external_id")] {
        if found == Some(None) {
            add(&mut details, name, "Invalid customer ID");
        }
    }
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    let customer = match (by_id.flatten(), by_external.flatten()) {
        (Some(one), Some(other)) if one != other => {
            let text = "customer_id and customer_external_id name different customers.";
            return Err(Fail::field("customer_id", text));
        }
        (Some(customer), _) | (None, Some(customer)) => customer,
        (None, None) => {
            let text = "One of customer_id and customer_external_id is required.";
            return Err(Fail::field("customer_id", text));
        }
    };
    let sum =
        |name: &str| -> i64 { lines.iter().map(|line| line[name].as_i64().unwrap_or(0)).sum() };
    let subtotal = sum("subtotal_cents");
    let stated = data.get("additional_sales_taxes_total").and_then(Value::as_i64);
    let taxes = sum("tax_cents") + stated.unwrap_or(more);
    let total = subtotal + taxes + cents_of(&data, "tips") - cents_of(&data, "additional_discount");
    if total < 0 {
        return Err(Fail::field("additional_discount", "The discount exceeds the total."));
    }
    data.insert("currency".to_owned(), json!(business.currency()));
    Ok(Draft { data, customer, lines, subtotal, total })
}

/// What a given name leads to: nothing if none is given.
fn known(name: Option<&str>, find: impl Fn(&str) -> Option<usize>) -> Option<Option<usize>> {
    name.map(find)
}

/// A currency has to exist, and to be that of the business.
pub(crate) fn own_currency(
    code: &str,
    business: &Row<Business>,
    rules: &Rules,
) -> Result<(), String> {
    check_currency(code, rules)?;
    let own = business.currency();
    if code == own { Ok(()) } else { Err(format!("Currency must be that of the business, {own}.")) }
}

fn read_lines(body: &Map<String, Value>, details: &mut Details) -> Vec<Value> {
    let items = match body.get("line_items") {
        None => {
            add(details, "line_items", "This field is required.");
            return Vec::new();
        }
        Some(Value::Null) => {
            add(details, "line_items", "This field may not be null.");
            return Vec::new();
        }
        Some(Value::Array(items)) if items.is_empty() => {
            add(details, "line_items", "This list may not be empty.");
            return Vec::new();
        }
        Some(Value::Array(items)) => items,
        Some(other) => {
            add(details, "line_items", not_a_list(other));
            return Vec::new();
        }
    };
    items.iter().enumerate().map(|(at, item)| read_line(at, item, details)).collect()
}

/// A line as it is kept, with its sums.
fn read_line(at: usize, item: &Value, details: &mut Details) -> Value {
    let prefix = format!("line_items.{at}.");
    let Value::Object(item) = item else {
        add(details, &format!("line_items.{at}"), "Invalid data. Expected a dictionary.");
        return Value::Null;
    };
    let mut line = read(&LINE, item, Mode::Whole, &prefix, details);
    let account = ["account_identifier", "account_code"]
        .iter()
        .find_map(|name| item.get(*name).filter(|value| !value.is_null()).cloned());
    for name in ["account_identifier", "account_code"] {
        line.insert(name.to_owned(), account.clone().unwrap_or_default());
    }
    let micro = match item.get("quantity").map(quantity_micro) {
        None => Err("This field is required."),
        Some(read) => read,
    };
    let name = if item.contains_key("unit_price") { "unit_price" } else { "unit_price_cents" };
    let price = match item.get(name) {
        None => Err("This field is required.".to_owned()),
        Some(value) => schema::int(value, 0),
    };
    let taxes = item.get("sales_taxes").filter(|taxes| !taxes.is_null());
    let tax = read_taxes(taxes, &format!("{prefix}sales_taxes"), details);
    line.insert("sales_taxes".to_owned(), taxes.cloned().unwrap_or(json!([])));
    let micro = micro.unwrap_or_else(|text| {
        add(details, &format!("{prefix}quantity"), text);
        0
    });
    let price = price.unwrap_or_else(|text| {
        let name = if item.contains_key(name) { name } else { "unit_price" };
        add(details, &format!("{prefix}{name}"), text);
        0
    });
    // Half a cent is rounded up.
    let gross = (micro * i128::from(price) + 500_000) / 1_000_000;
    let gross = i64::try_from(gross).unwrap_or(i64::MAX / 2);
    let discount = cents_of(&line, "discount_amount");
    if discount > gross && details.is_empty() {
        add(details, &format!("{prefix}discount_amount"), "The discount exceeds the amount.");
    }
    line.insert("quantity".to_owned(), item.get("quantity").cloned().unwrap_or_default());
    line.insert("unit_price".to_owned(), json!(price));
    line.insert("unit_price_cents".to_owned(), json!(price));
    line.insert("subtotal_cents".to_owned(), json!(gross - discount));
    line.insert("tax_cents".to_owned(), json!(tax));
    line.insert("total_cents".to_owned(), json!(gross - discount + tax));
    Value::Object(line)
}

/// The sum of a list of taxes.
fn read_taxes(taxes: Option<&Value>, field: &str, details: &mut Details) -> i64 {
    let taxes = match taxes {
        None | Some(Value::Null) => return 0,
        Some(Value::Array(taxes)) => taxes,
        Some(other) => {
            add(details, field, not_a_list(other));
            return 0;
        }
    };
    let mut sum = 0;
    for (at, tax) in taxes.iter().enumerate() {
        match tax {
            Value::Object(tax) => {
                let read = read(&TAX, tax, Mode::Whole, &format!("{field}.{at}."), details);
                sum += cents_of(&read, "amount") - cents_of(&read, "discount_amount");
            }
            _ => add(details, &format!("{field}.{at}"), "Invalid data. Expected a dictionary."),
        }
    }
    sum
}

/// A quantity in millionths.
fn quantity_micro(value: &Value) -> Result<i128, &'static str> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err("A valid number is required."),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let plain = !whole.is_empty()
        && digits(whole.strip_prefix('-').unwrap_or(whole))
        && digits(fraction)
        && whole.len() <= 15;
    if !plain {
        return Err("A valid number is required.");
    }
    if fraction.len() > 6 {
        return Err("Ensure that there are no more than 6 decimal places.");
    }
    let micro: i128 =
        format!("{whole}{fraction:0<6}").parse().map_err(|_| "A valid number is required.")?;
    if micro <= 0 { Err("Ensure this value is greater than 0.") } else { Ok(micro) }
}

pub(crate) fn show_invoice(
    row: &Row<Invoice>,
    business: &Row<Business>,
    now: Now,
) -> Map<String, Value> {
    let kept = &row.kept;
    let customer = business.kept.customers.at(kept.customer);
    let customer_id = customer.map(|customer| customer.id.as_str());
    let due = text_of(&row.data, "due_at");
    let overdue = kept.outstanding() > 0 && due.is_some_and(|due| due < written(now.ms).as_str());
    let mut shown = Map::with_capacity(row.data.len() + 20);
    shown.insert("type".to_owned(), json!("invoice"));
    shown.insert("id".to_owned(), json!(row.id));
    shown.insert("business_id".to_owned(), json!(business.id));
    shown.extend(row.data.clone());
    let customer_external_id = customer.and_then(Row::external_id);
    let rest = [
        ("status", json!(kept.status())),
        ("paid_at", json!(kept.paid_ms.map(written))),
        ("voided_at", json!(kept.voided_ms.map(written))),
        ("is_overdue", json!(overdue)),
        ("customer_id", json!(customer_id)),
        ("customer_external_id", json!(customer_external_id)),
        (
            "customer",
            json!({
                "id": customer_id, "external_id": customer_external_id,
                "display_name": customer.map(|customer| display_name(&customer.data)),
            }),
        ),
        ("line_items", Value::Array(kept.lines.clone())),
        ("subtotal_cents", json!(kept.subtotal)),
        ("total_cents", json!(kept.total)),
        ("outstanding_amount_cents", json!(kept.outstanding())),
        ("created_at", json!(written(row.created_ms))),
        ("updated_at", json!(written(row.updated_ms))),
    ];
    shown.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    shown
}

/// The invoices that the filters leave.
pub(crate) fn pick_invoices(business: &Business, query: &Query) -> Result<Picked, Fail> {
    const FILTERS: [&str; 8] = [
        "customer_id",
        "customer_external_id",
        "due_at_start",
        "due_at_end",
        "max_amount",
        "min_amount",
        "status",
        "external_id",
    ];
    let invoices = &business.invoices;
    if FILTERS.iter().all(|name| query.filter(name).is_none()) {
        return Ok(Picked::All(invoices.len()));
    }
    let customers: Option<Vec<usize>> = query
        .several("customer_id")
        .map(|ids| ids.iter().filter_map(|id| business.customers.position(id)).collect());
    let external = query.filter("customer_external_id").map(|id| business.customers.holder(id));
    let (from, to) = (query.moment("due_at_start")?, query.moment("due_at_end")?);
    let (least, most) = (query.cents("min_amount")?, query.cents("max_amount")?);
    let statuses = query.several("status");
    let passes = |position: &usize| {
        let Some(row) = invoices.at(*position) else { return false };
        let due = text_of(&row.data, "due_at");
        customers.as_ref().is_none_or(|wanted| wanted.contains(&row.kept.customer))
            && external.is_none_or(|wanted| wanted == Some(row.kept.customer))
            && from.as_deref().is_none_or(|from| due.is_some_and(|due| due >= from))
            && to.as_deref().is_none_or(|to| due.is_some_and(|due| due <= to))
            && least.is_none_or(|least| row.kept.total >= least)
            && most.is_none_or(|most| row.kept.total <= most)
            && statuses.as_ref().is_none_or(|wanted| has_status(&row.kept, wanted))
    };
    Ok(Picked::Some(match query.filter("external_id") {
        Some(wanted) => invoices.holders(wanted).into_iter().filter(passes).collect(),
        None => (0..invoices.len()).filter(passes).collect(),
    }))
}

fn has_status(invoice: &Invoice, wanted: &[&str]) -> bool {
    let status = invoice.status();
    let unpaid = matches!(status, "SENT" | "PARTIALLY_PAID");
    wanted.iter().any(|name| {
        name.eq_ignore_ascii_case(status) || (name.eq_ignore_ascii_case("unpaid") && unpaid)
    })
}
