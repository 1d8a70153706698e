//! Where the next page is: links, and whether they may be followed.

use url::Url;

use crate::dialect::{Extract, Place};
use crate::reply::Reply;

/// The URL of the next page that a reply names at a place, if any. In the header `link` it is the
/// one whose relation is `next` (RFC 8288 §3).
#[must_use]
pub fn next_link(at: &Extract, reply: &Reply) -> Option<String> {
    let texts = at.texts(reply);
    let link = matches!(&at.place, Place::Header(name) if name.eq_ignore_ascii_case("link"));
    match link && at.pattern.is_none() {
        true => texts.iter().find_map(|text| link_next(text)),
        false => texts.into_iter().find(|text| !text.is_empty()),
    }
}

/// The target of the link with `rel="next"`.
fn link_next(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let until = end_of_parameters(after);
        if after[..until].split(';').any(is_next) {
            return Some(target.trim().to_owned());
        }
        rest = &after[until..];
    }
    None
}

/// Where the parameters of a link end: at a comma outside quotation marks.
fn end_of_parameters(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// Path and query below the base URL of a URL that a reply names, seen from the page `here`
/// (path and query below the base URL, too). The URL may be whole, or relative to the page.
///
/// Credentials are sent with every page, so a URL on another origin, or outside the base URL, is
/// not followed (RFC 6454 §4).
///
/// # Errors
/// Why it is not followed, in words.
///
/// ```
/// use steadfast_call::same_origin_path;
///
/// let base = "https://api.example/v2";
/// let path = |next| same_origin_path(base, "/orders?page=1", next);
/// assert_eq!(path("https://api.example/v2/orders?page=2").unwrap(), "/orders?page=2");
/// assert_eq!(path("?page=2").unwrap(), "/orders?page=2");
/// assert!(path("https://evil.example/v2/orders?page=2").is_err());
/// ```
pub fn same_origin_path(base_url: &str, here: &str, next: &str) -> Result<String, String> {
    let base = Url::parse(base_url)
        .map_err(|error| format!("the base URL \"{base_url}\" is none ({error})"))?;
    let root = base.as_str().trim_end_matches('/').to_owned();
    let page = Url::parse(&format!("{root}{here}"))
        .map_err(|error| format!("the page \"{here}\" is none ({error})"))?;
    let target = page.join(next).map_err(|error| {
        format!("it names \"{next}\" as the next page, which is no URL ({error})")
    })?;
    if target.origin() != base.origin() || !target.username().is_empty() {
        return Err(format!(
            "the next page is on another server: {}",
            target.origin().ascii_serialization()
        ));
    }
    let prefix = base.path().trim_end_matches('/');
    let below = target.path().strip_prefix(prefix).filter(|path| path.starts_with('/'));
    let Some(below) = below else {
        return Err(format!("the next page {} lies outside the base URL", target.path()));
    };
    Ok(match target.query() {
        Some(query) => format!("{below}?{query}"),
        None => below.to_owned(),
    })
}

/// The same page, asked for with our own parameters: a server may forget them in what it names
/// (hazard 61).
pub(super) fn reapplied(path: &str, own: &[(String, String)]) -> String {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let theirs = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| own.iter().all(|(ours, _)| ours != name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()));
    let all: Vec<(String, String)> = theirs.chain(own.iter().cloned()).collect();
    with_query(route, &all)
}

/// A path with query parameters.
pub(super) fn with_query(path: &str, query: &[(String, String)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        text.append_pair(name, value);
    }
    format!("{path}?{}", text.finish())
}
