//! `ledger retry`, `cancel` and `resolve`: what a person decides.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use steadfast_ledger::{Delivery, DeliveryId, Hand, Ledger, LedgerError, Query, Settled, State};

use super::record::Records;
use super::{Desk, Ended, NOT_DONE, Stop, deliveries, list, name, place};
use crate::args::ledger::{CancelArgs, HandArgs, ResolveArgs, RetryArgs};
use crate::failure::Failure;
use crate::layout::plain;

/// How many deliveries one transaction moves.
const BATCH: usize = 1_000;
/// How many refusals are told one by one.
const REFUSALS_SHOWN: usize = 20;

/// What became of the deliveries that a command was about.
#[derive(Default)]
struct Done {
    /// Moved, as they were before.
    moved: Vec<(Delivery, Settled)>,
    /// Left as they are, with the reason.
    refused: Vec<(DeliveryId, String)>,
}

pub(super) async fn retry(desk: &mut Desk<'_>, args: &RetryArgs) -> Ended {
    let ledger = place::open(&desk.path)?;
    let chosen = match args.name.is_empty() {
        false => named(&ledger, &args.name)?,
        true => selected(&ledger, args)?,
    };
    let hand = hand(&args.hand);
    let mut done = Done::default();
    for batch in chosen.chunks(BATCH) {
        let acted = ledger.retry(ids(batch), hand.clone()).await?;
        done.take(batch, acted, |delivery| not_retried(delivery.id, delivery.state));
    }
    tell_retried(desk, &ledger, &done)
}

/// What the filters of `retry` choose. Without a state they mean what is certainly not in effect.
fn selected(ledger: &Ledger, args: &RetryArgs) -> Result<Vec<Delivery>, LedgerError> {
    let states = match (args.all_held, args.which.state.is_empty()) {
        (true, _) => vec![State::Held],
        (false, true) => vec![State::Held, State::Rejected, State::Cancelled],
        (false, false) => args.which.state.clone(),
    };
    list::pages(ledger, Query { states, ..args.which.query() }).collect()
}

fn tell_retried(desk: &mut Desk<'_>, ledger: &Ledger, done: &Done) -> Ended {
    let (waiting, parked): (Vec<_>, Vec<_>) =
        done.moved.iter().partition(|(_, settled)| settled.to == State::Waiting);
    let status = if parked.is_empty() && done.refused.is_empty() { 0 } else { NOT_DONE };
    let unknown = waiting.iter().filter(|(_, settled)| settled.from == State::Unknown).count();
    if unknown > 0 {
        desk.warn(&format!(
            "warning: {} of them had been sent, and nobody knows whether that took effect; if it did, \
             sending again may do it twice. The next delivery looks first where the API lets it; \
             `steadfast ledger resolve` takes your own answer instead.",
            unknown
        ))?;
    }
    if desk.global.json {
        let line = json!({
            "waiting": waiting.len(),
            "parked": parked.len(),
            "refused": done.refusals(),
        });
        desk.line(line.to_string())?;
        return Ok(status);
    }
    let mut sources: BTreeMap<String, u64> = BTreeMap::new();
    let mut records = Records::new(ledger);
    for (delivery, _) in &waiting {
        *sources.entry(records.run(delivery.run)?.source.clone()).or_default() += 1;
    }
    if done.moved.is_empty() && done.refused.is_empty() {
        desk.say("Nothing is there to be tried again.")?;
    }
    for (source, count) in &sources {
        let source = plain(source);
        desk.say(format!(
            "{} {} to be tried again: deliver {source} again to check and send {}.",
            deliveries(*count),
            if *count == 1 { "waits" } else { "wait" },
            if *count == 1 { "it" } else { "them" },
        ))?;
    }
    let by_input = waiting.iter().filter(|(delivery, _)| is_of_input(delivery)).count() as u64;
    if by_input > 0 {
        desk.remark(format!(
            "{by_input} of them failed for what stands in the file itself (codes input.…): correct it first, or \
             it stops them again."
        ))?;
    }
    if !parked.is_empty() {
        desk.say(format!(
            "{} still held, behind a failed one of the same lane, which `steadfast ledger show` names: \
             let that one try again, too, or cancel it.",
            deliveries(parked.len() as u64)
        ))?;
    }
    done.tell_refused(desk)?;
    Ok(status)
}

fn is_of_input(delivery: &Delivery) -> bool {
    let code = delivery.reason.as_ref().and_then(|reason| reason.code.as_deref());
    code.is_some_and(|code| code.starts_with("input."))
}

pub(super) async fn cancel(desk: &mut Desk<'_>, args: &CancelArgs) -> Ended {
    let ledger = place::open(&desk.path)?;
    let chosen = named(&ledger, &args.name)?;
    let (already, chosen): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|delivery| delivery.state == State::Cancelled);
    let hand = hand(&args.hand);
    let mut done = Done::default();
    for batch in chosen.chunks(BATCH) {
        let acted = ledger.cancel(ids(batch), hand.clone()).await?;
        done.take(batch, acted, |delivery| not_cancelled(delivery.id, delivery.state));
    }
    let status = if done.refused.is_empty() { 0 } else { NOT_DONE };
    if desk.global.json {
        let cancelled = done.moved.len() + already.len();
        desk.line(json!({ "cancelled": cancelled, "refused": done.refusals() }).to_string())?;
        return Ok(status);
    }
    for delivery in &already {
        desk.say(format!("{} was withdrawn before.", name::line(delivery)))?;
    }
    if !done.moved.is_empty() {
        desk.say(format!("{} withdrawn.", deliveries(done.moved.len() as u64)))?;
        desk.remark("Their file, delivered again, brings them in again.")?;
    }
    done.tell_refused(desk)?;
    Ok(status)
}

