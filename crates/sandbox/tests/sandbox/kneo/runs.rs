//! Runs on their way through their states, and what they leave behind.

use serde_json::{Value, json};
use steadfast_sandbox::{Options, Profile};

use super::{Kneo, in_profile, run, start};

async fn status(kneo: &Kneo, id: &str) -> String {
    let body = kneo.get(&format!("/v1/runs/{id}")).await.json();
    body["status"].as_str().unwrap_or_default().to_owned()
}

fn in_background(mut body: Value) -> Value {
    body["async_mode"] = json!(true);
    body
}

/// The members of a list, one field of each.
fn each(page: &Value, list: &str, field: &str) -> Vec<String> {
    let rows = page[list].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row[field].as_str().map(str::to_owned)).collect()
}

fn two_steps(script: Value) -> Value {
    json!({
        "input": "hi", "metadata": { "sandbox": script },
        "spec": { "name": "two", "workflow": { "steps": ["ask", { "name": "answer" }] } },
    })
}

#[tokio::test]
async fn a_run_takes_its_time_on_the_clock_of_the_double() {
    let (_sandbox, mut kneo) = in_profile(Profile::Reference).await;
    let body = in_background(two_steps(json!({ "duration_ms": 20_000 })));
    let reply = kneo.post("/v1/runs", &body, "a1").await;
    assert_eq!((reply.status, &reply.json()["status"]), (202, &json!("queued")));
    assert_eq!(status(&kneo, "run_1").await, "running");
    let trace = kneo.get("/v1/runs/run_1/trace").await.json();
    assert_eq!((&trace["complete"], &trace["window"]), (&json!(false), &json!(10_000)));
    assert_eq!(
        each(&trace, "events", "event_type"),
        ["run.created", "run.started", "step.started"]
    );
    kneo.advance(10).await;
    let half = kneo.get("/v1/runs/run_1").await.json();
    assert_eq!((&half["visited_steps"], &half["current_step_index"]), (&json!(["ask"]), &json!(1)));
    kneo.advance(10).await;
    let done = kneo.get("/v1/runs/run_1").await.json();
    assert_eq!((&done["status"], &done["output_text"]), (&json!("completed"), &json!("Done: hi")));
    let trace = kneo.get("/v1/runs/run_1/trace?offset=3&limit=2&sort_by=timestamp").await.json();
    assert_eq!(
        (&trace["count"], &trace["total"], &trace["complete"]),
        (&json!(2), &json!(7), &json!(true))
    );
    assert_eq!(each(&trace, "events", "event_type"), ["step.completed", "step.started"]);
    let only = kneo.get("/v1/runs/run_1/trace?event_type=run.completed").await.json();
    assert_eq!((&only["total"], &only["events"][0]["sequence"]), (&json!(1), &json!(7)));
}

