//! What a delivery is sent with beside its body: headers, and the idempotency key.
//!
//! A key is written down in the transaction that accepts the delivery, so before any byte leaves, and stays
//! while its content does, over all attempts and restarts. It is replaced only where a new operation
//! begins: the content is another, or the last answer was a refusal, which an API may repeat for
//! whoever comes with the same key.

use http::{HeaderName, HeaderValue};
use rusqlite::params;

use super::accept::Handed;
use super::writer::{Fault, Work};
use crate::delivery::DeliveryId;
use crate::error::LedgerError;

/// Parts of the names of headers that the client binds, afresh for each attempt. In the ledger they would be
/// secrets on disk, and be shown to people.
const BOUND: [&str; 7] =
    ["authorization", "cookie", "api-key", "apikey", "token", "secret", "password"];

/// Refuses headers that cannot be sent, and credentials among them.
pub(super) fn check(headers: &[(String, String)]) -> Result<(), Fault> {
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let why = if BOUND.iter().any(|bound| lower.contains(bound)) {
            "it holds credentials; give those to the client, which binds them when it sends"
        } else if HeaderName::try_from(name).is_err() {
            "its name has other characters than letters, digits and dashes"
        } else if HeaderValue::try_from(value).is_err() {
            "its value has a character that no header can hold, such as a line break"
        } else {
            continue;
        };
        return Err(Fault::Refused(LedgerError::HeaderNotKept { name: name.clone(), why }));
    }
    Ok(())
}

impl Handed<'_> {
    /// Writes down what a delivery carries, if that is anything. A key that it has already stays.
    pub(super) fn carry(&self, work: &Work, id: DeliveryId) -> Result<(), Fault> {
        let new = self.new;
        if new.headers.is_empty() && new.idempotency_key.is_none() {
            return Ok(());
        }
        // Pairs of text always become JSON.
        let headers = Some(&new.headers).filter(|headers| !headers.is_empty());
        let headers = headers.and_then(|headers| serde_json::to_string(headers).ok());
        let born_at_ms = new.idempotency_key.as_ref().map(|_| self.now_ms);
        work.db
            .prepare_cached(
                "INSERT INTO carried (id, headers, idempotency_key, key_born_at_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET headers = excluded.headers,
                   key_born_at_ms = CASE WHEN idempotency_key IS NULL THEN excluded.key_born_at_ms
                     ELSE key_born_at_ms END,
                   idempotency_key = coalesce(idempotency_key, excluded.idempotency_key)",
            )?
            .execute(params![id.0, headers, new.idempotency_key, born_at_ms])?;
        Ok(())
    }
}

impl Work {
    /// Lets go of what a delivery carries: a new operation begins.
    pub(super) fn drop_carried(&self, id: DeliveryId) -> rusqlite::Result<()> {
        self.db.prepare_cached("DELETE FROM carried WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// Lets go of its key alone: the same content is to be another operation.
    pub(super) fn drop_key(&self, id: DeliveryId) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "UPDATE carried SET idempotency_key = NULL, key_born_at_ms = NULL WHERE id = ?1",
            )?
            .execute([id.0])?;
        Ok(())
    }
}
