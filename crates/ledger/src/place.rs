//! Where a ledger lies, and the files and directories it makes there.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::LedgerError;

/// The ledger of an API in the user's state directory: `steadfast/<api>.db` under `state_home`
/// (`$XDG_STATE_HOME`), or under `.local/state` in `home`.
///
/// A `state_home` that is not absolute is ignored, as the XDG specification asks. `None` when
/// neither place is known or the API's name cannot be a file's name.
pub fn default_path(state_home: Option<&Path>, home: Option<&Path>, api: &str) -> Option<PathBuf> {
    if api.is_empty() || api.starts_with('.') || api.contains(['/', '\\', '\0']) {
        return None;
    }
    let base = match (
        state_home.filter(|path| path.is_absolute()),
        home.filter(|path| path.is_absolute()),
    ) {
        (Some(state_home), _) => state_home.to_owned(),
        (None, Some(home)) => home.join(".local").join("state"),
        (None, None) => return None,
    };
    Some(base.join("steadfast").join(format!("{api}.db")))
}

/// The ledgers in the user's state directory: the name of the API and the file of each, by name. Places
/// are read as by [`default_path`]; a directory that is not there holds none.
///
/// # Errors
///
/// When the directory is there and cannot be read.
pub fn ledgers_in(
    state_home: Option<&Path>,
    home: Option<&Path>,
) -> Result<Vec<(String, PathBuf)>, LedgerError> {
    let Some(directory) =
        default_path(state_home, home, "any").and_then(|path| path.parent().map(Path::to_owned))
    else {
        return Ok(Vec::new());
    };
    let failed = |error| LedgerError::io(&directory, "read", error);
    let entries = match directory.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".db"));
        if let Some(name) = name.filter(|name| !name.starts_with('.')) {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// The path with a suffix behind its whole name: `a.db` and `.lock` give `a.db.lock`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the directories above `path` that are missing, for this user alone, and makes sure that
/// they outlive a power failure.
pub(crate) fn make_parents(path: &Path) -> Result<(), LedgerError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    if parent.is_dir() {
        return Ok(());
    }
    make_parents(parent)?;
    match directory_builder().create(parent) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && parent.is_dir() => {}
        Err(error) => return Err(LedgerError::io(parent, "create the directory", error)),
    }
    sync_directory(parent.parent());
    Ok(())
}

/// Makes the file if it is missing, for this user alone. SQLite gives the files that it adds
/// beside it the same mode.
pub(crate) fn make_file(path: &Path) -> Result<(), LedgerError> {
    match private_file(true).open(path) {
        Ok(file) => {
            file.sync_all().map_err(|error| LedgerError::io(path, "sync", error))?;
            sync_directory(path.parent());
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LedgerError::io(path, "create", error)),
    }
}

/// Makes a file that must not be there yet, for this user alone.
pub(crate) fn make_new_file(path: &Path) -> Result<(), LedgerError> {
    private_file(true).open(path).map(drop).map_err(|error| LedgerError::io(path, "create", error))
}

/// Takes the lock that says "this process writes the ledger". It is let go when the file is dropped,
/// or when the process ends in any way.
pub(crate) fn lock(ledger: &Path) -> Result<File, LedgerError> {
    let path = beside(ledger, ".lock");
    let file =
        private_file(false).open(&path).map_err(|error| LedgerError::io(&path, "create", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: ledger.to_owned() }),
        Err(TryLockError::Error(error)) => Err(LedgerError::io(&path, "lock", error)),
    }
}

fn private_file(new: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(new).create(!new).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn directory_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Best effort: not every system lets a directory be synced, and SQLite does it again itself.
pub(crate) fn sync_directory(directory: Option<&Path>) {
    let directory = match directory {
        Some(path) if path.as_os_str().is_empty() => Path::new("."),
        Some(path) => path,
        None => return,
    };
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}
