//! A server in this process, with the accounts of the demo, and the client as processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;

use msnp_client::msnp::server::Door;
use msnp_client::msnp::wire::param::Param;
use papilio::admin::Office;
use papilio::cli::demo::{self, Echo, PASSWORD};
use papilio::cli::serve;
use papilio::config::{Config, ListenAddress};
use papilio::credentials::Credentials;
use papilio::http::{self, Gateway, Services};
use papilio::listen::{self, Announcer, Reception, SendBuffer};
use papilio::node::Node;
use papilio::password::{PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::{Database, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server that ends with the test: alice, bob and carol have one another as contacts, and echo is
/// there.
pub(crate) struct House {
    port: u16,
    services: String,
    pub(crate) folder: TempDir,
    _runtime: Runtime,
}

impl House {
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = Runtime::new().unwrap();
        let (port, services) = runtime.block_on(serve(&folder));
        Self {
            port,
            services,
            folder,
            _runtime: runtime,
        }
    }

    /// The client, as one of the accounts.
    pub(crate) fn msn(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_msn"));
        command
            .args(arguments)
            .env("MSN_SERVER", "127.0.0.1")
            .env("MSN_PORT", self.port.to_string())
            .env("MSN_SERVICES", &self.services)
            .env("MSN_HANDLE", format!("{name}@example.com"))
            .env("MSN_PASSWORD", PASSWORD)
            .env("MSN_CONFIG", self.folder.path().join("config.toml"))
            .env_remove("MSN_PROFILE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("config.toml"))
            .unwrap();
        command
    }

    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Ran {
        Ran(self.msn(name, arguments).output().unwrap())
    }

    /// The client with something on its standard input.
    pub(crate) fn run_with(&self, input: &str, name: &str, arguments: &[&str]) -> Ran {
        let mut command = self.msn(name, arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Ran(child.wait_with_output().unwrap())
    }

    /// The client in the background.
    pub(crate) fn begin(&self, name: &str, arguments: &[&str]) -> Running {
        Running::new(self.msn(name, arguments))
    }
}

async fn serve(folder: &TempDir) -> (u16, String) {
    let config = Config::default();
    let path = folder.path().join("papilio.db");
    let store = Store::open(&Database::Sqlite { path }).await.unwrap();
    let passwords = Passwords::new(PasswordSettings {
        memory_kib: 8,
        passes: 1,
        ..config.passwords()
    })
    .unwrap();
    demo::seed(&store, &passwords).await.unwrap();
    let node = Node::new(serve::settings(&config, Param::word("http://localhost")));
    let bind = async || {
        let loopback = ListenAddress::loopback(0);
        let bound = listen::bind(&loopback, SendBuffer::Unbounded).await;
        bound.unwrap()
    };
    let (msnp, web) = (bind().await, bind().await);
    let port = msnp.local_addr().unwrap().port();
    let address = web.local_addr().unwrap();
    let reception = Reception {
        node: Arc::clone(&node),
        store: Arc::new(store.clone()),
        per_address: PerAddress::new(None),
        announcer: Arc::new(Announcer::new(None, port)),
        door: Door::Main,
    };
    let router = http::router(Services {
        office: Office::new(store.clone(), passwords.clone(), &config, None),
        credentials: Credentials::new(store.clone(), passwords, config.throttle()),
        config: Arc::new(config.clone()),
        store,
        node,
        gateway: Gateway::new(&config.gateway, reception.clone()),
        mail: None,
    });
    let echo = Echo {
        reception: reception.clone(),
        router: router.clone(),
    };
    let (limits, never) = (PerAddress::new(None), std::future::pending());
    tokio::spawn(http::serve(web, router, config.http, limits, never));
    tokio::spawn(listen::accept(msnp, reception));
    tokio::spawn(echo.run());
    (port, format!("http://{address}"))
}

/// How a command ended.
pub(crate) struct Ran(Output);

impl Ran {
    /// Standard output of a command that succeeded and complained of nothing.
    #[track_caller]
    pub(crate) fn ok(&self) -> String {
        assert_eq!((self.code(), self.said().as_str()), (0, ""));
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    /// The same, as JSON objects, one a line.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        let lines = self.ok();
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What a command said that failed with this exit code.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> String {
        assert_eq!(self.code(), code, "{}", self.said());
        self.said()
    }

    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn said(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

/// A command that goes on.
pub(crate) struct Running {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    errors: BufReader<std::process::ChildStderr>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            output,
            errors,
        }
    }

    /// Waits for an object of this type on standard output.
    pub(crate) fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "ended before {kind}");
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["type"] == kind {
                return told;
            }
        }
    }

    /// Waits for a line on standard error with this in it.
    pub(crate) fn wait_for_word(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.errors.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "ended before {word:?}");
            if line.contains(word) {
                return line;
            }
        }
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").arg(id).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap()
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended is not there any more.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
