//! Callers side by side, and how long each of their calls took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// What one round of a leg came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) calls: usize,
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Lets so many tasks call `one` with numbers from `next` on, until the time is over.
pub(super) async fn drive<F, O>(
    callers: usize,
    time: Duration,
    next: &Arc<AtomicU64>,
    one: F,
) -> Result<Round, BenchError>
where
    F: Fn(u64) -> O + Clone + Send + Sync + 'static,
    O: Future<Output = Result<(), BenchError>> + Send,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (one, next) = (one.clone(), Arc::clone(next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while start.elapsed() < time {
                    let began = Instant::now();
                    one(next.fetch_add(1, Ordering::Relaxed)).await?;
                    waits.push(began.elapsed());
                }
                Ok::<_, BenchError>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.map_err(|error| BenchError::Wrong(error.to_string()))??);
    }
    let elapsed = start.elapsed();
    waits.sort_unstable();
    let at = |share: f64| {
        let position = (waits.len().saturating_sub(1) as f64 * share).round() as usize;
        waits.get(position).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
    };
    Ok(Round {
        calls: waits.len(),
        rate: waits.len() as f64 / elapsed.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
    })
}
