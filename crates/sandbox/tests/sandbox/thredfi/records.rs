//! Businesses, customers, lists and tokens.

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Profile, Quirk, Sandbox};

use super::{B1, C1, V1, invoice, vectors};
use crate::client::Client;

#[tokio::test]
async fn archived_records_are_hidden_and_keep_their_numbers() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let ids = |list: Value| -> Vec<String> {
        let rows = list["results"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["external_id"].as_str().unwrap().to_owned()).collect()
    };
    let list = |query: &'static str| {
        let client = &client;
        async move { client.below("GET", &format!("customers/{query}"), None).await.json() }
    };
    assert_eq!(ids(list("").await), ["c-1"]);
    assert_eq!(ids(list("?include_archived=true").await), ["c-1", "c-2"]);
    assert_eq!(ids(list("?external_id=c-2").await), [""; 0]);
    assert_eq!(ids(list("?external_id=c-2&include_archived=true").await), ["c-2"]);
    assert_eq!(ids(list("?name=c").await), ["c-1"]);
    assert_eq!(ids(list("?name_contains=x").await), [""; 0]);
    let taken = json!({ "external_id": "c-2", "company_name": "Again" });
    let taken = client.below("POST", "customers/", Some(&taken)).await;
    assert_eq!(taken.json()["error_code"], "duplicate_external_id");
    let archived = client.below("POST", &format!("customers/{C1}/archive/"), None).await.json();
    assert_eq!((&archived["is_archived"], &archived["is_active"]), (&json!(true), &json!(false)));
    assert_eq!(ids(list("").await), [""; 0]);
}

#[tokio::test]
async fn a_customer_is_changed_field_by_field() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let path = format!("customers/{C1}/");
    let change = json!({ "email": "new@ex.test", "city": "Bath", "nonsense": 1 });
    let changed = client.below("PATCH", &path, Some(&change)).await.json();
    assert_eq!(
        (&changed["email"], &changed["full_address"]),
        (&json!("new@ex.test"), &json!("Bath"))
    );
    assert_eq!(changed["display_name"], "C", "what was not named stays");
    let refused = client.below("PATCH", &path, Some(&json!({ "company_name": null }))).await;
    assert!(refused.json()["details"]["non_field_errors"].is_array(), "somebody has to be named");
    let refused =
        client.below("POST", "customers/", Some(&json!({ "tax_exempt": "perhaps" }))).await;
    assert_eq!(refused.json()["details"]["tax_exempt"][0], "Must be a valid boolean.");
}

#[tokio::test]
async fn a_business_keeps_what_it_was_made_with() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let path = format!("businesses/{B1}/");
    let changed = client.as_partner("PATCH", &path, Some(&json!({ "province": "Kent" }))).await;
    assert_eq!(changed.json()["province"], "Kent");
    for fixed in ["external_id", "country", "base_currency"] {
        let refused = client.as_partner("PATCH", &path, Some(&json!({ fixed: "DE" }))).await;
        assert!(refused.json()["details"][fixed].is_array(), "{fixed}");
    }
    let archived = client.as_partner("POST", &format!("{path}archive/"), None).await.json();
    assert_eq!(archived["is_archived"], true);
    let list = client.as_partner("GET", "businesses/", None).await.json();
    assert_eq!((&list["count"], &list["results"][0]["external_id"]), (&json!(1), &json!("b-2")));
    let archived = client.as_partner("GET", "businesses/?is_archived=true", None).await.json();
    assert_eq!(archived["results"][0]["id"], B1);
    let back = client.as_partner("POST", &format!("{path}unarchive/"), None).await.json();
    assert_eq!(back["is_archived"], false);
    let list = client.as_partner("GET", "businesses/?entity_type=LIMITED&country=gb", None).await;
    assert_eq!(list.json()["count"], 2);
    // Another partner has one with the same number.
    let foreign = json!({
        "external_id": "b-1", "legal_name": "X", "entity_type": "gmbh", "email": "x@ex.test", "country": "GB",
    });
    let refused = client.as_partner("POST", "businesses/", Some(&foreign)).await.json();
    assert_eq!(refused["details"], json!({ "entity_type": ["\"gmbh\" is not a valid choice."] }));
}

