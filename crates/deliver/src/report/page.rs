//! The page around the rows. Everything that comes from outside is escaped by maud.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Bucket, Row, Summary, chart};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// What closes the table that [`head`] opens.
pub(super) const END_OF_ROWS: &str = "</tbody></table></div>\n";

/// Everything, if there are no rows.
pub(super) fn whole(summary: &Summary, buckets: &[Bucket]) -> Markup {
    html! {
        (start(summary, buckets))
        section {
            h2 { "Not simply applied" }
            p.legend { "There is nothing to show: every one was simply applied." }
        }
        (PreEscaped("</main></body></html>\n"))
    }
}

/// Everything before the first row.
pub(super) fn head(summary: &Summary, buckets: &[Bucket]) -> Markup {
    html! {
        (start(summary, buckets))
        (PreEscaped("<section id=\"rows\">"))
        h2 { "Not simply applied" }
        (filters(summary))
        (PreEscaped("<div class=\"scroll\"><table class=\"rows\">"))
        thead { tr { th { (capital(&summary.title)) } th { "State" } th { "Code" } th.num { "Lines" } th { "Why" } th.num { "Sent" } } }
        (PreEscaped("<tbody>"))
    }
}

fn start(summary: &Summary, buckets: &[Bucket]) -> Markup {
    // Nothing but this page's own script may run in it, whatever a reply put into a message.
    let hash = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'");
    let main = html! {
        (top(summary))
        (outcomes(summary))
        @if !buckets.is_empty() { (over_time(buckets)) }
        @if !summary.codes.is_empty() { (codes(summary)) }
        @if let Some(counts) = summary.audit { (audit(counts)) }
    };
    html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content="Steadfast";
            title { (heading(summary)) }
            style { (PreEscaped(STYLE)) }
        }
        (PreEscaped("<body><main>"))
        (main)
    }
}

/// One row of the table.
pub(super) fn row(row: &Row) -> Markup {
    html! {
        tr data-state=(row.state) {
            td.key { (row.natural_key) }
            td { (badge(&row.state)) }
            td.code { (breakable(row.code.as_deref().unwrap_or_default())) }
            td.num.lines { (row.lines) }
            td.why {
                (row.reason)
                @for detail in &row.details { div.detail { (detail) } }
            }
            td.num { (row.attempts) }
        }
    }
}

/// Rows as data, for the page's script.
pub(super) fn data(rows: &[Row]) -> Markup {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let code = row.code.as_deref().unwrap_or_default();
            json!([
                row.natural_key,
                row.state,
                code,
                row.lines,
                row.reason,
                row.details,
                row.attempts
            ])
        })
        .collect();
    // Inside a script element only `<` could end the data, and JSON has another way to say it.
    let text = json!(rows).to_string().replace('<', "\\u003c");
    html! { script.more type="application/json" { (PreEscaped(text)) } "\n" }
}

/// Everything after the rows.
pub(super) fn tail() -> Markup {
    html! {
        p #none hidden { "Nothing here matches." }
        div.pager {
            button #less type="button" hidden { "Earlier" }
            span #range {}
            button #more type="button" hidden { "Later" }
        }
        noscript { p.note { "Searching, and rows after the first " (super::ROWS_IN_PAGE) ", need JavaScript." } }
        (PreEscaped("</section></main>"))
        script { (PreEscaped(SCRIPT)) }
        (PreEscaped("</body></html>\n"))
    }
}

fn top(summary: &Summary) -> Markup {
    html! {
        header {
            p.brand { "Steadfast" }
            h1 { (heading(summary)) }
            p.verdict { (verdict(summary)) }
            dl.facts {
                div { dt { "Input" } dd { (summary.source) } }
                div { dt { "Started" } dd { (summary.started) } }
                div { dt { "Took" } dd { (duration(summary.elapsed_ms)) } }
                @for (name, value) in &summary.facts {
                    div { dt { (capital(name)) } dd { (value) } }
                }
            }
            @for note in &summary.notes { p.note { (note) } }
        }
    }
}

fn outcomes(summary: &Summary) -> Markup {
    let parts: Vec<(u64, &str)> =
        summary.states.iter().map(|(state, count)| (*count, state.as_str())).collect();
    html! {
        section {
            h2 { "Outcomes" }
            div.chart.bar role="img" aria-label="Share of each outcome; the table below has the numbers" {
                (PreEscaped(chart::outcomes(&parts)))
            }
            div.scroll {
                table.states {
                    thead { tr { th { "State" } th.num { "Count" } th.num { "Share" } th { "Means" } } }
                    tbody {
                        @for (state, count) in summary.states.iter().filter(|(_, count)| *count > 0) {
                            tr {
                                td { (badge(state)) }
                                td.num.big { (grouped(*count)) }
                                td.num { (share(*count, summary.accepted)) }
                                td { (meaning(state)) }
                            }
                        }
                    }
                    tfoot { tr { td { "accepted" } td.num.big { (grouped(summary.accepted)) } td {} td {} } }
                }
            }
        }
    }
}

