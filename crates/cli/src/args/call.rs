//! `call`, as it is typed.

use std::time::Duration;

use clap::Args;
use http::{HeaderName, HeaderValue, Method};
use steadfast::dialect::PolicyName;

use super::duration;
use super::explain::{header, method, path};

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The body of the reply goes to stdout exactly as it came; how the call ended goes to stderr.

A write that was not answered is looked for before it is sent again, if its resource and key are \
known: they are read off the body where the dialect says how, or given with --resource and --key. \
Without them it ends as unknown.

Where the API recognises a repeat by an idempotency key, one is made for each write and told \
on stderr. To repeat such a write later, give the same one with --idempotency-key: a fresh key \
makes it another write.

Exit status: 0 applied, existing or queued; 1 refused or unknown; 2 usage, input or settings; \
3 not reachable, or the credentials were not taken; 130 interrupted.")]
pub(crate) struct CallArgs {
    /// The method, such as GET or POST
    #[arg(value_parser = method)]
    pub(crate) method: Method,
    /// The path below the base URL, with its query
    #[arg(value_parser = path)]
    pub(crate) path: String,
    /// The body: text, @FILE, or - for stdin; JSON unless a Content-Type says otherwise
    #[arg(long, short = 'd', value_name = "BODY|@FILE|-", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
    /// A header of the request; may be given more than once
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<(HeaderName, HeaderValue)>,
    /// The API, as the settings name it
    #[arg(long, value_name = "API", env = "STEADFAST_TO")]
    pub(crate) api: String,
    /// What the call writes, as the dialect names it
    #[arg(long, value_name = "NAME", requires = "key")]
    pub(crate) resource: Option<String>,
    /// Its natural key, by which it can be found again
    #[arg(long, value_name = "VALUE", requires = "resource")]
    pub(crate) key: Option<String>,
    /// The key by which the API recognises a repeat of this write [default: made where it helps]
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// How long it may take, waits included, such as 90s or 10m [default: 2m]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// Which policy of the dialect to follow: recommended, documented
    #[arg(long, value_name = "POLICY", env = "STEADFAST_POLICY")]
    pub(crate) policy: Option<PolicyName>,
}
