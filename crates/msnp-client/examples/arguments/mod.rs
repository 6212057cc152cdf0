//! What the examples are told: who signs in where.

use anyhow::Context as _;
use msnp_client::Server;

/// `HOST HANDLE [MSNP-PORT HTTP-ADDRESS]`, and the password from the environment, where other people
/// on the machine do not see it.
pub(crate) struct Arguments {
    pub(crate) server: Server,
    pub(crate) handle: String,
    pub(crate) password: String,
}

impl Arguments {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let usage = "arguments: HOST HANDLE [MSNP-PORT HTTP-ADDRESS]";
        let mut server = Server::new(arguments.next().context(usage)?);
        let handle = arguments.next().context(usage)?;
        if let Some(port) = arguments.next() {
            server = server.port(port.parse().context("the port is no number")?);
        }
        if let Some(address) = arguments.next() {
            server = server.services_at(address);
        }
        Ok(Self {
            server,
            handle,
            password: std::env::var("MSN_PASSWORD").context("MSN_PASSWORD is not set")?,
        })
    }
}
