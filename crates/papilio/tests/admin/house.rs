//! A server in a process of its own, and everybody who talks to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A data folder with alice@x and bob@x, whose passwords are `secret`.
pub(crate) struct House {
    folder: TempDir,
}

/// A server that runs on it; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) msnp: SocketAddr,
    pub(crate) http: SocketAddr,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) said: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) json: Value,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With more in the configuration.
    pub(crate) fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[passwords]\nmemory-kib = 8\npasses = 1\n[sign-in]\ntickets-without-proof = true\n\
             sign-out-interval = 0\n{more}"
        );
        std::fs::write(folder.path().join("papilio.toml"), config).unwrap();
        let house = Self { folder };
        for handle in ["alice@x", "bob@x"] {
            house.ok(&["user", "add", handle, "--password", "secret"]);
        }
        house
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn serve(&self) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_papilio"))
            .args(["serve", "--msnp", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .arg("--data")
            .arg(self.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = |name: &str| {
            let start = line.find(name).unwrap() + name.len();
            let end = line[start..].find([' ', '\n']).unwrap();
            line[start..start + end].parse().unwrap()
        };
        Server {
            msnp: port("msnp="),
            http: port("http="),
            child,
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_papilio"))
            .args(arguments)
            .arg("--data")
            .arg(self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            said: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command prints that succeeds.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(
            (ran.code, ran.said.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        ran.out
    }

    /// What a command says that fails.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.said
    }

    /// A token with these scopes.
    pub(crate) fn token(&self, name: &str, scopes: &str) -> String {
        let token = self.ok(&["token", "create", name, "--scope", scopes]);
        token.trim().to_owned()
    }

    /// The audit log: act, subject and outcome, the oldest first.
    pub(crate) fn audit(&self) -> Vec<(String, String, String)> {
        let lines = self.ok(&["audit", "--json", "--limit", "500"]);
        let entries = lines.lines().map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| entry[name].as_str().unwrap().to_owned();
            (field("act"), field("subject"), field("outcome"))
        });
        entries.collect()
    }

    /// Asks over `admin.sock`.
    pub(crate) fn ask_socket(&self, method: &str, path: &str, body: &str) -> Answer {
        let stream = UnixStream::connect(self.path().join("admin.sock")).unwrap();
        exchange(stream, method, path, "", body)
    }
}

impl Server {
    pub(crate) fn ask(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let token = format!("Authorization: Bearer {token}\r\n");
        self.ask_with(&token, method, path, body)
    }

    pub(crate) fn ask_with(&self, head: &str, method: &str, path: &str, body: &str) -> Answer {
        let stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        exchange(stream, method, path, head, body)
    }

    /// The ticket that the sign-in service gives for the right password.
    pub(crate) fn ticket(&self, handle: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "POST /NotRST.srf HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User: {handle}\r\n\
             X-Password: secret\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let start = answer.find("X-Token: ")? + 9;
        let end = answer[start..].find('\r').unwrap();
        Some(answer[start..start + end].to_owned())
    }

    pub(crate) fn sign_in(&self, handle: &str, version: u8) -> Client {
        let ticket = self.ticket(handle).unwrap();
        let mut client = Client::connect(self.msnp);
        client.say(&format!("VER 1 MSNP{version} CVR0\r\n"));
        client.say(&format!(
            "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.1.0178 msmsgs {handle}\r\n"
        ));
        let way = if version == 13 { "TWN" } else { "SSO" };
        client.say(&format!("USR 3 {way} I {handle}\r\n"));
        client.until(&format!("USR 3 {way} S "));
        client.say(&format!("USR 4 {way} S t={ticket}&p=\r\n"));
        client.until(&format!("USR 4 OK {handle} "));
        client.say("CHG 5 NLN 0\r\n");
        client.arrival = client.until("CHG 5 NLN 0");
        client
    }

    /// Ends it as SIGKILL does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A client that knows bytes and nothing else.
pub(crate) struct Client {
    stream: TcpStream,
    heard: Vec<u8>,
    /// What was said between the sign-in and the first `CHG`.
    pub(crate) arrival: String,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            heard: Vec::new(),
            arrival: String::new(),
        }
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Listens until this was said; all that was said up to the end of it is gone then.
    #[track_caller]
    pub(crate) fn until(&mut self, awaited: &str) -> String {
        loop {
            let found = self
                .heard
                .windows(awaited.len())
                .position(|window| window == awaited.as_bytes());
            if let Some(at) = found {
                let said = self.heard.drain(..at + awaited.len()).collect();
                return String::from_utf8(said).unwrap();
            }
            assert!(self.hear(), "closed before {awaited:?}: {}", self.rest());
        }
    }

    /// Everything that is said until the connection closes.
    pub(crate) fn until_closed(&mut self) -> String {
        while self.hear() {}
        self.rest()
    }

    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.heard.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}: {}", self.rest()),
        }
    }

    fn rest(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}

fn exchange(
    mut stream: impl std::io::Read + std::io::Write,
    method: &str,
    path: &str,
    head: &str,
    body: &str,
) -> Answer {
    let kind = match head.contains("Content-Type") {
        true => "",
        false => "Content-Type: application/json\r\n",
    };
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{kind}{head}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        json: match body {
            "" => Value::Null,
            body => serde_json::from_str(body).unwrap(),
        },
    }
}

/// After this something hangs. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);
