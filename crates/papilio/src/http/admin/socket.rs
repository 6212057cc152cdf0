//! `admin.sock` in the data folder: the API for whoever has that folder, without a token.
//!
//! Commands reach the running server through it. The file is for its owner alone; whoever can open it
//! could write the database as well. What is done through it is written down under the account of the
//! system that did it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::{Extension, Router};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use super::super::{Ends, Transport, serve_connection};
use crate::config;
use crate::system_account;

/// The name of the socket in the data folder.
pub const SOCKET_NAME: &str = "admin.sock";

/// The socket, whose file goes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// Who is at the other end of the socket.
#[derive(Clone, Debug)]
pub(super) struct SystemAccount(pub(super) String);

impl AdminSocket {
    /// Opens it, for its owner alone. What a server left behind that ended without a word is
    /// replaced: the data folder is claimed before.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET_NAME);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Nobody else sees it before it is theirs alone: it is bound in a folder that nobody else can
        // enter, and then moved.
        let closed = folder.join(format!(".{SOCKET_NAME}.{}", std::process::id()));
        std::fs::create_dir_all(&closed)?;
        let opened = Self::open_in(&closed, &path);
        // It is empty, or there is nothing to be done about it.
        let _gone = std::fs::remove_dir_all(&closed);
        Ok(Self {
            listener: opened?,
            path,
        })
    }

    fn open_in(closed: &Path, path: &Path) -> io::Result<UnixListener> {
        std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o700))?;
        let inside = closed.join("s");
        let listener = UnixListener::bind(&inside)?;
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&inside, path)?;
        Ok(listener)
    }

    /// Answers every connection until `shutdown` is done, and the requests under way behind it: the one
    /// that asked for the end is among them.
    pub async fn serve(
        self,
        router: Router,
        limits: config::Http,
        shutdown: impl Future<Output = ()>,
    ) {
        let (stop, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "cannot take a connection to {SOCKET_NAME}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let account = SystemAccount(who(&stream));
            let router = router.clone().layer(Extension(account));
            let (limits, stopped) = (limits.clone(), stopped.clone());
            connections.spawn(async move {
                let here = SocketAddr::from(([127, 0, 0, 1], 0));
                let ends = Ends {
                    peer: here,
                    local: here,
                    transport: Transport::Plain,
                };
                serve_connection(stream, ends, router, &limits, stopped).await;
            });
        }
        drop(stop);
        while connections.join_next().await.is_some() {}
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // Another server may have replaced it, or somebody removed it.
        let _gone = std::fs::remove_file(&self.path);
    }
}

fn who(stream: &UnixStream) -> String {
    match stream.peer_cred() {
        Ok(account) => system_account::of_uid(account.uid()),
        Err(_) => "unknown".to_owned(),
    }
}

/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
