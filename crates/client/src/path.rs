//! Paths whose segments cannot lead elsewhere (hazard 68).

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a segment may hold as it is: the unreserved characters (RFC 3986, section 2.3).
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Longer than what any server reads, and short of what an address can hold at all.
const BYTES_MAX: usize = 60_000;

/// The path of a call, below the base URL, with its query if it has one.
///
/// Made from text it is taken as it stands; made by [`path!`](crate::path) of segments, whatever
/// these hold is encoded. What cannot be a path ends the call that it is given to, before
/// anything is sent, with [`Kind::Unsendable`](crate::Kind::Unsendable).
///
/// ```
/// use steadfast::path;
///
/// let id = "a/b?c=d e";
/// assert_eq!(path!("runs", id, "trace").to_string(), "/runs/a%2Fb%3Fc%3Dd%20e/trace");
/// assert_eq!(path!("orders", 42).to_string(), "/orders/42");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    fault: Option<String>,
}

impl Path {
    /// A path of these segments, each of them encoded.
    #[must_use]
    pub fn of_segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        let mut path = Self { text: String::new(), fault: None };
        for segment in segments {
            let segment = segment.as_ref();
            path.text.push('/');
            path.text.extend(utf8_percent_encode(segment, &UNRESERVED));
            // An empty id would be the list that it stands in, and DELETE is sent to lists, too.
            if segment.is_empty() {
                path.fault.get_or_insert_with(|| {
                    "a segment of the path is empty, which is the path of something else: check \
                     the id that it was made of"
                        .to_owned()
                });
            }
        }
        path
    }

    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.text, self.fault)
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), fault: None }
    }
}

impl From<String> for Path {
    fn from(text: String) -> Self {
        Self { text, fault: None }
    }
}

impl From<&String> for Path {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// As it is sent.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A [`Path`](crate::Path) of segments, each of which may be anything that can be written out.
/// All that stands in a segment is encoded: an id with `/` or `?` in it hits no other route.
///
/// ```
/// assert_eq!(steadfast::path!("items", "50% / 2").to_string(), "/items/50%25%20%2F%202");
/// ```
#[macro_export]
macro_rules! path {
    ($($segment:expr),+ $(,)?) => {
        $crate::Path::of_segments([$(::std::string::ToString::to_string(&$segment)),+])
    };
}

/// One path segment, whatever the id holds.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, &UNRESERVED).to_string()
}

/// Puts a slash at the end of the path, before its query, if there is none (hazard 29).
pub(crate) fn end_with_slash(path: &mut String) {
    let end = path.find('?').unwrap_or(path.len());
    if !path[..end].ends_with('/') {
        path.insert(end, '/');
    }
}

/// Why this cannot be the path of a request; none if it can. A URL has no way to say a segment
/// of dots: it is taken for "here" or "one up", encoded or not, and leads to another route.
pub(crate) fn fault(path: &str) -> Option<String> {
    let shown: String = path.split('?').next().unwrap_or_default().chars().take(100).collect();
    if path.chars().any(|c| c.is_control()) {
        return Some(format!("path {shown:?} holds a control character: encode its segments"));
    }
    if path.len() > BYTES_MAX {
        let bytes = path.len();
        return Some(format!(
            "path {shown:?}… is too long ({bytes} bytes; {BYTES_MAX} can be sent)"
        ));
    }
    let route = path.split('?').next().unwrap_or_default();
    let is_dots = |segment: &str| {
        let decoded = segment.replace("%2e", ".").replace("%2E", ".");
        decoded == "." || decoded == ".."
    };
    route.split(['/', '\\']).any(is_dots).then(|| {
        format!(
            "path {shown:?} holds a segment of dots, which leads to another route: leave it out"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_68_segments_of_dots_and_control_characters_are_no_paths() {
        for wrong in ["/a/..", "/../a", "/a/./b", "/a/%2e%2E/b", "/a\\..\\b", "/a\n", "/a/.\t./b"] {
            assert!(fault(wrong).is_some(), "{wrong:?}");
        }
        for fine in ["/", "/a.b/..c/...", "/a?x=/../", "/é/ü", "a", ""] {
            assert_eq!(fault(fine), None, "{fine:?}");
        }
        let shown = fault("/a/..?token=canary").unwrap();
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn an_empty_segment_is_refused_and_not_the_list() {
        assert!(path!("orders", "").into_parts().1.unwrap().contains("empty"));
        assert_eq!(path!("orders", "ü/é").into_parts(), ("/orders/%C3%BC%2F%C3%A9".into(), None));
    }
}
