//! A wrong dialect file has all its mistakes told at once, of form as well as of reference, each
//! with its line, its key and what to do.

use steadfast_call::dialect::{Dialect, DialectError};

/// A file with mistakes of every kind. What follows `#!` on a line is what has to be said of that
/// line, or of the table that begins there.
const WRONG: &str = r##"
dialect = 1
name = "wrong"
titel = "Wrong"                           #! titel: there is no such key; correct the key to `title`

[request]
headers = { "Bad Header" = "1" }          #! "Bad Header": no name of a header; letters, digits

[reply]
code = ["json:/code", "code", 7]          #! reply.code: "code" names no place; write "json: #! reply.code: it is the number 7; write a place
message = { at = "header:x" }             #! reply.message: it is a table; a list in brackets
request_id = [{ at = "header:x", match = "no group" }] #! request_id.match: it has no group; in brackets
items = [{ at = "/results", failed = { at = "/status" } }] #! items.failed: does not say what shows; write {
verdict = { at = "header:x", yes = ["true"] } #! reply.verdict: `no` is missing; add the key `no`

[[reply.field_error]]
kind = "lists"                            #! reply.field_error.kind: no word "lists"; to `list`
at = "/detail"

[policy.recommended]                      #! policy.recommended: `jitter` is missing; add the key `jitter`
attempts = 0                              #! policy.recommended.attempts: it is 0; 1 or more
attempt_timeout_ms = "long"               #! attempt_timeout_ms: the text "long"; whole number
connect_timeout_ms = 5_000
fault_base_ms = -1                        #! fault_base_ms: the number -1; whole number
throttle_base_ms = 1_000
wait_cap_ms = 8_000
hint_cap_ms = 60_000
jitter_share = 2.5                        #! jitter_share: the number 2.5; from 0 to 1
rate_limited = "sometimes"                #! rate_limited: no word "sometimes"; `not_processed`, `never`

[policy.documented]                       #! policy.documented: `hint_cap_ms` is missing; add #! policy.documented: `rate_limited` is missing; add
attempts = 4
attempt_timeout_ms = 30_000
connect_timeout_ms = 5_000
fault_base_ms = 1_000
throttle_base_ms = 1_000
wait_cap_ms = 8_000
jitter = "none"

[hints]
wait = [
    { at = "header:retry-after", as = "minutes" },   #! hints.wait.as: no word "minutes"; `seconds`
    { at = "json:/cost", as = "cost", available = "json:/a" }, #! hints.wait: needs `restore`; add the key `restore`
]
limit = [{ draft = true, limit = "header:x" }] #! hints.limit: `draft` says already; a table of their own

[[rule]]
name = "a rule"
when = { status = ["4x", 429], code = [""], json = { code = 1 }, any = [{ statsu = ["400"] }] } #! rule.when.status: "4x" is no status; "5xx" #! when.status: the number 429; in quotation marks #! when.code: an empty glob; with * #! when.json.code: no JSON pointer; write "/code" #! when.any.statsu: no such key; `status`
class = "qeued"                           #! rule.class: no word "qeued"; to `queued`
again = "never"

[[operation]]
method = "PO ST"                          #! operation.method: no method; "POST"
path = "orders"                           #! operation.path: starts with "/"; "/orders*"
attempts = 0                              #! operation.attempts: it is 0; 1 or more

[auth]                                    #! auth: `login` is missing; add the key `login`
kind = "cookie_session"
session_cookie = "sid"
replays_after_401 = 1
token = "{token}"                         #! auth.token: no such key; there are

[auth.schemes.key]                        #! auth.schemes.key: `value` is missing; add the key `value`
kind = "api_key"
header = "X-Key"

[idempotency]
at = "Idempotency-Key"                    #! idempotency.at: names no place; "header:Idempotency-Key"
honoured = [{ method = "POST", path = "payments" }] #! honoured.path: starts with "/"; glob

[list.item]                               #! list.item: nothing says how; add a [paging] table
path = "/items"
key = "id"
title = "item"

