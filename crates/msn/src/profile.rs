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
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use etcetera::BaseStrategy as _;
use msnp_client::{Client, Connector, Events, Server};
use serde::Deserialize;

/// What every subcommand that signs in takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignInArguments {
    /// A profile of the configuration file
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
    /// The address to sign in as
    #[arg(long, short = 'u', global = true, env = "MSN_HANDLE")]
    pub(crate) handle: Option<String>,
}

/// One profile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    server: Option<String>,
    port: Option<u16>,
    services: Option<String>,
    handle: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// Who signs in where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) server: Server,
    pub(crate) handle: String,
}

impl SignInArguments {
    /// What the command line, the environment and the profile come to.
    pub(crate) fn account(&self) -> anyhow::Result<Account> {
        let profile = self.chosen()?;
        let host = self.server.clone().or(profile.server);
        let host = host.context("no server: say --server HOST, or make a profile")?;
        let mut server = Server::new(host);
        if let Some(port) = self.port.or(profile.port) {
            server = server.port(port);
        }
        if let Some(services) = self.services.clone().or(profile.services) {
            server = server.services_at(services);
        }
        let handle = self.handle.clone().or(profile.handle);
        let handle = handle.context("who signs in? Say --handle ADDRESS, or make a profile")?;
        Ok(Account { server, handle })
    }

    fn chosen(&self) -> anyhow::Result<Profile> {
        let Some(file) = self.read()? else {
            return match &self.profile {
                Some(name) => bail!("there is no configuration file with the profile {name:?}"),
                None => Ok(Profile::default()),
            };
        };
        let Some(name) = self.profile.clone().or(file.default) else {
            return Ok(Profile::default());
        };
        let profile = file.profile.get(&name).cloned();
        profile.with_context(|| format!("the configuration file has no profile {name:?}"))
    }

    /// The configuration file; one that nobody named need not be there.
    fn read(&self) -> anyhow::Result<Option<File>> {
        let path = match &self.config {
            Some(path) => path.clone(),
            None => match etcetera::choose_base_strategy() {
                Ok(strategy) => strategy.config_dir().join("msn").join("config.toml"),
                Err(_) => return Ok(None),
            },
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => {
                return Ok(None);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let file = toml::from_str(&text);
        file.with_context(|| format!("{} is not as it should be", path.display()))
    }
}

impl Account {
    /// Signs in, with the password from `MSN_PASSWORD` or asked for.
    pub(crate) async fn sign_in(
        &self,
        prepare: impl FnOnce(Connector) -> Connector,
    ) -> anyhow::Result<(Client, Events)> {
        let password = password(&self.handle)?;
        self.sign_in_with(&password, prepare).await
    }

    /// Signs in with this password.
    pub(crate) async fn sign_in_with(
        &self,
        password: &str,
        prepare: impl FnOnce(Connector) -> Connector,
    ) -> anyhow::Result<(Client, Events)> {
        let connector = prepare(Client::connect(self.server.clone()));
        let signed_in = connector.sign_in(&self.handle, password).await;
        signed_in.with_context(|| format!("cannot sign in as {}", self.handle))
    }
}

/// The password: never from the command line, where everybody on the machine can read it.
pub(crate) fn password(handle: &str) -> anyhow::Result<String> {
    match std::env::var("MSN_PASSWORD") {
        Ok(password) => Ok(password),
        Err(_) => rpassword::prompt_password(format!("Password of {handle}: "))
            .context("cannot ask for the password; set MSN_PASSWORD"),
    }
}
