//! A connection to a notification server or switchboard.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use bytes::BytesMut;
use msnp::wire::line::{Codec, Limits, Line, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CODEC: Codec = Codec::new(Side::Server, Limits::DEFAULT);

/// A connection, and what has come over it and was not yet heard.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    input: BytesMut,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            input: BytesMut::new(),
        })
    }

    /// Writes.
    pub(crate) async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.stream.write_all(text.as_bytes()).await?)
    }

    /// The next line with this verb; others are passed over. An error number, an `OUT` and the end of
    /// the connection are errors.
    pub(crate) async fn hear(&mut self, verb: &str) -> anyhow::Result<Line> {
        loop {
            let line = self
                .line()
                .await
                .with_context(|| format!("instead of {verb}"))?;
            if line.verb() == verb {
                return Ok(line);
            }
        }
    }

    /// The next line. Can be dropped while it waits.
    pub(crate) async fn line(&mut self) -> anyhow::Result<Line> {
        loop {
            if let Some(line) = CODEC.decode(&mut self.input)? {
                if line.error_number().is_some() || matches!(line.verb(), "OUT" | "NAK") {
                    bail!("the server says {:?}", line.text());
                }
                if self.input.is_empty() {
                    self.input = BytesMut::new();
                }
                return Ok(line);
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                bail!("the server closed the connection");
            }
        }
    }

    /// The socket, when everything that came was heard.
    pub(crate) fn into_stream(self) -> anyhow::Result<TcpStream> {
        if self.input.is_empty() {
            Ok(self.stream)
        } else {
            bail!("unexpected: {:?}", self.input);
        }
    }
}
