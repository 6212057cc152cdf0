//! The sign-in service: a password goes in, tickets come out.
//!
//! services-auth, sections 3 to 6 (RST1, "RequestMultipleSecurityTokens"); RULINGS, token ids.
//!
//! ```text
//!   read: bytes -> Request { username, password, tokens }
//!                  each token says what it wants: TokenRequest::wanted
//!   (somebody else checks the password, makes tickets, ciphers and secrets)
//!   write: (TokenRequest, Grant)... -> answer     or     Fault
//! ```

use std::fmt;
use std::net::IpAddr;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::handle::Handle;
use crate::soap::envelope::{Element, EnvelopeError, Limits, written};
use crate::soap::time::UtcSecond;

/// What a client asks of the sign-in service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// As it was written, without the white space around it. Not yet known to be a handle.
    pub username: String,
    /// As it was written.
    pub password: Password,
    /// The tokens asked for, in the order asked; never empty.
    pub tokens: Vec<TokenRequest>,
}

/// A password as a client sent it. Shows itself only to [`Password::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// One token that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The N of `Id="RSTN"`; the position in the request where the Id has another form.
    pub number: usize,
    /// For whom the token is.
    pub target: Target,
    /// The URI of the policy, such as `MBI` or `?id=507`.
    pub policy: Option<String>,
}

/// For whom a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `wsa:Address`: a host name, or [`LOGIN_CIPHER`].
    Address(String),
    /// `wsa:ServiceName` (certificates of sharing folders).
    ServiceName(String),
}

/// What is to be granted for a token; see [`Grant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The login cipher of [`LOGIN_CIPHER`] with its secret.
    Cipher,
    /// A ticket.
    Ticket,
    /// A ticket with a secret, with which the client will prove that the ticket is its own.
    TicketWithSecret,
    /// Something that this service does not have: a certificate.
    Nothing,
}

/// What is granted for a token.
#[derive(Clone, PartialEq, Eq)]
pub enum Grant {
    /// For [`Wanted::Cipher`].
    Cipher {
        /// Bytes that mean nothing to the client.
        cipher: Vec<u8>,
        /// The secret that goes with them.
        secret: [u8; 24],
    },
    /// For [`Wanted::Ticket`] and [`Wanted::TicketWithSecret`].
    Ticket {
        /// `t=...&p=...`, at most [`TICKET_MAX`] characters.
        text: String,
        /// The secret, if one is wanted.
        secret: Option<[u8; 24]>,
    },
    /// Refused, alone among its neighbours.
    Refused,
}

/// The account that the tokens are for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Its address.
    pub handle: &'a Handle,
    /// Its name, as people read it.
    pub name: &'a str,
    /// Its Passport id. Its halves are `MemberIdHigh` and `MemberIdLow` of the profile message.
    pub puid: u64,
    /// Its contact id, the bits of it: the address book writes the same as a signed number.
    pub cid: u64,
    /// From where it asks.
    pub peer: IpAddr,
}

/// From when and until when tokens hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Now.
    pub created: UtcSecond,
    /// When they end.
    pub expires: UtcSecond,
}

/// Why there is nothing to answer but a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not XML that can be read: [`Fault::InvalidRequest`].
    #[error(transparent)]
    Malformed(#[from] EnvelopeError),
    /// Not a request for tokens: [`Fault::InvalidRequest`].
    #[error("no {0}, or a malformed one")]
    Missing(&'static str),
    /// A renewal with an earlier login cipher instead of a password, which is not offered
    /// (services-auth, 4.4): [`Fault::FailedAuthentication`].
    #[error("a renewal of tokens, which is not offered")]
    Renewal,
}

/// The whole request is refused. Sent with status 200 (RULINGS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Unknown account, wrong password, disabled, throttled: they all look the same.
    FailedAuthentication,
    /// The request cannot be read.
    InvalidRequest,
}

/// The address for which clients ask the login cipher, always first.
pub const LOGIN_CIPHER: &str = "http://Passport.NET/tb";

