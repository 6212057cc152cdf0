//! `papilio serve`: opens the store and the ports, says so, and serves until it is told to stop
//! (DESIGN, 1).

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use msnp::server::{Door, Policy, Rate};
use msnp::wire::line::Limits;
use msnp::wire::param::Param;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::config::{self, Config, ListenAddress};
use crate::conversation;
use crate::credentials::Credentials;
use crate::directory::ListLimits;
use crate::http::{self, Services};
use crate::listen::{self, Announcer, Reception};
use crate::node::{Node, Settings};
use crate::password::Passwords;
use crate::per_address::PerAddress;
use crate::store::Store;

/// From the signal to the end, whatever clients do.
const SHUTDOWN_DEADLINE: Duration = Duration::from_millis(4500);

/// Longer than any session lasts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Serves until SIGTERM or an interrupt.
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    raise_file_limit();
    let store = Store::open(&config.database())
        .await
        .context("cannot open the database")?;
    let msnp = bind(config.listen.msnp.as_ref(), "msnp").await?;
    let http = bind(config.listen.http.as_ref(), "http").await?;
    let dispatch = bind(config.listen.dispatch.as_ref(), "dispatch").await?;
    let Some(address) = [&msnp, &dispatch]
        .into_iter()
        .flatten()
        .map(|(_, address)| *address)
        .next()
    else {
        anyhow::bail!("nothing to serve: neither an msnp nor a dispatch listener is configured");
    };
    let announcer = Arc::new(Announcer::new(config.advertise.as_ref(), address.port()));
    let per_address = PerAddress::new(config.limits.connections_per_address);
    let node = Node::new(settings(
        config,
        pages(config, http.as_ref().map(|(_, address)| *address)),
    ));
    let reception = |door| Reception {
        node: Arc::clone(&node),
        store: store.clone(),
        per_address: per_address.clone(),
        announcer: Arc::clone(&announcer),
        door,
    };
    let mut listeners = JoinSet::new();
    let mut ready = String::from("papilio ready");
    if let Some((listener, address)) = msnp {
        ready += &format!(" msnp={address}");
        listeners.spawn(listen::accept(listener, reception(Door::Main)));
    }
    let (stop_http, http_stopped) = watch::channel(());
    let http = match http {
        Some((listener, address)) => {
            ready += &format!(" http={address}");
            let router = http::router(services(config, &node, &store)?);
            let (limits, per_address) = (config.http.clone(), per_address.clone());
            let mut stopped = http_stopped;
            let stopped = async move {
                // An error means that the sender is gone, which is the signal.
                let _signal = stopped.changed().await;
            };
            Some(tokio::spawn(http::serve(
                listener,
                router,
                limits,
                per_address,
                stopped,
            )))
        }
        None => None,
    };
    if let Some((listener, address)) = dispatch {
        ready += &format!(" dispatch={address}");
        listeners.spawn(listen::accept(listener, reception(Door::Dispatch)));
    }
    println!("{ready}");
    let signal = stop_signal()?.await;
    info!(signal, connections = node.connections(), "stopping");
    listeners.shutdown().await;
    drop(stop_http);
    node.shut_down();
    let deadline = Instant::now() + SHUTDOWN_DEADLINE;
    while node.connections() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if node.connections() > 0 {
        warn!(
            connections = node.connections(),
            "some clients did not take their last words in time"
        );
    }
    if let Some(http) = http {
        let left = deadline.saturating_duration_since(Instant::now());
        let _ended = tokio::time::timeout(left, http).await;
    }
    store.close().await;
    Ok(())
}

fn services(config: &Config, node: &Arc<Node>, store: &Store) -> anyhow::Result<Services> {
    let passwords =
        Passwords::new(config.passwords()).context("unusable settings of [passwords]")?;
    Ok(Services {
        store: store.clone(),
        credentials: Credentials::new(store.clone(), passwords, config.throttle()),
        config: Arc::new(config.clone()),
        node: Arc::clone(node),
    })
}

async fn bind(
    address: Option<&ListenAddress>,
    name: &str,
) -> anyhow::Result<Option<(TcpListener, SocketAddr)>> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = listen::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for {name}"))?;
    let bound = listener.local_addr()?;
    Ok(Some((listener, bound)))
}

/// SIGTERM, or an interrupt from the keyboard.
fn stop_signal() -> anyhow::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
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

/// Where people's pages are, as far as the configuration tells.
fn pages(config: &Config, http: Option<SocketAddr>) -> Param {
    let bound = http.filter(|address| !address.ip().is_unspecified());
    let host = match (&config.advertise, bound) {
        (Some(advertised), _) => advertised.host.clone(),
        (None, Some(address)) => address.ip().to_string(),
        (None, None) => "localhost".to_owned(),
    };
    match http.map_or(80, |address| address.port()) {
        80 => Param::word(&format!("http://{host}")),
        port => Param::word(&format!("http://{host}:{port}")),
    }
}

fn settings(config: &Config, pages: Param) -> Settings {
    let rate = |rate: Option<config::Rate>| {
        rate.map_or(Rate::new(0, 0), |rate| {
            Rate::new(rate.burst, rate.per_second)
        })
    };
    let period = |period: Option<Duration>| period.unwrap_or(NEVER);
    let size = |size: Option<usize>| size.unwrap_or(usize::MAX);
    let count = |count: Option<usize>| count.unwrap_or(0);
    let Config {
        sign_in,
        limits,
        rates,
        switchboard,
        lists,
        ..
    } = config;
    Settings {
        policy: Policy {
            max_version: config.max_version,
            sign_in_deadline: period(sign_in.deadline),
            ticket_deadline: period(sign_in.ticket_deadline),
            notification_idle: period(limits.notification_idle),
            switchboard_deadline: period(switchboard.deadline),
            conversation_idle: period(switchboard.idle),
            alone_idle: period(switchboard.idle_alone),
            challenge_interval: sign_in.challenge_interval,
            challenge_deadline: period(sign_in.challenge_deadline),
            chg_rate: rate(rates.chg),
            prp_rate: rate(rates.prp),
            uux_rate: rate(rates.uux),
            list_rate: rate(rates.lists),
            xfr_rate: rate(rates.xfr),
            cal_rate: rate(rates.cal),
            msg_rate: rate(rates.msg),
            ..Policy::new(pages)
        },
        wire: Limits {
            line: size(limits.line),
            message: size(limits.message),
            payload: size(limits.payload),
        },
        conversations: conversation::Settings {
            open_cookie: period(switchboard.referral_lifetime),
            ring_cookie: period(switchboard.ring_lifetime),
            participants: count(switchboard.participants),
            failed_calls: switchboard
                .failed_calls
                .and_then(|calls| u32::try_from(calls).ok())
                .unwrap_or(0),
        },
        lists: ListLimits {
            forward: count(lists.forward),
            allow: count(lists.allow),
            block: count(lists.block),
        },
        mailbox: count(limits.mailbox),
    }
}
