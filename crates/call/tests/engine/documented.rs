//! `docs/dialects.md` names every key and word that the format knows, and its example is the file
//! that it says it is.

use std::collections::BTreeSet;

use serde_json::Value;
use steadfast_call::dialect::Dialect;

const DEPOT: &str = include_str!("../../../../examples/dialects/depot.toml");
const PAGE: &str = include_str!("../../../../docs/dialects.md");

/// Every key, and every word that a key may have as its value, in a schema.
fn collect(schema: &Value, keys: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match schema {
        Value::Array(elements) => elements.iter().for_each(|one| collect(one, keys, words)),
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                keys.extend(properties.keys().cloned());
                properties.values().for_each(|one| collect(one, keys, words));
            }
            let choices = members.get("enum").and_then(Value::as_array).into_iter().flatten();
            let choices = choices.chain(members.get("const"));
            words.extend(choices.filter_map(Value::as_str).map(str::to_owned));
            for (name, one) in members {
                if name != "properties" {
                    collect(one, keys, words);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_and_word_is_documented() {
    let (mut keys, mut words) = (BTreeSet::new(), BTreeSet::new());
    collect(&Dialect::schema(), &mut keys, &mut words);
    assert!(keys.len() > 100 && words.len() > 60, "{} keys, {} words", keys.len(), words.len());
    let missing: Vec<&String> =
        keys.union(&words).filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/dialects.md does not name {missing:?}");
}

#[test]
fn the_example_of_the_page_is_the_file() {
    assert_eq!(Dialect::check(DEPOT), []);
    let pieces: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .map(|piece| piece.split("```").next().unwrap().trim())
        .collect();
    assert!(pieces.len() >= 5, "the page has an example");
    for block in pieces.iter().flat_map(|piece| piece.split("\n\n")) {
        assert!(DEPOT.contains(block), "the file does not hold:\n{block}");
    }
}
