//! `steadfast ledger`: looking at deliveries, and acting on them by hand.

mod change;
mod keep;
mod list;
mod name;
pub(crate) mod place;
mod record;
mod show;
mod status;
mod words;

use std::io::{self, BufWriter, StdoutLock, Write};

use steadfast_ledger::LedgerError;

use crate::args::Global;
use crate::args::ledger::{LedgerArgs, LedgerCommand};
use crate::failure::Failure;
use crate::layout::{fold, width};

/// How wide everything is where stdout is no terminal.
const WIDTH_PIPED: u16 = 80;
/// Something that was asked for was not done.
const NOT_DONE: u8 = 1;

pub(crate) async fn run(global: &Global, args: LedgerArgs) -> Result<u8, Failure> {
    let path = place::find(&args)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut desk = Desk { global, path, out: &mut out };
    let ended = match args.command {
        LedgerCommand::List(args) => list::list(&mut desk, &args),
        LedgerCommand::Export(args) => list::export(&mut desk, &args),
        LedgerCommand::Show(args) => show::show(&mut desk, &args),
        LedgerCommand::Status => status::status(&mut desk),
        LedgerCommand::Retry(args) => change::retry(&mut desk, &args).await,
        LedgerCommand::Cancel(args) => change::cancel(&mut desk, &args).await,
        LedgerCommand::Resolve(args) => change::resolve(&mut desk, &args).await,
        LedgerCommand::Prune(args) => keep::prune(&mut desk, &args).await,
        LedgerCommand::Backup { path } => keep::backup(&mut desk, &path),
    };
    let ended = ended.and_then(|status| Ok(out.flush().map(|()| status)?));
    match ended {
        Ok(status) => Ok(status),
        Err(Stop::Failed(failure)) => Err(failure),
        // Whoever reads has had enough, as `head` does.
        Err(Stop::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(Stop::Unwritten(error)) => {
            Err(Failure::new(NOT_DONE, format!("stdout cannot be written: {error}")))
        }
    }
}

/// What every command works with.
struct Desk<'d> {
    global: &'d Global,
    path: std::path::PathBuf,
    out: &'d mut BufWriter<StdoutLock<'static>>,
}

impl Desk<'_> {
    /// Writes a line to stdout.
    fn line(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        Ok(writeln!(self.out, "{}", text.as_ref())?)
    }

    /// Writes a sentence to stdout, broken between words where it is too long.
    fn say(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        self.line(fold(text.as_ref(), usize::from(width(WIDTH_PIPED))))
    }

    /// Writes a sentence to stdout that a person can do without.
    fn remark(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        match self.global.quiet || self.global.json {
            true => Ok(()),
            false => self.say(text),
        }
    }

    /// Writes a line to stderr that nobody should miss.
    fn warn(&mut self, text: &str) -> Result<(), Stop> {
        // In the order in which it was said, if both go to the same place.
        self.out.flush()?;
        eprintln!("steadfast: {text}");
        Ok(())
    }
}

/// Why a command ended before its end.
#[derive(Debug)]
enum Stop {
    Failed(Failure),
    Unwritten(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Failed(Failure::usage(error))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

type Ended = Result<u8, Stop>;

/// `1 delivery`, `2 deliveries`.
fn deliveries(count: u64) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        _ => format!("{count} deliveries"),
    }
}
