//! The settings: flags over environment over `steadfast.toml`.

mod contract;
mod secrets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use steadfast::dialect::{Auth, Dialect, PolicyName};
use steadfast::{Client, Credentials, TlsFiles};

use crate::args::duration;
use crate::failure::Failure;

pub(crate) use contract::{Contract, open_dialect};
use secrets::Given;

const FILE: &str = "steadfast.toml";
const BASE_URL: &str = "\"https://company.example/api\"";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    api: BTreeMap<String, ApiSettings>,
}

/// What the settings say of one API. Everything may also come from the environment, as
/// `STEADFAST_<API>_<KEY>`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ApiSettings {
    dialect: Option<String>,
    base_url: Option<String>,
    auth_scheme: Option<String>,
    token_url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    ca_file: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
    proxy: Option<String>,
    timeout: Option<String>,
    attempts: Option<u32>,
    policy: Option<String>,
    pub(crate) concurrency: Option<u16>,
    pub(crate) rate: Option<f64>,
    /// What only some APIs ask for, by the names of the dialect: credentials, and what stands in paths.
    #[serde(flatten)]
    credentials: BTreeMap<String, Given>,
}

/// An API that is ready to be called, as far as settings go.
#[derive(Debug)]
pub(crate) struct Api {
    name: String,
    settings: ApiSettings,
    dialect: Dialect,
    base_url: String,
    credentials: Credentials,
    file: Option<PathBuf>,
}

/// What the command line says beside the settings.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) policy: Option<PolicyName>,
    pub(crate) rate: Option<f64>,
}

impl Api {
    /// Reads the settings of an API.
    pub(crate) fn read(name: &str, config: Option<&Path>) -> Result<Self, Failure> {
        let (settings, file) = load(config)?;
        let mut api = match settings.api.get(name) {
            Some(api) => api.clone(),
            None if file.is_some()
                && !settings.api.is_empty()
                && env(name, "base_url").is_none() =>
            {
                let known: Vec<&str> = settings.api.keys().map(String::as_str).collect();
                return Err(Failure::usage(format!(
                    "{}: there is no [api.{name}]; there is {}",
                    file.as_deref().unwrap_or(Path::new(FILE)).display(),
                    known.join(", ")
                )));
            }
            None => ApiSettings::default(),
        };
        api.take_environment(name);
        let place = Place { name, file: file.as_deref() };
        let dialect = read_dialect(api.dialect.as_deref().unwrap_or(name), &place)?;
        let auth = secrets::choose(&dialect, api.auth_scheme.as_deref(), &place)?;
        let line_of = |key: &str| line_of(file.as_deref()?, name, key);
        secrets::check_names(&api.credentials, &dialect, &place, line_of)?;
        let base_url =
            api.base_url.clone().ok_or_else(|| place.missing("base_url", BASE_URL, auth))?;
        let credentials = secrets::read(&api.credentials, auth, &place)?;
        Ok(Self { name: name.to_owned(), settings: api, dialect, base_url, credentials, file })
    }

    /// A double, with the credentials that it told.
    pub(crate) fn of_double(
        name: &str,
        base_url: &str,
        credentials: Credentials,
    ) -> Result<Self, Failure> {
        let place = Place { name, file: None };
        Ok(Self {
            name: name.to_owned(),
            settings: ApiSettings::default(),
            dialect: read_dialect(name, &place)?,
            base_url: base_url.to_owned(),
            credentials,
            file: None,
        })
    }

