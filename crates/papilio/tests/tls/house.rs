//! A listener with both contexts, whose one page says what a request came over.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use openssl::x509::X509;
use papilio::config::Config;
use papilio::http::{self, Transport};
use papilio::per_address::PerAddress;
use papilio::tls::{Acceptor, Folder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The operator's own name.
pub(crate) const MODERN_NAME: &str = "chat.example.org";

/// One that old clients ask for.
pub(crate) const OLD_NAME: &str = "login.live.com";

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) acceptor: Acceptor,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) serving: JoinHandle<()>,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::in_folder(TempDir::new().unwrap(), change).await
    }

    pub(crate) async fn in_folder(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            data: folder.path().to_owned(),
            advertise: MODERN_NAME.parse().ok(),
            ..Config::default()
        };
        change(&mut config);
        let acceptor = Acceptor::open(&config).unwrap();
        let router = Router::new().route(
            "/",
            get(async |transport: Transport| format!("{transport:?}")),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(http::serve_mixed(
            listener,
            acceptor.clone(),
            router,
            config.http.clone(),
            PerAddress::new(None),
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            address,
            acceptor,
            config,
            folder,
            stop,
            serving,
        }
    }

    pub(crate) fn root(&self) -> X509 {
        Folder::of(&self.config).root().unwrap().unwrap()
    }
}
