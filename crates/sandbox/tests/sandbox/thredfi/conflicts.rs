//! Where guide and reference differ, row by row; the replies themselves are in the vectors (C…).

use serde_json::json;
use steadfast_sandbox::{Options, Profile, Quirk};

use super::{B1, invoice, vectors};

fn with(profile: Profile, quirks: &[Quirk]) -> Options {
    Options { profile, quirks: quirks.to_vec(), ..Options::default() }
}

#[tokio::test]
async fn c1_a_repeat_changes_nothing_however_it_is_answered() {
    for (profile, status) in
        [(Profile::Guide, 409), (Profile::Reference, 200), (Profile::Both, 409)]
    {
        let (sandbox, client) = vectors(with(profile, &[])).await;
        let first = client.below("POST", "invoices/", Some(&invoice("i1"))).await.json();
        let mut other = invoice("i1");
        other["memo"] = json!("changed");
        let again = client.below("POST", "invoices/", Some(&other)).await;
        assert_eq!(again.status, status, "{profile}");
        if status == 200 {
            assert_eq!(again.json(), first, "{profile}: what is there, not what was sent");
        }
        let effects = sandbox.journal()["entries"].as_array().cloned().unwrap();
        let applied = effects.iter().filter(|entry| entry["effect"] == "applied").count();
        assert_eq!(applied, 1, "{profile}");
    }
}

#[tokio::test]
async fn c3_links_lead_to_the_host_that_was_called() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let request = format!(
        "GET /v1/platform/businesses/{B1}/invoices/?page_size=1 HTTP/1.1\r\nHost: sandbox.thredfi.com\r\n\
         Connection: close\r\nAuthorization: {}\r\n\r\n",
        client.business
    );
    let reply = client.http.raw(request.as_bytes()).await.unwrap();
    let text = String::from_utf8(reply).unwrap();
    let next = format!(
        "http://sandbox.thredfi.com/v1/platform/businesses/{B1}/invoices/?page_size=1&page=2"
    );
    assert!(text.contains(&next), "{text}");
}

#[tokio::test]
async fn c4_the_envelope_is_what_the_quirk_says() {
    let all = ["count", "next", "page_info", "previous", "results"];
    let drf = ["count", "next", "previous", "results"];
    let info = ["count", "page_info", "results"];
    for (quirks, expected) in [
        (&[][..], &all[..]),
        (&[Quirk::PagingDrf][..], &drf[..]),
        (&[Quirk::PagingInfo][..], &info[..]),
    ] {
        let (_sandbox, client) = vectors(with(Profile::Guide, quirks)).await;
        for list in ["customers/", "invoices/", "invoices/payments/", "invoices/refunds/"] {
            let page = client.below("GET", list, None).await.json();
            let mut members: Vec<&str> =
                page.as_object().unwrap().keys().map(String::as_str).collect();
            members.sort_unstable();
            assert_eq!(members, expected, "{list}");
        }
    }
}

#[tokio::test]
async fn c5_tokens_last_an_hour_or_as_long_as_the_setting_says() {
    for (setting, expected) in [(None, 3600), (Some(86_400), 86_400)] {
        let options = Options { token_ttl_s: setting, ..Options::default() };
        let (sandbox, client) = vectors(options).await;
        sandbox.advance_clock(std::time::Duration::from_secs(expected - 5));
        assert_eq!(client.below("GET", "invoices/", None).await.status, 200, "{expected}");
        sandbox.advance_clock(std::time::Duration::from_secs(6));
        assert_eq!(client.below("GET", "invoices/", None).await.status, 401, "{expected}");
    }
}

#[tokio::test]
async fn c6_who_may_look_into_a_business() {
    for (profile, status) in [(Profile::Guide, 403), (Profile::Reference, 200)] {
        let (_sandbox, client) = vectors(with(profile, &[])).await;
        let path = format!("businesses/{B1}/");
        for list in ["customers/", "invoices/", "invoices/payments/"] {
            let reply = client.as_partner("GET", &format!("{path}{list}"), None).await;
            assert_eq!(reply.status, status, "{profile}: {list}");
        }
        let body = json!({ "external_id": "c-5", "company_name": "Five" });
        let made = client.as_partner("POST", &format!("{path}customers/"), Some(&body)).await;
        assert_eq!(made.status == 201, status == 200, "{profile}");
        // Either way the business's own token opens it, and no other business's does.
        assert_eq!(client.below("GET", "customers/", None).await.status, 200);
    }
}

#[tokio::test]
async fn c7_a_currency_goes_by_either_name() {
    for name in ["currency", "base_currency"] {
        let (_sandbox, client) = vectors(Options::default()).await;
        let body = json!({
            "external_id": "x", "legal_name": "X", "entity_type": "sarl", "email": "x@ex.test", "country": "FR",
            name: "EUR",
        });
        let made = client.as_partner("POST", "businesses/", Some(&body)).await;
        assert_eq!((made.status, &made.json()["base_currency"]), (201, &json!("EUR")), "{name}");
        let mut wrong = body.clone();
        wrong["external_id"] = json!("y");
        wrong[name] = json!("CHF");
        let refused = client.as_partner("POST", "businesses/", Some(&wrong)).await.json();
        assert!(refused["details"][name].is_array(), "{name}: {refused}");
    }
}
