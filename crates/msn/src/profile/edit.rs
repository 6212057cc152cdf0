//! `msn profile`: the profiles of the configuration file.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::SignInArguments;
use super::file::{self, File, Profile};
use crate::exit::{NotFound, Usage};
use crate::output;

/// What `msn profile` takes.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the profiles; the usual one has a star
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Keeps --server, --handle and so on under a name
    Add {
        /// The name
        name: String,
        /// Make it the usual one; the first always is
        #[arg(long)]
        default: bool,
        /// What to run for the password; the first line that it says is taken
        #[arg(long, value_name = "COMMAND")]
        password_command: Option<String>,
    },
    /// Forgets a profile
    Remove {
        /// Its name
        name: String,
    },
}

/// A profile, listed.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    default: bool,
    #[serde(flatten)]
    profile: &'a Profile,
}

/// Changes the picture of the profile in use; its name.
pub(crate) fn set_picture(
    sign_in: &SignInArguments,
    picture: Option<PathBuf>,
) -> anyhow::Result<String> {
    let place = sign_in.place()?;
    let mut file = File::read_or_begin(&place)?;
    let name = sign_in.profile.clone().or_else(|| file.default.clone());
    let name = name.with_context(|| {
        Usage("a picture is kept in a profile, and there is none (msn profile add)".to_owned())
    })?;
    let profile = file.profile.get_mut(&name);
    let profile = profile.with_context(|| Usage(format!("there is no profile {name:?}")))?;
    profile.picture = picture;
    file.write(&place)?;
    Ok(name)
}

/// Lists or changes them.
pub(crate) fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let place = sign_in.place()?;
    match arguments.command {
        Command::List { json } => {
            let file = File::read(&place)?;
            for (name, profile) in &file.profile {
                let default = file.default.as_ref() == Some(name);
                if json {
                    output::json(&Listed {
                        name,
                        default,
                        profile,
                    })?;
                } else {
                    let star = if default { '*' } else { ' ' };
                    let of = |field: &Option<String>| field.clone().unwrap_or("-".to_owned());
                    let (handle, server) = (of(&profile.handle), of(&profile.server));
                    output::line(&format!("{star} {name}  {handle}  {server}"))?;
                }
            }
        }
        Command::Add {
            name,
            default,
            password_command,
        } => {
            let mut file = File::read_or_begin(&place)?;
            let profile = Profile {
                server: sign_in.server.clone(),
                port: sign_in.port,
                services: sign_in.services.clone(),
                root: sign_in.root.clone(),
                handle: sign_in.handle.clone(),
                password_command,
                picture: None,
            };
            if profile == Profile::default() {
                let nothing = "a profile of nothing: say --server HOST --handle ADDRESS";
                return Err(Usage(nothing.to_owned()).into());
            }
            if let Some(services) = &profile.services {
                file::check_services(services)?;
            }
            if file.profile.contains_key(&name) {
                return Err(Usage(format!("there is a profile {name:?} already")).into());
            }
            if default || file.profile.is_empty() {
                file.default = Some(name.clone());
            }
            file.profile.insert(name, profile);
            file.write(&place)?;
        }
        Command::Remove { name } => {
            let mut file = File::read_or_begin(&place)?;
            if file.profile.remove(&name).is_none() {
                return Err(NotFound(format!("there is no profile {name:?}")).into());
            }
            file.default = file.default.filter(|default| *default != name);
            file.write(&place)?;
        }
    }
    Ok(())
}
