//! How much memory a delivery takes, with the double in another process.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::double::Double;
use crate::error::BenchError;
use crate::figures::memory_peak_kib;
use crate::{input, program};

/// How often the process is looked at.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lines the file has, three for each order; may be given more than once
    #[arg(long, default_values_t = [10_000, 1_000_000])]
    lines: Vec<u64>,
    /// No order stands in one place of the file
    #[arg(long)]
    scattered: bool,
    /// Where the file and the ledger are, on a real disk
    #[arg(long, value_name = "PATH", default_value = "target/bench")]
    dir: PathBuf,
    /// The program [default: the one built beside this one]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// More flags for `steadfast deliver`
    #[arg(last = true)]
    flags: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let program = program::find(args.program.as_deref())?;
    std::fs::create_dir_all(&args.dir).map_err(BenchError::file(&args.dir))?;
    for lines in &args.lines {
        measure(args, &program, *lines)?;
    }
    Ok(())
}

fn measure(args: &Args, program: &Path, lines: u64) -> Result<(), BenchError> {
    // Its world would grow from one measurement to the next.
    let double = Double::start()?;
    let folder = tempfile::tempdir_in(&args.dir).map_err(BenchError::file(&args.dir))?;
    let file = folder.path().join("orders.csv");
    write_input(&file, lines, args.scattered)?;
    let settings = folder.path().join("steadfast.toml");
    let text = format!(
        "[api.knosc]\ndialect = \"knosc\"\nbase_url = \"{}\"\nusername = \"{}\"\n\
         password = {{ env = \"STEADFAST_BENCH_PASSWORD\" }}\n",
        double.base_url, double.username
    );
    std::fs::write(&settings, text).map_err(BenchError::file(&settings))?;
    let started = Instant::now();
    let child = Command::new(program)
        .args(["--json", "--config"])
        .arg(&settings)
        .args(["deliver", "--to", "knosc", "--ledger"])
        .arg(folder.path().join("ledger.db"))
        .args(&args.flags)
        .arg(&file)
        .env("STEADFAST_BENCH_PASSWORD", &double.password)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(BenchError::file(program))?;
    let (peak_kib, line) = watch(child)?;
    let elapsed = started.elapsed();
    let account: Value = serde_json::from_str(&line)
        .map_err(|error| BenchError::Wrong(format!("no account but \"{line}\": {error}")))?;
    let orders = lines.div_ceil(input::LINES_PER_ORDER);
    if account["applied"] != orders {
        return Err(BenchError::Wrong(format!("{orders} orders were to be applied: {line}")));
    }
    println!(
        "{lines} lines, {orders} orders: {:.0} MiB at the most, {:.1} s",
        peak_kib as f64 / 1_024.0,
        elapsed.as_secs_f64()
    );
    Ok(())
}

fn write_input(path: &Path, lines: u64, scattered: bool) -> Result<(), BenchError> {
    let write = || {
        let mut out = BufWriter::new(File::create(path)?);
        input::write_csv(&mut out, lines, scattered)?;
        out.flush()
    };
    write().map_err(BenchError::file(path))
}

/// Looks at a process until it ends: the most memory it held, and what it said.
fn watch(mut child: Child) -> Result<(u64, String), BenchError> {
    let failed = || BenchError::io("wait for the delivery");
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(memory_peak_kib(child.id()).unwrap_or(0));
        match child.try_wait().map_err(failed())? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK),
        }
    };
    // One line of JSON, which the pipe holds until we read it.
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        std::io::Read::read_to_string(&mut stdout, &mut said).map_err(failed())?;
    }
    match status.success() {
        true => Ok((peak_kib, said)),
        false => Err(BenchError::Wrong(format!("the delivery ended with {status}: {said}"))),
    }
}
