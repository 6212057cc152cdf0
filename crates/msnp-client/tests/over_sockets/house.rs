//! A server in this process, with its services over HTTP, and clients of the library.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::roster::Lists;
use msnp::server::Door;
use msnp::wire::param::Param;
use msnp_client::{Client, Connector, Event, Events, Reconnecting, Server};
use papilio::cli::serve;
use papilio::config::{Config, ListenAddress};

use papilio::http::{self, Services};
use papilio::listen::{self, Announcer, Reception, SendBuffer};
use papilio::node::Node;
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::NewAccount;
use papilio::store::roster::ImportedContact;
use papilio::store::{Database, Store};
#[cfg(feature = "tls")]
use papilio::tls::Acceptor;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A server that ends with the test.
pub(crate) struct House {
    pub(crate) server: Server,
    /// Of Messenger itself.
    pub(crate) port: u16,
    store: Store,
    passwords: Passwords,
    tasks: Vec<JoinHandle<()>>,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "it goes with the house")
    )]
    folder: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::with_web(config, Web::Plain).await
    }

    /// Its services speak TLS, with a certificate of its own certificate authority for `localhost`.
    #[cfg(feature = "tls")]
    pub(crate) async fn encrypted() -> Self {
        Self::with_web(Config::default(), Web::Encrypted).await
    }

    async fn with_web(config: Config, web_is: Web) -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config {
            data: folder.path().to_owned(),
            ..config
        };
        let path = folder.path().join("papilio.db");
        let store = Store::open(&Database::Sqlite { path }).await.unwrap();
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 8,
            passes: 1,
            ..config.passwords()
        })
        .unwrap();
        let node = Node::new(serve::settings(&config, Param::word("http://localhost")));
        let msnp = listen::bind(&ListenAddress::loopback(0), SendBuffer::Unbounded).await;
        let msnp = msnp.unwrap();
        let port = msnp.local_addr().unwrap().port();
        let web = listen::bind(&ListenAddress::loopback(0), SendBuffer::Unbounded).await;
        let web = web.unwrap();
        let address = web.local_addr().unwrap();
        let reception = Reception {
            node: Arc::clone(&node),
            store: Arc::new(store.clone()),
            per_address: PerAddress::new(None),
            announcer: Arc::new(Announcer::new(None, port)),
            door: Door::Main,
        };
        let services = Services::new(&config, &reception, passwords.clone(), None).unwrap();
        let router = http::router(services);
        let server = Server::new("127.0.0.1").port(port);
        let any_number = PerAddress::new(None);
        let (server, serving) = match web_is {
            Web::Plain => {
                let serving =
                    http::serve(web, router, config.http, any_number, std::future::pending());
                (
                    server.services_at(format!("http://{address}")),
                    tokio::spawn(serving),
                )
            }
            #[cfg(feature = "tls")]
            Web::Encrypted => {
                let acceptor = Acceptor::open(&config).unwrap();
                let serving = http::serve_mixed(
                    web,
                    acceptor,
                    router,
                    config.http,
                    any_number,
                    std::future::pending(),
                );
                let base = format!("https://localhost:{}", address.port());
                (server.services_at(base), tokio::spawn(serving))
            }
        };
        let tasks = vec![tokio::spawn(listen::accept(msnp, reception)), serving];
        Self {
            server,
            port,
            store,
            passwords,
            tasks,
            folder,
        }
    }

    /// The certificate that whoever trusts this house trusts, in PEM.
    #[cfg(feature = "tls")]
    pub(crate) fn root(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("tls/root.pem")).unwrap()
    }

    /// Makes accounts that all have one another as contacts.
    pub(crate) async fn friends(&self, names: &[&str]) {
        for name in names {
            self.stranger(name).await;
        }
        for owner in names {
            for contact in names.iter().filter(|name| *name != owner) {
                let row = ImportedContact {
                    owner: handle(owner),
                    contact: handle(contact),
                    lists: Lists::FORWARD | Lists::ALLOW,
                };
                let rows = [row];
                let imported = self.store.import_contacts(&rows, Timestamp::now());
                imported.await.unwrap();
            }
        }
    }

    /// Makes an account.
    pub(crate) async fn stranger(&self, name: &str) {
        let password = Password::parse(PASSWORD).unwrap();
        let new = NewAccount {
            handle: handle(name),
            name: name.to_owned(),
            password: self.passwords.hash(password).await.unwrap(),
            verified: true,
            created_at: Timestamp::now(),
        };
        self.store.add_account(&new).await.unwrap();
    }

    pub(crate) fn connector(&self) -> Connector {
        self.connector_to(self.server.clone())
    }

    pub(crate) fn connector_to(&self, server: Server) -> Connector {
        Client::connect(server).reconnecting(Reconnecting::Never)
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Person {
        self.sign_in_by(self.connector(), name).await
    }

    pub(crate) async fn sign_in_by(&self, connector: Connector, name: &str) -> Person {
        let handle = handle(name);
        let (client, events) = connector.sign_in(handle.as_str(), PASSWORD).await.unwrap();
        Person { client, events }
    }
}

/// How the services of a house are reached.
enum Web {
    Plain,
    #[cfg(feature = "tls")]
    Encrypted,
}

impl Drop for House {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) events: Events,
}

impl Person {
    /// Passes over events until one is what is wanted.
    pub(crate) async fn until<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let event = self.events.next().await.expect("the events are over");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        };
        // Only so that a test that fails ends.
        let found = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        found.expect("this never happened")
    }
}

pub(crate) fn handle(name: &str) -> Handle {
    Handle::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) const PASSWORD: &str = "secret&<1>";
