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

pub(crate) const PAYMENTS: Example = Example {
    file: "payments.csv",
    key: "external_id",
    api: "thredfi",
    kind: "payments",
    arguments: &[],
};

pub(crate) const INVENTORY: Example = Example {
    file: "inventory.csv",
    key: "Inventory Unique Id",
    api: "knosc",
    kind: "inventory",
    arguments: &[],
};

pub(crate) const FORECASTS: Example = Example {
    file: "forecasts.csv",
    key: "Forecast List Number",
    api: "knosc",
    kind: "forecast",
    arguments: &[],
};

pub(crate) const RUNS: Example =
    Example { file: "runs.ndjson", key: "reference", api: "kneo", kind: "runs", arguments: &[] };

impl Example {
    fn text(&self) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");
        std::fs::read_to_string(format!("{folder}{}", self.file)).expect("the example is there")
    }

    /// The first writes of the file, with all their rows, and their keys.
    pub(crate) fn head(&self, count: usize) -> (String, Vec<String>) {
        let text = self.text();
        if !self.file.ends_with(".ndjson") {
            return self.head_of_table(&text, count);
        }
        let key_of = |line: &str| {
            let object: serde_json::Value = serde_json::from_str(line).expect("an object");
            object[self.key].as_str().expect("a key").to_owned()
        };
        let lines = text.lines().take(count);
        (lines.clone().map(|line| format!("{line}\n")).collect(), lines.map(key_of).collect())
    }

    fn head_of_table(&self, text: &str, count: usize) -> (String, Vec<String>) {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
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
