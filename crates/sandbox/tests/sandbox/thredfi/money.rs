//! Invoices add up, payments allocate, refunds give back.

use serde_json::json;
use steadfast_sandbox::Options;

use super::{C1, P1, P2, V1, invoice, payment, vectors};

#[tokio::test]
async fn an_invoice_adds_up() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let body = json!({
        "external_id": "sum", "sent_at": "2025-01-15", "customer_id": C1, "tips": 50,
        "additional_discount": 100, "additional_sales_taxes": [{ "amount": 30 }],
        "line_items": [
            { "quantity": 1.5, "unit_price": 333, "discount_amount": 20 },
            { "quantity": "2", "unit_price": 1000, "sales_taxes": [{ "amount": 400 }, { "amount": 9, "discount_amount": 4 }] },
        ],
    });
    let made = client.below("POST", "invoices/", Some(&body)).await.json();
    // 1.5 × 3.33 is 4.995: half a cent is rounded up.
    assert_eq!(made["line_items"][0]["subtotal_cents"], 480);
    assert_eq!(made["line_items"][1]["total_cents"], 2405);
    assert_eq!(made["subtotal_cents"], 2480);
    assert_eq!(made["total_cents"], 2480 + 405 + 30 + 50 - 100);
    let mut stated = body.clone();
    stated["external_id"] = json!("stated");
    stated["additional_sales_taxes_total"] = json!(500);
    let made = client.below("POST", "invoices/", Some(&stated)).await.json();
    assert_eq!(made["total_cents"], 2480 + 405 + 500 + 50 - 100, "what is stated counts");
    let mut too_much = body;
    too_much["additional_discount"] = json!(100_000);
    assert_eq!(client.below("POST", "invoices/", Some(&too_much)).await.status, 400);
}

#[tokio::test]
async fn payments_allocate_until_an_invoice_is_paid() {
    let (sandbox, client) = vectors(Options::default()).await;
    assert_eq!(client.invoice(V1).await["status"], "PARTIALLY_PAID");
    assert_eq!(client.invoice(V1).await["outstanding_amount_cents"], 9000);
    let paid = client.below("POST", "invoices/payments/", Some(&payment(V1, 9000))).await;
    assert_eq!(paid.status, 201);
    assert_eq!(paid.json()["payment"]["applied_invoices"][0]["status"], "PAID");
    let invoice_now = client.invoice(V1).await;
    assert_eq!(invoice_now["status"], "PAID");
    assert!(invoice_now["paid_at"].is_string());
    // Nothing is left to pay, to void or to change.
    let again = client.below("POST", "invoices/payments/", Some(&payment(V1, 1))).await;
    assert_eq!(again.status, 400, "{}", again.json());
    let void = client.below("POST", &format!("invoices/{V1}/void/"), None).await;
    assert_eq!(
        (void.status, &void.json()["error"]),
        (409, &json!("Paid invoices cannot be voided"))
    );
    let put = client.below("PUT", &format!("invoices/{V1}/"), Some(&invoice("i0"))).await;
    assert_eq!(put.status, 409);
    let customer = client.below("GET", &format!("customers/{C1}/"), None).await.json();
    assert_eq!(customer["outstanding_balance"], 0);
    let payments = sandbox.state()["payments"].as_array().unwrap().len();
    assert_eq!(payments, 3);
}

#[tokio::test]
async fn a_payment_that_fails_gives_its_invoices_back() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let status = |status: &str| json!({ "payment_id": P1, "status": status });
    let steer = |body| {
        let http = client.http.clone();
        async move { http.clone().post("/__sandbox/thredfi/payment-status", &body).await }
    };
    assert_eq!(steer(status("failed")).await.status, 200);
    assert_eq!(client.invoice(V1).await["outstanding_amount_cents"], 10_000);
    assert_eq!(client.invoice(V1).await["status"], "SENT");
    assert_eq!(steer(status("completed")).await.status, 200);
    assert_eq!(client.invoice(V1).await["outstanding_amount_cents"], 9000);
    assert_eq!(steer(status("lost")).await.status, 400);
    assert_eq!(steer(json!({ "payment_id": "nobody", "status": "failed" })).await.status, 400);
    // A pending one can be deleted, once.
    let path = format!("invoices/payments/{P2}/delete/");
    assert_eq!(client.below("POST", &path, None).await.status, 200);
    let again = client.below("POST", &path, None).await;
    assert_eq!(again.json()["error"], "Cancelled payments cannot be deleted");
}

