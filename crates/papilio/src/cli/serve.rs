//! `papilio serve`: opens the store and the ports, says so, and serves until it is told to stop
//! (DESIGN, 1).

mod ports;
mod settings;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use msnp::server::Door;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::log::Filter;
use super::reload::Running;
use super::{demo, first_start, supervisor};
use crate::admin;
#[cfg(feature = "tls")]
use crate::config::Config;
use crate::config::{Flags, Loaded};
use crate::http::admin::{AdminSocket, SOCKET_NAME};
use crate::http::{self, Live, Services};
use crate::listen::Reception;
use crate::metrics::METRICS;
use crate::node::Node;
use crate::password::Passwords;
use crate::per_address::PerAddress;
use crate::store::{Claim, Store, StoreError};
#[cfg(feature = "tls")]
use crate::tls::Acceptor;

use ports::Ports;
pub(super) use ports::pages;
pub use settings::settings;

/// From the signal to the end, whatever clients do.
const SHUTDOWN_DEADLINE: Duration = Duration::from_millis(4500);

/// How long of that is left to clients that poll, to hear of it.
const LAST_POLLS: Duration = Duration::from_millis(2500);

/// How long the database may then take to close.
const CLOSING_DEADLINE: Duration = Duration::from_millis(300);

/// How long what has expired may stay on the disk.
const CLEARING_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Serves until SIGTERM or an interrupt; SIGHUP reads the configuration again.
pub(super) async fn serve(flags: Flags, loaded: Loaded, log: Filter) -> anyhow::Result<()> {
    let config = &loaded.config.clone();
    raise_file_limit();
    // Before anybody is told that we are ready: whoever waits for that may stop us at once.
    let mut stop = pin!(stop_signal()?);
    let mut hang_up = signal(SignalKind::hangup())?;
    let _claim = Claim::on(&config.database())
        .await
        .context("cannot serve")?;
    let store = Store::open(&config.database())
        .await
        .context("cannot open the database")?;
    let passwords =
        Passwords::new(config.passwords()).context("unusable settings of [passwords]")?;
    if config.demo {
        demo::seed(&store, &passwords).await?;
    }
    #[cfg(feature = "tls")]
    let acceptor = acceptor(config).await?;
    let ports = Ports::open(config).await?;
    let config = &ports.known_to(config);
    let (ready, where_to) = (ports.ready_line(), ports.msnp_address());
    let http_address = ports.http.as_ref().map(|port| port.address);
    let node = Node::new(settings(config, pages(config, http_address)));
    node.wire_log.change(&config.data, &config.wire_log);
    let serving = admin::Live::new(&store, Arc::clone(&node)).await?;
    let per_address = PerAddress::new(config.limits.connections_per_address);
    let reception = Reception {
        node: Arc::clone(&node),
        store: Arc::new(store.clone()),
        per_address: per_address.clone(),
        announcer: Arc::new(ports.announcer(config)),
        door: Door::Main,
    };
    let services = Services::new(config, &reception, passwords, Some(Arc::clone(&serving)))
        .context("unusable settings of [mail]")?;
    let gateway = services.gateway.clone();
    let echo = config.demo.then(|| demo::Echo {
        reception: reception.clone(),
        router: http::router(services.clone()),
    });
    let socket = AdminSocket::open(&config.data);
    let live = Live::new(http::router(services.clone()));
    let mut running = Running {
        flags,
        log,
        services,
        live: live.clone(),
        per_address,
        http: http_address,
        #[cfg(feature = "tls")]
        acceptor: acceptor.clone(),
        loaded,
    };
    #[cfg(feature = "tls")]
    let fresh = acceptor.clone().map(Acceptor::keep_fresh);
    let (mut listeners, mut http) = ports.serve(
        config,
        &reception,
        live.router(),
        #[cfg(feature = "tls")]
        acceptor,
    );
    #[cfg(feature = "tls")]
    if let Some(fresh) = fresh {
        listeners.spawn(fresh);
    }
    if let Some(interval) = config.sign_in.sign_out_interval {
        listeners.spawn(Arc::clone(&serving).watch(interval));
    }
    match socket {
        Ok(socket) => {
            let stopped = http.stopped();
            let serving = socket.serve(live.router(), config.http.clone(), stopped);
            http.running.spawn(serving);
        }
        Err(error) => warn!(%error, "commands cannot reach this server: there is no {SOCKET_NAME}"),
    }
    let audit_lifetime = config.admin.audit_lifetime;
    listeners.spawn(clear_away(store.clone(), audit_lifetime));
    listeners.spawn(METRICS.keep_small());
    listeners.spawn(supervisor::stay_alive());
    if let Some(echo) = echo {
        listeners.spawn(echo.run());
    }
    println!("{ready}");
    if config.demo {
        eprintln!(
            "{}",
            demo::instructions(where_to, http_address, &config.data)
        );
    } else if store.count_accounts().await? == 0 {
        first_start::tell(
            &running.flags,
            &running.loaded,
            &pages(config, http_address),
        );
    }
    supervisor::ready();
    let signal = loop {
        tokio::select! {
            signal = &mut stop => break signal,
            () = serving.stopped() => break "maintenance",
            _ = hang_up.recv() => {
                supervisor::reloading();
                running.reload();
                supervisor::ready();
            }
        }
    };
    info!(signal, connections = node.connections(), "stopping");
    supervisor::stopping();
    let deadline = Instant::now() + SHUTDOWN_DEADLINE;
    node.prepare_to_stop();
    drop(listeners);
    gateway.close();
    node.shut_down();
    // Who polls must be let in to hear of it.
    gateway.drain(LAST_POLLS).await;
    http.stop(deadline).await;
    while node.connections() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if node.connections() > 0 {
        warn!(
            connections = node.connections(),
            "some clients did not take their last words in time"
        );
    }
    // What was acknowledged is on the disk already. Another process may keep the last writer waiting.
    if tokio::time::timeout(CLOSING_DEADLINE, store.close())
        .await
        .is_err()
    {
        warn!("the database is still busy");
    }
    Ok(())
}

