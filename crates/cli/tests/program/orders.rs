//! Files of purchase orders.

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
