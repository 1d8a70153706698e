//! What people do to deliveries: say what became of one, let one try again, withdraw one.
//!
//! Each act is written down in the transaction that does it.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::Ledger;
use super::row::Hot;
use super::writer::{Fault, Work};
use crate::by_hand::{Act, ActRow, Hand};
use crate::delivery::{DeliveryId, Reason, Settled, Settlement};
use crate::error::LedgerError;
use crate::identity;
use crate::state::{Actor, State, legal};

/// The code of a delivery that a person told to try again. Its input checks it anew when it comes again.
pub(super) const RETRIED: &str = "ledger.retried";
const NOT_APPLIED: &str = "ledger.resolved_not_applied";

/// The code with which `again` marks content that must not be sent.
const CHANGED: &str = "ledger.changed_after_sending";

/// For each delivery, in order, what was done or why it was not.
type Acted = Vec<Result<Settled, LedgerError>>;

impl Ledger {
    /// Writes down what a person found out about an unknown delivery: it is in effect (`applied`), or it is not, and is
    /// held until its input comes again.
    ///
    /// # Errors
    ///
    /// [`LedgerError::IllegalMove`] for a delivery that is not unknown, [`LedgerError::NoSuchDelivery`], and
    /// those of the store.
    pub async fn resolve(
        &self,
        id: DeliveryId,
        applied: bool,
        hand: Hand,
    ) -> Result<Settled, LedgerError> {
        let act = if applied { Act::Applied } else { Act::NotApplied };
        let now_ms = self.now_ms();
        self.write(move |work| work.act(id, act, &hand, now_ms)).await
    }

    /// Lets deliveries that are held, rejected, cancelled or unknown try again, all in one transaction: they wait, and
    /// the next run that brings in the same input checks and sends them. One whose failed head is not among them is
    /// held behind it. Those that wait already are left as they are. Hand them in with the smaller ids first.
    ///
    /// # Errors
    ///
    /// Those of the store; then nothing was done. For each delivery: [`LedgerError::NotToBeSent`],
    /// [`LedgerError::IllegalMove`], [`LedgerError::NoSuchDelivery`].
    pub async fn retry(&self, ids: Vec<DeliveryId>, hand: Hand) -> Result<Acted, LedgerError> {
        self.act_on(ids, Act::Retry, hand).await
    }

    /// Withdraws deliveries that are not in effect, all in one transaction.
    ///
    /// # Errors
    ///
    /// Those of the store; then nothing was done. For each delivery: [`LedgerError::IllegalMove`] where
    /// it may be in effect, [`LedgerError::NoSuchDelivery`].
    pub async fn cancel(&self, ids: Vec<DeliveryId>, hand: Hand) -> Result<Acted, LedgerError> {
        self.act_on(ids, Act::Cancel, hand).await
    }

    /// What people did to a delivery, in order.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn acts(&self, id: DeliveryId) -> Result<Vec<ActRow>, LedgerError> {
        self.read(|db| {
            let select =
                "SELECT at_ms, act, by, note, was, reason FROM act WHERE delivery = ?1 ORDER BY n";
            db.prepare_cached(select)?.query_map([id.0], act_row)?.collect()
        })
    }

    pub(crate) async fn act_on(
        &self,
        ids: Vec<DeliveryId>,
        act: Act,
        hand: Hand,
    ) -> Result<Acted, LedgerError> {
        let now_ms = self.now_ms();
        self.write(move |work| {
            let mut acted = Vec::with_capacity(ids.len());
            for id in &ids {
                acted.push(match work.act(*id, act, &hand, now_ms) {
                    Ok(settled) => Ok(settled),
                    Err(Fault::Refused(error)) => Err(error),
                    Err(fault) => return Err(fault),
                });
            }
            Ok(acted)
        })
        .await
    }
}

impl Work {
    fn act(
        &mut self,
        id: DeliveryId,
        act: Act,
        hand: &Hand,
        now_ms: i64,
    ) -> Result<Settled, Fault> {
        let Some(mut row) = Hot::read(&self.db, id)? else {
            return Err(Fault::Refused(LedgerError::NoSuchDelivery { id }));
        };
        let from = row.state;
        if (act, from) == (Act::Retry, State::Waiting) {
            return Ok(Settled { from, to: from, parked: 0 });
        }
        let settlement = settlement(id, act, hand, now_ms);
        let to = settlement.state();
        if !legal(from, to).is_some_and(|row| row.by.contains(&Actor::Person)) {
            return Err(Fault::Refused(LedgerError::IllegalMove { id, from, to }));
        }
        if act == Act::Retry {
            self.check_may_be_sent(id, &row)?;
            // What was seen before its first attempt says nothing about today.
            row.known_absent = false;
            if from == State::Rejected {
                self.drop_key(id)?;
                row.key_sent_at_ms = None;
            }
        }
        let was = row.reason.clone();
        row.take(&settlement, now_ms);
        self.enter_lane(&mut row)?;
        self.shift(from, &row)?;
        let parked = self.after_move(from, &row, now_ms)?;
        self.db
            .prepare_cached(
                "INSERT INTO act (delivery, n, at_ms, act, by, note, was, reason)
                 VALUES (?1, (SELECT count(*) + 1 FROM act WHERE delivery = ?1), ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![id.0, now_ms, act.as_str(), hand.by, hand.note, from.code(), was])?;
        Ok(Settled { from, to: row.state, parked })
    }

    fn check_may_be_sent(&self, id: DeliveryId, row: &Hot) -> Result<(), Fault> {
        let identity: Option<String> = self
            .db
            .prepare_cached("SELECT identity FROM content WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        if !identity.is_some_and(|identity| identity::is_change(&identity)) {
            return Ok(());
        }
        let code = row.code().unwrap_or_else(|| CHANGED.to_owned());
        Err(Fault::Refused(LedgerError::NotToBeSent { id, code }))
    }
}

fn act_row(row: &Row<'_>) -> rusqlite::Result<ActRow> {
    let broken = |column| rusqlite::Error::InvalidColumnType(column, "act".to_owned(), Type::Text);
    let word: String = row.get(1)?;
    let reason: Option<String> = row.get(5)?;
    Ok(ActRow {
        at_ms: row.get(0)?,
        act: Act::from_word(&word).ok_or_else(|| broken(1))?,
        hand: Hand { by: row.get(2)?, note: row.get(3)? },
        was: State::from_code(row.get(4)?).ok_or_else(|| broken(4))?,
        reason: reason.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

impl Hot {
    /// The code of its reason.
    pub(super) fn code(&self) -> Option<String> {
        let reason: Reason = serde_json::from_str(self.reason.as_deref()?).ok()?;
        reason.code
    }
}

fn settlement(id: DeliveryId, act: Act, hand: &Hand, now_ms: i64) -> Settlement {
    match act {
        Act::Applied => Settlement::Applied { status: None, resource_id: None },
        Act::NotApplied => Settlement::Held(
            Reason::new(format!("it is not in effect, as {} found out", hand.name()))
                .with_code(NOT_APPLIED)
                .with_action(format!(
                    "deliver the same file again to send it, or withdraw it: steadfast ledger cancel {id}"
                )),
        ),
        Act::Retry => Settlement::Waiting {
            due_at_ms: now_ms,
            reason: Some(
                Reason::new(format!("{} told it to try again", hand.name()))
                    .with_code(RETRIED)
                    .with_action("deliver the same file again: that checks and sends it"),
            ),
        },
        Act::Cancel => Settlement::Cancelled,
    }
}
