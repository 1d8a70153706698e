//! How tables and words look, the same in every command.

use std::borrow::Cow;
use std::io::IsTerminal;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width,
};
use steadfast_ledger::State;

const WIDTH_MAX: u16 = 160;
/// How wide text is that is read as a page.
pub(crate) const WIDTH_PAGE: u16 = 80;
/// The widest column of names that are kept whole.
const NAME_WIDTH_MAX: u16 = 44;

/// A table without rows, as wide as the terminal, or as `width_piped` where stdout is none.
pub(crate) fn blank(width_piped: u16) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width(width_piped));
    if !std::io::stdout().is_terminal()
        || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    {
        table.force_no_tty();
    } else {
        table.enforce_styling();
    }
    table
}

/// How wide stdout is: as the terminal, or else as `width_piped`.
pub(crate) fn width(width_piped: u16) -> u16 {
    match std::io::stdout().is_terminal() {
        true => console::Term::stdout().size().1.clamp(40, WIDTH_MAX),
        false => width_piped,
    }
}

/// A sentence with line breaks between words, so that it is not wider than this, unless a word is. The
/// beginning of the sentence is indented as it was.
pub(crate) fn fold(text: &str, width: usize) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut folded = " ".repeat(indent);
    let mut used = indent;
    for word in text.split_whitespace() {
        let size = console::measure_text_width(word);
        if used > indent && used + 1 + size > width {
            folded.push('\n');
            folded.push_str(&" ".repeat(indent));
            used = indent;
        }
        if used > indent {
            folded.push(' ');
            used += 1;
        }
        folded.push_str(word);
        used += size;
    }
    folded
}

/// A line with a name before it: what does not fit goes on below its beginning, as wide as the
/// terminal, or as 80 columns where stdout is none.
pub(crate) fn named(name: &str, name_width: usize, text: &str) -> String {
    let room = page_width().saturating_sub(name_width);
    let below = format!("\n{}", " ".repeat(name_width));
    let said = fold(&plain(text), room).replace('\n', &below);
    format!("{name:<name_width$}{said}\n")
}

/// How wide text is that is read as a page: as the terminal, or 80 columns.
pub(crate) fn page_width() -> usize {
    usize::from(width(WIDTH_PAGE))
}

/// A folded text whose further lines stand that much farther to the right than its first.
pub(crate) fn fold_below(text: &str, width: usize, deeper: usize) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let room = width.saturating_sub(indent + deeper);
    let below = format!("\n{}", " ".repeat(indent + deeper));
    format!(
        "{}{}",
        " ".repeat(indent),
        fold(text.trim_start_matches(' '), room).replace('\n', &below)
    )
}

pub(crate) fn header(names: &[&str]) -> Vec<Cell> {
    names.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)).collect()
}

pub(crate) fn number(count: u64) -> Cell {
    Cell::new(count).set_alignment(CellAlignment::Right)
}

/// The word for a state, in its colour.
pub(crate) fn state(state: State) -> Cell {
    let colour = match state {
        State::Applied | State::Confirmed | State::Existing => Some(Color::Green),
        State::Queued | State::Staged | State::Waiting | State::Sending => Some(Color::Yellow),
        State::Rejected | State::Unknown | State::Held => Some(Color::Red),
        State::Cancelled => None,
    };
    let name = Cell::new(state.as_str());
    match colour {
        Some(colour) => name.fg(colour),
        None => name,
    }
}

/// Makes a column wide enough for the longest of these names, so that none is broken over two lines, unless it
/// is very long.
pub(crate) fn keep_whole<'n>(
    table: &mut Table,
    column: usize,
    names: impl IntoIterator<Item = &'n str>,
) {
    let longest = names.into_iter().map(|name| name.chars().count()).max().unwrap_or(0);
    if let Some(column) = table.column_mut(column) {
        let width = u16::try_from(longest).unwrap_or(NAME_WIDTH_MAX).min(NAME_WIDTH_MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + 2)));
    }
}

/// What a state means, in a few words.
pub(crate) fn meaning(state: State) -> &'static str {
    match state {
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

/// The beginning of a text.
pub(crate) fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text that came from elsewhere, without what a terminal would obey.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_folded_between_words() {
        assert_eq!(fold("one two three", 8), "one two\nthree");
        assert_eq!(fold("  one two", 6), "  one\n  two");
        assert_eq!(fold("  a_word_that_is_too_long b", 5), "  a_word_that_is_too_long\n  b");
        assert_eq!(fold("", 5), "");
        assert_eq!(fold_below("  one two three", 11, 2), "  one two\n    three");
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
