//! The server as a process, on free ports.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use openssl::x509::X509;
use tempfile::TempDir;

/// When to give up. Only a test that fails anyway takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    child: Child,
    pub(crate) ready: String,
    pub(crate) folder: TempDir,
}

/// A folder of data with a configuration that hashes quickly.
pub(crate) fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = "advertise = 'chat.example.org'\n[passwords]\nmemory-kib = 8\npasses = 1\n";
    std::fs::write(folder.path().join("papilio.toml"), config).unwrap();
    folder
}

pub(crate) fn papilio(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
    command.args(arguments).arg("--data").arg(folder.path());
    command.output().unwrap()
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = folder();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_papilio"))
            .arg("serve")
            .args(arguments)
            .arg("--data")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut ready).unwrap();
        Self {
            child,
            ready,
            folder,
        }
    }

    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let name = format!("{name}=");
        let mut words = self.ready.split_whitespace();
        let found = words.find_map(|word| word.strip_prefix(name.as_str()));
        found.unwrap().parse().unwrap()
    }

    pub(crate) fn root(&self) -> X509 {
        let pem = std::fs::read(self.folder.path().join("tls/root.pem")).unwrap();
        X509::from_pem(&pem).unwrap()
    }

    pub(crate) fn hang_up(&self) {
        let command = format!("kill -HUP {}", self.child.id());
        let done = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(done.success());
    }

    /// The first line of the log that has this in it.
    pub(crate) fn logged(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "no {text:?} in {log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