#[tokio::test]
async fn invoices_are_filtered_and_leafed_through() {
    let (_sandbox, client) = vectors(Options::default()).await;
    for n in 1..=5 {
        let mut body = invoice(&format!("i{n}"));
        body["line_items"][0]["quantity"] = json!(n);
        body["due_at"] = json!(format!("2025-03-0{n}"));
        assert_eq!(client.below("POST", "invoices/", Some(&body)).await.status, 201);
    }
    for (query, expected) in [
        ("?status=unpaid", 6),
        ("?status=SENT", 5),
        ("?status=voided", 1),
        ("?min_amount=10000&max_amount=15000", 3),
        ("?due_at_start=2025-03-02&due_at_end=2025-03-04", 3),
        ("?customer_external_id=c-1", 7),
        ("?customer_external_id=c-9", 0),
        ("?customer_id=nobody,c1c1c1c1-0000-4000-8000-000000000001", 7),
        ("?unknown=1", 7),
    ] {
        let list = client.below("GET", &format!("invoices/{query}"), None).await.json();
        assert_eq!(list["count"], expected, "{query}");
    }
    let wrong = client.below("GET", "invoices/?min_amount=much", None).await;
    assert!(wrong.json()["details"]["min_amount"].is_array());
    // Every link leads on, with the filter, to the end and back.
    let mut path = format!("/v1/platform/businesses/{B1}/invoices/?status=SENT&page_size=2");
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let auth = [("Authorization", client.business.as_str())];
        let page = client.http.send("GET", &path, &auth, "").await.unwrap().json();
        pages += 1;
        seen.extend(
            page["results"].as_array().unwrap().iter().map(|row| row["external_id"].clone()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = next.strip_prefix(&format!("http://{}", client.http.address)).unwrap().to_owned();
    }
    assert_eq!((pages, json!(seen)), (3, json!(["i1", "i2", "i3", "i4", "i5"])));
}

#[tokio::test]
async fn quirks_ignore_filters_and_allow_duplicates() {
    let quirks = vec![Quirk::FilterIgnored, Quirk::AllowDuplicates];
    let (sandbox, client) = vectors(Options { quirks, ..Options::default() }).await;
    for _ in 0..2 {
        assert_eq!(client.below("POST", "invoices/", Some(&invoice("twin"))).await.status, 201);
    }
    let list = client.below("GET", "invoices/?external_id=twin", None).await.json();
    assert_eq!(list["count"], 4, "every invoice, whatever was asked for");
    let doubled = &sandbox.audit()["doubled"];
    assert_eq!(
        doubled[0],
        json!({ "resource": "invoices", "key": "twin", "effects": 2, "scope": B1 })
    );
    let quirks = vec![Quirk::AllowDuplicates];
    let (_sandbox, client) = vectors(Options { quirks, ..Options::default() }).await;
    for _ in 0..2 {
        client.below("POST", "invoices/", Some(&invoice("twin"))).await;
    }
    let list = client.below("GET", "invoices/?external_id=twin", None).await.json();
    assert_eq!(list["count"], 2);
}

#[tokio::test]
async fn tokens_last_as_long_as_they_say() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    let shorter = client.http.post("/__sandbox/thredfi/token-ttl", &json!({ "seconds": 60 })).await;
    assert_eq!(shorter.status, 200);
    client.fetch("cDE6aw==", B1).await;
    assert_eq!(client.below("GET", "invoices/", None).await.status, 200);
    sandbox.advance_clock(std::time::Duration::from_secs(60));
    let expired = client.below("GET", "invoices/", None).await;
    assert_eq!(expired.json()["error_code"], "invalid_token");
    assert_eq!(client.as_partner("GET", "businesses/", None).await.status, 401);
    client.fetch("cDE6aw==", B1).await;
    assert_eq!(client.below("GET", "invoices/", None).await.status, 200);
    // The scheme may be in any case; another scheme is no token.
    let token = client.business.replace("Bearer", "bearer");
    let path = format!("/v1/platform/businesses/{B1}/");
    let reply = client.http.send("GET", &path, &[("Authorization", &token)], "").await.unwrap();
    assert_eq!(reply.status, 200);
    let reply = client.http.send("GET", &path, &[("Authorization", "Token x")], "").await.unwrap();
    assert_eq!((reply.status, &reply.json()["error_code"]), (401, &json!("invalid_token")));
}

#[tokio::test]
async fn the_default_world_holds_what_the_examples_name() {
    for profile in [Profile::Guide, Profile::Reference, Profile::Both] {
        let options = Options { profile, ..Options::default() };
        let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
        let state = sandbox.state();
        let first = |list: &str| state[list][0].clone();
        assert_eq!(first("businesses")["id"], "22222222-2222-4222-8222-222222222222");
        assert_eq!(first("customers")["external_id"], "CUST-1");
        let open = first("invoices");
        assert_eq!((&open["external_id"], &open["status"]), (&json!("OPEN-1"), &json!("SENT")));
        assert_eq!(state["invoices"].as_array().unwrap().len(), 60);
        assert_eq!(state["payments"][0]["external_id"], "PAID-1");
    }
}

#[tokio::test]
async fn a_reset_brings_the_fixtures_back_and_ends_every_token() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    client.below("POST", "invoices/", Some(&invoice("gone"))).await;
    client.below("POST", &format!("invoices/{V1}/void/"), None).await;
    sandbox.reset();
    assert_eq!(client.below("GET", "invoices/", None).await.status, 401);
    client.fetch("cDE6aw==", B1).await;
    assert_eq!(client.below("GET", "invoices/?external_id=gone", None).await.json()["count"], 0);
    assert_eq!(client.invoice(V1).await["status"], "PARTIALLY_PAID");
}

#[tokio::test]
async fn head_asks_what_get_asks() {
    let (sandbox, client) = vectors(Options::default()).await;
    let reply = client.below("HEAD", "invoices/", None).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    let unknown = Client::new(&sandbox).send("HEAD", "/v1/platform/none/", &[], "").await.unwrap();
    assert_eq!(unknown.status, 404);
}
