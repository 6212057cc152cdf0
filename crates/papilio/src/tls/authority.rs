//! The certificate authority of a server: a root that people install on old machines, and the
//! certificates that it signs (services-other, 9).
//!
//! ```text
//!   root     RSA 2048, 20 years, SHA-1: Windows XP before its third service pack knows no other
//!     |- for who says which signatures are known    SHA-256, 397 days, as browsers want it
//!     '- for who says nothing, as Windows XP does   SHA-1
//! ```
//!
//! Both are for one key and for the same names. What old machines get holds since the year 2000, for
//! the clock of many of them has lost its battery.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use openssl::asn1::{Asn1Integer, Asn1Time, Asn1TimeRef};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder, X509Ref};

/// The root and its key.
pub struct Authority {
    /// The certificate, signed by itself.
    pub root: X509,
    /// The key. Whoever has it can be anybody for those who have installed the root.
    pub key: PKey<Private>,
}

/// What the root has signed for the server.
pub struct Leaves {
    /// The key of both.
    pub key: PKey<Private>,
    /// Signed with SHA-1, for those who say nothing of signatures.
    pub sha1: X509,
    /// Signed with SHA-256.
    pub sha256: X509,
}

impl Authority {
    /// Makes a root. Its name has a few random letters, so that two servers' roots can be told apart.
    pub fn make(now: Timestamp) -> Result<Self, ErrorStack> {
        let key = new_key()?;
        let mut letters = [0; 3];
        openssl::rand::rand_bytes(&mut letters)?;
        let [a, b, c] = letters;
        let name = name_of(&format!("Papilio root {a:02X}{b:02X}{c:02X}"))?;
        let mut builder = begun(&key, &name, &name)?;
        builder.set_not_before(&*Asn1Time::from_unix(LONG_AGO)?)?;
        builder.set_not_after(&*at(now + ROOT_LIFETIME)?)?;
        let constraints = BasicConstraints::new().critical().ca().pathlen(0).build()?;
        builder.append_extension(constraints)?;
        let usage = KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build()?;
        builder.append_extension(usage)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha1())?;
        let root = builder.build();
        Ok(Self { root, key })
    }

    /// Makes certificates for these names, hosts and addresses alike, with a new key.
    pub fn sign(&self, names: &[String], now: Timestamp) -> Result<Leaves, ErrorStack> {
        let key = new_key()?;
        let usual = at(now - SignedDuration::from_hours(24))?;
        let expiry = (now + LIFETIME).min(moment(self.root.not_after())?);
        let leaf = |not_before: &Asn1TimeRef, digest| {
            let name = name_of(COMMON_NAME)?;
            let mut builder = begun(&key, &name, self.root.subject_name())?;
            builder.set_not_before(not_before)?;
            builder.set_not_after(&*at(expiry)?)?;
            builder.append_extension(BasicConstraints::new().critical().build()?)?;
            let usage = KeyUsage::new()
                .critical()
                .digital_signature()
                .key_encipherment()
                .build()?;
            builder.append_extension(usage)?;
            builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
            let mut alternatives = SubjectAlternativeName::new();
            for name in names {
                match name.parse::<IpAddr>() {
                    Ok(_) => alternatives.ip(name),
                    Err(_) => alternatives.dns(name),
                };
            }
            let context = builder.x509v3_context(Some(&self.root), None);
            let alternatives = alternatives.build(&context)?;
            let subject = SubjectKeyIdentifier::new().build(&context)?;
            let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
            builder.append_extension(alternatives)?;
            builder.append_extension(subject)?;
            builder.append_extension(authority)?;
            builder.sign(&self.key, digest)?;
            Ok::<_, ErrorStack>(builder.build())
        };
        let sha1 = leaf(&*Asn1Time::from_unix(LONG_AGO)?, MessageDigest::sha1())?;
        let sha256 = leaf(&usual, MessageDigest::sha256())?;
        Ok(Leaves { key, sha1, sha256 })
    }
}

impl Leaves {
    /// Whether it is time for new ones: a third of their time is left, or they hold only from tomorrow,
    /// for somebody's clock was wrong.
    pub fn are_due(&self, now: Timestamp) -> Result<bool, ErrorStack> {
        let begin = moment(self.sha256.not_before())?;
        Ok(now < begin || now > renewal_of(&self.sha256)?)
    }

    /// Whether they hold for all of these names, and for no others.
    pub fn are_for(&self, names: &[String]) -> bool {
        [&self.sha1, &self.sha256].into_iter().all(|leaf| {
            let mut has = names_of(leaf);
            let mut wanted: Vec<String> = names.to_vec();
            has.sort_unstable();
            wanted.sort_unstable();
            has == wanted
        })
    }
}

