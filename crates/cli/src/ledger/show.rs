//! `ledger show`: one delivery, so that nobody has to read code or logs to know why it is where it is.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, Table, Width};
use serde_json::{Value, json};
use steadfast_ledger::{Act, ActRow, AttemptRow, Delivery, Ledger, NOT_SEEN, Run, State};

use super::record::{self, Records};
use super::{Desk, Ended, Stop, WIDTH_PIPED, name, words};
use crate::args::ledger::ShowArgs;
use crate::deliver::account::name_of;
use crate::layout::{blank, meaning, plain};

pub(super) fn show(desk: &mut Desk<'_>, args: &ShowArgs) -> Ended {
    let ledger = Ledger::open_read_only(&desk.path)?;
    let found = name::all(&ledger, &args.name)?;
    if found.is_empty() {
        return Err(name::missing(&ledger, &args.name).into());
    }
    let mut records = Records::new(&ledger);
    for (n, delivery) in found.iter().enumerate() {
        // A look by key comes without the body.
        let Some(delivery) = ledger.get(delivery.id)? else { continue };
        let story = Story {
            run: records.run(delivery.run)?.clone(),
            attempts: ledger.attempts(delivery.id)?,
            acts: ledger.acts(delivery.id)?,
            delivery,
        };
        if desk.global.json {
            let mut record = records.of(&story.delivery)?;
            let all = |rows: Vec<Value>| Value::Array(rows);
            record.insert(
                "timeline".into(),
                all(story.attempts.iter().map(record::attempt).collect()),
            );
            record.insert("acts".into(), all(story.acts.iter().map(record::act).collect()));
            record.insert("means".into(), json!(story.meaning()));
            if args.body {
                record.insert("body".into(), record::body(&story.delivery.body));
            }
            desk.line(Value::Object(record).to_string())?;
            continue;
        }
        if n > 0 {
            desk.line("")?;
        }
        story.tell(desk, args.body)?;
    }
    Ok(0)
}

/// Everything that is known of a delivery.
struct Story {
    delivery: Delivery,
    run: Run,
    attempts: Vec<AttemptRow>,
    acts: Vec<ActRow>,
}

impl Story {
    fn tell(&self, desk: &mut Desk<'_>, with_body: bool) -> Result<(), Stop> {
        let delivery = &self.delivery;
        let name = name_of(delivery);
        desk.line(format!("Delivery {}: {} {}", delivery.id, delivery.resource, plain(&name)))?;
        desk.line("")?;
        desk.line(self.facts().trim_fmt())?;
        desk.line("")?;
        desk.line(format!("What happened (times at {}):", words::offset(delivery.updated_at_ms)))?;
        desk.line(self.timeline().trim_fmt())?;
        if with_body {
            desk.line("")?;
            desk.line("The body, secrets taken out:")?;
            let body = record::body(&delivery.body);
            desk.line(serde_json::to_string_pretty(&body).unwrap_or_default())?;
        }
        Ok(())
    }

    fn facts(&self) -> Table {
        let delivery = &self.delivery;
        let mut facts = Facts::default();
        facts.add("state", &format!("{}: {}", delivery.state, self.meaning()));
        if let Some(reason) = &delivery.reason {
            facts.add("why", &reason.text);
            facts.add("code", reason.code.as_deref().unwrap_or_default());
        }
        let status = delivery.reason.as_ref().and_then(|reason| reason.status);
        if let Some(status) = status.or(delivery.status) {
            facts.add("answer", &format!("HTTP {status}"));
        }
        facts.add("to do", &self.to_do());
        for (n, difference) in
            delivery.reason.iter().flat_map(|reason| &reason.differences).enumerate()
        {
            facts.add(if n == 0 { "differences" } else { "" }, difference);
        }
        facts.add("due", &self.due());
        facts.add("sent", &self.sent());
        facts.add("looked", &self.looked());
        let line = if delivery.lines.contains([',', '-']) { "lines" } else { "line" };
        facts.add("from", &format!("{}, {line} {}", self.run.source, delivery.lines));
        let started = words::moment(self.run.started_at_ms);
        facts.add("run", &format!("{}: {}, {started}", delivery.run, self.run.command));
        facts.add("login", &delivery.account);
        let size = delivery.body.len();
        facts.add("call", &format!("{} {}, {size} bytes", delivery.method, delivery.path));
        for (name, value) in &delivery.headers {
            facts.add("header", &format!("{name}: {value}"));
        }
        facts.add("its key", &self.idempotency_key());
        facts.add("id there", delivery.resource_id.as_deref().unwrap_or_default());
        if delivery.natural_key.as_deref() != Some(&delivery.identity) {
            facts.add("identity", &delivery.identity);
        }
        facts.table("differences".len())
    }

    /// What its state means, and who says so if that was a person.
    fn meaning(&self) -> String {
        match self.acts.last() {
            Some(act) if act.act == Act::Applied && self.delivery.state == State::Applied => {
                let by = act.hand.by.as_deref().unwrap_or("a person");
                format!("in effect, by the word of {by}")
            }
            _ => meaning(self.delivery.state).to_owned(),
        }
    }

