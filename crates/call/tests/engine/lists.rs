//! Lists are read to their end (K11; hazards 57, 59, 60, 62).

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use steadfast_call::{Reply, Scan, ScanEnd};

use crate::scenario::knosc;

/// Reads a list of that many rows from a server that sends no more than `cap` a page.
fn read(rows: u64, cap: u64, for_proof: bool) -> (Vec<u64>, u64) {
    let dialect = knosc();
    let paging = dialect.paging.as_ref().unwrap();
    let mut scan = Scan::new(paging, "/item-master", &[], for_proof);
    let (mut seen, mut asked) = (Vec::new(), 0);
    loop {
        asked += 1;
        let path = scan.request().path;
        let page: u64 =
            path.split("page=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        let ids = ((page - 1) * cap..rows.min(page * cap)).map(|id| json!({"id": id}));
        let body = json!({"data": {"rows": ids.collect::<Vec<Value>>()}});
        let reply = Reply::new(StatusCode::OK, HeaderMap::new(), body.to_string().into());
        let rows = scan.rows(&body).unwrap().clone();
        seen.extend(rows.iter().filter_map(|row| row["id"].as_u64()));
        match scan.seen(&rows, &reply) {
            ScanEnd::More => {}
            ScanEnd::Complete => break,
            ScanEnd::Broken(text) => panic!("{text}"),
        }
    }
    seen.sort_unstable();
    seen.dedup();
    (seen, asked)
}

#[test]
fn hazard_57_59_every_row_is_read_whatever_the_servers_page_size() {
    for rows in [0, 1, 99, 100, 101, 250, 1_000, 1_001] {
        for cap in [100, 1_000] {
            for for_proof in [false, true] {
                let (seen, _) = read(rows, cap, for_proof);
                assert_eq!(seen.len() as u64, rows, "{rows} rows, {cap} a page");
            }
        }
    }
}

/// A look-up by filter that finds nothing is one request, and one that finds a few is two.
#[test]
fn short_lists_are_cheap_to_read() {
    assert_eq!(read(0, 1_000, true).1, 1);
    assert_eq!(read(3, 1_000, true).1, 2);
}

#[test]
fn what_is_no_list_has_no_rows() {
    let dialect = knosc();
    let scan = Scan::new(dialect.paging.as_ref().unwrap(), "/l", &[], false);
    for body in [json!([]), json!({"rows": []}), json!({"data": {"rows": {}}}), json!(null)] {
        assert!(scan.rows(&body).is_none(), "{body}");
    }
}
