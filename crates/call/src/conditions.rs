//! Whether a reply is what a rule or a hint asks for.

use http::Method;

use crate::classify::Circumstances;
use crate::dialect::{BodyShape, When, find_value, glob_matches};
use crate::reply::Reply;
use crate::request::Request;

/// A reply and the call that it answers.
pub(crate) struct View<'a> {
    pub(crate) request: &'a Request,
    pub(crate) reply: &'a Reply,
    /// Every code that it holds.
    pub(crate) codes: &'a [String],
    pub(crate) circumstances: Circumstances,
}

/// That a rule fits, and which of the codes it asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fit {
    pub(crate) code: Option<usize>,
}

impl View<'_> {
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.request.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    pub(crate) fn shape(&self) -> BodyShape {
        if self.reply.body.is_empty() {
            BodyShape::Empty
        } else if self.reply.json().is_some() {
            BodyShape::Json
        } else {
            BodyShape::Other
        }
    }

    /// Cheap conditions come first: this runs for every reply.
    pub(crate) fn fits(&self, when: &When) -> Option<Fit> {
        if !self.call_fits(when) || !self.headers_fit(when) {
            return None;
        }
        let mut fit = Fit::default();
        if !when.code.is_empty() {
            let asked = |code: &String| when.code.iter().any(|glob| glob_matches(glob, code));
            fit.code = Some(self.codes.iter().position(asked)?);
        }
        if when.code_absent && !self.codes.is_empty() {
            return None;
        }
        if !self.body_fits(when) {
            return None;
        }
        if !when.any.is_empty() {
            let one = when.any.iter().find_map(|when| self.fits(when))?;
            fit.code = fit.code.or(one.code);
        }
        Some(fit)
    }

    fn call_fits(&self, when: &When) -> bool {
        let status = self.reply.status.as_u16();
        (when.status.is_empty() || when.status.iter().any(|pattern| pattern.matches(status)))
            && !when.status_not.iter().any(|pattern| pattern.matches(status))
            && when.write.is_none_or(|write| write == self.is_write())
            && when.key_sent.is_none_or(|sent| sent == self.circumstances.key_sent)
            && when.policy.is_none_or(|policy| policy == self.circumstances.policy)
            && (when.method.is_empty()
                || when.method.iter().any(|m| m.eq_ignore_ascii_case(self.request.method.as_str())))
            && when.path.as_ref().is_none_or(|path| glob_matches(path, self.request.route()))
    }

    fn headers_fit(&self, when: &When) -> bool {
        let headers = &self.reply.headers;
        when.header.iter().all(|(name, pattern)| {
            let values = headers.get_all(name);
            values.iter().filter_map(|v| v.to_str().ok()).any(|v| glob_matches(pattern, v))
        }) && !when.header_absent.iter().any(|name| headers.contains_key(name))
            && when
                .content_type
                .as_ref()
                .is_none_or(|pattern| glob_matches(pattern, &self.reply.content_type()))
    }

    fn body_fits(&self, when: &When) -> bool {
        let found = |pointer: &str| self.reply.json().and_then(|body| find_value(body, pointer));
        let there = |pointer: &String| found(pointer).is_some_and(|value| !value.is_null());
        when.body.is_none_or(|shape| shape == self.shape())
            && when.json.iter().all(|(pointer, wanted)| found(pointer) == Some(wanted))
            && when.json_there.iter().all(there)
            && !when.json_absent.iter().any(there)
            && (when.text.is_empty() || {
                let body = String::from_utf8_lossy(&self.reply.body);
                when.text.iter().any(|text| body.contains(text.as_str()))
            })
    }
}
