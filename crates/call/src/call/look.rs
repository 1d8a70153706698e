//! Finding out whether an unanswered write took effect.

use std::time::Duration;

use crate::account::{Account, Why};
use crate::backoff::{self, Cause, Draw};
use crate::class::Class;
use crate::effect::Effect;
use crate::error::{Kind, Stop};
use crate::outcome::LookUp;
use crate::session::Entry;
use crate::time::Time;

use super::{Call, Purpose, State, Step, Then};

/// How often the account is asked whether the lock is over, while a look-up waits for it.
const LOCK_POLL: Duration = Duration::from_millis(250);
/// How long after a look-up in vain the next one is made, even without news of the lock.
const LOOK_AGAIN: Duration = Duration::from_millis(5_000);
/// How often a duplicate answer is looked into before we say that we cannot see it.
const LOOK_UPS_OF_DUPLICATE: u32 = 3;

impl Call {
    pub(super) fn wait_for_look_up(
        &mut self,
        settled_at: Time,
        now: Time,
        account: &mut Account,
    ) -> Step {
        // Where there is no time to let it settle, a look can still find it.
        let look_at = if settled_at < self.deadline { settled_at } else { now };
        self.look_up_or_wait(settled_at, look_at, now, account)
    }

    pub(super) fn look_up(&mut self, purpose: Purpose, proof: bool) -> Step {
        self.state = State::LookingUp { proof, purpose };
        Step::LookUp
    }

    /// Looks when there is something new to see: the write has settled and either the lock is
    /// known to be over, so that absence would be proof, or it is time for another look anyway.
    pub(super) fn look_up_or_wait(
        &mut self,
        settled_at: Time,
        look_at: Time,
        now: Time,
        account: &mut Account,
    ) -> Step {
        if now >= self.deadline {
            let rule = "the deadline passed before it could be proven";
            return self.end(Kind::Unknown, Stop::Deadline, rule.to_owned());
        }
        if let Entry::Closed(kind, text) = account.session_of(&self.principal).entry() {
            return self.end_credentials(kind, text);
        }
        let proof = self.absence_would_prove(settled_at, now, account);
        if proof || now >= look_at {
            return self.look_up(Purpose::Settle { settled_at }, proof);
        }
        let then = Then::LookUp { settled_at, look_at };
        match now < settled_at {
            true => self.wait(look_at.min(settled_at).max(now), then, Why::Settle),
            false => self.wait((now + LOCK_POLL).min(look_at), then, Why::Lock),
        }
    }

    /// True if a look-up asked now would, finding nothing, prove that nothing is there.
    fn absence_would_prove(&self, settled_at: Time, now: Time, account: &Account) -> bool {
        now >= settled_at
            && (!self.is_held_by_lock() || account.lock.over_since(settled_at))
            && !self.is_hidden_when_there()
    }

    /// True if a locked run queues this write, and so hides what it did.
    pub(super) fn is_held_by_lock(&self) -> bool {
        let lock = self.dialect.lock.as_ref();
        lock.is_some_and(|lock| lock.holds(self.request.route()))
    }

    /// True if a record like ours is not listed once it is there.
    fn is_hidden_when_there(&self) -> bool {
        let hidden = self.lookup().and_then(|lookup| lookup.hidden.as_ref());
        let Some(hidden) = hidden else { return false };
        let body: Option<serde_json::Value> =
            self.request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        body.as_ref()
            .and_then(|body| body.get(&hidden.field))
            .and_then(serde_json::Value::as_str)
            .is_some_and(|state| hidden.values.iter().any(|value| value == state))
    }

    pub(super) fn looked_up(
        &mut self,
        look_up: LookUp,
        proof: bool,
        purpose: Purpose,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        match (look_up, purpose) {
            (LookUp::Found(found), _) => self.end_found(found),
            (LookUp::Absent, Purpose::Settle { .. }) if proof => self.absent(now, account),
            (LookUp::Absent, Purpose::Settle { .. }) if self.is_hidden_when_there() => {
                let rule = "none is listed, and a record in the state of ours would not be listed";
                self.end(Kind::Unknown, Stop::Final, rule.to_owned())
            }
            (LookUp::Absent, Purpose::Settle { settled_at }) => {
                self.look_up_or_wait(settled_at, now + LOOK_AGAIN, now, account)
            }
            (LookUp::CannotTell(_), Purpose::Settle { settled_at }) => {
                let then = Then::LookUp { settled_at, look_at: now };
                self.look_again(then, now, draw)
            }
            (LookUp::CannotTell(_), Purpose::Compare)
                if self.look_ups_in_vain + 1 < LOOK_UPS_OF_DUPLICATE && now < self.deadline =>
            {
                self.look_again(Then::Compare, now, draw)
            }
            (LookUp::Absent | LookUp::CannotTell(_), Purpose::Compare) => self.end_unseen(),
        }
    }

    /// A look-up that could not be made is made again later and later: the service is not there.
    fn look_again(&mut self, then: Then, now: Time, draw: Draw) -> Step {
        self.look_ups_in_vain = self.look_ups_in_vain.saturating_add(1);
        let own = backoff::wait(self.policy(), Cause::Fault, self.look_ups_in_vain, draw);
        self.wait(now + own.max(LOCK_POLL), then, Why::Backoff)
    }

    /// The API says that it is there, and we cannot see it.
    fn end_unseen(&mut self) -> Step {
        let rule = match self.shows_when_done() {
            true => "the API refuses it, and the record does not show that it is done",
            false => "the API says that it is there, and no look-up shows it",
        };
        let kind = match self.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Refused(Class::Duplicate),
        };
        self.end(kind, Stop::Final, rule.to_owned())
    }

    /// It was looked for and is not there, and cannot still become so.
    fn absent(&mut self, now: Time, account: &mut Account) -> Step {
        self.effect = Effect::None;
        self.known_absent = true;
        self.proven_absent = true;
        self.look_ups_in_vain = 0;
        if self.tries() >= self.attempts_max() {
            let rule = "it is proven not to be there; sent as often as allowed";
            return self.end_unreached(Stop::Attempts, rule);
        }
        self.ticket.unpaid = true;
        self.send(now, account)
    }
}
