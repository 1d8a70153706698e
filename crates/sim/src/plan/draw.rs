//! Drawing a plan from a seed.

use super::fates::fate;
use super::{Api, CallPlan, Fault, Happening, Kind, On, Plan, Quirks, Way, What};
use crate::chance::{Chance, named};

/// How large a world is.
struct Size {
    calls: u64,
    /// Within which the calls begin.
    span_ms: u64,
    /// In how many of a hundred exchanges something goes wrong.
    fault_share: u64,
}

impl Plan {
    /// The world of that seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut chance = Chance::new(named(seed, &[7]));
        let api = match chance.below(20) {
            0..=11 => Api::Knosc,
            12..=14 => Api::Keyed,
            15..=17 => Api::Natural,
            _ => Api::Bare,
        };
        let size = size(&mut chance);
        let mut plan = Self {
            seed,
            api,
            documented: chance.one_in(4),
            quirks: quirks(&mut chance, api),
            calls: Vec::new(),
            faults: Vec::new(),
            happenings: Vec::new(),
        };
        plan.calls = (0..size.calls).map(|op| call(&mut chance, op as u32, api, &size)).collect();
        plan.faults = faults(&mut chance, api, &size);
        plan.happenings = happenings(&mut chance, api, &size);
        plan
    }
}

/// Small worlds mostly: what goes wrong among a few calls is found soonest there. Some are
/// large, for budgets, breakers and paces.
fn size(chance: &mut Chance) -> Size {
    let calls = match chance.below(10_000) {
        0 => chance.between(500, 1_500),
        1..=10 => chance.between(50, 200),
        11..=900 => chance.between(6, 20),
        _ => chance.between(1, 4),
    };
    let fault_share = match calls {
        0..=20 => chance.pick(&[0, 10, 30, 50, 80]),
        _ => chance.pick(&[0, 3, 10, 20]),
    };
    let span_ms = chance.pick(&[1, 500, 5_000, 30_000]);
    Size { calls, span_ms, fault_share }
}

fn quirks(chance: &mut Chance, api: Api) -> Quirks {
    let session = api.has_session();
    let look_up = api.has_look_up();
    Quirks {
        unique: api == Api::Natural || session && chance.one_in(2),
        filter_ignored: look_up && chance.one_in(4),
        page_rows_max: (look_up && chance.one_in(4)).then(|| chance.between(1, 3)),
        session_ms: (session && chance.one_in(4)).then(|| chance.between(200, 60_000)),
        skew_s: if chance.one_in(4) { chance.below(200_000) as i64 - 100_000 } else { 0 },
        limit_per_s: chance.one_in(10).then(|| chance.between(2, 50)),
        wrong_password: session && chance.one_in(40),
        quotes_secrets: session && chance.one_in(8),
        slow: chance.one_in(8),
        works_ms: if api == Api::Keyed { chance.pick(&[0, 0, 400, 4_000, 40_000]) } else { 0 },
        duplicate_is_200: api == Api::Natural && chance.one_in(3),
        no_witness: chance.one_in(4),
    }
}

fn call(chance: &mut Chance, op: u32, api: Api, size: &Size) -> CallPlan {
    let kind = match (api, chance.below(10)) {
        (_, 0) => Kind::Read,
        (_, 1) => Kind::Replace,
        (_, 2) => Kind::Delete,
        (Api::Knosc, 3) => Kind::CreateHidden,
        (Api::Knosc | Api::Keyed | Api::Natural, 4..=8) => Kind::Create,
        _ => Kind::CreateNameless,
    };
    let deadline_ms = match chance.below(6) {
        0 => chance.between(100, 5_000),
        1 | 2 => chance.between(5_000, 60_000),
        _ => chance.between(60_000, 600_000),
    };
    CallPlan {
        op,
        kind,
        at_ms: chance.below(size.span_ms),
        deadline_ms,
        known_absent: kind == Kind::Create && chance.one_in(2),
        cancel_after_ms: chance.one_in(10).then(|| chance.pick(&[50, 300, 3_000, 20_000])),
        again: if chance.one_in(2) { chance.between(1, 2) as u32 } else { 0 },
    }
}

fn faults(chance: &mut Chance, api: Api, size: &Size) -> Vec<Fault> {
    let session = api.has_session();
    let mut faults = Vec::new();
    let mut add = |chance: &mut Chance, on: On, of: u32| {
        for nth in 0..of {
            if chance.percent(size.fault_share) {
                faults.push(Fault { on, nth, fate: fate(chance, on, session) });
            }
        }
    };
    for op in 0..size.calls {
        add(chance, On::Op(op as u32), 6);
    }
    let shared = 4 + size.calls.min(30) as u32;
    if session {
        for on in [On::LogIn, On::Refresh, On::Witness] {
            add(chance, on, shared);
        }
    }
    if api.has_look_up() {
        for on in [On::List, On::Record] {
            add(chance, on, shared);
        }
    }
    faults
}

fn happenings(chance: &mut Chance, api: Api, size: &Size) -> Vec<Happening> {
    let mut happenings = Vec::new();
    let within = size.span_ms + 20_000;
    for _ in 0..chance.pick(&[0, 0, 1, 1, 2, 3]) {
        let at_ms = chance.below(within);
        let mut add = |at_ms, what| happenings.push(Happening { at_ms, what });
        match chance.below(8) {
            0..=2 if api == Api::Knosc => {
                add(at_ms, What::Lock);
                add(at_ms + chance.between(100, 40_000), What::Unlock);
            }
            3 if api == Api::Knosc => add(at_ms, What::Revoke),
            4 if api == Api::Knosc => add(at_ms, What::RotateCsrf),
            5 if api.has_look_up() => {
                let op = chance.below(size.calls) as u32;
                add(at_ms, What::Stranger { op, same: chance.one_in(2) });
            }
            6 => {
                let way = chance.pick(&[Way::Refused, Way::Silent, Way::Unavailable]);
                add(at_ms, What::Outage { way, ms: chance.between(1_000, 90_000) });
            }
            7 if !happenings.iter().any(|h| matches!(h.what, What::Crash { .. })) => {
                let restart_ms = chance.pick(&[1, 200, 5_000]);
                happenings.push(Happening { at_ms, what: What::Crash { restart_ms } });
            }
            _ => {}
        }
    }
    happenings.sort_by_key(|happening| happening.at_ms);
    happenings
}
