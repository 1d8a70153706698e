//! Files of purchase orders.

use std::collections::HashSet;

/// The columns of [`line`].
pub(crate) const HEADER: &str = "PO List Number,PO List Document Status,Supplier Number,Item Number,Warehouse Number,PO Details Quantity\n";

/// One order of one line that the double accepts.
pub(crate) fn line(key: &str, quantity: &str) -> String {
    format!("{key},Open,SUP-1,ITEM-A,WH-1,{quantity}\n")
}

/// `K-0001` and so on.
pub(crate) fn keys(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("K-{number:04}")).collect()
}

/// A CSV file with one order for each key.
pub(crate) fn csv(keys: &[String]) -> String {
    let lines: String = keys.iter().map(|key| line(key, "2.5")).collect();
    format!("{HEADER}{lines}")
}

/// The first orders of the example file, with all their rows.
pub(crate) fn of_example(count: usize) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/purchase-orders.csv");
    let mut reader = csv::Reader::from_path(path).expect("the example is there");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers().expect("a header")).expect("memory");
    let mut keys = HashSet::new();
    for record in reader.records() {
        let record = record.expect("a row");
        if keys.contains(&record[0]) || keys.len() < count {
            keys.insert(record[0].to_owned());
            writer.write_record(&record).expect("memory");
        }
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("the example is UTF-8")
}
