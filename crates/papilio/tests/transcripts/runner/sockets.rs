//! The world of sockets: a server process on a fresh folder, clients over TCP or through the
//! gateway, services over HTTP, real time.
//!
//! Nothing is asserted about speed: whoever waits for bytes waits until they come, or gives up.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use msnp::handle::Handle;
use tempfile::TempDir;

use super::frame::{Frame, next_frame};
use super::play::{Client, Received, World};
use super::polling::Polling;
use super::script::{Door, Operation, Script, SoapRequest};
use super::services::Services;
use super::settings;

/// When to give up. Only a test that fails anyway takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(crate) struct Sockets {
    server: Server,
    services: Services,
    carrier: Carrier,
    /// How many connections there were.
    opened: usize,
    connections: BTreeMap<String, Connection>,
}

/// How clients reach the server.
#[derive(Clone, Copy)]
pub(crate) enum Carrier {
    /// Over TCP.
    Socket,
    /// Through the gateway.
    Gateway,
    /// Over TCP and through the gateway in turn.
    InTurn,
}

/// What carries one connection.
enum Line {
    Socket(TcpStream),
    Gateway(Polling),
}

struct Server {
    child: Child,
    folder: TempDir,
    msnp: String,
    dispatch: String,
    http: String,
}

struct Connection {
    line: Line,
    received: Vec<u8>,
    fence: Fence,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Seen,
}

/// How a connection can be asked for an answer that changes nothing, so that whatever the server had
/// to say before is known to have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fence {
    /// It cannot.
    None,
    /// `VER` was said.
    Notification,
    /// `USR` or `ANS` was said first.
    Switchboard,
    /// `PNG` and `QNG`.
    Ping,
    /// `CAL` of what is no handle, and its error.
    BadCall,
}

impl Sockets {
    /// A server with the accounts and contacts of a transcript.
    pub(crate) fn new(script: &Script, carrier: Carrier) -> Self {
        let server = Server::start(script);
        let services = Services::new(&server.http, &script.accounts);
        Self {
            server,
            services,
            carrier,
            opened: 0,
            connections: BTreeMap::new(),
        }
    }

    fn connection(&mut self, label: &str) -> &mut Connection {
        self.connections.get_mut(label).expect("not connected")
    }
}

impl World for Sockets {
    fn server(&self) -> String {
        self.server.msnp.clone()
    }

    fn pages(&self) -> String {
        format!("http://{}", self.server.http)
    }

    fn connect(&mut self, label: &str, door: Door) -> Client {
        self.opened += 1;
        let is_polled = match self.carrier {
            Carrier::Socket => false,
            Carrier::Gateway => true,
            Carrier::InTurn => self.opened.is_multiple_of(2),
        };
        let (line, client) = match door {
            Door::Dispatch => socket(&self.server.dispatch),
            Door::Main if is_polled => {
                // The port of a client that polls means nothing.
                let ip = "127.0.0.1".to_owned();
                let line = Polling::new(&self.server.http);
                (Line::Gateway(line), Client { ip, port: 0 })
            }
            Door::Main => socket(&self.server.msnp),
        };
        let connection = Connection {
            line,
            received: Vec::new(),
            fence: Fence::None,
            end: End::Open,
        };
        self.connections.insert(label.to_owned(), connection);
        client
    }

    fn send(&mut self, label: &str, bytes: &[u8]) {
        self.connection(label).send(bytes);
    }

    fn receive(&mut self, label: &str) -> Received {
        self.connection(label).receive()
    }

    fn hang_up(&mut self, label: &str) {
        let connection = self.connections.remove(label);
        if let Some(Line::Gateway(line)) = connection.map(|connection| connection.line) {
            line.hang_up();
        }
    }

    fn ticket(&mut self, account: &Handle) -> String {
        self.services.ticket(account)
    }

    fn ticket_and_secret(&mut self, account: &Handle) -> (String, String) {
        self.services.ticket_and_secret(account)
    }

    fn soap(&mut self, by: &Handle, request: &SoapRequest) {
        self.services.call(by, request);
    }

