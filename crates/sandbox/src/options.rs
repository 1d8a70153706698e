//! What a double is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::fault::{FaultPlan, PlanError};

/// How a double is started. `Options::default()` is a calm Knosc double on a free loopback port.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Which of the API's documents to follow where they disagree.
    pub profile: Profile,
    /// Single deviations from the contract.
    pub quirks: Vec<Quirk>,
    /// The faults to meet clients with, if any.
    pub faults: Option<FaultPlan>,
    /// Seeds the identifiers and, where a fault plan names no seed of its own, its draws.
    pub seed: u64,
    /// What the world holds at the start.
    pub fixtures: Fixtures,
    /// How long tokens last, in seconds, where the API leaves that to its operator (Thredfi: 3600).
    pub token_ttl_s: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            profile: Profile::default(),
            quirks: Vec::new(),
            faults: None,
            seed: 0,
            fixtures: Fixtures::default(),
            token_ttl_s: None,
        }
    }
}

/// What the world holds at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fixtures {
    /// Master data and a few orders that the files under `examples/` refer to.
    #[default]
    Default,
    /// What the test vectors of the contract name, with the order 42 (`P-1`) in place.
    Vectors,
    /// As `Vectors`, but with no order yet: the next one gets the id 42, its first line 101.
    VectorsEmpty,
    /// A file of the user's own, in the format of `fixtures/NAME-default.json`.
    File(PathBuf),
}

impl std::str::FromStr for Fixtures {
    type Err = std::convert::Infallible;

    /// `default`, `vectors`, `vectors-empty`, or the path of a file.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "default" => Fixtures::Default,
            "vectors" => Fixtures::Vectors,
            "vectors-empty" => Fixtures::VectorsEmpty,
            path => Fixtures::File(PathBuf::from(path)),
        })
    }
}

/// A name that is none of those expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{name}`; known are {known}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: String,
}

impl UnknownName {
    pub(crate) fn new(
        what: &'static str,
        name: &str,
        known: impl Iterator<Item = &'static str>,
    ) -> Self {
        let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
        UnknownName { what, name: name.to_owned(), known: known.join(", ") }
    }
}

/// Why a double did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {listen}: {source}; choose another address, or port 0 for a free one"
    )]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file with the fixtures cannot be read.
    #[error("cannot read the fixtures {}: {source}", path.display())]
    FixturesUnreadable {
        /// The file asked for.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The fixtures are not what they should be.
    #[error("wrong fixtures: {0}")]
    Fixtures(String),
    /// The fault plan asks for what the API cannot do.
    #[error(transparent)]
    Faults(#[from] PlanError),
    /// The double of this API has no such quirk.
    #[error("{api} has no quirk `{quirk}`; it has {}", names(api.kit().quirks))]
    Quirk {
        /// The API asked for.
        api: Api,
        /// The quirk asked for.
        quirk: Quirk,
    },
}

fn names(quirks: &[Quirk]) -> String {
    let names: Vec<_> = quirks.iter().map(|quirk| format!("`{quirk}`")).collect();
    names.join(", ")
}

macro_rules! named {
    ($(#[$meta:meta])* $what:literal, $type:ident { $($(#[$vmeta:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type { $($(#[$vmeta])* $variant),+ }

        impl $type {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name used on the command line and in files.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::options::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.name() == name).ok_or_else(|| {
                    $crate::options::UnknownName::new($what, name, Self::ALL.iter().map(|value| value.name()))
                })
            }
        }
    };
}
pub(crate) use named;

named! {
    /// An API that has a double.
    "API", Api {
        /// Knosc, a procurement suite.
        Knosc = "knosc",
        /// Thredfi, bookkeeping: businesses, customers, invoices, payments.
        Thredfi = "thredfi",
        /// Operations1, work orders for people on the shop floor.
        Operations1 = "operations1",
        /// kneo, a platform that runs agents and workflows.
        Kneo = "kneo",
    }
}

named! {
    /// Which of the API's documents a double follows where they disagree.
    "profile", Profile {
        /// The error and retry guide.
        Guide = "guide",
        /// The public reference pages.
        Reference = "reference",
        /// The routes of both; the texts and statuses of the guide.
        Both = "both",
    }
}

#[allow(
    clippy::derivable_impls,
    reason = "the variants are written by a macro that takes no `#[default]`"
)]
impl Default for Profile {
    fn default() -> Self {
        Profile::Guide
    }
}

named! {
    /// A single deviation from the contract. [`Api::has_quirk`] tells which API has which.
    "quirk", Quirk {
        /// Lists without `page` and `page_size` return every row.
        Unpaged = "unpaged",
        /// Natural keys are not enforced, and a queued create sent twice applies twice.
        AllowDuplicates = "allow-duplicates",
        /// Replies of 401 and 422 that the web framework makes carry `{"msg"}` and no code.
        FlaskMsg = "flask-msg",
        /// A malformed token earns 422 instead of 401.
        Jwt422 = "jwt422",
        /// A missing or wrong CSRF header earns 401 instead of 422.
        Csrf401 = "csrf401",
        /// Every filter of a list is ignored.
        FilterIgnored = "filter-ignored",
        /// Thredfi: lists come as `count`, `next`, `previous`, `results`.
        PagingDrf = "paging-drf",
        /// Thredfi: lists come as `count`, `page_info`, `results`.
        PagingInfo = "paging-info",
        /// Thredfi: the address of the next page repeats no parameter but `page`.
        NextDropsParams = "next-drops-params",
        /// Operations1: errors have no body.
        EmptyErrors = "empty-errors",
        /// Operations1: a rate limit gives no hint.
        NoRetryAfter = "no-retry-after",
        /// Operations1: a `customOrderId` may be used once.
        UniqueCustomId = "unique-custom-id",
        /// Operations1: requests without `Accept-Version` are served.
        VersionOptional = "version-optional",
        /// kneo: a 409 for a reused key carries no code.
        Codeless409 = "codeless-409",
        /// kneo: an asynchronous run is accepted with 202 and no body.
        Empty202 = "empty-202",
    }
}
