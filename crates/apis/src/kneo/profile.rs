//! Where the platform is and who is calling: a file, the environment, and what the program says
//! (contract 2). The texts are handed in, so that nothing here reads files or the environment.

use std::fmt;
use std::time::Duration;

use steadfast::Secret;

use crate::words::words;

words! {
    /// How the key is sent.
    pub enum AuthScheme {
        /// `Authorization: Bearer`, if nothing else is said.
        Bearer = "bearer",
        /// `X-Kneo-Api-Key`.
        KneoApiKey = "kneo_api_key",
    }
}

/// Everything that a client has to know.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where the platform is.
    pub url: String,
    /// The key. It is never printed.
    pub api_key: Secret,
    /// How the key is sent.
    pub auth_scheme: AuthScheme,
    /// How long one attempt may take; 30 s if nothing else is said.
    pub timeout: Duration,
}

/// What the program says itself; it stands above the environment, which stands above the file.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// The name of the profile.
    pub profile: Option<String>,
    /// Where the platform is.
    pub url: Option<String>,
    /// The key.
    pub api_key: Option<Secret>,
    /// How the key is sent.
    pub auth_scheme: Option<String>,
    /// How long one attempt may take, in seconds.
    pub timeout_s: Option<f64>,
}

/// Why there is no profile. A key is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    profile: String,
    text: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile \"{}\": {}", self.profile, self.text)
    }
}

impl std::error::Error for ProfileError {}

const TIMEOUT_S: f64 = 30.0;

/// Resolves a profile: the section of that name in the file, then `KNEO_URL`, `KNEO_API_KEY`,
/// `KNEO_AUTH_SCHEME` and `KNEO_TIMEOUT`, then the arguments; later wins. The name is the
/// argument's, else `KNEO_PROFILE`, else `default`.
///
/// `file` is the text of `client.toml` in the user's `kneo` folder of settings, none if there is no
/// such file. `variable` looks a variable up; `|name| std::env::var(name).ok()` asks the
/// environment.
///
/// ```
/// use steadfast_apis::kneo::{Arguments, resolve_profile};
///
/// let file = "[default]\nurl = \"http://127.0.0.1:8000\"\napi_key = \"k1\"\n";
/// let environment = |name: &str| (name == "KNEO_TIMEOUT").then(|| "5".to_owned());
/// let profile = resolve_profile(&Arguments::default(), environment, Some(file))?;
/// assert_eq!(profile.timeout.as_secs(), 5);
/// assert!(!format!("{profile:?}").contains("k1"));
/// # Ok::<(), steadfast_apis::kneo::ProfileError>(())
/// ```
///
/// # Errors
/// [`ProfileError`] if url or key is nowhere, or anything is not what it should be.
pub fn resolve_profile(
    arguments: &Arguments,
    variable: impl Fn(&str) -> Option<String>,
    file: Option<&str>,
) -> Result<Profile, ProfileError> {
    let named = arguments.profile.clone().or_else(|| variable("KNEO_PROFILE"));
    let name = named.unwrap_or_else(|| "default".to_owned());
    let wrong = |text: String| ProfileError { profile: name.clone(), text };
    let section = section(&name, file).map_err(wrong)?;
    let text_of = |key: &str| match section.get(key) {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(format!("`{key}` in the file is no text; put it in quotation marks"))),
    };
    let said = |argument: &Option<String>, name: &str, key: &str| match argument {
        Some(value) => Ok(Some(value.clone())),
        None => match variable(name) {
            Some(value) => Ok(Some(value)),
            None => text_of(key),
        },
    };
    let missing = |key: &str, name: &str| {
        wrong(format!("there is no `{key}`: give it in the file, as {name}, or as an argument"))
    };
    let url = said(&arguments.url, "KNEO_URL", "url")?;
    let argument = arguments.api_key.as_ref().map(|key| key.reveal().to_owned());
    let api_key = said(&argument, "KNEO_API_KEY", "api_key")?;
    let url = url.ok_or_else(|| missing("url", "KNEO_URL"))?;
    let api_key = api_key.ok_or_else(|| missing("api_key", "KNEO_API_KEY"))?;
    check_key(&api_key).map_err(|text| wrong(text.to_owned()))?;
    let scheme = said(&arguments.auth_scheme, "KNEO_AUTH_SCHEME", "auth_scheme")?;
    let auth_scheme = match scheme.as_deref().map_or(AuthScheme::Bearer, AuthScheme::from) {
        AuthScheme::Other(other) => {
            let known = AuthScheme::KNOWN.join(", ");
            return Err(wrong(format!("auth_scheme \"{other}\" is none; there are {known}")));
        }
        scheme => scheme,
    };
    let timeout = timeout(arguments, variable("KNEO_TIMEOUT"), section.get("timeout"));
    let timeout = timeout.map_err(wrong)?;
    Ok(Profile { name: name.clone(), url, api_key: api_key.into(), auth_scheme, timeout })
}

/// The section of the file; an empty one if there is none.
fn section(name: &str, file: Option<&str>) -> Result<toml::Table, String> {
    let Some(text) = file else { return Ok(toml::Table::new()) };
    // What toml says quotes the line, which may hold the key.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| span.start);
        let line = text.get(..before).map_or(1, |before| before.matches('\n').count() + 1);
        format!("the file is no TOML: see line {line}")
    })?;
    match table.get(name) {
        None => Ok(toml::Table::new()),
        Some(toml::Value::Table(section)) => Ok(section.clone()),
        Some(_) => Err(format!("`{name}` in the file is no section; write [{name}]")),
    }
}

/// A key that could not be sent would end up in the transport's error.
fn check_key(key: &str) -> Result<(), &'static str> {
    if key.is_empty() {
        return Err("the key is empty; give the value");
    }
    match key.chars().any(char::is_control) {
        true => Err("the key holds a control character, such as the line end of a key file"),
        false => Ok(()),
    }
}

fn timeout(
    arguments: &Arguments,
    variable: Option<String>,
    in_file: Option<&toml::Value>,
) -> Result<Duration, String> {
    let no_number = || "the time-out is no number of seconds; write 30 or 2.5".to_owned();
    let seconds = match (arguments.timeout_s, variable, in_file) {
        (Some(seconds), _, _) => seconds,
        (None, Some(text), _) => text.trim().parse().map_err(|_| no_number())?,
        (None, None, Some(toml::Value::Float(seconds))) => *seconds,
        (None, None, Some(toml::Value::Integer(seconds))) => *seconds as f64,
        (None, None, Some(_)) => return Err(no_number()),
        (None, None, None) => TIMEOUT_S,
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(timeout) if !timeout.is_zero() => Ok(timeout),
        _ => Err("the time-out has to be more than 0 s, and finite".to_owned()),
    }
}
