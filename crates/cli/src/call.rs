//! `steadfast call`: one call with everything that the engine knows.

mod shown;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use steadfast::dialect::Dialect;
use steadfast::{Client, Error, IdempotencyKey, Kind, Nature, Options, Outcome, Request};
use steadfast_ledger::Wish;

use crate::args::Global;
use crate::args::call::CallArgs;
use crate::explain::{read_file, standard_input};
use crate::failure::{Failure, INTERRUPTED, UNSENT, USAGE};
use crate::settings::{Api, Overrides};
use crate::signals;
use crate::stdout;

use shown::Ended;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) async fn run(global: &Global, args: CallArgs) -> Result<u8, Failure> {
    let api = Api::read(&args.api, global.config.as_deref())?;
    let request = request(&args)?;
    let mut options = options(&args, &request, api.dialect())?;
    let is_write = Nature::of(api.dialect(), &request).is_write();
    let client = api.client(&Overrides { policy: args.policy, rate: None })?;
    client.fill_in(&request, &mut options);
    let key = options.idempotency_key.as_ref().map(|key| key.value.clone());
    let Some(result) = make(&client, request, options).await else {
        return Err(Failure::new(INTERRUPTED, cut(key.as_deref())));
    };
    let ended = Ended { result: &result, is_write, key: key.as_deref() };
    let written = stdout::write(match global.json {
        true => format!("{}\n", ended.to_json()).into_bytes(),
        false => ended.body_to_show(),
    });
    if !global.json {
        eprint!("{}", ended.to_text(global.quiet));
    }
    written?;
    Ok(status(&result))
}

fn request(args: &CallArgs) -> Result<Request, Failure> {
    let mut request = Request::new(args.method.clone(), &args.path);
    request.headers.extend(args.header.iter().cloned());
    let body = match args.data.as_deref() {
        None => return Ok(request),
        Some("-") => standard_input()?,
        Some(text) => match text.strip_prefix('@') {
            Some(file) => read_file(file)?,
            None => text.as_bytes().to_vec(),
        },
    };
    request.headers.entry(CONTENT_TYPE).or_insert(JSON);
    request.body = Some(body.into());
    Ok(request)
}

/// What is known of the call beside what to send: what it writes, so that it can be looked up.
fn options(args: &CallArgs, request: &Request, dialect: &Dialect) -> Result<Options, Failure> {
    if let Some(name) = args.resource.as_ref().filter(|name| !dialect.resource.contains_key(*name))
    {
        let known: Vec<&str> = dialect.resource.keys().map(String::as_str).collect();
        return Err(Failure::usage(format!(
            "--resource {name}: the dialect {} knows {}",
            dialect.name,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )));
    }
    let read_off = dialect.creates(request).and_then(|(name, key)| Some((name.to_owned(), key?)));
    let (resource, natural_key) = match (&args.resource, &args.key, read_off) {
        (Some(resource), Some(key), _) => (Some(resource.clone()), Some(key.clone())),
        (_, _, Some((resource, key))) => (Some(resource), Some(key)),
        (_, _, None) => (None, None),
    };
    let idempotency_key = args.idempotency_key.as_deref().map(IdempotencyKey::from);
    let deadline = args.deadline;
    Ok(Options { deadline, resource, natural_key, idempotency_key, ..Options::default() })
}

/// What is said where nobody waited for the end.
fn cut(key: Option<&str>) -> String {
    let text = "cut. A write that was on its way may have been done: look before sending it again";
    match key {
        Some(key) => format!("{text}, or repeat it with --idempotency-key {key}"),
        None => text.to_owned(),
    }
}

/// Makes the call. The first Ctrl-C lets what is on its way end and calls off a wait; the second
/// cuts it, and then there is no result.
async fn make(
    client: &Client,
    request: Request,
    options: Options,
) -> Option<Result<Outcome, Error>> {
    let mut wish = signals::listen(|_| ());
    let mut call = Box::pin(client.call(request, options));
    loop {
        tokio::select! {
            result = &mut call => return Some(result),
            changed = wish.changed() => match (changed, *wish.borrow()) {
                (Err(_), _) => return Some(call.await),
                (Ok(()), Wish::Cut) => return None,
                (Ok(()), _) => client.wind_down(),
            },
        }
    }
}

fn status(result: &Result<Outcome, Error>) -> u8 {
    match result {
        Ok(_) => 0,
        Err(error) => match error.kind() {
            Kind::Refused(_) | Kind::Partial | Kind::Unknown | Kind::Differs | Kind::Protocol => 1,
            Kind::Unsendable => USAGE,
            Kind::Credentials(_) | Kind::Unreached(_) => UNSENT,
            Kind::Cancelled => INTERRUPTED,
        },
    }
}
