//! A server in this process, with the accounts that `msn bench accounts` prints; and a door before it
//! that can be shut.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use msnp_client::Handle;
use msnp_client::msnp::roster::Lists;
use msnp_client::msnp::server::Door;
use msnp_client::msnp::wire::param::Param;
use papilio::admin::Office;
use papilio::cli::serve;
use papilio::config::{Config, ListenAddress};
use papilio::credentials::Credentials;
use papilio::http::{self, Gateway, Services};
use papilio::listen::{self, Announcer, Reception, SendBuffer};
use papilio::node::Node;
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::NewAccount;
use papilio::store::roster::ImportedContact;
use papilio::store::{Database, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) const PASSWORD: &str = "secret<&>{n}";

/// A server that ends with the test.
pub(crate) struct House {
    runtime: Runtime,
    pub(crate) port: u16,
    pub(crate) web: String,
    pub(crate) folder: TempDir,
}

impl House {
    /// With so many accounts, as the tool makes them.
    pub(crate) fn with_accounts(count: u32) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let (port, web) = runtime.block_on(open(&folder, &records(&folder, count)));
        Self {
            runtime,
            port,
            web,
            folder,
        }
    }

    /// Runs a scenario and returns what it printed, and its JSON.
    pub(crate) fn bench(&self, scenario: &str, more: &[&str]) -> (Output, Value) {
        self.bench_at(self.port, scenario, more)
    }

    /// The same through another port of Messenger.
    pub(crate) fn bench_at(&self, port: u16, scenario: &str, more: &[&str]) -> (Output, Value) {
        let output = self.command(port, scenario, more).output().unwrap();
        (output, self.figures())
    }

    /// The same, stopped by an interrupt from the keyboard once so many `CHG` were sent.
    pub(crate) fn bench_until(
        &self,
        changes: usize,
        scenario: &str,
        more: &[&str],
    ) -> (Output, Value) {
        let Gate { port, mut seen } = self.door(usize::MAX);
        let mut command = self.command(port, scenario, more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // As a shell does: everything that the command starts is interrupted with it.
        let child = command.process_group(0).spawn().unwrap();
        self.runtime
            .block_on(seen.wait_for(|seen| *seen >= changes))
            .unwrap();
        let group = format!("-{}", child.id());
        let killed = Command::new("kill").args(["-INT", "--", &group]).status();
        assert!(killed.unwrap().success());
        (child.wait_with_output().unwrap(), self.figures())
    }

    fn command(&self, port: u16, scenario: &str, more: &[&str]) -> Command {
        let mut command = msn(&self.folder);
        command
            .args(["bench", scenario, "--server", "127.0.0.1"])
            .args(["--port", &port.to_string()])
            .args(["--services", &self.web])
            .args(["--password-file", "password", "--json", "out.json"])
            .args(more);
        command
    }

    fn figures(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("out.json"));
        serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default()
    }

    /// A door to the server that is shut for good once so many `CHG` have come through it.
    pub(crate) fn door(&self, changes: usize) -> Gate {
        let server = self.port;
        let listener = self
            .runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shut, mut is_shut) = watch::channel(0);
        let seen = is_shut.clone();
        let shut = Arc::new(shut);
        self.runtime.spawn(async move {
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (client, _) = accepted.unwrap();
                        let shut = Arc::clone(&shut);
                        tokio::spawn(carry(client, server, shut, changes));
                    }
                    () = async { drop(is_shut.wait_for(|seen| *seen >= changes).await) } => return,
                }
            }
        });
        Gate { port, seen }
    }
}

/// See [`House::door`].
pub(crate) struct Gate {
    pub(crate) port: u16,
    /// How many `CHG` came through.
    seen: watch::Receiver<usize>,
}

/// The tool, in the folder of the house.
pub(crate) fn msn(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_msn"));
    command
        .current_dir(folder.path())
        .env_remove("MSN_PASSWORD")
        .env("MSN_CONFIG", folder.path().join("config.toml"));
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    command
}

async fn carry(
    mut client: TcpStream,
    server: u16,
    shut: Arc<watch::Sender<usize>>,
    changes: usize,
) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let mut is_shut = shut.subscribe();
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(read @ 1..) = read else { return };
                // The tool writes a command in one piece.
                let text = String::from_utf8_lossy(&up[..read]);
                let seen = text.matches("CHG ").count();
                shut.send_modify(|all| *all += seen);
                let _gone = server.write_all(&up[..read]).await;
            }
            read = server.read(&mut down) => {
                let Ok(read @ 1..) = read else { return };
                let _gone = client.write_all(&down[..read]).await;
            }
            () = async { drop(is_shut.wait_for(|seen| *seen >= changes).await) } => return,
        }
    }
}

fn records(folder: &TempDir, count: u32) -> Vec<Value> {
    let printed = msn(folder)
        .args(["bench", "accounts", "--password-file", "password"])
        .args(["--contacts", "4", "--count", &count.to_string()])
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let records = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    records.collect()
}

async fn open(folder: &TempDir, records: &[Value]) -> (u16, String) {
    let config = Config::default();
    let path = folder.path().join("papilio.db");
    let store = Store::open(&Database::Sqlite { path }).await.unwrap();
    let passwords = Passwords::new(PasswordSettings {
        memory_kib: 8,
        passes: 1,
        ..config.passwords()
    })
    .unwrap();
    import(&store, &passwords, records).await;
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
    let services = Services {
        office: Office::new(store.clone(), passwords.clone(), &config, None),
        credentials: Credentials::new(store.clone(), passwords, config.throttle()),
        config: Arc::new(config.clone()),
        store,
        node,
        gateway: Gateway::new(&config.gateway, reception.clone()),
        mail: None,
    };
    let router = http::router(services);
    let unlimited = PerAddress::new(None);
    tokio::spawn(listen::accept(msnp, reception));
    tokio::spawn(http::serve(
        web,
        router,
        config.http,
        unlimited,
        std::future::pending(),
    ));
    (port, format!("http://{address}"))
}

async fn import(store: &Store, passwords: &Passwords, records: &[Value]) {
    let handle = |value: &Value| Handle::parse(value.as_str().unwrap()).unwrap();
    let mut contacts = Vec::new();
    for record in records {
        if record["type"] == "user" {
            let password = Password::parse(record["password"].as_str().unwrap()).unwrap();
            let new = NewAccount {
                handle: handle(&record["email"]),
                name: record["name"].as_str().unwrap().to_owned(),
                password: passwords.hash(password).await.unwrap(),
                verified: true,
                created_at: Timestamp::now(),
            };
            store.add_account(&new).await.unwrap();
        } else {
            assert_eq!(record["lists"], serde_json::json!(["FL", "AL", "RL"]));
            contacts.push(ImportedContact {
                owner: handle(&record["owner"]),
                contact: handle(&record["contact"]),
                lists: Lists::FORWARD | Lists::ALLOW | Lists::REVERSE,
            });
        }
    }
    store
        .import_contacts(&contacts, Timestamp::now())
        .await
        .unwrap();
}
