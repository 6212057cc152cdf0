//! What is counted, for whoever watches the service (docs/metrics.md lists it all).
//!
//! ```text
//!   connection, http, store ... --> METRICS: handles, an atomic each --+
//!                                                                      +--> GET /metrics
//!   node, gateway: asked when somebody looks --------------------------+
//! ```
//!
//! A process has one set, as it has one log. Every handle is registered once, when the first is
//! used; to count is then one addition to an atomic, without a look-up, so the path of a message can
//! afford it. What can be asked when somebody looks (how many sessions there are) is asked then.

mod label;
mod list;
mod process;

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use msnp::wire::version::Dialect;

pub use label::{Handshake, Limit, Mail, Outcome, Password, Service, SignIn, Statement, Value};
pub use list::{Kind, LIST, Metric};

/// Everything that this process counts.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// See the module. Each field is a metric of docs/metrics.md, which says what it means.
pub struct Metrics {
    handle: PrometheusHandle,
    started: Instant,
    /// Connections of Messenger's own protocol that were accepted.
    pub connections_accepted: Counter,
    /// Sessions that began, or why not.
    pub sign_ins: Family<Counter, SignIn>,
    /// Passwords that were checked.
    pub passwords: Family<Counter, Password>,
    /// Passwords that wait for a core.
    pub argon2_waiting: Gauge,
    /// Passwords that are being hashed.
    pub argon2_running: Gauge,
    /// Conversations that were opened.
    pub conversations_opened: Counter,
    /// Messages of conversations.
    pub messages: Counter,
    /// Their bytes, headers included.
    pub message_bytes: Counter,
    /// Offline messages that were left, or why not.
    pub offline_messages: Family<Counter, Mail>,
    /// Connections closed because their client did not read what it was sent.
    pub mailbox_overflows: Counter,
    /// What was refused because there was too much of it.
    pub throttled: Family<Counter, Limit>,
    /// Handshakes of TLS.
    pub tls_handshakes: Family<Counter, Handshake>,
    http_requests: Vec<Family<Counter, Outcome>>,
    http_seconds: Family<Histogram, Service>,
    database_seconds: Family<Histogram, Statement>,
    /// Statements that the database could not carry out for now.
    pub database_errors: Counter,
    connections: Gauge,
    sessions: Vec<(&'static Dialect, Gauge)>,
    gateway_sessions: Gauge,
    conversations: Gauge,
    uptime: Gauge,
    resident: Gauge,
}

/// Metrics of one name, one for each value of a label.
pub struct Family<M, L> {
    members: Vec<M>,
    label: PhantomData<L>,
}

impl<M, L: Value> Family<M, L> {
    /// The one with this label.
    pub fn of(&self, value: L) -> &M {
        &self.members[value.index()]
    }
}

/// What there is at the moment when somebody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present {
    /// Connections of Messenger's own protocol, those of the gateway among them.
    pub connections: usize,
    /// Sessions of the gateway.
    pub gateway_sessions: usize,
    /// Conversations.
    pub conversations: usize,
}

