//! The operations, on records that behave.

use futures_util::TryStreamExt;
use steadfast::Effect;
use steadfast_apis::Written;
use steadfast_apis::thredfi::{Code, Error, InvoiceFilter, InvoiceStatus, NewInvoice};

use crate::world::{BUSINESS, CUSTOMER, World, applied, invoice};

#[tokio::test]
async fn an_invoice_is_made_and_read_back() {
    let world = World::new().await;
    let made =
        applied(world.thredfi.create_invoice(BUSINESS, &invoice("INV-1", 9_900)).await.unwrap());
    assert_eq!((made.status.clone(), made.total_cents), (Some(InvoiceStatus::Sent), Some(9_900)));
    let read = world.thredfi.invoice(BUSINESS, &made.id).await.unwrap();
    assert_eq!(read, made);
    assert_eq!(read.customer.unwrap().id.as_deref(), Some(CUSTOMER));
    assert_eq!(read.line_items[0].price_cents(), Some(9_900));
    let filter = InvoiceFilter { status: Some(InvoiceStatus::Unpaid), ..InvoiceFilter::default() };
    let unpaid: Vec<_> = world.thredfi.invoices(BUSINESS, &filter).try_collect().await.unwrap();
    assert!(unpaid.iter().any(|one| one.id == made.id));
}

#[tokio::test]
async fn an_invoice_that_is_there_is_existing_or_differs() {
    let world = World::new().await;
    applied(world.thredfi.create_invoice(BUSINESS, &invoice("INV-1", 9_900)).await.unwrap());
    let again = world.thredfi.create_invoice(BUSINESS, &invoice("INV-1", 9_900)).await.unwrap();
    let Written::Existing(there) = again else { panic!("{again:?}") };
    assert_eq!(there.external_id.as_deref(), Some("INV-1"));
    let error = world.thredfi.create_invoice(BUSINESS, &invoice("INV-1", 5_000)).await.unwrap_err();
    let Error::Differs(fault) = &error else { panic!("{error:?}") };
    assert!(fault.differences().iter().any(|one| one.at.starts_with("/line_items/0")), "{fault:?}");
    assert_eq!(error.effect(), Effect::None);
}

#[tokio::test]
async fn a_wrong_invoice_is_refused_field_by_field() {
    let world = World::new().await;
    let wrong = NewInvoice { customer_id: Some("nobody".to_owned()), ..invoice("INV-1", -1) };
    let error = world.thredfi.create_invoice(BUSINESS, &wrong).await.unwrap_err();
    let Error::Validation(fault) = &error else { panic!("{error:?}") };
    assert_eq!(fault.details()["customer_id"], ["Invalid customer ID"]);
    assert!(fault.details().contains_key("line_items.0.unit_price"), "{:?}", fault.details());
    assert_eq!(error.to_string(), "Validation errors in request data (validation_error)");
    assert_eq!((error.status(), error.code()), (Some(400), Some(Code::ValidationError)));
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_code() {
    let world = World::new().await;
    let error = world.thredfi.invoice(BUSINESS, "nothing/else?").await.unwrap_err();
    assert_eq!((error.code(), error.status()), (Some(Code::InvoiceNotFound), Some(404)));
    assert_eq!(error.to_string(), "Invoice not found (invoice_not_found)");
    let error = world.thredfi.business("nobody").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::BusinessNotFound));
}
