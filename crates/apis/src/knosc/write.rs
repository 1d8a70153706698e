//! A write that is being put together.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use steadfast::{CallBuilder, LookUp};

use super::written::Change;
use super::{Error, Knosc, Order, Written};

/// A write that is being put together; it does nothing until it is awaited or sent.
///
/// What is sent again, and when, is decided by the engine: a `POST` that was not answered is sent
/// again only after a look has shown that it is not there (K7).
#[must_use = "a write does nothing until it is sent"]
pub struct Write {
    knosc: Knosc,
    call: CallBuilder,
    change: Option<Change>,
    /// What has to be there before it is sent.
    names: Option<Box<Order>>,
}

impl Write {
    pub(super) fn new(knosc: &Knosc, call: CallBuilder, change: Option<Change>) -> Self {
        let call = match &change {
            Some(Change::There { resource, key, .. }) => call.natural_key(resource, key),
            _ => call,
        };
        let call = if knosc.writes_once { call.attempts(1) } else { call };
        Self { knosc: knosc.clone(), call, change, names: None }
    }

    /// The same write of an order, which can be checked ahead.
    pub(super) fn naming(mut self, order: &Order) -> Self {
        self.names = Some(Box::new(order.clone()));
        self
    }

    /// Puts a pair into the log record of this write, such as the id of the job in the ERP (K13).
    /// Not sent.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call = self.call.context(name, value);
        self
    }

    /// How long it may take in all: attempts, waits, log-ins and look-ups.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.call = self.call.deadline(deadline);
        self
    }

    /// You have looked, and there was none with this number: what is found after an attempt that
    /// was not answered is then known to be your own.
    pub fn known_absent(mut self) -> Self {
        self.call = self.call.known_absent();
        self
    }

    /// Sends it and sees it through.
    ///
    /// # Errors
    /// [`Error`], whose text is `[Code] Message` (K9).
    pub async fn send(self) -> Result<Written, Error> {
        let outcome = self.call.send().await?;
        Ok(Written::new(outcome, self.change))
    }

    /// Checks that everything is there that it names, and sends it only then (K11). Of a new
    /// order it also looks whether its number is there already, which tells afterwards whose it is.
    /// A write that names nothing is sent as it is.
    ///
    /// # Errors
    /// [`Error::Missing`] if something is not there; nothing was sent then. Else as [`Write::send`].
    pub async fn send_checked(mut self) -> Result<Written, Error> {
        if let Some(order) = &self.names {
            self.knosc.check(order).await?;
            if let Some(Change::There { resource, key, body, made: true }) = &self.change
                && let LookUp::Absent = self.knosc.client.look_up(resource, key, body).await
            {
                self.call = self.call.known_absent();
            }
        }
        self.send().await
    }
}

impl IntoFuture for Write {
    type Output = Result<Written, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("call", &self.call).finish_non_exhaustive()
    }
}
