//! The `dialect` commands, as they are typed.

use clap::Subcommand;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DialectCommand {
    /// List the dialects that are built in
    List,
    /// Show a contract: log-in, policies, rules in order, what may be sent again, resources, codes
    Show {
        /// A built-in dialect, or a dialect file
        #[arg(value_name = "NAME|FILE")]
        dialect: String,
        /// The TOML itself
        #[arg(long)]
        toml: bool,
    },
    /// Print the format of dialect files as a JSON Schema, for editors
    Schema,
    /// Check a dialect file: line, key and remedy of what is wrong with it
    #[command(after_help = "\
All mistakes are told at once, in the order of the file. A file that is not TOML has its mistakes \
of TOML told; what else there may be is looked at when they are mended.

Exit status: 0 no problem found; 2 a problem was found, or the file cannot be read.")]
    Check {
        /// The file
        file: String,
    },
}
