//! Payments: their fields, what they allocate, how they are shown, how they are found.

use serde_json::{Map, Value, json};

use crate::thredfi::Rules;
use crate::thredfi::book::{Business, Payment, Row};
use crate::thredfi::fail::{Details, Fail, add};
use crate::thredfi::invoice::own_currency;
use crate::thredfi::page::{Picked, Query};
use crate::thredfi::schema::{self, Field, Mode, Rule, cents_of, may, must, read, text_of};
use crate::thredfi::stamp::written;

const METHODS: [&str; 9] = [
    "bank_transfer",
    "credit_card",
    "debit_card",
    "ach",
    "check",
    "cash",
    "paypal",
    "stripe",
    "other",
];

const PAYMENT: [Field; 14] = [
    must("customer_id", Rule::Text(255)),
    must("total_amount_cents", Rule::Int { min: 1 }),
    must("payment_date", Rule::Date),
    may("currency", Rule::Text(10)),
    may("payment_method", Rule::Choice(&METHODS)).or("\"bank_transfer\""),
    may("payment_reference", Rule::Text(255)),
    may("external_id", Rule::Text(255)),
    may("note", Rule::Text(10_000)),
    may("notes", Rule::Text(10_000)),
    may("metadata", Rule::Any),
    may("references", Rule::Any),
    may("processing_fee_cents", Rule::Int { min: 0 }),
    may("payment_processor", Rule::Text(100)),
    // Read by `allocations` below.
    must("allocations", Rule::List),
];

/// What a change may not touch.
const FIXED: [&str; 4] = ["customer_id", "total_amount_cents", "allocations", "currency"];

/// A payment that has passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) data: Map<String, Value>,
    pub(crate) customer: usize,
    pub(crate) total: i64,
    pub(crate) allocations: Vec<(usize, i64)>,
}

/// Reads a payment to a business.
pub(crate) fn read_payment(
    body: &Map<String, Value>,
    business: &Row<Business>,
    rules: &Rules,
) -> Result<Draft, Fail> {
    let mut details = Details::new();
    let mut data = read(&PAYMENT, body, Mode::Whole, "", &mut details);
    let given = data.remove("allocations");
    let total = cents_of(&data, "total_amount_cents");
    let customer = text_of(&data, "customer_id").map(|id| business.customer(id));
    if customer == Some(None) {
        add(&mut details, "customer_id", "Invalid customer ID");
    }
    if let Some(code) = text_of(&data, "currency")
        && let Err(text) = own_currency(code, business, rules)
    {
        add(&mut details, "currency", text);
    }
    let given = given.as_ref().and_then(Value::as_array);
    let allocations = given.map(|given| read_allocations(given, business, &mut details));
    let (Some(Some(customer)), Some(allocations), true) =
        (customer, allocations, details.is_empty())
    else {
        return Err(Fail::invalid(details));
    };
    data.insert("currency".to_owned(), json!(business.currency()));
    Ok(Draft { data, customer, total, allocations })
}

fn read_allocations(
    given: &[Value],
    business: &Row<Business>,
    details: &mut Details,
) -> Vec<(usize, i64)> {
    let mut allocations = Vec::new();
    for (at, one) in given.iter().enumerate() {
        let Value::Object(one) = one else {
            add(details, &format!("allocations.{at}"), "Invalid data. Expected a dictionary.");
            continue;
        };
        let cents = match one.get("amount_cents") {
            None => Err("This field is required.".to_owned()),
            Some(value) => schema::int(value, 1),
        };
        let invoice = match one.get("invoice_id") {
            None => Err("This field is required."),
            Some(id) => id
                .as_str()
                .and_then(|id| business.kept.invoices.position(id))
                .ok_or("Invalid invoice ID"),
        };
        match (invoice, cents) {
            (Ok(invoice), Ok(cents)) => allocations.push((invoice, cents)),
            (invoice, cents) => {
                if let Err(text) = invoice {
                    add(details, &format!("allocations.{at}.invoice_id"), text);
                }
                if let Err(text) = cents {
                    add(details, &format!("allocations.{at}.amount_cents"), text);
                }
            }
        }
    }
    allocations
}

/// Checks a payment against what is owed now. A repeat of one that has landed would not pass, so this comes
/// after the look for one with the same `external_id`.
pub(crate) fn check_owed(draft: &Draft, business: &Row<Business>) -> Result<(), Fail> {
    check_allocations(&draft.allocations, draft.customer, draft.total, business)
}

/// Allocations go to invoices of the customer, up to what each still owes and to the payment's total.
fn check_allocations(
    allocations: &[(usize, i64)],
    customer: usize,
    total: i64,
    business: &Row<Business>,
) -> Result<(), Fail> {
    let mut details = Details::new();
    for (at, (invoice, _)) in allocations.iter().enumerate() {
        let Some(row) = business.kept.invoices.at(*invoice) else { continue };
        if row.kept.customer != customer {
            let text = "The invoice is of another customer.";
            add(&mut details, &format!("allocations.{at}.invoice_id"), text);
        }
        // The same invoice may stand there more than once.
        let so_far = allocations.iter().take(at + 1).filter(|(other, _)| other == invoice);
        if so_far.map(|(_, cents)| cents).sum::<i64>() > row.kept.outstanding() {
            let text = "The allocation exceeds the outstanding amount.";
            add(&mut details, &format!("allocations.{at}.amount_cents"), text);
        }
    }
    if allocations.iter().map(|(_, cents)| cents).sum::<i64>() > total {
        add(&mut details, "allocations", "The allocations exceed the total amount.");
    }
    if details.is_empty() { Ok(()) } else { Err(Fail::invalid(details)) }
}

