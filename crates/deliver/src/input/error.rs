use std::io;

/// Why a file cannot be used at all: what was found, what was expected, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened or read.
    #[error("{file}: cannot be read: {source}; check the name and your permission to read it")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing to deliver in it.
    #[error("{file}: {found}; expected {expected}")]
    Nothing {
        /// The file.
        file: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The file is not what its name or its beginning says.
    #[error("{file}: this is {found}, and {expected} was expected; {remedy}")]
    Kind {
        /// The file.
        file: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
        /// What to do.
        remedy: String,
    },
    /// The header does not fit what is to be written. All that is wrong with it is said at once.
    #[error("{file}, line {line}: {}", problems.join("; "))]
    Columns {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
        /// What is wrong, and what to do, one text for each.
        problems: Vec<String>,
    },
    /// From some line on, nothing can be made out any more.
    #[error("{file}, line {line}: {what}; nothing was sent: {remedy}")]
    Broken {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
}

impl InputError {
    pub(crate) fn unreadable(file: &str) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self::Unreadable { file: file.to_owned(), source }
    }
}
