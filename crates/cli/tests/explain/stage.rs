//! A folder to run the program in, and doubles to call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct Stage {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder"), variables: Vec::new() }
    }

    /// The environment names this Knosc and its credentials.
    pub(crate) fn with_knosc(base_url: &str) -> Self {
        let mut stage = Self::new();
        stage.set("STEADFAST_KNOSC_BASE_URL", base_url);
        stage.set("STEADFAST_KNOSC_USERNAME", "ada@example.com");
        stage.set("STEADFAST_KNOSC_PASSWORD", "sandbox-password");
        stage
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    /// Runs it with a stdout that nobody reads.
    pub(crate) fn run_unread(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.program(arguments);
        let mut child = command.stdin(Stdio::null()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).envs(self.variables.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.program(arguments).spawn().expect("the program starts");
        // A program that reads nothing closes the pipe, which is its right.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { status: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn prints(&self, words: &[&str]) -> &Self {
        words.iter().for_each(|word| assert!(holds(&self.out, word), "{word}: {self:#?}"));
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        words.iter().for_each(|word| assert!(holds(&self.err, word), "{word}: {self:#?}"));
        self
    }
}

/// True if a text holds words, wherever its lines are folded.
fn holds(text: &str, words: &str) -> bool {
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    joined(text).contains(&joined(words))
}

/// A Knosc in a process of its own.
pub(crate) struct Knosc {
    child: Child,
    pub(crate) base_url: String,
}

impl Knosc {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_steadfast"))
            .args(["sandbox", "knosc"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the double starts");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut ready).expect("it says that it is ready");
        let ready: Value = serde_json::from_str(&ready).expect("one line of JSON");
        Self { child, base_url: ready["base_url"].as_str().expect("a base URL").to_owned() }
    }

    /// Breaks what matches.
    pub(crate) fn fault(&self, on: Value, what: Value) {
        self.control("POST", "faults", &json!({ "faults": [{ "on": on, "do": what }] }));
    }

    /// How many requests there were of that kind.
    pub(crate) fn requests(&self, kind: &str) -> usize {
        let journal = self.control("GET", "journal", &Value::Null);
        let entries = journal["entries"].as_array().expect("a journal");
        entries.iter().filter(|entry| entry["kind"] == kind).count()
    }

    fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = self.base_url.trim_start_matches("http://").trim_end_matches("/api");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(address).expect("the double listens");
        let length = body.len();
        write!(
            stream,
            "{method} /__sandbox/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("the double reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("the double answers");
        let body = reply.split_once("\r\n\r\n").expect("a reply").1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {reply}"))
    }
}

impl Drop for Knosc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that gives these replies, one a connection, and hands over what it was asked.
pub(crate) fn answering(replies: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || replies.iter().map(|r| answer(&listener, r)).collect());
    (format!("http://{address}/v2"), server)
}

fn answer(listener: &TcpListener, reply: &str) -> String {
    let (stream, _) = listener.accept().expect("a connection");
    let mut reader = BufReader::new(stream);
    let (mut asked, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        let ended = line.trim().is_empty();
        asked.push_str(&line);
        if ended {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    asked.push_str(&String::from_utf8_lossy(&body));
    reader.get_mut().write_all(reply.as_bytes()).expect("the client reads");
    asked
}
