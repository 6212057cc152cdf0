//! What operators see of how the service is doing.
//!
//! What is counted is counted for Prometheus ([`crate::metrics`]) and read from there, so that the two
//! never differ.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminError, Live, Office, Operator, Scope};
use crate::metrics::{METRICS, Mail, Password, Present, SignIn, Value};

/// How the service is doing.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many accounts there are.
    pub accounts: u64,
    /// How many of them are signed in here.
    pub signed_in: usize,
    /// The same by the version of the protocol.
    pub versions: BTreeMap<String, usize>,
    /// Connections of Messenger's own protocol, those of the gateway among them.
    pub connections: usize,
    /// Conversations that are open.
    pub conversations: usize,
    /// Messages of conversations, since the server began.
    pub messages: u64,
    /// The same in a second, lately.
    pub messages_per_second: f64,
    /// Sign-ins since the server began.
    pub sign_ins: u64,
    /// Passwords and tickets that were refused since the server began.
    pub failures: u64,
    /// Offline messages that were left since the server began.
    pub offline_messages: u64,
    /// How long the server has run, in seconds.
    pub uptime: u64,
    /// How much memory it holds, in bytes; nothing where the system does not say.
    pub memory: Option<u64>,
}

/// The last look at what is counted, for what happens in a second.
#[derive(Debug, Default)]
pub(super) struct Lately {
    looked: Option<(Instant, u64)>,
    per_second: f64,
}

impl Office {
    /// How the service is doing.
    pub async fn statistics(&self, by: &Operator) -> Result<Statistics, AdminError> {
        self.permit_reading(by, Scope::StatisticsRead, "statistics.show", "")
            .await?;
        let live = self.live()?;
        let accounts = self.store.count_accounts().await?;
        Ok(live.statistics(accounts))
    }
}

impl Live {
    fn statistics(&self, accounts: u64) -> Statistics {
        let sessions = self.node.directory.sessions();
        let mut versions = BTreeMap::new();
        for session in &sessions {
            let version = session.dialect.version.to_string();
            *versions.entry(version).or_default() += 1;
        }
        let connections = self.node.connections();
        let conversations = self.node.conversations.count();
        let counted = Counted(METRICS.render(Present {
            connections,
            gateway_sessions: 0,
            conversations,
        }));
        let messages = counted.sum("papilio_messages_total", |_| true);
        let granted = |labels: &str| has(labels, SignIn::Ok);
        Statistics {
            at: Timestamp::now(),
            accounts,
            signed_in: sessions.len(),
            versions,
            connections,
            conversations,
            messages,
            messages_per_second: self.lately(messages),
            sign_ins: counted.sum("papilio_sign_ins_total", granted),
            failures: counted.sum("papilio_sign_ins_total", |labels| !granted(labels))
                + counted.sum("papilio_passwords_total", |labels| {
                    !has(labels, Password::Right)
                }),
            offline_messages: counted.sum("papilio_offline_messages_total", |labels| {
                has(labels, Mail::Kept)
            }),
            uptime: counted.sum("papilio_uptime_seconds", |_| true),
            memory: Some(counted.sum("papilio_resident_bytes", |_| true))
                .filter(|&bytes| bytes > 0),
        }
    }

    fn lately(&self, messages: u64) -> f64 {
        let now = Instant::now();
        let mut lately = self.lately.lock();
        match lately.looked {
            Some((looked, _)) if now - looked < LATELY => {}
            Some((looked, before)) => {
                let seconds = (now - looked).as_secs_f64();
                // Messages of a few seconds: no number that would not fit.
                lately.per_second = messages.saturating_sub(before) as f64 / seconds;
                lately.looked = Some((now, messages));
            }
            None => lately.looked = Some((now, messages)),
        }
        lately.per_second
    }
}

fn has(labels: &str, value: impl Value) -> bool {
    labels.contains(&format!("\"{}\"", value.text()))
}

/// What Prometheus is shown.
struct Counted(String);

impl Counted {
    /// The sum of the metrics of this name whose labels are wanted, cut to a whole number.
    fn sum(&self, name: &str, wanted: impl Fn(&str) -> bool) -> u64 {
        let lines = self.0.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .filter(|rest| rest.starts_with(['{', ' ']))
            .filter_map(|rest| rest.rsplit_once(' '))
            .filter(|(labels, _)| wanted(labels))
            .filter_map(|(_, value)| value.parse::<f64>().ok())
            .sum::<f64>() as u64
    }
}

/// How long it is looked until what happens in a second is counted anew.
const LATELY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_found_by_name_and_label() {
        let counted = Counted(
            "# TYPE x counter\nx{outcome=\"kept\"} 3\nx{outcome=\"refused\"} 4\nxy 9\nx_total 8\ny 1.5\n"
                .to_owned(),
        );
        assert_eq!(counted.sum("x", |_| true), 7);
        assert_eq!(counted.sum("x", |labels| labels.contains("\"kept\"")), 3);
        assert_eq!(counted.sum("y", |_| true), 1);
        assert_eq!(counted.sum("z", |_| true), 0);
    }
}