/// The longest ticket in characters that every client can hold (services-auth, 8).
pub const TICKET_MAX: usize = 1000;

impl Request {
    /// Reads a request by meaning: any prefix, any order of what is not ordered, white space around
    /// values, namespaces that are slightly wrong.
    pub fn read(document: &[u8], limits: &Limits) -> Result<Self, RequestError> {
        let envelope = Element::parse(document, limits)?;
        let body = Some(&envelope)
            .filter(|envelope| envelope.name() == "Envelope")
            .and_then(|envelope| envelope.child("Body"))
            .ok_or(RequestError::Missing("Body"))?;
        let tokens = read_tokens(body)?;
        let security = envelope
            .descend(&["Header", "Security"])
            .ok_or(RequestError::Missing("Security"))?;
        let Some(credentials) = security.child("UsernameToken") else {
            return Err(match security.child("EncryptedData") {
                Some(_) => RequestError::Renewal,
                None => RequestError::Missing("UsernameToken"),
            });
        };
        let password = credentials
            .child("Password")
            .ok_or(RequestError::Missing("Password"))?;
        Ok(Self {
            username: credentials
                .child("Username")
                .ok_or(RequestError::Missing("Username"))?
                .text()
                .to_owned(),
            password: Password(without_layout(password.verbatim()).to_owned()),
            tokens,
        })
    }
}

impl Password {
    /// A password to send.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password, to be checked and forgotten.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl TokenRequest {
    /// What this token wants (services-auth, 3.1). An address that nobody knows gets a ticket.
    pub fn wanted(&self) -> Wanted {
        match (&self.target, self.policy.as_deref()) {
            (Target::Address(address), _) if is_login_cipher(address) => Wanted::Cipher,
            (Target::ServiceName(_), _) | (_, Some("MBI_X509_CID")) => Wanted::Nothing,
            (Target::Address(_), Some("MBI_KEY" | "MBI_KEY_OLD")) => Wanted::TicketWithSecret,
            (Target::Address(_), _) => Wanted::Ticket,
        }
    }

    /// Whether the policy is the challenge of `USR TWN S` sent back, which the historic service
    /// answered with a token of its older kind (RULINGS, token ids). `?id=507` alone, and the
    /// policies that Messenger brings along for other services, are not.
    fn is_challenge(&self) -> bool {
        const ONLY_IN_CHALLENGES: [&str; 5] = ["ct", "kpp", "ru", "rver", "tpf"];
        let query = self
            .policy
            .as_deref()
            .and_then(|policy| policy.strip_prefix('?'));
        query.is_some_and(|query| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .any(|(key, _)| ONLY_IN_CHALLENGES.contains(&key))
        })
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cipher { .. } => "Cipher(..)",
            Self::Ticket { .. } => "Ticket(..)",
            Self::Refused => "Refused",
        })
    }
}

/// Writes the answer: one item for each token asked, in the order asked, but the login cipher
/// always first.
pub fn answer(
    holder: &Holder<'_>,
    lifetime: Lifetime,
    granted: &[(TokenRequest, Grant)],
) -> String {
    written(&Answer {
        holder,
        puid: holder.puid(),
        cid: holder.cid(),
        lifetime,
        items: items(granted),
    })
}

/// What was granted, in the order of the answer.
pub(super) fn items(granted: &[(TokenRequest, Grant)]) -> Vec<Item<'_>> {
    let mut items: Vec<_> = granted
        .iter()
        .map(|(request, grant)| Item { request, grant })
        .collect();
    items.sort_by_key(|item| !matches!(item.grant, Grant::Cipher { .. }));
    items
}

impl Holder<'_> {
    pub(super) fn puid(&self) -> String {
        format!("{:016X}", self.puid)
    }

    pub(super) fn cid(&self) -> String {
        format!("{:016x}", self.cid)
    }
}

