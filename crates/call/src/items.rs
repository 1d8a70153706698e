//! Results of single items inside a success (hard case 13 of the survey).

use serde_json::Value;

use crate::dialect::{Items, find_value, value_text};
use crate::reply::Reply;

/// What became of one item of a call that wrote several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the list of results, counted from 0.
    pub index: usize,
    /// True if it failed; else it was done.
    pub failed: bool,
    /// Its id, as the API says it.
    pub id: Option<String>,
    /// The API's code for it.
    pub code: Option<String>,
    /// The API's message about it.
    pub message: Option<String>,
}

/// The results of a reply, in its order; none if it has none. Of several shapes the first that
/// the reply has counts.
pub(crate) fn read(shapes: &[Items], reply: &Reply) -> Vec<Item> {
    let list = |places: &Items| {
        let results = reply.json()?.pointer(&places.at)?.as_array()?;
        Some(read_shape(places, results))
    };
    shapes.iter().find_map(list).unwrap_or_default()
}

fn read_shape(places: &Items, results: &[Value]) -> Vec<Item> {
    let text = |result: &Value, at: &Option<String>| {
        at.as_ref().and_then(|at| find_value(result, at)).and_then(value_text)
    };
    let item = |(index, result): (usize, &Value)| Item {
        index,
        failed: places.failed.holds(result),
        id: text(result, &places.id),
        code: text(result, &places.code),
        message: text(result, &places.message),
    };
    results.iter().enumerate().map(item).collect()
}

/// How many of them failed.
pub(crate) fn failed(items: &[Item]) -> usize {
    items.iter().filter(|item| item.failed).count()
}
