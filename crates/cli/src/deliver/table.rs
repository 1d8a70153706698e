//! The account as tables for a person.

use std::fmt::Write;

use comfy_table::{Cell, Table};
use steadfast_ledger::State;

use super::account::Account;
use super::judge;
use crate::layout::{self, blank, clip, header, number};

/// How wide the tables are where stdout is no terminal.
const WIDTH_PIPED: u16 = 100;

pub(super) fn render(account: &Account, dry_run: bool) -> String {
    let mut text = String::new();
    let mut say = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    say(&states(account, dry_run).to_string());
    if !account.codes.is_empty() {
        say(&codes(account).to_string());
    }
    for missing in &account.findings.missing {
        say(&format!("Found before sending: {}", clip(missing, 600)));
    }
    for remark in &account.remarks {
        say(&format!("Remark: {remark}"));
    }
    if let Some(credentials) = &account.credentials {
        say(&format!("Everything of this login is held: {credentials}"));
    }
    if account.stopped {
        say("Stopped. The ledger is safe; the same command goes on from here.");
    }
    if let Some(audit) = &account.audit {
        let counts = audit.counts();
        say(&format!(
            "Audit by what the double saw: {} doubled, {} lost, {} false, {} early.",
            counts.doubled, counts.lost, counts.false_claims, counts.early
        ));
        for finding in judge::findings(audit) {
            say(&format!("  {finding}"));
        }
    }
    let plural = if account.counts.total() == 1 { "" } else { "s" };
    say(&format!(
        "{} {}{plural} accepted, {} attempts, {:.1} s.",
        account.counts.total(),
        account.resource,
        account.attempts,
        account.elapsed_s,
    ));
    if let Some(ledger) = &account.ledger {
        say(&format!("Ledger: {ledger}"));
    }
    text
}

fn states(account: &Account, dry_run: bool) -> Table {
    let mut table = blank(WIDTH_PIPED);
    table.set_header(header(&["state", "writes", "which means"]));
    for (state, count) in account.counts.iter().filter(|(_, count)| *count > 0) {
        let meaning = match state {
            State::Staged if dry_run => "would be sent",
            State::Existing if account.deletes => "gone already, or after an unanswered attempt",
            _ => layout::meaning(state),
        };
        table.add_row(vec![layout::state(state), number(count), Cell::new(meaning)]);
    }
    table
}

fn codes(account: &Account) -> Table {
    let mut table = blank(WIDTH_PIPED);
    table.set_header(header(&["writes", "code, and what to do", "for example"]));
    for code in &account.codes {
        let example = match code.text.starts_with(&code.example) {
            true => code.text.clone(),
            false => format!("{}: {}", code.example, code.text),
        };
        table.add_row(vec![
            number(code.count),
            Cell::new(format!("{}\n{}", code.code, code.action)),
            Cell::new(clip(&example, 240)),
        ]);
    }
    layout::keep_whole(&mut table, 1, account.codes.iter().map(|code| code.code.as_str()));
    table
}
