//! Where a delivery goes: which API, which resource, which ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use steadfast::Credentials;
use steadfast::dialect::{Dialect, PathValue};
use steadfast_deliver::input::{self, Source};
use steadfast_ledger::Ledger;
use steadfast_sandbox::{Fixtures, Options, Sandbox};
use tempfile::TempDir;

use crate::args::DeliverArgs;
use crate::failure::Failure;
use crate::ledger::place;
use crate::settings::{self, Api};

pub(super) struct Target {
    pub(super) api: Api,
    pub(super) resource: String,
    /// What stands in the paths of all writes, by name.
    pub(super) given: BTreeMap<String, String>,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) ledger_path: PathBuf,
    /// The folder of a ledger that nobody wants to keep.
    pub(super) temporary: Option<TempDir>,
}

impl Target {
    pub(super) async fn find(
        args: &DeliverArgs,
        source: &Source,
        read: &input::Options,
        config: Option<&Path>,
    ) -> Result<Self, Failure> {
        match &args.sandbox {
            Some(_) => Self::double(args, source, read).await,
            None => Self::real(args, source, read, config),
        }
    }

    async fn double(
        args: &DeliverArgs,
        source: &Source,
        read: &input::Options,
    ) -> Result<Self, Failure> {
        let columns = input::columns(source, read).map_err(Failure::usage)?;
        let name = match &args.to {
            Some(name) => name.clone(),
            None => api_that_fits(&columns)?,
        };
        let api: steadfast_sandbox::Api = name.parse().map_err(Failure::usage)?;
        let (ledger_path, temporary) = fresh_ledger(args.ledger.as_deref())?;
        let options = Options {
            profile: args.profile,
            quirks: args.quirk.clone(),
            faults: args.sandbox.map(|preset| preset.plan(api, args.seed)),
            seed: args.seed,
            fixtures: Fixtures::Default,
            ..Options::default()
        };
        let sandbox = Sandbox::start(api, options).await.map_err(Failure::usage)?;
        let ready = sandbox.ready();
        let credentials = Credentials::named(ready.credentials.iter());
        let api = Api::of_double(&name, &ready.base_url, credentials)?;
        let resource = resource(args, &columns, api.dialect())?;
        let given = given(args, &api, &resource)?;
        Ok(Self { api, resource, given, sandbox: Some(sandbox), ledger_path, temporary })
    }

    fn real(
        args: &DeliverArgs,
        source: &Source,
        read: &input::Options,
        config: Option<&Path>,
    ) -> Result<Self, Failure> {
        let name = match (&args.to, settings::names(config)?.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [only]) => only.clone(),
            (None, []) => {
                return Err(Failure::usage(
                    "where to? Name an API of your settings with --to, or try it on a double with --sandbox rough-day",
                ));
            }
            (None, several) => {
                return Err(Failure::usage(format!(
                    "where to? The settings name {}; say which with --to",
                    several.join(", ")
                )));
            }
        };
        let api = Api::read(&name, config)?;
        let columns = input::columns(source, read).map_err(Failure::usage)?;
        let resource = resource(args, &columns, api.dialect())?;
        let (ledger_path, temporary) = match (args.dry_run, &args.ledger) {
            // A rehearsal leaves no trace.
            (true, _) => fresh_ledger(None)?,
            (false, Some(path)) => (path.clone(), None),
            (false, None) => (place::usual(&name)?, None),
        };
        let given = given(args, &api, &resource)?;
        Ok(Self { api, resource, given, sandbox: None, ledger_path, temporary })
    }
}

/// What the command line, or else the settings, say of the path of the resource.
fn given(
    args: &DeliverArgs,
    api: &Api,
    resource: &str,
) -> Result<BTreeMap<String, String>, Failure> {
    // A resource that is not there is told of where it is looked for.
    let known = api.dialect().resource.get(resource).into_iter().flat_map(|one| one.path.values());
    let known: Vec<&str> = known.map(PathValue::name).collect();
    if let Some((name, _)) = args.set.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        let there = match known.as_slice() {
            [] => format!("the path of a {resource} has no names"),
            known => format!("the path of a {resource} has {}", known.join(", ")),
        };
        return Err(Failure::usage(format!("--set {name}: {there}")));
    }
    let mut given = BTreeMap::new();
    for name in known {
        let of_flag = args.set.iter().rev().find(|(set, _)| set == name);
        let value = match of_flag {
            Some((_, value)) => Some(value.clone()),
            None => api.in_path(name)?,
        };
        given.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(given)
}

/// A ledger that holds nothing yet.
fn fresh_ledger(path: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), Failure> {
    let Some(path) = path else {
        let folder = TempDir::new().map_err(|error| {
            Failure::usage(format!("there is no place for a temporary ledger: {error}"))
        })?;
        return Ok((folder.path().join("ledger.db"), Some(folder)));
    };
    if path.exists() {
        let ledger = Ledger::open_read_only(path).map_err(Failure::usage)?;
        if !ledger.is_empty().map_err(Failure::usage)? {
            return Err(Failure::usage(format!(
                "{} holds deliveries already, and the double of --sandbox begins anew each time, so they would not fit together. \
                 Name a new file; or, to try out resuming, run `steadfast sandbox` by itself and deliver --to it: its world outlives a delivery",
                path.display()
            )));
        }
    }
    Ok((path.to_owned(), None))
}

/// The one API with a resource that the columns fit.
fn api_that_fits(columns: &[String]) -> Result<String, Failure> {
    let fitting: Vec<&str> = Dialect::built_in_names()
        .iter()
        .copied()
        .filter(|name| {
            Dialect::built_in(name)
                .is_some_and(|dialect| !input::fits(columns, &dialect).is_empty())
        })
        .collect();
    match fitting.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Failure::usage(format!(
            "the columns fit no resource of {}: {}. Name columns as the API names its fields, or say which API with --to",
            Dialect::built_in_names().join(", "),
            columns.join(", ")
        ))),
        several => Err(Failure::usage(format!(
            "the columns fit resources of {}; say which API with --to",
            several.join(", ")
        ))),
    }
}

fn resource(args: &DeliverArgs, columns: &[String], dialect: &Dialect) -> Result<String, Failure> {
    if let Some(name) = &args.resource {
        return Ok(name.clone());
    }
    let known: Vec<&str> = dialect.resource.keys().map(String::as_str).collect();
    match (input::fits(columns, dialect).as_slice(), known.as_slice()) {
        ([only], _) => Ok(only.clone()),
        // With a single resource the reader itself says best what does not fit.
        ([], [only]) => Ok((*only).to_owned()),
        ([], _) => Err(Failure::usage(fits_none(args, columns, dialect))),
        (several, _) => Err(Failure::usage(format!(
            "the columns fit several resources of {}: {}; say which with --resource",
            dialect.title,
            several.join(", ")
        ))),
    }
}

/// What the file names, and by which column each resource of the API would be known.
fn fits_none(args: &DeliverArgs, columns: &[String], dialect: &Dialect) -> String {
    let is_json = args.file.extension().is_some_and(|end| end.to_string_lossy().contains("json"));
    let place = if is_json { "the first record" } else { "line 1" };
    let named: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let resources = dialect.resource.iter();
    let known: Vec<String> =
        resources.map(|(name, resource)| format!("{name} by \"{}\"", resource.key)).collect();
    format!(
        "{}: {place} has the columns {}, which fit no resource of {}. Each is known by its key: {}. \
         Correct the columns, or say which it is with --resource",
        args.file.display(),
        named.join(", "),
        dialect.title,
        known.join(", ")
    )
}
