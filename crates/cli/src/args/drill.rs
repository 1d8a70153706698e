use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use steadfast_sandbox::{Api, Profile};

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The command runs once for each scenario, with STEADFAST_BASE_URL, STEADFAST_JOB, STEADFAST_RESULTS and the \
credentials in its environment; docs/drills.md tells the rest.

Exit status: 0 every scenario is passed; 1 some are failed or not graded; 2 usage, or the command cannot be \
started; 130 interrupted.")]
pub(crate) struct DrillArgs {
    /// The API that the command is a client of: knosc, thredfi, operations1, kneo
    pub(crate) api: Api,
    /// A scenario; may be given more than once [default: all]
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<String>,
    /// Which of the API's documents the double follows: guide, reference, both
    #[arg(long, value_name = "P", default_value_t = Profile::Guide)]
    pub(crate) profile: Profile,
    /// Seed of identifiers and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many scenarios run at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
    /// Write a self-contained HTML report there, with a timeline for each scenario
    #[arg(long, value_name = "PATH")]
    pub(crate) report: Option<PathBuf>,
    /// Write the verdicts there as JUnit XML
    #[arg(long, value_name = "PATH")]
    pub(crate) junit: Option<PathBuf>,
    /// List the scenarios, and run none
    #[arg(long)]
    pub(crate) list: bool,
    /// The client: program and arguments
    #[arg(last = true, required_unless_present = "list", value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
