//! Lists, times and words (O14 to O16).

use futures_util::{StreamExt, TryStreamExt};
use steadfast_apis::operations1::{
    Document, Error, Group, Moment, Order, OrderQuery, OrderState, PageIndex, Passed, Report,
    ReportQuery, ReportState, User,
};

use crate::script::Answer;
use crate::world::{JSON, documented, order, vectors};

#[tokio::test]
async fn o14_pages_are_read_by_their_total_and_sorted_by_id() {
    let world = vectors().await;
    for number in 2..=5 {
        world.operations1.create_order(&order(&format!("ERP-{number}"))).await.unwrap();
    }
    let all: Vec<Order> =
        world.operations1.list(&OrderQuery::default()).try_collect().await.unwrap();
    let ids: Vec<u64> = all.iter().map(|order| order.id).collect();
    assert_eq!(ids, [11, 12, 13, 14, 15]);
    let some = OrderQuery {
        custom_order_ids: vec!["ERP-2".to_owned(), "ERP-4".to_owned()],
        states: vec![OrderState::NotStarted],
        ..OrderQuery::default()
    };
    assert_eq!(world.operations1.list::<Order>(&some).count().await, 2);
    // V14: the word is answered with the real number.
    let query = OrderQuery::default();
    let last = world.operations1.page::<Order>(&query, PageIndex::Last, 2).await.unwrap();
    assert_eq!((last.total_item_count, last.page_index, last.items.len()), (5, 2, 1));
    let beyond = world.operations1.page::<Order>(&query, PageIndex::At(9), 10).await.unwrap();
    assert!(beyond.items.is_empty() && beyond.page_index == 9);
    let error = world.operations1.page::<Order>(&query, PageIndex::At(0), 500).await.unwrap_err();
    assert_eq!(error.message(), Some("Invalid parameter: pageSize"));
}

#[tokio::test]
async fn o14_three_pages_are_three_requests_with_numbers() {
    let page = |index: u64, items: &'static str| -> Answer {
        let text =
            format!(r#"{{"totalItemCount":5,"pageIndex":{index},"pageSize":2,"items":[{items}]}}"#);
        Some((200, JSON, String::leak(text)))
    };
    let answers = [
        page(0, r#"{"id":1,"name":"a"},{"id":2,"name":"b"}"#),
        page(1, r#"{"id":3,"name":"c"},{"id":4,"name":"d"}"#),
        page(2, r#"{"id":5,"name":"e"}"#),
    ];
    let (operations1, script) = documented(&answers, |builder| builder);
    let users: Vec<User> = operations1.list(&Default::default()).try_collect().await.unwrap();
    assert_eq!((users.len(), script.seen().len()), (5, 3));
}

#[tokio::test]
async fn o15_times_are_utc_with_milliseconds_and_the_time_of_day() {
    let moment: Moment = "2025-05-21T10:30:15.5+02:00".parse().unwrap();
    assert_eq!(moment.to_string(), "2025-05-21T08:30:15.500Z");
    let world = vectors().await;
    let mut timed = order("ERP-2");
    timed.start_date = moment;
    let made = world.operations1.create_order(&timed).await.unwrap().into_value().unwrap();
    assert_eq!(made.start_date, Some(moment));
    let state = world.sandbox.state().to_string();
    assert!(state.contains("2025-05-21T08:30:15.500Z"), "the time of day is kept");
    assert!(
        Moment::try_from(std::time::SystemTime::UNIX_EPOCH)
            .unwrap()
            .to_string()
            .starts_with("1970-01-01T00:00:00.000")
    );
    let error = "2025-05-21".parse::<Moment>().unwrap_err();
    assert!(error.to_string().contains("write it as"), "{error}");
}

#[tokio::test]
async fn o15_words_and_properties_that_nobody_knows_are_taken_as_they_are() {
    let future = r#"{"id":1,"name":"A","state":"on-the-moon","executionMode":"backwards","brandNew":{"x":[1]}}"#;
    let (operations1, _) = documented(&[Some((200, JSON, future))], |builder| builder);
    let order: Order = operations1.get(1).await.unwrap();
    assert_eq!(order.state, OrderState::Other("on-the-moon".to_owned()));
    assert_eq!(order.state.as_str(), "on-the-moon");
    assert_eq!(order.execution_mode.unwrap().as_str(), "backwards");
}

#[tokio::test]
async fn o16_every_list_is_read_by_its_own_type() {
    let world = vectors().await;
    let operations1 = &world.operations1;
    let reports: Vec<Report> =
        operations1.list(&ReportQuery::default()).try_collect().await.unwrap();
    let report = &reports[0];
    assert_eq!(
        (report.id, report.order_id, &report.state),
        (21, Some(11), &ReportState::NotStarted)
    );
    assert_eq!((&report.passed, report.num_of_steps), (&Some(Passed::NoEntry), Some(4)));
    assert_eq!(&operations1.get::<Report>(21).await.unwrap(), report);
    let users: Vec<User> = operations1.list(&Default::default()).try_collect().await.unwrap();
    assert!(users.iter().any(|user| user.name == "m.cole"));
    let groups: Vec<Group> = operations1.list(&Default::default()).try_collect().await.unwrap();
    assert_eq!(groups[0].external_id.as_deref(), Some("G-ASM"));
    let documents: Vec<Document> =
        operations1.list(&Default::default()).try_collect().await.unwrap();
    assert_eq!((documents[0].id, documents[0].num_of_steps), (3, Some(4)));
    let done = ReportQuery { states: vec![ReportState::Done], ..ReportQuery::default() };
    assert_eq!(operations1.list::<Report>(&done).count().await, 0);
    // A row that is no order is told, and not passed over.
    let row = r#"{"totalItemCount":1,"pageIndex":0,"pageSize":200,"items":[{"id":1}]}"#;
    let (operations1, _) = documented(&[Some((200, JSON, row))], |builder| builder);
    let orders: Result<Vec<Order>, Error> =
        operations1.list(&OrderQuery::default()).try_collect().await;
    let error = orders.unwrap_err().to_string();
    assert!(error.contains("name") && error.contains("row 1"), "{error}");
}
