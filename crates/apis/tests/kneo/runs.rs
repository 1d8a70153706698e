//! Lists, runs to their end, traces, people and specs: N19 to N21.

use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use steadfast_apis::kneo::{
    Code, Conflict, Decision, Error, NewPolicy, PageRequest, RunFilter, RunState, RunStatus, Spec,
    TraceEvent, Watch, WatchError,
};

use crate::lines::Lines;
use crate::wire::json as answer;
use crate::world::{World, demo, over, scripted};

#[tokio::test]
async fn n19_pages_tell_whether_there_is_more_and_streams_read_them_all() {
    let world = World::new().await;
    for n in 0..5 {
        world.kneo.runs().create(&demo(&n.to_string()), None).await.unwrap();
    }
    let page = PageRequest { limit: Some(2), offset: Some(2), ..PageRequest::default() };
    let page = world.kneo.runs().page(&RunFilter::default(), &page).await.unwrap();
    assert_eq!(
        (page.items.len(), page.total, page.offset, page.limit),
        (2, Some(5), Some(2), Some(2))
    );
    assert!(page.has_more());
    assert_eq!(
        (page.sort_by.as_deref(), page.sort_order.as_deref()),
        (Some("updated_at"), Some("desc"))
    );
    let filter = RunFilter { status: Some(RunState::Completed), ..RunFilter::default() };
    let all: Vec<RunStatus> =
        world.kneo.runs().list(&filter, 2).unwrap().try_collect().await.unwrap();
    assert_eq!(all.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn n19_a_page_size_is_cut_down_and_what_came_counts() {
    let (wire, kneo) = over(|sent, _| {
        let offset: u64 =
            sent.path.split("offset=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        // The platform gives one row at a time, whatever is asked for.
        let rows: Vec<Value> = (offset..3)
            .take(1)
            .map(|n| json!({ "run_id": format!("run_{n}"), "status": "completed" }))
            .collect();
        answer(200, json!({ "runs": rows, "total": 3, "offset": offset }))
    });
    let list = kneo.runs().list(&RunFilter::default(), 5_000).unwrap();
    let all: Vec<RunStatus> = list.try_collect().await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(wire.sent().iter().all(|sent| sent.path.contains("limit=1000")));
    let (_, kneo) = over(|_, _| {
        let rows = json!([{ "run_id": "r", "status": "completed" }]);
        answer(200, json!({ "runs": rows, "total": 50, "offset": 9, "window": 10 }))
    });
    let page = kneo.runs().page(&RunFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(!page.has_more(), "the window ends there");
}

fn in_state(state: &str) -> crate::wire::Answer {
    answer(200, json!({ "run_id": "r1", "status": state }))
}

#[tokio::test(start_paused = true)]
async fn n20_a_run_is_looked_at_every_second_until_it_has_ended() {
    let (wire, kneo) = over(|_, n| in_state(["queued", "running", "a_new_one", "timed_out"][n]));
    let runs = kneo.runs();
    let run = runs.wait_for_completion("r1", Duration::from_secs(60)).await.unwrap();
    assert_eq!(run.status, RunState::TimedOut);
    assert_eq!(wire.times(), [0, 1_000, 2_000, 3_000]);
}

#[tokio::test(start_paused = true)]
async fn n20_a_time_out_names_the_last_status_and_an_empty_set_is_honoured() {
    let (_, kneo) = over(|_, _| in_state("blocked"));
    let error = kneo.runs().wait_for_completion("r1", Duration::from_millis(2_500)).await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "run r1 has not ended after 2.5 s; its last status was blocked");
    let (wire, kneo) = over(|_, _| in_state("completed"));
    let watch = Watch { terminal: vec![], ..Watch::within(Duration::from_secs(2)) };
    let error = kneo.runs().wait_for("r1", &watch).await.unwrap_err();
    let WatchError::TimedOut { last_status, .. } = error else { panic!("{error:?}") };
    assert_eq!((last_status, wire.sent().len()), (RunState::Completed, 3));
}

#[tokio::test]
async fn n20_a_trace_is_followed_to_its_end() {
    let world = World::new().await;
    let run = world.kneo.runs().create(&scripted("completed", 50), None).await.unwrap();
    let id = run.run_id.unwrap();
    let watch = Watch { poll: Duration::from_millis(10), ..Watch::within(Duration::from_secs(20)) };
    let tail = world.kneo.runs().tail_trace(&id, &watch);
    let events: Vec<TraceEvent> = tail.try_collect().await.unwrap();
    let kinds: Vec<_> = events.iter().filter_map(|event| event.event_type.as_deref()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"run.created"), Some(&"run.completed")));
    let numbers: Vec<_> = events.iter().filter_map(|event| event.sequence).collect();
    assert!(numbers.is_sorted() && numbers.len() == events.len(), "{numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn n20_a_trace_that_is_too_deep_ends_with_a_warning() {
    let (lines, _guard) = Lines::capture();
    let (wire, kneo) = over(|_, _| {
        let events: Vec<Value> = (0..4).map(|n| json!({ "sequence": n })).collect();
        answer(200, json!({ "events": events, "window": 10 }))
    });
    let watch = Watch::within(Duration::from_secs(5));
    let events: Vec<_> = kneo.runs().tail_trace("r1", &watch).try_collect().await.unwrap();
    assert_eq!((events.len(), wire.sent().len()), (12, 3));
    assert!(lines.messages("trace_cut_off")[0].contains("first 10 events"));
}

#[tokio::test]
async fn n21_the_first_pending_task_is_answered_by_its_id() {
    let world = World::new().await;
    let tasks = world.kneo.human_tasks();
    assert_eq!(tasks.resume_first_pending(&Decision::Approved, None).await.unwrap(), None);
    let run = world.kneo.runs().create(&scripted("human", 0), None).await.unwrap();
    let watch = Watch {
        terminal: vec![RunState::PausedHumanReview],
        poll: Duration::from_millis(10),
        ..Watch::within(Duration::from_secs(20))
    };
    let id = run.run_id.unwrap();
    let waiting = world.kneo.runs().wait_for(&id, &watch).await.unwrap();
    assert!(waiting.status.is_waiting_for_a_person());
    let task = tasks.get(waiting.continuation_id.as_deref().unwrap()).await.unwrap();
    assert_eq!(task.request["kind"], "approval");
    let resumed = tasks.resume_first_pending(&Decision::Approved, None).await.unwrap().unwrap();
    assert_eq!((resumed.run_id, resumed.status), (id, RunState::Completed));
    let again = tasks.resume(&task.continuation_id, "req_1", &Decision::Rejected, None, None).await;
    assert!(matches!(again.unwrap_err(), Error::Conflict(Conflict::Other(_))));
}

#[tokio::test]
async fn n21_specs_are_validated_compiled_and_tried_dry() {
    let world = World::new().await;
    let specs = world.kneo.specs();
    let (validated, compiled) =
        specs.validate_then_compile(&Spec::of_path("demo.yaml"), true).await.unwrap();
    assert!(validated.valid && compiled.unwrap().ok);
    let (validated, compiled) =
        specs.validate_then_compile(&Spec::of_path("bad.yaml"), true).await.unwrap();
    assert!(!validated.valid && compiled.is_none());
    assert_eq!(validated.diagnostics[0].code.as_deref(), Some("E_UNKNOWN_TOOL"));
    let mut spec = Spec::of_path("demo.yaml");
    spec.environment = Some("production".to_owned());
    let dry = specs.dry_run(&spec).await.unwrap();
    assert!(dry.validated.valid && dry.explanation.is_some() && dry.policy_report.is_some());
    let dry = specs.dry_run(&Spec::of_path("bad.yaml")).await.unwrap();
    assert!(!dry.validated.valid && dry.explanation.is_none());
    let error = specs.explain(&Spec::of_path("bad.yaml")).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SpecInvalid));
    assert_eq!(error.fault().unwrap().diagnostics().len(), 1);
}

