//! A contract in words.

mod requests;

use std::fmt::Write;

use steadfast::Effect;
use steadfast::dialect::{
    Auth, BodyShape, Dialect, FieldErrors, FieldTable, HintForm, ItemFailed, Jitter, LimitHint,
    ListRoute, LogInFailed, Paging, Policy, PolicyName, RateLimited, Resource, Rule, SendAgain,
    When,
};

use crate::layout::{fold_below, page_width};

/// No more waits than this are shown.
const WAITS_MAX: u32 = 8;

/// The summary of a dialect, in the order in which a reply meets its parts.
pub(super) fn of(dialect: &Dialect) -> String {
    let mut page =
        Page(format!("{} ({}), format {}\n", dialect.title, dialect.name, dialect.dialect));
    requests::of(dialect, &mut page);
    replies(dialect, &mut page);
    for name in [PolicyName::Recommended, PolicyName::Documented] {
        let default = if name == PolicyName::default() { ", unless another is chosen" } else { "" };
        page.title(&format!("Policy {}{default}", name.as_str()));
        policy(dialect.policy(name), &mut page);
        if has_log_in(dialect) {
            page.line(log_in_failed(dialect.policy(name)));
        }
    }
    rules(dialect, &mut page);
    again(dialect, &mut page);
    if let Some(lock) = &dialect.lock {
        page.title("Queued writes");
        page.line(&format!("writes to {} may be queued until a run ends", lock.holds.join(", ")));
    }
    if let Some(paging) = &dialect.paging {
        page.title("Lists of many pages");
        page.line(&format!("{}, rows at {}", pages(paging), rows_at(paging)));
    }
    lists(dialect, &mut page);
    for (name, found) in &dialect.resource {
        page.title(&format!("Resource {name}: {}", found.title));
        resource(found, &mut page);
    }
    if !dialect.codes.is_empty() {
        page.title("Codes, and what a person does");
        for (code, action) in &dialect.codes {
            page.line(&format!("{code}: {action}"));
        }
    }
    page.0
}

struct Page(String);

impl Page {
    fn title(&mut self, text: &str) {
        let _ = writeln!(self.0, "\n{text}");
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.0, "{}", fold_below(&format!("  {text}"), page_width(), 4));
    }
}

fn replies(dialect: &Dialect, page: &mut Page) {
    page.title("Replies");
    let places = [
        ("code", &dialect.reply.code),
        ("message", &dialect.reply.message),
        ("request id", &dialect.reply.request_id),
    ];
    for (name, places) in places.into_iter().filter(|(_, places)| !places.is_empty()) {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        page.line(&format!("{name} at {}", places.join(", else ")));
    }
    for hint in &dialect.hints.wait {
        page.line(&format!("wait at {}, {}", hint.at, hint_form(hint.form)));
    }
    for limit in &dialect.hints.limit {
        page.line(&limit_line(limit));
    }
    if dialect.hints.limit.is_empty() {
        page.line("no header tells how many requests are left: the limit is found by meeting it");
    }
    if dialect.reply.body_decides {
        page.line("the body of a success to a write says whether it is done or queued");
    }
    for fault in &dialect.reply.field_error {
        page.line(&match fault {
            FieldErrors::Map { at } => format!("faults of fields at json:{at}, by field"),
            FieldErrors::List { at, field, .. } => {
                format!("faults of fields at json:{at}, each with its field at {field}")
            }
            FieldErrors::One { field, .. } => format!("the fault of one field, at {field}"),
        });
    }
    for items in &dialect.reply.items {
        let at = if items.at.is_empty() { "the top of the body" } else { &items.at };
        let ItemFailed { there, at: told_at, values } = &items.failed;
        let shows = match (there, told_at) {
            (Some(there), _) => format!("has {there}"),
            (None, told_at) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!("has {} {}", told_at.as_deref().unwrap_or_default(), values.join(" or "))
            }
        };
        page.line(&format!("results of single items at {at}; a failed one {shows}"));
    }
    if let Some(verdict) = &dialect.reply.verdict {
        let (yes, no) = (verdict.yes.join(" or "), verdict.no.join(" or "));
        page.line(&format!("{} says whether to send again: {yes}; not: {no}", verdict.at));
    }
}

fn limit_line(limit: &LimitHint) -> String {
    if limit.draft {
        return "the limit in the fields RateLimit and RateLimit-Policy".to_owned();
    }
    let of = limit.limit.as_ref().map(|at| format!(" of {at}")).unwrap_or_default();
    let left = limit.remaining.as_ref().map(ToString::to_string).unwrap_or_default();
    let reset = limit.reset.as_ref();
    let reset = reset.map(|hint| format!(", until {}, {}", hint.at, hint_form(hint.form)));
    format!("requests left at {left}{of}{}", reset.unwrap_or_default())
}

