//! The command line (DESIGN, section 1).
//!
//! ```text
//!   papilio serve ...     serves until it is told to stop
//!   papilio user ...      looks after accounts
//!   papilio import FILE   takes in accounts and contacts
//!   papilio session ...   looks after who is signed in, on the server that runs here
//!   papilio broadcast ... tells them something
//!   papilio ban, invite, operator, token, audit      what operators do and did
//!   papilio openapi       describes the admin API
//!   papilio dns           prints names for a hosts file or a name server
//!   papilio patch FILE    gives a client another server
//!   papilio backup FILE    writes everything to one file
//!   papilio restore FILE   puts that back into an empty folder
//!   papilio config ...    says what the configuration says
//!   papilio completions   for shells
//!   papilio cert ...      the server's own certificates
//!   papilio check         what a client would meet
//! ```
//!
//! What was asked for goes to standard output, everything else to standard error. Exit codes: 0 done,
//! 1 failed, 2 asked for in a way that cannot be understood (the configuration file included).

mod audit;
mod backup;
mod ban;
mod broadcast;
#[cfg(feature = "tls")]
mod cert;
mod check;
mod config;
pub mod demo;
mod dns;
mod first_start;
mod generate;
mod import;
mod import_line;
mod invite;
mod log;
mod operator;
mod patch;
mod reload;
mod running;
pub mod serve;
mod session;
mod supervisor;
mod table;
mod token;
mod user;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use msnp::handle::Handle;
use msnp::wire::version::Version;

use crate::admin::{Office, Operator};
use crate::config::{Advertised, Config, ConfigError, Flags, ListenAddress, Loaded, LogFormat};
use crate::http;
use crate::password::Passwords;
use crate::store::{Database, Store};
use crate::system_account;

/// An MSN Messenger server
#[derive(Parser)]
#[command(name = "papilio", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve clients until told to stop (SIGTERM or Ctrl-C)
    Serve(ServeFlags),
    /// Look after accounts; works while the server runs
    #[command(subcommand, arg_required_else_help = true)]
    User(user::Command),
    /// Look after who is signed in on the server that runs here
    #[command(subcommand, arg_required_else_help = true)]
    Session(session::Command),
    /// Look after who may not come; works while the server runs
    #[command(subcommand, arg_required_else_help = true)]
    Ban(ban::Command),
    /// Look after who may sign up; works while the server runs
    #[command(subcommand, arg_required_else_help = true)]
    Invite(invite::Command),
    /// Tell everybody something who is signed in on the server that runs here
    Broadcast(broadcast::Broadcast),
    /// Look after accounts that may run the service; works while the server runs
    #[command(subcommand, arg_required_else_help = true)]
    Operator(operator::Command),
    /// Look after what programs show to use the admin API; works while the server runs
    #[command(subcommand, arg_required_else_help = true)]
    Token(token::Command),
    /// Show what operators did
    Audit(audit::Audit),
    /// Print the description of the admin API in OpenAPI
    Openapi,
    /// Take in accounts and contacts; works while the server runs
    #[command(long_about = import::HELP)]
    Import(import::Import),
    /// Print Messenger's names, leading here, for a hosts file or a name server
    Dns(dns::Dns),
    /// Write everything to one file; works while the server runs
    #[command(long_about = backup::BACKUP_HELP)]
    Backup(backup::Backup),
    /// Put a backup into an empty folder
    #[command(long_about = backup::RESTORE_HELP)]
    Restore(backup::Restore),
    /// Check, show or print the configuration
    #[command(subcommand, arg_required_else_help = true)]
    Config(config::Command),
    /// Print what a shell needs to complete commands
    #[command(
        after_help = "bash: papilio completions bash > /etc/bash_completion.d/papilio\n\
                      zsh:  papilio completions zsh > \"${fpath[1]}/_papilio\"\n\
                      fish: papilio completions fish > ~/.config/fish/completions/papilio.fish"
    )]
    Completions(generate::Completions),
    /// Write the manual pages to a folder
    #[command(hide = true)]
    Man(generate::Man),
    /// Write this server's name into the executable of a client; keeps a copy of it
    Patch(patch::Patch),
    /// Look after the server's own certificate authority
    #[cfg(feature = "tls")]
    #[command(subcommand, arg_required_else_help = true)]
    Cert(cert::Command),
    /// Look at what a client would meet: ports, names, certificates, clock, database
    Check(check::Check),
}

