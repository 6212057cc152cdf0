//! The command line: what can be asked, and how it went.

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::exit;
use crate::output;
use crate::profile::SignInArguments;
use crate::{bench, bot, chat, contacts, oim, picture, profile, send, watch};

/// A client of MSN Messenger services for the terminal
///
/// An account can be signed in at one place at a time: signing in here ends its session elsewhere. The
/// password is asked for, or comes from MSN_PASSWORD, or from the command that a profile names.
#[derive(Debug, Parser)]
#[command(name = "msn", version, subcommand_required = true)]
#[command(arg_required_else_help = true, after_long_help = exit::HELP)]
struct Arguments {
    #[command(flatten)]
    sign_in: SignInArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Puts load on a server, and measures how it bears it
    Bench(bench::Arguments),
    /// Answers messages by a program
    #[command(long_about = bot::HELP)]
    Bot(bot::Arguments),
    /// Opens the terminal client, in a conversation with somebody or with the contact list
    Chat(chat::Arguments),
    /// Prints a script that completes commands, for a shell
    #[command(long_about = COMPLETIONS)]
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Shows and changes who is on the contact list
    Contacts(contacts::Arguments),
    /// Reads, deletes and leaves offline messages
    Oim(oim::Arguments),
    /// Sets the display picture, and fetches those of contacts
    Picture(picture::Arguments),
    /// Keeps servers and addresses under a name
    Profile(profile::Arguments),
    /// Says something to somebody, now or as an offline message
    Send(send::Arguments),
    /// Tells what happens: who comes and goes, who says what
    Watch(watch::Arguments),
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(carry_out(arguments));
    // What still runs ends with it, programs of a bot too; whoever waits for a line from the keyboard
    // must not hold up the end.
    runtime.shutdown_timeout(LAST_MOMENT);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn carry_out(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { sign_in, command } = arguments;
    match command {
        Command::Bench(arguments) => bench::run(&sign_in, arguments).await,
        Command::Bot(arguments) => bot::run(&sign_in, arguments).await,
        Command::Chat(arguments) => chat::run(&sign_in, arguments).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "msn", &mut script);
            output::line(String::from_utf8_lossy(&script).trim_end())?;
            Ok(())
        }
        Command::Contacts(arguments) => contacts::run(&sign_in, arguments).await,
        Command::Oim(arguments) => oim::run(&sign_in, arguments).await,
        Command::Picture(arguments) => picture::run(&sign_in, arguments).await,
        Command::Profile(arguments) => profile::run(&sign_in, arguments),
        Command::Send(arguments) => send::run(&sign_in, arguments).await,
        Command::Watch(arguments) => watch::run(&sign_in, arguments).await,
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    if output::is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    eprintln!("msn: {}", in_one_line(error));
    ExitCode::from(exit::code(error))
}

/// An error and its causes, each of them once: many name their cause in their own text.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.ends_with(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

const LAST_MOMENT: Duration = Duration::from_millis(300);

const COMPLETIONS: &str = "\
Prints a script that completes commands, for a shell:

  bash  msn completions bash > ~/.local/share/bash-completion/completions/msn
  zsh   msn completions zsh > \"${fpath[1]}/_msn\"
  fish  msn completions fish > ~/.config/fish/completions/msn.fish";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