    pub(crate) fn settings(&self) -> &ApiSettings {
        &self.settings
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// What the settings say for a name in the paths of a resource.
    pub(crate) fn in_path(&self, name: &str) -> Result<Option<String>, Failure> {
        let place = Place { name: &self.name, file: self.file.as_deref() };
        match (env(&self.name, name), self.settings.credentials.get(name)) {
            (Some(text), _) => Ok(Some(text)),
            (None, Some(given)) => given.text(name, &place).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// How the ledger names this login: user and place, no secrets.
    pub(crate) fn account(&self) -> String {
        let place = self.base_url.trim_end_matches('/');
        let place = place.split_once("://").map_or(place, |(_, rest)| rest);
        let scheme = self.settings.auth_scheme.as_ref();
        let chosen = scheme.and_then(|scheme| self.dialect.auth_schemes.get(scheme));
        match self.credentials.identity(chosen.unwrap_or(&self.dialect.auth)) {
            Some(identity) => format!("{identity}@{place}"),
            None => place.to_owned(),
        }
    }

    /// Makes the client.
    pub(crate) fn client(self, overrides: &Overrides) -> Result<Client, Failure> {
        let place = Place { name: &self.name, file: self.file.as_deref() };
        let settings = self.settings;
        let mut builder =
            Client::builder(self.dialect, &self.base_url).credentials(self.credentials);
        if let Some(scheme) = settings.auth_scheme {
            builder = builder.auth_scheme(scheme);
        }
        for (name, value) in settings.headers {
            builder = builder.header(name, value);
        }
        if let Some(url) = settings.token_url {
            builder = builder.token_url(url);
        }
        if let Some(policy) = &settings.policy {
            builder =
                builder.policy(policy.parse().map_err(|e: String| place.wrong("policy", &e))?);
        }
        if let Some(policy) = overrides.policy {
            builder = builder.policy(policy);
        }
        if let Some(timeout) = &settings.timeout {
            let timeout: Duration = duration(timeout).map_err(|e| place.wrong("timeout", &e))?;
            builder = builder.timeout(timeout);
        }
        if let Some(attempts) = settings.attempts {
            builder = builder.attempts(attempts);
        }
        if let Some(rate) = overrides.rate.or(settings.rate) {
            builder = builder.rate(rate);
        }
        if let Some(proxy) = settings.proxy {
            builder = builder.proxy(proxy);
        }
        builder
            .tls(TlsFiles {
                ca_file: settings.ca_file,
                client_cert: settings.client_cert,
                client_key: settings.client_key,
            })
            .build()
            .map_err(|error| Failure::usage(format!("{place}: {error}")))
    }
}

impl ApiSettings {
    fn take_environment(&mut self, name: &str) {
        let text = |key: &str| env(name, key);
        let or = |slot: &mut Option<String>, key: &str| {
            if let Some(value) = text(key) {
                *slot = Some(value);
            }
        };
        or(&mut self.dialect, "dialect");
        or(&mut self.base_url, "base_url");
        or(&mut self.proxy, "proxy");
        or(&mut self.timeout, "timeout");
        or(&mut self.policy, "policy");
        or(&mut self.auth_scheme, "auth_scheme");
        or(&mut self.token_url, "token_url");
        self.ca_file = text("ca_file").map(PathBuf::from).or(self.ca_file.take());
    }
}

fn env(api: &str, key: &str) -> Option<String> {
    let name = format!("STEADFAST_{api}_{key}").to_uppercase().replace('-', "_");
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where a setting belongs, for messages.
struct Place<'p> {
    name: &'p str,
    file: Option<&'p Path>,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.file {
            Some(file) => write!(f, "{}: [api.{}]", file.display(), self.name),
            None => write!(f, "settings of {}", self.name),
        }
    }
}

impl Place<'_> {
    fn missing(&self, key: &str, example: &str, auth: &Auth) -> Failure {
        let name = self.name;
        let variable = format!("STEADFAST_{name}_{key}").to_uppercase().replace('-', "_");
        Failure::usage(match self.file {
            Some(_) => format!("{self} has no {key}; add {key} = {example}, or set {variable}"),
            None => format!(
                "there are no settings for {name}: no {FILE} here or in the user's configuration directory names it, and {variable} is not set. Write {FILE}:\n\n[api.{name}]\nbase_url = {BASE_URL}{}",
                secrets::example(name, auth)
            ),
        })
    }

    fn missing_credential(&self, field: &str, auth: &Auth) -> Failure {
        self.missing(field, &secrets::example_of(self.name, field, auth), auth)
    }

    fn wrong(&self, key: &str, why: &str) -> Failure {
        Failure::usage(format!("{self}: {key}: {why}"))
    }
}

fn read_dialect(name: &str, place: &Place<'_>) -> Result<Dialect, Failure> {
    if let Some(dialect) = Dialect::built_in(name) {
        return Ok(dialect);
    }
    let known = Dialect::built_in_names().join(", ");
    let text = std::fs::read_to_string(name).map_err(|error| {
        place.wrong(
            "dialect",
            &format!(
                "\"{name}\" is neither built in ({known}) nor a file that can be read: {error}"
            ),
        )
    })?;
    Dialect::parse(&text).map_err(|error| place.wrong("dialect", &format!("{name}: {error}")))
}

/// The settings, and the file they came from, if there is one.
fn load(config: Option<&Path>) -> Result<(Settings, Option<PathBuf>), Failure> {
    let candidates: Vec<PathBuf> = match config {
        Some(path) => vec![path.to_owned()],
        None => {
            let home = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| {
                std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"))
            });
            std::iter::once(PathBuf::from(FILE))
                .chain(home.map(|home| home.join("steadfast").join(FILE)))
                .collect()
        }
    };
    for path in candidates {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if config.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                continue;
            }
            Err(error) => {
                return Err(Failure::usage(format!("{}: cannot be read: {error}", path.display())));
            }
        };
        let settings = toml::from_str(&text).map_err(|error: toml::de::Error| {
            // The message alone: the line that it would quote may hold a password.
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            Failure::usage(format!("{}: line {line}: {}", path.display(), error.message()))
        })?;
        return Ok((settings, Some(path)));
    }
    Ok((Settings::default(), None))
}

/// The line of a setting of an API in the file, counted from 1.
fn line_of(file: &Path, name: &str, key: &str) -> Option<usize> {
    let text = std::fs::read_to_string(file).ok()?;
    let root = toml::de::DeTable::parse(&text).ok()?;
    let api = root.get_ref().get("api")?.get_ref().as_table()?.get(name)?.get_ref().as_table()?;
    let (key, _) = api.get_key_value(key)?;
    Some(1 + text[..key.span().start].matches('\n').count())
}

/// The APIs that the settings name.
pub(crate) fn names(config: Option<&Path>) -> Result<Vec<String>, Failure> {
    Ok(load(config)?.0.api.into_keys().collect())
}