    fn operate(&mut self, operation: Operation, whom: &Handle) {
        let words: &[&str] = match operation {
            Operation::Disable => &["user", "disable"],
            Operation::Delete => &["user", "delete"],
            Operation::SetPassword => &["user", "passwd", "--password", "another one"],
        };
        let mut command = papilio(&self.server.folder, words);
        command.arg(whom.as_str()).stdin(Stdio::null());
        let done = command.stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "{words:?} {whom}");
    }

    fn wait(&mut self, _: Duration) {
        // What the time brings is expected next, and comes when it comes.
    }

    fn shut_down(&mut self) {
        self.server.terminate();
    }

    fn unexpected(&mut self) -> Option<String> {
        None
    }

    fn unexpected_by(&mut self, label: &str) -> Option<String> {
        let connection = self.connection(label);
        if connection.end == End::Seen {
            return None;
        }
        // What waited for the connection while it was asked comes after the first answer.
        let unexpected = [(); 2].into_iter().find_map(|()| connection.fence());
        unexpected.map(|received| format!("nobody expected: {label}< {received}"))
    }

    fn finish(&mut self) -> Option<String> {
        let labels: Vec<_> = self.connections.keys().cloned().collect();
        labels.iter().find_map(|label| self.unexpected_by(label))
    }

    fn server_log(&self) -> String {
        std::fs::read_to_string(self.server.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) {
        if self.fence == Fence::None {
            self.fence = match bytes.get(..3) {
                Some(b"VER") => Fence::Notification,
                Some(b"USR" | b"ANS") => Fence::Switchboard,
                _ => Fence::None,
            };
        }
        match &mut self.line {
            Line::Socket(stream) => {
                // Who writes to somebody who has closed learns it from the next read.
                let _closed = stream.write_all(bytes);
            }
            Line::Gateway(polling) => polling.send(bytes),
        }
    }

    fn receive(&mut self) -> Received {
        let start = Instant::now();
        loop {
            if let Some(frame) = next_frame(&mut self.received) {
                self.learn(&frame);
                return Received::Frame(frame);
            }
            let mut bytes = [0; 8192];
            let read = match &mut self.line {
                Line::Socket(stream) => stream.read(&mut bytes),
                Line::Gateway(polling) => polling.read(&mut bytes),
            };
            match read {
                Ok(0) => break,
                Ok(length) => self.received.extend_from_slice(&bytes[..length]),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut if start.elapsed() < PATIENCE => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        return Received::Nothing(self.received.clone());
                    }
                    // Closed with bytes of ours unread.
                    _ => break,
                },
            }
        }
        self.end = End::Seen;
        Received::Closed(std::mem::take(&mut self.received))
    }

    /// From now on the session can be asked.
    fn learn(&mut self, frame: &Frame) {
        let line = String::from_utf8_lossy(&frame.line);
        let fields: Vec<_> = line.split(' ').collect();
        if let ["USR" | "ANS", _, "OK", ..] = fields[..] {
            self.fence = match self.fence {
                Fence::Notification => Fence::Ping,
                Fence::Switchboard => Fence::BadCall,
                other => other,
            };
        }
    }

    /// Asks, and waits for the answer; whatever else comes is returned.
    fn fence(&mut self) -> Option<String> {
        let (question, answer): (&[u8], _) = match self.fence {
            Fence::Ping => (b"PNG\r\n", "QNG "),
            Fence::BadCall => (b"CAL 4294967295 fence\r\n", " 4294967295"),
            Fence::None | Fence::Notification | Fence::Switchboard => return None,
        };
        self.send(question);
        match self.receive() {
            Received::Frame(frame) if String::from_utf8_lossy(&frame.line).contains(answer) => None,
            other => Some(other.show()),
        }
    }
}

fn socket(address: &str) -> (Line, Client) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let local = stream.local_addr().unwrap();
    let client = Client {
        ip: local.ip().to_string(),
        port: local.port(),
    };
    (Line::Socket(stream), client)
}

/// Where the server's log goes, in its folder.
const LOG: &str = "server.log";

/// Passwords need not be safe here.
const PASSWORDS: [&str; 2] = ["passwords.memory-kib = 8", "passwords.passes = 1"];

impl Server {
    fn start(script: &Script) -> Self {
        let passwords = PASSWORDS.map(str::to_owned);
        let lines = script.config.iter().chain(&script.socket_config);
        let folder = settings::folder(lines.chain(&passwords));
        import(script, &folder);
        let log = std::fs::File::create(folder.path().join(LOG)).unwrap();
        let mut child = papilio(&folder, &["serve"])
            .args(["--msnp", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--dispatch", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut ready).unwrap();
        let listener = |name: &str| {
            let words = ready.split_whitespace();
            let address = words.filter_map(|word| word.strip_prefix(name)).next();
            address
                .unwrap_or_else(|| panic!("not ready: {ready:?}"))
                .to_owned()
        };
        Self {
            msnp: listener("msnp="),
            dispatch: listener("dispatch="),
            http: listener("http="),
            child,
            folder,
        }
    }

    fn terminate(&mut self) {
        let command = format!("kill -TERM {}", self.child.id());
        let done = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(done.success());
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // It may end by itself in between.
            let _ended = self.child.kill();
            let _status = self.child.wait();
        }
    }
}

/// The accounts and contacts of a transcript, by the operator's command.
fn import(script: &Script, folder: &TempDir) {
    let mut lines = String::new();
    for account in &script.accounts {
        let line = serde_json::json!({
            "type": "user",
            "email": account.handle.as_str(),
            "name": account.name,
            "password": account.password,
        });
        lines += &format!("{line}\n");
    }
    for contact in &script.contacts {
        let names = ["FL", "AL", "BL", "RL", "PL"].into_iter().enumerate();
        let bits = contact.lists.bits();
        let lists: Vec<_> = names
            .filter(|(bit, _)| bits & (1 << bit) != 0)
            .map(|(_, name)| name)
            .collect();
        let line = serde_json::json!({
            "type": "contact",
            "owner": contact.owner.as_str(),
            "contact": contact.contact.as_str(),
            "lists": lists,
        });
        lines += &format!("{line}\n");
    }
    let mut child = papilio(folder, &["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read says why, and fails.
    let _unread = stdin.write_all(lines.as_bytes());
    drop(stdin);
    assert!(child.wait().unwrap().success(), "cannot import\n{lines}");
}

fn papilio(folder: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
    command.args(words).arg("--data").arg(folder.path());
    command
}
