//! A server in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// When to give up. Only a test that fails anyway takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    child: Child,
    /// The lines of its log, as they come.
    log: Receiver<String>,
    pub(crate) ready: String,
    pub(crate) folder: TempDir,
}

impl Server {
    /// With these lines of `papilio.toml`.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_as(config, |command| {
            command.args(["--msnp", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        })
    }

    /// The same, with a command line and surroundings of one's own.
    pub(crate) fn start_as(config: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("papilio.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
        command.arg("serve").arg("--data").arg(folder.path());
        prepare(&mut command);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, log) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test may be over.
                let _ended = sender.send(line);
            }
        });
        let mut ready = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut ready).unwrap();
        Self {
            child,
            log,
            ready,
            folder,
        }
    }

    pub(crate) fn address(&self, name: &str) -> String {
        let found = self
            .ready
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("{}", self.ready)).to_owned()
    }

    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.folder.path().join("papilio.toml"), config).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        let done = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(done.success());
    }

    /// The lines of the log up to one with this in it.
    pub(crate) fn log_until(&self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("{error}: no {text:?} in {lines:#?}"),
            }
            if lines.last().unwrap().contains(text) {
                return lines;
            }
        }
    }

    /// Status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(&self.address("http"), path, "")
    }

    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Status and body of a page, asked for with these further headers.
pub(crate) fn get(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// A client of Messenger's own protocol: it says this, and whatever the answer is.
pub(crate) fn say(address: &str, text: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).unwrap();
    answer.truncate(read);
    (stream, String::from_utf8(answer).unwrap())
}
