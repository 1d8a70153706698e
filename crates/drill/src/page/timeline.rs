//! A scenario drawn over time: a lane for each step, one for the session, one for everything else.

use maud::{Markup, html};

use crate::graded::Graded;
use crate::journal::Entry;

const WIDTH: f64 = 940.0;
const LEFT: f64 = 150.0;
const LANE: f64 = 22.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 26.0;

struct Lane<'a> {
    name: String,
    entries: Vec<&'a Entry>,
}

pub(super) fn timeline(graded: &Graded) -> Markup {
    let lanes = lanes(graded);
    if lanes.is_empty() {
        return html! {};
    }
    let first = graded.zero_ms();
    let last = graded.requests.iter().map(|entry| entry.done_ms).max().unwrap_or(first);
    let span = last.saturating_sub(first).max(200) as f64;
    let x = move |ms: u64| {
        LEFT + (ms.saturating_sub(first) as f64 / span).min(1.0) * (WIDTH - LEFT - 12.0)
    };
    let height = TOP + lanes.len() as f64 * LANE + BOTTOM;
    html! {
        div.chart {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label={ "Requests of " (graded.scenario) " over time" } {
                @for tick in ticks(span) {
                    @let at = x(first + tick);
                    line.grid x1=(at) x2=(at) y1=(TOP) y2=(height - BOTTOM) {}
                    text.axis x=(at) y=(height - 8.0) text-anchor="middle" { (label(tick)) }
                }
                @for (index, lane) in lanes.iter().enumerate() {
                    @let y = TOP + index as f64 * LANE;
                    text.lane x="0" y=(y + 15.0) { (lane.name) }
                    line.grid x1=(LEFT) x2=(WIDTH - 12.0) y1=(y + LANE) y2=(y + LANE) {}
                    @for entry in &lane.entries { (mark(entry, y, &x)) }
                }
            }
        }
        p.legend {
            span.dot.done {} "took effect" span.dot.queued {} "queued" span.dot.refused {} "refused"
            span.dot.fault {} "met a fault" span.dot.plain {} "answered" span.dot.hint {} "asked to wait"
            span.dot.later {} "took effect later"
        }
    }
}

/// Each step with its requests, then the log-ins, then what belongs to no step.
fn lanes(graded: &Graded) -> Vec<Lane<'_>> {
    let by = |wanted: &dyn Fn(&Entry) -> bool| -> Vec<&Entry> {
        graded.requests.iter().filter(|entry| wanted(entry)).collect()
    };
    let is_session =
        |entry: &Entry| matches!(entry.kind.as_str(), "login" | "refresh" | "verify" | "logout");
    let steps = graded.steps.iter().map(|step| Lane {
        name: short(
            step.natural_key.as_deref().map_or(step.id.clone(), |key| format!("{} {key}", step.id)),
        ),
        entries: by(&|entry| {
            step.requests.contains(&entry.n)
                || entry.of.is_some_and(|of| step.requests.contains(&of))
        }),
    });
    let mut lanes: Vec<Lane<'_>> = steps.collect();
    let taken: Vec<u64> =
        lanes.iter().flat_map(|lane| &lane.entries).map(|entry| entry.n).collect();
    lanes.push(Lane { name: "session".to_owned(), entries: by(&is_session) });
    lanes.push(Lane {
        name: "look-ups and others".to_owned(),
        entries: by(&|entry| !is_session(entry) && !taken.contains(&entry.n)),
    });
    lanes.retain(|lane| !lane.entries.is_empty());
    lanes
}

fn short(name: String) -> String {
    match name.char_indices().nth(20) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}

fn mark(entry: &Entry, y: f64, x: &impl Fn(u64) -> f64) -> Markup {
    let (from, to) = (x(entry.at_ms), x(entry.done_ms));
    let title = title(entry);
    if entry.is_apply() {
        return html! { circle.later cx=(from) cy=(y + LANE / 2.0) r="4" { title { (title) } } };
    }
    html! {
        @if let Some(until) = entry.hint_until_ms {
            rect.hint x=(to) y=(y + LANE / 2.0 - 1.5) width=((x(until) - to).max(0.0)) height="3" {}
        }
        rect.(tone(entry)) x=(from) y=(y + 5.0) width=((to - from).max(4.0)) height=(LANE - 10.0) rx="2" { title { (title) } }
    }
}

fn tone(entry: &Entry) -> &'static str {
    match entry.status {
        _ if entry.fault.is_some() && !entry.was_answered_as_done() => "fault",
        _ if entry.is_queued() => "queued",
        _ if entry.is_applied() => "done",
        Some(400..) => "refused",
        _ => "plain",
    }
}

fn title(entry: &Entry) -> String {
    let answer = match (entry.of, entry.status) {
        (Some(of), _) => format!("the later effect of #{of}"),
        (None, Some(status)) => status.to_string(),
        (None, None) => "no answer".to_owned(),
    };
    let code = entry.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    let fault = entry.fault.as_ref().map(|fault| format!(", met {fault}")).unwrap_or_default();
    format!(
        "#{} {} {}: {answer}{code}, effect {}{fault}",
        entry.n, entry.method, entry.path, entry.effect
    )
}

/// About six marks on the axis, in milliseconds.
fn ticks(span_ms: f64) -> Vec<u64> {
    const STEPS: [u64; 12] =
        [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000];
    let step = STEPS.into_iter().find(|step| span_ms / *step as f64 <= 7.0).unwrap_or(300_000);
    (0..=(span_ms as u64 / step)).map(|index| index * step).collect()
}

fn label(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{:.2} s", ms as f64 / 1000.0),
    }
}
