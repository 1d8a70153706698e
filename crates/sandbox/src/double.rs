//! A running double: the API's world, the faults it meets clients with, and the record of both.

mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::exchange::{Answer, Request};
use crate::fault::FaultPlan;
use crate::knosc::{Knosc, Now};
use crate::options::{Options, StartError};

use world::Step;
pub(crate) use world::World;

/// What the listener is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Close every connection and refuse new ones for so long.
    Refuse { for_ms: u64 },
    /// Close for good.
    Stop,
}

/// Everything the connections share. The lock is held for the moment of one request, never across a wait.
#[derive(Debug)]
pub(crate) struct Double {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) gate: UnboundedSender<Gate>,
}

impl Double {
    pub(crate) fn new(options: &Options, gate: UnboundedSender<Gate>) -> Result<Self, StartError> {
        let clock = Clock::start();
        let knosc = Knosc::new(options, now(&clock))?;
        let plan = options.faults.clone().unwrap_or_else(FaultPlan::none);
        let world = Mutex::new(World::new(knosc, plan, options.seed));
        Ok(Double { world, clock, gate })
    }

    pub(crate) fn now(&self) -> Now {
        now(&self.clock)
    }

    /// The world, with a lock that has run out already ended.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic in one request must not take the others down; each leaves the world consistent.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.end_overdue_lock(self.now());
        world
    }

    /// Answers a request of the API.
    pub(crate) async fn serve(self: &Arc<Self>, request: Request, arrived_ms: u64) -> Answer {
        let step = self.world().begin(request, arrived_ms, self.now());
        match step {
            Step::Answer(answer) => answer,
            Step::AnswerAfter { ms, answer } => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                answer
            }
            Step::Delay { ms, visit } => {
                // On a task of its own, as a server goes on with a request whose client has left.
                let double = Arc::clone(self);
                let delayed = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let now = double.now();
                    double.world().carry_out(&visit, now)
                });
                delayed.await.unwrap_or(Answer::Reset)
            }
            Step::Late { after_ms, late, answer } => {
                let double = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    let now = double.now();
                    double.world().settle_late(&late, now);
                });
                answer
            }
            Step::Refuse { for_ms } => {
                // The receiver is gone only while the double is being stopped.
                let _ = self.gate.send(Gate::Refuse { for_ms });
                Answer::Reset
            }
        }
    }

    /// Back to the start: fixtures, clock, journal, and the fault plan from its beginning.
    pub(crate) fn reset(&self) {
        let mut world = self.world();
        self.clock.reset();
        world.reset(self.now());
    }
}

fn now(clock: &Clock) -> Now {
    let real_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    Now { ms: clock.now_ms(), real_ms }
}