fn hint_form(form: HintForm) -> &'static str {
    match form {
        HintForm::SecondsOrDate => "in seconds or as a date",
        HintForm::Seconds => "in seconds",
        HintForm::Milliseconds => "in milliseconds",
        HintForm::EpochSeconds => "in seconds since 1970",
        HintForm::EpochMilliseconds => "in milliseconds since 1970",
        HintForm::SecondsOrEpoch => "in seconds to wait, or since 1970",
        HintForm::HttpDate => "as a date",
        HintForm::Duration => "as a duration",
        HintForm::Cost => "as the cost that has to be restored first",
    }
}

fn policy(policy: &Policy, page: &mut Page) {
    page.line(&format!(
        "sent {} at the most; {} for an attempt, {} for a connection",
        times(policy.attempts),
        seconds(policy.attempt_timeout_ms),
        seconds(policy.connect_timeout_ms)
    ));
    let (faults, throttles) =
        (waits(policy, policy.fault_base_ms), waits(policy, policy.throttle_base_ms));
    match faults == throttles {
        true => page.line(&format!("waits after a fault or when told to slow down: {faults}")),
        false => {
            page.line(&format!("waits after a fault: {faults}"));
            page.line(&format!("waits when told to slow down: {throttles}"));
        }
    }
    let cap = seconds(policy.hint_cap_ms);
    page.line(&format!("a wait that the API asks for is kept; one above {cap} ends the call"));
    page.line(match policy.rate_limited {
        RateLimited::NotProcessed => "a 429 was not processed, and is sent again",
        RateLimited::Never => "a 429 ends the call",
    });
}

fn has_log_in(dialect: &Dialect) -> bool {
    dialect.auth.has_session() || dialect.auth_schemes.values().any(Auth::has_session)
}

fn log_in_failed(policy: &Policy) -> &'static str {
    match policy.log_in_failed {
        LogInFailed::BacksOff => "a log-in that is answered with 408, 429 or 5xx is sent again",
        LogInFailed::Ends => "a log-in that is answered with 408, 429 or 5xx ends the call",
    }
}

fn waits(policy: &Policy, base_ms: u64) -> String {
    let count = policy.attempts.saturating_sub(1);
    let waits: Vec<String> = (0..count.min(WAITS_MAX))
        .map(|doublings| {
            let wait_ms = base_ms.saturating_mul(1 << doublings).min(policy.wait_cap_ms);
            (wait_ms as f64 / 1_000.0).to_string()
        })
        .collect();
    if waits.is_empty() {
        return "none".to_owned();
    }
    let more = if count > WAITS_MAX { ", …" } else { "" };
    let text = format!("{}{more} s", waits.join(", "));
    match policy.jitter {
        Jitter::None => format!("{text}, exactly"),
        Jitter::Full => format!("up to {text}; chance shortens each"),
        Jitter::Proportional => {
            format!("{text}; chance moves each by up to {} %", policy.jitter_share * 100.0)
        }
    }
}

fn rules(dialect: &Dialect, page: &mut Page) {
    page.title("Rules, the first that matches wins");
    for (index, rule) in dialect.rule.iter().enumerate() {
        let Rule { name, when, class, again, effect } = rule;
        page.line(&format!("{:>2}. {name}", index + 1));
        let again = match again {
            None => "",
            Some(SendAgain::Never) => "; never sent again",
            Some(SendAgain::IfSafe) => "; sent again where that is safe",
            Some(SendAgain::NotProcessed) => "; not processed, so sent again",
        };
        let effect = match effect {
            None => String::new(),
            Some(Effect::None) => "; nothing took effect".to_owned(),
            Some(_) => "; nobody knows whether it took effect".to_owned(),
        };
        page.line(&format!("    {} => {class}{again}{effect}", conditions(when)));
    }
    page.line(
        "Otherwise by status: 2xx ok if the body can be read; 400, 422 and other 4xx validation;",
    );
    page.line(
        "401 unauthenticated; 402 declined; 403 forbidden; 404, 410 not_found; 409, 412 conflict;",
    );
    page.line(
        "429 rate_limited; 408, 502, 503, 504 unavailable; other 5xx server_error; else unmodelled",
    );
}

