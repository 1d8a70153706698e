//! A record may be replaced again and again: which act is this one?
//!
//! The first is known by the natural key alone, and each after it by a number beside it. What says
//! the same as the latest is that one, come again; anything else after one that is in effect is a new act, be
//! it what an earlier one said: the record has held other content since.

use steadfast_call::dialect::{Act, Resource};
use steadfast_ledger::{Ledger, NewDelivery, State, identity};

use super::reading::says_the_same;

/// Gives a replace the name of its act.
pub(super) fn name_act(ledger: &Ledger, resource: &Resource, new: &mut NewDelivery) {
    if resource.act != Act::Replace {
        return;
    }
    let Some(name) = new.key_of_user.as_ref().or(new.natural_key.as_ref()).cloned() else { return };
    let first = match &new.key_of_user {
        Some(key) => identity::of_users_key(key),
        None => identity::of_natural_key(&name),
    };
    let later = |number: u32| format!("{name} (replaced {number} times)");
    let known = |number: u32| {
        let identity = match number {
            1 => first.clone(),
            number => identity::of_users_key(&later(number)),
        };
        ledger.find(&new.account, &new.resource, &identity).ok().flatten()
    };
    let (mut number, mut latest) = (1, None);
    while let Some(act) = known(number) {
        (number, latest) = (number + 1, Some(act));
    }
    let Some(latest) = latest else { return };
    let in_effect = matches!(latest.state, State::Applied | State::Confirmed | State::Existing);
    if !in_effect || says_the_same(resource, &latest.body, &new.body) {
        number -= 1;
    }
    if number > 1 {
        new.key_of_user = Some(later(number));
    }
}
