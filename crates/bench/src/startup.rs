//! How long the program takes to start and end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::error::BenchError;
use crate::figures::Series;
use crate::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each is started
    #[arg(long, default_value_t = 300)]
    runs: u32,
    /// The program [default: the one built beside this one]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let program = program::find(args.program.as_deref())?;
    let floor = Path::new("/bin/true");
    let (mut ours, mut floors) = (Series::default(), Series::default());
    // The first start reads the file from the disk.
    time(&program, &["--help"])?;
    for _ in 0..args.runs {
        ours.push(time(&program, &["--help"])?);
        floors.push(time(floor, &[])?);
    }
    println!("start to end, {} runs each, in turns: median ms (9 of 10 below)", args.runs);
    for (name, series) in [("steadfast --help", &ours), ("/bin/true", &floors)] {
        println!("  {name:<18} {:.2} ({:.2})", series.median(), series.quantile(0.9));
    }
    println!("  {:<18} {:.2}", "difference", ours.median() - floors.median());
    Ok(())
}

/// In milliseconds.
fn time(program: &Path, args: &[&str]) -> Result<f64, BenchError> {
    let started = Instant::now();
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(BenchError::file(program))?;
    let elapsed = started.elapsed();
    match status.success() {
        true => Ok(elapsed.as_secs_f64() * 1_000.0),
        false => Err(BenchError::Wrong(format!("{} ended with {status}", program.display()))),
    }
}
