//! Knosc: procurement.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast_apis::knosc::{Code, Knosc, Order, OrderLine, Written};
//!
//! let knosc = Knosc::builder("https://acme.knosc.com/api", "erp", "…").build()?;
//! let order = Order::new("PO-1", "SUP-1").line(OrderLine::new("ITEM-A", "WH-1", 5));
//! match knosc.create_order(&order).context("erp_id", "4711").await {
//!     Ok(Written::Applied(done)) => println!("done: {:?}", done.id),
//!     Ok(Written::Existing(done)) => println!("there already, and the same: {:?}", done.id),
//!     Ok(Written::Queued(_)) => println!("done when the integration run ends"),
//!     Err(error) if error.code() == Some(Code::ItemNotFound) => println!("create the item first"),
//!     Err(error) => eprintln!("{error}: {}", error.user_message()),
//! }
//! # Ok(()) }
//! ```
//!
//! Nobody has to log in or refresh: the first call does, once for all that are made at the same time
//! (K2 to K5). What is sent again is decided from Knosc's contract; nothing here decides it.

mod builder;
mod code;
mod confirm;
mod error;
mod log_in;
mod master;
mod order;
mod orders;
mod preflight;
mod records;
mod stock;
mod user;
mod verbs;
mod write;
mod written;

use std::time::Duration;

use steadfast::{Client, Secret};

pub use builder::{AuthPaths, Builder, WriteRetry};
pub use code::Code;
pub use confirm::Confirmed;
pub use error::Error;
pub use log_in::{LogIn, LogInError, LogInFailure};
pub use master::{Item, RecordStatus, ShipFrom, ShipFromLocation, Supplier, Warehouse};
pub use order::{LineMove, MoveTarget, Order, OrderLine, OrderRow, Status};
pub use preflight::Missing;
pub use records::{Direction, Listed, Query, Readable, Writable};
pub use stock::{
    Availability, Forecast, ForecastLine, ForecastOverTime, Inventory, ItemInventory, Warehouses,
};
pub use user::{Access, Privilege, Role, SecondFactorOffer, User};
pub use write::Write;
pub use written::{Done, Queued, Written};

/// A client of Knosc, logged in as one user. It is cheap to clone, and all clones share the session.
///
/// See the [module](self) for an example.
#[derive(Debug, Clone)]
pub struct Knosc {
    client: Client,
    look_every: Duration,
    writes_once: bool,
}

/// How often a queued write is looked for, if nobody says otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Knosc {
    /// Starts to make a client: the address, which ends in `/api`, and who logs in. Four attempts of
    /// 30 s each, unless the builder is told otherwise (K1).
    pub fn builder(
        base_url: &str,
        username: impl Into<Secret>,
        password: impl Into<Secret>,
    ) -> Builder {
        Builder::new(base_url, username.into(), password.into())
    }

    /// A client over one that is made already, with the dialect of Knosc.
    #[must_use]
    pub fn over(client: Client) -> Self {
        Self { client, look_every: LOOK_EVERY, writes_once: false }
    }

    /// How long to wait between two looks for a queued write; 5 s if not said.
    #[must_use]
    pub fn look_every(mut self, wait: Duration) -> Self {
        self.look_every = wait;
        self
    }

    /// The client underneath, for whatever has no name here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}