fn over_time(buckets: &[Bucket]) -> Markup {
    html! {
        section {
            h2 { "Over time" }
            h3 { "Ended per second" }
            p.legend {
                span.dot.applied {} "in effect "
                span.dot.queued {} "queued by the API "
                span.dot.rejected {} "failed"
            }
            div.chart role="img" aria-label="Writes ended per second over time" { (PreEscaped(chart::throughput(buckets))) }
            h3 { "Calls waiting for a hint or for back-off" }
            div.chart role="img" aria-label="Calls waiting over time" { (PreEscaped(chart::waits(buckets))) }
        }
    }
}

fn codes(summary: &Summary) -> Markup {
    let counts: Vec<(&str, u64)> =
        summary.codes.iter().take(12).map(|line| (line.code.as_str(), line.count)).collect();
    html! {
        section {
            h2 { "Errors by code" }
            div.chart.codes role="img" aria-label="Errors by code; the table below has the numbers" {
                (PreEscaped(chart::codes(&counts)))
            }
            div.scroll {
                table.codes {
                    thead { tr { th { "Code" } th.num { "Count" } th { "For example" } th { "What to do" } } }
                    tbody {
                        @for line in &summary.codes {
                            tr {
                                td.code { (breakable(&line.code)) }
                                td.num.big { (grouped(line.count)) }
                                td { span.key { (line.example) } div.detail { (line.example_text) } }
                                td { (capital(&line.action)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn audit(counts: crate::audit::Counts) -> Markup {
    let figures = [
        ("doubled", counts.doubled, "took effect more than once"),
        ("lost", counts.lost, "accepted, and neither in effect nor accounted for"),
        ("false", counts.false_claims, "claimed here, and contradicted by the server"),
        ("early", counts.early, "attempts before the server's own hint allowed them"),
    ];
    html! {
        section {
            h2 { "Audit by the sandbox" }
            p.legend { "What the server itself saw and holds, compared with what is claimed above." }
            div.tiles {
                @for (name, count, meaning) in figures {
                    div.tile.good[count == 0].bad[count > 0] {
                        b { (grouped(count as u64)) } " " (name)
                        small { (meaning) }
                    }
                }
            }
        }
    }
}

fn filters(summary: &Summary) -> Markup {
    html! {
        form.filters {
            input #search type="search" placeholder="Search number, code or reason" aria-label="Search";
            select #state aria-label="State" {
                option value="" { "Every state" }
                @for (state, count) in summary.states.iter().filter(|(_, count)| *count > 0) {
                    @if state != "applied" {
                        option value=(state) { (state) " (" (grouped(*count)) ")" }
                    }
                }
            }
            select #code aria-label="Code" {
                option value="" { "Every code" }
                @for line in &summary.codes {
                    option value=(line.code) { (line.code) " (" (grouped(line.count)) ")" }
                }
            }
            output #count {}
        }
    }
}

/// A code that may go on in the next line after a dot.
fn breakable(code: &str) -> Markup {
    html! {
        @for (at, part) in code.split('.').enumerate() {
            @if at > 0 { "." wbr; }
            (part)
        }
    }
}

fn badge(state: &str) -> Markup {
    html! { span class={ "badge " (state) } { (state) } }
}

fn heading(summary: &Summary) -> String {
    let plural = if summary.accepted == 1 { "" } else { "s" };
    format!("{} {}{plural} to {}", grouped(summary.accepted), summary.title, summary.api)
}

/// The answer to the question that brings a reader here.
fn verdict(summary: &Summary) -> String {
    let count = |state: &str| -> u64 {
        summary.states.iter().filter(|(name, _)| name == state).map(|(_, count)| count).sum()
    };
    let there = count("applied") + count("confirmed") + count("existing");
    let queued = count("queued");
    let rest = summary.accepted.saturating_sub(there + queued);
    let one = |n: u64, one: &str, more: &str| if n == 1 { one.to_owned() } else { more.to_owned() };
    let mut text = if there == summary.accepted {
        format!("All of them are at {}.", summary.api)
    } else {
        format!("{} of {} are at {}.", grouped(there), grouped(summary.accepted), summary.api)
    };
    if queued > 0 {
        let verb = one(queued, "is", "are");
        text += &format!(" {} {verb} queued there and not yet seen.", grouped(queued));
    }
    if rest > 0 {
        let need = one(rest, "needs", "need");
        text +=
            &format!(" {} {need} somebody's attention: the table below says why.", grouped(rest));
    }
    text
}

fn meaning(state: &str) -> &'static str {
    match state {
        "staged" | "waiting" => "Not sent yet; run the same command again to go on",
        "sending" => "Was being sent; run the same command again to find out",
        "applied" => "In effect: the API said so, or a look-up showed it",
        "queued" => "Accepted by the API and applied later; not seen yet",
        "confirmed" => "Was queued by the API, and has been seen in effect",
        "existing" => "Was there already, with the same content",
        "rejected" => "Refused; nothing is in effect. Correct it and deliver it again",
        "unknown" => "Sent, and nobody can prove what became of it. Look before sending it again",
        "held" => "Not in effect and not being tried; a person decides",
        "cancelled" => "Withdrawn before it took effect",
        _ => "",
    }
}

fn share(count: u64, all: u64) -> String {
    let percent = count as f64 * 100.0 / all.max(1) as f64;
    if percent > 0.0 && percent < 0.1 { "< 0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{:.1} s", ms as f64 / 1000.0),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
