use std::collections::VecDeque;

use super::{InputError, Piece};

/// No more pieces than this wait for the next key.
const MOST_WAITING: usize = 1000;

/// Tells each piece without a key which writes it may belong to.
pub(crate) struct Neighbours<I> {
    pieces: I,
    title: String,
    before: Option<Named>,
    waiting: VecDeque<Piece>,
    ready: VecDeque<Result<Piece, InputError>>,
}

struct Named {
    key: String,
    line: u64,
}

impl<I: Iterator<Item = Result<Piece, InputError>>> Neighbours<I> {
    pub(crate) fn new(pieces: I, title: String) -> Self {
        Self { pieces, title, before: None, waiting: VecDeque::new(), ready: VecDeque::new() }
    }

    /// Gives out everything that waits for the next key.
    fn release(&mut self, after: Option<&Named>) {
        let between: Vec<&Named> = self.before.iter().chain(after).collect();
        for mut piece in self.waiting.drain(..) {
            say(&mut piece, &between, &self.title);
            self.ready.push_back(Ok(piece));
        }
    }
}

fn say(piece: &mut Piece, between: &[&Named], title: &str) {
    let mut seen: Vec<String> = Vec::new();
    for named in between {
        if !piece.neighbours.contains(&named.key) {
            piece.neighbours.push(named.key.clone());
            seen.push(format!("\"{}\" (line {})", named.key, named.line));
        }
    }
    let Some(fault) = piece.faults.last_mut() else { return };
    let hint = match seen.as_slice() {
        [] => format!("which {title} it belongs to cannot be told"),
        [one] => format!("it may belong to {one}, which waits for a person"),
        more => format!("it may belong to {}, which wait for a person", more.join(" or ")),
    };
    fault.text = format!("{}; {hint}", fault.text);
}

impl<I: Iterator<Item = Result<Piece, InputError>>> Iterator for Neighbours<I> {
    type Item = Result<Piece, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            match self.pieces.next() {
                None => {
                    self.release(None);
                    return self.ready.pop_front();
                }
                Some(Err(error)) => {
                    self.release(None);
                    self.ready.push_back(Err(error));
                }
                Some(Ok(piece)) => {
                    let Some(key) = &piece.key else {
                        self.waiting.push_back(piece);
                        if self.waiting.len() >= MOST_WAITING {
                            self.release(None);
                        }
                        continue;
                    };
                    let named = Named { key: key.clone(), line: piece.line };
                    self.release(Some(&named));
                    self.before = Some(named);
                    self.ready.push_back(Ok(piece));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Content, RowFault};

    fn piece(line: u64, key: Option<&str>) -> Result<Piece, InputError> {
        let fault = RowFault { line, column: None, code: "x".to_owned(), text: "bad".to_owned() };
        Ok(Piece {
            line,
            last_line: line,
            key: key.map(str::to_owned),
            content: Content::Unread,
            faults: if key.is_none() { vec![fault] } else { Vec::new() },
            neighbours: Vec::new(),
        })
    }

    #[test]
    fn a_long_stretch_without_keys_is_given_out_in_order_and_in_part() {
        let bad = 2 * MOST_WAITING as u64 + 10;
        let mut pieces = vec![piece(1, Some("A"))];
        pieces.extend((2..2 + bad).map(|line| piece(line, None)));
        pieces.push(piece(2 + bad, Some("B")));
        let told: Vec<Piece> = Neighbours::new(pieces.into_iter(), "order".to_owned())
            .map(|piece| piece.expect("no error"))
            .collect();
        assert!(told.iter().zip(1..).all(|(piece, line)| piece.line == line));
        assert_eq!(told.len() as u64, bad + 2);
        assert_eq!(told[1].neighbours, ["A"]);
        assert_eq!(told[told.len() - 2].neighbours, ["A", "B"]);
    }
}
