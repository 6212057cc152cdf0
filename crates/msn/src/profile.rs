//! Who signs in, and where: the command line, the environment, and the profiles of the
//! configuration file, in this order.
//!
//! ```toml
//! # ~/.config/msn/config.toml
//! default = "home"
//!
//! [profile.home]
//! server = "chat.example.com"
//! handle = "alice@example.com"
//! password-command = "pass show messenger"
//! ```

mod edit;
mod file;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use msnp_client::{
    Answering, Client, Connector, Events, Handle, MailHandling, Reconnecting, Server, Status,
};

use crate::exit::Usage;
use crate::picture;
use file::{File, Profile};

pub(crate) use edit::{Arguments, run, set_picture};

/// What every subcommand that signs in takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Who and where")]
pub(crate) struct SignInArguments {
    /// A profile of the configuration file [default: the one that it names]
    #[arg(long, global = true, env = "MSN_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The configuration file [default: msn/config.toml in the folder for configuration]
    #[arg(long, global = true, value_name = "FILE", env = "MSN_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The server's name or address
    #[arg(long, global = true, value_name = "HOST", env = "MSN_SERVER")]
    pub(crate) server: Option<String>,
    /// The port of Messenger itself [default: 1863]
    #[arg(long, global = true, value_name = "PORT", env = "MSN_PORT")]
    pub(crate) port: Option<u16>,
    /// Where the services over HTTP are [default: http://HOST:8080]
    #[arg(long, global = true, value_name = "URL", env = "MSN_SERVICES")]
    pub(crate) services: Option<String>,
    /// A certificate in PEM to trust beside those that the system trusts, for https services
    #[arg(long, global = true, value_name = "FILE", env = "MSN_ROOT")]
    pub(crate) root: Option<PathBuf>,
    /// The address to sign in as
    #[arg(
        id = "account",
        long = "handle",
        short = 'u',
        global = true,
        value_name = "ADDRESS",
        env = "MSN_HANDLE"
    )]
    pub(crate) handle: Option<String>,
}

/// Who signs in where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) server: Server,
    pub(crate) handle: String,
    password_command: Option<String>,
    picture: Option<PathBuf>,
}

impl SignInArguments {
    /// What the command line, the environment and the profile come to.
    pub(crate) fn account(&self) -> anyhow::Result<Account> {
        let (profile, server) = (self.chosen()?, self.server()?);
        // The password and the picture of a profile are those of that profile's account.
        let (password_command, picture) = match &self.handle {
            Some(handle) if profile.handle.as_ref() != Some(handle) => (None, None),
            _ => (profile.password_command, profile.picture),
        };
        let handle = self.handle.clone().or(profile.handle);
        let handle = handle.context(Usage(
            "who signs in? Say --handle ADDRESS, or make a profile (msn profile add)".to_owned(),
        ))?;
        if let Err(error) = Handle::parse(&handle) {
            return Err(Usage(format!("{handle:?}: {error}")).into());
        }
        Ok(Account {
            server,
            handle,
            password_command,
            picture,
        })
    }

    /// Where; the same, for those who do not sign in as one account.
    pub(crate) fn server(&self) -> anyhow::Result<Server> {
        let profile = self.chosen()?;
        let host = self.server.clone().or(profile.server);
        let host = host.context(Usage(
            "no server: say --server HOST, or make a profile (msn profile add)".to_owned(),
        ))?;
        let mut server = Server::new(host);
        if let Some(port) = self.port.or(profile.port) {
            server = server.port(port);
        }
        if let Some(services) = self.services.clone().or(profile.services) {
            file::check_services(&services)?;
            server = server.services_at(services);
        }
        match self.root.clone().or(profile.root) {
            Some(root) => trusting(server, &root),
            None => Ok(server),
        }
    }