/// When a certificate is made anew: a third of its time is left.
pub fn renewal_of(certificate: &X509Ref) -> Result<Timestamp, ErrorStack> {
    let begin = moment(certificate.not_before())?;
    let end = moment(certificate.not_after())?;
    Ok(end - begin.duration_until(end) / 3)
}

/// The names that a certificate holds for.
pub fn names_of(certificate: &X509Ref) -> Vec<String> {
    let names = certificate.subject_alt_names();
    let names = names.iter().flatten().filter_map(|name| {
        let host = name.dnsname().map(str::to_owned);
        host.or_else(|| address(name.ipaddress()?).map(|ip| ip.to_string()))
    });
    names.collect()
}

/// Whether a certificate is signed with SHA-1.
pub fn is_signed_with_sha1(certificate: &X509Ref) -> bool {
    certificate.signature_algorithm().object().nid() == Nid::SHA1WITHRSAENCRYPTION
}

/// A time of a certificate.
pub fn moment(time: &Asn1TimeRef) -> Result<Timestamp, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since.days) * 24 * 3600 + i64::from(since.secs);
    // Certificates know no years with five digits.
    Ok(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(KEY_BITS)?)
}

fn name_of(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Papilio")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn begun(
    key: &PKey<Private>,
    subject: &openssl::x509::X509NameRef,
    issuer: &openssl::x509::X509NameRef,
) -> Result<X509Builder, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::ONE, false)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

fn at(moment: Timestamp) -> Result<Asn1Time, ErrorStack> {
    Asn1Time::from_unix(moment.as_second())
}

/// Old clients that look at nothing but this look for it.
const COMMON_NAME: &str = "login.live.com";

const KEY_BITS: u32 = 2048;

const ROOT_LIFETIME: SignedDuration = SignedDuration::from_hours(20 * 365 * 24);

/// With the day before, a little less than the 398 days that browsers allow.
const LIFETIME: SignedDuration = SignedDuration::from_hours(396 * 24);

/// The first day of the year 2000.
const LONG_AGO: i64 = 946_684_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        [
            "login.live.com",
            "*.storage.msn.com",
            "192.0.2.7",
            "2001:db8::7",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn a_root_signs_two_certificates_for_every_name() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let authority = Authority::make(now).unwrap();
        let leaves = authority.sign(&names(), now).unwrap();
        assert!(leaves.are_for(&names()));
        assert!(!leaves.are_for(&names()[1..]));
        let text = |x509: &X509| String::from_utf8(x509.to_text().unwrap()).unwrap();
        for (certificate, is_sha1, begin, end) in [
            (
                &authority.root,
                true,
                "2000-01-01T00:00:00Z",
                "2046-11-18T12:00:00Z",
            ),
            (
                &leaves.sha1,
                true,
                "2000-01-01T00:00:00Z",
                "2027-12-24T12:00:00Z",
            ),
            (
                &leaves.sha256,
                false,
                "2026-11-22T12:00:00Z",
                "2027-12-24T12:00:00Z",
            ),
        ] {
            assert!(certificate.verify(&authority.key).unwrap());
            assert_eq!(is_signed_with_sha1(certificate), is_sha1);
            assert_eq!(moment(certificate.not_before()).unwrap().to_string(), begin);
            assert_eq!(moment(certificate.not_after()).unwrap().to_string(), end);
            assert_eq!(certificate.public_key().unwrap().bits(), 2048);
        }
        assert_ne!(text(&leaves.sha1), text(&leaves.sha256));
        assert!(text(&authority.root).contains("CA:TRUE, pathlen:0"));
        assert!(text(&authority.root).contains("Certificate Sign, CRL Sign"));
        assert!(text(&leaves.sha256).contains("CA:FALSE"));
        assert!(text(&leaves.sha256).contains("TLS Web Server Authentication"));
        assert!(text(&leaves.sha256).contains("IP Address:192.0.2.7"));
    }

    #[test]
    fn certificates_are_due_when_a_third_is_left() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let leaves = Authority::make(now).unwrap().sign(&names(), now).unwrap();
        assert!(!leaves.are_due(now).unwrap());
        assert!(!leaves.are_due(days(263)).unwrap());
        assert!(leaves.are_due(days(264)).unwrap());
        assert!(leaves.are_due(days(1000)).unwrap());
        assert!(leaves.are_due(days(-2)).unwrap());
    }
}
