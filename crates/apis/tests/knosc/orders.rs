//! Orders: made, read back, replaced, moved and deleted (contract, section 3.1).

use steadfast_apis::Decimal;
use steadfast_apis::knosc::{Code, LineMove, LogIn, MoveTarget, OrderLine, Status, Written};

use crate::world::{order, vectors};

#[tokio::test]
async fn an_order_is_made_and_reads_back_as_it_was_written() {
    let world = vectors().await;
    assert_eq!(world.knosc.log_in().await, Ok(LogIn::LoggedIn));
    let mut wanted = order("P-2");
    wanted.status = Status::Suggested;
    wanted.order_date = Some("2025-03-08".to_owned());
    // Neither is what a float would make of it.
    wanted.details[0].quantity = "0.1234567890123456789".parse::<Decimal>().unwrap();
    wanted.details[0].price = Some("19.90".parse().unwrap());
    let written = world.knosc.create_order(&wanted).await.unwrap();
    let Written::Applied(done) = &written else { panic!("{written:?}") };
    assert_eq!(done.message.as_deref(), Some("Purchase order created successfully."));

    let read = world.knosc.order(done.id.unwrap()).await.unwrap();
    assert_eq!((read.id, &read.number, &read.status), (done.id, &wanted.number, &wanted.status));
    let line = &read.details[0];
    assert_eq!(line.quantity.to_string(), "0.1234567890123456789");
    assert_eq!(line.price.as_ref().unwrap().to_string(), "19.90");
    assert!(line.id.is_some() && line.details_id == line.id);
    assert_eq!(read.more["Supplier Name"], "Supplier 1", "what has no name here is kept");
    assert_eq!(world.knosc.order_by_number("P-2").await.unwrap(), Some(read));
    assert_eq!(world.knosc.order_by_number("p-2").await.unwrap(), None, "case counts");
}

#[tokio::test]
async fn a_refusal_is_matched_by_its_code() {
    let world = vectors().await;
    let mut wrong = order("P-2");
    wrong.details[0].item_number = "i1".to_owned();
    let error = world.knosc.create_order(&wrong).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ItemNotFound));
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.to_string(), "[ItemMaster.NotFound] Item i1 not found in Item Master");
    assert_eq!(world.statuses("create"), [400]);
    let error = world.knosc.order(999).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::OrderNotFound));
}

#[tokio::test]
async fn a_replacement_keeps_the_lines_that_it_names_and_removes_the_others() {
    let world = vectors().await;
    let mut there = world.knosc.order(42).await.unwrap();
    let kept = there.details[0].id;
    there.details[0].details_id = None;
    there.details.push(OrderLine::new("I2", "W1", 2));
    assert!(world.knosc.replace_order(42, &there).await.unwrap().is_done());
    let now = world.knosc.order(42).await.unwrap();
    assert_eq!((now.details.len(), now.details[0].id), (2, kept));

    let mut fewer = now.clone();
    fewer.details.remove(0);
    assert!(world.knosc.replace_order(42, &fewer).await.unwrap().is_done());
    let now = world.knosc.order(42).await.unwrap();
    assert_eq!((now.details.len(), now.details[0].item_number.as_str()), (1, "I2"));

    let mut other = now;
    other.purchase_order_id = Some(43);
    let error = world.knosc.replace_order(42, &other).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::IdMismatch));
}

#[tokio::test]
async fn lines_move_and_the_order_goes_with_its_last_line() {
    let world = vectors().await;
    let line = world.knosc.order(42).await.unwrap().details[0].id.unwrap();
    let to = MoveTarget::NewOrder("P-2".to_owned());
    let moves = [LineMove { id: line, from: 42, to }];
    let written = world.knosc.move_lines(&moves).await.unwrap();
    assert_eq!(written.message(), Some("Update successful"));
    assert!(world.knosc.order(42).await.unwrap().details.is_empty(), "the order itself stays");
    let target = world.knosc.order_by_number("P-2").await.unwrap().unwrap();
    assert_eq!(target.details[0].id, Some(line));

    let error = world.knosc.move_lines(&[]).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NoItems));
    assert!(world.knosc.delete_line(line).await.unwrap().is_done());
    assert_eq!(world.copies("P-2"), 0);
    assert!(world.knosc.delete_order(42).await.unwrap().is_done());
    let error = world.knosc.delete_order(42).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::OrderNotFound));
}
