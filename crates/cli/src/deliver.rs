//! `steadfast deliver`: settings, the double if one is asked for, the job, and its account.

pub(crate) mod account;
mod files;
mod judge;
mod refused;
mod table;
mod target;

use std::sync::Arc;

use steadfast_deliver::input::{self, Source};
use steadfast_deliver::{DeliverError, Delivered, Job, Progress, deliver};
use steadfast_ledger::{Ledger, OnUnknown, Ordering, RunnerOptions, Wish};
use tokio::sync::watch;

use crate::args::{DeliverArgs, Global, OnUnknownArg, OrderingArg};
use crate::failure::{Failure, INTERRUPTED, UNSENT};
use crate::screen::Screen;
use crate::{signals, stdout};

use account::Account;
use target::Target;

/// How many writes are sending at the same time, if nobody says otherwise.
const CONCURRENCY: u16 = 16;

pub(crate) async fn run(global: &Global, args: DeliverArgs) -> Result<u8, Failure> {
    let source = Arc::new(open_source(&args)?);
    let read = input::Options {
        decimal_comma: args.decimal_comma,
        format: None,
        key_column: args.key.clone(),
        ..input::Options::default()
    };
    let target = Target::find(&args, &source, &read, global.config.as_deref()).await?;
    let Target { api, resource, given, sandbox, ledger_path, temporary } = target;
    let read = input::Options { given, ..read };
    let job = Job {
        account: api.account(),
        command: format!("deliver {}", source.name()),
        source: Arc::clone(&source),
        read,
        resource,
        ordering: match args.ordering {
            OrderingArg::Park => Ordering::Park,
            OrderingArg::Skip => Ordering::Skip,
        },
        allowance: args.deadline,
        preflight: !args.no_preflight,
        dry_run: args.dry_run,
        runner: RunnerOptions {
            allowance: args.deadline,
            concurrency: usize::from(
                args.concurrency.or(api.settings().concurrency).unwrap_or(CONCURRENCY),
            ),
            on_unknown: match args.on_unknown {
                OnUnknownArg::Hold => OnUnknown::Hold,
                OnUnknownArg::Resend => OnUnknown::Resend,
            },
            confirm_for: (!args.no_confirm).then_some(args.confirm_for),
        },
    };
    let client =
        api.client(&crate::settings::Overrides { policy: args.policy, rate: args.rate })?;
    let ledger = Ledger::open(&ledger_path).map_err(Failure::usage)?;
    let progress = Arc::new(Progress::default());
    let wish = listen(global.quiet || global.json);
    let quiet = global.quiet || global.json;
    let screen = Screen::start(quiet, Arc::clone(&progress), client.clone(), wish.clone());
    let started = jiff::Zoned::now();
    let result = deliver(&job, &ledger, &client, &progress, wish.clone()).await;
    screen.finish().await;
    let kept = temporary.is_none();
    let delivered = result.map_err(|error| explain(error, &ledger, kept, *wish.borrow()))?;
    let mut account = Account::of(&job, &delivered, &ledger, client.dialect(), kept)?;
    if let Some(sandbox) = &sandbox
        && !args.dry_run
    {
        let resource = &client.dialect().resource[&job.resource];
        account.audit = Some(judge::judge(sandbox, &ledger, &delivered, resource).await?);
    }
    let written = files::write(&args, &job, &account, &ledger, &client, &progress, &started)?;
    show(global, &account, &written, &args)?;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(status(&account, &delivered, &args, *wish.borrow()))
}

fn open_source(args: &DeliverArgs) -> Result<Source, Failure> {
    if args.file.as_os_str() == "-" {
        return Source::spooled("standard input", std::io::stdin().lock()).map_err(Failure::usage);
    }
    Source::file(&args.file).map_err(Failure::usage)
}

fn listen(quiet: bool) -> watch::Receiver<Wish> {
    signals::listen(move |wish| {
        if !quiet && !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            match wish {
                Wish::WindDown => eprintln!("stopping: what is in flight ends first"),
                Wish::Cut | Wish::GoOn => eprintln!("cut; the ledger knows what was in flight"),
            }
        }
    })
}

/// Why nothing was sent, with what the ledger holds now.
fn explain(error: DeliverError, ledger: &Ledger, kept: bool, wish: Wish) -> Failure {
    let status = match &error {
        DeliverError::Input(_) | DeliverError::Resource { .. } | DeliverError::Ledger(_) => {
            return Failure::usage(error);
        }
        DeliverError::Stopped { .. } => INTERRUPTED,
        _ if wish != Wish::GoOn => INTERRUPTED,
        DeliverError::Credentials { .. }
        | DeliverError::Unreached(_)
        | DeliverError::Preflight(_) => UNSENT,
    };
    let place = match kept {
        true => {
            format!(
                " The ledger is {}; the same command goes on from there.",
                ledger.path().display()
            )
        }
        false => String::new(),
    };
    Failure::new(status, format!("{error}\nNothing was sent.{place}"))
}

fn show(
    global: &Global,
    account: &Account,
    written: &[String],
    args: &DeliverArgs,
) -> Result<(), Failure> {
    if global.json {
        for finding in account.audit.iter().flat_map(judge::findings) {
            eprintln!("{finding}");
        }
        return stdout::write(format!("{}\n", account.to_json()));
    }
    let mut text = table::render(account, args.dry_run);
    if !global.quiet {
        for line in written {
            text.push_str(line);
            text.push('\n');
        }
    }
    stdout::write(text)
}

fn status(account: &Account, delivered: &Delivered, args: &DeliverArgs, wish: Wish) -> u8 {
    let stopped = delivered.ended.as_ref().is_some_and(|ended| ended.stopped) || wish != Wish::GoOn;
    if stopped && account.open() > 0 {
        return INTERRUPTED;
    }
    let closed = delivered.ended.as_ref().is_some_and(|ended| ended.credentials.is_some());
    if closed && account.in_effect() == 0 {
        return UNSENT;
    }
    let dirty = account.audit.as_ref().is_some_and(|audit| !audit.is_clean());
    match account.is_well(args.no_confirm, args.dry_run) && !dirty {
        true => 0,
        false => 1,
    }
}
