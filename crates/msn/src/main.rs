//! The terminal client of Messenger services.
//!
//! ```text
//!   cli -> profile (who signs in, and where) -> one file or folder per subcommand -> msnp-client
//! ```

mod chat;
mod cli;
mod profile;
mod send;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
