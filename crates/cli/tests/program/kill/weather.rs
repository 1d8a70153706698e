//! What the double does while a delivery is killed again and again.

use serde_json::{Value, json};

/// A fault plan, and how fast is sent under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weather {
    Calm,
    /// As fast as it goes, and many at once: most kills fall while results are written down.
    Fast,
    /// Answers are lost before and after the write.
    Lost,
    /// Writes take effect after their answer was given up.
    Late,
    /// Sessions end and CSRF values change.
    Sessions,
    /// Integration runs hold the tables, and writes are queued.
    Locked,
    /// Some of everything.
    Rough,
}

impl Weather {
    pub(super) const ALL: [Weather; 7] = [
        Weather::Calm,
        Weather::Fast,
        Weather::Lost,
        Weather::Late,
        Weather::Sessions,
        Weather::Locked,
        Weather::Rough,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Weather::Calm => "calm",
            Weather::Fast => "fast",
            Weather::Lost => "lost answers",
            Weather::Late => "late writes",
            Weather::Sessions => "sessions",
            Weather::Locked => "locked",
            Weather::Rough => "rough",
        }
    }

    pub(super) fn faults(self) -> Vec<Value> {
        match self {
            Weather::Calm | Weather::Fast => Vec::new(),
            Weather::Lost => vec![
                on_creates(0.08, json!({"kind": "commit_then_reset"})),
                on_creates(
                    0.05,
                    json!({"kind": "commit_then_status", "status": 504, "body": "html"}),
                ),
                on_creates(0.05, json!({"kind": "reset_before_commit"})),
                on_creates(0.03, json!({"kind": "truncate_body"})),
            ],
            Weather::Late => vec![
                on_creates(0.10, json!({"kind": "late_commit", "after_ms": 1500})),
                on_creates(
                    0.05,
                    json!({"kind": "late_commit", "after_ms": 400, "status": 504, "body": "html"}),
                ),
            ],
            Weather::Sessions => vec![
                at_creates(json!([7, 19, 33]), json!({"kind": "expire_access"})),
                at_creates(json!([13, 41]), json!({"kind": "rotate_csrf"})),
                at_creates(json!(27), json!({"kind": "revoke"})),
            ],
            Weather::Locked => vec![
                at_creates(json!([60, 140]), json!({"kind": "lock", "for_ms": 4000})),
                on_creates(0.05, json!({"kind": "commit_then_reset"})),
                on_creates(0.05, json!({"kind": "reset_before_commit"})),
            ],
            Weather::Rough => vec![
                at_creates(json!(20), json!({"kind": "lock", "for_ms": 3000})),
                at_creates(json!([9, 35]), json!({"kind": "expire_access"})),
                at_creates(json!(28), json!({"kind": "rotate_csrf"})),
                on_creates(0.04, json!({"kind": "commit_then_reset"})),
                on_creates(0.04, json!({"kind": "reset_before_commit"})),
                on_creates(
                    0.04,
                    json!({"kind": "commit_then_status", "status": 504, "body": "html"}),
                ),
                on_creates(0.04, json!({"kind": "late_commit", "after_ms": 600})),
                on_creates(
                    0.04,
                    json!({"kind": "status", "status": 503, "headers": {"Retry-After": "1"}, "body": "empty"}),
                ),
                on_creates(0.03, json!({"kind": "rate_limit", "retry_after": 1})),
            ],
        }
    }
}

fn on_creates(probability: f64, fault: Value) -> Value {
    json!({"on": {"kind": "create", "probability": probability}, "do": fault})
}

fn at_creates(nth: Value, fault: Value) -> Value {
    json!({"on": {"kind": "create", "nth": nth}, "do": fault})
}
