//! What the service manager and this process say to one another, as systemd does: ready, reloading,
//! stopping, still alive; and listeners that were opened before this process was started.
//!
//! Without a service manager all of this does nothing.

use std::collections::HashMap;
use std::net::TcpListener;

use anyhow::Context;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tracing::warn;

/// Every listener is open.
pub(super) fn ready() {
    say(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] follows.
pub(super) fn reloading() {
    // The manager wants to know since when, by a clock that it can compare.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "cannot tell the service manager the time"),
    }
}

/// No client is let in any more.
pub(super) fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// Says for ever, as often as the manager wants, that tasks of this process are still carried out.
pub(super) async fn stay_alive() {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut rounds = tokio::time::interval(patience / 3);
    loop {
        rounds.tick().await;
        say(&[NotifyState::Watchdog]);
    }
}

fn say(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        warn!(%error, "cannot talk to the service manager");
    }
}

/// Listeners that the service manager has opened, by name: `msnp`, `dispatch`, `http`, `https`.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    by_name: HashMap<String, TcpListener>,
}

impl Sockets {
    /// Those that this process was started with.
    pub(super) fn given() -> anyhow::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut given = ListenFd::from_env();
        let mut by_name = HashMap::new();
        for (index, name) in (0..given.len()).zip(names.split(':').chain(std::iter::repeat(""))) {
            if !NAMES.contains(&name) {
                anyhow::bail!(
                    "the service manager gives a socket {name:?}; there are {}",
                    NAMES.join(", ")
                );
            }
            let listener = given
                .take_tcp_listener(index)
                .with_context(|| format!("socket {name:?} of the service manager"))?;
            by_name.extend(listener.map(|listener| (name.to_owned(), listener)));
        }
        Ok(Self { by_name })
    }

    /// The one of this name, if there is one.
    pub(super) fn take(&mut self, name: &str) -> anyhow::Result<Option<tokio::net::TcpListener>> {
        let Some(listener) = self.by_name.remove(name) else {
            return Ok(None);
        };
        listener.set_nonblocking(true)?;
        Ok(Some(tokio::net::TcpListener::from_std(listener)?))
    }
}

/// What a listener may be called (`FileDescriptorName=`).
const NAMES: [&str; 4] = ["msnp", "dispatch", "http", "https"];
