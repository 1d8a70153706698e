use std::collections::BTreeMap;
use std::fmt;

use steadfast_call::dialect::Auth;
use zeroize::Zeroizing;

/// Text that is never printed, and is overwritten in memory when it is dropped.
///
/// ```
/// let secret = steadfast::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What keeps it from being sent, in words that do not show it.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.0.is_empty() {
            return Some("it is empty; give the value");
        }
        let control = self.0.chars().any(char::is_control);
        control.then_some(
            "it holds a control character, such as the line end of a key file; take that out",
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// What proves who we are: secrets by the names that the dialect has for them
/// ([`Auth::fields`]).
///
/// ```
/// use steadfast::Credentials;
///
/// let person = Credentials::password("erp", "hunter2");
/// let token = Credentials::token("t0ken");
/// let partner = Credentials::named([("partner_uuid", "1111"), ("api_key", "k3y")]);
/// assert_eq!(format!("{partner:?}"), r#"Credentials {"api_key", "partner_uuid"}"#);
/// # let _ = (person, token);
/// ```
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, Secret>);

impl Credentials {
    /// A user name and a password: the fields `username` and `password`.
    #[must_use]
    pub fn password(username: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        Self::named([("username", username.into()), ("password", password.into())])
    }

    /// A token: the field `token`.
    #[must_use]
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::named([("token", token.into())])
    }

    /// Secrets by name.
    #[must_use]
    pub fn named<N: Into<String>, S: Into<Secret>>(
        fields: impl IntoIterator<Item = (N, S)>,
    ) -> Self {
        Self(fields.into_iter().map(|(name, secret)| (name.into(), secret.into())).collect())
    }

    /// The names of the secrets that are there, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whose credentials they are, where a field of them says so and is no secret: the user
    /// name, or the id of the client.
    #[must_use]
    pub fn identity(&self, auth: &Auth) -> Option<&str> {
        self.get(Self::identity_field(auth)?).map(Secret::reveal)
    }

    /// The field that says who somebody is and proves nothing, if that way to log in has one.
    #[must_use]
    pub fn identity_field(auth: &Auth) -> Option<&str> {
        let template = match auth {
            Auth::None | Auth::Bearer { .. } | Auth::ApiKey { .. } => None,
            Auth::Basic { username, .. } => Some(username),
            Auth::CookieSession { login, .. } => {
                login.body.values().find(|value| value.as_str() == "{username}")
            }
            Auth::ClientCredentials { .. } | Auth::TokenExchange { .. } => {
                auth.token_route().map(|route| &route.client_id)
            }
        };
        template?.strip_prefix('{')?.strip_suffix('}')
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// The values that must not be printed: all but those that say who we are.
    pub(crate) fn secrets(&self, auth: &Auth) -> impl Iterator<Item = &str> {
        let shown = Self::identity_field(auth);
        self.iter().filter(move |(name, _)| Some(*name) != shown).map(|(_, secret)| secret.reveal())
    }

    /// A template with its `{names}` filled in; a name that is not there gives nothing.
    pub(crate) fn fill(&self, template: &str) -> Secret {
        self.fill_for(template, None)
    }

    /// The same where `{owner}` is known, too.
    pub(crate) fn fill_for(&self, template: &str, owner: Option<&str>) -> Secret {
        let value = |name: &str| match (name, owner) {
            ("owner", Some(owner)) => owner,
            _ => self.get(name).map_or("", Secret::reveal),
        };
        let mut text = Zeroizing::new(String::with_capacity(template.len() + 64));
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            text.push_str(before);
            text.push_str(value(name));
            rest = behind;
        }
        text.push_str(rest);
        Secret(text)
    }
}

/// The names only: the values are secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials ")?;
        f.debug_set().entries(self.names()).finish()
    }
}