/// What shakes hands, if a port is open for it.
#[cfg(feature = "tls")]
async fn acceptor(config: &Config) -> anyhow::Result<Option<Acceptor>> {
    if config.listen.https.is_none() {
        return Ok(None);
    }
    let config = config.clone();
    // Keys are made out of large primes, which takes a while to find.
    let opened = tokio::task::spawn_blocking(move || Acceptor::open(&config)).await?;
    Ok(Some(opened.context("cannot use the certificates")?))
}

/// Clears away what has expired, now and then: nobody is shown it in between.
async fn clear_away(store: Store, audit_lifetime: Option<Duration>) {
    let mut rounds = tokio::time::interval(CLEARING_INTERVAL);
    loop {
        rounds.tick().await;
        match store.clear_expired_mails(Timestamp::now()).await {
            Ok(0) => {}
            Ok(count) => info!(count, "cleared away offline messages"),
            Err(error) => warn!(%error, "cannot clear away offline messages"),
        }
        if let Err(error) = clear_away_of_operators(&store, audit_lifetime).await {
            warn!(%error, "cannot clear away bans that are over and old entries of the audit log");
        }
        if let Err(error) = store.clear_expired_pages(Timestamp::now()).await {
            warn!(%error, "cannot clear away what has expired of people's pages");
        }
    }
}

async fn clear_away_of_operators(
    store: &Store,
    audit_lifetime: Option<Duration>,
) -> Result<(), StoreError> {
    let now = Timestamp::now();
    store.clear_expired_bans(now).await?;
    if let Some(oldest) = audit_lifetime.and_then(|lifetime| now.checked_sub(lifetime).ok()) {
        let count = store.clear_audit(oldest).await?;
        if count > 0 {
            info!(count, "cleared away old entries of the audit log");
        }
    }
    Ok(())
}

/// SIGTERM, or an interrupt from the keyboard.
fn stop_signal() -> anyhow::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

/// Every connection is an open file: take as many as the system lets us have.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => info!(limit, "open files"),
        Err(error) => warn!(%error, "cannot raise the limit of open files"),
    }
}
