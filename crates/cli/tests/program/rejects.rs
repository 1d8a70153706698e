//! Refused input comes back ready to be corrected, and the corrected file is delivered.

use crate::double::Double;
use crate::orders::{self, HEADER, line};
use crate::place::Place;

#[test]
fn refused_input_is_corrected_and_delivered_again() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let wrong = "R-2,Open,SUP-1,WIDGET-99,WH-1,2\n";
    let file = format!("{HEADER}{}{wrong}{}", line("R-1", "1"), line("R-3", "3"));
    place.write("orders.csv", &file);
    let first = place.run(&["deliver", "orders.csv", "--rejects", "again.csv"]).with_status(1);
    assert!(first.out.contains("again.csv (1 rows)"), "{first:#?}");
    let rejects = place.read("again.csv");
    assert!(rejects.contains("ItemMaster.NotFound"), "{rejects}");
    assert!(!rejects.contains("R-1") && !rejects.contains("R-3"), "{rejects}");
    // The columns with the reason may stay where they are.
    place.write("again.csv", &rejects.replace("R-2,Open,SUP-1,WIDGET-99", "R-2,Open,SUP-1,ITEM-A"));
    let second = place.run(&["deliver", "again.csv", "--json"]).with_status(0);
    assert_eq!((second.count("accepted"), second.count("applied")), (1, 1), "{second:#?}");
    double.holds_exactly_once(&["R-1", "R-2", "R-3"].map(str::to_owned));
}

#[test]
fn without_a_refusal_the_file_says_so_too() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &orders::csv(&orders::keys(2)));
    place.run(&["deliver", "orders.csv", "--rejects", "again.csv"]).with_status(0);
    assert!(place.read("again.csv").lines().count() <= 1, "{}", place.read("again.csv"));
}

#[test]
fn a_rehearsal_sends_nothing_and_leaves_no_ledger() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{}X-1,Open,SUP-1,WIDGET-99,WH-1,2\n", orders::csv(&orders::keys(4))),
    );
    let ended = place.run(&["deliver", "orders.csv", "--dry-run", "--json"]).with_status(1);
    assert_eq!((ended.count("accepted"), ended.count("rejected")), (5, 1), "{ended:#?}");
    let shown = place.run(&["deliver", "orders.csv", "--dry-run"]).with_status(1);
    assert!(shown.out.contains("would be sent") && shown.out.contains("WIDGET-99"), "{shown:#?}");
    assert!(double.requests("create").is_empty());
    assert!(!place.path("state").exists() && place.left_over().is_empty());
    place.write("orders.csv", &orders::csv(&orders::keys(4)));
    place.run(&["deliver", "orders.csv", "--dry-run"]).with_status(0);
}

#[test]
fn without_the_check_everything_is_left_to_the_server() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{HEADER}{}N-2,Open,SUP-1,WIDGET-99,WH-1,2\n", line("N-1", "1")),
    );
    let ended = place.run(&["deliver", "orders.csv", "--no-preflight", "--json"]).with_status(1);
    assert_eq!(ended.json()["codes"], serde_json::json!({"ItemMaster.NotFound": 1}));
    assert_eq!(double.requests("create").len(), 2);
    assert_eq!(double.requests("read").len(), 0);
}

#[test]
fn queued_writes_are_confirmed_or_left_as_the_user_wishes() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(6);
    place.write("orders.csv", &orders::csv(&keys));
    double.post("knosc/integration/start", &serde_json::Value::Null);
    let left = place.run(&["deliver", "orders.csv", "--no-confirm", "--json"]).with_status(0);
    assert_eq!(left.count("queued"), 6, "{left:#?}");
    let patient = ["deliver", "orders.csv", "--confirm-for", "1s", "--json"];
    let unseen = place.run(&patient).with_status(1);
    assert_eq!(unseen.count("queued"), 6, "{unseen:#?}");
    double.post("knosc/integration/finish", &serde_json::Value::Null);
    assert_eq!(place.run(&patient).with_status(0).count("confirmed"), 6);
    assert_eq!(double.requests("create").len(), 6);
    double.holds_exactly_once(&keys);
}

#[test]
fn refused_input_comes_back_with_a_key_of_the_user_s_own_too() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let header = HEADER.replace('\n', ",PO Details Unique Id\n");
    place.write(
        "orders.csv",
        &format!(
            "{header}U-1,Open,SUP-1,ITEM-A,WH-1,1,ours-1\nU-2,Open,SUP-1,WIDGET-99,WH-1,1,ours-2\n"
        ),
    );
    let arguments =
        ["deliver", "orders.csv", "--key", "PO Details Unique Id", "--rejects", "r.csv"];
    let ended = place.run(&arguments).with_status(1);
    let rejects = place.read("r.csv");
    assert!(rejects.contains("U-2") && !rejects.contains("U-1"), "{rejects} {ended:#?}");
}
