//! Credentials that were refused: everything that goes out with them is held at once, and the rest goes on.
//!
//! Where one login has tokens of several resource owners, a refused owner holds its own deliveries alone.

use steadfast::{Class, Client, Error, Kind, Principal, Request};

use super::desk::{Desk, Finished};
use super::{News, Runner};
use crate::{Delivery, DeliveryId, LedgerError, Query, Reason, Settlement, State};

/// The code of what is held for its credentials, where the API gave none.
const REFUSED: &str = "ledger.credentials_refused";

/// How many are looked at between two reads of the ledger.
const PAGE: usize = 1_000;

/// Whose credentials are to blame for how a call ended, if any are.
pub(super) fn to_blame(client: &Client, finished: &Finished) -> Option<Principal> {
    let Err(error) = &finished.result else { return None };
    let request = request_of(&finished.delivery);
    let refused = || client.refused(&request);
    match error.kind() {
        // An API may refuse each of them without a word about the session.
        Kind::Credentials(_) => {
            refused().or_else(|| Some(Principal::of(client.dialect(), &request)))
        }
        // Something was sent before, and its effect is unknown; then nobody was let in.
        Kind::Unknown if was_kept_out(error) => {
            refused().or_else(|| Some(Principal::of(client.dialect(), &request)))
        }
        Kind::Unknown => refused(),
        _ => None,
    }
}

fn was_kept_out(error: &Error) -> bool {
    let last = error.details().attempts.last().map(|attempt| attempt.class);
    matches!(last, Some(Class::Unauthenticated | Class::CredentialsRejected))
}

fn request_of(delivery: &Delivery) -> Request {
    let method = delivery.method.parse().unwrap_or(http::Method::POST);
    Request::new(method, delivery.path.clone())
}

/// The one reason for all that are held.
pub(super) fn reason_for_all(principal: &Principal, mut reason: Reason) -> Reason {
    if let Some(owner) = principal.owner() {
        reason.text = format!("the credentials for {owner} were refused: {}", reason.text);
    }
    reason.code.get_or_insert_with(|| REFUSED.to_owned());
    reason.action.get_or_insert_with(|| {
        "put the credentials right, then deliver the same file again".to_owned()
    });
    reason
}

impl Desk {
    /// Notes that nothing of this principal goes out any more, and why. The first reason is the one.
    pub(super) fn refuse(&mut self, principal: Principal, reason: &Reason) -> Reason {
        if let Some(known) = self.refused.get(&principal) {
            return known.clone();
        }
        let reason = reason_for_all(&principal, reason.clone());
        match principal.owner() {
            None => self.ended.credentials = Some(reason.text.clone()),
            Some(owner) => {
                self.ended.refused_owners.insert(owner.to_owned(), reason.text.clone());
            }
        }
        self.to_hold.push(principal.clone());
        self.refused.insert(principal, reason.clone());
        reason
    }
}

impl Runner {
    /// Why a delivery is not to be sent by this run, if its credentials have been refused.
    pub(super) fn refusal(&self, desk: &Desk, delivery: &Delivery) -> Option<Reason> {
        if desk.refused.is_empty() {
            return None;
        }
        let principal = Principal::of(self.client.dialect(), &request_of(delivery));
        let account = desk.refused.get(&Principal::Account);
        account.or_else(|| desk.refused.get(&principal)).cloned()
    }

    /// Holds everything that waits for credentials that were refused, and what was claimed for them.
    pub(super) async fn hold_refused(&self, desk: &mut Desk) -> Result<(), LedgerError> {
        for principal in std::mem::take(&mut desk.to_hold) {
            let Some(reason) = desk.refused.get(&principal).cloned() else { continue };
            let held = match &principal {
                Principal::Account => self.store.hold_all(&self.account, reason.clone()).await?,
                Principal::Owner(_) => self.hold_owner(&principal, &reason).await?,
            };
            (self.observer)(News::HeldAll(held, &reason));
        }
        let mut back = Vec::new();
        let mut ready = std::mem::take(&mut desk.ready);
        ready.retain(|(delivery, in_doubt)| match self.refusal(desk, delivery) {
            None => true,
            Some(reason) => {
                // What may have been sent stays in doubt: the next run finds out about it.
                if !in_doubt {
                    back.push((delivery.clone(), Settlement::Held(reason)));
                }
                false
            }
        });
        desk.ready = ready;
        let rows = back.iter().map(|(d, held)| (d.id, held.clone(), Vec::new())).collect();
        if !back.is_empty() {
            self.store.settle_many(rows).await?;
        }
        for (delivery, settlement) in &back {
            (self.observer)(News::Settled { delivery, settlement, attempts: &[] });
        }
        Ok(())
    }

    async fn hold_owner(&self, owner: &Principal, reason: &Reason) -> Result<u64, LedgerError> {
        let mut query = Query { states: vec![State::Waiting], limit: PAGE, ..Query::default() };
        let mut held = 0;
        loop {
            let page = self.store.list(query.clone()).await?;
            let Some(last) = page.last() else { return Ok(held) };
            query.after_id = Some(last.id);
            let is_theirs = |delivery: &&Delivery| {
                delivery.account == self.account
                    && Principal::of(self.client.dialect(), &request_of(delivery)) == *owner
            };
            let ids: Vec<DeliveryId> =
                page.iter().filter(is_theirs).map(|delivery| delivery.id).collect();
            if !ids.is_empty() {
                held += self.store.hold(ids, reason.clone()).await?;
            }
        }
    }
}