pub(super) async fn resolve(desk: &mut Desk<'_>, args: &ResolveArgs) -> Ended {
    let hand = hand(&args.hand);
    if hand.by.is_none() {
        return Err(Failure::usage(
            "who says so? The answer is kept with a name, and $USER is not set: give one with --by",
        )
        .into());
    }
    let ledger = place::open(&desk.path)?;
    let chosen = named(&ledger, &args.name)?;
    let mut done = Done::default();
    for delivery in &chosen {
        let acted = ledger.resolve(delivery.id, args.applied, hand.clone()).await;
        let why = |delivery: &Delivery| not_resolved(delivery.id, delivery.state);
        done.take(std::slice::from_ref(delivery), vec![acted], why);
    }
    let status = if done.refused.is_empty() { 0 } else { NOT_DONE };
    if desk.global.json {
        let resolved: Vec<Value> = done
            .moved
            .iter()
            .map(|(delivery, settled)| json!({ "id": delivery.id, "state": settled.to.as_str() }))
            .collect();
        let line = json!({ "resolved": resolved, "by": hand.by, "refused": done.refusals() });
        desk.line(line.to_string())?;
        return Ok(status);
    }
    for (delivery, settled) in &done.moved {
        let by = plain(hand.by.as_deref().unwrap_or_default());
        let then = match args.applied {
            true => "it is not sent again",
            false => "the next delivery of its file checks and sends it",
        };
        let key = delivery.natural_key.clone().unwrap_or_default();
        desk.say(format!(
            "Delivery {} ({}) is {} by the word of {by}; {then}.",
            delivery.id,
            plain(&key),
            settled.to
        ))?;
    }
    done.tell_refused(desk)?;
    Ok(status)
}

impl Done {
    /// Takes in what was done to a batch. `why` says in words why a state forbids it.
    fn take(
        &mut self,
        batch: &[Delivery],
        acted: Vec<Result<Settled, LedgerError>>,
        why: impl Fn(&Delivery) -> String,
    ) {
        for (delivery, acted) in batch.iter().zip(acted) {
            match acted {
                Ok(settled) => self.moved.push((delivery.clone(), settled)),
                Err(LedgerError::IllegalMove { .. }) => {
                    self.refused.push((delivery.id, why(delivery)));
                }
                Err(error) => self.refused.push((delivery.id, error.to_string())),
            }
        }
    }

    fn refusals(&self) -> Vec<Value> {
        self.refused.iter().map(|(id, why)| json!({ "id": id, "why": why })).collect()
    }

    fn tell_refused(&self, desk: &mut Desk<'_>) -> Result<(), Stop> {
        for (_, why) in self.refused.iter().take(REFUSALS_SHOWN) {
            desk.warn(why)?;
        }
        let more = self.refused.len().saturating_sub(REFUSALS_SHOWN);
        if more > 0 {
            desk.warn(&format!("… and {more} more; --json has them all"))?;
        }
        Ok(())
    }
}

/// The deliveries that were named, each once, the smaller numbers first.
fn named(ledger: &Ledger, names: &[String]) -> Result<Vec<Delivery>, Stop> {
    let mut chosen = HashMap::new();
    for text in names {
        let id = name::one(ledger, text)?;
        if let Some(delivery) = ledger.get(id)? {
            chosen.insert(id, delivery);
        }
    }
    let mut chosen: Vec<Delivery> = chosen.into_values().collect();
    chosen.sort_by_key(|delivery| delivery.id);
    Ok(chosen)
}

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

fn hand(args: &HandArgs) -> Hand {
    let user = |name| std::env::var(name).ok().filter(|user: &String| !user.is_empty());
    let by = args.by.clone().or_else(|| ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(user));
    Hand { by, note: args.note.clone() }
}

fn not_retried(id: DeliveryId, state: State) -> String {
    let why = match state {
        State::Applied | State::Queued | State::Confirmed | State::Existing => {
            "the API has it, and it is not sent again"
        }
        State::Staged => "it was read and not yet sent: deliver its file again",
        _ => "it is being sent, or in doubt: the next delivery finds out what became of it",
    };
    format!("delivery {id} is {state}: {why}")
}

fn not_cancelled(id: DeliveryId, state: State) -> String {
    let why = match state {
        State::Applied | State::Queued | State::Confirmed | State::Existing => {
            "the API has it, and it can only be withdrawn there".to_owned()
        }
        State::Unknown => format!(
            "say first whether it is in effect: steadfast ledger resolve {id} --applied (or --not-applied)"
        ),
        _ => "it is being sent, or in doubt: the next delivery finds out what became of it"
            .to_owned(),
    };
    format!("delivery {id} is {state}: {why}")
}

fn not_resolved(id: DeliveryId, state: State) -> String {
    let why = match state {
        State::Sending => {
            "it is being sent, or in doubt: the next delivery finds out, and only what it cannot prove is left to you"
        }
        State::Queued => "the next delivery of its file looks for it",
        _ => "only what is unknown has to be decided",
    };
    format!("delivery {id} is {state}: {why}")
}
