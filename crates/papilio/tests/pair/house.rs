//! The server's half: node, store and services, without a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use msnp::client::service::{Reply, ServiceRequest};
use msnp::server::{Door, Refusal};
use msnp::wire::param::Param;
use papilio::cli::serve;
use papilio::config::{Config, Rates};
use papilio::connection::driver::{self, Driver, Output};
use papilio::connection::welcome;
use papilio::http::{self, Services};
use papilio::listen::{Announcer, Reception};
use papilio::node::Node;
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::NewAccount;
use papilio::store::{Database, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::world::{PASSWORD, handle};

/// A server that nobody has connected to.
pub(crate) struct House {
    pub(crate) runtime: Runtime,
    pub(crate) node: Arc<Node>,
    pub(crate) store: Store,
    pub(crate) router: Router,
    folder: TempDir,
}

impl House {
    /// With accounts of these names.
    pub(crate) fn of(names: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("papilio.db");
        let config = Config {
            // Everybody is in a hurry here.
            rates: Rates {
                chg: None,
                prp: None,
                uux: None,
                cal: None,
                xfr: None,
                lists: None,
                msg: None,
            },
            ..Config::default()
        };
        let (store, passwords) = runtime.block_on(async {
            let store = Store::open(&Database::Sqlite { path }).await.unwrap();
            let settings = PasswordSettings {
                memory_kib: 8,
                passes: 1,
                ..config.passwords()
            };
            let passwords = Passwords::new(settings).unwrap();
            for name in names {
                let password = Password::parse(PASSWORD).unwrap();
                let new = NewAccount {
                    handle: handle(name),
                    name: (*name).to_owned(),
                    password: passwords.hash(password).await.unwrap(),
                    verified: true,
                    created_at: Timestamp::now(),
                };
                store.add_account(&new).await.unwrap();
            }
            (store, passwords)
        });
        let node = Node::new(serve::settings(&config, Param::word("http://localhost")));
        let reception = Reception {
            node: Arc::clone(&node),
            store: Arc::new(store.clone()),
            per_address: PerAddress::new(None),
            announcer: Arc::new(Announcer::new(None, 1863)),
            door: Door::Main,
        };
        let router = {
            let _entered = runtime.enter();
            http::router(Services::new(&config, &reception, passwords, None).unwrap())
        };
        Self {
            runtime,
            node,
            store,
            router,
            folder,
        }
    }

    /// Does this to the database, behind the server's back.
    pub(crate) fn execute(&self, statement: &'static str) {
        use sqlx::Connection as _;
        let url = format!(
            "sqlite://{}",
            self.folder.path().join("papilio.db").display()
        );
        self.runtime.block_on(async {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let query = sqlx::query(statement);
            query.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }
}

/// Answers what a session asks the store, as a connection does.
pub(crate) async fn answer(
    driver: &mut Driver,
    ask: driver::Ask,
    store: &Store,
    now: Instant,
    out: &mut Output,
) -> Option<driver::Ask> {
    match ask {
        driver::Ask::Verify {
            handle,
            ticket,
            showing,
            dialect,
        } => {
            let date = Timestamp::now();
            let shown = showing.is_good(&store.ticket_key().secret(ticket.as_str()));
            let account = store.account_of_ticket(ticket.as_str(), date).await;
            let account = account.unwrap();
            let Some(account) = account.filter(|a| shown && a.handle == handle) else {
                return driver.verified(now, Err(Refusal::Ticket), out);
            };
            let id = driver.sign_in(&account, dialect);
            let roster = store.roster_of(id).await.unwrap();
            driver.fill_mail(store.mail_snapshot(id, date).await.unwrap());
            let welcome = welcome(driver, &account, ticket, date, roster);
            driver.verified(now, Ok(welcome), out)
        }
        driver::Ask::Accounts { named, purpose } => {
            let found = store.accounts_by_handles(&named).await.unwrap();
            let found = found.into_iter().map(|a| (a.handle, a.id)).collect();
            driver.found(now, purpose, Ok(found), out)
        }
    }
}

/// A request to a service, and its answer.
pub(crate) async fn ask_service(router: Router, request: ServiceRequest) -> Reply {
    let peer = SocketAddr::from(([192, 0, 2, 10], 18184));
    let mut asking = Request::post(request.service.path())
        .header("Host", request.service.historic_host())
        .header("Content-Type", "text/xml; charset=utf-8")
        .extension(ConnectInfo(peer));
    if let Some(action) = request.action {
        asking = asking.header("SOAPAction", format!("\"{action}\""));
    }
    if let Some(cookie) = request.cookie {
        asking = asking.header("Cookie", cookie);
    }
    let asking = asking.body(Body::from(request.body)).unwrap();
    let answer = router.oneshot(asking).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Reply { status, body }
}
