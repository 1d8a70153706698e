//! From a delivery to a call, and from its attempts to rows.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use steadfast::dialect::Act;
use steadfast::{
    Attempt, Class, Client, Error, Found, IdempotencyKey, LookUp, Options, Outcome, Reply, Request,
    Success,
};

use super::address;
use crate::{AttemptRow, Delivery};

pub(super) async fn make_call(
    client: &Client,
    delivery: &mut Delivery,
    in_doubt: bool,
    now_ms: i64,
) -> Result<Outcome, Error> {
    let method = delivery.method.parse().unwrap_or(http::Method::POST);
    let place = match address::find(client, delivery, in_doubt).await {
        Ok(place) => place,
        Err(end) => return *end,
    };
    let body = Bytes::from(std::mem::take(&mut delivery.body));
    let mut request = place.request(method, &body);
    for (name, value) in &delivery.headers {
        // Others were not accepted.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    }
    let key = delivery.idempotency_key.as_ref();
    let idempotency_key =
        key.map(|key| IdempotencyKey { value: key.value.clone(), age: key.age_at(now_ms) });
    let deadline = delivery
        .deadline_at_ms
        .map(|at| Duration::from_millis(u64::try_from(at - now_ms).unwrap_or(0)));
    let options = Options {
        deadline,
        resource: Some(delivery.resource.clone()),
        natural_key: delivery.natural_key.clone(),
        known_absent: delivery.known_absent,
        idempotency_key,
        in_doubt,
        tried_before: delivery.attempts > 0,
        one_shot: false,
        context: [("delivery".to_owned(), delivery.id.to_string())].into(),
        ..Options::default()
    };
    let result = client.call(request, options).await;
    // Nobody else holds it any more, so it is not copied.
    delivery.body = body.into();
    result.map(|outcome| place.named(without_answer(outcome)))
}

/// Looks for the effect of a delivery, where its path says that it is: what it writes is there, and what it deletes is
/// not.
pub(super) async fn look_for(client: &Client, delivery: &Delivery) -> LookUp {
    if delivery.natural_key.is_none() {
        return LookUp::CannotTell("it has no key to be found by".to_owned());
    }
    let method = delivery.method.parse().unwrap_or(http::Method::POST);
    let request = Request::new(method, delivery.path.clone()).json(delivery.body.clone());
    let options = Options {
        resource: Some(delivery.resource.clone()),
        natural_key: delivery.natural_key.clone(),
        ..Options::default()
    };
    let found = client.look_up_of(&request, &options).await;
    match (found, address::act(client, delivery)) {
        (LookUp::Absent, Act::Delete) => LookUp::Found(Found {
            id: None,
            record: serde_json::Value::Null,
            differences: Vec::new(),
            copies: 1,
        }),
        (LookUp::Found(_), Act::Delete) => LookUp::Absent,
        (found, _) => found,
    }
}

/// A success without the API's own words, which nobody asks for any more. They are let go of here,
/// on the thread that made them, and not one after the other where results are written down.
fn without_answer(outcome: Outcome) -> Outcome {
    let without = |success: Success| Success {
        reply: success.reply.map(|reply| Reply::new(reply.status, HeaderMap::new(), Bytes::new())),
        record: None,
        ..success
    };
    match outcome {
        Outcome::Applied(success) => Outcome::Applied(without(success)),
        Outcome::Queued(success) => Outcome::Queued(without(success)),
        Outcome::Existing(success) => Outcome::Existing(without(success)),
    }
}

pub(super) fn attempts_of(result: &Result<Outcome, Error>) -> &[Attempt] {
    match result {
        Ok(outcome) => &outcome.success().attempts,
        Err(error) => &error.details().attempts,
    }
}

/// The attempts as rows, dated by the calendar. One that ended well needs no rule: there is
/// nothing to explain, and the ledger keeps a clean first try in the delivery's own columns.
pub(super) fn rows_of(client: &Client, now_ms: i64, attempts: &[Attempt]) -> Vec<AttemptRow> {
    let now = client.now();
    attempts
        .iter()
        .map(|attempt| AttemptRow {
            n: attempt.number,
            started_at_ms: now_ms - i64::try_from((now - attempt.sent_at).as_millis()).unwrap_or(0),
            elapsed_ms: attempt.elapsed.as_millis() as u64,
            class: attempt.class.as_str().to_owned(),
            status: attempt.status,
            code: attempt.code.clone(),
            effect: attempt.effect.as_str().to_owned(),
            wait_ms: (!attempt.wait.is_zero()).then_some(attempt.wait.as_millis() as u64),
            rule: (attempt.class != Class::Ok).then(|| attempt.rule.clone()),
            request_id: attempt.request_id.clone(),
        })
        .collect()
}
