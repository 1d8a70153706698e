//! `steadfast explain`: what a reply means and what to do. The engine says it; here is only how
//! it is asked and how it is shown.

mod shown;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, Method};
use steadfast::dialect::Dialect;
use steadfast::{Effect, Explanation, Options, Reply, Request, SavedReply, explain, read_saved};

use crate::args::Global;
use crate::args::explain::ExplainArgs;
use crate::failure::Failure;
use crate::settings::Contract;
use crate::stdout;

use shown::Shown;
pub(crate) use shown::ending;

/// What stands for the path where none was given: no dialect means it in particular.
const ANY_PATH: &str = "/";

pub(crate) fn run(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let contract = Contract::read(&args.api, global.config.as_deref(), args.policy)?;
    let asked = Asked::of(args, &contract.dialect)?;
    let (reply, mut remarks) = read_reply(args, &asked.method)?;
    let dialect = Arc::new(contract.dialect);
    let tell = |method: &Method| {
        let request = Request::new(method.clone(), &asked.path);
        let options = options(&dialect, &request, args.key_sent);
        explain(&dialect, contract.policy, request, options, &reply)
    };
    let told = tell(&asked.method);
    remarks.extend(asked.remark(&dialect, &told, args.key_sent));
    let shown = Shown {
        dialect: &dialect,
        policy: contract.policy,
        told,
        as_read: args.method.is_none().then(|| tell(&Method::GET)),
        method: asked.method.clone(),
        path: args.path.as_ref().or(asked.assumed.then_some(&asked.path)).map(String::as_str),
        remarks: &remarks,
    };
    stdout::write(match global.json {
        true => format!("{}\n", shown.to_json()),
        false => shown.to_text(global.quiet),
    })?;
    Ok(0)
}

/// The request that the reply is to.
struct Asked {
    method: Method,
    path: String,
    /// The path was taken from the only resource that there is.
    assumed: bool,
}

impl Asked {
    fn of(args: &ExplainArgs, dialect: &Dialect) -> Result<Self, Failure> {
        let method = args.method.clone().unwrap_or(Method::POST);
        if let Some(path) = &args.path {
            return Ok(Self { method, path: path.clone(), assumed: false });
        }
        if !args.key_sent {
            return Ok(Self { method, path: ANY_PATH.to_owned(), assumed: false });
        }
        let creates: Vec<&str> =
            dialect.resource.values().map(|resource| resource.create.path.as_str()).collect();
        match creates.as_slice() {
            [path] => Ok(Self { method, path: (*path).to_owned(), assumed: true }),
            [] => Err(Failure::usage(format!(
                "--key-sent: the dialect {} knows nothing that has a key; leave it out",
                dialect.name
            ))),
            several => Err(Failure::usage(format!(
                "--key-sent says that the write can be looked up; say with --path what it wrote: {}",
                several.join(", ")
            ))),
        }
    }

    /// What has to be said of `--key-sent`, if anything.
    fn remark(&self, dialect: &Dialect, told: &Explanation, key_sent: bool) -> Option<String> {
        let request = Request::new(self.method.clone(), &self.path);
        match (key_sent, dialect.creates(&request)) {
            (true, None) => Some(format!(
                "--key-sent changes nothing: the dialect {} names no key for {} {}",
                dialect.name, self.method, self.path
            )),
            (false, Some((name, _))) if told.effect == Effect::Unknown => Some(format!(
                "this is said of a call that does not name the key of its {name}; one that does (--key-sent) can be looked up"
            )),
            _ => None,
        }
    }
}

/// What the caller would have said of the call.
fn options(dialect: &Dialect, request: &Request, key_sent: bool) -> Options {
    let Some((resource, _)) = dialect.creates(request).filter(|_| key_sent) else {
        return Options::default();
    };
    Options {
        resource: Some(resource.to_owned()),
        natural_key: Some("the key".to_owned()),
        ..Options::default()
    }
}

/// The reply, and what has to be said of how it was read.
fn read_reply(args: &ExplainArgs, method: &Method) -> Result<(Reply, Vec<String>), Failure> {
    let text = args.reply.as_deref().map(open).transpose()?;
    let extra = args.header.iter().cloned();
    match (text, args.status) {
        (Some(text), status) if status.is_none() || SavedReply::is_one(&text) => {
            let source = source(args.reply.as_deref());
            let saved = read_saved(&text, method).map_err(|error| {
                Failure::usage(format!("{source}: {error}, or say --status for a body alone"))
            })?;
            let mut reply = saved.reply;
            if let Some(status) = status.filter(|status| *status != reply.status) {
                return Err(Failure::usage(format!(
                    "--status {}: {source} says {}; leave one of them out",
                    status.as_u16(),
                    reply.status.as_u16()
                )));
            }
            reply.headers.extend(extra);
            Ok((reply, saved.remarks))
        }
        (text, Some(status)) => {
            let headers: HeaderMap = extra.collect();
            Ok((Reply::new(status, headers, text.unwrap_or_default().into()), Vec::new()))
        }
        (_, None) => Err(Failure::usage(
            "there is no reply to explain: say --status, or hand in what `curl -i` printed (a file, or - for standard input)",
        )),
    }
}

/// A body as it stands, `@FILE`, `-`, or the name of a file that is there.
fn open(text: &str) -> Result<Vec<u8>, Failure> {
    match text.strip_prefix('@') {
        _ if text == "-" => standard_input(),
        Some(file) => read_file(file),
        None if Path::new(text).is_file() => read_file(text),
        None => Ok(text.as_bytes().to_vec()),
    }
}

fn source(text: Option<&str>) -> String {
    match text {
        Some("-") => "standard input".to_owned(),
        Some(text) if text.starts_with('@') || Path::new(text).is_file() => {
            text.trim_start_matches('@').to_owned()
        }
        _ => "what was given".to_owned(),
    }
}

pub(crate) fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut text)
        .map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
    Ok(text)
}

pub(crate) fn read_file(file: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(file)
        .map_err(|error| Failure::usage(format!("{file}: cannot be read: {error}; check the name")))
}
