//! `papilio serve --demo`: three accounts that have one another as contacts, and an echo bot (DESIGN, 1).

mod echo;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::roster::Lists;

pub use echo::Echo;

use crate::password::{Password, Passwords};
use crate::store::Store;
use crate::store::account::NewAccount;
use crate::store::roster::ImportedContact;

/// Who is there, and what they are called. For this machine alone, so that everybody may know the
/// password.
const ACCOUNTS: [(&str, &str); 3] = [
    ("alice@example.com", "Alice"),
    ("bob@example.com", "Bob"),
    ("carol@example.com", "Carol"),
];
/// The bot: a contact of theirs.
const ECHO: (&str, &str) = ("echo@example.com", "Echo");

/// Everybody's.
pub const PASSWORD: &str = "papilio";

/// Makes the accounts that are not there yet, and their contacts.
pub async fn seed(store: &Store, passwords: &Passwords) -> anyhow::Result<()> {
    let mut new = Vec::new();
    let mut handles: Vec<Handle> = Vec::new();
    for (email, name) in ACCOUNTS.into_iter().chain([ECHO]) {
        let handle: Handle = email.parse()?;
        handles.push(handle.clone());
        if store.account_by_handle(&handle).await?.is_some() {
            continue;
        }
        new.push(NewAccount {
            handle,
            name: name.to_owned(),
            password: passwords.hash(Password::parse(PASSWORD)?).await?,
            verified: true,
            created_at: Timestamp::now(),
        });
    }
    if new.is_empty() {
        return Ok(());
    }
    store
        .add_accounts(&new)
        .await
        .context("cannot make the accounts of the demo")?;
    let is_new = |handle: &Handle| new.iter().any(|account| account.handle == *handle);
    let mut rows = Vec::new();
    for owner in &handles {
        for contact in handles.iter().filter(|&other| other != owner) {
            // What people changed since the others were made stays changed.
            if !is_new(owner) && !is_new(contact) {
                continue;
            }
            let (owner, contact) = (owner.clone(), contact.clone());
            rows.push(ImportedContact {
                owner,
                contact,
                lists: Lists::FORWARD | Lists::ALLOW,
            });
        }
    }
    store.import_contacts(&rows, Timestamp::now()).await?;
    Ok(())
}

/// How to sign in, for whoever looks on.
pub(super) fn instructions(
    msnp: Option<SocketAddr>,
    http: Option<SocketAddr>,
    folder: &Path,
) -> String {
    let who: Vec<_> = ACCOUNTS.iter().map(|(email, _)| *email).collect();
    let who = who.join(", ");
    let server = msnp.map_or("(off)".to_owned(), |address| address.to_string());
    let page = |path: &str| {
        http.map_or("(off)".to_owned(), |address| {
            format!("http://{address}/{path}")
        })
    };
    let (pages, office, set_up) = (page("account"), page("admin"), page("setup"));
    format!(
        "
  Papilio, for this machine alone. Its ports are in the line above.

    Sign in as   {who}
    Password     {PASSWORD}
    Server       {server} for Messenger; the other services are on the http and https ports
    Pages        {pages} to make another account, or look after one
    Operators    {office}, once `papilio operator add {alice} --data {folder}` was said
    Old clients  {set_up}, with the root certificate and the names that they ask for

  They have one another as contacts already: sign in as two of them and chat. Alone, talk to {echo},
  who says everything again.
  Ctrl-C stops it. Everything is in the folder {folder}; delete that to begin anew.
",
        alice = ACCOUNTS[0].0,
        echo = ECHO.0,
        folder = folder.display()
    )
}
