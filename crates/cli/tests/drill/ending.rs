//! A command that does not end by itself.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::drilled::PROGRAM;

/// Writes its own and its child's process ids into a file, and waits for ever.
fn sleeper(file: &std::path::Path) -> String {
    format!("sleep 600 & echo $$ $! > {}; wait", file.display())
}

fn is_alive(pid: &str) -> bool {
    // One that has ended and that nobody has waited for is none that runs.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn wait_for(what: impl Fn() -> bool) {
    for _ in 0..600 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come");
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_the_command_and_what_it_started() {
    let folder = tempfile::tempdir().expect("a place");
    let pids = folder.path().join("pids");
    let mut drill = Command::new(PROGRAM)
        .args(["drill", "kneo", "--scenario", "calm", "--", "sh", "-c", &sleeper(&pids)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let written = || std::fs::read_to_string(&pids).is_ok_and(|text| text.ends_with('\n'));
    wait_for(written);
    let interrupted = Command::new("kill").args(["-INT", &drill.id().to_string()]).status();
    assert!(interrupted.expect("kill is there").success());
    let status = drill.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    let text = std::fs::read_to_string(&pids).expect("it is there");
    for pid in text.split_whitespace() {
        wait_for(|| !is_alive(pid));
    }
}
