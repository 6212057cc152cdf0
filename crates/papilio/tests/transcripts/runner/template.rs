//! Templates: text of a transcript in which some bytes are not literal.
//!
//! Each is used in both directions: written, it gives the bytes to send; matched, it says whether
//! bytes that were received are the ones expected, and names parts of them.
//!
//! ```text
//!   $cookie                 a name: bound by the first match, the same bytes from then on
//!   {len}                   the length of the payload below, in bytes
//!   {announce 100}          100, although the payload below has another length
//!   {response $challenge}   the answer to a challenge, by the key of the product that QRY names
//!   {proof $nonce $secret}  the response to a nonce of USR SSO, by the secret of a ticket
//!   {client-ip}             where the client connects from, as the server sees it
//!   {client-port}           its port, with its two bytes swapped
//!   {hex 00 ff}             bytes that are no text
//!   {space}                 one blank, where it could not be seen
//!   {400 times ab}          ab, four hundred times
//!   $$                      a dollar sign
//! ```
//!
//! Every other brace is itself.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use msnp::proof::challenge::Product;
use msnp::proof::sso::Nonce;

/// What names stand for.
pub(crate) type Names = BTreeMap<String, Vec<u8>>;

/// One line, or one payload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Name(String),
    Length,
    /// A number that need not be the length.
    Announced(Vec<u8>),
    Response(String),
    Proof {
        nonce: String,
        secret: String,
    },
    ClientIp,
    ClientPort,
}

/// What is known around a template.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings<'a> {
    /// The payload that goes with a line.
    pub(crate) payload: &'a [u8],
    /// The product that answers a challenge.
    pub(crate) product: &'a str,
    /// `{client-ip}`.
    pub(crate) client_ip: &'a str,
    /// `{client-port}`.
    pub(crate) client_port: &'a str,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self::default();
        template.add_text(text)?;
        Ok(template)
    }

    /// Reads text and appends it.
    pub(crate) fn add_text(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(at) = rest.find(['$', '{']) {
            self.add_bytes(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            let taken = match special(rest)? {
                Some((pieces, length)) => {
                    for piece in pieces {
                        match piece {
                            Piece::Bytes(bytes) => self.add_bytes(&bytes),
                            piece => self.pieces.push(piece),
                        }
                    }
                    length
                }
                None => {
                    self.add_bytes(&rest.as_bytes()[..1]);
                    1
                }
            };
            rest = &rest[taken..];
        }
        self.add_bytes(rest.as_bytes());
        Ok(())
    }

    /// Appends literal bytes.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        match self.pieces.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Piece::Bytes(before)) => before.extend_from_slice(bytes),
            _ => self.pieces.push(Piece::Bytes(bytes.to_vec())),
        }
    }

    /// Every name that stands in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(&**name),
            _ => None,
        })
    }

    /// Whether the length of a line is given by its payload, or is meant to differ from it.
    pub(crate) fn has_free_length(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Length | Piece::Announced(_)))
    }

    /// The bytes, every name being known.
    pub(crate) fn write(&self, names: &Names, around: Surroundings<'_>) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece.known(names, around)? {
                Some(bytes) => out.extend(bytes),
                None => return Err(format!("{piece:?} is not known here")),
            }
        }
        Ok(out)
    }

    /// Whether these are the bytes. Binds names if they are, and none if they are not.
    pub(crate) fn matches(
        &self,
        actual: &[u8],
        names: &mut Names,
        around: Surroundings<'_>,
    ) -> Result<bool, String> {
        let mut bound = names.clone();
        let mut rest = actual;
        for (at, piece) in self.pieces.iter().enumerate() {
            if let Some(known) = piece.known(&bound, around)? {
                let Some(after) = rest.strip_prefix(&*known) else {
                    return Ok(false);
                };
                rest = after;
                continue;
            }
            let Piece::Name(name) = piece else {
                return Err(format!("{piece:?} is not known here"));
            };
            // A name goes as far as what follows it begins.
            let next = match self.pieces.get(at + 1) {
                Some(next) => next.known(&bound, around)?,
                None => None,
            };
            let end = match &next {
                Some(next) => rest.windows(next.len()).position(|window| window == next),
                None => Some(rest.len()),
            };
            let value = &rest[..end.unwrap_or(0)];
            if value.is_empty() || value.iter().any(u8::is_ascii_whitespace) {
                return Ok(false);
            }
            bound.insert(name.clone(), value.to_vec());
            rest = &rest[value.len()..];
        }
        if rest.is_empty() {
            *names = bound;
        }
        Ok(rest.is_empty())
    }

    /// For people: names that are known as what they stand for.
    pub(crate) fn show(&self, names: &Names, around: Surroundings<'_>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match (piece.known(names, around), piece) {
                (Ok(Some(bytes)), _) => out.push_str(&show(&bytes)),
                (_, Piece::Name(name)) => out.extend(["$", name]),
                (_, piece) => out.push_str(&format!("{piece:?}")),
            }
        }
        out
    }
}

/// Bytes for people.
pub(crate) fn show(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n\n   | "),
                c if c.is_control() => out.push_str(&format!("{{hex {:02x}}}", u32::from(c))),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("{{hex {byte:02x}}}"));
        }
    }
    out
}

