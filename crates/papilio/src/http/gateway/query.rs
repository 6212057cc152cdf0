//! What a client asks of the gateway, by its query (services-other, 5; wire-msnp13, 10).
//!
//! ```text
//!   Action=open&Server=NS&IP=messenger.hotmail.com        -> Open
//!   SessionID=id                                          -> Ask
//!   Action=poll&SessionID=id[&Lifespan=60]                -> Ask, and wait
//! ```
//!
//! Names match without regard to case, in any order; the first of a kind counts.

use std::time::Duration;

use super::sessions::SessionId;

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// A session. Which server it will talk to its first command tells, as on a socket; where that is
    /// (`IP`) only we know.
    Open,
    /// To send what the body has, and to hear what there is.
    Ask {
        /// Of which session; `None` = one that nobody has.
        session: Option<SessionId>,
        /// How long to wait for something to hear.
        lifespan: Duration,
    },
}

/// What is wrong with the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadQuery(&'static str);

impl Query {
    pub(super) fn read(query: &str) -> Result<Self, BadQuery> {
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let is = |value: &str, word: &str| value.eq_ignore_ascii_case(word);
        let lifespan = match (value("Action"), value("Lifespan")) {
            (Some(action), _) if is(action, "open") => {
                return match value("Server") {
                    Some(server) if is(server, "NS") || is(server, "SB") => Ok(Self::Open),
                    _ => Err(BadQuery("Server is neither NS nor SB")),
                };
            }
            (Some(action), None) if is(action, "poll") => Duration::ZERO,
            (Some(action), Some(seconds)) if is(action, "poll") => {
                // More is as good as for ever.
                let seconds: u32 = seconds
                    .parse()
                    .map_err(|_| BadQuery("Lifespan is no number of seconds"))?;
                Duration::from_secs(seconds.into())
            }
            (None, _) => Duration::ZERO,
            (Some(_), _) => return Err(BadQuery("Action is neither open nor poll")),
        };
        let session = value("SessionID").ok_or(BadQuery("neither an Action nor a SessionID"))?;
        Ok(Self::Ask {
            session: SessionId::parse(session),
            lifespan,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(id: &str, seconds: u64) -> Result<Query, BadQuery> {
        Ok(Query::Ask {
            session: SessionId::parse(id),
            lifespan: Duration::from_secs(seconds),
        })
    }

    #[test]
    fn every_form_that_clients_send() {
        for (query, read) in [
            (
                "Action=open&Server=NS&IP=messenger.hotmail.com",
                Ok(Query::Open),
            ),
            ("action=OPEN&server=sb&ip=192.0.2.1", Ok(Query::Open)),
            ("Server=SB&Action=open", Ok(Query::Open)),
            ("SessionID=1.2", ask("1.2", 0)),
            ("Action=poll&SessionID=1.2", ask("1.2", 0)),
            ("Action=poll&Lifespan=60&SessionID=1.2", ask("1.2", 60)),
            ("sessionid=1.2&SessionID=3.4&Lifespan=9&x&=", ask("1.2", 0)),
        ] {
            assert_eq!(Query::read(query), read, "{query}");
        }
    }

    #[test]
    fn what_nobody_has_is_no_session_and_the_rest_is_said() {
        for id in ["", "%31.2", "a", "1;2", &"1".repeat(32)] {
            let query = Query::read(&format!("SessionID={id}"));
            let session = None;
            let lifespan = Duration::ZERO;
            assert_eq!(query, Ok(Query::Ask { session, lifespan }), "{id}");
        }
        for query in [
            "",
            "Action=open",
            "Action=open&Server=XX",
            "Action=close&SessionID=1.2",
            "Action=poll",
            "Action=poll&SessionID=1.2&Lifespan=-1",
            "Action=poll&SessionID=1.2&Lifespan=99999999999",
            "Action&SessionID",
        ] {
            assert!(Query::read(query).is_err(), "{query}");
        }
    }
}
