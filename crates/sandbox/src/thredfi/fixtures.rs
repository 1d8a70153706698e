//! What the world holds at the start.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::options::{Fixtures, StartError};
use crate::service::Now;
use crate::thredfi::Rules;
use crate::thredfi::apply::set_status;
use crate::thredfi::book::{Book, PAYMENT_STATUSES, Partner};
use crate::thredfi::fail::Fail;
use crate::thredfi::route::Op;
use crate::thredfi::write::{Plan, Write};

const DEFAULT: &str = include_str!("../../fixtures/thredfi-default.json");
const VECTORS: &str = include_str!("../../fixtures/thredfi-vectors.json");
const VECTORS_EMPTY: &str = include_str!("../../fixtures/thredfi-vectors-empty.json");

/// A file of fixtures: records as the API's create routes take them, in the order of their making. Each may
/// have an `id`, which is drawn otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixtureFile {
    /// How long a token lasts.
    #[serde(default = "an_hour")]
    pub(crate) token_ttl_s: u64,
    partners: Vec<PartnerFixture>,
}

fn an_hour() -> u64 {
    3600
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerFixture {
    uuid: String,
    api_key: String,
    #[serde(default)]
    businesses: Vec<Map<String, Value>>,
}

type Bodies = Vec<Map<String, Value>>;

impl FixtureFile {
    pub(crate) fn load(fixtures: &Fixtures) -> Result<Self, StartError> {
        let wrong = |source: serde_json::Error| StartError::Fixtures(source.to_string());
        let file: FixtureFile = match fixtures {
            Fixtures::Default => serde_json::from_str(DEFAULT).map_err(wrong)?,
            Fixtures::Vectors => serde_json::from_str(VECTORS).map_err(wrong)?,
            Fixtures::VectorsEmpty => serde_json::from_str(VECTORS_EMPTY).map_err(wrong)?,
            Fixtures::File(path) => {
                let unreadable =
                    |source| StartError::FixturesUnreadable { path: path.clone(), source };
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                serde_json::from_str(&text).map_err(|source| {
                    StartError::Fixtures(format!("{}: {source}", path.display()))
                })?
            }
        };
        match file.partners.is_empty() {
            true => Err(StartError::Fixtures("partners: give one or more".to_owned())),
            false => Ok(file),
        }
    }

    pub(crate) fn partners(&self) -> usize {
        self.partners.len()
    }

    /// Builds the data; a record that the API itself would refuse is an error.
    pub(crate) fn book(
        &self,
        rules: &Rules,
        dice: &mut Dice,
        now: Now,
    ) -> Result<Book, StartError> {
        let mut builder = Builder { book: Book::default(), rules, dice, now };
        for (number, fixture) in self.partners.iter().enumerate() {
            builder.book.partners.push(Partner {
                uuid: fixture.uuid.clone(),
                api_key: fixture.api_key.clone(),
                businesses: Default::default(),
            });
            for (position, body) in fixture.businesses.iter().enumerate() {
                let place = format!("partners[{number}].businesses[{position}]");
                builder.business(number, body, &place)?;
            }
        }
        Ok(builder.book)
    }
}

struct Builder<'a> {
    book: Book,
    rules: &'a Rules,
    dice: &'a mut Dice,
    now: Now,
}

impl Builder<'_> {
    fn business(
        &mut self,
        partner: usize,
        body: &Map<String, Value>,
        place: &str,
    ) -> Result<(), StartError> {
        let mut body = body.clone();
        let lists = [
            ("customers", Op::CreateCustomer),
            ("invoices", Op::CreateInvoice),
            ("payments", Op::CreatePayment),
        ]
        .map(|(name, op)| (name, op, body.remove(name)));
        let business = self.book.businesses.len();
        self.create(Op::CreateBusiness, partner, business, body, place)?;
        for (name, op, records) in lists {
            let records: Bodies = match records {
                None => Bodies::new(),
                Some(records) => serde_json::from_value(records)
                    .map_err(|error| wrong(&format!("{place}.{name}"), &error.to_string()))?,
            };
            for (position, mut record) in records.into_iter().enumerate() {
                let place = format!("{place}.{name}[{position}]");
                let status = if op == Op::CreatePayment { record.remove("status") } else { None };
                let flags = [record.remove("archived"), record.remove("voided")];
                self.create(op, partner, business, record, &place)?;
                self.finish(op, business, position, status, flags, &place)?;
            }
        }
        Ok(())
    }

    fn create(
        &mut self,
        op: Op,
        partner: usize,
        business: usize,
        mut body: Map<String, Value>,
        place: &str,
    ) -> Result<(), StartError> {
        let id = match body.remove("id") {
            Some(Value::String(id)) => id,
            _ => self.dice.uuid(),
        };
        let now = self.now;
        let body = Ok(body);
        let write = Write { op, partner, business, id: None, body: &body };
        let planned = self.book.plan(&write, self.rules);
        match planned {
            Ok(Plan::Change(change)) => {
                self.book.apply_as(id, change, None, false, now);
                Ok(())
            }
            Ok(Plan::Existing(_)) => Err(wrong(place, "its external_id stands there already")),
            Err(Fail { text, details, .. }) => {
                Err(wrong(place, &format!("{text} {}", Value::Object(*details))))
            }
        }
    }

    /// States that only time brings about.
    fn finish(
        &mut self,
        op: Op,
        business: usize,
        position: usize,
        status: Option<Value>,
        [archived, voided]: [Option<Value>; 2],
        place: &str,
    ) -> Result<(), StartError> {
        let now = self.now;
        let Some(kept) = self.book.businesses.at_mut(business).map(|row| &mut row.kept) else {
            return Ok(());
        };
        if let Some(status) = status {
            let known = PAYMENT_STATUSES.iter().find(|known| status.as_str() == Some(known));
            let known = known.ok_or_else(|| wrong(place, "no such status of a payment"))?;
            set_status(kept, position, known, now);
        }
        if archived == Some(Value::Bool(true))
            && op == Op::CreateCustomer
            && let Some(row) = kept.customers.at_mut(position)
        {
            row.kept.archived_ms = Some(now.ms);
            kept.archived_customers += 1;
        }
        if voided == Some(Value::Bool(true))
            && op == Op::CreateInvoice
            && let Some(row) = kept.invoices.at_mut(position)
        {
            row.kept.voided_ms = Some(now.ms);
        }
        Ok(())
    }
}

fn wrong(place: &str, text: &str) -> StartError {
    StartError::Fixtures(format!("{place}: {text}"))
}
