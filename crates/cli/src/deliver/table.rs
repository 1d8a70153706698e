//! The account as tables for a person.

use std::fmt::Write;
use std::io::IsTerminal;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width,
};
use steadfast_ledger::State;

use super::account::Account;
use super::judge;

/// How wide the tables are where stdout is no terminal.
const WIDTH_PIPED: u16 = 100;
const WIDTH_MAX: u16 = 160;
/// The widest column of codes.
const CODE_WIDTH_MAX: u16 = 44;

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
    let mut table = blank();
    table.set_header(header(&["state", "writes", "which means"]));
    for (state, count) in account.counts.iter().filter(|(_, count)| *count > 0) {
        let colour = match state {
            State::Applied | State::Confirmed | State::Existing => Some(Color::Green),
            State::Queued | State::Staged | State::Waiting | State::Sending => Some(Color::Yellow),
            State::Rejected | State::Unknown | State::Held => Some(Color::Red),
            State::Cancelled => None,
        };
        let mut name = Cell::new(state.as_str());
        if let Some(colour) = colour {
            name = name.fg(colour);
        }
        table.add_row(vec![name, number(count), Cell::new(meaning(state, dry_run))]);
    }
    table
}

fn codes(account: &Account) -> Table {
    let mut table = blank();
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
    // A code is a name: it is not broken over two lines.
    let longest = account.codes.iter().map(|code| code.code.chars().count()).max().unwrap_or(0);
    if let Some(column) = table.column_mut(1) {
        let width = u16::try_from(longest).unwrap_or(CODE_WIDTH_MAX).min(CODE_WIDTH_MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + 2)));
    }
    table
}

fn meaning(state: State, dry_run: bool) -> &'static str {
    match state {
        State::Staged if dry_run => "would be sent",
        State::Staged => "read, and not yet sent",
        State::Waiting => "to be sent by the next run",
        State::Sending => "in doubt: the next run finds out",
        State::Applied => "in effect: the API said so, or a look-up showed it",
        State::Queued => "accepted by the API, and not seen in effect yet",
        State::Confirmed => "queued by the API, and seen in effect since",
        State::Existing => "there already, with the same content",
        State::Rejected => "refused, and not in effect",
        State::Unknown => "sent, and nobody can say: look before sending again",
        State::Held => "not in effect, and waiting for a person",
        State::Cancelled => "withdrawn",
    }
}

fn blank() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    let terminal = std::io::stdout().is_terminal();
    let width = match terminal {
        true => console::Term::stdout().size().1.clamp(40, WIDTH_MAX),
        false => WIDTH_PIPED,
    };
    table.set_width(width);
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        table.force_no_tty();
    } else {
        table.enforce_styling();
    }
    table
}

fn header(names: &[&str]) -> Vec<Cell> {
    names.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)).collect()
}

fn number(count: u64) -> Cell {
    Cell::new(count).set_alignment(CellAlignment::Right)
}

fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
