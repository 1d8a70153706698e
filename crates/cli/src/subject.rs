//! `steadfast subject`: our own client as the subject of a drill. It reads the job, makes its calls, and writes
//! down how each ended. It knows no scenario.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Client, Credentials, Effect, Error, Kind, Options, Outcome, Request, Rows};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::failure::Failure;

/// So much of the time is left for writing down what is known.
const MARGIN: Duration = Duration::from_secs(3);
/// No call takes longer, so that one that finds no end leaves room for the others.
const CALL_MAX: Duration = Duration::from_secs(30);
/// How often it is asked whether calls wait for proof that nothing is locked.
const WITNESS_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
struct Job {
    api: String,
    deadline_s: u64,
    timeout_s: u64,
    at_once: usize,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
struct Step {
    id: String,
    method: String,
    path: String,
    body: Option<Value>,
    idempotency_key: Option<String>,
    rows_at: Option<String>,
}

pub(crate) async fn run(policy: Option<PolicyName>) -> Result<u8, Failure> {
    let began = Instant::now();
    let text = std::fs::read_to_string(place("STEADFAST_JOB")?).map_err(Failure::usage)?;
    let job: Job = serde_json::from_str(&text).map_err(Failure::usage)?;
    let client = client(&job, policy)?;
    let results = File::options().append(true).open(place("STEADFAST_RESULTS")?);
    let results = Arc::new(Mutex::new(results.map_err(Failure::usage)?));
    let ends = began + Duration::from_secs(job.deadline_s).saturating_sub(MARGIN);
    let ours = Arc::new(Mutex::new(Vec::new()));
    let witness = tokio::spawn(bear_witness(client.clone(), Arc::clone(&ours)));
    let places = Arc::new(Semaphore::new(job.at_once.max(1)));
    let mut running = JoinSet::new();
    for step in job.steps {
        // In their order: a step begins when there is a place for it.
        let place = Arc::clone(&places).acquire_owned().await.map_err(Failure::usage)?;
        let (client, results) = (client.clone(), Arc::clone(&results));
        let ours = Arc::clone(&ours);
        running.spawn(async move {
            let left = ends.saturating_duration_since(Instant::now()).min(CALL_MAX);
            let result = make(&client, &step, left, &ours).await;
            drop(place);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(results, "{result}")
        });
    }
    while let Some(written) = running.join_next().await {
        written.map_err(Failure::usage)?.map_err(Failure::usage)?;
    }
    witness.abort();
    Ok(0)
}

/// A record that we have made: resource, id, and what we wrote.
type Made = (String, String, String);

/// Where an API queues writes while it holds its tables, a write that is not found may be hidden. When calls wait
/// for proof, a record of ours is written back unchanged: answered as applied, it shows that nothing is held.
async fn bear_witness(client: Client, ours: Arc<Mutex<Vec<Made>>>) {
    loop {
        tokio::time::sleep(WITNESS_EVERY).await;
        let made = ours.lock().unwrap_or_else(PoisonError::into_inner).last().cloned();
        if let Some((resource, id, body)) = made
            && client.activity().waiting_for_lock > 0
        {
            let testimony = client.witness(&resource, &id, body.as_bytes()).await;
            tracing::debug!(?testimony, "a witness was asked");
        }
    }
}

fn client(job: &Job, policy: Option<PolicyName>) -> Result<Client, Failure> {
    let dialect = Dialect::built_in(&job.api)
        .ok_or_else(|| Failure::usage(format!("no dialect of {} is built in", job.api)))?;
    let names = dialect.auth.fields();
    let given = names.iter().filter_map(|name| {
        let variable = format!("STEADFAST_{}", name.to_uppercase());
        Some((name.as_str(), std::env::var(variable).ok()?))
    });
    let credentials = Credentials::named(given);
    Client::builder(dialect, &std::env::var("STEADFAST_BASE_URL").unwrap_or_default())
        .credentials(credentials)
        .policy(policy.unwrap_or_default())
        .timeout(Duration::from_secs(job.timeout_s))
        .build()
        .map_err(Failure::usage)
}

fn place(variable: &str) -> Result<PathBuf, Failure> {
    let given = std::env::var_os(variable).map(PathBuf::from);
    given.ok_or_else(|| {
        Failure::usage(format!("{variable} is not set; `steadfast drill` sets it for its command"))
    })
}

/// Makes the call of a step, and says how it ended.
async fn make(client: &Client, step: &Step, deadline: Duration, ours: &Mutex<Vec<Made>>) -> Value {
    let Some(rows_at) = &step.rows_at else { return write(client, step, deadline, ours).await };
    let mut lookups = client.dialect().resource.values().filter_map(|one| one.lookup.as_ref());
    let known = lookups.find(|route| route.list == step.path);
    let id = known.map_or_else(|| "id".to_owned(), |route| route.row_id.clone());
    let rows = Rows {
        path: step.path.clone(),
        rows: Some(rows_at.clone()),
        id: Some(id),
        ..Rows::default()
    };
    let mut seen = 0_u64;
    match tokio::time::timeout(deadline, client.rows(rows, |_| seen += 1)).await {
        Ok(Ok(())) => json!({ "id": step.id, "state": "read", "rows": seen }),
        Ok(Err(_)) | Err(_) => json!({ "id": step.id, "state": "failed" }),
    }
}

async fn write(client: &Client, step: &Step, deadline: Duration, ours: &Mutex<Vec<Made>>) -> Value {
    let Ok(method) = step.method.parse::<Method>() else {
        return json!({ "id": step.id, "state": "failed" });
    };
    let body = step.body.as_ref().map(Value::to_string).unwrap_or_default();
    let mut request = Request::new(method, &step.path);
    if step.body.is_some() {
        request = request.json(body.clone());
    }
    let created = client.dialect().creates(&request);
    let (resource, natural_key) = match created {
        Some((resource, Some(key))) => (Some(resource.to_owned()), Some(key)),
        _ => (None, None),
    };
    let options = Options {
        deadline: Some(deadline),
        resource: resource.clone(),
        natural_key,
        idempotency_key: step.idempotency_key.as_deref().map(Into::into),
        ..Options::default()
    };
    match client.call(request, options).await {
        Ok(outcome) => {
            if let (Outcome::Applied(done), Some(resource)) = (&outcome, resource)
                && let Some(id) = &done.resource_id
            {
                let mut ours = ours.lock().unwrap_or_else(PoisonError::into_inner);
                ours.push((resource, id.clone(), body));
            }
            json!({ "id": step.id, "state": outcome.as_str() })
        }
        Err(error) => ended(&step.id, &error),
    }
}

fn ended(id: &str, error: &Error) -> Value {
    let state = match (error.effect(), error.kind()) {
        (Effect::Unknown, _) => "unknown",
        (Effect::Applied, _) => "applied",
        (Effect::None, Kind::Refused(_) | Kind::Differs) => "rejected",
        (Effect::None, _) => "failed",
    };
    match error.code() {
        Some(code) if state == "rejected" => json!({ "id": id, "state": state, "code": code }),
        _ => json!({ "id": id, "state": state }),
    }
}
