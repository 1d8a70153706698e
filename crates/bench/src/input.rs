//! Made-up purchase orders that the double takes: three lines each, about 1.6 KB as JSON.

use std::io::{self, Write};

use serde_json::json;

/// How many lines an order has.
pub(crate) const LINES_PER_ORDER: u64 = ITEMS.len() as u64;

/// The items of an order, one a line, since the API refuses the same item twice.
const ITEMS: [&str; 3] = ["ITEM-A", "FST-2038", "FST-2054"];

/// The key of an order, by its number.
pub(crate) fn key(number: u64) -> String {
    format!("PO-2026-{number:07}")
}

/// An order as the API takes it.
pub(crate) fn order(number: u64) -> Vec<u8> {
    let key = key(number);
    let lines: Vec<_> = (1..)
        .zip(ITEMS)
        .map(|(line, item)| {
            json!({
                "Item Number": item,
                "PO Details Actual Ship Date": null,
                "PO Details Document Status": "Open",
                "PO Details ETA Date": "2026-03-30",
                "PO Details First Promise Date": "2026-03-30",
                "PO Details Local": null,
                "PO Details Order Date": "2026-02-02",
                "PO Details Price": 3.83,
                "PO Details Quantity": 10 + line,
                "PO Details Request Date": "2026-03-25",
                "PO Details Ship Date": "2026-03-23",
                "PO Details Tracking": "Spedition Kühne, Tour 76",
                "PO Details Unique Id": format!("{key}-{line}"),
                "Ship From Number": "SF-1",
                "Sub Item Number": null,
                "Warehouse Number": "WH-1",
            })
        })
        .collect();
    let order = json!({
        "PO List Document Status": "Open",
        "PO List Number": key,
        "PO List Order Date": "2026-02-02",
        "Supplier Number": "SUP-1",
        "details": lines,
    });
    order.to_string().into_bytes()
}

/// Writes a CSV file with so many lines besides its header. Scattered: all first lines of the
/// orders, then all second ones, so that no order stands in one place.
pub(crate) fn write_csv(out: &mut impl Write, lines: u64, scattered: bool) -> io::Result<()> {
    writeln!(
        out,
        "PO List Number,PO List Document Status,PO List Order Date,Supplier Number,Item Number,\
         Warehouse Number,Ship From Number,PO Details Quantity,PO Details Price,\
         PO Details Document Status,PO Details Tracking,PO Details Order Date,PO Details ETA Date,\
         PO Details Unique Id"
    )?;
    let orders = lines.div_ceil(LINES_PER_ORDER);
    for at in 0..lines {
        let (number, line) = match scattered {
            true => (at % orders, at / orders),
            false => (at / LINES_PER_ORDER, at % LINES_PER_ORDER),
        };
        let (key, item) = (key(number), ITEMS[line as usize]);
        writeln!(
            out,
            "{key},Open,2026-02-02,SUP-1,{item},WH-1,SF-1,{},3.83,Open,\"Spedition Kühne, Tour 76\",\
             2026-02-02,2026-03-30,{key}-{line}",
            10 + line
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_same_lines_in_either_order() {
        let lines = |scattered| {
            let mut out = Vec::new();
            write_csv(&mut out, 10, scattered).unwrap();
            let mut lines: Vec<_> =
                String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(true).len(), 11);
        let keys = |scattered| {
            lines(scattered).iter().map(|line| line[..15].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys(true).iter().filter(|key| key.starts_with("PO-2026-0000000")).count(), 3);
        assert_eq!(lines(false).len(), 11);
    }
}
