//! Purchase orders: the routes of section 3.1 of the contract.

use serde::Deserialize;
use serde_json::json;
use steadfast::{Class, LookUp, path};

use super::written::Change;
use super::{Error, Knosc, LineMove, Order, Write};

const ORDER: &str = "purchase-order";

/// The answer that holds one record.
#[derive(Deserialize)]
struct OneOf<T> {
    data: RowsOf<T>,
}

#[derive(Deserialize)]
struct RowsOf<T> {
    rows: T,
}

impl Knosc {
    /// Creates an order. It is looked for by its number wherever an attempt may have taken effect,
    /// so that none is doubled (K7).
    ///
    /// ```no_run
    /// # async fn example(knosc: steadfast_apis::knosc::Knosc) -> Result<(), steadfast_apis::knosc::Error> {
    /// use steadfast_apis::knosc::{Order, OrderLine, Written};
    ///
    /// let order = Order::new("PO-1", "SUP-1").line(OrderLine::new("ITEM-A", "WH-1", 5));
    /// match knosc.create_order(&order).context("erp_id", "4711").await? {
    ///     Written::Applied(done) => println!("done: {:?}", done.id),
    ///     Written::Existing(done) => println!("it was there, and the same: {:?}", done.id),
    ///     Written::Queued(_) => println!("done when the integration run ends"),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn create_order(&self, order: &Order) -> Write {
        let call = self.client.post("/purchase-order").json(order);
        Write::new(self, call, Some(there(order))).naming(order)
    }

    /// Replaces an order. Lines that it does not name are removed: read the order, change it, and
    /// send it with the ids of all lines that are to stay.
    pub fn replace_order(&self, id: u64, order: &Order) -> Write {
        let mut order = order.clone();
        order.id = Some(id);
        for line in &mut order.details {
            line.details_id = line.details_id.or(line.id);
        }
        let call = self.client.put(path!("purchase-order", id)).json(&order);
        Write::new(self, call, Some(there(&order))).naming(&order)
    }

    /// Deletes an order with its lines. One that is not there any more after an attempt that was
    /// not answered is taken for deleted.
    pub fn delete_order(&self, id: u64) -> Write {
        let gone = Change::Gone { path: format!("/purchase-order/{id}") };
        Write::new(self, self.client.delete(path!("purchase-order", id)), Some(gone))
    }

    /// Deletes a line. Deleting the *last* line of an order deletes the order, too, and the answer
    /// does not say so.
    pub fn delete_line(&self, id: u64) -> Write {
        Write::new(self, self.client.delete(path!("purchase-order-details", id)), None)
    }

    /// Moves lines to another order, all at once or not at all. The order that they leave stays,
    /// even without a line.
    pub fn move_lines(&self, moves: &[LineMove]) -> Write {
        let call = self.client.put("/purchase-order-details-move-lines");
        let change = moves.first().map(|first| Change::Moved {
            lines: moves.iter().map(|moved| moved.id).collect(),
            to: first.to.clone(),
        });
        Write::new(self, call.json(&json!({ "moves": moves })), change)
    }

    /// An order with its lines, by its id; also one that has left the list for the archive.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`](super::Code::OrderNotFound) if there is none, with status 404 or 400
    /// as the API's documents have it.
    pub async fn order(&self, id: u64) -> Result<Order, Error> {
        let one: OneOf<Order> = self.client.get(path!("purchase-order", id)).send_as().await?;
        Ok(one.data.rows)
    }

    /// An order by its number, compared letter by letter. None if there is none in the list: what
    /// is received or closed has left it.
    ///
    /// # Errors
    /// [`Error`] if that cannot be told.
    pub async fn order_by_number(&self, number: &str) -> Result<Option<Order>, Error> {
        match self.client.look_up(ORDER, number, b"{}").await {
            LookUp::Absent => Ok(None),
            LookUp::CannotTell(text) => {
                Err(steadfast::Error::never_made(steadfast::Effect::None, text).into())
            }
            LookUp::Found(found) => match found.id.and_then(|id| id.parse().ok()) {
                Some(id) => match self.order(id).await {
                    // Gone in between.
                    Err(Error::Call(error)) if error.is(Class::NotFound) => Ok(None),
                    read => read.map(Some),
                },
                None => Ok(None),
            },
        }
    }
}

pub(super) fn there(order: &Order) -> Change {
    // What serde cannot write is told when the call is sent.
    let body = serde_json::to_vec(order).unwrap_or_default();
    let made = order.id.is_none();
    Change::There { resource: ORDER.to_owned(), key: order.number.clone(), body, made }
}
