//! One large file through a storm, killed again and again.
//!
//! ```text
//! cargo test --release -p steadfast-cli --test program long_storm -- --ignored --nocapture
//! ```
//!
//! delivers 100,000 orders and kills the delivery fifty times; `STORM_ORDERS`, `STORM_KILLS` and
//! `STORM_LIFE_S` (how long a run lives at the most before it is killed) say otherwise. The double
//! begins its storm anew whenever the delivery is started again, so that all of the file meets
//! its locks and lost sessions. An ordinary test run takes a short one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::campaign::setting;
use crate::double::Double;
use crate::kill::moment::Moments;
use crate::orders;
use crate::place::{Ended, Place, Running};

struct Storm {
    orders: usize,
    kills: u32,
    /// A run that is to be killed lives so long at the most.
    life: Duration,
    /// How long the last run may take.
    patience: Duration,
}

impl Storm {
    fn survive(&self) {
        let double = Double::calm();
        let place = Place::with_settings(double.base_url());
        let keys = orders::keys(self.orders);
        place.write("orders.csv", &orders::csv(&keys));
        let started = Instant::now();
        let ended = self.deliver(&double, &place);
        println!(
            "{} orders, killed {} times, in {} s; the last run: {}",
            self.orders,
            self.kills,
            started.elapsed().as_secs(),
            ended.out.lines().last().unwrap_or_default()
        );
        assert_eq!(ended.count("accepted"), self.orders as u64, "{ended:#?}");
        double.faults(json!([]));
        double.rest();
        judge(&place, &double, &keys);
    }

    /// Kills the same command so many times, then lets it get done.
    fn deliver(&self, double: &Double, place: &Place) -> Ended {
        let arguments = ["deliver", "orders.csv", "--to", "knosc", "--json"];
        let mut moments = Moments::of(self.orders as u64);
        let mut killed = 0;
        loop {
            double.post("faults", &json!({ "preset": "storm", "seed": 1 + killed }));
            let mut running = Running::start(&mut place.program(&arguments));
            if killed == self.kills {
                return running.end_within(self.patience);
            }
            if running.wait(moments.within(self.life)).is_some() {
                panic!("it was done after {killed} kills: {:#?}", running.end());
            }
            running.kill();
            killed += 1;
            if killed % 5 == 0 {
                let here = double.get("state?masters=0&limit=0")["order_count"].clone();
                println!("killed {killed} times; the double holds {here} orders");
            }
        }
    }
}

/// Every claim of the ledger is held against what the double holds and has seen.
fn judge(place: &Place, double: &Double, keys: &[String]) {
    let exported = place.run(&["ledger", "export", "--to", "knosc"]).with_status(0);
    let claims: BTreeMap<String, String> = exported
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"))
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            (text("key"), text("state"))
        })
        .collect();
    assert_eq!(claims.len(), keys.len(), "every order is accounted for");
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for state in claims.values() {
        *sums.entry(state).or_default() += 1;
    }
    println!("the ledger says {sums:?}");
    let (held, effects) = (double.orders(), double.effects());
    let wrong: Vec<String> = keys
        .iter()
        .filter_map(|key| {
            let here = held.get(key).map_or(0, Vec::len);
            let took_effect = effects.get(key).copied().unwrap_or(0);
            let claim = claims.get(key).map_or("nothing", String::as_str);
            let true_claim = match claim {
                "applied" | "confirmed" | "existing" => (here, took_effect) == (1, 1),
                // Nobody claims to know; but twice is wrong whatever is said of it.
                "unknown" => here <= 1 && took_effect <= 1,
                "held" | "rejected" | "cancelled" => (here, took_effect) == (0, 0),
                _ => false,
            };
            (!true_claim).then(|| format!("{key}: {claim}; {here} here, {took_effect} took effect"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} claims are wrong: {wrong:#?}", wrong.len());
    let audit = double.get("audit");
    assert_eq!((&audit["doubled"], &audit["early"]), (&json!([]), &json!([])), "{audit}");
}

#[test]
fn a_short_storm() {
    let life = Duration::from_secs(4);
    Storm { orders: 120, kills: 4, life, patience: Duration::from_secs(240) }.survive();
}

#[test]
#[ignore = "takes hours; see the head of this file"]
fn long_storm() {
    let number = |text: &str| text.parse().ok();
    Storm {
        orders: setting("STORM_ORDERS", |text| text.parse().ok(), 100_000),
        kills: setting("STORM_KILLS", |text| text.parse().ok(), 50),
        life: Duration::from_secs(setting("STORM_LIFE_S", number, 300)),
        patience: Duration::from_secs(8 * 3_600),
    }
    .survive();
}
