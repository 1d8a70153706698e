//! `ledger prune` and `ledger backup`.

use std::path::Path;

use comfy_table::Cell;
use serde_json::{Map, Value, json};
use steadfast_ledger::Ledger;

use super::record::instant;
use super::{Desk, Ended, WIDTH_PIPED, deliveries, place, words};
use crate::args::ledger::PruneArgs;
use crate::failure::Failure;
use crate::layout::{blank, header, meaning, number, state};

pub(super) async fn prune(desk: &mut Desk<'_>, args: &PruneArgs) -> Ended {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let age_ms = i64::try_from(args.older_than.as_millis()).unwrap_or(i64::MAX);
    let before_ms = now_ms.saturating_sub(age_ms);
    let gone = match args.dry_run {
        true => Ledger::open_read_only(&desk.path)?.prunable(before_ms)?,
        false => place::open(&desk.path)?.prune(before_ms).await?,
    };
    if desk.global.json {
        let states: Map<String, Value> = gone
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| (state.to_string(), json!(count)))
            .collect();
        let name = if args.dry_run { "would_remove" } else { "removed" };
        let before = instant(Some(before_ms));
        desk.line(json!({ name: gone.total(), "states": states, "before": before }).to_string())?;
        return Ok(0);
    }
    if gone.total() > 0 {
        let mut table = blank(WIDTH_PIPED);
        table.set_header(header(&["state", "count", "which means"]));
        for (each, count) in gone.iter().filter(|(_, count)| *count > 0) {
            table.add_row(vec![state(each), number(count), Cell::new(meaning(each))]);
        }
        desk.line(table.trim_fmt())?;
    }
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    let before = words::moment(before_ms);
    desk.say(format!("{} {verb}, finished before {before}.", deliveries(gone.total())))?;
    if gone.total() > 0 {
        desk.remark(match args.dry_run {
            true => "They would be forgotten: their file, delivered again, would send them again.",
            false => "They are forgotten: their file, delivered again, sends them again.",
        })?;
    }
    Ok(0)
}

pub(super) fn backup(desk: &mut Desk<'_>, to: &Path) -> Ended {
    let ledger = Ledger::open_read_only(&desk.path)?;
    let backed_up = ledger.backup(to).map_err(Failure::usage)?;
    let shown = to.display().to_string();
    if desk.global.json {
        let line = json!({
            "backup": shown,
            "deliveries": backed_up.deliveries,
            "size_bytes": backed_up.size_bytes,
        });
        desk.line(line.to_string())?;
        return Ok(0);
    }
    desk.line(format!(
        "{shown}: {}, {} bytes",
        deliveries(backed_up.deliveries),
        backed_up.size_bytes
    ))?;
    Ok(0)
}