impl Piece {
    /// The bytes, if they are known before a match.
    fn known(&self, names: &Names, around: Surroundings<'_>) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(match self {
            Self::Bytes(bytes) | Self::Announced(bytes) => bytes.clone(),
            Self::Name(name) => return Ok(names.get(name).cloned()),
            Self::Length => around.payload.len().to_string().into_bytes(),
            Self::ClientIp => around.client_ip.as_bytes().to_vec(),
            Self::ClientPort => around.client_port.as_bytes().to_vec(),
            Self::Proof { nonce, secret } => {
                let nonce = text_of(nonce, names)?;
                let nonce = Nonce::parse(nonce).ok_or(format!("{nonce:?} is no nonce"))?;
                let secret = BASE64.decode(text_of(secret, names)?).ok();
                let secret = secret.and_then(|secret| secret.try_into().ok());
                let secret = secret.ok_or("not a secret of 24 bytes")?;
                let response = nonce.response(&secret, *b"papilio!");
                response.as_str().into()
            }
            Self::Response(name) => {
                let challenge = text_of(name, names)?;
                let product = Product::find(around.product)
                    .ok_or(format!("{:?} is no product", around.product))?;
                product.response(challenge).into_bytes()
            }
        }))
    }
}

/// What a name stands for, which must be known.
fn text_of<'a>(name: &str, names: &'a Names) -> Result<&'a str, String> {
    let text = names.get(name).ok_or(format!("${name} is not known"))?;
    str::from_utf8(text).map_err(|error| error.to_string())
}

/// The special form that text begins with, and how long it is; `None`: it is literal.
fn special(text: &str) -> Result<Option<(Vec<Piece>, usize)>, String> {
    if text.starts_with("$$") {
        return Ok(Some((vec![Piece::Bytes(b"$".to_vec())], 2)));
    }
    if let Some(name) = text.strip_prefix('$').map(name_in) {
        let piece = Piece::Name(name.to_owned());
        return Ok((!name.is_empty()).then(|| (vec![piece], 1 + name.len())));
    }
    let Some((inside, _)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
        return Ok(None);
    };
    let piece = match inside.split_once(' ').unwrap_or((inside, "")) {
        ("len", "") => Piece::Length,
        ("announce", number) => Piece::Announced(number.into()),
        ("client-ip", "") => Piece::ClientIp,
        ("client-port", "") => Piece::ClientPort,
        ("space", "") => Piece::Bytes(b" ".to_vec()),
        ("hex", digits) => Piece::Bytes(unhex(digits)?),
        ("response", name) if name.starts_with('$') => Piece::Response(name[1..].to_owned()),
        ("proof", two) => match two.split_once(' ') {
            Some((nonce, secret)) if nonce.starts_with('$') && secret.starts_with('$') => {
                let [nonce, secret] = [nonce, secret].map(|name| name[1..].to_owned());
                Piece::Proof { nonce, secret }
            }
            _ => return Ok(None),
        },
        (count, rest) => {
            let repeated = rest.strip_prefix("times ");
            let (Ok(count), Some(text)) = (count.parse(), repeated) else {
                return Ok(None);
            };
            Piece::Bytes(text.repeat(count).into())
        }
    };
    Ok(Some((vec![piece], inside.len() + 2)))
}

fn name_in(text: &str) -> &str {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    match text.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => &text[..end],
        false => "",
    }
}

/// Reads hexadecimal digits, in pairs, with blanks anywhere between pairs.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs
        .collect::<Option<_>>()
        .ok_or(format!("not hexadecimal: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_bound_once() {
        let mut names = Names::new();
        let around = Surroundings::default();
        let line = template("XFR 3 SB $address CKI $cookie U messenger.msn.com");
        let mut matches = |line: &Template, text: &str| {
            let outcome = line.matches(text.as_bytes(), &mut names, around);
            outcome.unwrap()
        };
        assert!(!matches(&line, "XFR 3 SB a:1 CKI 1.2 U messenger.msn"));
        assert!(!matches(&line, "XFR 3 SB  CKI 1.2 U messenger.msn.com"));
        assert!(!matches(&line, "XFR 3 SB a b CKI 1.2 U messenger.msn.com"));
        assert!(matches(&line, "XFR 3 SB a:1 CKI 1.2 U messenger.msn.com"));
        assert!(!matches(&line, "XFR 3 SB a:1 CKI 1.3 U messenger.msn.com"));
        assert!(matches(&template("USR 1 a@b $cookie"), "USR 1 a@b 1.2"));
        assert_eq!(names["cookie"], b"1.2");
    }

    #[test]
    fn what_is_not_special_is_itself() {
        let text = "{44BFD5A4-7450} {0} - {1} PROD0113H11T8$X_ 100%{ $";
        let written = template(text).write(&Names::new(), Surroundings::default());
        assert_eq!(written.unwrap(), text.as_bytes());
    }

    #[test]
    fn special_forms() {
        let around = Surroundings {
            payload: b"12345",
            product: "PROD01065C%ZFN6F",
            client_ip: "192.0.2.10",
            client_port: "1863",
        };
        let names = Names::from([("c".to_owned(), b"15570131571988941333".to_vec())]);
        for (text, bytes) in [
            ("UUX 1 {len}", &b"UUX 1 5"[..]),
            ("{announce 7}", b"7"),
            ("{response $c}", b"47d2b1e24f85947bdd29b3bfe29f027b"),
            ("{client-ip}:{client-port}", b"192.0.2.10:1863"),
            ("a{hex 00 ff10}b{space}", b"a\x00\xff\x10b "),
            ("{3 times ab }.", b"ab ab ab ."),
            ("$$c $C", b"$c $C"),
        ] {
            assert_eq!(template(text).write(&names, around).unwrap(), bytes);
        }
        assert!(Template::parse("{hex 0}").is_err());
        assert!(
            template("$unknown")
                .write(&names, Surroundings::default())
                .is_err()
        );
    }
}
