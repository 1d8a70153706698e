use super::*;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

/// Knosc's dialect with another table for the paging.
pub(super) fn paging(table: &str) -> Paging {
    let knosc = Dialect::built_in_text("knosc").unwrap();
    let (from, until) = (knosc.find("[paging]").unwrap(), knosc.find("[list.item]").unwrap());
    let text = format!("{}[paging]\n{table}\n{}", &knosc[..from], &knosc[until..]);
    Dialect::parse(&text).unwrap().paging.unwrap()
}

use crate::dialect::Dialect;

pub(super) fn numbers() -> Paging {
    paging(
        r#"
kind = "page_number"
page = "page"
size = "page_size"
first = 1
size_rows = 2
rows = "/data/rows"
total = "/total"
"#,
    )
}

pub(super) fn reply(body: &Value) -> Reply {
    Reply::new(StatusCode::OK, HeaderMap::new(), body.to_string().into())
}

/// The number that a parameter of the page has.
pub(super) fn parameter(scan: &Scan, name: &str) -> Option<String> {
    let path = scan.request().path;
    let query = path.split_once('?')?.1.to_owned();
    let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// A server's pages: asked for by a function, told as bodies.
pub(super) fn read(
    scan: &mut Scan,
    answer: impl Fn(&Scan) -> Value,
) -> (Vec<String>, Vec<Value>, ScanEnd) {
    let (mut asked, mut all) = (Vec::new(), Vec::new());
    loop {
        asked.push(scan.request().path);
        let reply = reply(&answer(scan));
        let rows = scan.rows(reply.json().unwrap()).unwrap().clone();
        all.extend(rows.iter().cloned());
        match scan.seen(&rows, &reply) {
            ScanEnd::More if asked.len() < 50 => {}
            end => return (asked, all, end),
        }
    }
}

fn page_numbers(list: &[u32], twice: bool, total: Option<u64>) -> (Vec<u64>, ScanEnd) {
    let mut scan = Scan::new(&numbers(), "/l", &[], twice);
    let (asked, _, end) = read(&mut scan, |scan| {
        let page: usize = parameter(scan, "page").unwrap().parse().unwrap();
        let rows: Vec<&u32> = list.iter().skip((page - 1) * 2).take(2).collect();
        json!({ "data": { "rows": rows }, "total": total })
    });
    let number = |path: &String| path.split("page=").nth(1)?.split('&').next()?.parse().ok();
    (asked.iter().filter_map(number).collect(), end)
}

#[test]
fn it_reads_until_a_page_has_no_rows() {
    assert_eq!(page_numbers(&[1, 2, 3], false, None).0, [1, 2, 3]);
    assert_eq!(page_numbers(&[1, 2, 3, 4], false, None).0, [1, 2, 3]);
    assert_eq!(page_numbers(&[], false, None).0, [1]);
}

#[test]
fn for_proof_it_reads_backwards_too() {
    assert_eq!(page_numbers(&[1, 2, 3], true, None).0, [1, 2, 3, 2, 1]);
    assert_eq!(page_numbers(&[1], true, None).0, [1, 2]);
    assert_eq!(page_numbers(&[], true, None).0, [1]);
}

/// Found wrong: a page shorter than asked for was taken for the last, so a server with smaller
/// pages hid the rest of its list, and absence was taken for proven.
#[test]
fn hazard_59_a_server_with_smaller_pages_is_read_to_its_end() {
    let mut scan = Scan::new(&numbers(), "/l", &[], true);
    let empty = reply(&json!({}));
    for row in 1..=3 {
        assert_eq!(scan.seen(&[json!(row)], &empty), ScanEnd::More);
    }
    assert_eq!(scan.seen(&[], &empty), ScanEnd::More, "backwards once more");
    assert_eq!(parameter(&scan, "page").as_deref(), Some("3"));
}

#[test]
fn hazard_59_a_total_ends_a_list_early_and_shows_that_one_is_cut_short() {
    assert_eq!(page_numbers(&[1, 2, 3], false, Some(3)), (vec![1, 2], ScanEnd::Complete));
    assert_eq!(page_numbers(&[1, 2], true, Some(2)).0, [1], "one page, and all in it");
    assert_eq!(
        page_numbers(&[1, 2, 3], true, Some(3)).0,
        [1, 2, 2, 1],
        "rows may have slipped, and page 3 need not be there"
    );
    let (asked, end) = page_numbers(&[1, 2, 3], false, Some(9));
    assert_eq!(asked, [1, 2, 3]);
    assert_eq!(end, ScanEnd::Broken("it says that there are 9 rows, and shows 3".to_owned()));
}

#[test]
fn a_server_that_does_not_page_is_read_once() {
    let empty = reply(&json!({}));
    let mut scan = Scan::new(&numbers(), "/l", &[], true);
    assert_eq!(scan.seen(&[json!(1)], &empty), ScanEnd::More);
    assert_eq!(scan.seen(&[json!(1)], &empty), ScanEnd::Complete);
    let mut scan = Scan::new(&numbers(), "/l", &[], true);
    assert_eq!(scan.seen(&[json!(1), json!(2), json!(3)], &empty), ScanEnd::Complete);
}

#[test]
fn hazard_60_a_full_page_that_comes_again_is_no_whole_list() {
    let empty = reply(&json!({}));
    let mut scan = Scan::new(&numbers(), "/l", &[], true);
    let rows = [json!(1), json!(2)];
    assert_eq!(scan.seen(&rows, &empty), ScanEnd::More);
    assert!(matches!(scan.seen(&rows, &empty), ScanEnd::Broken(_)));
}

#[test]
fn query_values_are_encoded() {
    let scan = Scan::new(&numbers(), "/l", &[("filter", r#"[{"a":"b&c"}]"#)], false);
    assert_eq!(
        scan.request().path,
        "/l?filter=%5B%7B%22a%22%3A%22b%26c%22%7D%5D&page=1&page_size=2"
    );
}

fn offsets(list: u64, cap: u64, window: Option<u64>, twice: bool) -> (Vec<u64>, usize, ScanEnd) {
    let paging = paging(
        r#"
kind = "offset"
offset = "offset"
limit = "limit"
size_rows = 4
rows = ""
total = "/0/total"
window = "/0/window"
"#,
    );
    let mut scan = Scan::new(&paging, "/runs", &[], twice);
    let mut asked = Vec::new();
    let (paths, rows, end) = read(&mut scan, |scan| {
        let offset: u64 = parameter(scan, "offset").unwrap().parse().unwrap();
        let row = |n: u64| json!({ "id": n, "window": window });
        (offset..list.min(offset + cap)).map(row).collect()
    });
    asked.extend(paths.iter().map(|path| {
        path.split("offset=").nth(1).unwrap().split('&').next().unwrap().parse::<u64>().unwrap()
    }));
    (asked, rows.len(), end)
}

#[test]
fn hazard_63_offsets_count_from_0_by_the_rows_that_came() {
    assert_eq!(offsets(9, 4, None, false), (vec![0, 4, 8, 9], 9, ScanEnd::Complete));
    assert_eq!(offsets(9, 3, None, false), (vec![0, 3, 6, 9], 9, ScanEnd::Complete));
    assert_eq!(offsets(0, 3, None, true).0, [0]);
    assert_eq!(offsets(9, 4, None, true).0, [0, 4, 8, 9, 8, 4, 0], "and backwards");
}

#[test]
fn hazard_59_a_window_that_is_smaller_than_the_list_cuts_it_short() {
    let (asked, _, end) = offsets(9, 4, Some(8), false);
    assert_eq!(asked, [0, 4]);
    assert_eq!(end, ScanEnd::Broken("only its first 8 rows can be reached".to_owned()));
    assert_eq!(offsets(7, 4, Some(8), false).2, ScanEnd::Complete);
}

fn linked(at: &str, answer: impl Fn(&str) -> (Value, Option<String>)) -> (Vec<String>, ScanEnd) {
    let paging = paging(&format!(
        r#"
kind = "next_url"
at = "{at}"
size = "page_size"
size_rows = 2
rows = "/results"
"#
    ));
    let mut scan =
        Scan::new(&paging, "/l", &[("sort", "id")], false).below("https://api.example/v1/");
    let mut asked = Vec::new();
    loop {
        asked.push(scan.request().path);
        let (body, link) = answer(asked.last().unwrap());
        let mut reply = reply(&body);
        if let Some(link) = link {
            reply.headers.insert("link", HeaderValue::from_str(&link).unwrap());
        }
        let rows = scan.rows(reply.json().unwrap()).unwrap().clone();
        match scan.seen(&rows, &reply) {
            ScanEnd::More if asked.len() < 20 => {}
            end => return (asked, end),
        }
    }
}

#[test]
fn hazard_61_links_are_followed_with_our_own_parameters() {
    let (asked, end) = linked("json:/next", |path| {
        let next = (!path.contains("page=3")).then(|| {
            let page = if path.contains("page=2") { 3 } else { 2 };
            format!("https://api.example/v1/l?page={page}&sort=date&page_size=20")
        });
        (json!({ "results": [1], "next": next }), None)
    });
    let wanted = [
        "/l?sort=id&page_size=2",
        "/l?page=2&sort=id&page_size=2",
        "/l?page=3&sort=id&page_size=2",
    ];
    assert_eq!(asked, wanted);
    assert_eq!(end, ScanEnd::Complete);
}

#[test]
fn the_header_link_names_the_next_page() {
    let (asked, end) = linked("header:link", |path| {
        let link = "<https://api.example/v1/l?page=1>; rel=\"first\"; title=\"a, <b>\", </v1/l?page=2>; rel=\"last next\"";
        (json!({ "results": [1] }), (!path.contains("page=2")).then(|| link.to_owned()))
    });
    assert_eq!((asked.len(), end), (2, ScanEnd::Complete));
    assert_eq!(asked[1], "/l?page=2&sort=id&page_size=2");
}

#[test]
fn hazard_60_a_link_that_comes_again_and_pages_without_end_are_stopped() {
    let again = |_: &str| (json!({ "results": [1], "next": "?page=2" }), None);
    let (asked, end) = linked("json:/next", again);
    assert_eq!(asked.len(), 2);
    assert!(
        matches!(&end, ScanEnd::Broken(why) if why.contains("page=2") && why.contains("again"))
    );
    let itself = |_: &str| (json!({ "results": [1], "next": "?sort=id&page_size=2" }), None);
    assert!(
        matches!(linked("json:/next", itself), (asked, ScanEnd::Broken(_)) if asked.len() == 1)
    );
    let (asked, end) = linked("json:/next", |path| {
        (json!({ "results": [], "next": format!("?page={}", path.len()) }), None)
    });
    assert!(asked.len() < 6 && matches!(end, ScanEnd::Broken(_)), "{asked:?}");
}

#[test]
fn links_to_other_places_are_not_followed() {
    for next in [
        "https://evil.example/v1/l?page=2",
        "http://api.example/v1/l?page=2",
        "https://api.example:8443/v1/l?page=2",
        "https://user@api.example/v1/l?page=2",
        "//evil.example/v1/l",
        "https://api.example/v1evil/l",
        "/admin",
        "https://[",
    ] {
        let (asked, end) =
            linked("json:/next", |_| (json!({ "results": [1], "next": next }), None));
        assert!(asked.len() == 1 && matches!(end, ScanEnd::Broken(_)), "{next}");
    }
}

fn cursors(from_row: bool, pages: &[(Value, Value)]) -> (Vec<Option<String>>, ScanEnd) {
    let at = if from_row { "from_row = \"/id\"" } else { "at = \"json:/cursor\"" };
    let paging = paging(&format!(
        r#"
kind = "cursor"
parameter = "after"
more = "/more"
rows = "/rows"
size = "limit"
{at}
"#
    ));
    let mut scan = Scan::new(&paging, "/l", &[], true);
    let mut asked = Vec::new();
    for (rows, rest) in pages {
        asked.push(parameter(&scan, "after"));
        let mut body = rest.clone();
        body["rows"] = rows.clone();
        let end = scan.seen(rows.as_array().unwrap(), &reply(&body));
        if end != ScanEnd::More {
            return (asked, end);
        }
    }
    (asked, ScanEnd::More)
}

#[test]
fn cursors_lead_from_page_to_page() {
    let (asked, end) = cursors(
        false,
        &[(json!([1]), json!({ "cursor": "a" })), (json!([2]), json!({ "cursor": "" }))],
    );
    assert_eq!((asked, end), (vec![None, Some("a".to_owned())], ScanEnd::Complete));
    let (asked, end) = cursors(
        true,
        &[
            (json!([{ "id": "x" }]), json!({ "more": true })),
            (json!([{ "id": "y" }]), json!({ "more": false })),
        ],
    );
    assert_eq!((asked, end), (vec![None, Some("x".to_owned())], ScanEnd::Complete));
}

#[test]
fn hazard_60_a_cursor_that_comes_again_or_is_missing_is_no_end() {
    let again = (json!([1]), json!({ "cursor": "a" }));
    assert!(matches!(cursors(false, &[again.clone(), again]).1, ScanEnd::Broken(_)));
    let lost = (json!([1]), json!({ "more": true, "cursor": null }));
    assert!(matches!(cursors(false, &[lost]).1, ScanEnd::Broken(_)));
    let nameless = (json!([{ "name": 1 }]), json!({}));
    assert!(matches!(cursors(true, &[nameless]).1, ScanEnd::Broken(_)));
    assert_eq!(cursors(true, &[(json!([]), json!({}))]).1, ScanEnd::Complete);
}
