//! Writes: orders, users and the order connector.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use steadfast::{CallBuilder, path};

use super::{Error, NewOrder, NewUser, Operations1, Order, OrderChange, User, UserChange, below};
use crate::Written;

/// A write that is being put together; it does nothing until it is awaited or sent.
///
/// What is sent again, and when, is decided by the engine: a `POST` that was not answered is sent
/// again only after a look has shown that it is not there (contract 5).
#[must_use = "a write does nothing until it is sent"]
pub struct Write<T> {
    operations1: Operations1,
    call: CallBuilder,
    method: &'static str,
    path: String,
    reads: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Write<T> {
    fn new(
        operations1: &Operations1,
        method: &'static str,
        path: String,
        call: CallBuilder,
    ) -> Self {
        let operations1 = operations1.clone();
        Self { operations1, call, method, path, reads: std::marker::PhantomData }
    }

    /// Puts a pair into the log record of this write, such as the id of the job in the ERP. Not sent.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call = self.call.context(name, value);
        self
    }

    /// How long it may take in all: attempts, waits and look-ups (O5).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.call = self.call.deadline(deadline);
        self
    }

    /// You have looked, and there was none with this number or name: what is found after an attempt
    /// that was not answered is then known to be your own.
    pub fn known_absent(mut self) -> Self {
        self.call = self.call.known_absent();
        self
    }

    /// Sends it and sees it through.
    ///
    /// # Errors
    /// [`Error`]. One whose effect is unknown says that the outcome is not known: look before it is
    /// sent again.
    pub async fn send(self) -> Result<Written<T>, Error> {
        let written = crate::written::write(self.call, "").await;
        written.map_err(|error| self.operations1.failed(self.method, &self.path, error))
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Write<T> {
    type Output = Result<Written<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> std::fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Operations1 {
    /// Creates an order. With a `customOrderId` it is looked for wherever an attempt may have taken
    /// effect, so that none is made twice; without one such a call ends with an unknown effect.
    pub fn create_order(&self, order: &NewOrder) -> Write<Order> {
        let call = self.client.post("/orders").json(order);
        let call = match &order.custom_order_id {
            Some(number) => call.natural_key("order", number),
            None => call,
        };
        Write::new(self, "POST", "/orders".to_owned(), call)
    }

    /// Changes an order.
    pub fn change_order(&self, id: u64, change: &OrderChange) -> Write<Order> {
        self.patch("/orders", id, change)
    }

    /// Puts an order into the archive.
    pub fn delete_order(&self, id: u64) -> Write<Order> {
        let path = below("/orders", id);
        Write::new(self, "DELETE", path.to_string(), self.client.delete(path))
    }

    /// Creates a user. It is looked for by its name wherever an attempt may have taken effect.
    pub fn create_user(&self, user: &NewUser) -> Write<User> {
        let call = self.client.post("/users").json(user).natural_key("user", &user.name);
        Write::new(self, "POST", "/users".to_owned(), call)
    }

    /// Changes a user.
    pub fn change_user(&self, id: u64, change: &UserChange) -> Write<User> {
        self.patch("/users", id, change)
    }

    /// Puts a user into the archive.
    pub fn delete_user(&self, id: u64) -> Write<User> {
        let path = below("/users", id);
        Write::new(self, "DELETE", path.to_string(), self.client.delete(path))
    }

    /// Hands a payload to an order connector, which makes an order of it that begins at once. The
    /// properties are those that the connector was set up with.
    ///
    /// It is sent once: what was not answered ends with an unknown effect, since nothing tells which
    /// property of the payload is the order's number (contract 5).
    pub fn execute_connector<P: Serialize + ?Sized>(&self, id: u64, payload: &P) -> Write<Order> {
        let path = path!("order-connectors", id, "execute");
        Write::new(self, "POST", path.to_string(), self.client.post(path).json(payload))
    }

    fn patch<T: DeserializeOwned + Send + 'static>(
        &self,
        list: &str,
        id: u64,
        change: &impl Serialize,
    ) -> Write<T> {
        let path = below(list, id);
        Write::new(self, "PATCH", path.to_string(), self.client.patch(path).json(change))
    }
}
