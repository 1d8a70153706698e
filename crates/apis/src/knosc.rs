//! Knosc: procurement.

mod code;
mod confirm;
mod error;
mod log_in;
mod order;
mod orders;
mod preflight;
mod write;
mod written;

use std::time::Duration;

use steadfast::dialect::Dialect;
use steadfast::{Builder, Client};

pub use code::Code;
pub use confirm::Confirmed;
pub use error::Error;
pub use log_in::{LogIn, LogInError, LogInFailure};
pub use order::{LineMove, MoveTarget, Order, OrderLine, OrderRow, Status};
pub use preflight::Missing;
pub use write::Write;
pub use written::{Done, Queued, Written};

/// A client of Knosc, logged in as one user.
///
/// It is cheap to clone, and all clones share the session. Nobody has to log in or refresh: the
/// first call does, once for all that are made at the same time (K2 to K5). What is sent again is
/// decided from Knosc's contract; nothing here decides it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::Credentials;
/// use steadfast_apis::knosc::{Code, Knosc, Order, OrderLine};
///
/// let client = Knosc::builder("https://acme.knosc.com/api")
///     .credentials(Credentials::password("erp", "…"))
///     .build()?;
/// let knosc = Knosc::new(client);
/// let order = Order::new("PO-1", "SUP-1").line(OrderLine::new("ITEM-A", "WH-1", 5));
/// match knosc.create_order(&order).await {
///     Ok(written) => println!("{:?}", written.id()),
///     Err(error) if error.code() == Some(Code::ItemNotFound) => println!("create the item first"),
///     Err(error) => eprintln!("{error}: {}", error.user_message()),
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Knosc {
    client: Client,
    look_every: Duration,
}

/// How often a queued write is looked for, if nobody says otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Knosc {
    /// Starts to make a client of Knosc at this address, which ends in `/api`. Four attempts, 30 s
    /// each, unless the builder is told otherwise (K1).
    #[must_use]
    pub fn builder(base_url: &str) -> Builder {
        // The dialect is compiled in, and read by every test run.
        Client::builder(dialect(), base_url)
    }

    /// The typed client over a client that follows Knosc's dialect, or one made from it.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, look_every: LOOK_EVERY }
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

fn dialect() -> Dialect {
    Dialect::built_in("knosc").expect("the dialect of Knosc is built in")
}
