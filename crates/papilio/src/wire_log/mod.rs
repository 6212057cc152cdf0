//! What a client and the server say to one another, for finding out what goes wrong with a client
//! (`[wire-log]`). Passwords, tickets, cookies and proofs of them are never written down, and what
//! people say only if the operator wants it.
//!
//! ```text
//!   connection --lines, bytes--> Tap --> mask --> file   DATA/wire-log/ACCOUNT-TIME-CONNECTION.log
//! ```
//!
//! Off, it costs a comparison each turn. On, it costs every connection a little until it has said whose
//! it is, and those that are written down wait for the disk: it is for debugging.

mod file;
mod mask;

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::wire::line::{Codec, Limits, Line, Side};
use parking_lot::RwLock;
use tracing::warn;

use self::file::LogFile;
use crate::config;
use crate::node::ConnectionId;

/// Whose connections are written down now, and how.
#[derive(Debug, Default)]
pub struct WireLog {
    /// Counts the changes of `rules`, so that a connection need not look at them. 0 = off from the start.
    changes: AtomicU32,
    rules: RwLock<Option<Arc<Rules>>>,
}

#[derive(Debug)]
struct Rules {
    folder: PathBuf,
    accounts: HashSet<Handle>,
    speech: Speech,
    /// In bytes.
    size: usize,
    files: usize,
}

/// What becomes of what people say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    /// It is left out.
    Hidden,
    /// It is written down.
    Shown,
}

/// Which changes of the wire log a connection has heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard(u32);

/// Where one connection is written down.
#[derive(Debug)]
pub struct Tap {
    rules: Arc<Rules>,
    connection: ConnectionId,
    peer: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nobody knows yet whose connection it is: what was said so far.
    Unknown(String),
    /// It is one of those.
    Written(LogFile),
    /// It cannot be written down.
    Failed,
}

impl WireLog {
    /// Lets other settings hold from now on; the files go to a folder in this one.
    pub fn change(&self, data: &Path, settings: &config::WireLog) {
        let rules = (!settings.accounts.is_empty()).then(|| {
            Arc::new(Rules {
                folder: data.join("wire-log"),
                accounts: settings.accounts.iter().cloned().collect(),
                speech: if settings.text {
                    Speech::Shown
                } else {
                    Speech::Hidden
                },
                size: settings.size.unwrap_or(usize::MAX),
                files: settings.files.unwrap_or(usize::MAX),
            })
        });
        let mut held = self.rules.write();
        if held.is_none() && rules.is_none() {
            return;
        }
        if rules.is_some() {
            warn!(accounts = settings.accounts.len(), "the wire log is on");
        }
        *held = rules;
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// `None` when nothing has changed since a connection heard of it last. Otherwise what it has heard
    /// of now, and where it is to be written down, if it is.
    pub fn news(
        &self,
        heard: Heard,
        connection: ConnectionId,
        peer: SocketAddr,
    ) -> Option<(Heard, Option<Box<Tap>>)> {
        let changes = Heard(self.changes.load(Ordering::Relaxed));
        if changes == heard {
            return None;
        }
        let rules = self.rules.read().clone();
        let tap = rules.map(|rules| {
            Box::new(Tap {
                rules,
                connection,
                peer,
                state: State::Unknown(String::new()),
            })
        });
        Some((changes, tap))
    }
}

impl Tap {
    /// The client has said this.
    pub fn client(&mut self, line: &Line) {
        let shown = mask::shown(Side::Client, line, self.rules.speech);
        self.put('>', &shown);
    }

    /// The server says this: whole commands.
    pub fn server(&mut self, said: &VecDeque<Bytes>) {
        for bytes in said {
            let mut bytes = BytesMut::from(&bytes[..]);
            loop {
                match SERVER.decode(&mut bytes) {
                    Ok(Some(line)) => {
                        let shown = mask::shown(Side::Server, &line, self.rules.speech);
                        self.put('<', &shown);
                    }
                    Ok(None) if bytes.is_empty() => break,
                    Ok(None) | Err(_) => {
                        self.put('<', &format!("[{} bytes that are no command]", bytes.len()));
                        break;
                    }
                }
            }
        }
    }

    /// Something else has happened to the connection.
    pub fn note(&mut self, what: &str) {
        self.put('-', what);
    }

    /// Whether this connection is to be written down any further, now that it is this account's, if
    /// that is known.
    pub fn goes_on(&mut self, account: Option<&Handle>) -> bool {
        let State::Unknown(so_far) = &mut self.state else {
            return !matches!(self.state, State::Failed);
        };
        let Some(account) = account else {
            return so_far.len() < LONGEST_WAIT;
        };
        if !self.rules.accounts.contains(account) {
            return false;
        }
        let so_far = std::mem::take(so_far);
        let opened = LogFile::open(&self.rules, account, self.connection);
        self.state = match opened {
            Ok(file) => State::Written(file),
            Err(error) => failed(self.connection, &error),
        };
        self.put('-', &format!("{account} from {}", self.peer));
        self.write(&so_far);
        true
    }

    fn put(&mut self, direction: char, shown: &str) {
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
        let mut text = format!("{time} {direction} ");
        for (number, line) in shown.lines().enumerate() {
            if number > 0 {
                text += "    ";
            }
            text += line;
            text.push('\n');
        }
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        match &mut self.state {
            State::Unknown(so_far) => so_far.push_str(text),
            State::Written(file) => {
                if let Err(error) = file.write(text) {
                    self.state = failed(self.connection, &error);
                }
            }
            State::Failed => {}
        }
    }
}

fn failed(connection: ConnectionId, error: &std::io::Error) -> State {
    warn!(%connection, %error, "cannot write the wire log");
    State::Failed
}

/// What the server says is ours, and has no limit.
const SERVER: Codec = Codec::new(
    Side::Server,
    Limits {
        line: usize::MAX,
        message: usize::MAX,
        payload: usize::MAX,
    },
);

/// How much is kept of a connection that does not say whose it is, in bytes.
const LONGEST_WAIT: usize = 64 * 1024;
