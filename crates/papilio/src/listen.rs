//! Listeners: accept connections and give each its session (DESIGN, 1: ports, advertised address).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use msnp::server::Door;
use msnp::wire::param::Param;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tracing::{info, warn};

use crate::config::{Advertised, ListenAddress, bracketed};
use crate::connection::Connection;
use crate::node::Node;
use crate::per_address::{Counted, PerAddress, TooMany};
use crate::store::Store;

/// How many connections may wait to be accepted.
const WAITING: u32 = 1024;

/// How long to wait when no connection can be accepted: until some other has ended.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// How much the system keeps of what is written to a connection of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendBuffer {
    /// As it likes: megabytes, for whoever read fast at first.
    Unbounded,
    /// About so many bytes. What a slow reader has not read is then known to wait, so that senders can
    /// be held back in time, and an `ACK` says more.
    Bytes(u32),
}

/// Binds one address.
pub async fn bind(address: &ListenAddress, buffer: SendBuffer) -> io::Result<TcpListener> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host((&*address.host, address.port)).await? {
        match listen(address, buffer) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn listen(address: SocketAddr, buffer: SendBuffer) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that starts again finds connections of its forerunner in their last state.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    if let SendBuffer::Bytes(size) = buffer {
        // Every connection accepted here inherits it.
        socket.set_send_buffer_size(size)?;
    }
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// The address that clients are told: in `XFR`, in `RNG`.
///
/// Never a wildcard: unless the operator names a host, it is the one by which the client came.
#[derive(Debug)]
pub struct Announcer {
    host: Option<String>,
    port: u16,
    known: Mutex<HashMap<IpAddr, Param>>,
}

impl Announcer {
    /// Announces what the operator says, and the port listened on where that says none.
    pub fn new(advertised: Option<&Advertised>, port: u16) -> Self {
        let host = advertised.map(|advertised| bracketed(&advertised.host).into_owned());
        let port = advertised
            .and_then(|advertised| advertised.port)
            .unwrap_or(port);
        Self {
            host,
            port,
            known: Mutex::default(),
        }
    }

    /// The host alone, for a client that came to `local`: where it finds the gateway again.
    pub fn host(&self, local: SocketAddr) -> String {
        let came_to = || bracketed(&local.ip().to_canonical().to_string()).into_owned();
        self.host.clone().unwrap_or_else(came_to)
    }

    /// The address for a client that came to `local`.
    fn address(&self, local: SocketAddr) -> Param {
        let ip = local.ip().to_canonical();
        let mut known = self.known.lock();
        let made = || {
            let host = self
                .host
                .clone()
                .unwrap_or_else(|| bracketed(&ip.to_string()).into_owned());
            // Percent-coding changes nothing in a host name, and a host that is none never got past
            // the configuration.
            Param::word(&format!("{host}:{}", self.port))
        };
        known.entry(ip).or_insert_with(made).clone()
    }
}

/// What every connection of a listener gets.
#[derive(Clone)]
pub struct Reception {
    /// The node.
    pub node: Arc<Node>,
    /// The store.
    pub store: Arc<Store>,
    /// Counts connections by address.
    pub per_address: PerAddress,
    /// What clients are told.
    pub announcer: Arc<Announcer>,
    /// Which server is played.
    pub door: Door,
}

/// Accepts connections for ever; ends when dropped.
pub async fn accept(listener: TcpListener, reception: Reception) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => reception.receive(stream, peer),
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                warn!(%error, "cannot accept connections; too few open files allowed?");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

impl Reception {
    /// A connection of a client that polls, over whatever it polls. It came to `local`; the port from
    /// which it asks means nothing, and changes (wire-msnp13, 10).
    pub fn receive_polled<Io>(
        &self,
        io: Io,
        peer: IpAddr,
        local: SocketAddr,
    ) -> Result<(Connection<Io>, Counted), TooMany>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let counted = self.per_address.admit(peer)?;
        let address = self.announcer.address(local);
        let peer = SocketAddr::new(peer, 0);
        let driver = self
            .node
            .open_polled(self.door, address, peer, Instant::now());
        Ok((
            Connection::new(io, driver, Arc::clone(&self.store)),
            counted,
        ))
    }

    fn receive(&self, stream: TcpStream, peer: SocketAddr) {
        let counted = match self.per_address.admit(peer.ip()) {
            Ok(counted) => counted,
            Err(error) => {
                info!(%peer, "refused: {error}");
                return;
            }
        };
        // Presence and chat are small and must leave at once.
        let Ok(local) = stream.set_nodelay(true).and_then(|()| stream.local_addr()) else {
            return;
        };
        let address = self.announcer.address(local);
        let driver = self.node.open(self.door, address, peer, Instant::now());
        // Once it is among the connections, so that a ban of just now is seen by one or the other.
        if self.node.bans.refuse(peer.ip(), Timestamp::now()) {
            info!(%peer, "refused: banned");
            return;
        }
        let connection = Connection::new(stream, driver, Arc::clone(&self.store));
        tokio::spawn(life(connection, counted));
    }
}

/// The task of a connection.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps two places for each of its arguments"
)]
fn life(mut connection: Connection<TcpStream>, counted: Counted) -> impl Future<Output = ()> {
    async move {
        connection.drive().await;
        drop(counted);
    }
}

/// The connection was gone before it was accepted: nothing is wrong here.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the runtime puts around the future of a task, and the multiple to which it rounds.
    const AROUND: usize = 112;
    const ROUNDED: usize = 128;

    #[test]
    fn the_task_of_an_idle_connection_stays_small() {
        let size = future_size(life);
        let task = (size + AROUND).next_multiple_of(ROUNDED);
        assert!(task <= 5 * ROUNDED, "{size} bytes make {task}");
    }

    fn future_size<A, B, F>(_: impl FnOnce(A, B) -> F) -> usize {
        size_of::<F>()
    }
}
