//! A place to run the program in: a home, settings and a folder for temporary files that nothing
//! else uses.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// No run of a test takes longer than this.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The password of every user of the double.
pub(crate) const PASSWORD: &str = "sandbox-password";

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: TempDir::new().expect("a temporary folder") };
        std::fs::create_dir(place.path("tmp")).expect("a folder");
        place
    }

    /// A place whose settings name this Knosc, with the password in the environment.
    pub(crate) fn with_settings(base_url: &str) -> Self {
        let place = Self::new();
        place.settings(base_url, "ada@example.com");
        place
    }

    pub(crate) fn settings(&self, base_url: &str, username: &str) {
        self.write(
            "steadfast.toml",
            &format!(
                "[api.knosc]\nbase_url = \"{base_url}\"\nusername = \"{username}\"\npassword = {{ env = \"KNOSC_PASSWORD\" }}\n"
            ),
        );
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file in the place");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file that was written")
    }

    /// The program in this place, with an environment that holds nothing else.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("TMPDIR", self.path("tmp"))
            .env("KNOSC_PASSWORD", PASSWORD)
            .stdin(Stdio::null());
        for kept in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Running::start(&mut self.program(arguments)).end()
    }

    /// Runs it with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.program(arguments);
        let mut running = Running::start(command.stdin(Stdio::piped()));
        let mut stdin = running.child.stdin.take().expect("it is piped");
        // A program that does not want it all closes the pipe, which is its right.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        running.end()
    }

    /// Every file in the place that the program has written, temporary ones included.
    pub(crate) fn all_bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.folder.path(), &mut files);
        files
    }

    /// What is left among the temporary files.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("tmp")).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            files.push((path, bytes));
        }
    }
}

/// The program while it runs. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    started: Instant,
    out: Option<JoinHandle<Vec<u8>>>,
    err: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().map(reader);
        let err = child.stderr.take().map(reader);
        Self { child, started: Instant::now(), out, err }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends, at most so long.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Some(status);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(LOOK_EVERY.min(left));
        }
    }

    /// SIGKILL, or what is like it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by its name, such as `TERM`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        assert!(sent.expect("a shell").success(), "the signal {name} could not be sent");
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    pub(crate) fn end_within(mut self, patience: Duration) -> Ended {
        let Some(status) = self.wait(patience) else {
            self.kill();
            panic!("it does not end; it said {}", text(self.err.take()));
        };
        Ended {
            status: status.code(),
            took: self.started.elapsed(),
            out: text(self.out.take()),
            err: text(self.err.take()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn reader(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.map(|reader| reader.join().expect("the reader does not panic"));
    String::from_utf8(bytes.unwrap_or_default()).expect("it speaks UTF-8")
}

/// What a run has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; none after a signal.
    pub(crate) status: Option<i32>,
    pub(crate) took: Duration,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The same, after making sure of the exit status.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// The last line of stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// A count of the last line.
    #[track_caller]
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.json()[name].as_u64().unwrap_or_else(|| panic!("no {name}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn says(&self, wanted: &[&str]) -> &Self {
        for wanted in wanted {
            assert!(self.err.contains(wanted), "not said: {wanted}\n{self:#?}");
        }
        self
    }
}
