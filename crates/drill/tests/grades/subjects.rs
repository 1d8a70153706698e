//! Clients of Operations1 and Thredfi, one sound and the others each wrong in one way. `drill_me` makes one of them
//! out of this test program.

use std::time::Duration;

use serde_json::{Value, json};

use crate::job::{self, Job, say, state, text, variable};
use crate::wire::{Answer, send};

/// Which subject to be.
pub(crate) const ROLE: &str = "DRILL_TEST_ROLE";

/// How long a double may still carry out what it has not answered.
const SETTLE: Duration = Duration::from_millis(2500);
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
#[ignore = "it is the command of the drills in this file, and needs a job"]
fn drill_me() {
    let job = job::read();
    match variable(ROLE).as_str() {
        "idle" => {}
        "liar" => job.steps.iter().for_each(|step| say(step, claimed_done(step))),
        "denier" => job.steps.iter().for_each(|step| say(step, state("failed"))),
        "idler" => {
            // An answer of any kind will do.
            let _ = send("GET", &format!("{}/", job.base_url), &[], None, PATIENCE);
            job.steps.iter().for_each(|step| say(step, state("failed")));
        }
        "hanging" => std::thread::sleep(Duration::from_secs(600)),
        "thredfi" => thredfi(&job, false, 1),
        "thredfi, logging in each time" => thredfi(&job, true, 1),
        "thredfi, logging in again" => thredfi(&job, false, 3),
        role => operations1(&job, role),
    }
}

fn claimed_done(step: &Value) -> Value {
    match text(step, "kind") {
        "read" => json!({ "state": "read", "rows": 1 }),
        _ => state("applied"),
    }
}

fn operations1(job: &Job, role: &str) {
    let client = Operations1 { base_url: &job.base_url, role };
    for step in &job.steps {
        let result = match text(step, "kind") {
            "read" => client.read_all(step),
            _ => client.write(step),
        };
        if role != "silent" {
            say(step, result);
        }
        if role == "chatty" {
            (0..12).for_each(|_| drop(client.ask("GET", "/users?pageSize=10", None)));
        }
    }
}

struct Operations1<'a> {
    base_url: &'a str,
    role: &'a str,
}

impl Operations1<'_> {
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let headers = [
            ("Authorization", format!("Bearer {}", variable("STEADFAST_TOKEN"))),
            ("Accept-Version", "2025-04-21".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        let answer =
            send(method, &format!("{}{path}", self.base_url), &headers, body, PATIENCE).ok()?;
        match (answer.status, answer.header("location")) {
            (300..400, Some(elsewhere)) if self.role == "follower" => {
                send(method, elsewhere, &headers, body, PATIENCE).ok()
            }
            _ => Some(answer),
        }
    }

    fn write(&self, step: &Value) -> Value {
        let tries = if self.role == "layered" { 27 } else { 4 };
        for _ in 0..tries {
            let answer = self.ask(text(step, "method"), text(step, "path"), step.get("body"));
            if self.role == "boastful" {
                return state("applied");
            }
            let (status, said) = answer.as_ref().map_or((0, None), |one| (one.status, one.json()));
            match (status, said) {
                (200..300, Some(_)) => return state("applied"),
                (429, _) => match self.after_429(answer.as_ref()) {
                    Some(result) => return result,
                    None => continue,
                },
                (400..500, said) if self.role != "stubborn" => {
                    let code = said.map(|said| said["errorCode"].clone()).unwrap_or_default();
                    return json!({ "state": "rejected", "code": code });
                }
                (300..400, _) => return state("failed"),
                _ => {}
            }
            match self.role {
                "timid" | "silent" => return state("unknown"),
                "blind" | "layered" | "stubborn" => continue,
                _ => std::thread::sleep(SETTLE),
            }
            match self.is_there(text(step, "natural_key")) {
                Some(true) => return state("applied"),
                Some(false) => {}
                None => return state("unknown"),
            }
        }
        state("unknown")
    }

    fn after_429(&self, answer: Option<&Answer>) -> Option<Value> {
        let hint = answer.and_then(|answer| answer.header("retry-after")?.parse::<u64>().ok());
        match hint {
            Some(61..) => return Some(state("failed")),
            _ if self.role == "hasty" => {}
            hint => std::thread::sleep(Duration::from_secs(hint.unwrap_or(1))),
        }
        None
    }

    /// Whether an order with this number is there, if that can be found out.
    fn is_there(&self, number: &str) -> Option<bool> {
        let path = format!("/orders?pageSize=200&customOrderIds={number}");
        let said = self.ask("GET", &path, None).filter(|answer| answer.status == 200)?.json()?;
        let rows = said["items"].as_array()?;
        Some(rows.iter().any(|row| row["customId"] == number))
    }

    fn read_all(&self, step: &Value) -> Value {
        let mut rows = 0;
        for page in 0.. {
            let path = format!("{}?pageSize=10&pageIndex={page}", text(step, "path"));
            let answer = self.ask("GET", &path, None).filter(|answer| answer.status == 200);
            let Some(said) = answer.and_then(|answer| answer.json()) else {
                return state("failed");
            };
            let found = said["items"].as_array().map_or(0, Vec::len);
            rows += found;
            if found < 10 || page > 50 {
                break;
            }
        }
        json!({ "state": "read", "rows": rows })
    }
}

/// A client of Thredfi: tokens once, or for each step; a refused log-in is tried so often.
fn thredfi(job: &Job, each_time: bool, tries: u32) {
    let mut token = None;
    for step in &job.steps {
        if token.is_none() || each_time {
            token = (0..tries).find_map(|_| log_in(&job.base_url));
        }
        let Some(token) = &token else {
            // Nobody who is refused gets in by trying for each step.
            job.steps.iter().for_each(|step| say(step, state("failed")));
            return;
        };
        let headers = [
            ("Authorization", format!("Bearer {token}")),
            ("Content-Type", "application/json".to_owned()),
        ];
        let ask = |path: &str| {
            let url = format!("{}{path}", job.base_url);
            send(text(step, "method"), &url, &headers, step.get("body"), PATIENCE).ok()
        };
        if text(step, "kind") == "write" {
            let done = ask(text(step, "path")).is_some_and(|answer| answer.status == 201);
            say(step, state(if done { "applied" } else { "unknown" }));
            continue;
        }
        let mut rows = 0;
        for page in 1..=3 {
            let said =
                ask(&format!("{}?page={page}", text(step, "path"))).and_then(|one| one.json());
            rows += said.and_then(|said| Some(said["results"].as_array()?.len())).unwrap_or(0);
        }
        say(step, json!({ "state": "read", "rows": rows }));
    }
}

/// The partner's token, then that of the business.
fn log_in(base_url: &str) -> Option<String> {
    use base64::Engine;
    let pair = format!("{}:{}", variable("STEADFAST_PARTNER_UUID"), variable("STEADFAST_API_KEY"));
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    let token = |path: &str, authorization: String| -> Option<String> {
        let headers = [("Authorization", authorization)];
        let answer = send("POST", &format!("{base_url}{path}"), &headers, None, PATIENCE).ok()?;
        answer.json()?["access_token"].as_str().map(str::to_owned)
    };
    let partner = token("/v1/platform/oauth2/token/", format!("Basic {pair}"))?;
    let business = "/v1/platform/22222222-2222-4222-8222-222222222222/oauth2/token/";
    token(business, format!("Bearer {partner}"))
}
