//! The vectors of every dialect: what each reply means, what is read from it, and what comes of
//! it under either policy. `tests/vectors/README.md` has the format of the files.

mod answer;
mod sequence;
mod vector;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use steadfast_call::classify;
use steadfast_call::dialect::Dialect;

use sequence::Sequence;
use vector::Vector;

/// A file of vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    dialect: String,
    source: String,
    #[serde(default)]
    codes: Vec<String>,
    vector: Vec<Vector>,
    #[serde(default)]
    sequence: Vec<Sequence>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[allow(clippy::disallowed_methods, reason = "the tests find the files of vectors by themselves")]
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[allow(clippy::disallowed_methods, reason = "one file can be asked for, for quick turns")]
fn only() -> Option<String> {
    std::env::var("VECTORS").ok()
}

/// Every file of vectors with its dialect.
fn files() -> Vec<(Arc<Dialect>, Vectors)> {
    let entries = std::fs::read_dir(folder("tests/vectors")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.retain(|path| !path.to_string_lossy().ends_with("-classes.toml"));
    paths.sort();
    let only = only();
    let asked = |path: &&PathBuf| {
        only.as_ref().is_none_or(|name| path.file_stem().is_some_and(|stem| stem == name.as_str()))
    };
    paths.iter().filter(asked).map(|path| file(path)).collect()
}

fn file(path: &Path) -> (Arc<Dialect>, Vectors) {
    let vectors: Vectors =
        toml::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = &vectors.dialect;
    assert!(path.ends_with(format!("{name}.toml")), "{}: it is {name}'s", path.display());
    let dialect = text(&folder("dialects").join(format!("{name}.toml")));
    let dialect = Dialect::parse(&dialect).unwrap_or_else(|error| panic!("{name}: {error}"));
    (Arc::new(dialect), vectors)
}

/// Runs something over every file, and tells all that is wrong at once.
fn all(check: impl Fn(&Arc<Dialect>, &Vectors) -> Vec<String>) {
    let mut wrong = Vec::new();
    for (dialect, vectors) in files() {
        let found = check(&dialect, &vectors);
        wrong.extend(found.into_iter().map(|what| format!("{} {what}", dialect.name)));
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_reply_means_what_its_vector_says() {
    all(|dialect, vectors| vectors.vector.iter().flat_map(|v| v.wrong(dialect)).collect());
}

#[test]
fn every_sequence_goes_as_it_says() {
    all(|dialect, vectors| vectors.sequence.iter().flat_map(|s| s.wrong(dialect)).collect());
}

#[test]
fn every_code_that_a_source_lists_has_a_vector_and_an_action() {
    all(|dialect, vectors| {
        let read = |vector: &Vector| classify(dialect, &vector.request(), &vector.reply()).code;
        let met: BTreeSet<String> = vectors.vector.iter().filter_map(read).collect();
        let unmet = vectors.codes.iter().filter(|code| !met.contains(*code));
        let silent = vectors.codes.iter().filter(|code| dialect.action(code).is_none());
        let unmet = unmet.map(|code| format!("{code}: no vector has it"));
        let silent = silent.map(|code| format!("{code}: [codes] does not say what to do"));
        unmet.chain(silent).collect()
    });
}

#[test]
fn every_id_is_given_once_and_every_vector_rests_on_something() {
    all(|_, vectors| {
        let ids = vectors.vector.iter().map(|v| &v.id);
        let ids = ids.chain(vectors.sequence.iter().map(|s| &s.id));
        let mut seen = BTreeSet::new();
        let twice = ids.filter(|id| !seen.insert(*id)).map(|id| format!("{id}: given twice"));
        let silent = vectors.source.is_empty().then(|| "it names no source".to_owned());
        twice.chain(silent).collect()
    });
}

#[test]
fn every_built_in_has_a_file_of_vectors() {
    if only().is_some() {
        return;
    }
    let there: BTreeSet<String> = files().into_iter().map(|(d, _)| d.name.clone()).collect();
    for name in Dialect::built_in_names() {
        assert!(there.contains(*name), "tests/vectors/{name}.toml is not there");
    }
}
