//! Why a row of the input was refused. The ledger is asked row by row: a million reasons need
//! not be remembered.

use std::collections::HashMap;

use steadfast::dialect::Resource;
use steadfast_deliver::Job;
use steadfast_deliver::input::Naming;
use steadfast_deliver::rejects::Reason;
use steadfast_ledger::{Delivery, DeliveryId, Ledger, RunId, State, identity};

use super::account::{code_of, remarkable, why};

/// What was refused. Writes that wait because of an unreadable row beside them are among it:
/// that row may be theirs, and a write is never delivered in part.
pub(super) struct Refused<'d> {
    ledger: &'d Ledger,
    job: &'d Job,
    run: RunId,
    /// Writes are named by more than their natural key.
    wider: bool,
    /// Other content than was sent before, by the identity of what was sent.
    changes: HashMap<String, DeliveryId>,
    /// Rows whose key cannot be read, by their line.
    nameless: HashMap<u64, DeliveryId>,
    /// The rows of a write mostly stand together.
    last: Option<(String, Option<Reason>)>,
}

impl<'d> Refused<'d> {
    pub(super) fn of(ledger: &'d Ledger, job: &'d Job, resource: &Resource, run: RunId) -> Self {
        let mut refused = Self {
            ledger,
            job,
            run,
            wider: Naming::of(resource, &job.read).is_wider(),
            changes: HashMap::new(),
            nameless: HashMap::new(),
            last: None,
        };
        for delivery in remarkable(ledger, run).filter(is_refused) {
            if let Some(sent) = identity::changed(&delivery.identity) {
                refused.changes.insert(sent.to_owned(), delivery.id);
            } else if delivery.natural_key.is_none() {
                let first = delivery.lines.split(['-', ',']).next();
                if let Some(line) = first.and_then(|line| line.parse().ok()) {
                    refused.nameless.insert(line, delivery.id);
                }
            }
        }
        refused
    }

    /// Why the row on this line, with this name if it can be read, was refused, if it was.
    pub(super) fn reason(&mut self, line: u64, key: Option<&str>) -> Option<Reason> {
        let Some(key) = key else { return self.on_line(line) };
        if self.last.as_ref().is_none_or(|(last, _)| last != key) {
            let reason = self.of_key(key);
            self.last = Some((key.to_owned(), reason));
        }
        let (_, reason) = self.last.as_ref()?;
        reason.clone().or_else(|| self.on_line(line))
    }

    fn of_key(&self, key: &str) -> Option<Reason> {
        let identity = match self.wider {
            true => identity::of_users_key(key),
            false => identity::of_natural_key(key),
        };
        if let Some(change) = self.changes.get(&identity) {
            return self.of_id(*change);
        }
        // What cannot be read now is left out; the account has counted it.
        let found = self.ledger.find(&self.job.account, &self.job.resource, &identity).ok()??;
        (found.run == self.run && is_refused(&found)).then(|| reason(&found))
    }

    fn on_line(&self, line: u64) -> Option<Reason> {
        self.of_id(*self.nameless.get(&line)?)
    }

    fn of_id(&self, id: DeliveryId) -> Option<Reason> {
        self.ledger.get(id).ok()?.map(|delivery| reason(&delivery))
    }
}

fn is_refused(delivery: &Delivery) -> bool {
    let code = delivery.reason.as_ref().and_then(|reason| reason.code.as_deref());
    match delivery.state {
        State::Rejected => true,
        State::Held => code.is_some_and(|code| code.starts_with("input.")),
        _ => false,
    }
}

fn reason(delivery: &Delivery) -> Reason {
    let text = delivery.reason.as_ref().map(why).unwrap_or_default();
    Reason { code: code_of(delivery), text }
}
