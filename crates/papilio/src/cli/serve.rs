//! `papilio serve`: opens the store and the ports, says so, and serves until it is told to stop
//! (DESIGN, 1).

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use jiff::Timestamp;
use msnp::server::{BareTickets, Door, Policy, Rate};
use msnp::wire::line::Limits;
use msnp::wire::param::Param;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::log::Filter;
use super::reload::Running;
use super::supervisor::{self, Sockets};
use super::{demo, first_start};
use crate::admin;
use crate::config::{self, Config, Flags, Listen, ListenAddress, Loaded, bracketed};
use crate::conversation;
use crate::directory::ListLimits;
use crate::http::admin::{AdminSocket, SOCKET_NAME};
use crate::http::{self, Live, Services};
use crate::listen::{self, Announcer, Reception, SendBuffer};
use crate::metrics::METRICS;
use crate::node::{Node, Settings};
use crate::password::Passwords;
use crate::per_address::PerAddress;
use crate::store::{Claim, Store, StoreError};
#[cfg(feature = "tls")]
use crate::tls::Acceptor;

/// From the signal to the end, whatever clients do.
const SHUTDOWN_DEADLINE: Duration = Duration::from_millis(4500);

/// How long of that is left to clients that poll, to hear of it.
const LAST_POLLS: Duration = Duration::from_millis(2500);

/// How long the database may then take to close.
const CLOSING_DEADLINE: Duration = Duration::from_millis(300);

/// How long what has expired may stay on the disk.
const CLEARING_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The port of the notification server, if nobody says otherwise.
const USUAL_PORT: u16 = 1863;

/// Longer than any session lasts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The ports that are open.
struct Ports {
    msnp: Option<Port>,
    http: Option<Port>,
    https: Option<Port>,
    dispatch: Option<Port>,
}

struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

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

/// The HTTP services under way.
struct Http {
    running: JoinSet<()>,
    stop: watch::Sender<()>,
}

impl Http {
    /// Done when the services are to stop.
    fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stopped = self.stop.subscribe();
        async move {
            // An error means that the sender is gone, which is the signal.
            let _signal = stopped.changed().await;
        }
    }

    /// Lets the requests under way finish, as far as there is time.
    async fn stop(mut self, deadline: Instant) {
        drop(self.stop);
        let left = deadline.saturating_duration_since(Instant::now());
        let all = async { while self.running.join_next().await.is_some() {} };
        // Late or not, it is over now.
        let _ended = tokio::time::timeout(left, all).await;
    }
}

impl Ports {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let Listen {
            msnp,
            http,
            https,
            dispatch,
        } = &config.listen;
        let small = match config.limits.socket_buffer {
            Some(size) => SendBuffer::Bytes(u32::try_from(size).unwrap_or(u32::MAX)),
            None => SendBuffer::Unbounded,
        };
        let mut given = Sockets::given()?;
        Ok(Self {
            msnp: bind(&mut given, msnp.as_ref(), small, "msnp").await?,
            http: bind(&mut given, http.as_ref(), SendBuffer::Unbounded, "http").await?,
            https: bind(&mut given, https.as_ref(), SendBuffer::Unbounded, "https").await?,
            dispatch: bind(&mut given, dispatch.as_ref(), small, "dispatch").await?,
        })
    }

    /// The one line that says where everything is (DESIGN, 1).
    fn ready_line(&self) -> String {
        let ports = [
            ("msnp", &self.msnp),
            ("http", &self.http),
            ("https", &self.https),
            ("dispatch", &self.dispatch),
        ];
        let mut line = String::from("papilio ready");
        for (name, port) in ports {
            if let Some(port) = port {
                line += &format!(" {name}={}", port.address);
            }
        }
        line
    }

    /// The configuration with the port for HTTPS that is open, for whoever tells clients about it.
    fn known_to(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.listen.https = self.https.as_ref().map(|https| ListenAddress {
            host: https.address.ip().to_string(),
            port: https.address.port(),
        });
        config
    }

    fn msnp_address(&self) -> Option<SocketAddr> {
        self.msnp.as_ref().map(|port| port.address)
    }

    /// What clients are told. A dispatch server alone refers to what the operator advertises, or to
    /// the usual port.
    fn announcer(&self, config: &Config) -> Announcer {
        let port = self
            .msnp
            .as_ref()
            .map_or(USUAL_PORT, |port| port.address.port());
        Announcer::new(config.advertise.as_ref(), port)
    }

    /// Lets clients in. The listeners of Messenger's own protocol end when what is returned drops.
    fn serve(
        self,
        config: &Config,
        reception: &Reception,
        router: Router,
        #[cfg(feature = "tls")] acceptor: Option<Acceptor>,
    ) -> (JoinSet<()>, Http) {
        let mut listeners = JoinSet::new();
        for (port, door) in [(self.msnp, Door::Main), (self.dispatch, Door::Dispatch)] {
            let Some(Port { listener, .. }) = port else {
                continue;
            };
            let reception = Reception {
                door,
                ..reception.clone()
            };
            listeners.spawn(listen::accept(listener, reception));
        }
        let per_address = reception.per_address.clone();
        let mut web = Http {
            running: JoinSet::new(),
            stop: watch::channel(()).0,
        };
        if let Some(Port { listener, .. }) = self.http {
            let (router, limits) = (router.clone(), config.http.clone());
            let counted = per_address.clone();
            let stopped = web.stopped();
            let serving = http::serve(listener, router, limits, counted, stopped);
            web.running.spawn(serving);
        }
        #[cfg(feature = "tls")]
        if let (Some(Port { listener, .. }), Some(acceptor)) = (self.https, acceptor) {
            let limits = config.http.clone();
            let stopped = web.stopped();
            web.running.spawn(http::serve_mixed(
                listener,
                acceptor,
                router,
                limits,
                per_address,
                stopped,
            ));
        }
        (listeners, web)
    }
}

