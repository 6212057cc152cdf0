//! A raw client for the benchmarks over sockets: it says what a Messenger client says, and nothing
//! in it can wait for anything else (wire-msnp13, 2 to 5; services-auth, 3).
//!
//! ```text
//!   relay, fan_out, herd
//!        |
//!      Person -- ticket (HTTP) --> sign in --> Connection -- lines
//!        |
//!      process: papilio, and the bare programs that it is compared with
//! ```

mod connection;
pub(crate) mod figures;
pub(crate) mod process;
mod ticket;

use std::net::SocketAddr;

use anyhow::Context;
use msnp::proof::challenge::Product;

pub(crate) use connection::Connection;
use process::Server;

/// Somebody who has an account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    number: usize,
}

impl Person {
    /// The one with this number, up to 99999. Everybody's lines are of the same length.
    pub(crate) fn numbered(number: usize) -> Self {
        Self { number }
    }

    /// Their address.
    pub(crate) fn handle(&self) -> String {
        format!("person{:05}@example.com", self.number)
    }

    /// Their name: none of its characters needs percent-coding.
    pub(crate) fn name(&self) -> String {
        format!("Person{:05}", self.number)
    }

    fn password(&self) -> String {
        format!("secret{:05}", self.number)
    }

    /// As `papilio import` reads them.
    pub(crate) fn record(&self) -> String {
        format!(
            r#"{{"type":"user","email":"{}","name":"{}","password":"{}"}}"#,
            self.handle(),
            self.name(),
            self.password()
        )
    }

    /// A contact on FL and AL, as `papilio import` reads it.
    pub(crate) fn contact_record(&self, contact: &Self) -> String {
        format!(
            r#"{{"type":"contact","owner":"{}","contact":"{}","lists":["FL","AL"]}}"#,
            self.handle(),
            contact.handle()
        )
    }

    /// Signs in as Windows Live Messenger 8.0 does, up to the answer to the challenge. `contacts` are
    /// told in the `ADL`, on FL and AL.
    pub(crate) async fn sign_in(
        &self,
        server: &Addresses,
        contacts: &[Self],
    ) -> anyhow::Result<Connection> {
        let handle = self.handle();
        let mut connection = Connection::open(server.msnp).await?;
        connection.say("VER 1 MSNP13 CVR0\r\n").await?;
        connection.hear("VER").await?;
        connection
            .say(&format!(
                "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n"
            ))
            .await?;
        connection.hear("CVR").await?;
        connection.say(&format!("USR 3 TWN I {handle}\r\n")).await?;
        connection.hear("USR").await?;
        let ticket = ticket::ask(server.http, &handle, &self.password())
            .await
            .with_context(|| format!("{handle} gets no ticket"))?;
        connection.say(&format!("USR 4 TWN S {ticket}\r\n")).await?;
        connection.hear("USR").await?;
        connection.hear("MSG").await?;
        let list = list_of(contacts);
        connection
            .say(&format!(
                "BLP 5 AL\r\nADL 6 {}\r\n{list}PRP 7 MFN {}\r\n{}CHG 9 NLN 1611513916\r\n",
                list.len(),
                self.name(),
                user_data(8, "at lunch"),
            ))
            .await?;
        let challenge = connection.hear("CHL").await?;
        let challenge = challenge.args().nth(1).context("CHL without challenge")?;
        let Product { id, .. } = Product::WLM_8_0;
        let response = Product::WLM_8_0.response(challenge);
        connection
            .say(&format!("QRY 10 {id} {}\r\n{response}", response.len()))
            .await?;
        connection.hear("QRY").await?;
        Ok(connection)
    }
}

/// Where a server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Notification server and switchboard.
    pub(crate) msnp: SocketAddr,
    /// Sign-in service.
    pub(crate) http: SocketAddr,
}

fn list_of(contacts: &[Person]) -> String {
    let mut list = String::from(r#"<ml l="1">"#);
    if !contacts.is_empty() {
        list += r#"<d n="example.com">"#;
        for contact in contacts {
            let handle = contact.handle();
            let local = handle.split('@').next().unwrap_or_default();
            list += &format!(r#"<c n="{local}" l="3" t="1" />"#);
        }
        list += "</d>";
    }
    list + "</ml>"
}

fn user_data(trid: u32, message: &str) -> String {
    let document = format!(
        "<Data><PSM>{message}</PSM><CurrentMedia></CurrentMedia>\
         <MachineGuid>{{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}}</MachineGuid></Data>"
    );
    format!("UUX {trid} {}\r\n{document}", document.len())
}

/// Starts a server with these accounts. The configuration is in the words of `papilio.toml`.
pub(crate) fn serve(records: &[String], configuration: &str) -> anyhow::Result<Server> {
    Server::start(records, configuration)
}
