//! The sums of many deliveries, for the record.

use std::collections::BTreeMap;
use std::fmt;

use super::delivery::{Case, Moment, Story};
use super::weather::Weather;

const MOMENTS: [(Moment, &str); 6] = [
    (Moment::Starting, "starting"),
    (Moment::Reading, "reading"),
    (Moment::Checking, "checking"),
    (Moment::Sending, "sending"),
    (Moment::Confirming, "confirming"),
    (Moment::Ending, "ending"),
];

#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<(&'static str, Weather), Sums>);

#[derive(Debug, Default)]
struct Sums {
    deliveries: u64,
    orders: u64,
    kills: BTreeMap<Moment, u64>,
    in_doubt: u64,
    creates: u64,
    unknown: u64,
    findings: u64,
}

impl Table {
    pub(super) fn add(&mut self, case: &Case, story: &Story) {
        let sums = self.0.entry((case.file(), case.weather)).or_default();
        sums.deliveries += 1;
        sums.orders += case.orders as u64;
        for (moment, kills) in &story.kills {
            *sums.kills.entry(*moment).or_default() += kills;
        }
        sums.in_doubt += story.in_doubt;
        sums.creates += story.creates;
        sums.unknown += story.states.get("unknown").copied().unwrap_or(0);
        sums.findings += story.findings.len() as u64;
    }

    pub(super) fn kills(&self) -> u64 {
        self.0.values().flat_map(|sums| sums.kills.values()).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:15} {:13} {:>10} {:>7} {:>7}",
            "file", "weather", "deliveries", "orders", "kills"
        )?;
        MOMENTS.iter().try_for_each(|(_, name)| write!(f, " {name:>10}"))?;
        writeln!(f, " {:>8} {:>8} {:>8} {:>8}", "in doubt", "creates", "unknown", "findings")?;
        for ((file, weather), sums) in &self.0 {
            let kills: u64 = sums.kills.values().sum();
            write!(
                f,
                "{file:15} {:13} {:>10} {:>7} {kills:>7}",
                weather.name(),
                sums.deliveries,
                sums.orders
            )?;
            for (moment, _) in &MOMENTS {
                write!(f, " {:>10}", sums.kills.get(moment).copied().unwrap_or(0))?;
            }
            writeln!(
                f,
                " {:>8} {:>8} {:>8} {:>8}",
                sums.in_doubt, sums.creates, sums.unknown, sums.findings
            )?;
        }
        Ok(())
    }
}
