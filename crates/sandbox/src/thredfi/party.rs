//! Businesses and customers: their fields, how they are shown, how they are found.

use serde_json::{Map, Value, json};

use crate::thredfi::Rules;
use crate::thredfi::book::{Business, Customer, Row};
use crate::thredfi::fail::{Details, Fail, add};
use crate::thredfi::page::{Picked, Query};
use crate::thredfi::schema::{Field, Mode, Rule, may, must, read, text_of};
use crate::thredfi::stamp::written;

const COUNTRIES: [&str; 17] = [
    "GB", "DE", "FR", "NL", "ES", "BE", "IT", "IE", "AT", "PT", "SE", "NO", "DK", "FI", "IS", "MY",
    "SG",
];

/// Which entity types a country knows; elsewhere any will do.
const ENTITY_TYPES: [(&str, &[&str]); 5] = [
    ("GB", &["limited", "plc", "llp", "sole_trader"]),
    ("DE", &["gmbh", "ug", "ag"]),
    ("NL", &["bv", "nv", "eenmanszaak"]),
    ("ES", &["sl", "sa"]),
    ("BE", &["bv", "srl", "nv"]),
];

const BUSINESS: [Field; 16] = [
    must("external_id", Rule::Text(255)),
    must("legal_name", Rule::Text(255)),
    must("entity_type", Rule::Text(100)),
    must("email", Rule::Email),
    may("country", Rule::Choice(&COUNTRIES)).or("\"GB\""),
    may("phone_number", Rule::Text(50)),
    may("tin", Rule::Text(50)),
    may("vat_number", Rule::Text(20)),
    may("company_number", Rule::Text(20)),
    may("province", Rule::Text(100)),
    may("eu_nace_industry_code", Rule::Text(10)),
    may("accounting_method", Rule::Choice(&["cash", "accrual"])).or("\"accrual\""),
    may("fiscal_year_end", Rule::Date),
    may("coa_language", Rule::Text(20)),
    may("metadata", Rule::Any),
    // Read by `currency` below, as it has two names.
    may("base_currency", Rule::Text(10)),
];

const CUSTOMER: [Field; 22] = [
    may("external_id", Rule::Text(255)),
    may("reference_number", Rule::Text(255)),
    may("individual_name", Rule::Text(255)),
    may("company_name", Rule::Text(255)),
    may("email", Rule::Email),
    may("mobile_phone", Rule::Text(50)),
    may("office_phone", Rule::Text(50)),
    may("address_line1", Rule::Text(255)),
    may("address_line2", Rule::Text(255)),
    may("city", Rule::Text(255)),
    may("state_county", Rule::Text(255)),
    may("postal_code", Rule::Text(50)),
    may("country", Rule::Text(100)),
    may("vat_number", Rule::Text(50)),
    may("tax_exempt", Rule::Flag).or("false"),
    may("status", Rule::Text(50)).or("\"active\""),
    may("transaction_tags", Rule::List).or("[]"),
    may("notes", Rule::Text(10_000)),
    may("metadata", Rule::Any),
    may("payment_terms_days", Rule::Int { min: 0 }),
    may("credit_limit_cents", Rule::Int { min: 0 }),
    may("document", Rule::Any),
];

/// The currencies that the rules know, as the message lists them.
pub(crate) fn check_currency(code: &str, rules: &Rules) -> Result<(), String> {
    if rules.currencies.contains(&code) {
        return Ok(());
    }
    Err(format!("Invalid currency code. Must be one of: {}", rules.currencies.join(", ")))
}

/// Reads a business to be made.
pub(crate) fn read_business(
    body: &Map<String, Value>,
    rules: &Rules,
) -> Result<Map<String, Value>, Fail> {
    let mut details = Details::new();
    let mut data = read(&BUSINESS, body, Mode::Whole, "", &mut details);
    let name = if body.contains_key("base_currency") { "base_currency" } else { "currency" };
    let country = text_of(&data, "country").unwrap_or("GB").to_owned();
    let usual = if country == "GB" { "GBP" } else { "EUR" };
    let currency = match body.get(name) {
        None | Some(Value::Null) => usual,
        Some(value) => value.as_str().unwrap_or_default(),
    };
    if let Err(text) = check_currency(currency, rules) {
        details.remove("base_currency");
        add(&mut details, name, text);
    }
    check_entity_type(&data, &country, &mut details);
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    data.insert("base_currency".to_owned(), json!(currency));
    Ok(data)
}

fn check_entity_type(data: &Map<String, Value>, country: &str, details: &mut Details) {
    let Some(given) = text_of(data, "entity_type") else { return };
    let known = ENTITY_TYPES.iter().find(|(name, _)| *name == country).map(|(_, known)| *known);
    if known.is_some_and(|known| !known.iter().any(|one| one.eq_ignore_ascii_case(given))) {
        add(details, "entity_type", format!("\"{given}\" is not a valid choice."));
    }
}

/// Reads a change to a business: what it is, as a whole.
pub(crate) fn change_business(
    body: &Map<String, Value>,
    before: &Row<Business>,
) -> Result<Map<String, Value>, Fail> {
    let mut details = Details::new();
    for name in ["external_id", "country", "base_currency", "currency"] {
        if body.contains_key(name) {
            add(&mut details, name, "This field may not be changed.");
        }
    }
    let changed = read(&BUSINESS, body, Mode::Part, "", &mut details);
    check_entity_type(&changed, text_of(&before.data, "country").unwrap_or("GB"), &mut details);
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    let mut data = before.data.clone();
    data.extend(changed);
    Ok(data)
}

