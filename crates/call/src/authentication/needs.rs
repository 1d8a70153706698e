//! What a dialect's way to log in asks of a call.

use crate::dialect::{Auth, Csrf, Dialect, TokenRoute};
use crate::request::Request;

impl Auth {
    /// True if there is a session that is made and renewed.
    #[must_use]
    pub fn has_session(&self) -> bool {
        match self {
            Self::None | Self::Bearer { .. } | Self::ApiKey { .. } | Self::Basic { .. } => false,
            Self::CookieSession { .. }
            | Self::ClientCredentials { .. }
            | Self::TokenExchange { .. } => true,
        }
    }

    /// True if every request carries the same credentials.
    #[must_use]
    pub fn has_static_credentials(&self) -> bool {
        matches!(self, Self::Bearer { .. } | Self::ApiKey { .. } | Self::Basic { .. })
    }

    /// Where the account's own token comes from, if it has one.
    #[must_use]
    pub fn token_route(&self) -> Option<&TokenRoute> {
        match self {
            Self::ClientCredentials { token, .. } => Some(token),
            Self::TokenExchange { parent, .. } => Some(parent),
            _ => None,
        }
    }

    /// The same, to be changed by what the user sets.
    pub fn token_route_mut(&mut self) -> Option<&mut TokenRoute> {
        match self {
            Self::ClientCredentials { token, .. } => Some(token),
            Self::TokenExchange { parent, .. } => Some(parent),
            _ => None,
        }
    }

    /// True if the request is itself one that gets a session. A 401 to it is final (K5).
    pub(crate) fn is_asked_by(&self, request: &Request) -> bool {
        let route = request.route();
        match self {
            Self::CookieSession { login, refresh, .. } => {
                let refresh = refresh.iter().flat_map(|refresh| &refresh.paths);
                login.paths.iter().chain(refresh).any(|path| path == route)
            }
            _ => self.token_route().is_some_and(|token| token.path.as_deref() == Some(route)),
        }
    }
}

/// True if the request needs a CSRF token that is fetched.
pub(crate) fn needs_csrf_fetched(dialect: &Dialect, request: &Request) -> bool {
    match &dialect.csrf {
        Some(Csrf::Fetch { methods, .. }) => {
            methods.iter().any(|method| method.eq_ignore_ascii_case(request.method.as_str()))
        }
        Some(Csrf::CookieToHeader { .. }) | None => false,
    }
}
