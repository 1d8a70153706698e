//! `ledger status`: the ledger at a glance.

use comfy_table::Cell;
use serde_json::{Map, Value, json};
use steadfast_ledger::{CodeCount, Counts, Delivery, Ledger, RunCount};

use super::record::instant;
use super::{Desk, Ended, Stop, WIDTH_PIPED, deliveries, words};
use crate::deliver::account::name_of;
use crate::layout::{blank, clip, header, keep_whole, meaning, number, plain, state};

/// How many runs are told.
const RUNS: usize = 5;
/// How many codes a table has.
const CODES: usize = 20;
const TEXT_CHARS_MAX: usize = 100;

struct Status {
    counts: Counts,
    codes: Vec<CodeCount>,
    oldest: Option<Delivery>,
    next_due_ms: Option<i64>,
    runs: Vec<RunCount>,
}

pub(super) fn status(desk: &mut Desk<'_>) -> Ended {
    let ledger = Ledger::open_read_only(&desk.path)?;
    let status = Status {
        counts: ledger.backlog()?,
        codes: ledger.codes()?,
        oldest: ledger.oldest_unfinished()?,
        next_due_ms: ledger.next_due_of_all_ms()?,
        runs: ledger.runs(RUNS)?,
    };
    if desk.global.json {
        desk.line(status.to_json(&ledger).to_string())?;
        return Ok(0);
    }
    desk.line(format!("{}: {}", ledger.path().display(), deliveries(status.counts.total())))?;
    status.tell(desk)?;
    Ok(0)
}

impl Status {
    fn tell(&self, desk: &mut Desk<'_>) -> Result<(), Stop> {
        if self.counts.total() == 0 {
            return Ok(());
        }
        let mut table = blank(WIDTH_PIPED);
        table.set_header(header(&["state", "count", "which means"]));
        for (each, count) in self.counts.iter().filter(|(_, count)| *count > 0) {
            table.add_row(vec![state(each), number(count), Cell::new(meaning(each))]);
        }
        desk.line(table.trim_fmt())?;
        if !self.codes.is_empty() {
            desk.line(self.code_table())?;
        }
        if let Some(oldest) = &self.oldest {
            desk.say(format!(
                "Oldest unfinished: {} (id {}), {} since {}.",
                plain(&name_of(oldest)),
                oldest.id,
                oldest.state,
                words::moment(oldest.updated_at_ms)
            ))?;
        }
        if let Some(due_ms) = self.next_due_ms {
            let due = words::moment(due_ms);
            desk.say(format!("Next due: {due}; the next delivery of its file sends it."))?;
        }
        if !self.runs.is_empty() {
            desk.line("Latest runs:")?;
        }
        for run in &self.runs {
            let started = words::moment(run.run.started_at_ms);
            desk.say(format!("  {}: {}, {started}", run.id, plain(&run.run.command)))?;
            let counts: Vec<String> =
                counted(&run.counts).map(|(state, count)| format!("{count} {state}")).collect();
            let counts = match counts.is_empty() {
                true => "all of it was brought in again by a later run".to_owned(),
                false => counts.join(", "),
            };
            desk.say(format!("     {counts}"))?;
        }
        Ok(())
    }

    fn code_table(&self) -> String {
        let mut table = blank(WIDTH_PIPED);
        table.set_header(header(&["count", "state", "code", "for example"]));
        for code in self.codes.iter().take(CODES) {
            let reason = code.example.reason.clone().unwrap_or_default();
            let name = name_of(&code.example);
            let example = match reason.text.starts_with(&name) {
                true => reason.text,
                false => format!("{name}: {}", reason.text),
            };
            table.add_row(vec![
                number(code.count),
                state(code.state),
                Cell::new(plain(code.code.as_deref().unwrap_or("none"))),
                Cell::new(clip(&plain(&example), TEXT_CHARS_MAX)),
            ]);
        }
        let codes = self.codes.iter().take(CODES);
        keep_whole(&mut table, 2, codes.filter_map(|code| code.code.as_deref()));
        let more = self.codes.len().saturating_sub(CODES);
        match more {
            0 => table.trim_fmt(),
            _ => format!("{}\n… and {more} more codes", table.trim_fmt()),
        }
    }

    fn to_json(&self, ledger: &Ledger) -> Value {
        let states = |counts: &Counts| -> Map<String, Value> {
            counts.iter().map(|(state, count)| (state.to_string(), json!(count))).collect()
        };
        let codes: Vec<Value> = self
            .codes
            .iter()
            .map(|code| {
                json!({
                    "code": code.code,
                    "state": code.state.as_str(),
                    "count": code.count,
                    "example": code.example.id,
                })
            })
            .collect();
        let runs: Vec<Value> = self
            .runs
            .iter()
            .map(|run| {
                json!({
                    "run": run.id,
                    "command": run.run.command,
                    "source": run.run.source,
                    "started_at": instant(Some(run.run.started_at_ms)),
                    "states": states(&run.counts),
                })
            })
            .collect();
        json!({
            "ledger": ledger.path().display().to_string(),
            "deliveries": self.counts.total(),
            "states": states(&self.counts),
            "codes": codes,
            "oldest_unfinished": self.oldest.as_ref().map(|oldest| json!({
                "id": oldest.id,
                "key": oldest.natural_key,
                "state": oldest.state.as_str(),
                "since": instant(Some(oldest.updated_at_ms)),
            })),
            "next_due_at": instant(self.next_due_ms),
            "runs": runs,
        })
    }
}

fn counted(counts: &Counts) -> impl Iterator<Item = (steadfast_ledger::State, u64)> + '_ {
    counts.iter().filter(|(_, count)| *count > 0)
}
