//! What a service manager hears, and what it gives.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use super::process::{Server, say};

struct Manager {
    socket: UnixDatagram,
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let patience = Some(Duration::from_secs(30));
        socket.set_read_timeout(patience).unwrap();
        Self {
            socket,
            _folder: folder,
            path,
        }
    }

    fn hears(&self) -> String {
        let mut buffer = [0; 4096];
        let read = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..read].to_vec()).unwrap()
    }

    /// What it hears next that is no sign of life.
    fn hears_news(&self) -> String {
        loop {
            let said = self.hears();
            if said.trim() != "WATCHDOG=1" {
                return said;
            }
        }
    }
}

#[test]
fn a_service_manager_hears_what_becomes_of_it() {
    let manager = Manager::new();
    let server = Server::start_as("", |command| {
        command
            .args(["--msnp", "127.0.0.1:0"])
            .env("NOTIFY_SOCKET", &manager.path)
            .env("WATCHDOG_USEC", "300000");
    });
    assert_eq!(manager.hears_news().trim(), "READY=1");
    while manager.hears().trim() != "WATCHDOG=1" {}
    server.signal("HUP");
    let reloading = manager.hears_news();
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(manager.hears_news().trim(), "READY=1");
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(manager.hears_news().trim(), "STOPPING=1");
}

/// systemd-socket-activate plays the manager, where there is one.
#[test]
fn listeners_that_were_opened_before_are_used() {
    let activate = "systemd-socket-activate";
    if Command::new(activate).arg("--version").output().is_err() {
        println!("left out: there is no {activate} here");
        return;
    }
    // Any port that is free now: the tool knows no port 0.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(activate)
        .args(["--fdname=msnp", "--listen", &address])
        .args(["--setenv=RUST_BACKTRACE=0", env!("CARGO_BIN_EXE_papilio")])
        .args(["serve", "--msnp", "127.0.0.1:1", "--data"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "it runs");
        std::thread::yield_now();
    }
    let (_open, answer) = say(&address, "VER 1 MSNP13 CVR0\r\n");
    assert_eq!(answer, "VER 1 MSNP13\r\n");
    child.kill().unwrap();
    child.wait().unwrap();
}
