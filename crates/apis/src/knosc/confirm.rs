//! Seeing a queued write through (K19).

use std::collections::BTreeSet;
use std::time::Duration;

use steadfast::{Class, Difference, LookUp};
use tokio::time::Instant;

use super::written::{Change, Queued};
use super::{Error, Knosc, MoveTarget, Order};

/// What came of waiting for a queued write.
#[derive(Debug, Clone)]
#[must_use = "a write that does not show is not known to be done"]
pub enum Confirmed {
    /// It is done: reading shows it.
    Seen,
    /// Something else is there in its place, and will not go away by waiting.
    Differs(Vec<Difference>),
    /// It did not show in the time given. It may yet: an integration run can take long. The text
    /// says what the last look came to. Never send it again for that.
    NotSeen(String),
}

/// What one look came to.
enum Look {
    Seen,
    Differs(Vec<Difference>),
    NotYet(String),
}

impl Knosc {
    /// Looks until a queued write shows, or the time is over (K19), once at least. It reads only: a
    /// queued write is never sent again. Reads are asked for at the pace of [`Knosc::look_every`].
    ///
    /// ```no_run
    /// # async fn example(knosc: steadfast_apis::knosc::Knosc, order: &steadfast_apis::knosc::Order)
    /// # -> Result<(), steadfast_apis::knosc::Error> {
    /// use std::time::Duration;
    /// use steadfast_apis::knosc::{Confirmed, Written};
    ///
    /// if let Written::Queued(queued) = knosc.create_order(order).await? {
    ///     match knosc.confirm(&queued, Duration::from_secs(600)).await {
    ///         Confirmed::Seen => println!("done"),
    ///         Confirmed::Differs(at) => println!("not as sent: {}", at[0]),
    ///         Confirmed::NotSeen(why) => println!("not yet: {why}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn confirm(&self, queued: &Queued, within: Duration) -> Confirmed {
        let Some(change) = &queued.change else {
            let text = "nothing tells how this write shows: read what it was about";
            return Confirmed::NotSeen(text.to_owned());
        };
        let confirmed = self.watch(change, within).await;
        if let (Confirmed::Seen, Some(first_sent_at)) = (&confirmed, queued.first_sent_at()) {
            // The run that held it is over, which is proof for other calls that wait for some.
            self.client.saw_queued_write(first_sent_at);
        }
        confirmed
    }

    /// The same for an order of which only the content is still known, such as after a crash: it
    /// is looked for by its number (K19).
    pub async fn confirm_order(&self, order: &Order, within: Duration) -> Confirmed {
        self.watch(&super::orders::there(order), within).await
    }

    async fn watch(&self, change: &Change, within: Duration) -> Confirmed {
        let ends_at = Instant::now() + within;
        loop {
            let last = match self.look(change).await {
                Look::Seen => return Confirmed::Seen,
                Look::Differs(at) => return Confirmed::Differs(at),
                Look::NotYet(text) => text,
            };
            if Instant::now() + self.look_every >= ends_at {
                return Confirmed::NotSeen(last);
            }
            tokio::time::sleep(self.look_every).await;
        }
    }

    async fn look(&self, change: &Change) -> Look {
        match change {
            Change::There { resource, key, body, made } => {
                match self.client.look_up(resource, key, body).await {
                    LookUp::Found(found) if found.differences.is_empty() => Look::Seen,
                    LookUp::Found(found) if *made => Look::Differs(found.differences),
                    // What it is to replace is there until the run ends.
                    LookUp::Found(found) => Look::NotYet(format!(
                        "not as sent: {}",
                        found.differences.first().map(ToString::to_string).unwrap_or_default()
                    )),
                    LookUp::Absent => Look::NotYet(format!("no {resource} {key} is there")),
                    LookUp::CannotTell(text) => Look::NotYet(text),
                }
            }
            Change::Gone { path } => match self.client.get(path.as_str()).send().await {
                Ok(_) => Look::NotYet(format!("{path} is still there")),
                Err(error) if error.is(Class::NotFound) => Look::Seen,
                Err(error) => Look::NotYet(error.to_string()),
            },
            Change::Moved { lines, to } => match self.lines_of(to).await {
                Ok(there) if lines.iter().all(|line| there.contains(line)) => Look::Seen,
                Ok(_) => Look::NotYet("the lines are not on their new order".to_owned()),
                Err(error) => Look::NotYet(error.to_string()),
            },
        }
    }

    async fn lines_of(&self, target: &MoveTarget) -> Result<BTreeSet<u64>, Error> {
        let order = match target {
            MoveTarget::Order(id) => Some(self.order(*id).await?),
            MoveTarget::NewOrder(number) => self.order_by_number(number).await?,
        };
        let lines = order.into_iter().flat_map(|order| order.details);
        Ok(lines.filter_map(|line| line.id).collect())
    }
}