impl Metrics {
    fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // There are bounds, and each is a number.
        let builder = builder.set_buckets(BOUNDS).unwrap_or_default();
        let register = Register(builder.build_recorder());
        for metric in LIST {
            register.describe(metric);
        }
        let http_requests = Service::ALL
            .iter()
            .map(|service| {
                register.family("papilio_http_requests_total", "outcome", |key| {
                    register.counter(key.with_extra_labels(vec![service.label("service")]))
                })
            })
            .collect();
        let sessions = Dialect::all()
            .iter()
            .map(|dialect| {
                let version = Label::new("version", dialect.version.to_string());
                let key = Key::from_parts("papilio_sessions", vec![version]);
                (dialect, register.gauge(key))
            })
            .collect();
        let build = Label::new("version", env!("CARGO_PKG_VERSION"));
        register
            .gauge(Key::from_parts("papilio_build_info", vec![build]))
            .set(1);
        let counter = |name: &'static str| register.counter(Key::from_static_name(name));
        let gauge = |name: &'static str| register.gauge(Key::from_static_name(name));
        Self {
            handle: register.0.handle(),
            started: Instant::now(),
            connections_accepted: counter("papilio_connections_accepted_total"),
            sign_ins: register.counters("papilio_sign_ins_total", "outcome"),
            passwords: register.counters("papilio_passwords_total", "outcome"),
            argon2_waiting: gauge("papilio_argon2_waiting"),
            argon2_running: gauge("papilio_argon2_running"),
            conversations_opened: counter("papilio_conversations_opened_total"),
            messages: counter("papilio_messages_total"),
            message_bytes: counter("papilio_message_bytes_total"),
            offline_messages: register.counters("papilio_offline_messages_total", "outcome"),
            mailbox_overflows: counter("papilio_mailbox_overflows_total"),
            throttled: register.counters("papilio_throttled_total", "limit"),
            tls_handshakes: register.counters("papilio_tls_handshakes_total", "version"),
            http_requests,
            http_seconds: register.family("papilio_http_request_seconds", "service", |key| {
                register.histogram(key)
            }),
            database_seconds: register.family("papilio_database_seconds", "kind", |key| {
                register.histogram(key)
            }),
            database_errors: counter("papilio_database_errors_total"),
            connections: gauge("papilio_connections"),
            sessions,
            gateway_sessions: gauge("papilio_gateway_sessions"),
            conversations: gauge("papilio_conversations"),
            uptime: gauge("papilio_uptime_seconds"),
            resident: gauge("papilio_resident_bytes"),
        }
    }

    /// A request over HTTP was answered.
    pub fn answered(&self, service: Service, outcome: Outcome, took: Duration) {
        self.http_requests[service.index()].of(outcome).increment(1);
        self.http_seconds.of(service).record(took);
    }

    /// The database was used for so long, waiting for it included.
    pub fn database(&self, statement: Statement, took: Duration) {
        self.database_seconds.of(statement).record(took);
    }

    /// How many sessions speak this dialect.
    pub fn sessions(&self, dialect: &'static Dialect) -> &Gauge {
        let same = |(other, _): &&(&Dialect, Gauge)| other.version == dialect.version;
        let found = self.sessions.iter().find(same);
        // Every dialect has its gauge.
        &found.unwrap_or(&self.sessions[0]).1
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub fn render(&self, present: Present) -> String {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.connections.set(number(present.connections));
        self.gateway_sessions.set(number(present.gateway_sessions));
        self.conversations.set(number(present.conversations));
        self.uptime.set(self.started.elapsed());
        if let Some(bytes) = process::resident_bytes() {
            self.resident.set(bytes);
        }
        self.handle.render()
    }

    /// Puts away what was measured, for ever, whether or not somebody looks: measurements are kept
    /// one by one until then.
    pub async fn keep_small(&self) {
        let mut rounds = tokio::time::interval(UPKEEP);
        loop {
            rounds.tick().await;
            self.handle.run_upkeep();
        }
    }
}

/// Where metrics are registered.
struct Register(PrometheusRecorder);

impl Register {
    fn describe(&self, metric: &Metric) {
        let meaning = SharedString::const_str(metric.meaning);
        match metric.kind {
            Kind::Counter => self.0.describe_counter(metric.name.into(), None, meaning),
            Kind::Gauge => self.0.describe_gauge(metric.name.into(), None, meaning),
            Kind::Histogram => self.0.describe_histogram(metric.name.into(), None, meaning),
        }
    }

    fn counter(&self, key: Key) -> Counter {
        self.0.register_counter(&key, &METADATA)
    }

    fn gauge(&self, key: Key) -> Gauge {
        self.0.register_gauge(&key, &METADATA)
    }

    fn histogram(&self, key: Key) -> Histogram {
        self.0.register_histogram(&key, &METADATA)
    }

    fn counters<L: Value>(&self, name: &'static str, label: &'static str) -> Family<Counter, L> {
        self.family(name, label, |key| self.counter(key))
    }

    fn family<M, L: Value>(
        &self,
        name: &'static str,
        label: &'static str,
        register: impl Fn(Key) -> M,
    ) -> Family<M, L> {
        let keys = L::ALL
            .iter()
            .map(|value| Key::from_parts(name, vec![value.label(label)]));
        Family {
            members: keys.map(register).collect(),
            label: PhantomData,
        }
    }
}

static METADATA: Metadata<'static> = Metadata::new("papilio", Level::INFO, None);

/// The upper bounds of what is measured, in seconds: from a page in memory to a client's patience.
const BOUNDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// How often measurements are put away.
const UPKEEP: Duration = Duration::from_secs(5);
