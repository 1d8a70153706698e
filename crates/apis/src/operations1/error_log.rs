//! The file that the guide writes errors into (O8).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::error::Failed;

/// A file that gets a line for each error: `API error: {cause}`, with what it was about (O8).
///
/// ```no_run
/// use steadfast_apis::operations1::{ErrorLog, Operations1};
///
/// let operations1 = Operations1::builder("https://api.operations1.app/tenants/acme", "token")
///     .error_log(ErrorLog::default())
///     .build()?;
/// # drop(operations1); Ok::<(), steadfast_apis::NoClient>(())
/// ```
///
/// A line holds neither a token nor a query nor a body (O9). That it cannot be written does not
/// fail a call; it is told through `tracing`. Whoever has a log already needs no file: the policy
/// `documented` tells the same line there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorLog {
    path: PathBuf,
}

impl Default for ErrorLog {
    /// `api_errors.log` in the working directory, as in the guide.
    fn default() -> Self {
        Self::at("api_errors.log")
    }
}

impl ErrorLog {
    /// A file of that name. It is made when there is something to write, and added to.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(super) fn note(&self, failed: &Failed) {
        let line = line(failed);
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            let path = self.path.display();
            tracing::warn!(target: "steadfast::call", event = "error_log", "{path}: {error}");
        }
    }
}

fn line(failed: &Failed) -> String {
    let error = &failed.error;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let status = or_dash(error.status().map(|status| status.to_string()));
    let code = or_dash(error.code().map(str::to_owned));
    let attempt = error.details().attempts.len();
    // One line for one error, whatever the server wrote.
    let cause: String =
        failed.cause().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!(
        "{:.3} ERROR API error: {cause} tenant={} method={} path={} status={status} \
         attempt={attempt} error_code={code}\n",
        Timestamp::now(),
        failed.tenant,
        failed.method,
        failed.path,
    )
}