fn conditions(when: &When) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut any = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            said.push(format!("{name} {}", values.join(" or ")));
        }
    };
    any("status", when.status.iter().map(ToString::to_string).collect());
    any("no status", when.status_not.iter().map(ToString::to_string).collect());
    any("code", when.code.clone());
    any("method", when.method.clone());
    any("path", when.path.iter().cloned().collect());
    any("content type", when.content_type.iter().cloned().collect());
    any("text", when.text.clone());
    said.extend(when.json.iter().map(|(at, value)| format!("json:{at} is {value}")));
    said.extend(when.json_there.iter().map(|at| format!("json:{at} is there")));
    said.extend(when.json_absent.iter().map(|at| format!("json:{at} is not there")));
    said.extend(when.header_absent.iter().map(|name| format!("header {name} is not there")));
    said.extend(when.key_sent.map(|sent| match sent {
        true => "sent with an idempotency key".to_owned(),
        false => "sent without an idempotency key".to_owned(),
    }));
    said.extend(when.policy.map(|policy| format!("policy {}", policy.as_str())));
    said.extend(when.header.iter().map(|(name, pattern)| format!("header {name} is {pattern}")));
    said.extend(when.code_absent.then(|| "no code".to_owned()));
    said.extend(when.write.map(|write| if write { "a write" } else { "a read" }.to_owned()));
    said.extend(when.body.map(|shape| {
        match shape {
            BodyShape::Empty => "no body",
            BodyShape::Json => "a JSON body",
            BodyShape::Other => "a body that is not JSON",
        }
        .to_owned()
    }));
    if !when.any.is_empty() {
        let sets: Vec<String> =
            when.any.iter().map(|when| format!("({})", conditions(when))).collect();
        said.push(sets.join(" or "));
    }
    match said.is_empty() {
        true => "always".to_owned(),
        false => said.join(", "),
    }
}

fn again(dialect: &Dialect, page: &mut Page) {
    page.title("What may be sent again after an unknown effect, the first that matches wins");
    page.line("GET, HEAD, OPTIONS: yes");
    if let Some(keys) = &dialect.idempotency {
        page.line(&format!(
            "{}: yes, with the same idempotency key, as long as it is remembered",
            requests::routes(&keys.honoured)
        ));
    }
    for operation in &dialect.operation {
        let verdict = match (operation.idempotent == Some(true), operation.gone_is_done) {
            _ if operation.safe => "yes; it only reads",
            (true, true) => "yes; \"not found\" is then what was wished for",
            (true, false) => "yes",
            (false, _) => "only if a look-up proves that it is not there",
        };
        page.line(&format!("{} {}: {verdict}", operation.method, operation.path));
    }
    page.line("all else: only if a look-up proves that it is not there");
}

fn lists(dialect: &Dialect, page: &mut Page) {
    if dialect.list.is_empty() {
        return;
    }
    page.title("Lists that are checked before anything is sent");
    for (name, ListRoute { path, key, active, missing_code, .. }) in &dialect.list {
        let active = active.as_ref();
        let active = active.map(|a| format!(", {} {}", a.field, a.value)).unwrap_or_default();
        let missing = missing_code.as_ref().map(|code| format!("; missing: {code}"));
        page.line(&format!("{name}: {path} by {key}{active}{}", missing.unwrap_or_default()));
    }
}

fn rows_at(paging: &Paging) -> String {
    match paging.rows() {
        "" => "the top of the body".to_owned(),
        at => format!("json:{at}"),
    }
}

fn pages(paging: &Paging) -> String {
    let rows = paging.size_rows();
    let size = |size: &Option<String>| {
        size.as_ref().map(|size| format!(", {size} {rows}")).unwrap_or_default()
    };
    match paging {
        Paging::PageNumber { page, size, first, .. } => {
            format!("pages by {page} from {first}, {size} {rows}")
        }
        Paging::Offset { offset, limit, .. } => format!("pages by {offset} from 0, {limit} {rows}"),
        Paging::NextUrl { at, size: parameter, .. } => {
            format!("pages name the next one at {at}{}", size(parameter))
        }
        Paging::Cursor { parameter, size: count, .. } => {
            format!("pages by the cursor {parameter}{}", size(count))
        }
    }
}

fn resource(resource: &Resource, page: &mut Page) {
    page.line(&format!("created by {} {}", resource.create.method, resource.create.path));
    page.line(&format!("natural key {}; taken: {}", resource.key, resource.exists_code()));
    match &resource.lookup {
        Some(lookup) => page.line(&format!(
            "looked up at {} by {}, {} after the last attempt; {}",
            lookup.list,
            lookup.row_key,
            seconds(lookup.settle_ms),
            lookup
                .read
                .as_ref()
                .map_or("whole in the list".to_owned(), |at| format!("read at {at}"))
        )),
        None => page.line("cannot be looked up"),
    }
    fields("fields", &resource.fields, page);
    if let Some(lines) = &resource.lines {
        fields(&format!("fields of a line, in {lines}"), &resource.line_fields, page);
    }
}

fn fields(title: &str, fields: &FieldTable, page: &mut Page) {
    page.line(&format!("{title}:"));
    for (name, field) in fields {
        let kind = field.kind.as_str();
        let required = if field.required { ", required" } else { "" };
        let list = field.list.as_ref().map(|list| format!(", of {list}")).unwrap_or_default();
        page.line(&format!("  {name}: {kind}{required}{list}"));
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

fn seconds(wait_ms: u64) -> String {
    format!("{} s", wait_ms as f64 / 1_000.0)
}
