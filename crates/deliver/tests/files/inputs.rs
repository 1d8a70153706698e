//! What the tests of input, composition and rejects share.
#![allow(dead_code)]

use std::collections::BTreeMap;

use steadfast_call::dialect::{Dialect, Resource};
use steadfast_deliver::compose::{Composed, compose};
use steadfast_deliver::input::{self, InputError, Options, Piece, Source};

pub(crate) fn dialect() -> Dialect {
    Dialect::built_in("knosc").expect("ships with the crate")
}

pub(crate) fn resource() -> Resource {
    dialect().resource["purchase-order"].clone()
}

pub(crate) fn options() -> Options {
    Options::default()
}

pub(crate) fn csv(text: impl AsRef<[u8]>) -> Source {
    Source::spooled("orders", text.as_ref()).expect("memory can be read")
}

pub(crate) fn open(source: &Source, options: &Options) -> Result<input::Reader, InputError> {
    input::open(source, &resource(), options)
}

pub(crate) fn read(source: &Source, options: &Options) -> Vec<Piece> {
    open(source, options).expect("opens").map(|piece| piece.expect("reads")).collect()
}

pub(crate) fn refusal(source: &Source, options: &Options) -> String {
    match open(source, options) {
        Err(error) => error.to_string(),
        Ok(reader) => match reader.filter_map(Result::err).next() {
            Some(error) => error.to_string(),
            None => panic!("{} was taken", source.name()),
        },
    }
}

pub(crate) fn compose_all(pieces: &[Piece]) -> BTreeMap<String, Composed> {
    let mut grouped: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for piece in pieces {
        if let Some(key) = &piece.key {
            grouped.entry(key.clone()).or_default().push(piece.clone());
        }
    }
    let resource = resource();
    grouped
        .into_iter()
        .map(|(key, pieces)| (key.clone(), compose(&resource, &key, pieces)))
        .collect()
}
