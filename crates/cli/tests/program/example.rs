//! The files under `examples/`.

use std::collections::HashSet;

/// One of the files, with what has to be said to deliver it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Example {
    /// Its name.
    pub(crate) file: &'static str,
    /// The column that names the write.
    pub(crate) key: &'static str,
    /// The API that it is for.
    pub(crate) api: &'static str,
    /// What the double's journal calls what is written.
    pub(crate) kind: &'static str,
    /// Further arguments.
    pub(crate) arguments: &'static [&'static str],
}

pub(crate) const PURCHASE_ORDERS: Example = Example {
    file: "purchase-orders.csv",
    key: "PO List Number",
    api: "knosc",
    kind: "purchase-order",
    arguments: &[],
};

pub(crate) const WORK_ORDERS: Example = Example {
    file: "work-orders.csv",
    key: "customOrderId",
    api: "operations1",
    kind: "orders",
    arguments: &[],
};

pub(crate) const CUSTOMERS: Example = Example {
    file: "customers.csv",
    key: "external_id",
    api: "thredfi",
    kind: "customers",
    arguments: &[],
};

pub(crate) const INVOICES: Example = Example {
    file: "invoices.csv",
    key: "external_id",
    api: "thredfi",
    kind: "invoices",
    arguments: &[],
};

impl Example {
    fn reader(&self) -> csv::Reader<std::fs::File> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");
        csv::Reader::from_path(format!("{folder}{}", self.file)).expect("the example is there")
    }

    /// The first writes of the file, with all their rows, and their keys.
    pub(crate) fn head(&self, count: usize) -> (String, Vec<String>) {
        let mut reader = self.reader();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = reader.headers().expect("a header").clone();
        let key_at = header.iter().position(|name| name == self.key).expect("a column of keys");
        writer.write_record(&header).expect("memory");
        let (mut keys, mut known) = (Vec::new(), HashSet::new());
        for record in reader.records() {
            let record = record.expect("a row");
            let key = &record[key_at];
            if known.len() < count && known.insert(key.to_owned()) {
                keys.push(key.to_owned());
            }
            if known.contains(key) {
                writer.write_record(&record).expect("memory");
            }
        }
        let bytes = writer.into_inner().expect("memory");
        (String::from_utf8(bytes).expect("the example is UTF-8"), keys)
    }
}
