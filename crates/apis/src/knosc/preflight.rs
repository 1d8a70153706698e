//! Checks before a write: is everything there that it names (K11)?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;
use steadfast::Rows;
use steadfast::dialect::ListRoute;

use super::{Error, Knosc, Order};

/// What a check did not find. Its text is the guide's: `Items not in Item Master: {list}` (K20).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Missing {
    /// Item numbers, sub items among them.
    pub items: Vec<String>,
    /// Supplier numbers.
    pub suppliers: Vec<String>,
    /// Warehouse numbers that are not there, or not active.
    pub warehouses: Vec<String>,
    /// Ship-from numbers.
    pub ship_froms: Vec<String>,
    texts: Vec<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts.join("; "))
    }
}

impl std::error::Error for Missing {}

impl Knosc {
    /// Those of these item numbers that are not in the Item Master, in order and once each (K11,
    /// K20). Every page of the list is read, and numbers are compared letter by letter.
    ///
    /// It is advice: what is there now may be gone when a write arrives, which the API then
    /// refuses with [`Code::ItemNotFound`](super::Code::ItemNotFound).
    ///
    /// # Errors
    /// [`Error::List`] if a page cannot be had: a list that was read in part proves nothing.
    pub async fn missing_items<S: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>, Error> {
        self.missing("item", wanted(numbers)).await
    }

    /// Those of these supplier numbers that are not there.
    ///
    /// # Errors
    /// As [`Knosc::missing_items`].
    pub async fn missing_suppliers<S: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>, Error> {
        self.missing("supplier", wanted(numbers)).await
    }

    /// True if there is a supplier with that number (K11, K20).
    ///
    /// # Errors
    /// As [`Knosc::missing_items`].
    pub async fn supplier_exists(&self, number: &str) -> Result<bool, Error> {
        Ok(self.missing_suppliers([number]).await?.is_empty())
    }

    /// Those of these warehouse numbers that are not there, or not active.
    ///
    /// # Errors
    /// As [`Knosc::missing_items`].
    pub async fn missing_warehouses<S: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>, Error> {
        self.missing("warehouse", wanted(numbers)).await
    }

    /// Those of these ship-from numbers that are not there.
    ///
    /// # Errors
    /// As [`Knosc::missing_items`].
    pub async fn missing_ship_froms<S: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>, Error> {
        self.missing("ship_from", wanted(numbers)).await
    }

    /// Checks that everything is there that the order names. What nothing names is not read.
    ///
    /// # Errors
    /// [`Error::Missing`] with all that is missing, or as [`Knosc::missing_items`].
    pub async fn check(&self, order: &Order) -> Result<(), Error> {
        let lines = || order.details.iter();
        let some = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
        let items = lines().map(|line| line.item_number.clone());
        let items = items.chain(lines().filter_map(|line| some(&line.sub_item_number)));
        let mut missing = Missing::default();
        missing.items = self.note("item", wanted(items), &mut missing.texts).await?;
        let suppliers = wanted([&order.supplier_number]);
        missing.suppliers = self.note("supplier", suppliers, &mut missing.texts).await?;
        let warehouses = wanted(lines().map(|line| &line.warehouse_number));
        missing.warehouses = self.note("warehouse", warehouses, &mut missing.texts).await?;
        let ship_froms = wanted(lines().filter_map(|line| some(&line.ship_from_number)));
        missing.ship_froms = self.note("ship_from", ship_froms, &mut missing.texts).await?;
        match missing.texts.is_empty() {
            true => Ok(()),
            false => Err(missing.into()),
        }
    }

    async fn note(
        &self,
        list: &str,
        wanted: BTreeSet<String>,
        texts: &mut Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let missing = self.missing(list, wanted).await?;
        if !missing.is_empty() {
            texts.push(self.text_of_missing(list, &missing));
        }
        Ok(missing)
    }

    /// The guide's words for what is not there.
    pub(super) fn text_of_missing(&self, list: &str, missing: &[String]) -> String {
        let lists: &BTreeMap<String, ListRoute> = &self.client.dialect().list;
        let template = lists.get(list).map_or("", |list| list.missing_message.as_str());
        template.replace("{keys}", &missing.join(", "))
    }

    async fn missing(&self, list: &str, wanted: BTreeSet<String>) -> Result<Vec<String>, Error> {
        let Some(list) = self.client.dialect().list.get(list).filter(|_| !wanted.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut missing = wanted;
        let rows = Rows { path: list.path.clone(), ..Rows::default() };
        let is_active = |row: &Value| {
            list.active.as_ref().is_none_or(|active| {
                row.get(&active.field).and_then(Value::as_str) == Some(&active.value)
            })
        };
        self.client
            .rows(rows, |row| {
                if let Some(number) = row.get(&list.key).and_then(Value::as_str)
                    && is_active(row)
                {
                    missing.remove(number);
                }
            })
            .await?;
        Ok(missing.into_iter().collect())
    }
}

fn wanted<S: AsRef<str>>(numbers: impl IntoIterator<Item = S>) -> BTreeSet<String> {
    numbers.into_iter().map(|number| number.as_ref().to_owned()).collect()
}
