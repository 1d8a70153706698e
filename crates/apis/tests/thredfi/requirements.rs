//! Duplicates, refusals, fields and pages: T9, T10, T15.

use futures_util::TryStreamExt;
use serde_json::json;
use steadfast_apis::Written;
use steadfast_apis::thredfi::{Code, Error, InvoiceFilter, validation_lines};
use steadfast_sandbox::{Profile, Quirk};

use crate::retries::{code, over};
use crate::wire::json as answer;
use crate::world::{BUSINESS, World, applied, invoice};

/// V28: the first answer is lost, the second says that it is there.
#[tokio::test]
async fn t09_a_duplicate_of_our_own_lost_attempt_is_found_and_compared() {
    for (profile, second) in [(Profile::Guide, 409), (Profile::Reference, 200)] {
        let world = World::variant(profile, Vec::<Quirk>::new()).await;
        world.faults(json!([
            { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
        ]));
        let thredfi = world.thredfi.adjusted(|call| call.known_absent());
        let made = applied(thredfi.create_invoice(BUSINESS, &invoice("i9", 100)).await.unwrap());
        assert_eq!(made.external_id.as_deref(), Some("i9"));
        assert_eq!(world.statuses("POST", "/invoices/"), [0, second]);
        let again = world.thredfi.create_invoice(BUSINESS, &invoice("i9", 100)).await.unwrap();
        assert!(matches!(again, Written::Existing(_)), "{again:?}");
        world.is_clean();
    }
}

/// Hazards 59 and 61: where the filter is ignored the whole list has to be read, and the page after
/// its last one is a 404.
#[tokio::test]
async fn t09_a_duplicate_is_found_in_a_list_of_pages_whose_filter_is_ignored() {
    for rows in [101, 200] {
        let world = World::variant(Profile::Guide, vec![Quirk::FilterIgnored]).await;
        let list = world.thredfi.invoices(BUSINESS, &InvoiceFilter::default());
        let before = list.try_collect::<Vec<_>>().await.unwrap().len();
        for n in before + 1..rows {
            let new = invoice(&format!("row-{n}"), 5);
            applied(world.thredfi.create_invoice(BUSINESS, &new).await.unwrap());
        }
        world.faults(json!([
            { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
        ]));
        let thredfi = world.thredfi.adjusted(|call| call.known_absent());
        let made = thredfi.create_invoice(BUSINESS, &invoice("last", 100)).await;
        let made = applied(made.unwrap_or_else(|error| panic!("{rows} rows: {error}")));
        assert_eq!(made.external_id.as_deref(), Some("last"));
        assert!(world.statuses("POST", "/invoices/").ends_with(&[0, 409]));
        world.is_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn t09_no_other_refusal_is_ever_sent_again() {
    let codes = [
        (400, "validation_error"),
        (403, "permission_denied"),
        (404, "invoice_not_found"),
        (405, "method_not_allowed"),
        (409, "state_conflict"),
        (415, "unsupported_media_type"),
        (418, "a_code_of_tomorrow"),
    ];
    for (status, text) in codes {
        let (wire, thredfi) = over(move |_, _| code(status, text));
        let error = thredfi.void_invoice(BUSINESS, "v1").await.unwrap_err();
        assert_eq!((wire.sent().len(), error.code()), (1, Some(Code::from(text))));
        assert_eq!(error.code().unwrap().as_str(), text, "an unknown code is kept");
    }
}

#[tokio::test(start_paused = true)]
async fn t10_each_field_is_told_and_two_of_them_by_name() {
    let details = json!({
        "currency": ["Must be one of: GBP", "Too long."], "customer_id": ["Invalid customer ID"],
        "strange": null, "stranger": "one text",
    });
    let body = json!({ "error": "E", "error_code": "validation_error", "details": details });
    let (_, thredfi) = over(move |_, _| answer(400, body.clone()));
    let error = thredfi.create_invoice(BUSINESS, &invoice("i", 1)).await.unwrap_err();
    let Error::Validation(fault) = error else { panic!("{error:?}") };
    assert_eq!(
        validation_lines(&fault.details()),
        [
            "Invalid customer ID",
            "Invalid currency code",
            "currency: Must be one of: GBP, Too long.",
            "customer_id: Invalid customer ID",
            "stranger: one text",
        ]
    );
}

/// Hazards 14, 60 and 61: a `next` that leads elsewhere leads nowhere, and a page without rows ends
/// the list whatever its totals say.
#[tokio::test(start_paused = true)]
async fn t15_pages_are_asked_for_by_our_own_parameters_until_they_end() {
    let (wire, thredfi) = over(|sent, _| {
        let first = sent.path.contains("page=1");
        let rows = if first { json!([{ "id": "v1" }, { "id": "v2" }]) } else { json!([]) };
        answer(200, json!({ "count": 500, "next": "https://elsewhere/?page=2", "results": rows }))
    });
    let filter = InvoiceFilter { min_amount: Some(5), ..InvoiceFilter::default() };
    let rows: Result<Vec<_>, Error> = thredfi.invoices(BUSINESS, &filter).try_collect().await;
    assert!(rows.is_err(), "500 were promised and 2 came: that is no whole list");
    assert!(wire.sent().len() <= 4, "{:?}", wire.sent());
    for sent in wire.sent() {
        assert!(sent.path.starts_with("/v1/platform/businesses/"), "{}", sent.path);
        assert!(sent.path.contains("min_amount=5") && sent.path.contains("page_size=100"));
    }
}
