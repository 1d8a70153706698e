//! `steadfast explain`: what a reply means and what to do. The engine says it; here is only how
//! it is asked and how it is shown.

mod asked;
mod shown;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, Method};
use steadfast::{Reply, SavedReply, explain, read_saved};

use crate::args::Global;
use crate::args::explain::ExplainArgs;
use crate::failure::Failure;
use crate::settings::Contract;
use crate::stdout;

use asked::Asked;
use shown::Shown;
pub(crate) use shown::{asked_to_wait, ending};

pub(crate) fn run(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let contract = Contract::read(&args.api, global.config.as_deref(), args.policy)?;
    let asked = Asked::of(args, &contract.dialect)?;
    let (reply, mut remarks) = read_reply(args, &asked.method)?;
    let dialect = Arc::new(contract.dialect);
    let tell_of = |asked: &Asked, method: &Method| {
        let (request, options) = asked.call(&dialect, method);
        explain(&dialect, contract.policy, request, options, &reply)
    };
    let tell = |method: &Method| tell_of(&asked, method);
    let told = tell(&asked.method);
    remarks.extend(asked.remarks(&dialect, &told, |asked| tell_of(asked, &asked.method)));
    let shown = Shown {
        dialect: &dialect,
        policy: contract.policy,
        told,
        as_read: args.method.is_none().then(|| tell(&Method::GET)),
        method: asked.method.clone(),
        path: asked.path_to_show(),
        remarks: &remarks,
    };
    stdout::write(match global.json {
        true => format!("{}\n", shown.to_json()),
        false => shown.to_text(global.quiet),
    })?;
    Ok(0)
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
