//! Plays a plan to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::callers::Process;
use crate::checker::Violation;
use crate::engine::{Engine, Leg, dialect, policy};
use crate::plan::{Api, Plan, What};
use crate::world::World;

/// No world goes on for longer than that: every call has ended long before.
const WORLD_MS_MAX: u64 = 6 * 3_600_000;

/// What became of a world.
#[derive(Debug)]
pub struct Report {
    /// The first invariant that was broken, if any was.
    pub violation: Option<Violation>,
    /// A hash over all that happened: the same plan gives the same (I8).
    pub hash: u64,
    /// What happened, a line each, if it was to be kept.
    pub log: Vec<String>,
    /// How many exchanges there were.
    pub exchanges: u64,
}

/// Plays a plan.
///
/// # Errors
/// There is no runtime or no client to be had.
pub fn run(plan: &Plan, leg: Leg, keep_log: bool) -> Result<Report, String> {
    // What the plain driver draws comes from the seed, too.
    fastrand::seed(plan.seed);
    let mut plan = plan.clone();
    // Keeping secrets out of errors is the client's part, which the plain driver has not.
    plan.quirks.quotes_secrets &= leg == Leg::Client;
    let plan = &plan;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let world = runtime.block_on(async {
        let world = World::new(plan, sends_max(plan), keep_log);
        let ended = timeout(Duration::from_millis(WORLD_MS_MAX), play(&world, leg)).await;
        match ended {
            Ok(played) => played?,
            Err(_) => {
                let text = format!("a call has not ended after {WORLD_MS_MAX} ms");
                world.state().checker.blame("I2", text);
            }
        }
        Ok::<_, String>(world)
    })?;
    // Tasks that are left hold the world, and go with the runtime.
    drop(runtime);
    let world = Arc::into_inner(world).ok_or("something still holds the world")?;
    let state = world.into_state();
    Ok(Report {
        violation: state.checker.violation,
        hash: state.log.hash(),
        exchanges: state.exchanges,
        log: state.log.into_lines(),
    })
}

/// The tries of the policy, and the cures of a session that was refused.
fn sends_max(plan: &Plan) -> u32 {
    dialect(plan.api).policy(policy(plan)).attempts + if plan.api.has_session() { 2 } else { 0 }
}

async fn play(world: &Arc<World>, leg: Leg) -> Result<(), String> {
    let elsewhere = Arc::clone(world);
    let happenings = tokio::spawn(async move {
        for happening in &elsewhere.plan.happenings {
            let now_ms = elsewhere.now_ms();
            sleep(Duration::from_millis(happening.at_ms.saturating_sub(now_ms))).await;
            elsewhere.happen(happening.what);
        }
    });
    let crash = world.plan.happenings.iter().find_map(|happening| match happening.what {
        What::Crash { restart_ms } => Some((happening.at_ms, restart_ms)),
        _ => None,
    });
    let (mut calls, mut chores) = start(world, leg, 0)?;
    if let Some((at_ms, restart_ms)) = crash
        && timeout(Duration::from_millis(at_ms), ended(&mut calls)).await.is_err()
    {
        world.state().alive_from = 1;
        chores.abort_all();
        calls.abort_all();
        ended(&mut calls).await;
        sleep(Duration::from_millis(restart_ms)).await;
        (calls, chores) = start(world, leg, 1)?;
    }
    ended(&mut calls).await;
    chores.abort_all();
    // What is still on its way may take effect, and what is queued will.
    let _ = happenings.await;
    for _ in 0..2 {
        while !world.is_quiet() {
            sleep(Duration::from_secs(1)).await;
        }
        world.happen(What::Unlock);
    }
    Ok(())
}

fn start(
    world: &Arc<World>,
    leg: Leg,
    process: usize,
) -> Result<(JoinSet<()>, JoinSet<()>), String> {
    let process = Process::new(world, Engine::new(leg, world, process)?);
    let calls = process.start();
    let mut chores = JoinSet::new();
    if world.plan.api == Api::Knosc {
        chores.spawn(Arc::clone(&process).chores());
    }
    Ok((calls, chores))
}

async fn ended(calls: &mut JoinSet<()>) {
    while let Some(ended) = calls.join_next().await {
        if let Err(error) = ended
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
