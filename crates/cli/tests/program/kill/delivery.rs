//! One delivery, killed again and again until it gets done.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_ledger::{Delivery, Ledger, LedgerError, Query, RunId, State};

use super::moment::Moments;
use super::truth::{Claim, Truth};
use super::weather::Weather;
use crate::double::Double;
use crate::example::Example;
use crate::orders;
use crate::place::{Ended, Place, Running};

/// The last run is let be, and waits for hints and for what is queued.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is delivered where, and how often it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// One of the example files and the API that it is for; none: orders of one line for Knosc.
    pub(super) example: Option<Example>,
    pub(super) weather: Weather,
    /// The double's deviations.
    pub(super) quirks: &'static [&'static str],
    pub(super) seed: u64,
    pub(super) orders: usize,
    /// Orders a second at the most, so that there is something to kill.
    pub(super) rate: Option<u32>,
    /// At the most.
    pub(super) kills: u32,
}

/// What the program was doing when it was killed, by what it had written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// Starting, before this run was in the ledger.
    Starting,
    /// Reading the input and accepting it.
    Reading,
    /// Logging in, checking, and letting go what was accepted.
    Checking,
    /// Sending, settling and finding out what became of what was in doubt.
    Sending,
    /// Waiting for queued writes to be seen.
    Confirming,
    /// Writing the account of it all.
    Ending,
}

/// How it went.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) kills: BTreeMap<Moment, u64>,
    /// Deliveries that a restart found in doubt, one kill after the other.
    pub(super) in_doubt: u64,
    /// Creates that came to the double.
    pub(super) creates: u64,
    pub(super) states: BTreeMap<String, u64>,
    pub(super) findings: Vec<String>,
}

impl Case {
    pub(super) fn run(&self) -> Story {
        let quirks: Vec<_> = self.quirks.iter().flat_map(|quirk| ["--quirk", quirk]).collect();
        let double = Double::of(self.api(), &quirks);
        let place = Place::new();
        place.write("steadfast.toml", &double.settings(self.api()));
        let (text, keys) = match &self.example {
            Some(example) => example.head(self.orders),
            None => (orders::csv(&orders::keys(self.orders)), orders::keys(self.orders)),
        };
        place.write(self.input(), &text);
        let before = double.get("state").to_string();
        let is_there = |key: &&String| before.contains(&format!("\"{key}\""));
        let there_before = keys.iter().filter(is_there).cloned().collect();
        let resource = self.example.map_or("", |example| example.kind);
        double.post("faults", &json!({"seed": self.seed, "faults": self.weather.faults()}));
        let mut trial = Trial {
            case: self,
            place,
            double,
            keys,
            truth: Truth::of(resource, there_before),
            last_run: RunId(0),
            story: Story::default(),
        };
        if let Some(ended) = trial.kill_again_and_again() {
            trial.judge(&ended);
        }
        trial.story
    }
}

impl Case {
    /// What is delivered, as the table says it.
    pub(super) fn file(&self) -> &'static str {
        self.example.map_or("orders", |example| example.kind)
    }

    /// The file's name, which tells how it is read.
    fn input(&self) -> &'static str {
        self.example.map_or("orders.csv", |example| example.file)
    }

    pub(super) fn api(&self) -> &'static str {
        self.example.map_or("knosc", |example| example.api)
    }
}

struct Trial<'c> {
    case: &'c Case,
    place: Place,
    double: Double,
    keys: Vec<String>,
    truth: Truth,
    /// The newest run that the ledger had when it was last looked at.
    last_run: RunId,
    story: Story,
}

