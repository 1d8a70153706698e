//! A running double: the API's world, the faults it meets clients with, and the record of both.

mod record;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::exchange::{Answer, Reply, Request};
use crate::fault::FaultPlan;
use crate::options::{Api, Options, StartError};
use crate::service::Now;

use world::Step;
pub(crate) use world::{Run, World};

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
    pub(crate) api: Api,
    world: Mutex<Box<dyn Run>>,
    pub(crate) clock: Clock,
    pub(crate) gate: UnboundedSender<Gate>,
}

impl Double {
    pub(crate) fn new(
        api: Api,
        options: &Options,
        gate: UnboundedSender<Gate>,
    ) -> Result<Self, StartError> {
        if let Some(quirk) = options.quirks.iter().find(|quirk| !api.has_quirk(**quirk)) {
            return Err(StartError::Quirk { api, quirk: *quirk });
        }
        let clock = Clock::start();
        let mut world = (api.kit().start)(options, now(&clock))?;
        if let Some(plan) = &options.faults {
            api.check_plan(plan)?;
            world.set_faults(plan.clone());
        }
        Ok(Double { api, world: Mutex::new(world), clock, gate })
    }

    pub(crate) fn now(&self) -> Now {
        now(&self.clock)
    }

    /// The world, at the present time.
    pub(crate) fn world(&self) -> MutexGuard<'_, Box<dyn Run>> {
        // A panic in one request must not take the others down; each leaves the world consistent.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.pass_time(self.now());
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
            Step::Delay { ms, ticket } => {
                // On a task of its own, as a server goes on with a request whose client has left.
                let double = Arc::clone(self);
                let delayed = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let now = double.now();
                    double.world().resume(ticket, now)
                });
                match delayed.await {
                    Ok(Step::Answer(answer)) => answer,
                    Ok(Step::AnswerAfter { ms, answer }) => {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                        answer
                    }
                    _ => Answer::Reset,
                }
            }
            Step::Late { after_ms, ticket, answer } => {
                let double = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    let now = double.now();
                    double.world().settle_late(ticket, now);
                });
                answer
            }
            Step::Refuse { for_ms } => {
                // The listener ends this connection with the others, once it has closed: a client that
                // comes again at once has to be refused. It is gone only while the double is being stopped.
                if self.gate.send(Gate::Refuse { for_ms }).is_ok() {
                    std::future::pending::<()>().await;
                }
                Answer::Reset
            }
        }
    }

    /// The reply to a request whose body cannot be read or is too large.
    pub(crate) fn refuse(&self, request: &Request, status: StatusCode) -> Reply {
        self.world().refuse(request, status)
    }

    /// Replaces the fault plan.
    pub(crate) fn set_faults(&self, plan: FaultPlan) {
        self.world().set_faults(plan);
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
