//! SIGKILL at random moments while runs are sent that nothing but their keys keeps from being doubled.
//!
//! By itself, since between fork and exec a child holds the locks of every ledger that its parent has open.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../sending/world.rs"]
mod world;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use steadfast_ledger::{Ledger, Run, State, Wish};
use steadfast_sandbox::{Api, FaultPlan, Options, Sandbox};
use tokio::sync::watch;

use world::{kneo, kneo_run, runner};

const RUNS: usize = 150;
const KILLS: usize = 25;
const LEDGER: &str = "STEADFAST_TEST_LEDGER";
const BASE_URL: &str = "STEADFAST_TEST_BASE_URL";

/// Not a test by itself: the process that is killed. It does what a delivery of a file does: hand in the same
/// things, each time with keys that were drawn anew.
#[test]
#[ignore = "it is started by the test below"]
fn the_sender() {
    let (Ok(path), Ok(base_url)) = (std::env::var(LEDGER), std::env::var(BASE_URL)) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(Path::new(&path)).unwrap();
        let run = ledger.begin_run(Run::default()).await.unwrap();
        let drawn = fastrand::u64(..);
        let new = (0..RUNS).map(|n| kneo_run(run, n, &format!("{drawn:x}-{n}"))).collect();
        ledger.accept(new).await.unwrap();
        let client = kneo(&base_url, "sandbox-admin-key");
        runner(&ledger, &client).run(run, watch::channel(Wish::GoOn).1).await.unwrap();
    });
}

fn start_sender(path: &Path, base_url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["the_sender", "--exact", "--ignored"])
        .env(LEDGER, path)
        .env(BASE_URL, base_url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets it go on until the double has seen so many more requests, and kills it. Gives whether it ended by itself.
async fn kill_after(sender: &mut Child, sandbox: &Arc<Sandbox>, requests: u64) -> bool {
    let seen = || sandbox.journal_since(0, usize::MAX)["entries"].as_array().map_or(0, Vec::len);
    let until = seen() as u64 + requests;
    let give_up = Instant::now() + Duration::from_secs(60);
    while (seen() as u64) < until {
        if sender.try_wait().unwrap().is_some() {
            return true;
        }
        assert!(Instant::now() < give_up, "the sender does not get on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sender.kill().unwrap();
    sender.wait().unwrap();
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_its_way_is_sent_again_with_its_key_and_nothing_is_doubled() {
    let sandbox = Arc::new(Sandbox::start(Api::Kneo, Options::default()).await.unwrap());
    let sometimes = |p: f64| json!({ "kind": "create", "probability": p });
    let faults = json!([
        {"on": sometimes(0.08), "do": {"kind": "commit_then_reset"}},
        {"on": sometimes(0.05), "do": {"kind": "reset_before_commit"}},
        {"on": sometimes(0.05), "do": {"kind": "commit_then_status", "status": 502, "body": "html"}},
        {"on": sometimes(0.03), "do": {"kind": "truncate_body"}},
    ]);
    sandbox.set_faults(FaultPlan::from_value(json!({ "seed": 3, "faults": faults })).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let mut draw = fastrand::Rng::with_seed(5);
    let mut killed = 0;
    for _ in 0..KILLS {
        let mut sender = start_sender(&path, sandbox.base_url());
        if kill_after(&mut sender, &sandbox, draw.u64(1..9)).await {
            break;
        }
        killed += 1;
    }
    assert!(killed >= KILLS / 2, "killed {killed} times only");
    let last = start_sender(&path, sandbox.base_url()).wait().unwrap();
    assert!(last.success(), "{last}");
    let ledger = Ledger::open(&path).unwrap();
    let all = ledger.list(&steadfast_ledger::Query::default()).unwrap();
    let not_done: Vec<_> = all.iter().filter(|delivery| delivery.state != State::Applied).collect();
    assert_eq!((all.len(), not_done), (RUNS, vec![]));
    let state = sandbox.state();
    assert_eq!(state["runs"].as_array().unwrap().len(), RUNS, "each took effect once");
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}
