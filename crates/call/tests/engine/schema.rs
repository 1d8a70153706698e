//! `docs/dialect.schema.json` is the format as the reader has it, and refuses what the reader
//! refuses.

use std::path::{Path, PathBuf};

use serde_json::Value;
use steadfast_call::dialect::Dialect;

const SCHEMA: &str = include_str!("../../../../docs/dialect.schema.json");
const KNOSC: &str = include_str!("../../dialects/knosc.toml");
const DEPOT: &str = include_str!("../../../../examples/dialects/depot.toml");

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

/// What the schema says against a file.
fn refusals(validator: &jsonschema::Validator, text: &str) -> Vec<String> {
    let file: Value = toml::from_str(text).unwrap();
    validator
        .iter_errors(&file)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schema_on_record_is_the_current_one() {
    assert_eq!(
        SCHEMA,
        format!("{:#}\n", Dialect::schema()),
        "write it anew: steadfast dialect schema > docs/dialect.schema.json"
    );
    assert!(jsonschema::draft7::meta::is_valid(&Dialect::schema()));
}

/// Every dialect of the project, by its path.
#[allow(clippy::disallowed_methods, reason = "a test reads the files of the project")]
fn dialects() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [root.join("dialects"), root.join("../../examples/dialects")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

#[test]
fn every_dialect_of_the_project_is_of_the_schema() {
    let validator = validator();
    let files = dialects();
    assert!(files.len() >= 2);
    for (path, text) in files {
        assert_eq!(Dialect::check(&text), [], "{}", path.display());
        assert_eq!(refusals(&validator, &text), Vec::<String>::new(), "{}", path.display());
    }
}

/// One piece of a file written otherwise: neither takes it.
#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = validator();
    let changes = [
        (KNOSC, "dialect = 1", "dialect = \"1\""),
        (KNOSC, "title = \"Knosc\"", "titel = \"Knosc\""),
        (KNOSC, "attempts = 4", "attempts = 0"),
        (KNOSC, "attempts = 4", "attempts = 1.5"),
        (KNOSC, "wait_cap_ms = 8_000\n", ""),
        (KNOSC, "jitter = \"full\"", "jitter = \"half\""),
        (KNOSC, "jitter = \"full\"", "jitter = \"proportional\"\njitter_share = 2"),
        (KNOSC, "\"json:/Code\"", "\"json:Code\""),
        (KNOSC, "\"json:/Code\"", "\"Code\""),
        (KNOSC, "\"json:/Code\"", "{ at = \"json:/Code\" }"),
        (KNOSC, "\"json:/Code\"", "{ at = \"json:/Code\", match = \"no group\" }"),
        (KNOSC, "\"json:/Code\"", "\"text:no group\""),
        (KNOSC, "\"header:retry-after\"", "\"header:retry after\""),
        (KNOSC, "as = \"seconds_or_date\"", "as = \"minutes\""),
        (KNOSC, "status = [\"422\"]", "status = [\"4x\"]"),
        (KNOSC, "status = [\"422\"]", "status = [422]"),
        (KNOSC, "status = [\"422\"]", "any = [{ stats = [\"422\"] }]"),
        (KNOSC, "class = \"queued\"", "class = \"qeued\""),
        (KNOSC, "json = { \"/requires_2fa\" = true }", "json = { requires_2fa = true }"),
        (KNOSC, "kind = \"cookie_session\"", "kind = \"cookies\""),
        (KNOSC, "kind = \"cookie_session\"", "kind = \"bearer\""),
        (KNOSC, "session_cookie = \"access_token_cookie\"\n", ""),
        (KNOSC, "rows = \"/data/rows\"", "rows = \"data.rows\""),
        (KNOSC, "kind = \"page_number\"", "kind = \"offset\""),
        (KNOSC, "method = \"PUT\"", "method = \"PU T\""),
        (KNOSC, "path = \"/*\"", "path = \"orders\""),
        (KNOSC, "{ type = \"integer\" }", "{ type = \"int\" }"),
        (KNOSC, "read = \"/purchase-order/{id}\"", "read = \"/purchase-order\""),
        (DEPOT, "keys_per_request = 20", "keys_per_request = 0"),
        (DEPOT, "rate_limited = \"Depot", "rate_limitd = \"Depot"),
        (DEPOT, "{retry_after_s}", "{retry}"),
        (DEPOT, "\"Depot-Version\"", "\"Depot Version\""),
        (DEPOT, "\"*secret*\"", "\"\""),
        (DEPOT, "at = \"header:Idempotency-Key\"", "at = \"Idempotency-Key\""),
        (DEPOT, "kind = \"cursor\"", "kind = \"next_url\""),
        (DEPOT, "safe = true", "safe = \"yes\""),
        (DEPOT, "[codes]", "[log]\nfailed = \"{what}\"\n[codes]"),
    ];
    for (base, from, to) in changes {
        assert!(base.contains(from), "{from} is not in the file");
        let text = base.replacen(from, to, 1);
        assert_ne!(Dialect::check(&text), [], "the reader takes {to}");
        assert_ne!(refusals(&validator, &text), Vec::<String>::new(), "the schema takes {to}");
    }
}
