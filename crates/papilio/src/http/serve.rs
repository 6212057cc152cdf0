//! Carries connections to the router: accepts, counts, tells TLS from plain HTTP, frames, ends (DESIGN,
//! section 5, HTTP).

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tracing::{debug, info, warn};

use super::{Transport, head, stream};
use crate::config;
#[cfg(feature = "tls")]
use crate::metrics::{Handshake, METRICS};
use crate::per_address::{Counted, PerAddress};
#[cfg(feature = "tls")]
use crate::tls::{Acceptor, HandshakeFailed, Rules, TlsStream, hello};

/// Answers every connection of a listener until `shutdown` is done, then lets the requests under
/// way finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: config::Http,
    per_address: PerAddress,
    shutdown: impl Future<Output = ()>,
) {
    let service = Service {
        router,
        limits,
        #[cfg(feature = "tls")]
        acceptor: None,
    };
    serve_all(listener, service, per_address, shutdown).await;
}

/// The same for a listener on which clients may speak TLS as well: their first byte tells (DESIGN, 5).
#[cfg(feature = "tls")]
pub async fn serve_mixed(
    listener: TcpListener,
    acceptor: Acceptor,
    router: Router,
    limits: config::Http,
    per_address: PerAddress,
    shutdown: impl Future<Output = ()>,
) {
    let service = Service {
        router,
        limits,
        acceptor: Some(acceptor),
    };
    serve_all(listener, service, per_address, shutdown).await;
}

/// What every connection of a listener is served with.
#[derive(Clone)]
struct Service {
    router: Router,
    limits: config::Http,
    #[cfg(feature = "tls")]
    acceptor: Option<Acceptor>,
}

async fn serve_all(
    listener: TcpListener,
    service: Service,
    per_address: PerAddress,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                warn!(%error, "cannot take a connection over HTTP");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let counted = match per_address.admit(peer.ip()) {
            Ok(counted) => counted,
            Err(error) => {
                info!(%peer, %error, "connection over HTTP refused");
                continue;
            }
        };
        // An answer is written in one piece, and should not wait for company.
        let Ok(local) = stream.set_nodelay(true).and_then(|()| stream.local_addr()) else {
            continue;
        };
        let ends = Ends {
            peer,
            local,
            transport: Transport::Plain,
        };
        let (service, stopped) = (service.clone(), stopped.clone());
        connections.spawn(async move {
            let _counted: Counted = counted;
            service.receive(stream, ends, stopped).await;
        });
    }
    drop(listener);
    drop(stop);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        warn!("connections over HTTP are cut off: they did not end in time");
    }
}

impl Service {
    /// Answers a connection, whatever it speaks.
    async fn receive(self, stream: TcpStream, ends: Ends, mut stopped: watch::Receiver<()>) {
        #[cfg(feature = "tls")]
        if let Some(acceptor) = &self.acceptor {
            let speaks_tls = tokio::select! {
                speaks_tls = speaks_tls(&stream, self.limits.idle) => speaks_tls,
                _ = stopped.changed() => return,
            };
            match speaks_tls {
                Some(true) => {}
                Some(false) => {
                    serve_connection(stream, ends, self.router, &self.limits, stopped).await;
                    return;
                }
                None => return,
            }
            let accepted = tokio::select! {
                accepted = acceptor.accept(stream) => accepted,
                _ = stopped.changed() => return,
            };
            return match accepted {
                Ok((stream, rules)) => {
                    METRICS.tls_handshakes.of(counted(&stream)).increment(1);
                    let transport = match rules {
                        Rules::Old => Transport::OldTls,
                        Rules::Modern => Transport::ModernTls,
                    };
                    let ends = Ends { transport, ..ends };
                    serve_connection(stream, ends, self.router, &self.limits, stopped).await;
                }
                Err(error) => {
                    METRICS.tls_handshakes.of(Handshake::Failed).increment(1);
                    tell(&error, ends.peer);
                }
            };
        }
        // Without TLS nothing waits here.
        let _ = &mut stopped;
        serve_connection(stream, ends, self.router, &self.limits, stopped).await;
    }
}

/// Whether a client begins to speak TLS; `None` if it says nothing at all.
#[cfg(feature = "tls")]
async fn speaks_tls(stream: &TcpStream, idle: Option<Duration>) -> Option<bool> {
    let mut first = [0];
    let peeked = stream.peek(&mut first);
    let peeked = match idle {
        Some(idle) => tokio::time::timeout(idle, peeked).await.ok()?,
        None => peeked.await,
    };
    matches!(peeked, Ok(1..)).then(|| hello::begins_with(first[0]))
}

/// As which version a handshake is counted.
#[cfg(feature = "tls")]
fn counted(stream: &TlsStream) -> Handshake {
    match stream.ssl().version_str() {
        "SSLv3" => Handshake::Ssl3,
        "TLSv1" => Handshake::Tls10,
        "TLSv1.1" => Handshake::Tls11,
        "TLSv1.2" => Handshake::Tls12,
        _ => Handshake::Tls13,
    }
}

/// One line, with which the operator can do something.
#[cfg(feature = "tls")]
fn tell(error: &HandshakeFailed, peer: SocketAddr) {
    match error {
        HandshakeFailed::Refused { hello, rules, why } => info!(
            %peer,
            name = hello.server_name.as_deref().unwrap_or("none"),
            offered = hello.versions_shown(),
            ciphers = hello.ciphers_shown(),
            asked_for = match rules {
                Rules::Old => "an old name or none",
                Rules::Modern => "a name of [tls] names: TLS 1.2 and later only",
            },
            why,
            "TLS handshake failed"
        ),
        error => info!(%peer, why = %error, "TLS handshake failed"),
    }
}

/// Between which addresses a connection is, and over what.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The client's.
    pub peer: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
    /// What it goes over.
    pub transport: Transport,
}

/// The address of ours to which the client of a request came.
#[derive(Clone, Copy, Debug)]
pub(super) struct CameTo(pub(super) SocketAddr);

/// Answers the requests of one connection. When the sender of `stopped` is gone, the request under
/// way is the last.
pub async fn serve_connection<S>(
    stream: S,
    Ends {
        peer,
        local,
        transport,
    }: Ends,
    router: Router,
    limits: &config::Http,
    mut stopped: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let longest_head = limits.head.unwrap_or(UNLIMITED).clamp(8192, UNLIMITED);
    let stream = stream::MendedStream::new(
        stream,
        head::Limits {
            head: longest_head,
            body: limits.body.unwrap_or(UNLIMITED),
        },
        stream::Patience {
            request: limits.request_deadline,
            idle: limits.idle,
        },
    );
    let departure = stream.departure();
    let service = ServiceBuilder::new()
        .map_request(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(CameTo(local));
            request.extensions_mut().insert(transport);
            request.extensions_mut().insert(departure.clone());
            request
        })
        .service(router);
    // The deadlines are those of the stream.
    let connection = http1::Builder::new()
        .title_case_headers(true)
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(longest_head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        let error = anyhow::Error::from(error);
        debug!(%peer, error = format!("{error:#}"), "connection over HTTP broke off");
    }
}

/// How long requests under way may take once the end has come.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Stands for "no limit" where the library wants a number of bytes.
const UNLIMITED: usize = 1 << 30;
