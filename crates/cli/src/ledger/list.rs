//! `ledger list` and `ledger export`: many deliveries, as they come.

use comfy_table::{Cell, Table};
use serde_json::{Map, Value};
use steadfast_ledger::{Delivery, Ledger, LedgerError, Query, Reason, RunId};

use super::record::{self, MEMBERS, Records};
use super::{Desk, Ended, Stop, WIDTH_PIPED, deliveries, words};
use crate::args::ledger::{ExportArgs, Format, ListArgs, Selection};
use crate::deliver::account::name_of;
use crate::layout::{blank, clip, header, keep_whole, number, plain, state};

/// How many deliveries are read at a time.
const PAGE: usize = 500;
/// How many rows a table has, if nobody says otherwise.
const TABLE_ROWS: u64 = 100;
/// How much of a reason a table shows where there is no code.
const REASON_CHARS_MAX: usize = 60;
/// From this width on there is room for times.
const WIDTH_WITH_TIMES: u16 = 100;

impl Selection {
    pub(super) fn query(&self) -> Query {
        Query {
            run: self.run.map(RunId),
            states: self.state.clone(),
            code: self.code.clone(),
            key: self.key.clone(),
            limit: PAGE,
            ..Query::default()
        }
    }
}

/// The deliveries of a query, a page at a time. After an error there are no more.
pub(super) fn pages(
    ledger: &Ledger,
    mut query: Query,
) -> impl Iterator<Item = Result<Delivery, LedgerError>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let page = ledger.list(&query);
        ended = page.as_ref().map_or(true, |page| page.len() < query.limit);
        query.after_id = page.as_ref().ok().and_then(|page| page.last()).map(|last| last.id);
        Some(match page {
            Ok(page) => page.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    })
    .flatten()
}

pub(super) fn list(desk: &mut Desk<'_>, args: &ListArgs) -> Ended {
    let ledger = Ledger::open_read_only(&desk.path)?;
    let limit = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    if desk.global.json {
        let mut records = Records::new(&ledger);
        let all = pages(&ledger, args.which.query());
        for delivery in all.take(limit(args.limit.unwrap_or(u64::MAX))) {
            desk.line(Value::Object(records.of(&delivery?)?).to_string())?;
        }
        return Ok(0);
    }
    let mut all = pages(&ledger, args.which.query());
    let rows_max = limit(args.limit.unwrap_or(TABLE_ROWS));
    let rows: Vec<Delivery> = all.by_ref().take(rows_max).collect::<Result<_, _>>()?;
    if rows.is_empty() {
        desk.remark("No delivery is like that.")?;
        return Ok(0);
    }
    desk.line(table(&rows).trim_fmt())?;
    match all.next().transpose()? {
        Some(_) => desk.remark(format!("The first {}; --limit N shows more.", rows.len()))?,
        None => desk.remark(format!("{}.", deliveries(rows.len() as u64)))?,
    }
    Ok(0)
}

fn table(deliveries: &[Delivery]) -> Table {
    let mut table = blank(WIDTH_PIPED);
    let wide = table.width().is_some_and(|width| width >= WIDTH_WITH_TIMES);
    let names = ["id", "key", "state", "code, or why", "since"];
    table.set_header(header(if wide { &names } else { &names[..4] }));
    let reasons: Vec<String> = deliveries.iter().map(|one| why(one.reason.as_ref())).collect();
    for (delivery, reason) in deliveries.iter().zip(&reasons) {
        let mut row = vec![
            number(u64::try_from(delivery.id.0).unwrap_or(0)),
            Cell::new(plain(&name_of(delivery))),
            state(delivery.state),
            Cell::new(reason),
        ];
        if wide {
            row.push(Cell::new(words::moment(delivery.updated_at_ms)));
        }
        table.add_row(row);
    }
    let codes = reasons.iter().map(String::as_str).filter(|reason| !reason.contains(' '));
    keep_whole(&mut table, 3, codes);
    table
}

fn why(reason: Option<&Reason>) -> String {
    let Some(reason) = reason else { return String::new() };
    match (&reason.code, reason.status) {
        (Some(code), _) => plain(code).into_owned(),
        (None, Some(status)) => format!("HTTP {status}"),
        (None, None) => clip(&plain(&reason.text), REASON_CHARS_MAX),
    }
}

pub(super) fn export(desk: &mut Desk<'_>, args: &ExportArgs) -> Ended {
    let ledger = Ledger::open_read_only(&desk.path)?;
    let mut records = Records::new(&ledger);
    let query = Query { with_body: args.body, ..args.which.query() };
    let mut each = pages(&ledger, query).map(|delivery| -> Result<_, LedgerError> {
        let delivery = delivery?;
        let mut record = records.of(&delivery)?;
        if args.body {
            record.insert("body".to_owned(), record::body(&delivery.body));
        }
        Ok(record)
    });
    match args.format {
        Format::Ndjson => {
            each.try_for_each(|record| desk.line(Value::Object(record?).to_string()))?;
        }
        Format::Csv => write_csv(desk, args.body, each)?,
    }
    Ok(0)
}

fn write_csv(
    desk: &mut Desk<'_>,
    with_body: bool,
    records: impl Iterator<Item = Result<Map<String, Value>, LedgerError>>,
) -> Result<(), Stop> {
    let mut writer = csv::Writer::from_writer(&mut *desk.out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Stop::Unwritten(error),
        other => Stop::Unwritten(std::io::Error::other(format!("{other:?}"))),
    };
    let body = with_body.then_some("body");
    writer.write_record(MEMBERS.into_iter().chain(body)).map_err(failed)?;
    for record in records {
        writer.write_record(record?.values().map(cell)).map_err(failed)?;
    }
    Ok(writer.flush()?)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            texts.join("; ")
        }
        other => other.to_string(),
    }
}
