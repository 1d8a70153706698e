//! An API's contract alone: what is asked of it needs neither an address nor credentials.

use std::path::Path;

use steadfast::dialect::{Dialect, PolicyName};

use crate::failure::Failure;

use super::{ApiSettings, Place, load, read_dialect};

/// The dialect of an API, and which of its policies is followed.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) dialect: Dialect,
    pub(crate) policy: PolicyName,
}

impl Contract {
    /// Takes the API from the settings, or else the dialect of that name: built in, or a file.
    pub(crate) fn read(
        name: &str,
        config: Option<&Path>,
        policy: Option<PolicyName>,
    ) -> Result<Self, Failure> {
        let (mut settings, file) = load(config)?;
        let named = settings.api.remove(name);
        // A message speaks of the settings only where they name the API.
        let file = file.filter(|_| named.is_some());
        let mut api: ApiSettings = named.unwrap_or_default();
        api.take_environment(name);
        let place = Place { name, file: file.as_deref() };
        let mut dialect = read_dialect(api.dialect.as_deref().unwrap_or(name), &place)?;
        if let Some(attempts) = api.attempts {
            dialect.policy.recommended.attempts = attempts;
            dialect.policy.documented.attempts = attempts;
        }
        let set = match (policy, &api.policy) {
            (Some(policy), _) => policy,
            (None, Some(text)) => text.parse().map_err(|e: String| place.wrong("policy", &e))?,
            (None, None) => PolicyName::default(),
        };
        Ok(Self { dialect, policy: set })
    }
}

/// The text of a dialect: a built-in of that name, or a file.
pub(crate) fn open_dialect(name: &str) -> Result<String, Failure> {
    if let Some(text) = Dialect::built_in_text(name) {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(name).map_err(|error| {
        Failure::usage(format!(
            "\"{name}\" is neither a dialect that is built in ({}) nor a file that can be read: {error}",
            Dialect::built_in_names().join(", ")
        ))
    })
}
