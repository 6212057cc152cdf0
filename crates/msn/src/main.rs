//! The terminal client of Messenger services.
//!
//! ```text
//!   cli -> profile (who signs in, and where) -> one file or folder per subcommand -> msnp-client
//!                                                  |
//!                 deliver (say it now or leave it), told (what happens, as lines), output, exit
//! ```

mod bench;
mod bot;
mod chat;
mod cli;
mod contacts;
mod deliver;
mod duration;
mod exit;
mod oim;
mod output;
mod picture;
mod profile;
mod send;
mod stop;
mod told;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
