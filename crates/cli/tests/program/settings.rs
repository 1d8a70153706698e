//! Settings that are missing or wrong.

use crate::double::Double;
use crate::orders;
use crate::place::{Ended, PASSWORD, Place, Running};

fn with_orders() -> Place {
    let place = Place::new();
    place.write("orders.csv", &orders::csv(&orders::keys(2)));
    place
}

fn deliver_with(settings: &str) -> Ended {
    let place = with_orders();
    place.write("steadfast.toml", settings);
    place.run(&["deliver", "orders.csv", "--to", "knosc"])
}

#[test]
fn without_settings_the_file_to_write_is_shown() {
    let ended = with_orders().run(&["deliver", "orders.csv", "--to", "knosc"]).with_status(2);
    ended.says(&["[api.knosc]", "base_url = ", "password = { env = ", "STEADFAST_KNOSC_BASE_URL"]);
}

#[test]
fn a_missing_setting_is_named_with_an_example() {
    let some = "[api.knosc]\nbase_url = \"http://127.0.0.1:1/api\"\n";
    deliver_with(some).with_status(2).says(&["has no username", "STEADFAST_KNOSC_USERNAME"]);
    let more = format!("{some}username = \"erp\"\n");
    deliver_with(&more).with_status(2).says(&["has no password", "{ env = "]);
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let ended = deliver_with(
        "[api.knosc]\nbase_url = \"http://127.0.0.1:1/api\"\nusername = \"erp\"\npassword = { env = \"NOWHERE_SET\" }\n",
    );
    ended.with_status(2).says(&["steadfast.toml", "NOWHERE_SET", "is not set"]);
}

#[test]
fn settings_that_are_wrong_show_the_line_and_no_secret() {
    let wrong = "[api.knosc]\nbase_url = \"http://127.0.0.1:1/api\"\npassword = \"s3cret-in-file\nusername = \"erp\"\n";
    let ended = deliver_with(wrong).with_status(2);
    ended.says(&["steadfast.toml", "line 3"]);
    assert!(!ended.err.contains("s3cret-in-file"), "{ended:#?}");
    let unknown = "[api.knosc]\nbase_ulr = \"http://127.0.0.1:1/api\"\n";
    deliver_with(unknown).with_status(2).says(&["line 2", "base_ulr", "base_url"]);
    let other = "[api.other]\nbase_url = \"http://127.0.0.1:1/api\"\n";
    deliver_with(other).with_status(2).says(&["no [api.knosc]", "other"]);
}

#[test]
fn a_password_in_the_file_works_and_is_warned_about() {
    let double = Double::calm();
    let place = with_orders();
    let url = double.base_url();
    place.write(
        "steadfast.toml",
        &format!("[api.knosc]\nbase_url = \"{url}\"\nusername = \"ada@example.com\"\npassword = \"{PASSWORD}\"\n"),
    );
    let ended = place.run(&["deliver", "orders.csv", "--json"]).with_status(0);
    ended.says(&["warning", "plain text"]);
    assert_eq!(ended.err.matches("plain text").count(), 1, "{ended:#?}");
    assert!(!ended.err.contains(PASSWORD), "{ended:#?}");
}

#[test]
fn the_environment_is_enough_and_beats_the_file() {
    let double = Double::calm();
    let place = with_orders();
    place.write(
        "steadfast.toml",
        "[api.knosc]\nbase_url = \"http://127.0.0.1:1/api\"\nusername = \"nobody\"\n",
    );
    let mut command = place.program(&["deliver", "orders.csv", "--json"]);
    command
        .env("STEADFAST_TO", "knosc")
        .env("STEADFAST_KNOSC_BASE_URL", double.base_url())
        .env("STEADFAST_KNOSC_USERNAME", "ada@example.com")
        .env("STEADFAST_KNOSC_PASSWORD", PASSWORD)
        .env("STEADFAST_LEDGER", place.path("here.db"));
    assert_eq!(Running::start(&mut command).end().with_status(0).count("applied"), 2);
    assert!(place.path("here.db").exists());
}

#[test]
fn a_password_file_and_the_user_s_own_settings_folder() {
    let double = Double::calm();
    let place = with_orders();
    std::fs::create_dir_all(place.path("config/steadfast")).expect("a folder");
    let secret = place.write("secret", &format!("{PASSWORD}\n"));
    place.write(
        "config/steadfast/steadfast.toml",
        &format!(
            "[api.knosc]\nbase_url = \"{}\"\nusername = \"ada@example.com\"\npassword = {{ file = '{}' }}\n",
            double.base_url(),
            secret.display()
        ),
    );
    assert_eq!(place.run(&["deliver", "orders.csv", "--json"]).with_status(0).count("applied"), 2);
    assert!(place.path("state/steadfast/knosc.db").exists(), "the ledger is in the state folder");
}
