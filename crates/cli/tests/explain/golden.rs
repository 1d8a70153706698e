//! What people read, word by word. Each file under `golden/` has commands, and below each what it
//! prints. A change of words is seen there; `STEADFAST_GOLDEN=write` writes the files anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::stage::Stage;

/// As wide as a terminal has been since there are terminals.
const COLUMNS_MAX: usize = 80;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/golden");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// The words of a command line; single quotes keep blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for sign in line.chars() {
        match sign {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            sign => words.last_mut().expect("one at least").push(sign),
        }
    }
    words
}

#[test]
fn every_explanation_reads_as_it_is_written_down() {
    let stage = Stage::new();
    let write_anew = std::env::var_os("STEADFAST_GOLDEN").is_some_and(|value| value == "write");
    let mut others = Vec::new();
    for file in files() {
        let written = std::fs::read_to_string(&file).expect("a text");
        let mut said = String::new();
        for command in written.lines().filter(|line| line.starts_with("$ ")) {
            let arguments = words(&command[2..]);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ended = stage.run(&arguments).with_status(0);
            let _ = writeln!(said, "{command}\n{}", ended.out);
        }
        if write_anew {
            std::fs::write(&file, &said).expect("it can be written");
        } else if said != written {
            others.push(format!("{}:\n{said}", file.display()));
        }
    }
    assert!(others.is_empty(), "these read otherwise now:\n{}", others.join("\n"));
}

#[test]
fn every_built_in_dialect_is_among_them_and_fits_the_screen() {
    let listed = Stage::new().run(&["dialect", "list", "--json"]).json();
    let names = listed.as_array().expect("a list").iter();
    let mut names: Vec<String> =
        names.map(|one| format!("{}.txt", one["name"].as_str().expect("a name"))).collect();
    names.sort();
    let files = files();
    let there: Vec<&str> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert_eq!(there, names);
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a text");
        let printed = text.lines().filter(|line| !line.starts_with("$ "));
        for line in printed {
            assert!(line.chars().count() <= COLUMNS_MAX, "{}: {line}", file.display());
        }
    }
}
