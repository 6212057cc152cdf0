//! A connection to a notification server or switchboard: lines in, bytes out.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use msnp::wire::line::{Codec, Limits, Line, LineError, Side};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An open connection.
pub(crate) struct Link {
    stream: TcpStream,
    input: BytesMut,
}

/// What came through a connection.
pub(crate) enum Incoming {
    Line(Line),
    Broken(LineError),
    End,
}

impl Link {
    /// Connects to `host:port`.
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        let stream = timeout(PATIENCE, TcpStream::connect(address));
        let stream = stream.await.map_err(|_| late())??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            input: BytesMut::new(),
        })
    }

    /// The next command. Nothing is lost when this is given up while it waits.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            match CODEC.decode(&mut self.input) {
                Ok(Some(line)) => return Incoming::Line(line),
                Ok(None) => {}
                Err(error) => return Incoming::Broken(error),
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Incoming::End,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "the connection broke");
                    return Incoming::End;
                }
            }
        }
    }

    /// Writes all of it. A server that does not read for long is given up.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the server does not read");
        let writing = timeout(PATIENCE, self.stream.write_all(bytes));
        writing.await.map_err(late)?
    }

    /// Closes what was written to the end.
    pub(crate) async fn close(mut self) {
        // The server may be gone already, which is what is wanted.
        let _closed = timeout(PATIENCE, self.stream.shutdown()).await;
    }
}

/// What a server sends: names and pictures of others make lines longer than a client's.
const CODEC: Codec = Codec::new(
    Side::Server,
    Limits {
        line: 16 * 1024,
        message: 64 * 1024,
        payload: 1024 * 1024,
    },
);

/// How long to wait for a connection, and for a server to take what is written.
const PATIENCE: Duration = Duration::from_secs(30);
