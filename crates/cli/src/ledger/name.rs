//! Deliveries by the name that a person gives them: a number or a key.

use steadfast_ledger::{Delivery, DeliveryId, Ledger, LedgerError};

use crate::deliver::account::name_of;
use crate::failure::Failure;
use crate::layout::plain;

/// Every delivery with that name. A number may be the key of another one, too.
pub(super) fn all(ledger: &Ledger, name: &str) -> Result<Vec<Delivery>, LedgerError> {
    if let Some(id) = name.strip_prefix("id:") {
        return by_id(ledger, id);
    }
    let mut found = by_id(ledger, name)?;
    found.extend(ledger.with_key(name)?);
    found.sort_by_key(|delivery| delivery.id);
    found.dedup_by_key(|delivery| delivery.id);
    if let (Some(key), true) = (name.strip_prefix("key:"), found.is_empty()) {
        found = ledger.with_key(key)?;
    }
    Ok(found)
}

fn by_id(ledger: &Ledger, text: &str) -> Result<Vec<Delivery>, LedgerError> {
    match text.parse::<DeliveryId>() {
        Ok(id) => Ok(ledger.get(id)?.into_iter().collect()),
        Err(_) => Ok(Vec::new()),
    }
}

/// The one delivery with that name.
pub(super) fn one(ledger: &Ledger, name: &str) -> Result<DeliveryId, Failure> {
    let found = all(ledger, name).map_err(Failure::usage)?;
    match found.as_slice() {
        [] => Err(missing(ledger, name)),
        [only] => Ok(only.id),
        several => {
            let each: Vec<String> = several.iter().map(|one| format!("  {}", line(one))).collect();
            Err(Failure::usage(format!(
                "\"{}\" may be any of these; name one by its number, as in id:{}\n{}",
                plain(name),
                several[0].id,
                each.join("\n")
            )))
        }
    }
}

pub(super) fn missing(ledger: &Ledger, name: &str) -> Failure {
    Failure::usage(format!(
        "the ledger {} holds no delivery with the number or key \"{}\"; `steadfast ledger list --key '*part*'` finds keys by a part of them",
        ledger.path().display(),
        plain(name)
    ))
}

/// A delivery in a few words.
pub(super) fn line(delivery: &Delivery) -> String {
    let Delivery { id, resource, state, account, .. } = delivery;
    format!("id:{id}: {resource} {}, {state}, of {account}", plain(&name_of(delivery)))
}