/// Where the data and the configuration are: every command takes these.
#[derive(Args)]
struct Place {
    /// The folder of the data [default: papilio-data, or papilio-demo with --demo]
    #[arg(long, value_name = "DIR", global = true, display_order = 100)]
    data: Option<PathBuf>,
    /// The configuration file [default: papilio.toml in the folder of the data]
    #[arg(long, value_name = "FILE", global = true, display_order = 101)]
    config: Option<PathBuf>,
}

/// Every flag is also a key of the configuration file.
#[derive(Args)]
struct ServeFlags {
    /// Notification server and switchboard, HOST:PORT or PORT [default: 0.0.0.0:1863]
    ///
    /// As soon as one listener is named on the command line, only the named ones open. Port 0 is any
    /// free port; the line `papilio ready ...` says which.
    #[arg(long, value_name = "ADDR")]
    msnp: Option<ListenAddress>,
    /// Dispatch server, which only sends clients on [default: off]
    #[arg(long, value_name = "ADDR")]
    dispatch: Option<ListenAddress>,
    /// Services over HTTP [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR")]
    http: Option<ListenAddress>,
    /// The same, with and without TLS on one port, from SSLv3 on [default: 0.0.0.0:8443]
    #[arg(long, value_name = "ADDR")]
    https: Option<ListenAddress>,
    /// The address that clients are told to connect to [default: the one that they came to]
    #[arg(long, value_name = "HOST[:PORT]")]
    advertise: Option<Advertised>,
    /// The highest version of the protocol to offer, such as 13 [default: the newest that is served]
    #[arg(long, value_name = "N", value_parser = version)]
    max_version: Option<Version>,
    /// Loopback only, with three accounts and an echo bot to play with
    #[arg(long)]
    demo: bool,
}

/// Reads the command line, does what it says, and tells how it went.
pub fn run() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody left to tell if even
            // this cannot be written.
            let _ = error.print();
            let asked_for = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            return ExitCode::from(if asked_for { 0 } else { USAGE });
        }
    };
    let Err(error) = obey(line) else {
        return ExitCode::SUCCESS;
    };
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "papilio: {}", in_one_line(&error));
    let usage = error.is::<UsageError>() || error.is::<ConfigError>();
    ExitCode::from(if usage { USAGE } else { FAILED })
}

fn obey(line: CommandLine) -> anyhow::Result<()> {
    let mut flags = Flags {
        data: line.place.data,
        config: line.place.config,
        ..Flags::default()
    };
    match line.command {
        Command::Serve(serve) => {
            serve.into_flags(&mut flags);
            let loaded = Loaded::load(&flags)?;
            let log = log::begin(&loaded.config.log, loaded.config.log_format);
            let runtime = runtime()?;
            let served = runtime.block_on(serve::serve(flags, loaded, log));
            // A password that is still being hashed must not hold up the end.
            runtime.shutdown_background();
            served
        }
        Command::User(command) => {
            let config = Config::load(&flags)?;
            log::begin(QUIET, LogFormat::Text);
            runtime()?.block_on(user::run(command, &config))
        }
        Command::Session(command) => {
            on_data(&flags, async |config| session::run(command, config).await)
        }
        Command::Ban(command) => on_data(&flags, async |config| ban::run(command, config).await),
        Command::Invite(command) => {
            on_data(&flags, async |config| invite::run(command, config).await)
        }
        Command::Broadcast(broadcast) => on_data(&flags, async |config| {
            broadcast::run(broadcast, config).await
        }),
        Command::Operator(command) => {
            on_data(&flags, async |config| operator::run(command, config).await)
        }
        Command::Token(command) => {
            on_data(&flags, async |config| token::run(command, config).await)
        }
        Command::Audit(audit) => on_data(&flags, async |config| audit::run(audit, config).await),
        Command::Openapi => {
            let description = http::admin::openapi().to_pretty_json()?;
            Ok(writeln!(io::stdout(), "{description}")?)
        }
        Command::Import(import) => {
            let config = Config::load(&flags)?;
            log::begin(QUIET, LogFormat::Text);
            runtime()?.block_on(import::run(&import, &config))
        }
        Command::Dns(dns) => dns::run(dns, &Config::load(&flags)?),
        Command::Backup(asked) => {
            let loaded = Loaded::load(&flags)?;
            log::begin(QUIET, LogFormat::Text);
            runtime()?.block_on(backup::back_up(asked, loaded))
        }
        Command::Restore(asked) => {
            log::begin(QUIET, LogFormat::Text);
            runtime()?.block_on(backup::restore(asked, flags.data))
        }
        Command::Config(command) => config::run(command, flags),
        Command::Completions(asked) => generate::completions(&asked),
        Command::Man(asked) => generate::man(&asked),
        Command::Patch(asked) => patch::run(&asked),
        #[cfg(feature = "tls")]
        Command::Cert(command) => {
            let config = Config::load(&flags)?;
            log::begin(QUIET, LogFormat::Text);
            cert::run(&command, &config)
        }
        Command::Check(check) => {
            check.serve.into_flags(&mut flags);
            let loaded = Loaded::load(&flags)?;
            log::begin(QUIET, LogFormat::Text);
            runtime()?.block_on(check::run(check.json, &loaded))
        }
    }
}