    /// What a person can do, or why there is nothing to do.
    fn to_do(&self) -> String {
        let delivery = &self.delivery;
        let id = delivery.id;
        let said = delivery.reason.as_ref().and_then(|reason| reason.action.clone());
        match (delivery.state, said) {
            (State::Unknown, Some(said)) if said.contains("ledger resolve") => said,
            (State::Unknown, _) => format!(
                "look whether it is there, and no run of the API can be hiding it; then say so: \
                 steadfast ledger resolve {id} --applied (or --not-applied)"
            ),
            (State::Applied | State::Confirmed | State::Existing, said) => {
                said.unwrap_or_else(|| "nothing".to_owned())
            }
            (_, Some(said)) => said,
            (State::Staged | State::Waiting, None) => {
                "deliver the same file again: that sends it".to_owned()
            }
            (State::Sending, None) => {
                "nothing while a delivery is running; else deliver the same file again: that finds \
                 out what became of it"
                    .to_owned()
            }
            (State::Queued, None) => {
                "deliver the same file again later: that looks for it and sends nothing".to_owned()
            }
            (State::Rejected | State::Held | State::Cancelled, None) => {
                "deliver the same or a corrected file again to send it".to_owned()
            }
        }
    }

    fn due(&self) -> String {
        match (self.delivery.state, self.delivery.due_at_ms) {
            (State::Waiting, Some(due_at_ms))
                if due_at_ms > jiff::Timestamp::now().as_millisecond() =>
            {
                format!("not before {}", words::moment(due_at_ms))
            }
            _ => String::new(),
        }
    }

    /// When something may have left, where that is what a person has to know.
    fn sent(&self) -> String {
        let delivery = &self.delivery;
        if !matches!(delivery.state, State::Sending | State::Unknown) {
            return String::new();
        }
        match (delivery.first_sent_at_ms, delivery.last_sent_at_ms) {
            (Some(first), Some(last)) if first != last => {
                format!("first {}, last {}", words::moment(first), words::moment(last))
            }
            (Some(only), _) | (_, Some(only)) => words::moment(only),
            (None, None) => String::new(),
        }
    }

    /// When a queued one was last looked for, in vain.
    fn looked(&self) -> String {
        let reason = self.delivery.reason.as_ref();
        let in_vain = reason.and_then(|reason| reason.code.as_deref()) == Some(NOT_SEEN);
        match self.delivery.state {
            State::Queued if in_vain => {
                format!("last at {}", words::moment(self.delivery.updated_at_ms))
            }
            _ => String::new(),
        }
    }

    /// The key by which the API recognises a repeat, and for how long it may have known it.
    fn idempotency_key(&self) -> String {
        let Some(key) = &self.delivery.idempotency_key else { return String::new() };
        let age_ms = key.age_at(jiff::Timestamp::now().as_millisecond()).as_millis();
        let age = words::length(u64::try_from(age_ms).unwrap_or(u64::MAX));
        match key.sent_at_ms {
            Some(_) => format!("{}, {age} old; every attempt carries it", key.value),
            None => format!("{}, not sent yet", key.value),
        }
    }

    /// What happened, in order.
    fn timeline(&self) -> Table {
        let delivery = &self.delivery;
        let mut events = vec![(delivery.created_at_ms, "accepted".to_owned(), None)];
        for attempt in &self.attempts {
            events.push((attempt.started_at_ms, words::attempt(attempt), words::after(attempt)));
        }
        for act in &self.acts {
            events.push((act.at_ms, words::act(act), Some(words::before(act))));
        }
        let open = delivery.state.is_open();
        let since = if open { "since then" } else { "ended as" };
        events.push((delivery.updated_at_ms, format!("{since} {}", delivery.state), None));
        // Those of the same millisecond stay as they are.
        events.sort_by_key(|(at_ms, ..)| *at_ms);
        let mut facts = Facts::default();
        for (at_ms, what, then) in events {
            facts.add(&words::precise(at_ms), &what);
            facts.add("", &then.unwrap_or_default());
        }
        facts.table("2026-01-01 00:00:00.000".len())
    }
}

/// Lines of a name and a text, which is broken where it is too long.
#[derive(Default)]
struct Facts(Vec<(String, String)>);

impl Facts {
    /// Adds a line, unless there is nothing to say.
    fn add(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.0.push((name.to_owned(), plain(text).into_owned()));
        }
    }

    fn table(self, names_width: usize) -> Table {
        let mut table = blank(WIDTH_PIPED);
        table.load_style(NOTHING);
        for (name, text) in self.0 {
            table.add_row(vec![Cell::new(name).add_attribute(Attribute::Bold), Cell::new(text)]);
        }
        if let Some(column) = table.column_mut(0) {
            let width = u16::try_from(names_width + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        table
    }
}
