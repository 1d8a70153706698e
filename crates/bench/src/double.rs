//! The double, in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use steadfast::dialect::Dialect;
use steadfast::{Client, Credentials, HttpTransport, Limits, Transport};
use steadfast_sandbox::{Api, Options, Sandbox};

use crate::error::BenchError;
use crate::figures::cpu_of;

/// A calm double in a child process. It stops when this is dropped.
pub(crate) struct Double {
    child: Child,
    /// The double stops when this is closed, so also if we end without a word.
    life_line: Option<ChildStdin>,
    pub(crate) base_url: String,
    control_url: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Double {
    /// Starts this program again as the double, and waits until it is ready.
    pub(crate) fn start() -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::io("this program's own path"))?;
        let mut child = Command::new(program)
            .arg("double")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::io("start the double"))?;
        let life_line = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(BenchError::io("read what the double says"))?;
        }
        let ready: Value = serde_json::from_str(&line)
            .map_err(|error| BenchError::Wrong(format!("the double is not ready: {error}")))?;
        let text = |pointer| ready.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            base_url: text("/base_url").to_owned(),
            control_url: text("/control_url").to_owned(),
            username: text("/credentials/username").to_owned(),
            password: text("/credentials/password").to_owned(),
            child,
            life_line,
        })
    }

    /// A client that is logged in.
    pub(crate) async fn client(&self) -> Result<Client, BenchError> {
        let knosc = Dialect::built_in("knosc")
            .ok_or_else(|| BenchError::Wrong("there is no dialect knosc".to_owned()))?;
        let credentials = Credentials::password(&*self.username, &*self.password);
        let client = Client::builder(knosc, &self.base_url).credentials(credentials).build()?;
        client.log_in().await.map_err(|failure| BenchError::Wrong(format!("{failure:?}")))?;
        Ok(client)
    }

    /// A fresh world.
    pub(crate) async fn reset(&self) -> Result<(), BenchError> {
        let failed = |what: String| BenchError::Wrong(format!("the double was not reset: {what}"));
        let transport = HttpTransport::new(Duration::from_secs(5), None, None)
            .map_err(|error| failed(error.to_string()))?;
        let request = http::Request::post(format!("{}/reset", self.control_url))
            .body(Bytes::new())
            .map_err(|error| failed(error.to_string()))?;
        let limits = Limits { timeout: Duration::from_secs(30), body_bytes_max: 1 << 20 };
        match transport.exchange(request, limits).await {
            Ok(reply) if reply.status.is_success() => Ok(()),
            Ok(reply) => Err(failed(reply.status.to_string())),
            Err(failure) => Err(failed(failure.text)),
        }
    }

    /// The processor time that it has taken so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.life_line = None;
        let _ = self.child.wait();
    }
}

/// Is the double, until standard input ends.
pub(crate) fn serve() -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start threads"))?;
    runtime.block_on(async {
        let sandbox = Sandbox::start(Api::Knosc, Options::default())
            .await
            .map_err(|error| BenchError::Wrong(error.to_string()))?;
        println!("{}", serde_json::to_string(&sandbox.ready()).unwrap_or_default());
        let ended = tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        });
        let _ = ended.await;
        sandbox.stop().await;
        Ok(())
    })
}