impl ServeFlags {
    fn into_flags(self, flags: &mut Flags) {
        flags.msnp = self.msnp;
        flags.dispatch = self.dispatch;
        flags.http = self.http;
        flags.https = self.https;
        flags.advertise = self.advertise;
        flags.max_version = self.max_version;
        flags.demo = self.demo;
    }
}

/// What was asked for makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

fn usage(reason: impl ToString) -> anyhow::Error {
    UsageError(reason.to_string()).into()
}

/// An error and its causes, each of them once: many name their cause in their own text.
fn in_one_line(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |said, cause| {
            match said.is_empty() || said.ends_with(&cause) {
                true if said.is_empty() => cause,
                true => said,
                false => format!("{said}: {cause}"),
            }
        })
}

/// Whoever read what we wrote has had enough, as `head` has: no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")
}

/// Does what a command says about a data folder.
fn on_data(
    flags: &Flags,
    work: impl AsyncFnOnce(&Config) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let config = Config::load(flags)?;
    log::begin(QUIET, LogFormat::Text);
    runtime()?.block_on(work(&config))
}

/// The command is done with the database: a server that runs here looks at what was changed.
async fn done_with(store: Store, config: &Config) {
    store.close().await;
    running::look(config).await;
}

/// Where the acts of an operator are done by a process that does not serve.
async fn open_office(config: &Config) -> anyhow::Result<(Office, Store)> {
    let passwords = Passwords::new(config.passwords())?;
    let store = open_store(config).await?;
    Ok((Office::new(store.clone(), passwords, config, None), store))
}

/// Whoever runs this command.
fn operator() -> Operator {
    Operator::command_line(system_account::own())
}

/// Whoever asks about what is in a folder, and has named the wrong one, must hear of it: opening would
/// make an empty one, and the answer would be that there is nothing.
fn expect_data(config: &Config) -> anyhow::Result<()> {
    if let Database::Sqlite { path } = config.database()
        && matches!(path.try_exists(), Ok(false))
    {
        bail!(
            "there is no database in {}: `papilio user add` makes one, --data names another folder",
            config.data.display()
        );
    }
    Ok(())
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    Ok(Store::open(&config.database()).await?)
}

fn version(text: &str) -> Result<Version, &'static str> {
    text.parse()
        .ok()
        .and_then(Version::numbered)
        .ok_or("a version is a number from 2 to 21")
}

fn handle(text: &str) -> Result<Handle, String> {
    Handle::parse(text).map_err(|error| error.to_string())
}

/// What the commands beside `serve` say of their own accord.
const QUIET: &str = "warn";

const FAILED: u8 = 1;
const USAGE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_the_readme() {
        let readme = include_str!("../../../../README.md");
        for command in CommandLine::command().get_subcommands() {
            let name = command.get_name();
            let is_there = readme.lines().any(|line| {
                // Some share a line: "papilio ban | invite ...".
                line.starts_with("papilio ") && line.split_whitespace().any(|word| word == name)
            });
            assert!(is_there || command.is_hide_set(), "{name}");
        }
    }

    #[test]
    fn flags_of_serve_reach_the_configuration() {
        let line = CommandLine::parse_from([
            "papilio",
            "serve",
            "--data",
            "d",
            "--config",
            "c",
            "--msnp",
            "127.0.0.1:0",
            "--dispatch",
            ":1",
            "--http",
            "2",
            "--https",
            "127.0.0.1:4",
            "--advertise",
            "a.example:3",
            "--max-version",
            "13",
            "--demo",
        ]);
        let mut flags = Flags {
            data: line.place.data,
            config: line.place.config,
            ..Flags::default()
        };
        let Command::Serve(serve) = line.command else {
            panic!("serve");
        };
        serve.into_flags(&mut flags);
        let expected = Flags {
            data: Some("d".into()),
            config: Some("c".into()),
            msnp: Some(ListenAddress::loopback(0)),
            dispatch: Some(ListenAddress::everywhere(1)),
            http: Some(ListenAddress::everywhere(2)),
            https: Some(ListenAddress::loopback(4)),
            advertise: "a.example:3".parse().ok(),
            max_version: Some(Version::MSNP13),
            demo: true,
        };
        assert_eq!(flags, expected);
    }
}
