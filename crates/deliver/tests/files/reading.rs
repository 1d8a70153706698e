//! A file of writes, from bytes to composed writes.

use crate::inputs::{compose_all, csv, read};
use steadfast_deliver::compose::Composed;

#[test]
fn scattered_rows_of_one_order_form_one_write() {
    let text = "\u{feff}PO List Number;PO List Document Status;Supplier Number;Item Number;Warehouse Number;PO Details Quantity\r\n\
        P-1;Open;SUP-1;A;WH-1;1,50\r\n\
        P-2;Open;SUP-1;A;WH-1;2\r\n\
        P-1;;;\"B \"\"x\"\"\";WH-1;3\r\n";
    let source = csv(text);
    let mut options = crate::inputs::options();
    options.decimal_comma = true;
    let composed = compose_all(&read(&source, &options));
    assert_eq!(composed.len(), 2);
    let Composed::Write { body, lines, references, .. } = &composed["P-1"] else {
        panic!("{composed:?}")
    };
    assert_eq!(lines, "2,4");
    assert_eq!(
        String::from_utf8_lossy(body),
        r#"{"PO List Number":"P-1","PO List Document Status":"Open","Supplier Number":"SUP-1","details":[{"Item Number":"A","Warehouse Number":"WH-1","PO Details Quantity":1.50},{"Item Number":"B \"x\"","Warehouse Number":"WH-1","PO Details Quantity":3}]}"#
    );
    assert_eq!(references.len(), 4, "{references:?}");
}
