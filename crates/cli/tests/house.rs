//! The house stays tidy: arrows point down, files stay small, rooms have names.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the house has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each crate may use. What is not here must not be in its manifest.
const ARROWS: [(&str, &[&str]); 11] = [
    ("call", &[]),
    ("client", &["steadfast-call"]),
    ("apis", &["steadfast"]),
    ("ledger", &["steadfast"]),
    ("deliver", &["steadfast", "steadfast-call", "steadfast-ledger"]),
    ("sandbox", &[]),
    ("drill", &["steadfast-sandbox"]),
    ("disk", &[]),
    (
        "cli",
        &[
            "steadfast",
            "steadfast-deliver",
            "steadfast-drill",
            "steadfast-ledger",
            "steadfast-sandbox",
        ],
    ),
    ("sim", &["steadfast", "steadfast-call"]),
    (
        "bench",
        &[
            "steadfast",
            "steadfast-call",
            "steadfast-deliver",
            "steadfast-ledger",
            "steadfast-sandbox",
        ],
    ),
];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "misc", "types", "manager", "mod"];

const LINES_MAX: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn crates() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists())
        .collect();
    found.sort();
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn arrows_point_down_only() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for folder in crates() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let allowed =
            allowed.get(name).unwrap_or_else(|| panic!("{name} is in no arrow: add it on purpose"));
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let used = manifest["dependencies"].as_table().unwrap();
        for dependency in used.keys().filter(|name| name.starts_with("steadfast")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not use {dependency}");
        }
    }
}

#[test]
fn the_double_shares_nothing_with_us_not_even_in_its_tests() {
    let manifest = fs::read_to_string(root().join("crates/sandbox/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let used = manifest.get(table).and_then(toml::Value::as_table).cloned().unwrap_or_default();
        assert!(!used.keys().any(|name| name.starts_with("steadfast")), "{table}");
    }
}

#[test]
fn files_stay_small_and_say_what_they_hold() {
    let mut found = Vec::new();
    for folder in crates() {
        sources(&folder.join("src"), &mut found);
        sources(&folder.join("tests"), &mut found);
    }
    assert!(found.len() > 100, "the walk found the sources");
    for path in found {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!EMPTY_NAMES.contains(&name), "{}: a name that says nothing", path.display());
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= LINES_MAX, "{}: {lines} lines; split it", path.display());
    }
}

#[test]
fn the_engine_reads_no_clock_and_touches_no_world() {
    let mut found = Vec::new();
    sources(&root().join("crates/call/src"), &mut found);
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for word in [
            "Instant::now",
            "SystemTime::now",
            "std::env",
            "tokio",
            "rand::",
            "std::fs",
            "std::net",
        ] {
            let used = text
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!used, "{}: {word}", path.display());
        }
    }
}
