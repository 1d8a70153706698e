//! What is sent again, as rules before those of the dialect: the engine decides by them (O4, C1).

use std::fmt::Write as _;

use steadfast::dialect::{Dialect, RateLimited};

use crate::NoClient;

/// What is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Retry {
    /// 429 and 503, and of reads 502 (O1, O4).
    #[default]
    Temporary,
    /// These statuses and no others (O4). A write that may have been done is looked for first,
    /// whatever the status.
    Statuses(Vec<u16>),
    /// What the loop that the guide prints sends again: of reads every failure, 400 and 404
    /// included (C1). A 401 or 403 ends the call even so, since nothing cures it (O12).
    Literal,
    /// As the unofficial SDK does: three more tries where there was no answer, 0.1 s and its
    /// doubles apart, and none for a status (C1).
    Sdk,
}

/// Those that the dialect has a word on.
const FAULTS: [u16; 5] = [429, 500, 502, 503, 504];

/// The dialect with the rules of that choice before its own: the first that fits decides.
pub(super) fn dialect_with(retry: &Retry) -> Result<Dialect, NoClient> {
    let text = Dialect::built_in_text("operations1").ok_or(NoClient::NoDialect("operations1"))?;
    let rules = rules(retry);
    let text = text.replacen("[[rule]]", &format!("{rules}[[rule]]"), 1);
    let mut dialect = Dialect::parse(&text)?;
    if *retry == Retry::Sdk {
        for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
            policy.attempts = 4;
            policy.fault_base_ms = 100;
            policy.rate_limited = RateLimited::Never;
        }
    }
    Ok(dialect)
}

fn rules(retry: &Retry) -> String {
    let mut rules = String::new();
    match retry {
        Retry::Temporary => {}
        Retry::Statuses(statuses) => {
            for status in FAULTS.iter().filter(|status| !statuses.contains(status)) {
                rule(&mut rules, *status, "never", "");
            }
            for status in statuses {
                rule(&mut rules, *status, again(*status), "");
            }
        }
        Retry::Literal => {
            for status in [400, 404, 405, 422, 500, 502, 503, 504] {
                rule(&mut rules, status, "if_safe", r#", method = ["GET"]"#);
            }
        }
        Retry::Sdk => FAULTS.iter().for_each(|status| rule(&mut rules, *status, "never", "")),
    }
    rules
}

/// A 429 was not processed, whatever was asked for. Of all others the effect decides.
fn again(status: u16) -> &'static str {
    match status {
        429 => "not_processed",
        _ => "if_safe",
    }
}

fn rule(rules: &mut String, status: u16, again: &str, more: &str) {
    let class = match status {
        404 => "not_found",
        409 => "conflict",
        429 => "rate_limited",
        502..=504 => "unavailable",
        500..=599 => "server_error",
        _ => "validation",
    };
    let what = if again == "never" { "not sent again" } else { "sent again" };
    // Writing to a string does not fail.
    let _ = write!(
        rules,
        "[[rule]]\nname = \"{status} is {what}, as the settings say\"\n\
         when = {{ status = [\"{status}\"]{more} }}\nclass = \"{class}\"\nagain = \"{again}\"\n\n"
    );
}
