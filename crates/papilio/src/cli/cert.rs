//! `papilio cert`: the server's own certificate authority, for its operator (services-other, 9 and 10).
//!
//! ```text
//!   init     makes what is missing; with --renew a new server certificate
//!   show     fingerprints, names, dates
//!   export   the root, to install on old machines; never its key
//! ```

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use openssl::hash::MessageDigest;
use openssl::x509::{X509, X509Ref};

use super::usage;
use crate::config::Config;
use crate::tls::{
    Folder, Opened, Renewal, TlsError, certificate_names, moment, names_of, renewal_of,
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the root and the server's certificates, unless they are there; `serve` does so by itself
    Init {
        /// Make new server certificates, with a new key; the root stays. A running server takes them at
        /// SIGHUP, or within an hour
        #[arg(long)]
        renew: bool,
    },
    /// Show the certificates: fingerprints, names, dates
    Show,
    /// Write the root, for people to install on old machines; its key stays here
    Export {
        /// In which form [default: by the ending of FILE, else PEM]
        #[arg(long, value_enum)]
        format: Option<Format>,
        /// Where to [default: standard output]
        file: Option<PathBuf>,
    },
}

/// How a certificate is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// In letters: for third-party clients and Linux
    Pem,
    /// In bytes, .crt and .cer: for Windows
    Der,
    /// As a bag of certificates, .p7b: for Windows, too
    P7b,
}

pub(super) fn run(command: &Command, config: &Config) -> anyhow::Result<()> {
    let folder = Folder::of(config);
    match command {
        Command::Init { renew } => init(&folder, config, *renew),
        Command::Show => show(&folder),
        Command::Export { format, file } => export(&root(&folder)?, *format, file.as_deref()),
    }
}

