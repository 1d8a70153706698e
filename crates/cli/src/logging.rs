//! Log lines on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Global;

/// Turns log lines on, if the user asked for any. `STEADFAST_LOG` takes the filter language of
/// tracing and overrides the flags.
pub(crate) fn start(global: &Global) {
    let default = match (global.log_json, global.verbose) {
        (false, 0) => "off",
        (true, 0) | (_, 1) => "steadfast=info,steadfast_ledger=info",
        (_, _) => "steadfast=debug,steadfast_ledger=debug,steadfast_deliver=debug",
    };
    let filter = std::env::var("STEADFAST_LOG").unwrap_or_else(|_| default.to_owned());
    if filter == "off" {
        return;
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    if global.log_json {
        builder.json().flatten_event(true).with_span_list(false).init();
    } else {
        builder.init();
    }
}
