//! SIGKILL at random moments, again and again, until a run ends by itself. The double, in its
//! own process, then holds every order exactly once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::double::Double;
use crate::orders;
use crate::place::{Ended, Place, Running};

const ORDERS: usize = 120;
/// Sending takes two seconds at least, so that there is something to kill.
const RATE: &str = "60";
const EARLY_KILLS: u32 = 8;

/// Moments that look random and are the same each time.
struct Moments(u64);

impl Moments {
    /// A moment within the first so many milliseconds.
    fn next(&mut self, bound_ms: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Duration::from_millis(20 + (mixed ^ (mixed >> 31)) % bound_ms)
    }
}

/// Kills the same command until it gets done, and gives its last run and the number of kills.
fn kill_until_done(place: &Place, seed: u64) -> (Ended, u32) {
    let arguments = ["deliver", "orders.csv", "--to", "knosc", "--rate", RATE, "--json"];
    let mut moments = Moments(seed);
    for kills in 0.. {
        // First while it reads, logs in and sends; then also while it finds out what is in doubt.
        let bound_ms = if kills < EARLY_KILLS { 1_000 } else { 9_000 };
        let mut running = Running::start(&mut place.program(&arguments));
        if running.wait(moments.next(bound_ms)).is_some() {
            return (running.end(), kills);
        }
        running.kill();
    }
    unreachable!("the loop ends when a run does")
}

#[track_caller]
fn survives(faults: Value, seed: u64) {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(ORDERS);
    place.write("orders.csv", &orders::csv(&keys));
    double.faults(faults);
    let (ended, kills) = kill_until_done(&place, seed);
    assert!(kills >= EARLY_KILLS, "killed {kills} times only");
    let ended = ended.with_status(0);
    let accounted = ["applied", "confirmed", "existing"].map(|state| ended.count(state));
    assert_eq!(ended.count("accepted"), ORDERS as u64, "{ended:#?}");
    assert_eq!(accounted.iter().sum::<u64>(), ORDERS as u64, "{ended:#?}");
    double.holds_exactly_once(&keys);
    let audit = double.get("audit");
    assert_eq!((&audit["doubled"], &audit["early"]), (&json!([]), &json!([])), "{audit}");
}

#[test]
fn on_a_calm_day() {
    survives(json!([]), 6);
}

#[test]
fn while_answers_are_lost_and_the_session_ends() {
    let sometimes = |probability: f64| json!({"kind": "create", "probability": probability});
    survives(
        json!([
            {"on": {"kind": "create", "nth": [40, 90]}, "do": {"kind": "expire_access"}},
            {"on": {"kind": "create", "nth": 70}, "do": {"kind": "rotate_csrf"}},
            {"on": sometimes(0.04), "do": {"kind": "commit_then_reset"}},
            {"on": sometimes(0.04), "do": {"kind": "reset_before_commit"}},
            {"on": sometimes(0.04), "do": {"kind": "commit_then_status", "status": 504, "body": "html"}},
            {"on": sometimes(0.04), "do": {"kind": "late_commit", "after_ms": 600}},
            {"on": sometimes(0.04), "do": {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}, "body": "empty"}},
        ]),
        16,
    );
}

#[test]
fn while_an_integration_run_holds_the_tables() {
    let create = |key: &str, value: Value| json!({"kind": "create", key: value});
    survives(
        json!([
            {"on": create("nth", json!(30)), "do": {"kind": "lock", "for_ms": 5000}},
            {"on": create("probability", json!(0.05)), "do": {"kind": "commit_then_reset"}},
            {"on": create("probability", json!(0.05)), "do": {"kind": "reset_before_commit"}},
        ]),
        26,
    );
}