/// Where people's pages are, as far as the configuration tells; `http` is where HTTP is listened on. Over
/// HTTP where that is served: the browser of an old machine can read there at least why it will not do.
pub(super) fn pages(config: &Config, http: Option<SocketAddr>) -> Param {
    let (scheme, usual, listened, advertised) = match (http, &config.listen.https) {
        (None, Some(https)) => {
            let listened = (https.host.parse().ok(), https.port);
            ("https", 443, Some(listened), &config.tls.advertise)
        }
        (http, _) => {
            let listened = http.map(|address| (Some(address.ip()), address.port()));
            ("http", 80, listened, &config.http.advertise)
        }
    };
    if let Some(own) = advertised {
        return Param::word(&format!("{scheme}://{own}"));
    }
    let (address, port) = listened.unwrap_or((None, usual));
    let host = match (&config.advertise, address) {
        (Some(advertised), _) => advertised.host.clone(),
        (None, Some(address)) if !address.is_unspecified() => address.to_string(),
        (None, _) => "localhost".to_owned(),
    };
    let host = bracketed(&host);
    if port == usual {
        Param::word(&format!("{scheme}://{host}"))
    } else {
        Param::word(&format!("{scheme}://{host}:{port}"))
    }
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

/// The listener that the service manager has opened, or else one on this address.
async fn bind(
    given: &mut Sockets,
    address: Option<&ListenAddress>,
    buffer: SendBuffer,
    name: &str,
) -> anyhow::Result<Option<Port>> {
    if let Some(listener) = given.take(name)? {
        let address = listener.local_addr()?;
        return Ok(Some(Port { listener, address }));
    }
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = listen::bind(address, buffer)
        .await
        .with_context(|| format!("cannot listen on {address} for {name}"))?;
    let address = listener.local_addr()?;
    Ok(Some(Port { listener, address }))
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

/// What the configuration says about sessions, conversations and lists; `pages` is where people's
/// pages are.
pub fn settings(config: &Config, pages: Param) -> Settings {
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
            bare_tickets: if sign_in.tickets_without_proof {
                BareTickets::Taken
            } else {
                BareTickets::Refused
            },
            sign_in_deadline: period(sign_in.deadline),
            ticket_deadline: period(sign_in.ticket_deadline),
            notification_idle: period(limits.notification_idle),
            rest_deadline: period(limits.half_command),
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
            backlog: count(switchboard.backlog),
        },
        lists: ListLimits {
            forward: count(lists.forward),
            allow: count(lists.allow),
            block: count(lists.block),
        },
        mailbox: count(limits.mailbox),
        unread: period(limits.unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_protocol() {
        let pages = Param::word("http://localhost");
        let usual = Policy {
            max_version: Config::default().max_version,
            ..Policy::new(pages.clone())
        };
        let settings = settings(&Config::default(), pages);
        assert_eq!(format!("{:?}", settings.policy), format!("{usual:?}"));
        assert_eq!(settings.wire, Limits::DEFAULT);
    }

    #[test]
    fn an_address_of_ipv6_has_brackets_in_the_address_of_pages() {
        let mut config = Config {
            advertise: Some("2001:db8::1".parse().unwrap()),
            ..Config::default()
        };
        config.listen.https = None;
        assert_eq!(pages(&config, None).as_str(), "http://[2001:db8::1]");
        // Where there is nothing else.
        config.listen.https = Some(ListenAddress::everywhere(8443));
        assert_eq!(pages(&config, None).as_str(), "https://[2001:db8::1]:8443");
        let http = "192.0.2.1:80".parse().ok();
        assert_eq!(pages(&config, http).as_str(), "http://[2001:db8::1]");
    }
}
