//! Which ledger is meant.

use std::path::{Path, PathBuf};

use steadfast_ledger::{Ledger, LedgerError, default_path, ledgers_in};

use crate::args::ledger::LedgerArgs;
use crate::failure::Failure;

/// The ledger that the user names, or the only one there is.
pub(super) fn find(args: &LedgerArgs) -> Result<PathBuf, Failure> {
    match (&args.ledger, &args.to) {
        (Some(path), _) => return Ok(path.clone()),
        (None, Some(api)) => return usual(api),
        (None, None) => {}
    }
    let (state, home) = homes();
    let found = ledgers_in(state.as_deref(), home.as_deref()).map_err(Failure::usage)?;
    match found.as_slice() {
        [(_, only)] => Ok(only.clone()),
        [] => {
            let place = default_path(state.as_deref(), home.as_deref(), "any");
            let place = place.as_deref().and_then(Path::parent);
            let place = place.map_or_else(String::new, |place| format!(" in {}", place.display()));
            Err(Failure::usage(format!(
                "there is no ledger{place}; deliver something first, or name a file with --ledger"
            )))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(Failure::usage(format!(
                "there are ledgers of {}; say which with --to, or name a file with --ledger",
                names.join(", ")
            )))
        }
    }
}

/// The ledger of an API in the user's state directory.
pub(crate) fn usual(api: &str) -> Result<PathBuf, Failure> {
    let (state, home) = homes();
    if state.is_none() && home.is_none() {
        return Err(Failure::usage(
            "there is no place for the ledger: neither XDG_STATE_HOME nor HOME is set; name one with --ledger",
        ));
    }
    default_path(state.as_deref(), home.as_deref(), api).ok_or_else(|| {
        Failure::usage(format!(
            "there is no place for a ledger of \"{api}\": it is named after the API, and this cannot be a file's name; name one with --ledger"
        ))
    })
}

fn homes() -> (Option<PathBuf>, Option<PathBuf>) {
    let home = |name| {
        std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute())
    };
    (home("XDG_STATE_HOME"), home("HOME"))
}

/// Opens a ledger for changing it. One that is not there is not made.
pub(super) fn open(path: &Path) -> Result<Ledger, LedgerError> {
    if !path.exists() {
        return Err(LedgerError::Missing { path: path.to_owned() });
    }
    Ledger::open(path)
}