impl Trial<'_> {
    /// Kills the same command until it gets done, at most so often, and gives its end. None after a
    /// finding.
    fn kill_again_and_again(&mut self) -> Option<Ended> {
        let rate = self.case.rate.map(|rate| rate.to_string());
        let mut arguments = vec![
            "deliver",
            self.case.input(),
            "--to",
            self.case.api(),
            "--json",
            "--ledger",
            "ledger.db",
        ];
        arguments.extend(self.case.example.iter().flat_map(|example| example.arguments));
        arguments.extend(rate.iter().flat_map(|rate| ["--rate", rate]));
        let mut moments = Moments::of(self.case.seed);
        for _ in 0..self.case.kills {
            let mut running = Running::start(&mut self.place.program(&arguments));
            if running.wait(moments.next()).is_some() {
                return Some(running.end());
            }
            running.kill();
            let moment = self.look();
            *self.story.kills.entry(moment).or_default() += 1;
            if !self.story.findings.is_empty() {
                return None;
            }
        }
        Some(Running::start(&mut self.place.program(&arguments)).end_within(PATIENCE))
    }

    /// Looks at what a dead program has left, and compares it with what the double saw.
    fn look(&mut self) -> Moment {
        match self.read_ledger() {
            Ok(Some((deliveries, run))) => {
                self.truth.look(&self.double);
                let claims: Vec<Claim> = deliveries.iter().map(Claim::of).collect();
                let wrong = self.truth.contradicts(&claims);
                wrong.into_iter().for_each(|text| self.find(text));
                let of = |state| deliveries.iter().filter(|one| one.state == state).count();
                self.story.in_doubt += of(State::Sending) as u64;
                let here = deliveries.iter().filter(|one| one.run == run).count();
                let before = std::mem::replace(&mut self.last_run, run);
                if run == before {
                    Moment::Starting
                } else if here < self.case.orders {
                    Moment::Reading
                } else if of(State::Staged) > 0 {
                    Moment::Checking
                } else if of(State::Waiting) + of(State::Sending) > 0 {
                    Moment::Sending
                } else if of(State::Queued) > 0 {
                    Moment::Confirming
                } else {
                    Moment::Ending
                }
            }
            Ok(None) => Moment::Starting,
            Err(error) => {
                self.find(format!("the ledger cannot be read: {error}"));
                Moment::Starting
            }
        }
    }

    /// All deliveries and the newest run; nothing before there is a ledger.
    fn read_ledger(&self) -> Result<Option<(Vec<Delivery>, RunId)>, LedgerError> {
        let path = self.place.path("ledger.db");
        let ledger = match Ledger::open_read_only(&path) {
            Ok(ledger) => ledger,
            // Killed while it was being made, before anything could be in it.
            Err(LedgerError::Missing { .. } | LedgerError::NotALedger { .. })
                if self.last_run == RunId(0) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let query = Query { limit: self.case.orders * 2 + 1, ..Query::default() };
        let deliveries = ledger.list(&query)?;
        let run = ledger.runs(1)?.first().map_or(RunId(0), |run| run.id);
        Ok(Some((deliveries, run)))
    }

    fn judge(&mut self, ended: &Ended) {
        if ended.status != Some(0) {
            self.find(format!("the last run did not end well: {ended:#?}"));
        }
        self.double.rest();
        self.look();
        self.story.creates = self.truth.creates();
        let wrong = self.truth.wrong_at_the_end(&self.keys);
        wrong.into_iter().for_each(|text| self.find(text));
        let audit = self.double.get("audit");
        for name in ["doubled", "early", "refresh_reuse"] {
            if audit[name] != json!([]) {
                self.find(format!("{name}: {}", audit[name]));
            }
        }
        if self.case.example.is_none() {
            self.count_records();
        }
        self.read_export();
    }

    /// What the double's state says, beside its journal.
    fn count_records(&mut self) {
        let records = self.double.orders();
        for key in &self.keys.clone() {
            let copies = records.get(key).map_or(0, Vec::len);
            if copies != 1 {
                self.find(format!("{key} is there {copies} times"));
            }
        }
    }

    /// What the ledger tells everybody has to be what it holds: each order once, and all of them done.
    fn read_export(&mut self) {
        let arguments = ["ledger", "export", "--ledger", "ledger.db"];
        let export = self.place.run(&arguments);
        let mut keys = Vec::new();
        for line in export.out.lines() {
            let record: Value = serde_json::from_str(line).expect("a record is JSON");
            let state = record["state"].as_str().unwrap_or_default().to_owned();
            if !["applied", "confirmed", "existing"].contains(&state.as_str()) {
                self.find(format!("it is left: {record}"));
            }
            *self.story.states.entry(state).or_default() += 1;
            keys.push(record["key"].as_str().unwrap_or_default().to_owned());
        }
        keys.sort_unstable();
        self.keys.sort_unstable();
        if export.status != Some(0) || keys != self.keys {
            self.find(format!(
                "the ledger exports {} of {}: {keys:?}",
                keys.len(),
                self.keys.len()
            ));
        }
    }

    fn find(&mut self, text: String) {
        let case = format!("{:?}", self.case);
        let kills: u64 = self.story.kills.values().sum();
        self.story.findings.push(format!("{case} after {kills} kills: {text}"));
    }
}
