//! What makes the calls: the real client, or the real engine behind a driver of our own.

use std::sync::{Arc, OnceLock};

use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Client, Credentials, Error, Options, Outcome, Request};

use crate::broken::{Direct, Flaw};
use crate::chance::named;
use crate::plan::{Api, Plan};
use crate::server::{PASSWORD, USERNAME};
use crate::world::{Wire, World};

/// What makes the calls of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// The client with its own driver, as users have it.
    Client,
    /// The engine behind a plain driver, with that wrong with it.
    Plain(Option<Flaw>),
}

/// One process's way to make calls.
#[derive(Clone)]
pub(crate) enum Engine {
    Client(Client),
    Plain(Arc<Direct>),
}

impl Engine {
    pub(crate) fn new(leg: Leg, world: &Arc<World>, process: usize) -> Result<Self, String> {
        let wire = Wire { world: Arc::clone(world), process };
        match leg {
            Leg::Client => client(&world.plan, wire).map(Self::Client),
            Leg::Plain(flaw) => Ok(Self::Plain(Arc::new(Direct::new(&world.plan, wire, flaw)))),
        }
    }

    pub(crate) async fn call(&self, request: Request, options: Options) -> Result<Outcome, Error> {
        match self {
            Self::Client(client) => client.call(request, options).await,
            Self::Plain(direct) => direct.call(request, options).await,
        }
    }
}

fn client(plan: &Plan, wire: Wire) -> Result<Client, String> {
    let password = if plan.quirks.wrong_password { "canary-password-0" } else { PASSWORD };
    let credentials = Credentials::password(USERNAME, password);
    Client::builder(dialect(plan.api).clone(), "http://sim.example/api")
        .credentials(credentials)
        .policy(policy(plan))
        .seed(named(plan.seed, &[wire.process as u64]))
        .transport(wire)
        .build()
        .map_err(|error| error.to_string())
}

pub(crate) fn policy(plan: &Plan) -> PolicyName {
    if plan.documented { PolicyName::Documented } else { PolicyName::Recommended }
}

/// The dialect of an API, read once.
pub(crate) fn dialect(api: Api) -> &'static Dialect {
    static READ: OnceLock<[Dialect; 4]> = OnceLock::new();
    let [knosc, keyed, natural, bare] = READ.get_or_init(|| {
        [
            Dialect::built_in("knosc"),
            Dialect::parse(include_str!("../dialects/keyed.toml")).ok(),
            Dialect::parse(include_str!("../dialects/natural.toml")).ok(),
            Dialect::parse(include_str!("../dialects/bare.toml")).ok(),
        ]
        .map(|dialect| dialect.unwrap_or_else(|| unreachable!("a test reads them all")))
    });
    match api {
        Api::Knosc => knosc,
        Api::Keyed => keyed,
        Api::Natural => natural,
        Api::Bare => bare,
    }
}