#[tokio::test]
async fn runs_are_cancelled_continued_and_looked_into() {
    let world = World::new().await;
    let runs = world.kneo.runs();
    let run = runs.create(&scripted("failed", 0), None).await.unwrap().run_id.unwrap();
    assert_eq!(runs.get(&run).await.unwrap().status, RunState::Failed);
    assert!(
        runs.recovery(&run).await.unwrap()["replay_context"]["can_continue"].as_bool().unwrap()
    );
    assert_eq!(runs.continue_run(&run, None).await.unwrap().status, RunState::Completed);
    let error = runs.continue_run(&run, None).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::RunStateConflict), "V5");
    assert_eq!(runs.cancel(&run).await.unwrap().status, RunState::Completed, "V36");
    assert!(runs.trace(&run, &PageRequest::default()).await.unwrap().items.len() > 2);
    assert!(!runs.checkpoints(&run, &PageRequest::default()).await.unwrap().items.is_empty());
    assert!(runs.checkpoint_diff(&run, None).await.is_ok());
    assert!(runs.replay(&run).await.unwrap()["timeline"].is_array());
    assert_eq!(runs.policy_report(&run).await.unwrap_err().status(), Some(400));
    let environments = world.kneo.environments();
    let policy = NewPolicy { require_guardrails: true, ..NewPolicy::default() };
    environments.put_policy("staging", &policy).await.unwrap();
    let read = environments.policy("staging").await.unwrap();
    assert_eq!(read["policy"]["require_guardrails"], true);
    assert!(environments.policies().await.unwrap()["policies"]["staging"].is_object());
    let credentials = environments.credentials(&["openai"], &[], true).await.unwrap();
    assert!(credentials["inventory"]["providers"].is_object());
}