pub(crate) fn show_business(row: &Row<Business>) -> Map<String, Value> {
    let archived = row.kept.archived_ms.is_some();
    let mut shown = Map::with_capacity(row.data.len() + 20);
    shown.insert("id".to_owned(), json!(row.id));
    shown.extend(row.data.clone());
    shown.insert("currency".to_owned(), json!(row.currency()));
    shown.insert("name".to_owned(), row.data.get("legal_name").cloned().unwrap_or_default());
    shown.insert("activation_at".to_owned(), json!(written(row.created_ms)));
    shown.insert("is_active".to_owned(), json!(!archived));
    shown.insert("is_archived".to_owned(), json!(archived));
    shown.insert("created_at".to_owned(), json!(written(row.created_ms)));
    shown.insert("updated_at".to_owned(), json!(written(row.updated_ms)));
    shown
}

/// Whether a business passes the filters of the list.
pub(crate) fn business_passes(row: &Row<Business>, query: &Query) -> Result<bool, Fail> {
    let same = |name: &str| {
        let wanted = query.filter(name);
        wanted.is_none_or(|wanted| {
            text_of(&row.data, name).is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        })
    };
    let archived = query.flag("is_archived")?.unwrap_or(false);
    Ok(row.kept.archived_ms.is_some() == archived && same("country") && same("entity_type"))
}

/// Reads a customer, whole or as a change to what it was.
pub(crate) fn read_customer(
    body: &Map<String, Value>,
    before: Option<&Row<Customer>>,
) -> Result<Map<String, Value>, Fail> {
    let mut details = Details::new();
    let mode = if before.is_some() { Mode::Part } else { Mode::Whole };
    let read = read(&CUSTOMER, body, mode, "", &mut details);
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    let mut data = before.map(|row| row.data.clone()).unwrap_or_default();
    data.extend(read);
    if text_of(&data, "individual_name").is_none() && text_of(&data, "company_name").is_none() {
        let text = "One of individual_name and company_name is required.";
        return Err(Fail::field("non_field_errors", text));
    }
    Ok(data)
}

/// What a customer is called.
pub(crate) fn display_name(data: &Map<String, Value>) -> &str {
    text_of(data, "company_name").or_else(|| text_of(data, "individual_name")).unwrap_or_default()
}

pub(crate) fn show_customer(row: &Row<Customer>, business: &Business) -> Map<String, Value> {
    let archived_at = row.kept.archived_ms.map(written);
    let lines =
        ["address_line1", "address_line2", "city", "state_county", "postal_code", "country"];
    let address: Vec<&str> = lines.iter().filter_map(|line| text_of(&row.data, line)).collect();
    let address = address.join(", ");
    let owed: i64 = row
        .kept
        .invoices
        .iter()
        .filter_map(|position| business.invoices.at(*position))
        .map(|invoice| invoice.kept.outstanding())
        .sum();
    let mut shown = Map::with_capacity(row.data.len() + 20);
    shown.insert("type".to_owned(), json!("customer"));
    shown.insert("id".to_owned(), json!(row.id));
    shown.extend(row.data.clone());
    let documents: Vec<&Value> =
        row.data.get("document").filter(|one| !one.is_null()).into_iter().collect();
    let rest = [
        ("display_name", json!(display_name(&row.data))),
        ("full_address", json!(address)),
        ("address_string", json!(address)),
        ("is_active", json!(archived_at.is_none())),
        ("is_archived", json!(archived_at.is_some())),
        ("credit_limit", row.data.get("credit_limit_cents").cloned().unwrap_or_default()),
        ("outstanding_balance", json!(owed)),
        ("documents", json!(documents)),
        ("created_at", json!(written(row.created_ms))),
        ("updated_at", json!(written(row.updated_ms))),
        ("archived_at", json!(archived_at)),
    ];
    shown.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    shown
}

/// The customers that the filters leave.
pub(crate) fn pick_customers(business: &Business, query: &Query) -> Result<Picked, Fail> {
    let with_archived = query.flag("include_archived")?.unwrap_or(false);
    let count = business.customers.len();
    let unfiltered =
        ["name", "name_contains", "external_id"].iter().all(|name| query.filter(name).is_none());
    if unfiltered && (with_archived || business.archived_customers == 0) {
        return Ok(Picked::All(count));
    }
    let name = query.filter("name").map(str::to_lowercase);
    let part = query.filter("name_contains").map(str::to_lowercase);
    let passes = |position: &usize| {
        let Some(row) = business.customers.at(*position) else { return false };
        let called = display_name(&row.data).to_lowercase();
        (with_archived || row.kept.archived_ms.is_none())
            && name.as_ref().is_none_or(|name| called == *name)
            && part.as_ref().is_none_or(|part| called.contains(part))
    };
    Ok(Picked::Some(match query.filter("external_id") {
        Some(wanted) => business.customers.holders(wanted).into_iter().filter(passes).collect(),
        None => (0..count).filter(passes).collect(),
    }))
}
