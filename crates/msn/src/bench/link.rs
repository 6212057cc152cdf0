//! A connection to a notification server or switchboard, from one of our addresses. It holds no
//! buffer while nothing comes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use msnp_client::msnp::wire::line::{Codec, Limits, Line, LineError, Side};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// An open connection.
pub(super) struct Link {
    stream: TcpStream,
    input: BytesMut,
}

/// What came through a connection.
pub(super) enum Incoming {
    Line(Line),
    Broken(LineError),
    End,
}

impl Link {
    /// Connects to `host:port`.
    pub(super) async fn open(address: &str, source: Option<IpAddr>) -> io::Result<Self> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        let stream = timeout(PATIENCE, connect(address, source));
        let stream = stream.await.map_err(late)??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            input: BytesMut::new(),
        })
    }

    /// The next command. Nothing is lost when this is given up while it waits.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            match CODEC.decode(&mut self.input) {
                Ok(Some(line)) => return Incoming::Line(line),
                Ok(None) => {}
                Err(error) => return Incoming::Broken(error),
            }
            if self.input.is_empty() {
                self.input = BytesMut::new();
                if self.stream.readable().await.is_err() {
                    return Incoming::End;
                }
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return Incoming::End,
                Ok(_) => {}
            }
        }
    }

    /// Writes all of it. A server that does not read for long is given up.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the server does not read");
        let writing = timeout(PATIENCE, self.stream.write_all(bytes));
        writing.await.map_err(late)?
    }
}

async fn connect(address: &str, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(source) = source else {
        return TcpStream::connect(address).await;
    };
    let mut found: Vec<SocketAddr> = match address.parse() {
        Ok(address) => vec![address],
        Err(_) => lookup_host(address).await?.collect(),
    };
    found.retain(|address| address.is_ipv4() == source.is_ipv4());
    let Some(address) = found.into_iter().next() else {
        let why = format!("no address of {address} can be reached from {source}");
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, why));
    };
    let socket = match source {
        IpAddr::V4(_) => TcpSocket::new_v4(),
        IpAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Ports of connections that are over can be taken again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(address).await
}

const CODEC: Codec = Codec::new(
    Side::Server,
    Limits {
        line: 16 * 1024,
        message: 64 * 1024,
        payload: 1024 * 1024,
    },
);

const PATIENCE: Duration = Duration::from_secs(30);