    /// The profile that is asked for, else the usual one, else an empty one.
    fn chosen(&self) -> anyhow::Result<Profile> {
        let file = File::read(&self.place()?)?;
        let Some(name) = self.profile.as_ref().or(file.default.as_ref()) else {
            return Ok(Profile::default());
        };
        let profile = file.profile.get(name).cloned();
        profile.with_context(|| Usage(format!("there is no profile {name:?} (msn profile list)")))
    }

    /// Where the configuration file is, or would be.
    fn place(&self) -> anyhow::Result<file::Place> {
        file::Place::of(self.config.as_ref())
    }
}

#[cfg(feature = "tls")]
fn trusting(server: Server, root: &Path) -> anyhow::Result<Server> {
    let pem = std::fs::read(root);
    let pem = pem.with_context(|| Usage(format!("cannot read {}", root.display())))?;
    Ok(server.trusting(pem))
}

#[cfg(not(feature = "tls"))]
fn trusting(_: Server, _: &Path) -> anyhow::Result<Server> {
    bail!(Usage(
        "--root is for https, and this msn was built without its feature \"tls\"".to_owned()
    ))
}

impl Account {
    /// Signs in, with the password from `MSN_PASSWORD`, from the profile's command, or asked for.
    pub(crate) async fn sign_in(
        &self,
        prepare: impl FnOnce(Connector) -> Connector,
    ) -> anyhow::Result<(Client, Events)> {
        let password = self.password().await?;
        self.sign_in_with(&password, prepare).await
    }

    /// Signs in with this password.
    pub(crate) async fn sign_in_with(
        &self,
        password: &str,
        prepare: impl FnOnce(Connector) -> Connector,
    ) -> anyhow::Result<(Client, Events)> {
        let mut connector = Client::connect(self.server.clone());
        if let Some(file) = &self.picture {
            match picture::read(file) {
                Ok(picture) => connector = connector.picture(picture),
                // One can do without.
                Err(error) => eprintln!("msn: {error:#}"),
            }
        }
        let connector = prepare(connector);
        let signed_in = connector.sign_in(&self.handle, password).await;
        signed_in.with_context(|| format!("cannot sign in as {}", self.handle))
    }

    /// Signs in for a moment.
    pub(crate) async fn visit(&self) -> anyhow::Result<Client> {
        let (client, _events) = self.sign_in(as_visitor).await?;
        Ok(client)
    }

    /// The password: never from the command line, where everybody on the machine can read it.
    pub(crate) async fn password(&self) -> anyhow::Result<String> {
        if let Ok(password) = std::env::var("MSN_PASSWORD") {
            return Ok(password);
        }
        if let Some(command) = &self.password_command {
            return password_of(command).await;
        }
        let prompt = format!("Password of {}: ", self.handle);
        let asked = tokio::task::spawn_blocking(|| rpassword::prompt_password(prompt)).await?;
        asked.context("cannot ask for the password; set MSN_PASSWORD")
    }
}

/// For a moment: nobody sees it, nobody can call, and offline messages stay where they are.
pub(crate) fn as_visitor(connector: Connector) -> Connector {
    connector
        .status(Status::Hidden)
        .answering(Answering::ByApplication)
        .reconnecting(Reconnecting::Never)
        .offline_messages(MailHandling::Leave)
}

/// The first line of what a command says.
async fn password_of(command: &str) -> anyhow::Result<String> {
    let run = tokio::process::Command::new("sh")
        .args(["-c", command])
        .stdin(std::process::Stdio::inherit())
        .stderr(std::process::Stdio::inherit())
        .output();
    let output = run.await.context("cannot run the password-command")?;
    if !output.status.success() {
        bail!("the password-command failed: {}", output.status);
    }
    let said = String::from_utf8(output.stdout);
    let said = said.ok().context("the password-command said no UTF-8")?;
    match said.lines().next() {
        Some(password) if !password.is_empty() => Ok(password.to_owned()),
        _ => bail!("the password-command said nothing"),
    }
}