[resource.order]
title = "order"
create = { method = "POST", path = "/b/{business_id}/orders" } #! create.path: where {business_id} comes from; business_id = {
key = "number"                            #! resource.order.key: no field named "number"; name one of

[resource.order.lookup]                   #! resource.order.lookup: `settle_ms` is missing; add
list = "/orders"
row_key = "number"
row_id = "id"
read = "/orders"                          #! lookup.read: names no record; {id}
filter = { parameter = "q", template = "x" } #! lookup.filter: names no keys; {keys}

[resource.order.fields]
id = { type = "int" }                     #! fields.id.type: no word "int"; to `integer`
item = { type = "string", list = "items" } #! fields.item.list: no list named "items"; [list.items]

[resource.order.line_fields]              #! resource.order.line_fields: which array; add lines =
sku = { type = "string", required = "yes" } #! line_fields.sku.required: the text "yes"; true or false

[log]
failed = "{method} {what}"                #! log.failed: nothing fills in {what}; there are {method}
exhausted = "{attempts"                   #! log.exhausted: never closed; {status}

[user_messages]
rate_limitd = "Wait."                     #! user_messages.rate_limitd: no class or kind; the key to `rate_limited`
"##;

/// The line and the words of every mistake that the file says it has.
fn wanted() -> Vec<(usize, Vec<String>)> {
    let mut wanted = Vec::new();
    for (index, line) in WRONG.lines().enumerate() {
        for said in line.split("#! ").skip(1) {
            let (at, rest) = said.split_once(": ").expect("a key");
            let words = std::iter::once(at).chain(rest.split("; "));
            wanted.push((index + 1, words.map(|word| word.trim().to_owned()).collect()));
        }
    }
    wanted
}

#[test]
fn every_mistake_is_told_at_once_with_line_key_and_remedy() {
    let mut told = Dialect::check(WRONG);
    let (wanted, count) = (wanted(), told.len());
    assert!(wanted.len() > 40, "{}", wanted.len());
    for (line, words) in &wanted {
        let fits = |error: &DialectError| {
            let text = error.to_string();
            error.line() == *line && words.iter().all(|word| text.contains(word.as_str()))
        };
        let at = told.iter().position(fits);
        let at = at.unwrap_or_else(|| panic!("line {line}: {words:?} is not told:\n{told:#?}"));
        told.remove(at);
    }
    assert!(told.is_empty(), "nothing else is wrong: {told:#?}");
    assert_eq!(count, wanted.len());
}

#[test]
fn mistakes_are_told_in_the_order_of_the_file() {
    let lines: Vec<usize> = Dialect::check(WRONG).iter().map(DialectError::line).collect();
    assert!(lines.is_sorted() && lines[0] > 1, "{lines:?}");
    assert_eq!(Dialect::parse(WRONG).err(), Dialect::check(WRONG).into_iter().next());
}

#[test]
fn what_is_no_toml_has_all_its_mistakes_of_toml_told() {
    let told = Dialect::check("dialect = 1\nname = \ntitle == \"A\"\n[reply\ncode = 1\n");
    let lines: Vec<usize> = told.iter().map(DialectError::line).collect();
    assert!(lines.len() >= 3 && lines.iter().all(|line| (2..=4).contains(line)), "{told:#?}");
    let all_syntax = told.iter().all(|error| matches!(error, DialectError::Syntax { .. }));
    assert!(all_syntax, "{told:#?}");
}

#[test]
fn an_option_that_there_is_not_is_named_with_those_that_there_are() {
    let mut dialect = Dialect::built_in("knosc").unwrap();
    let said = |result: Result<(), DialectError>| result.expect_err("it is wrong").to_string();
    let text = said(dialect.set_option("write_retries", "always"));
    assert!(text.contains("write_retry") && text.contains("mismatch"), "{text}");
    let text = said(dialect.set_option("mismatch", "all"));
    assert!(text.contains("rules") && text.contains("any-keyed-409"), "{text}");
    dialect.set_option("mismatch", "any-keyed-409").unwrap();
    assert_eq!(dialect.options.mismatch.as_str(), "any-keyed-409");
}
