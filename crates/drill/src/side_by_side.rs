//! Several scenarios at the same time, each on a double of its own.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::graded::Graded;
use crate::run::{RunError, Subject};
use crate::scenario::Scenario;

impl Subject {
    /// Runs scenarios, so many at a time, and gives them back in their order. `done` is told of each as it ends.
    /// When `stop` comes to its end, every command that is still running is ended.
    ///
    /// # Errors
    /// The first that cannot be set up, or [`RunError::Stopped`]. No command runs any more then.
    pub async fn run_all(
        &self,
        scenarios: &[Scenario],
        at_once: usize,
        stop: impl Future<Output = ()>,
        done: impl FnMut(&Graded),
    ) -> Result<Vec<Graded>, RunError> {
        let places = Arc::new(Semaphore::new(at_once.max(1)));
        let mut running = JoinSet::new();
        for (index, scenario) in scenarios.iter().cloned().enumerate() {
            let (places, subject) = (Arc::clone(&places), self.clone());
            running.spawn(async move {
                // The semaphore is never closed.
                let _place = places.acquire().await;
                (index, subject.run(&scenario).await)
            });
        }
        let ended = tokio::select! {
            ended = collect(&mut running, done) => ended,
            () = stop => Err(RunError::Stopped),
        };
        // A task that is only told to end may outlive this program, and its command with it.
        running.shutdown().await;
        let mut graded = ended?;
        graded.sort_by_key(|(index, _)| *index);
        Ok(graded.into_iter().map(|(_, graded)| graded).collect())
    }
}

type Ended = (usize, Result<Graded, RunError>);

async fn collect(
    running: &mut JoinSet<Ended>,
    mut done: impl FnMut(&Graded),
) -> Result<Vec<(usize, Graded)>, RunError> {
    let mut graded = Vec::with_capacity(running.len());
    while let Some(joined) = running.join_next().await {
        let (index, ended) =
            joined.map_err(|error| RunError::Place(std::io::Error::other(error)))?;
        let ended = ended?;
        done(&ended);
        graded.push((index, ended));
    }
    Ok(graded)
}
