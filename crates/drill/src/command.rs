//! The client's command: started in a process group of its own, and ended as a whole.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// How long a command that is told to end may take to do so.
const GRACE: Duration = Duration::from_millis(700);
/// So much of what a command printed last is kept.
const OUTPUT_KEPT: u64 = 4000;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    By(ExitStatus),
    /// Its time was over.
    Cut,
}

/// A command that is running. Dropped, it is killed with all that it has started.
struct Running {
    child: Child,
}

impl Running {
    /// Signals the whole group, if the leader has not been waited for: until then nobody else can have its number.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // It may have ended in this very moment.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }

    async fn end(&mut self) {
        #[cfg(unix)]
        {
            self.signal(rustix::process::Signal::TERM);
            tokio::time::sleep(GRACE).await;
            self.signal(rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        tokio::time::sleep(GRACE).await;
        // An error says that it has ended already.
        let _ = self.child.kill().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Runs a command with these variables in its environment, for no longer than `limit`. What it prints goes to
/// the file `output`.
///
/// # Errors
/// If it cannot be started.
pub(crate) async fn run(
    command: &[OsString],
    variables: &[(String, OsString)],
    output: &Path,
    limit: Duration,
) -> std::io::Result<Ended> {
    let (program, arguments) = command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let printed = File::create(output)?;
    let mut starting = Command::new(program);
    starting
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(printed.try_clone()?)
        .stderr(printed)
        .kill_on_drop(true);
    #[cfg(unix)]
    starting.process_group(0);
    let mut running = Running { child: starting.spawn()? };
    tokio::select! {
        status = running.child.wait() => Ok(Ended::By(status?)),
        () = tokio::time::sleep(limit) => {
            running.end().await;
            Ok(Ended::Cut)
        }
    }
}

/// The end of what a command has printed.
pub(crate) fn last_output(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_KEPT)))?;
        let mut bytes = Vec::new();
        file.take(OUTPUT_KEPT).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn is_alive(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // One that has ended, and that nobody has waited for, does not run any more.
        !stat.is_empty() && !stat.contains(") Z ")
    }

    #[tokio::test]
    async fn a_command_whose_time_is_over_is_ended_with_what_it_has_started() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let pids = folder.path().join("pids");
        // It does not listen to the polite signal, and neither does what it starts.
        let script = format!("trap '' TERM; sleep 600 & echo $$ $! > {}; wait", pids.display());
        let command: Vec<OsString> = ["sh", "-c", &script].map(OsString::from).into();
        let output = folder.path().join("output");
        let limit = Duration::from_secs(2);
        let ended =
            run(&command, &[], &output, limit).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ended, Ended::Cut);
        let pids = std::fs::read_to_string(pids).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(pids.split_whitespace().count(), 2);
        for pid in pids.split_whitespace() {
            while is_alive(pid) {
                tokio::task::yield_now().await;
            }
        }
    }
}