#[tokio::test]
async fn checkpoints_tell_what_has_changed() {
    let (_sandbox, kneo) = in_profile(Profile::Guide).await;
    kneo.post("/v1/runs", &two_steps(json!({})), "a1").await;
    let page = kneo.get("/v1/runs/run_1/checkpoints").await.json();
    assert_eq!(each(&page, "checkpoints", "type"), ["step", "final"]);
    assert_eq!((&page["run_id"], &page["sort_by"]), (&json!("run_1"), &json!("sequence")));
    let diff = kneo.get("/v1/runs/run_1/checkpoints/diff").await.json();
    assert_eq!(
        (&diff["from_checkpoint"]["sequence"], &diff["to_checkpoint"]["sequence"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(diff["added"], json!([{ "path": "output_text", "to": "Done: hi" }]));
    assert_eq!(diff["removed"], json!([{ "path": "next_step", "from": "answer" }]));
    assert_eq!(
        diff["changed"],
        json!([{ "path": "completed_steps", "from": ["ask"], "to": ["ask", "answer"] }])
    );
    assert_eq!((&diff["change_count"], &diff["truncated"]), (&json!(3), &json!(false)));
    let far = kneo.get("/v1/runs/run_1/checkpoints/diff?from_sequence=1&to_sequence=9").await;
    assert_eq!((far.status, &far.json()["message"]), (404, &json!("Checkpoint not found: 9")));
    kneo.post("/v1/runs", &run(json!({})), "a2").await;
    assert_eq!(kneo.get("/v1/runs/run_2/checkpoints/diff").await.status, 400);
    let replay = kneo.get("/v1/runs/run_1/replay").await.json();
    assert_eq!(
        (replay["timeline"].as_array().unwrap().len(), &replay["checkpoint_count"]),
        (7, &json!(2))
    );
    let recovery = kneo.get("/v1/runs/run_1/recovery").await.json();
    assert_eq!(
        (&recovery["run_id"], &recovery["replay_context"]["can_continue"]),
        (&json!("run_1"), &json!(false))
    );
}

#[tokio::test]
async fn a_failed_run_is_continued_and_one_whose_worker_is_lost() {
    let (_sandbox, mut kneo) = in_profile(Profile::Reference).await;
    let failed = kneo.post("/v1/runs", &two_steps(json!({ "outcome": "failed" })), "a1").await;
    assert_eq!((failed.status, &failed.json()["status"]), (200, &json!("failed")));
    assert_eq!(kneo.get("/v1/runs?has_error=true").await.json()["count"], 1);
    let recovery = kneo.get("/v1/runs/run_1/recovery").await.json();
    assert_eq!(recovery["replay_context"]["can_continue"], true);
    let again = kneo.post("/v1/runs/run_1/continue", &Value::Null, "a2").await;
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("completed")));
    let repeat = kneo.post("/v1/runs/run_1/continue", &Value::Null, "a2").await;
    assert_eq!((repeat.status, repeat.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!(kneo.post("/v1/runs/run_1/continue", &Value::Null, "a3").await.status, 409);

    kneo.post("/v1/runs", &in_background(run(json!({ "outcome": "hang" }))), "a4").await;
    assert_eq!(kneo.post("/v1/runs/run_2/continue", &Value::Null, "a5").await.status, 409);
    kneo.advance(60).await;
    assert_eq!(status(&kneo, "run_2").await, "running");
    assert_eq!(kneo.post("/v1/runs/run_2/continue", &Value::Null, "a5").await.status, 200);
    assert_eq!(status(&kneo, "run_2").await, "completed");

    let graph = json!({ "input": "x", "spec_path": "graph.yaml", "metadata": { "sandbox": { "outcome": "failed" } } });
    kneo.post("/v1/runs", &graph, "a6").await;
    assert_eq!(kneo.post("/v1/runs/run_3/continue", &Value::Null, "a7").await.status, 409);
}

#[tokio::test]
async fn the_older_platform_does_not_heed_the_key_of_a_continued_run() {
    let (_sandbox, kneo) = in_profile(Profile::Guide).await;
    kneo.post("/v1/runs", &run(json!({ "outcome": "failed" })), "a1").await;
    assert_eq!(kneo.post("/v1/runs/run_1/continue", &Value::Null, "a2").await.status, 200);
    assert_eq!(kneo.post("/v1/runs/run_1/continue", &Value::Null, "a2").await.status, 409);
}

#[tokio::test]
async fn a_person_answers_in_between() {
    let (_sandbox, mut kneo) = in_profile(Profile::Guide).await;
    let slow = json!({ "outcome": "human", "duration_ms": 10_000, "task_timeout_ms": 60_000 });
    for key in ["a1", "a2", "a3"] {
        kneo.post("/v1/runs", &in_background(two_steps(slow.clone())), key).await;
    }
    assert_eq!(kneo.get("/v1/human-tasks").await.json()["count"], 0);
    assert_eq!(kneo.get("/v1/human-tasks/c1").await.status, 404);
    kneo.advance(10).await;
    kneo.control("kneo/task", &json!({ "continuation_id": "c2", "escalated": true })).await;
    let tasks = kneo.get("/v1/human-tasks?sort_by=created_at&sort_order=desc").await.json();
    assert_eq!(each(&tasks, "tasks", "id"), ["c3", "c2", "c1"]);
    assert_eq!(each(&tasks, "tasks", "continuation_id"), ["c3", "c2", "c1"]);
    let pending = kneo.get("/v1/human-tasks?status=pending&run_id=run_1").await.json();
    assert_eq!(each(&pending, "tasks", "run_id"), ["run_1"]);
    assert_eq!(kneo.get("/v1/human-tasks?status=escalated").await.json()["count"], 1);
    let task = kneo.get("/v1/human-tasks/c1").await.json();
    let request_id =
        &kneo.get("/v1/runs/run_1").await.json()["pending_human_request"]["request_id"];
    assert_eq!(&task["request"]["request_id"], request_id);

    // The rest of the run takes its time again, and meanwhile the answer is held.
    let answer = json!({ "request_id": request_id, "decision": "approved" });
    let other = kneo.clone();
    let (key, body) = ("h1", answer.clone());
    let first =
        tokio::spawn(async move { other.post("/v1/human-tasks/c1/resume", &body, key).await });
    while status(&kneo, "run_1").await != "running" {
        tokio::task::yield_now().await;
    }
    let second = kneo.post("/v1/human-tasks/c1/resume", &answer, "h2").await;
    assert_eq!((second.status, &second.json()["error"]), (409, &json!("resource_locked")));
    first.abort();
    kneo.advance(10).await;
    let replay = kneo.post("/v1/human-tasks/c1/resume", &answer, "h1").await;
    assert_eq!((replay.status, &replay.json()["status"]), (200, &json!("completed")));
    kneo.advance(60).await;
    assert_eq!(status(&kneo, "run_2").await, "expired");
    let events = kneo.get("/v1/audit-events?event_type=human.decision").await.json();
    assert_eq!(
        (&events["count"], &events["events"][0]["continuation_id"]),
        (&json!(1), &json!("c1"))
    );
}

#[tokio::test]
async fn a_second_request_waits_for_the_first_or_is_refused() {
    for (profile, expected) in [(Profile::Guide, 200), (Profile::Reference, 409)] {
        let (sandbox, kneo) = in_profile(profile).await;
        let body = run(json!({ "duration_ms": 200 }));
        let (first, other) = (kneo.clone(), body.clone());
        let first = tokio::spawn(async move { first.post("/v1/runs", &other, "a1").await });
        while sandbox.state()["runs"].as_array().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let second = kneo.post("/v1/runs", &body, "a1").await;
        assert_eq!(second.status, expected);
        let first = first.await.unwrap();
        assert_eq!((first.status, &first.json()["status"]), (200, &json!("completed")));
        if expected == 200 {
            assert_eq!((second.body, second.headers.len()), (first.body, first.headers.len() + 1));
        }
    }
}

#[tokio::test]
async fn terminal_states_stay() {
    let (_sandbox, mut kneo) = in_profile(Profile::Guide).await;
    let hang = in_background(run(json!({ "outcome": "hang" })));
    kneo.post("/v1/runs", &hang, "a1").await;
    let set = json!({ "run_id": "run_1", "status": "timed_out" });
    kneo.control("kneo/run-status", &set).await;
    assert_eq!(
        kneo.post("/v1/runs/run_1/cancel", &Value::Null, "").await.json()["status"],
        "timed_out"
    );
    assert_eq!(kneo.http.post("/__sandbox/kneo/run-status", &set).await.status, 400);
    kneo.post("/v1/runs", &run(json!({ "outcome": "human" })), "a2").await;
    let cancelled = kneo.post("/v1/runs/run_2/cancel", &Value::Null, "").await.json();
    assert_eq!(
        (&cancelled["status"], &cancelled["continuation_id"]),
        (&json!("cancelled"), &Value::Null)
    );
    kneo.advance(4000).await;
    assert_eq!(status(&kneo, "run_2").await, "cancelled");
}

#[tokio::test]
async fn runs_are_found_by_what_the_newer_platform_can_ask() {
    let (_sandbox, mut kneo) = in_profile(Profile::Reference).await;
    let agent = json!({ "input": "needle", "spec_path": "helper.yaml", "target": "agent", "session_id": "s1" });
    kneo.post("/v1/runs", &agent, "a1").await;
    kneo.advance(3600).await;
    kneo.post("/v1/runs", &two_steps(json!({})), "a2").await;
    for (query, found) in [
        ("q=needle", vec!["run_1"]),
        ("session_id=s1", vec!["run_1"]),
        ("workflow_name=two", vec!["run_2"]),
        ("workflow_kind=sequential", vec!["run_2"]),
        ("has_error=false&sort_by=created_at&sort_order=asc", vec!["run_1", "run_2"]),
        ("created_after=2000-01-01T00:00:00Z&created_before=2001-01-01T00:00:00%2B01:00", vec![]),
        ("", vec!["run_2", "run_1"]),
    ] {
        let page = kneo.get(&format!("/v1/runs?{query}")).await.json();
        assert_eq!(each(&page, "runs", "run_id"), found, "{query}");
    }
    let shown = kneo.get("/v1/runs/run_1").await.json();
    assert_eq!((&shown["agent_name"], &shown["workflow_name"]), (&json!("helper"), &Value::Null));
    let quirks = vec!["filter-ignored".parse().unwrap()];
    let (_sandbox, kneo) = start(Options { quirks, ..Options::default() }).await;
    kneo.post("/v1/runs", &run(json!({})), "a1").await;
    assert_eq!(kneo.get("/v1/runs?status=failed").await.json()["count"], 1);
}
