//! The list of metrics. docs/metrics.md is the same list for people; a test holds it to this one.

/// A metric: what stands in docs/metrics.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it only grows, or what else it does.
    pub kind: Kind,
    /// Its labels, if it has any, separated by commas.
    pub labels: &'static str,
    /// What it tells.
    pub meaning: &'static str,
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Measurements by size.
    Histogram,
}

const fn metric(
    kind: Kind,
    name: &'static str,
    labels: &'static str,
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        meaning,
    }
}

/// All there are.
pub const LIST: &[Metric] = &[
    metric(
        Kind::Gauge,
        "papilio_build_info",
        "version",
        "Always 1; the label is the version of the program.",
    ),
    metric(
        Kind::Gauge,
        "papilio_uptime_seconds",
        "",
        "Since the program was started.",
    ),
    metric(
        Kind::Gauge,
        "papilio_resident_bytes",
        "",
        "Memory that the program holds (Linux only).",
    ),
    metric(
        Kind::Gauge,
        "papilio_connections",
        "",
        "Messenger connections that are open, over TCP and over the gateway.",
    ),
    metric(
        Kind::Counter,
        "papilio_connections_accepted_total",
        "",
        "Messenger connections that were ever opened.",
    ),
    metric(
        Kind::Gauge,
        "papilio_sessions",
        "version",
        "Accounts that are signed in, by the version of the protocol that they speak.",
    ),
    metric(
        Kind::Gauge,
        "papilio_gateway_sessions",
        "",
        "Sessions of the HTTP gateway.",
    ),
    metric(
        Kind::Counter,
        "papilio_sign_ins_total",
        "outcome",
        "Sign-ins to the notification server: `ok`, `ticket` (not a good one), `trouble` (the database).",
    ),
    metric(
        Kind::Counter,
        "papilio_passwords_total",
        "outcome",
        "Passwords: `right`, `wrong`, `unknown`, `disabled`, `banned`, `malformed`, `throttled`, `trouble` (nobody could tell).",
    ),
    metric(
        Kind::Gauge,
        "papilio_argon2_waiting",
        "",
        "Passwords that wait for a core.",
    ),
    metric(
        Kind::Gauge,
        "papilio_argon2_running",
        "",
        "Passwords that are being hashed.",
    ),
    metric(
        Kind::Gauge,
        "papilio_conversations",
        "",
        "Conversations that are open.",
    ),
    metric(
        Kind::Counter,
        "papilio_conversations_opened_total",
        "",
        "Conversations that were ever opened.",
    ),
    metric(
        Kind::Counter,
        "papilio_messages_total",
        "",
        "Messages that were relayed in conversations, data of files and pictures included; once each, however many get it.",
    ),
    metric(
        Kind::Counter,
        "papilio_message_bytes_total",
        "",
        "The bytes of those messages, with their headers.",
    ),
    metric(
        Kind::Counter,
        "papilio_offline_messages_total",
        "outcome",
        "Offline messages: `kept`, `refused`, `trouble` (the database).",
    ),
    metric(
        Kind::Counter,
        "papilio_mailbox_overflows_total",
        "",
        "Connections that were closed because their client did not read what it was sent.",
    ),
    metric(
        Kind::Counter,
        "papilio_throttled_total",
        "limit",
        "What was refused for being too much: `sign-in`, `offline-messages`, `connections`, `passwords`.",
    ),
    metric(
        Kind::Counter,
        "papilio_tls_handshakes_total",
        "version",
        "TLS handshakes: `ssl3`, `tls1.0` to `tls1.3`, `failed`.",
    ),
    metric(
        Kind::Counter,
        "papilio_http_requests_total",
        "service, outcome",
        "Requests over HTTP that were answered: `ok`, `refused` (the client's doing), `failed` (ours).",
    ),
    metric(
        Kind::Histogram,
        "papilio_http_request_seconds",
        "service",
        "How long an answer took. `gateway` holds polls for as long as clients ask.",
    ),
    metric(
        Kind::Histogram,
        "papilio_database_seconds",
        "kind",
        "How long a transaction took, waiting for its turn included: `read`, `write`.",
    ),
    metric(
        Kind::Counter,
        "papilio_database_errors_total",
        "",
        "Statements that the database could not carry out: busy, away, out of space.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::{METRICS, Outcome, Present, Service, Statement, Value as _};

    const DOCUMENTED: &str = include_str!("../../../../docs/metrics.md");

    #[test]
    fn the_written_list_is_this_one() {
        let written: Vec<String> = DOCUMENTED
            .lines()
            .filter(|line| line.starts_with("| `papilio_"))
            .map(ToOwned::to_owned)
            .collect();
        let all: Vec<String> = LIST.iter().map(row).collect();
        assert_eq!(written.join("\n"), all.join("\n"));
    }

    fn row(metric: &Metric) -> String {
        let kind = format!("{:?}", metric.kind).to_lowercase();
        let Metric {
            name,
            labels,
            meaning,
            ..
        } = metric;
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels: Vec<_> = labels.map(|label| format!("`{label}`")).collect();
        format!("| `{name}` | {kind} | {} | {meaning} |", labels.join(", "))
    }

    /// Every metric that is rendered is in the list and the other way round, labels included.
    #[test]
    fn what_is_rendered_is_what_is_listed() {
        for &service in Service::ALL {
            METRICS.answered(service, Outcome::Ok, std::time::Duration::ZERO);
        }
        for &statement in Statement::ALL {
            METRICS.database(statement, std::time::Duration::ZERO);
        }
        let rendered = METRICS.render(Present::default());
        let mut found = BTreeSet::new();
        for line in rendered
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (name, rest) = line.split_once(['{', ' ']).unwrap();
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|part| {
                    name.strip_suffix(part)
                        .filter(|_| name.contains("_seconds_"))
                })
                .unwrap_or(name);
            let labels = rest.split_once('}').map_or("", |(labels, _)| labels);
            let names = labels
                .split(',')
                .filter_map(|label| label.split_once('='))
                .map(|(label, _)| label)
                .filter(|&label| label != "le");
            let labels: BTreeSet<_> = names.map(ToOwned::to_owned).collect();
            found.insert((name.to_owned(), labels));
        }
        let listed: BTreeSet<_> = LIST
            .iter()
            .map(|metric| {
                let labels = metric.labels.split(", ").filter(|label| !label.is_empty());
                (
                    metric.name.to_owned(),
                    labels.map(ToOwned::to_owned).collect(),
                )
            })
            .collect();
        assert_eq!(found, listed);
    }

    #[test]
    fn every_metric_of_the_dashboard_is_listed() {
        let dashboard = include_str!("../../../../packaging/grafana/papilio.json");
        let read: serde_json::Value = serde_json::from_str(dashboard).unwrap();
        let panels = read["panels"].as_array().unwrap();
        let mut names = 0;
        for expression in panels
            .iter()
            .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
            .map(|target| target["expr"].as_str().unwrap())
        {
            for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                if !word.starts_with("papilio_") {
                    continue;
                }
                names += 1;
                let name = word.trim_end_matches("_bucket");
                assert!(
                    LIST.iter().any(|metric| metric.name == name),
                    "{word} in {expression}"
                );
            }
        }
        assert!(names > 10, "{names} names");
    }
}
