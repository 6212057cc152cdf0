//! The port for HTTPS, asked in the words of every age (services-other, 9).

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use openssl::ssl::{Ssl, SslContextBuilder, SslMethod, SslVerifyMode};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use super::finding::Finding;
use super::ports::{PATIENCE, RST};
use crate::config::Config;
use crate::tls::hello::Version;
use crate::tls::probe::{Agreement, Format, Offer, Reply, Signature};
use crate::tls::{Folder, OwnNames, load_providers};

pub(super) fn look(config: &Config, place: Option<SocketAddr>) -> Vec<Finding> {
    let Some(place) = place else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = EVERY_AGE
        .iter()
        .map(|wanted| hello(place, wanted))
        .collect();
    let own = OwnNames::of(config);
    // The operator's, if there is one: `localhost` is the first.
    if let Some(name) = own.iter().filter(|name| !name.starts_with("*.")).last() {
        findings.push(modern(place, name));
    }
    findings.push(sign_in_service(config, place));
    findings
}

/// What somebody of some age offers.
struct Wanted {
    what: &'static str,
    who: &'static str,
    format: Format,
    version: u16,
    cipher: u16,
    signature: Option<Signature>,
}

fn hello(place: SocketAddr, wanted: &Wanted) -> Finding {
    let offer = Offer::of(wanted.version, wanted.cipher).in_format(wanted.format);
    let expected = Agreement {
        version: wanted.version,
        cipher: wanted.cipher,
        signature: wanted.signature,
    };
    let advice = format!(
        "{} cannot sign in; what answers there is no papilio, or one whose OpenSSL was built without it",
        wanted.who
    );
    match reply(place, &offer) {
        Ok(Reply::Agreed(agreed)) if agreed == expected => {
            Finding::ok(wanted.what, format!("{agreed}: {}", wanted.who))
        }
        Ok(Reply::Agreed(agreed)) => Finding::failed(
            wanted.what,
            format!("{agreed} instead of {expected}"),
            advice,
        ),
        Ok(Reply::Refused(alert)) => {
            Finding::failed(wanted.what, format!("refused, with alert {alert}"), advice)
        }
        Ok(_) => Finding::failed(wanted.what, "the answer is not one of TLS", advice),
        Err(error) => Finding::failed(wanted.what, format!("no answer: {error}"), advice),
    }
}

/// A name of the operator's own is spoken to in the modern way only.
fn modern(place: SocketAddr, name: &str) -> Finding {
    let old = reply(place, &Offer::of(0x0301, 0x002f).to(name));
    let new = reply(place, &Offer::of(0x0304, 0x1301).to(name));
    let what = "modern names";
    match (old, new) {
        (Ok(Reply::Refused(_)), Ok(Reply::Agreed(agreed))) => Finding::ok(
            what,
            format!(
                "{name}: {}, and nothing before TLS 1.2",
                Version(agreed.version)
            ),
        ),
        (Ok(Reply::Agreed(agreed)), _) => Finding::failed(
            what,
            format!("{name} is served with {agreed}"),
            "the server was started with other names than these: see [tls] names, --advertise",
        ),
        (_, new) => Finding::failed(
            what,
            format!("{name} is not served with TLS 1.3: {new:?}"),
            "see the log of the server",
        ),
    }
}

fn reply(place: SocketAddr, offer: &Offer) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Nothing that is agreed upon here is ever used.
    stream.write_all(&offer.bytes([0x5a; 32]))?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk)?;
        answer.extend_from_slice(&chunk[..read]);
        let reply = Reply::read(&answer);
        if read == 0 || reply != Reply::Incomplete {
            return Ok(reply);
        }
    }
}

/// The service for tickets, as a client of today would reach it that trusts the root.
fn sign_in_service(config: &Config, place: SocketAddr) -> Finding {
    const WHAT: &str = "sign-in";
    const NAME: &str = "login.live.com";
    let root = match Folder::of(config).root() {
        Ok(Some(root)) => root,
        Ok(None) => {
            let advice = "say --data of the running server";
            return Finding::failed(WHAT, "there is no root to trust in this folder", advice);
        }
        Err(error) => return Finding::failed(WHAT, error.to_string(), "restore it from a backup"),
    };
    match over_tls(place, NAME, &root) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => Finding::ok(
            WHAT,
            format!("https://{NAME}/RST.srf answers, and its certificate is trusted"),
        ),
        Ok(answer) => Finding::failed(
            WHAT,
            format!("{:?}", answer.lines().next().unwrap_or("nothing")),
            "see the log of the server",
        ),
        Err(error) => Finding::failed(
            WHAT,
            format!("https://{NAME}/RST.srf: {error}"),
            "is it this folder's server that answers there? `papilio cert show` has the fingerprints",
        ),
    }
}

fn over_tls(place: SocketAddr, name: &str, root: &X509) -> anyhow::Result<String> {
    load_providers()?;
    let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(root.clone())?;
    context.set_cert_store(store.build());
    context.set_verify(SslVerifyMode::PEER);
    let mut ssl = Ssl::new(&context.build())?;
    ssl.set_hostname(name)?;
    ssl.param_mut().set_host(name)?;
    let stream = TcpStream::connect_timeout(&place, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = ssl.connect(stream)?;
    stream.write_all(RST.as_bytes())?;
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

const EVERY_AGE: [Wanted; 7] = [
    Wanted {
        what: "SSLv2 hello",
        who: "clients with \"Use SSL 2.0\" switched on",
        format: Format::SslV2,
        version: 0x0301,
        cipher: 0x0005,
        signature: Some(Signature::Sha1),
    },
    Wanted {
        what: "SSLv3",
        who: "Windows 98 and 2000",
        format: Format::Records,
        version: 0x0300,
        cipher: 0x0005,
        signature: Some(Signature::Sha1),
    },
    Wanted {
        what: "TLS 1.0",
        who: "Windows XP",
        format: Format::Records,
        version: 0x0301,
        cipher: 0x0005,
        signature: Some(Signature::Sha1),
    },
    Wanted {
        what: "TLS 1.0",
        who: "Windows XP without RC4",
        format: Format::Records,
        version: 0x0301,
        cipher: 0x000a,
        signature: Some(Signature::Sha1),
    },
    Wanted {
        what: "TLS 1.0",
        who: "Windows Vista, and third-party clients of its time",
        format: Format::Records,
        version: 0x0301,
        cipher: 0x002f,
        signature: Some(Signature::Sha1),
    },
    Wanted {
        what: "TLS 1.2",
        who: "Windows 7 to 11",
        format: Format::Records,
        version: 0x0303,
        cipher: 0xc02f,
        signature: Some(Signature::Sha256),
    },
    Wanted {
        what: "TLS 1.3",
        who: "whatever is made today",
        format: Format::Records,
        version: 0x0304,
        cipher: 0x1301,
        signature: None,
    },
];