/// Reads a change to a payment: what it is, as a whole.
pub(crate) fn change_payment(
    body: &Map<String, Value>,
    before: &Row<Payment>,
) -> Result<Map<String, Value>, Fail> {
    let mut details = Details::new();
    for name in FIXED.into_iter().filter(|name| body.contains_key(*name)) {
        add(&mut details, name, "This field may not be changed.");
    }
    let changed = read(&PAYMENT, body, Mode::Part, "", &mut details);
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    let mut data = before.data.clone();
    data.extend(changed);
    Ok(data)
}

/// How a status begins a sentence: `Completed`.
pub(crate) fn capitalized(status: &str) -> String {
    let mut letters = status.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn show_payment(row: &Row<Payment>, business: &Row<Business>) -> Map<String, Value> {
    let kept = &row.kept;
    let invoice = |position: &usize| business.kept.invoices.at(*position);
    let counted = if kept.counts() { kept.allocated() } else { 0 };
    let rest = kept.total - counted;
    let applied: Vec<Value> = kept
        .allocations
        .iter()
        .filter_map(|(position, cents)| {
            let invoice = invoice(position)?;
            Some(json!({
                "id": invoice.id, "invoice_number": invoice.data.get("invoice_number"),
                "applied_amount_cents": cents, "status": invoice.kept.status(),
                "outstanding_amount_cents": invoice.kept.outstanding(),
            }))
        })
        .collect();
    let allocations: Vec<Value> = kept
        .allocations
        .iter()
        .filter_map(|(position, cents)| {
            Some(json!({ "invoice_id": invoice(position)?.id, "amount_cents": cents }))
        })
        .collect();
    let mut shown = Map::with_capacity(row.data.len() + 20);
    shown.insert("id".to_owned(), json!(row.id));
    shown.insert("business_id".to_owned(), json!(business.id));
    shown.extend(row.data.clone());
    let rest = [
        ("applied_amount_cents", json!(counted)),
        ("allocated_amount_cents", json!(counted)),
        ("unapplied_amount_cents", json!(rest)),
        ("remaining_amount_cents", json!(rest)),
        ("status", json!(kept.status)),
        ("bank_reference", Value::Null),
        ("idempotency_key", json!(kept.idempotency_key)),
        ("allocations", Value::Array(allocations)),
        ("applied_invoices", Value::Array(applied)),
        ("created_at", json!(written(row.created_ms))),
        ("updated_at", json!(written(row.updated_ms))),
    ];
    shown.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    shown
}

/// The payments that the filters leave, in the order asked for.
pub(crate) fn pick_payments(business: &Business, query: &Query) -> Result<Picked, Fail> {
    let payments = &business.payments;
    let customers = query.several("customer_id");
    let customers: Option<Vec<usize>> =
        customers.map(|ids| ids.iter().filter_map(|id| business.customers.position(id)).collect());
    let invoice = query.filter("invoice_id").map(|id| business.invoices.position(id));
    let (statuses, methods) = (query.several("status"), query.several("payment_method"));
    let (least, most) = (query.cents("min_amount")?, query.cents("max_amount")?);
    let (from, to) = (query.date("payment_date_start")?, query.date("payment_date_end")?);
    let search = query.filter("search").map(str::to_lowercase);
    let passes = |position: &usize| {
        let Some(row) = payments.at(*position) else { return false };
        let text = |name: &str| text_of(&row.data, name).unwrap_or_default();
        let one_of = |wanted: &Option<Vec<&str>>, value: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(|one| one.eq_ignore_ascii_case(value)))
        };
        let has = |part: &String| {
            ["external_id", "payment_reference", "note", "notes"]
                .iter()
                .any(|name| text(name).to_lowercase().contains(part))
        };
        customers.as_ref().is_none_or(|wanted| wanted.contains(&row.kept.customer))
            && invoice.is_none_or(|wanted| {
                row.kept.allocations.iter().any(|(invoice, _)| Some(*invoice) == wanted)
            })
            && one_of(&statuses, row.kept.status)
            && one_of(&methods, text("payment_method"))
            && least.is_none_or(|least| row.kept.total >= least)
            && most.is_none_or(|most| row.kept.total <= most)
            && from.as_deref().is_none_or(|from| text("payment_date") >= from)
            && to.as_deref().is_none_or(|to| text("payment_date") <= to)
            && search.as_ref().is_none_or(has)
    };
    let descending = match query.filter("sort_order").unwrap_or("desc") {
        "desc" => true,
        "asc" => false,
        other => {
            return Err(Fail::field("sort_order", format!("\"{other}\" is not a valid choice.")));
        }
    };
    let sorted: Vec<usize> = match query.filter("sort_by").unwrap_or("payment_date") {
        "payment_date" => business.payments_by_date.iter().map(|(_, position)| *position).collect(),
        "created_at" => (0..payments.len()).collect(),
        "amount" => {
            let mut all: Vec<usize> = (0..payments.len()).collect();
            all.sort_by_key(|position| payments.at(*position).map(|row| row.kept.total));
            all
        }
        other => return Err(Fail::field("sort_by", format!("\"{other}\" is not a valid choice."))),
    };
    let picked = sorted.into_iter().filter(passes);
    Ok(Picked::Some(if descending { picked.rev().collect() } else { picked.collect() }))
}
