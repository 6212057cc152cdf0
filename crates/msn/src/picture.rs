//! `msn picture`: display pictures. One's own is a file that the profile names: it stays on this machine,
//! and others fetch it while the account is signed in here.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use msnp_client::{Client, Error, Handle, Picture};

use crate::contacts;
use crate::exit::{NotFound, Usage};
use crate::output;
use crate::profile::{self, SignInArguments};

/// What `msn picture` takes.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a file the profile's picture: shown by chat, watch and bot while they run
    Set {
        /// A PNG, JPEG or GIF file; clients of then show 96 by 96 pixels
        file: PathBuf,
    },
    /// Shows none any more
    Clear,
    /// Fetches the picture that a contact shows, from their client
    Fetch {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
        /// Where to put it; - is standard output
        file: PathBuf,
    },
}

/// Does it; only fetching signs in.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Set { file } => {
            read(&file)?;
            let file = fs::canonicalize(&file)?;
            let name = profile::set_picture(sign_in, Some(file))?;
            output::line(&format!(
                "shown with the profile {name} from the next sign-in on"
            ))?;
        }
        Command::Clear => {
            profile::set_picture(sign_in, None)?;
        }
        Command::Fetch { contact, file } => {
            let client = sign_in.account()?.visit().await?;
            let fetched = fetch(&client, &contact).await;
            client.sign_out().await;
            let data = fetched?;
            if file == Path::new("-") {
                std::io::stdout().lock().write_all(&data)?;
            } else {
                let written = fs::write(&file, &data);
                written.with_context(|| format!("cannot write {}", file.display()))?;
                output::line(&format!("{} bytes", data.len()))?;
            }
        }
    }
    Ok(())
}

async fn fetch(client: &Client, contact: &Handle) -> anyhow::Result<bytes::Bytes> {
    let book = contacts::with_presence(client).await?;
    let known = book.find(contact);
    let known = known.with_context(|| NotFound(format!("{contact} is no contact")))?;
    if known.presence.is_none() {
        return Err(NotFound(format!("{contact} is not there to show a picture")).into());
    }
    client
        .fetch_picture(known)
        .await
        .map_err(|error| match error {
            Error::NoPicture => NotFound(format!("{contact} shows no picture")).into(),
            error => {
                anyhow::Error::from(error).context(format!("the picture of {contact} did not come"))
            }
        })
}

/// A file, if it is a picture.
pub(crate) fn read(file: &Path) -> anyhow::Result<Picture> {
    let what = || Usage(format!("{} cannot be a picture", file.display()));
    let size = fs::metadata(file).with_context(what)?.len();
    if size > Picture::MAX_LEN as u64 {
        let most = Picture::MAX_LEN;
        return Err(anyhow::anyhow!("it has {size} bytes, more than {most}").context(what()));
    }
    let data = fs::read(file).with_context(what)?;
    let begins = |with: &[u8]| data.starts_with(with);
    if !(begins(b"\x89PNG\r\n") || begins(b"\xff\xd8\xff") || begins(b"GIF8")) {
        return Err(anyhow::anyhow!("it is no PNG, JPEG or GIF").context(what()));
    }
    Picture::new(data).with_context(what)
}