#[tokio::test]
async fn allocations_are_held_against_customer_and_invoice() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let other = json!({ "external_id": "c-9", "company_name": "Nine" });
    let other = client.below("POST", "customers/", Some(&other)).await.json();
    let mut body = payment(V1, 100);
    body["customer_id"] = other["id"].clone();
    let reply = client.below("POST", "invoices/payments/", Some(&body)).await;
    let texts = &reply.json()["details"]["allocations.0.invoice_id"];
    assert_eq!(texts[0], "The invoice is of another customer.");
    let twice = json!({
        "customer_id": C1, "total_amount_cents": 20_000, "payment_date": "2025-01-22",
        "allocations": [{ "invoice_id": V1, "amount_cents": 9000 }, { "invoice_id": V1, "amount_cents": 1 }],
    });
    let reply = client.below("POST", "invoices/payments/", Some(&twice)).await;
    let details = reply.json()["details"].clone();
    assert_eq!(details.as_object().unwrap().len(), 1, "{details}");
    assert!(details["allocations.1.amount_cents"].is_array(), "{details}");
    // Money on account: nothing is allocated.
    let on_account = json!({
        "customer_id": C1, "total_amount_cents": 700, "payment_date": "2025-01-22", "allocations": [],
    });
    let made = client.below("POST", "invoices/payments/", Some(&on_account)).await.json();
    assert_eq!(made["payment"]["unapplied_amount_cents"], 700);
}

#[tokio::test]
async fn a_repeated_payment_is_a_duplicate_even_when_nothing_is_owed_any_more() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let mut body = payment(V1, 9000);
    body["external_id"] = json!("pay-9");
    assert_eq!(client.below("POST", "invoices/payments/", Some(&body)).await.status, 201);
    let again = client.below("POST", "invoices/payments/", Some(&body)).await;
    assert_eq!(again.json()["error_code"], "duplicate_external_id");
}

#[tokio::test]
async fn a_payment_keeps_its_amounts_and_lets_the_rest_be_changed() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let path = format!("invoices/payments/{P1}/");
    let change = json!({ "note": "by phone", "payment_date": "2025-03-01" });
    let changed = client.below("PATCH", &path, Some(&change)).await.json();
    assert_eq!(changed["payment"]["note"], "by phone");
    let refused = client.below("PATCH", &path, Some(&json!({ "total_amount_cents": 1 }))).await;
    assert_eq!(refused.status, 400);
    // The list goes by the new date.
    let list = client.below("GET", "invoices/payments/", None).await.json();
    assert_eq!(list["results"][0]["id"], P1);
    let list = client.below("GET", "invoices/payments/?sort_order=asc", None).await.json();
    assert_eq!(list["results"][0]["id"], P2);
}

#[tokio::test]
async fn refunds_give_back_what_was_paid_and_no_more() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let refund = |cents: Option<i64>, id: &str| {
        json!({
            "invoice_id": V1, "method": "CASH", "completed_at": "2025-02-01", "amount_cents": cents,
            "external_id": id,
        })
    };
    let post = |body| {
        let client = &client;
        async move { client.below("POST", "invoices/refunds/", Some(&body)).await }
    };
    assert_eq!(post(refund(Some(1001), "r1")).await.status, 400);
    let made = post(refund(Some(400), "r1")).await;
    assert_eq!((made.status, &made.json()["refunded_amount"]), (201, &json!(400)));
    assert_eq!(made.json()["customer_name"], "C");
    assert_eq!(post(refund(Some(400), "r1")).await.json()["error_code"], "duplicate_external_id");
    let rest = post(refund(None, "r2")).await.json();
    assert_eq!(rest["refunded_amount"], 600, "without an amount, all that is left");
    assert_eq!(post(refund(None, "r3")).await.status, 400);
    // A refund is paid out in parts.
    let path = format!("invoices/refunds/{}/payments/", rest["id"].as_str().unwrap());
    let part = |cents| json!({ "amount_cents": cents, "method": "BANK_TRANSFER" });
    let key = Some("out-1");
    let paid = client.keyed("POST", &path, Some(&part(500)), key).await.unwrap();
    assert_eq!(paid.status, 201);
    let replayed = client.keyed("POST", &path, Some(&part(500)), key).await.unwrap();
    assert_eq!((replayed.status, replayed.json()), (200, paid.json()));
    assert_eq!(client.below("POST", &path, Some(&part(101))).await.status, 400);
    let read = format!("invoices/refunds/{}/", rest["id"].as_str().unwrap());
    let read = client.below("GET", &read, None).await.json();
    assert_eq!(read["refund_payments"].as_array().unwrap().len(), 1);
    let list = client.below("GET", "invoices/refunds/", None).await.json();
    assert_eq!(list["count"], 2);
}

#[tokio::test]
async fn an_invoice_that_is_replaced_adds_up_anew() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let made = client.below("POST", "invoices/", Some(&invoice("i1"))).await.json();
    let path = format!("invoices/{}/", made["id"].as_str().unwrap());
    let mut body = invoice("i1");
    body["line_items"][0]["quantity"] = json!(3);
    let replaced = client.below("PUT", &path, Some(&body)).await.json();
    assert_eq!((&replaced["total_cents"], &replaced["id"]), (&json!(15_000), &made["id"]));
    assert_eq!(replaced["invoice_number"], made["invoice_number"]);
    let taken = client.below("PUT", &path, Some(&invoice("i0"))).await;
    assert_eq!(taken.json()["error_code"], "duplicate_external_id");
    // V1 has been paid in part: it keeps at least that much.
    let mut less = invoice("i0");
    less["line_items"][0]["unit_price"] = json!(1);
    assert_eq!(client.below("PUT", &format!("invoices/{V1}/"), Some(&less)).await.status, 409);
}
