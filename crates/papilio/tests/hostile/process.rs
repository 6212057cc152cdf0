//! A whole server among clients that are stuck, and among those that send rubbish (DESIGN, 1: SIGTERM).

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// When to give up. Only a test that fails anyway takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    msnp: String,
    http: String,
    folder: TempDir,
}

impl Server {
    /// With these lines of `papilio.toml`.
    fn start(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("papilio.toml"), config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_papilio"))
            .args(["serve", "--msnp", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .arg("--data")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut ready).unwrap();
        let address = |name: &str| {
            let found = ready
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name));
            found.unwrap().to_owned()
        };
        Self {
            msnp: address("msnp="),
            http: address("http="),
            child,
            folder,
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        let done = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(done.success());
    }

    /// How it ended, if it does.
    fn wait(&mut self) -> Option<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Asks without end and reads nothing, until the server takes no more of it.
fn stuck(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"VER 1 MSNP13 CVR0\r\n").unwrap();
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let ask = b"CVQ 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs a@b\r\n".repeat(1000);
    loop {
        match stream.write_all(&ask) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return stream;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Nothing but the shutdown itself has a deadline here.
#[test]
fn a_server_that_is_told_to_stop_stops_whatever_its_clients_do() {
    let mut server = Server::start(
        "[limits]\nunread = 0\nhalf-command = 0\n[sign-in]\ndeadline = 0\n\
         [http]\nrequest-deadline = 0\nidle = 0\n",
    );
    let silent = TcpStream::connect(&server.msnp).unwrap();
    let mut half = TcpStream::connect(&server.msnp).unwrap();
    half.write_all(b"VER 1 MSN").unwrap();
    let mut request = TcpStream::connect(&server.http).unwrap();
    let head = "POST /RST.srf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<Env";
    request.write_all(head.as_bytes()).unwrap();
    let stuck = [stuck(&server.msnp), stuck(&server.msnp)];
    server.terminate();
    let status = server.wait().expect("it goes on");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(
        server.log().contains("did not take their last words"),
        "they were stuck indeed"
    );
    drop((silent, half, request, stuck));
}

#[test]
fn a_document_that_is_no_xml_is_logged_with_its_place_and_without_its_text() {
    let server = Server::start("");
    let mut stream = TcpStream::connect(&server.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for path in ["/RST.srf", "/abservice/abservice.asmx"] {
        let body = "<Envelope>\r\n<Body>\r\n  <Password>tom&secret;</Password></Body></Envelope>";
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap();
        assert!(read > 0, "an answer to {path}");
    }
    // What was answered is in the log already.
    let log = server.log();
    let places: Vec<_> = log.lines().filter(|line| line.contains("at 3:")).collect();
    assert_eq!(places.len(), 2, "{log}");
    assert!(!log.contains("secret") && !log.contains("tom"), "{log}");
}

#[test]
fn what_a_client_makes_up_does_not_fill_the_log() {
    let server = Server::start("");
    let mut stream = TcpStream::connect(&server.msnp).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let made_up = "V".repeat(8000);
    stream
        .write_all(format!("VER 1 {made_up}\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "VER 1 0\r\n");
    // What closed it is in the log before it closes.
    let log = server.log();
    assert!(log.contains("speaks no version of ours: VVV"), "{log}");
    assert!(log.lines().all(|line| line.len() < 600), "{log}");
}
