//! What is said of an error, to a person (N14) and in the branches of a program (N12, N13).

use std::time::Duration;

use super::Error;
use super::error::quoted;

/// How long is waited where the platform gives no hint, by its guide.
pub(super) const WAIT: Duration = Duration::from_secs(10);
/// What is said to a person of a wait that nobody told, in seconds.
const WAIT_TOLD_S: u64 = 60;

/// What to tell the person in front of the screen: made of what is known of the error, and never of
/// its own text, which may quote anything (N14).
///
/// ```
/// # use http::{HeaderMap, StatusCode};
/// # use steadfast::Reply;
/// use steadfast_apis::kneo::{from_response, user_message};
///
/// let reply = Reply::new(StatusCode::NOT_FOUND, HeaderMap::new(), Default::default());
/// let error = from_response(&reply, None);
/// assert_eq!(user_message(&error), "The requested item could not be found.");
/// ```
#[must_use]
pub fn user_message(error: &Error) -> String {
    match error {
        Error::Auth(_) => "Your API key is invalid. Please check your credentials.".to_owned(),
        Error::Permission(_) => "You don't have permission to perform this action.".to_owned(),
        Error::NotFound(_) => "The requested item could not be found.".to_owned(),
        Error::RateLimited(fault) => {
            let told = fault.retry_after().map(|wait| wait.as_secs()).filter(|wait| *wait > 0);
            let wait = told.unwrap_or(WAIT_TOLD_S);
            format!("Too many requests. Please try again in {wait}s.")
        }
        Error::Server(fault) => {
            let id = fault.request_id().unwrap_or("unknown");
            format!("Server error (request {id}). Please report this.")
        }
        Error::Network(_) => {
            "Could not reach the server. Check your network connection.".to_owned()
        }
        other => format!("Unexpected error: {other}"),
    }
}

impl Error {
    /// What a program says of a call about that run, in the words of the guide (N12, N13).
    #[must_use]
    pub fn about_run(&self, run_id: &str) -> String {
        match self {
            Self::Auth(_) => "API key is missing, invalid, or revoked.".to_owned(),
            Self::NotFound(_) => format!("run {} does not exist.", quoted(run_id)),
            Self::RateLimited(_) => {
                let wait = seconds(self.wait());
                format!("rate-limited; server suggests waiting {wait}s")
            }
            Self::Server(fault) => {
                let body = steadfast::payload_snippet(&fault.details().body);
                format!("platform 5xx (after retries): {body}")
            }
            other => other.to_string(),
        }
    }

    /// How long to wait before the same is tried by another call: what the platform asked for, or
    /// else 10 s, by its guide.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.retry_after().unwrap_or(WAIT)
    }
}

/// Seconds as the guide writes them: `2`, `0.5`.
fn seconds(wait: Duration) -> String {
    wait.as_secs_f64().to_string()
}
