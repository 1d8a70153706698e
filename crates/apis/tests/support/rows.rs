//! The rows of a contract's table of conflicts, and that no row lacks a test.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The names of tests. Each has to be there, or this is not compiled.
macro_rules! named {
    ($($test:ident),+ $(,)?) => {{
        let tests: &[(&str, fn())] = &[$((stringify!($test), $test)),+];
        tests
    }};
}
pub(crate) use named;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    about: String,
    shown: Shown,
    #[serde(default)]
    because: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Shown {
    Wire,
    Documents,
}

/// The rows are those that the contract has, C1 to the last without a gap; each has a test whose
/// name begins with it, no test has a row that is not there, and a row that shows in documents only
/// says why.
pub(crate) fn each_has_its_test(api: &str, last: usize, tests: &[(&str, fn())]) {
    let listed: BTreeMap<String, Vec<Row>> =
        toml::from_str(include_str!("../conflicts.toml")).unwrap();
    let rows = &listed[api];
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let wanted: Vec<String> = (1..=last).map(|n| format!("C{n}")).collect();
    assert_eq!(ids, wanted, "the rows of {api}");
    for row in rows {
        let prefix = format!("{}_", row.id.to_lowercase());
        let tested = tests.iter().any(|(name, _)| name.starts_with(&prefix));
        assert!(tested, "{api} {}: no test begins with `{prefix}`: {}", row.id, row.about);
        let explained = !row.because.is_empty();
        assert_eq!(row.shown == Shown::Documents, explained, "{api} {}: why", row.id);
    }
    for (name, _) in tests {
        let row = name.split('_').next().unwrap_or_default().to_uppercase();
        assert!(ids.contains(&row.as_str()), "{api}: `{name}` is named by a row that is not there");
    }
}