fn init(folder: &Folder, config: &Config, renew: bool) -> anyhow::Result<()> {
    let mut names = certificate_names(config);
    let renewal = if renew {
        Renewal::Always
    } else {
        Renewal::WhenMissing
    };
    // What `serve --advertise` has added, which the file does not know.
    if let Some(leaves) = folder
        .root()?
        .map(|root| folder.leaves(&root))
        .transpose()?
        .flatten()
    {
        let others = names_of(&leaves.sha256);
        names.extend(
            others
                .into_iter()
                .filter(|name| !names.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    let Opened {
        root,
        leaves,
        made_root,
        made_leaves,
    } = folder.open(&names, renewal, Timestamp::now())?;
    let what = |is_new: bool| if is_new { "made" } else { "there already" };
    say(format_args!(
        "{}: {}\nserver certificate, until {}: {}\nin {}",
        name_of(&root),
        what(made_root),
        day(moment(leaves.sha256.not_after())?),
        what(made_leaves),
        folder.path().display()
    ))
}

fn show(folder: &Folder) -> anyhow::Result<()> {
    let root = root(folder)?;
    let mut text = format!(
        "{}, which old machines must trust (papilio cert export)\n{}",
        name_of(&root),
        described(&root)?
    );
    match folder.leaves(&root)? {
        Some(leaves) => {
            let renewal = day(renewal_of(&leaves.sha256)?);
            text += &format!(
                "\nServer certificate, signed with SHA-256; made anew from {renewal} on\n{}\
                 \nServer certificate, signed with SHA-1, for Windows XP and others that know no other\n{}\
                 \nNames in both\n  {}\n",
                described(&leaves.sha256)?,
                described(&leaves.sha1)?,
                names_of(&leaves.sha256).join("\n  "),
            );
        }
        None => text += "\nNo server certificate: `papilio cert init` makes it\n",
    }
    for path in folder.readable_keys() {
        text += &format!("\nOthers can read {}: chmod 600\n", path.display());
    }
    say(format_args!("{}", text.trim_end()))
}

fn described(certificate: &X509Ref) -> anyhow::Result<String> {
    Ok(format!(
        "  valid    {} to {}\n  SHA-1    {}\n  SHA-256  {}\n",
        day(moment(certificate.not_before())?),
        day(moment(certificate.not_after())?),
        fingerprint(certificate, MessageDigest::sha1())?,
        fingerprint(certificate, MessageDigest::sha256())?,
    ))
}

fn export(root: &X509, format: Option<Format>, file: Option<&Path>) -> anyhow::Result<()> {
    let format = match (format, file) {
        (Some(format), _) => format,
        (None, Some(file)) => by_ending(file),
        (None, None) => Format::Pem,
    };
    let content = match format {
        Format::Pem => root.to_pem()?,
        Format::Der => root.to_der()?,
        Format::P7b => bag(&root.to_der()?),
    };
    if let Some(file) = file {
        return std::fs::write(file, content)
            .with_context(|| format!("cannot write {}", file.display()));
    }
    if format != Format::Pem && io::stdout().is_terminal() {
        return Err(usage("this form is none for a terminal: name a FILE"));
    }
    Ok(io::stdout().write_all(&content)?)
}

fn by_ending(file: &Path) -> Format {
    let ending = file.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("crt" | "cer" | "der") => Format::Der,
        Some("p7b" | "p7c") => Format::P7b,
        _ => Format::Pem,
    }
}

fn root(folder: &Folder) -> anyhow::Result<X509> {
    let root = folder.root()?;
    root.with_context(|| {
        format!(
            "there is no root in {}: `papilio cert init` makes one",
            folder.path().display()
        )
    })
}

/// PKCS #7, signed by nobody: what is left is a list of certificates.
fn bag(certificate: &[u8]) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;
    const FIRST: u8 = 0xa0;
    let data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let signed_data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let version = [2, 1, 1];
    let signed = [
        &version[..],
        &der(SET, &[]),
        &der(SEQUENCE, &data),
        &der(FIRST, certificate),
        &der(SET, &[]),
    ];
    let signed = der(FIRST, &der(SEQUENCE, &signed.concat()));
    der(SEQUENCE, &[&signed_data[..], &signed].concat())
}

fn der(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![kind];
    match content.len() {
        short @ ..0x80 => value.push(short.to_le_bytes()[0]),
        long => {
            let digits = long.to_be_bytes();
            let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
            let digits = &digits[zeros..];
            value.push(0x80 | digits.len().to_le_bytes()[0]);
            value.extend(digits);
        }
    }
    value.extend(content);
    value
}

/// As Windows and browsers show it.
fn fingerprint(certificate: &X509Ref, digest: MessageDigest) -> Result<String, TlsError> {
    let bytes = certificate.digest(digest)?;
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

fn name_of(certificate: &X509Ref) -> String {
    let names = certificate.subject_name();
    let name = names.entries_by_nid(openssl::nid::Nid::COMMONNAME).next();
    let name = name.and_then(|name| name.data().to_string().ok());
    name.unwrap_or_else(|| "The root".to_owned())
}

fn day(moment: Timestamp) -> impl std::fmt::Display {
    moment.strftime("%Y-%m-%d")
}

fn say(text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

#[cfg(test)]
mod tests {
    use openssl::pkcs7::Pkcs7;

    use super::*;
    use crate::tls::Authority;

    #[test]
    fn a_bag_has_the_certificate_in_it() {
        let root = Authority::make(Timestamp::now()).unwrap().root;
        let bag = Pkcs7::from_der(&bag(&root.to_der().unwrap())).unwrap();
        let inside: Vec<_> = bag
            .signed()
            .unwrap()
            .certificates()
            .unwrap()
            .iter()
            .map(|x509| x509.to_der().unwrap())
            .collect();
        assert_eq!(inside, [root.to_der().unwrap()]);
    }

    #[test]
    fn the_ending_tells_the_form() {
        for (file, format) in [
            ("root.CRT", Format::Der),
            ("a/root.cer", Format::Der),
            ("root.p7b", Format::P7b),
            ("root.pem", Format::Pem),
            ("root", Format::Pem),
        ] {
            assert_eq!(by_ending(Path::new(file)), format);
        }
    }
}
