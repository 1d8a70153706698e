//! Which ledger is meant, and what is said about one that cannot be used.

use crate::place::Place;
use crate::prepared::{ledger, mistakes};

/// Puts the ledger of `mistakes` into the state directory, under these names.
fn usual(names: &[&str]) -> Place {
    let place = mistakes();
    std::fs::create_dir_all(place.path("state/steadfast")).unwrap();
    for name in names {
        let to = place.path(&format!("state/steadfast/{name}.db"));
        std::fs::copy(place.path("l.db"), to).unwrap();
    }
    place
}

#[test]
fn the_only_ledger_need_not_be_named() {
    let place = usual(&["knosc"]);
    for arguments in [&["ledger", "status"][..], &["ledger", "--to", "knosc", "status"]] {
        let ended = place.run(arguments).with_status(0);
        assert!(ended.out.contains("steadfast/knosc.db"), "{ended:#?}");
    }
    let other = place.run(&["ledger", "status", "--to", "thredfi"]).with_status(2);
    other.says(&["there is no ledger at", "thredfi.db", "deliver something first"]);
}

#[test]
fn one_of_several_has_to_be_named() {
    let place = usual(&["knosc", "thredfi"]);
    let ended = place.run(&["ledger", "list"]).with_status(2);
    ended.says(&["ledgers of knosc, thredfi", "--to", "--ledger"]);
    place.run(&["ledger", "list", "--to", "thredfi"]).with_status(0);
    place.run(&["ledger", "list", "--ledger", "l.db"]).with_status(0);
}

#[test]
fn no_ledger_is_made_by_asking_for_one() {
    let place = Place::new();
    let none = place.run(&["ledger", "status"]).with_status(2);
    none.says(&["there is no ledger in", "state/steadfast", "deliver something first"]);
    for command in [&["status"][..], &["retry", "--all-held"], &["prune", "--older-than", "1d"]] {
        ledger(&place, command).with_status(2).says(&["there is no ledger at l.db"]);
        assert!(!place.path("l.db").exists());
    }
    let wrong = place.run(&["ledger", "--to", "../x", "status"]).with_status(2);
    wrong.says(&["../x", "--ledger"]);
}

#[test]
fn a_newer_a_damaged_and_a_foreign_file_are_each_named() {
    let place = mistakes();
    let commands: [&[&str]; 3] = [&["status"], &["list"], &["retry", "--all-held"]];
    place.write("text.db", "this is no ledger\n".repeat(100).as_str());
    let mut newer = std::fs::read(place.path("l.db")).unwrap();
    // Where SQLite keeps the number of the format.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(place.path("newer.db"), newer).unwrap();
    let mut bytes = std::fs::read(place.path("l.db")).unwrap();
    bytes[4_096..].fill(0xA5);
    std::fs::write(place.path("damaged.db"), &bytes).unwrap();
    for (file, wanted) in [
        ("text.db", "is not a ledger"),
        ("newer.db", "newer version (format 99"),
        ("damaged.db", "is damaged"),
    ] {
        let before = std::fs::read(place.path(file)).unwrap();
        for command in commands {
            let arguments = [&["ledger", "--ledger", file], command].concat();
            place.run(&arguments).with_status(2).says(&[file, wanted]);
        }
        assert_eq!(std::fs::read(place.path(file)).unwrap(), before, "{file} is left as it was");
    }
}

#[cfg(unix)]
#[test]
fn a_directory_and_a_place_without_rights_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = mistakes();
    std::fs::create_dir(place.path("closed")).unwrap();
    place.run(&["ledger", "--ledger", "closed", "status"]).with_status(2).says(&["closed"]);
    std::fs::copy(place.path("l.db"), place.path("closed/l.db")).unwrap();
    let mode = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.path("closed"), permissions).unwrap();
    };
    mode(0o500);
    if std::fs::write(place.path("closed/probe"), "").is_err() {
        let arguments = ["ledger", "--ledger", "closed/l.db", "retry", "--all-held"];
        place.run(&arguments).with_status(2).says(&["cannot be written", "write access"]);
    }
    mode(0o700);
}
