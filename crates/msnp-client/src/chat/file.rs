//! Files, read and written by whoever sends and takes them; the task of the conversation only passes
//! them through.
//!
//! ```text
//!   sender                    task                 task                   receiver
//!     <-- Wanted, 64 packets --  -- packets ------>  -- parts, 32 at most -->
//!     -- Supply ------------->   <-- ACK of each     (waits while none is taken)
//! ```

use std::io;

use bytes::{Bytes, BytesMut};
use msnp::client::p2p::{FileName, TransferId};
use msnp::handle::Handle;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};

use super::{Chat, Command, Wanted, gone};
use crate::error::Error;

/// How many parts of a file wait to be written.
const PARTS: usize = 32;

/// Offers a file, and reads it when it is wanted.
pub(super) async fn send(
    chat: &Chat,
    to: &Handle,
    name: &str,
    size: u64,
    mut source: impl AsyncRead + Unpin,
) -> Result<(), Error> {
    let (done, mut outcome) = oneshot::channel();
    let (wants, mut wanted) = mpsc::channel(1);
    let offer = Command::Offer {
        to: to.clone(),
        name: FileName::of(name),
        size,
        wants,
        done,
    };
    chat.command(offer).await?;
    loop {
        tokio::select! {
            outcome = &mut outcome => return Ok(outcome.map_err(|_| gone())??),
            Some(Wanted { id, length }) = wanted.recv() => {
                let (data, trouble) = match piece(&mut source, length).await {
                    Ok(data) => (data, None),
                    Err(error) => (Bytes::new(), Some(Error::File(error))),
                };
                chat.command(Command::Supply { id, data }).await?;
                if let Some(error) = trouble {
                    return Err(error);
                }
            }
        }
    }
}

/// So many bytes, all of them.
async fn piece(source: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<Bytes> {
    let mut data = BytesMut::zeroed(length);
    source.read_exact(&mut data).await?;
    Ok(data.freeze())
}

/// Somebody offers a file. Dropping it declines.
#[derive(Debug)]
pub struct FileOffer {
    id: TransferId,
    from: Handle,
    name: FileName,
    size: u64,
    chat: Chat,
    open: bool,
}

impl FileOffer {
    pub(super) fn new(id: TransferId, from: Handle, name: FileName, size: u64, chat: Chat) -> Self {
        Self {
            id,
            from,
            name,
            size,
            chat,
            open: true,
        }
    }

    /// Who offers it.
    pub fn from(&self) -> &Handle {
        &self.from
    }

    /// In which conversation.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// What it is called: never with a folder, but it may be anything else.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// How long it is, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes it: all of it is kept in memory, so look at its [size](FileOffer::size) first.
    pub async fn accept(self) -> Result<Bytes, Error> {
        let mut data = Vec::new();
        self.accept_into(&mut data).await?;
        Ok(data.into())
    }

    /// Takes it, and writes it as it comes, to a `tokio::fs::File` for one. When this fails, what was
    /// written is not the whole file. Giving up the future ends the transfer.
    pub async fn accept_into(mut self, mut into: impl AsyncWrite + Unpin) -> Result<(), Error> {
        self.open = false;
        let id = self.id;
        let (done, outcome) = oneshot::channel();
        let (parts, mut arriving) = mpsc::channel(PARTS);
        self.chat
            .command(Command::Accept { id, parts, done })
            .await?;
        while let Some(part) = arriving.recv().await {
            if let Err(error) = into.write_all(&part).await {
                // A conversation that is over has ended it already.
                let _over = self.chat.command(Command::Cancel(id)).await;
                return Err(Error::File(error));
            }
        }
        outcome.await.map_err(|_| gone())??;
        into.flush().await.map_err(Error::File)
    }
}

impl Drop for FileOffer {
    fn drop(&mut self) {
        if self.open {
            // A conversation that is over, or has much to do, forgets the offer by itself.
            let _declined = self.chat.commands.try_send(Command::Decline(self.id));
        }
    }
}
