//! The API of the model: what it does with what reaches it, and what it answers.

use std::time::Duration;

use steadfast_call::{Event, Failure, Found, LookUp, Reach, Time};

use super::driver::{Driver, Happening, Kind, LATE_MS, Model};
use crate::scenario::{Answer, code, done, expired, gone_away, queued, reply, stale_csrf};

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    NotSent,
    LostBefore,
    LostAfter,
    Late(u64),
    FaultBefore,
    FaultAfter,
    Throttled,
    Expired,
    StaleCsrf,
    Garbled,
    Broken,
    Refused,
}

impl Model<'_> {
    /// What becomes of the next attempt.
    pub(super) fn fate(&mut self) -> Fate {
        match self.draw(18) {
            6 => Fate::NotSent,
            7 => Fate::LostBefore,
            8 => Fate::LostAfter,
            9 => Fate::Late(self.draw(256) * LATE_MS / 256),
            10 => Fate::FaultAfter,
            11 => Fate::FaultBefore,
            12 => Fate::Throttled,
            13 => Fate::Expired,
            14 => Fate::StaleCsrf,
            15 => Fate::Garbled,
            16 => Fate::Broken,
            17 => Fate::Refused,
            _ => Fate::Answered,
        }
    }

    /// The run ends, and what was queued is done in the order in which it came.
    pub(super) fn unlock(&mut self) {
        self.locked = false;
        for number in std::mem::take(&mut self.queue) {
            if !(self.unique && self.orders[number] > 0) {
                self.orders[number] += 1;
            }
        }
    }

    /// The server acts, and decides what it will answer.
    pub(super) fn arrive(&mut self, number: usize, fate: Fate, answered: Time) {
        let event = match fate {
            Fate::Answered => Some(self.write(number)),
            Fate::NotSent => return self.fail(number, Reach::NotSent, answered),
            Fate::LostBefore => return self.fail(number, Reach::MaybeSent, answered),
            Fate::LostAfter => {
                self.write(number);
                return self.fail(number, Reach::MaybeSent, answered);
            }
            Fate::Late(ms) => {
                self.enter(answered + Duration::from_millis(ms), Happening::Commit(number));
                return self.fail(number, Reach::MaybeSent, answered);
            }
            Fate::Broken => {
                self.write(number);
                return self.fail(number, Reach::ReplyBroken { status: 200 }, answered);
            }
            Fate::FaultBefore => Some(gone_away()),
            Fate::FaultAfter => {
                self.write(number);
                Some(code(500, "Server.Error"))
            }
            Fate::Garbled => {
                self.write(number);
                Some(reply(200, "<html>"))
            }
            Fate::Throttled => Some(reply(429, "")),
            Fate::Expired => Some(expired()),
            Fate::StaleCsrf => Some(stale_csrf()),
            Fate::Refused => Some(code(400, "OrderList.NoItems")),
        };
        let Some(mut answer) = event else { return };
        if fate != Fate::Answered && self.draw(3) == 1 {
            let seconds = self.draw(16) * 5;
            answer = answer.with("retry-after", &seconds.to_string());
            self.players[number].hint = Some(Duration::from_secs(seconds));
        }
        if let Answer::Reply(reply) = answer {
            self.enter(answered, Happening::Event(number, Event::Replied(reply)));
        }
    }

    fn fail(&mut self, number: usize, reach: Reach, at: Time) {
        let failure = match reach {
            Reach::MaybeSent => self.failure(reach),
            _ => Event::Failed(Failure::new(reach, "no answer")),
        };
        self.enter(at, Happening::Event(number, failure));
    }

    /// The write takes effect, or is queued.
    pub(super) fn write(&mut self, number: usize) -> Answer {
        match self.players[number].kind {
            Kind::Item => {
                self.orders[number] += 1;
                done()
            }
            Kind::Replace if self.locked => queued(),
            Kind::Replace => done(),
            Kind::Create if self.unique && self.orders[number] > 0 => {
                code(400, "PurchaseOrderList.AlreadyExists")
            }
            Kind::Create if self.locked => {
                self.queue.push(number);
                queued()
            }
            Kind::Create => {
                self.orders[number] += 1;
                done()
            }
        }
    }

    pub(super) fn look(&mut self, number: usize) -> LookUp {
        let copies = match self.driver {
            Driver::ReadsTheStateOfTheStart => 0,
            _ => self.orders[number] as usize,
        };
        match (self.draw(8), copies) {
            (7, _) => LookUp::CannotTell("no answer".to_owned()),
            (_, 0) => LookUp::Absent,
            _ => LookUp::Found(Found {
                id: None,
                record: serde_json::Value::Null,
                differences: Vec::new(),
                copies,
            }),
        }
    }
}
