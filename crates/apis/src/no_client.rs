use steadfast::BuildError;
use steadfast::dialect::DialectError;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoClient {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] BuildError),
    /// An option or a rule of the dialect is none.
    #[error(transparent)]
    Dialect(#[from] DialectError),
    /// The dialect is not there.
    #[error("this build has no dialect \"{0}\"")]
    NoDialect(&'static str),
    /// The version `latest` moves by itself (O11).
    #[error(
        "version = \"latest\" moves by itself and may change the form of answers any day: give a \
         date such as 2025-04-21, or allow it with `latest_version`"
    )]
    LatestVersion,
}
