//! The command line: what can be asked, and how it went.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::profile::SignInArguments;
use crate::{chat, send};

/// A client of MSN Messenger services for the terminal.
#[derive(Debug, Parser)]
#[command(name = "msn", version, subcommand_required = true)]
struct Arguments {
    #[command(flatten)]
    sign_in: SignInArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens the terminal client, in a conversation with somebody or with the contact list
    Chat(chat::Arguments),
    /// Says something to somebody, now or as an offline message
    Send(send::Arguments),
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(carry_out(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn carry_out(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { sign_in, command } = arguments;
    match command {
        Command::Chat(arguments) => chat::run(&sign_in, arguments).await,
        Command::Send(arguments) => send::run(&sign_in, arguments).await,
    }
}

/// One line with all causes; a cause that the error before it has named already is not named again.
fn failed(error: &anyhow::Error) -> ExitCode {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.ends_with(&cause) {
            let colon = if line.is_empty() { "" } else { ": " };
            line = format!("{line}{colon}{cause}");
        }
    }
    eprintln!("msn: {line}");
    ExitCode::FAILURE
}
