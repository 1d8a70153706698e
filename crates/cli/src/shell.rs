//! What a shell and a manual want to know of the program.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory;

use crate::args::Cli;
use crate::failure::Failure;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    clap_complete::generate(shell, &mut Cli::command(), "steadfast", &mut io::stdout());
    Ok(0)
}

pub(crate) fn man(folder: &Path) -> Result<u8, Failure> {
    let failed = |error: io::Error| {
        Failure::usage(format!("{}: cannot be written: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
    Ok(0)
}
