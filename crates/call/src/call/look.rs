//! Finding out whether an unanswered write took effect.

use std::time::Duration;

use crate::account::{Account, Why};
use crate::class::Class;
use crate::effect::Effect;
use crate::error::{Kind, Stop};
use crate::outcome::LookUp;
use crate::time::Time;

use super::{Call, Purpose, State, Step, Then};

/// How often the account is asked whether the lock is over, while a look-up waits for it.
const LOCK_POLL: Duration = Duration::from_millis(250);
/// How long after a look-up in vain the next one is made, even without news of the lock.
const LOOK_AGAIN: Duration = Duration::from_millis(5_000);
/// How often a duplicate answer is looked into before we say that we cannot see it.
const LOOK_UPS_OF_DUPLICATE: u32 = 3;

impl Call {
    pub(super) fn wait_for_look_up(&mut self, settled_at: Time) -> Step {
        let then = Then::LookUp { settled_at, look_at: settled_at };
        self.wait(settled_at, then, Why::Settle)
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
            return self.end_unknown("the deadline passed before it could be proven", now);
        }
        let proof = self.absence_would_prove(settled_at, now, account);
        if proof || now >= look_at {
            return self.look_up(Purpose::Settle { settled_at }, proof);
        }
        let then = Then::LookUp { settled_at, look_at };
        self.wait((now + LOCK_POLL).min(look_at), then, Why::Lock)
    }

    /// True if a look-up asked now would, finding nothing, prove that nothing is there.
    pub(super) fn absence_would_prove(
        &self,
        settled_at: Time,
        now: Time,
        account: &Account,
    ) -> bool {
        now >= settled_at
            && (self.dialect.lock.is_none() || account.lock.over_since(settled_at))
            && !self.is_hidden_when_there()
    }

    /// True if a record like ours is not listed once it is there.
    pub(super) fn is_hidden_when_there(&self) -> bool {
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
        account: &mut Account,
    ) -> Step {
        match (look_up, purpose) {
            (LookUp::Found(found), _) => self.end_found(found),
            (LookUp::Absent, Purpose::Settle { .. }) if proof => {
                self.effect = Effect::None;
                self.known_absent = true;
                self.absent(now, account)
            }
            (LookUp::Absent | LookUp::CannotTell(_), Purpose::Settle { settled_at }) => {
                let then = Then::LookUp { settled_at, look_at: now + LOOK_AGAIN };
                self.wait(now + LOCK_POLL, then, Why::Lock)
            }
            (LookUp::CannotTell(_), Purpose::Compare)
                if self.look_ups_in_vain + 1 < LOOK_UPS_OF_DUPLICATE =>
            {
                self.look_ups_in_vain += 1;
                self.look_up(Purpose::Compare, false)
            }
            (LookUp::Absent | LookUp::CannotTell(_), Purpose::Compare) => self.end(
                Kind::Refused(Class::Duplicate),
                Stop::Final,
                "the API says that it is there, and no look-up shows it".to_owned(),
            ),
        }
    }

    /// It was looked for and is not there, and cannot still become so.
    pub(super) fn absent(&mut self, now: Time, account: &mut Account) -> Step {
        if self.attempts.len() as u32 >= self.policy().attempts {
            return self.end_unreached(
                Stop::Attempts,
                "it is proven not to be there; sent as often as allowed",
            );
        }
        // A call that resumes an earlier process's doubt sends its own first attempt here.
        self.ticket.unpaid = !self.attempts.is_empty();
        self.send(now, account)
    }
}
