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
    /// Check a dialect file: line, key and remedy of what is wrong with it
    #[command(after_help = "\
A file that is not of the form of a dialect has its first mistake told; what stands behind it is \
looked at when it is mended. References that lead nowhere are told all at once.

Exit status: 0 no problem found; 2 a problem was found, or the file cannot be read.")]
    Check {
        /// The file
        file: String,
    },
}
