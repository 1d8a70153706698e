//! What is typed wrong, and files that are not what they should be.

use crate::double::Double;
use crate::orders::{self, HEADER, line};
use crate::place::Place;

#[test]
fn a_wrong_flag_is_named() {
    let ended = Place::new().run(&["deliver", "orders.csv", "--nonsense"]).with_status(2);
    ended.says(&["--nonsense", "--help"]);
    let ended = Place::new().run(&["deliver", "o.csv", "--sandbox", "rough-dya"]).with_status(2);
    ended.says(&["rough-dya", "rough-day", "storm"]);
    let ended = Place::new().run(&["deliver", "o.csv", "--deadline", "90"]).with_status(2);
    ended.says(&["90", "90s"]);
    Place::new().run(&["deliver", "o.csv", "--seed", "3"]).with_status(2).says(&["--sandbox"]);
}

#[test]
fn files_that_cannot_be_used_say_why_and_what_was_expected() {
    let place = Place::with_settings("http://127.0.0.1:1/api");
    place.run(&["deliver", "gone.csv"]).with_status(2).says(&["gone.csv", "check the name"]);
    place.run(&["deliver", "."]).with_status(2).says(&["directory"]);
    place.write("empty.csv", "");
    place.run(&["deliver", "empty.csv"]).with_status(2).says(&["empty.csv", "is empty", "CSV"]);
    place.write("header.csv", HEADER);
    place.run(&["deliver", "header.csv"]).with_status(2).says(&["header", "at least one row"]);
    place.write("sheet.csv", "PK\u{3}\u{4}\u{0}\u{0}\u{0}");
    place.run(&["deliver", "sheet.csv"]).with_status(2).says(&["sheet.csv", "Excel", "as CSV"]);
    place.write("program.csv", "\u{7f}ELF\u{2}\u{1}\u{0}\u{0}");
    place.run(&["deliver", "program.csv"]).with_status(2).says(&["not text", "CSV"]);
    place.write("other.csv", "name,colour\nTable,red\n");
    let other = place.run(&["deliver", "other.csv"]).with_status(2);
    other.says(&["other.csv", "line 1", "\"colour\"", "\"PO List Number\""]);
    place.write("prose.txt", "Dear all,\nplease find the orders attached.\n");
    place.run(&["deliver", "prose.txt"]).with_status(2).says(&["prose.txt"]);
    place.write("broken.json", "[{\"PO List Number\": \"A\"");
    place.run(&["deliver", "broken.json"]).says(&["broken.json"]);
}

#[test]
fn nothing_says_where_to() {
    let place = Place::new();
    place.write("orders.csv", &orders::csv(&orders::keys(1)));
    place.run(&["deliver", "orders.csv"]).with_status(2).says(&["--to", "--sandbox rough-day"]);
}

#[test]
fn bad_rows_never_stop_the_good() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let rows = [
        line("G-1", "1"),
        line("BAD-1", "many"),
        line("G-2", "2"),
        // One order with two suppliers is not sent in part.
        line("TWO", "1"),
        "TWO,Open,SUP-2,ITEM-A,WH-1,1\n".to_owned(),
        line("", "4"),
        line("G-3", "3"),
    ];
    place.write("orders.csv", &format!("{HEADER}{}", rows.concat()));
    let ended = place.run(&["deliver", "orders.csv", "--json", "--rejects", "again.csv"]);
    let ended = ended.with_status(1);
    assert!(ended.count("rejected") >= 3, "{ended:#?}");
    let created: Vec<String> = double.effects().into_keys().collect();
    assert!(created.contains(&"G-1".to_owned()), "{created:?}");
    assert!(!created.contains(&"TWO".to_owned()), "{created:?}");
    let rejects = place.read("again.csv");
    for wanted in ["BAD-1", "many", "TWO", "SUP-2"] {
        assert!(rejects.contains(wanted), "{wanted} is not handed back: {rejects}");
    }
}

#[test]
fn a_decimal_comma_has_to_be_announced() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let row = "EU-1;Open;SUP-1;ITEM-A;WH-1;34,5\n";
    place.write("orders.csv", &format!("{}{row}", HEADER.replace(',', ";")));
    let refused = place.run(&["deliver", "orders.csv"]).with_status(1);
    assert!(refused.out.contains("--decimal-comma"), "{refused:#?}");
    assert_eq!(double.requests("create").len(), 0);
    let taken = place.run(&["deliver", "orders.csv", "--decimal-comma", "--json"]).with_status(0);
    assert_eq!(taken.count("applied"), 1);
    let quantity = &double.orders()["EU-1"][0]["details"][0]["PO Details Quantity"];
    assert_eq!(quantity.as_f64(), Some(34.5), "{quantity}");
}

#[test]
fn standard_input_is_read_like_a_file() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(12);
    let ended = place.run_with_input(&["deliver", "-", "--json"], &orders::csv(&keys));
    assert_eq!(ended.with_status(0).count("applied"), 12);
    double.holds_exactly_once(&keys);
    assert!(place.left_over().is_empty(), "{:?}", place.left_over());
    place
        .run_with_input(&["deliver", "-"], "")
        .with_status(2)
        .says(&["standard input", "is empty"]);
}

#[test]
fn ndjson_and_json_arrays_are_read_too() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let order = |key: &str| {
        format!(
            r#"{{"PO List Number":"{key}","PO List Document Status":"Open","Supplier Number":"SUP-1","details":[{{"Item Number":"ITEM-A","Warehouse Number":"WH-1","PO Details Quantity":1}}]}}"#
        )
    };
    place.write("a.ndjson", &format!("{}\n{}\n", order("J-1"), order("J-2")));
    place.write("b.json", &format!("[{},\n{}]", order("J-2"), order("J-3")));
    assert_eq!(place.run(&["deliver", "a.ndjson", "--json"]).with_status(0).count("applied"), 2);
    assert_eq!(place.run(&["deliver", "b.json", "--json"]).with_status(0).count("applied"), 2);
    double.holds_exactly_once(&["J-1", "J-2", "J-3"].map(str::to_owned));
}

#[test]
fn help_version_completions_and_manual() {
    let place = Place::new();
    let help = place.run(&["deliver", "--help"]).with_status(0);
    for wanted in ["--sandbox", "--rejects", "Exit status", "STEADFAST_LEDGER"] {
        assert!(help.out.contains(wanted), "{wanted}: {help:#?}");
    }
    assert!(place.run(&["--version"]).with_status(0).out.starts_with("steadfast "));
    let completions = place.run(&["completions", "bash"]).with_status(0);
    assert!(completions.out.contains("--decimal-comma"), "{completions:#?}");
    place.run(&["man", "pages"]).with_status(0);
    assert!(place.read("pages/steadfast-deliver.1").contains("rejects"));
}
