//! What is sent again, and when (O1 to O6, O13).

use steadfast::{Effect, Kind};
use steadfast_apis::operations1::{Group, Operations1, Retry, User, UserChange};

use crate::script::Answer;
use crate::world::{JSON, documented, order};

const BUSY: Answer = Some((503, &[], ""));
const USER: Answer = Some((200, JSON, r#"{"id":7,"name":"m.cole","displayName":"M. Cole"}"#));
const NO_ROWS: &str = r#"{"totalItemCount":0,"pageIndex":0,"pageSize":200,"items":[]}"#;

async fn read(operations1: &Operations1) -> Result<User, steadfast_apis::operations1::Error> {
    operations1.get::<User>(7).await
}

#[tokio::test(start_paused = true)]
async fn o01_429_and_503_are_sent_five_times_1_2_4_8_seconds_apart() {
    for status in [429, 503] {
        let (operations1, script) = documented(&[Some((status, &[], ""))], |builder| builder);
        let error = read(&operations1).await.unwrap_err();
        assert_eq!(script.waits_ms(), [1_000, 2_000, 4_000, 8_000], "{status}");
        assert_eq!((error.attempts(), error.status()), (5, Some(status)));
    }
    let (operations1, script) = documented(&[BUSY, BUSY, USER], |builder| builder);
    assert_eq!(read(&operations1).await.unwrap().id, 7);
    assert_eq!(script.waits_ms(), [1_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn o01_a_hint_of_the_server_counts_if_it_makes_sense() {
    for (hint, waits) in
        [("3", 3_000), ("0", 1_000), ("nan", 1_000), ("-5", 1_000), ("soon", 1_000)]
    {
        let headers: &'static [(&str, &str)] = Vec::leak(vec![("retry-after", hint)]);
        let (operations1, script) =
            documented(&[Some((429, headers, "")), USER], |builder| builder);
        read(&operations1).await.unwrap();
        assert_eq!(script.waits_ms(), [waits], "{hint}");
    }
    let late: Answer = Some((429, &[("retry-after", "86400")], ""));
    let (operations1, script) = documented(&[late], |builder| builder);
    let error = read(&operations1).await.unwrap_err();
    assert_eq!(script.seen().len(), 1);
    assert_eq!(error.call().unwrap().error.retry_after().unwrap().as_secs(), 86_400);
}

#[tokio::test(start_paused = true)]
async fn o02_no_other_4xx_is_sent_again() {
    for status in [400, 401, 403, 404, 405, 409, 422] {
        let (operations1, script) = documented(&[Some((status, JSON, "{}"))], |builder| builder);
        let error = read(&operations1).await.unwrap_err();
        assert_eq!((script.seen().len(), error.status()), (1, Some(status)));
    }
}

#[tokio::test(start_paused = true)]
async fn o03_what_was_not_answered_is_sent_again_but_for_a_post_that_may_be_done() {
    let (operations1, script) = documented(&[None, USER], |builder| builder);
    read(&operations1).await.unwrap();
    assert_eq!(script.seen().len(), 2);
    let (operations1, script) = documented(&[None, USER], |builder| builder);
    let change = UserChange { email: Some("m@ex.test".to_owned()), ..UserChange::default() };
    operations1.change_user(7, &change).await.unwrap();
    assert_eq!(script.seen().len(), 2);

    // A POST is looked for by its number first, and sent again only where it is not there.
    let made = r#"{"id":11,"name":"A-1","state":"not-started"}"#;
    let answers =
        [None, Some((200, JSON, NO_ROWS)), Some((200, JSON, NO_ROWS)), Some((201, JSON, made))];
    let (operations1, script) = documented(&answers, |builder| builder);
    assert_eq!(operations1.create_order(&order("ERP-2")).await.unwrap().value().unwrap().id, 11);
    let seen = script.seen();
    assert_eq!(seen[0].body, seen[seen.len() - 1].body, "the same order");
    let methods: Vec<&str> = seen.iter().map(|seen| seen.method.as_str()).collect();
    assert_eq!((methods[0], methods.last()), ("POST", Some(&"POST")));
    assert_eq!(methods.iter().filter(|method| **method == "POST").count(), 2, "{methods:?}");
    // Without one nothing can tell.
    let mut nameless = order("");
    nameless.custom_order_id = None;
    let (operations1, script) = documented(&[None, Some((201, JSON, made))], |builder| builder);
    let error = operations1.create_order(&nameless).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Some(Kind::Unknown), Effect::Unknown));
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn o04_502_is_sent_again_for_reads_and_500_is_told() {
    let gateway: Answer = Some((502, &[("content-type", "text/html")], "<html>Bad Gateway</html>"));
    let (operations1, script) = documented(&[gateway, USER], |builder| builder);
    read(&operations1).await.unwrap();
    assert_eq!(script.seen().len(), 2);
    let (operations1, script) = documented(&[gateway, USER], |builder| builder);
    let error = operations1.change_user(7, &UserChange::default()).await.unwrap_err();
    assert_eq!((script.seen().len(), error.status()), (1, Some(502)));
    let (operations1, script) = documented(&[Some((500, JSON, "{}")), USER], |builder| builder);
    let error = read(&operations1).await.unwrap_err();
    assert_eq!((script.seen().len(), error.status()), (1, Some(500)));
}

#[tokio::test(start_paused = true)]
async fn o04_what_is_sent_again_can_be_chosen() {
    let sends = |retry: Retry, answer: Answer| async move {
        let (operations1, script) = documented(&[answer], |builder| builder.retry(retry));
        let error = read(&operations1).await.unwrap_err();
        assert_eq!(error.status(), answer.map(|(status, ..)| status));
        script.seen().len()
    };
    let status = |status| Some((status, JSON, "{}"));
    let named = || Retry::Statuses(vec![500, 429]);
    assert_eq!(sends(named(), status(500)).await, 5);
    assert_eq!(sends(named(), status(429)).await, 5);
    assert_eq!(sends(named(), status(503)).await, 1);
    assert_eq!(sends(named(), status(502)).await, 1);
    // C1: the printed loop, and the SDK.
    for code in [400, 404, 500, 502, 503, 429] {
        assert_eq!(sends(Retry::Literal, status(code)).await, 5, "{code}");
    }
    for code in [401, 403] {
        assert_eq!(sends(Retry::Literal, status(code)).await, 1, "{code}");
    }
    for code in [429, 500, 502, 503] {
        assert_eq!(sends(Retry::Sdk, status(code)).await, 1, "{code}");
    }
    assert_eq!(sends(Retry::Sdk, None).await, 4);
}

#[tokio::test(start_paused = true)]
async fn o05_an_attempt_takes_five_seconds_and_the_call_has_a_deadline() {
    let (operations1, _) = documented(&[BUSY], |builder| builder);
    let policy = operations1.client().dialect().policy(steadfast::dialect::PolicyName::Documented);
    assert_eq!(policy.attempt_timeout_ms, 5_000);
    let (operations1, script) = documented(&[BUSY], |builder| {
        builder.settings(|builder| builder.deadline(std::time::Duration::from_secs(4)))
    });
    let started = tokio::time::Instant::now();
    read(&operations1).await.unwrap_err();
    assert_eq!(script.waits_ms(), [1_000, 2_000], "the next would be past the deadline");
    assert!(started.elapsed().as_secs() < 4);
}

#[tokio::test(start_paused = true)]
async fn o06_after_the_last_failure_attempts_and_cause_are_told_and_it_is_an_error() {
    let (operations1, _) = documented(&[BUSY], |builder| builder);
    let error = read(&operations1).await.unwrap_err();
    assert_eq!(error.to_string(), "Failed after 5 attempts: HTTP 503");
    let said: Answer = Some((429, JSON, r#"{"message":"Too many requests.","errorCode":"PG7"}"#));
    let (operations1, _) = documented(&[said], |builder| builder);
    let error = read(&operations1).await.unwrap_err();
    assert_eq!(error.to_string(), "Failed after 5 attempts: [PG7] Too many requests.");
}

#[tokio::test(start_paused = true)]
async fn o13_a_429_slows_down_every_call_of_the_tenant() {
    let group: Answer = Some((200, JSON, r#"{"id":2,"name":"assembly"}"#));
    let mut answers = vec![USER; 20];
    answers.push(Some((429, &[("retry-after", "2")], "")));
    answers.push(USER);
    answers.push(group);
    let (operations1, script) = documented(&answers, |builder| builder);
    for _ in 0..20 {
        read(&operations1).await.unwrap();
    }
    assert_eq!(operations1.client().activity().rate, None, "no limit has been met");
    read(&operations1).await.unwrap();
    assert!(operations1.client().activity().rate.is_some(), "a limit is known from now on");
    // Other calls, too, keep to what was learnt, however many are made at a time.
    let before = script.seen().len();
    let many = (0..50).map(|_| operations1.get::<Group>(2));
    for read in futures_util::future::join_all(many).await {
        assert_eq!(read.unwrap().name, "assembly");
    }
    let waited = script.waits_ms()[before..].iter().sum::<u128>();
    assert!(waited > 0, "they were spread over time");
}
