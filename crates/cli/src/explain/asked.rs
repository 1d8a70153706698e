//! The call that a reply is to, as far as it was said, and what has to be said where it was not.

use http::Method;
use steadfast::dialect::{Dialect, Idempotency, KeyPlace};
use steadfast::{Effect, Explanation, IdempotencyKey, Nature, Next, Options, Request};

use crate::args::explain::ExplainArgs;
use crate::failure::Failure;

/// What stands for the path where none was given: no dialect means it in particular.
const ANY_PATH: &str = "/";
/// What stands for a key: which one it is changes nothing.
const ANY_KEY: &str = "00000000-0000-4000-8000-000000000000";

#[derive(Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    path: String,
    /// Where the path comes from.
    path_is: PathIs,
    /// It carried an idempotency key.
    key_sent: bool,
    /// The caller knows its natural key.
    natural_key: bool,
    /// `--key-sent` was taken for the natural key.
    taken_for_natural: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum PathIs {
    Given,
    /// The only one that was possible, or the first of several.
    Assumed,
    Any,
}

impl Asked {
    pub(super) fn of(args: &ExplainArgs, dialect: &Dialect) -> Result<Self, Failure> {
        let method = args.method.clone().unwrap_or(Method::POST);
        let taken_for_natural = args.key_sent && takes_natural_keys_only(args, dialect, &method);
        let mut asked = Self {
            method,
            path: ANY_PATH.to_owned(),
            path_is: PathIs::Any,
            key_sent: args.key_sent && !taken_for_natural,
            natural_key: args.natural_key || taken_for_natural,
            taken_for_natural,
        };
        if let Some(path) = &args.path {
            (asked.path, asked.path_is) = (path.clone(), PathIs::Given);
        } else if let Some(path) = asked.likely_path(dialect)? {
            (asked.path, asked.path_is) = (path, PathIs::Assumed);
        }
        Ok(asked)
    }

    /// Where a write with such a key goes, if no path says it.
    fn likely_path(&self, dialect: &Dialect) -> Result<Option<String>, Failure> {
        if self.natural_key {
            let creates: Vec<&str> =
                dialect.resource.values().map(|resource| resource.create.path.as_str()).collect();
            return match creates.as_slice() {
                [path] => Ok(Some((*path).to_owned())),
                [] => Err(Failure::usage(format!(
                    "--natural-key: the dialect {} knows nothing that has a natural key; leave it out",
                    dialect.name
                ))),
                several => Err(Failure::usage(format!(
                    "the natural key says that the write can be looked up; say with --path what it wrote: {}",
                    several.join(", ")
                ))),
            };
        }
        let Some(keys) = dialect.idempotency.as_ref().filter(|_| self.key_sent) else {
            return Ok(None);
        };
        // A pattern is a path that fits it.
        let method = self.method.as_str();
        let fits = keys.honoured.iter().find(|route| route.method.eq_ignore_ascii_case(method));
        Ok(fits.map(|route| route.path.clone()))
    }

    pub(super) fn path_to_show(&self) -> Option<&str> {
        (self.path_is != PathIs::Any).then_some(self.path.as_str())
    }

    /// The call, as its caller would have made it with that method.
    pub(super) fn call(&self, dialect: &Dialect, method: &Method) -> (Request, Options) {
        let mut request = Request::new(method.clone(), &self.path);
        let mut options = Options::default();
        if let Some((resource, _)) = dialect.creates(&request).filter(|_| self.natural_key) {
            options.resource = Some(resource.to_owned());
            options.natural_key = Some("the key".to_owned());
        }
        if let Some(keys) = dialect.idempotency.as_ref().filter(|_| self.key_sent) {
            if Nature::of(dialect, &request).is_write() {
                options.idempotency_key = Some(any_key(keys));
            }
            // Such a key needs a body that it goes into.
            if let (true, KeyPlace::Json(_)) = (options.idempotency_key.is_some(), &keys.at) {
                request = request.json("{}");
            }
        }
        (request, options)
    }

    /// What has to be said of the keys, if anything.
    pub(super) fn remarks(
        &self,
        dialect: &Dialect,
        told: &Explanation,
        tell: impl Fn(&Self) -> Explanation,
    ) -> Vec<String> {
        let request = Request::new(self.method.clone(), &self.path);
        let in_doubt = told.effect == Effect::Unknown && told.next == Next::End;
        let mut remarks: Vec<String> =
            self.of_the_key(dialect, &request, in_doubt).into_iter().collect();
        let natural = dialect.creates(&request);
        if self.natural_key && natural.is_none() {
            remarks.push(format!(
                "--natural-key changes nothing: the dialect {} names no natural key for {} {}",
                dialect.name, self.method, self.path
            ));
        }
        if !in_doubt {
            return remarks;
        }
        // What another key would change is asked of the engine.
        let with = |key_sent, natural_key| tell(&Self { key_sent, natural_key, ..self.clone() });
        if dialect.idempotency.is_some()
            && !self.key_sent
            && with(true, self.natural_key).next != Next::End
        {
            remarks.push(
                "this is said of a call without an idempotency key; one that carried it (--key-sent) can be sent again".to_owned(),
            );
        }
        let named = natural.filter(|_| !self.natural_key);
        if let Some((name, _)) = named.filter(|_| with(self.key_sent, true).next != Next::End) {
            remarks.push(format!(
                "this is said of a call that does not name the key of its {name}; one that does (--natural-key) can be looked up or recognised"
            ));
        }
        remarks
    }

    fn of_the_key(&self, dialect: &Dialect, request: &Request, in_doubt: bool) -> Option<String> {
        let (title, method, path) = (&dialect.title, &self.method, &self.path);
        let keys = dialect.idempotency.as_ref();
        if self.taken_for_natural {
            return Some(format!(
                "{title} takes no idempotency keys for this, so --key-sent means --natural-key here"
            ));
        }
        match keys.filter(|_| self.key_sent) {
            None if self.key_sent => {
                Some(format!("--key-sent changes nothing: {title} takes no idempotency keys"))
            }
            Some(keys) if in_doubt && !keys.honours(request) => Some(format!(
                "{title} recognises no repeat of {method} {path} by an idempotency key, so the key does not make it safe to send it again"
            )),
            Some(_) if self.path_is == PathIs::Assumed => Some(format!(
                "{path} was taken for the path, since {title} recognises keys there; --path says another"
            )),
            _ => None,
        }
    }
}

/// True if the API recognises no idempotency key there, and what is written has a natural one.
fn takes_natural_keys_only(args: &ExplainArgs, dialect: &Dialect, method: &Method) -> bool {
    match (&dialect.idempotency, &args.path) {
        (None, _) => !dialect.resource.is_empty(),
        (Some(keys), Some(path)) => {
            let request = Request::new(method.clone(), path);
            !keys.sends(&request) && dialect.creates(&request).is_some()
        }
        (Some(_), None) => false,
    }
}

fn any_key(keys: &Idempotency) -> IdempotencyKey {
    let length = keys.length_max.unwrap_or(ANY_KEY.len()).min(ANY_KEY.len());
    IdempotencyKey::from(&ANY_KEY[..length])
}
