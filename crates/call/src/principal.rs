use std::sync::Arc;

use crate::dialect::{Auth, Dialect, glob_matches};
use crate::request::Request;

/// Whose credentials a call goes out with: the account's own, or those of one resource owner at
/// it (a business, a tenant). An owner's token is never used for another owner, and the
/// account's never in place of an owner's (hazard 10).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Principal {
    /// The account itself.
    #[default]
    Account,
    /// The resource owner of that id.
    Owner(Arc<str>),
}

impl Principal {
    /// Reads it from the path, by the patterns of the dialect.
    #[must_use]
    pub fn of(dialect: &Dialect, request: &Request) -> Self {
        let patterns: &[String] = match &dialect.auth {
            Auth::TokenExchange { owner, .. } => &owner.of,
            _ => &[],
        };
        let owner = patterns.iter().find_map(|pattern| owner_in(pattern, request.route()));
        owner.map_or(Self::Account, |owner| Self::Owner(owner.into()))
    }

    /// The id of the owner, if it is one.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Account => None,
            Self::Owner(id) => Some(id),
        }
    }
}

/// The segment of a path that stands where `{owner}` stands in the pattern, if the rest fits.
fn owner_in<'r>(pattern: &str, route: &'r str) -> Option<&'r str> {
    let (before, after) = pattern.split_once("{owner}")?;
    let depth = before.matches('/').count().checked_sub(1)?;
    let start = route.match_indices('/').nth(depth)?.0 + 1;
    let end = route[start..].find('/').map_or(route.len(), |length| start + length);
    let owner = &route[start..end];
    let fits = glob_matches(before, &route[..start]) && glob_matches(after, &route[end..]);
    (fits && !owner.is_empty()).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_one_whole_segment() {
        let pattern = "/v1/businesses/{owner}/invoices*";
        let of = |route| owner_in(pattern, route);
        assert_eq!(of("/v1/businesses/b1/invoices/"), Some("b1"));
        assert_eq!(of("/v1/businesses/b1/invoices/7/payments"), Some("b1"));
        assert_eq!(of("/v1/businesses/b1/x/invoices"), None);
        assert_eq!(of("/v1/businesses//invoices"), None);
        assert_eq!(of("/v1/businesses/b1"), None);
        assert_eq!(of("/v2/businesses/b1/invoices"), None);
        assert_eq!(of("/v1"), None);
        assert_eq!(owner_in("/v1/{owner}", "/v1/b1"), Some("b1"));
        assert_eq!(owner_in("/v1/{owner}", "/v1/b1/x"), None);
    }
}
