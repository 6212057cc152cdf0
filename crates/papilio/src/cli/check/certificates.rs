//! The certificates and their keys, and the clock by which they hold.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use openssl::x509::X509;

use super::finding::Finding;
use super::shown;
use crate::config::Config;
use crate::hosts;
use crate::tls::{Folder, Leaves, OwnNames, TlsError, brought, moment, names_of, renewal_of};

pub(super) fn look(config: &Config) -> Vec<Finding> {
    if config.listen.https.is_none() {
        return Vec::new();
    }
    let now = Timestamp::now();
    let folder = Folder::of(config);
    let mut findings = match found(&folder) {
        Ok(Some((root, leaves))) => about(config, &root, leaves.as_ref(), now),
        Ok(None) => vec![Finding::warning(
            ROOT,
            format!("there is none in {} yet", shown(folder.path())),
            "`papilio serve` makes it, and so does `papilio cert init`",
        )],
        Err(error) => vec![Finding::failed(ROOT, error.to_string(), BACKUP)],
    };
    findings.extend(folder.readable_keys().iter().map(|key| {
        let said = format!("others than its owner can read {}", shown(key));
        Finding::warning("keys", said, format!("chmod 600 {}", shown(key)))
    }));
    findings.extend(the_operators(config, now));
    findings
}

type Found = Option<(X509, Option<Leaves>)>;

fn found(folder: &Folder) -> Result<Found, TlsError> {
    let Some(root) = folder.root()? else {
        return Ok(None);
    };
    let leaves = folder.leaves(&root)?;
    Ok(Some((root, leaves)))
}

fn about(config: &Config, root: &X509, leaves: Option<&Leaves>, now: Timestamp) -> Vec<Finding> {
    let end = |certificate: &X509| moment(certificate.not_after()).unwrap_or(Timestamp::MIN);
    let mut findings = vec![if end(root) < now + A_YEAR {
        let advice = "make a new one in time: every old machine has to install it";
        Finding::failed(ROOT, format!("ends on {}", day(end(root))), advice)
    } else {
        Finding::ok(ROOT, format!("holds until {}", day(end(root))))
    }];
    let Some(leaves) = leaves else {
        let said = "the server's certificates are not whole";
        findings.push(Finding::failed(SERVER, said, "`papilio cert init`"));
        return findings;
    };
    let begin = moment(leaves.sha256.not_before()).unwrap_or(Timestamp::MAX);
    findings.push(if now < begin {
        let said = format!(
            "it is {}, and the certificate was made on {}",
            day(now),
            day(begin)
        );
        Finding::failed(
            "clock",
            said,
            "set this machine's clock: old clients look at theirs",
        )
    } else {
        Finding::ok(
            "clock",
            format!(
                "{} fits the certificates",
                now.strftime("%Y-%m-%d %H:%M UTC")
            ),
        )
    });
    let until = day(end(&leaves.sha256));
    findings.push(match renewal_of(&leaves.sha256) {
        _ if end(&leaves.sha256) < now => Finding::failed(
            SERVER,
            format!("ended on {until}"),
            "`papilio cert init --renew`",
        ),
        Ok(renewal) if renewal < now => Finding::warning(
            SERVER,
            format!("holds until {until}, and should be new already"),
            "a running server makes it within an hour",
        ),
        Ok(renewal) => {
            let renewal = day(renewal);
            Finding::ok(
                SERVER,
                format!("holds until {until}, made anew from {renewal} on"),
            )
        }
        Err(error) => Finding::failed(SERVER, error.to_string(), BACKUP),
    });
    let names = names_of(&leaves.sha256);
    let messenger = hosts::certificate_names();
    let own = OwnNames::of(config);
    let wanted = messenger.iter().copied().chain(own.iter());
    let missing: Vec<&str> = wanted
        .filter(|name| !names.iter().any(|has| has == name))
        .collect();
    findings.push(if missing.is_empty() {
        let said = format!("for {} names of Messenger and yours", names.len());
        Finding::ok(SERVER, said)
    } else {
        let said = format!("not for {}", missing.join(", "));
        Finding::warning(
            SERVER,
            said,
            "a server that starts with this configuration makes it so",
        )
    });
    findings
}

/// What the operator brings for modern names.
fn the_operators(config: &Config, now: Timestamp) -> Vec<Finding> {
    const WHAT: &str = "your own";
    let Some((path, _)) = config.tls.brought(&config.data) else {
        return Vec::new();
    };
    let certificate = match brought(config) {
        Ok(Some(certificate)) => certificate,
        Ok(None) => return Vec::new(),
        Err(error) => {
            let advice = "look at certificate and key in [tls]; the server does not start so";
            return vec![Finding::failed(WHAT, error.to_string(), advice)];
        }
    };
    let end = moment(certificate.not_after()).unwrap_or(Timestamp::MIN);
    let said = format!("{} holds until {}", file(&path), day(end));
    let mut findings = vec![if end < now {
        Finding::failed(
            WHAT,
            format!("{} ended on {}", file(&path), day(end)),
            RENEW,
        )
    } else if end < now + A_WEEK {
        Finding::warning(WHAT, said, RENEW)
    } else {
        Finding::ok(WHAT, said)
    }];
    let names = names_of(&certificate);
    let fits = |name: &str| {
        let covered = |has: &String| match has.strip_prefix("*.") {
            Some(domain) => name.split_once('.').is_some_and(|(_, rest)| rest == domain),
            None => has == name,
        };
        names.iter().any(covered)
    };
    let own = OwnNames::of(config);
    let missing: Vec<&str> = own
        .iter()
        .filter(|&name| name != "localhost" && !fits(name))
        .collect();
    if !missing.is_empty() {
        let said = format!("{} is not for {}", file(&path), missing.join(", "));
        findings.push(Finding::warning(WHAT, said, "see [tls] names"));
    }
    findings
}

fn file(path: &Path) -> String {
    shown(path)
}

fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

const ROOT: &str = "root";
const SERVER: &str = "certificate";
const BACKUP: &str = "restore it from a backup";
const RENEW: &str = "renew it, and send the server SIGHUP";
const A_YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
