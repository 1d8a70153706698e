use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::NamedTempFile;

use super::InputError;

/// Where the input is. It can be read more than once.
#[derive(Debug)]
pub struct Source {
    name: String,
    place: Place,
    size_bytes: u64,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Spooled(NamedTempFile),
}

impl Source {
    /// A file.
    ///
    /// # Errors
    /// [`InputError::Unreadable`] if it is not there, is a directory, or may not be read.
    pub fn file(path: &Path) -> Result<Self, InputError> {
        let name = path.display().to_string();
        let unreadable = InputError::unreadable(&name);
        let about = File::open(path).and_then(|file| file.metadata()).map_err(&unreadable)?;
        if about.is_dir() {
            return Err(unreadable(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if !about.is_file() {
            // A pipe gives its content only once.
            let pipe = File::open(path).map_err(&unreadable)?;
            return Self::spooled(&name, pipe);
        }
        let size_bytes = about.len();
        Ok(Self { name: name.clone(), place: Place::File(path.to_owned()), size_bytes })
    }

    /// A stream, such as standard input, copied to a temporary file first. The file is only
    /// readable by its owner and goes away with this value.
    ///
    /// # Errors
    /// [`InputError::Unreadable`] if the stream cannot be read or the file cannot be written.
    pub fn spooled(name: &str, mut stream: impl Read) -> Result<Self, InputError> {
        let spool = || -> io::Result<(NamedTempFile, u64)> {
            let mut file = NamedTempFile::new()?;
            let size = io::copy(&mut stream, &mut file)?;
            Ok((file, size))
        };
        let (file, size_bytes) = { spool }().map_err(InputError::unreadable(name))?;
        Ok(Self { name: name.to_owned(), place: Place::Spooled(file), size_bytes })
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How large it is, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// What its name ends in, in small letters, if it has a name.
    pub(crate) fn extension(&self) -> Option<String> {
        match &self.place {
            Place::File(path) => Some(path.extension()?.to_str()?.to_ascii_lowercase()),
            Place::Spooled(_) => None,
        }
    }

    /// Reads it from the beginning.
    pub(crate) fn read(&self) -> Result<(Box<dyn Read + Send>, Progress), InputError> {
        let path = match &self.place {
            Place::File(path) => path.as_path(),
            Place::Spooled(file) => file.path(),
        };
        let file = File::open(path).map_err(InputError::unreadable(&self.name))?;
        let progress = Progress::default();
        let counted = Counted { file, progress: progress.clone() };
        Ok((Box::new(BufReader::with_capacity(64 * 1024, counted)), progress))
    }
}

/// How far a reader has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted {
    file: File,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.progress.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
