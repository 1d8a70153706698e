//! `call`, against a double.

use serde_json::{Value, json};

use crate::stage::{Knosc, Stage};

fn order(key: &str, item: &str) -> String {
    json!({
        "PO List Number": key,
        "PO List Document Status": "Open",
        "Supplier Number": "SUP-1",
        "details": [{ "Item Number": item, "Warehouse Number": "WH-1", "PO Details Quantity": 5 }],
    })
    .to_string()
}

fn post(body: &str) -> [&str; 7] {
    ["call", "POST", "/purchase-order", "--api", "knosc", "-d", body]
}

#[test]
fn a_write_is_applied_and_the_reply_comes_as_it_is() {
    let knosc = Knosc::start();
    let stage = Stage::with_knosc(&knosc.base_url);
    let ended = stage.run(&post(&order("C-1", "ITEM-A"))).with_status(0);
    ended.says(&["outcome  applied", "done at once", "attempts 1"]);
    let reply: Value = ended.json();
    assert_eq!(reply["notification_type"], "Success");
    // The same once more: the duplicate is compared with what was sent.
    let again = stage.run(&post(&order("C-1", "ITEM-A"))).with_status(0);
    again.says(&["outcome  existing", "there already, equal to ours"]);
    let path = format!("/purchase-order/{}", reply["id"]);
    let read = stage.run(&["call", "get", &path, "--api", "knosc"]).with_status(0);
    assert_eq!(read.json()["data"]["rows"]["PO List Number"], "C-1");
    read.says(&["answered"]);
    let quiet = stage.run(&["call", "get", &path, "--api", "knosc", "-q"]).with_status(0);
    assert_eq!(quiet.err, "");
}

#[test]
fn a_refusal_is_told_in_words_and_in_json() {
    let knosc = Knosc::start();
    let stage = Stage::with_knosc(&knosc.base_url);
    stage.write("order.json", &order("C-1", "nope"));
    let ended = stage.run(&post("@order.json")).with_status(1);
    ended.says(&[
        "refused",
        "[ItemMaster.NotFound]",
        "create the item first",
        "none: nothing was done",
    ]);
    assert_eq!(ended.json()["Code"], "ItemMaster.NotFound");
    let mut arguments = post("-").to_vec();
    arguments.push("--json");
    let told = stage.run_with(&arguments, &order("C-1", "nope")).with_status(1).json();
    assert_eq!((&told["outcome"], &told["status"]), (&json!("refused"), &json!(400)));
    assert_eq!(told["body"]["Code"], "ItemMaster.NotFound");
    assert_eq!(told["attempts"][0]["class"], "validation");
}

/// The key is read off the body, so an unanswered create is looked for and not sent twice.
#[test]
fn an_unanswered_write_is_looked_up_by_the_key_in_its_body() {
    let knosc = Knosc::start();
    let stage = Stage::with_knosc(&knosc.base_url);
    let on = json!({ "method": "POST", "path": "/api/purchase-order", "nth": 1 });
    knosc.fault(on, json!({ "kind": "commit_then_reset" }));
    let ended = stage.run(&post(&order("C-2", "ITEM-A"))).with_status(0);
    ended.says(&["existing", "it may be the work of an attempt of ours"]);
    assert_eq!(ended.json()["PO List Number"], "C-2");
    assert_eq!(knosc.requests("create"), 1);
}

#[test]
fn a_read_is_sent_again_and_every_attempt_is_told() {
    let knosc = Knosc::start();
    let stage = Stage::with_knosc(&knosc.base_url);
    let on = json!({ "method": "GET", "nth": 1 });
    knosc.fault(on, json!({ "kind": "status", "status": 503, "body": "html" }));
    let ended = stage.run(&["call", "GET", "/item-master?page_size=1", "--api", "knosc"]);
    ended.with_status(0).says(&["attempts 2", "1. 503 unavailable", "2. 200 ok"]);
}

#[test]
fn what_cannot_be_reached_or_entered_ends_with_3() {
    let stage = Stage::with_knosc("http://127.0.0.1:1/api");
    let ended = stage.run(&["call", "GET", "/x", "--api", "knosc", "--deadline", "1s"]);
    ended.with_status(3).says(&["unreached"]);
    let knosc = Knosc::start();
    let mut stage = Stage::with_knosc(&knosc.base_url);
    stage.set("STEADFAST_KNOSC_PASSWORD", "wrong-password");
    let ended = stage.run(&["call", "GET", "/item-master", "--api", "knosc", "--json"]);
    let ended = ended.with_status(3);
    assert_eq!(ended.json()["outcome"], "credentials");
    assert!(!ended.out.contains("wrong-password"), "{ended:#?}");
}

#[test]
fn what_is_typed_wrong_is_named() {
    let stage = Stage::with_knosc("http://127.0.0.1:1/api");
    let call = |more: &[&str]| {
        let asked = ["call", "POST", "/purchase-order", "--api", "knosc"];
        let arguments: Vec<&str> = asked.iter().chain(more).copied().collect();
        stage.run(&arguments).with_status(2)
    };
    call(&["-d", "@gone.json"]).says(&["gone.json", "cannot be read"]);
    call(&["--resource", "order", "--key", "1"]).says(&["--resource order", "purchase-order"]);
    call(&["--key", "1"]).says(&["--resource"]);
    call(&["--deadline", "90"]).says(&["90s"]);
    let ended = Stage::new().run(&["call", "GET", "/x", "--api", "knosc"]).with_status(2);
    ended.says(&["base_url", "STEADFAST_KNOSC_BASE_URL"]);
}