impl Fault {
    /// Writes the fault: directly under the envelope, without a body (services-auth, 6).
    pub fn write(self, now: UtcSecond) -> String {
        let (code, text, status) = match self {
            Self::FailedAuthentication => (
                "wsse:FailedAuthentication",
                "Authentication Failure",
                "0x80048823",
            ),
            Self::InvalidRequest => ("S:Client", "Invalid Request", "0x80048820"),
        };
        written(&FaultDocument {
            code,
            text,
            status,
            now,
        })
    }
}

#[derive(Template)]
#[template(path = "soap/rst_answer.xml")]
struct Answer<'a> {
    holder: &'a Holder<'a>,
    puid: String,
    cid: String,
    lifetime: Lifetime,
    items: Vec<Item<'a>>,
}

/// One token of an answer.
pub(super) struct Item<'a> {
    pub(super) request: &'a TokenRequest,
    pub(super) grant: &'a Grant,
}

impl Item<'_> {
    /// What stands before the number in the token's Id, its type, and the type of its key
    /// (services-auth, 4.2 and 4.3).
    pub(super) fn naming(&self) -> Naming {
        if self.request.is_challenge() {
            Naming {
                prefix: "PPToken",
                token_type: "urn:passport:legacy",
                key_type: "urn:passport",
            }
        } else {
            Naming {
                prefix: "Compact",
                token_type: "urn:passport:compact",
                key_type: "urn:passport:compact",
            }
        }
    }
}

pub(super) struct Naming {
    pub(super) prefix: &'static str,
    pub(super) token_type: &'static str,
    key_type: &'static str,
}

#[derive(Template)]
#[template(path = "soap/rst_fault.xml")]
struct FaultDocument {
    code: &'static str,
    text: &'static str,
    status: &'static str,
    now: UtcSecond,
}

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn read_tokens(body: &Element) -> Result<Vec<TokenRequest>, RequestError> {
    let collection = body.child("RequestMultipleSecurityTokens").unwrap_or(body);
    let tokens = collection
        .children_named("RequestSecurityToken")
        .enumerate()
        .map(|(position, element)| read_token(position, element))
        .collect::<Result<Vec<_>, _>>()?;
    match tokens.len() {
        0 => Err(RequestError::Missing("RequestSecurityToken")),
        1..=MAX_TOKENS => Ok(tokens),
        _ => Err(EnvelopeError::Limit("tokens").into()),
    }
}

fn read_token(position: usize, element: &Element) -> Result<TokenRequest, RequestError> {
    let number = element.attribute("Id").and_then(|id| {
        let digits = id.strip_prefix("RST").filter(|digits| digits.len() <= 3)?;
        digits.parse().ok()
    });
    let value = |name| {
        let text = element
            .descend(&["AppliesTo", "EndpointReference"])?
            .text_of(name);
        (1..=MAX_TARGET)
            .contains(&text.len())
            .then(|| text.to_owned())
    };
    let target = value("Address")
        .map(Target::Address)
        .or_else(|| value("ServiceName").map(Target::ServiceName))
        .ok_or(RequestError::Missing("Address"))?;
    let policy = element
        .child("PolicyReference")
        .and_then(|policy| policy.attribute("URI"))
        .map(str::to_owned);
    Ok(TokenRequest {
        number: number.unwrap_or(position),
        target,
        policy,
    })
}

/// A password may begin or end with a blank, so only white space that has a line break in it is
/// taken for the layout of the document.
fn without_layout(text: &str) -> &str {
    let is_layout = |space: &str| space.contains(['\n', '\r']);
    let start = text.trim_start();
    let text = if is_layout(&text[..text.len() - start.len()]) {
        start
    } else {
        text
    };
    let end = text.trim_end();
    if is_layout(&text[end.len()..]) {
        end
    } else {
        text
    }
}

fn is_login_cipher(address: &str) -> bool {
    address.eq_ignore_ascii_case(LOGIN_CIPHER)
}

/// Real requests ask for up to 20.
const MAX_TOKENS: usize = 64;

/// The longest address in bytes: that of a host name.
const MAX_TARGET: usize = 255;
