//! The pages under `docs/`, so that their code is compiled with the tests.

macro_rules! pages {
    ($($name:ident: $path:literal),+ $(,)?) => { $(
        #[doc = include_str!($path)]
        #[allow(dead_code, reason = "it carries a page for the documentation's tests")]
        struct $name;
    )+ };
}

pages! {
    TokenRefresh: "../../../docs/patterns/token-refresh.md",
    Backoff: "../../../docs/patterns/backoff.md",
    QueuedWrites: "../../../docs/patterns/queued-writes.md",
    PreFlight: "../../../docs/patterns/pre-flight.md",
    Idempotency: "../../../docs/patterns/idempotency.md",
    StructuredLogging: "../../../docs/patterns/structured-logging.md",
    UserMessages: "../../../docs/patterns/user-messages.md",
    Authentication: "../../../docs/authentication.md",
    Observability: "../../../docs/observability.md",
}
