//! USR, CHL and QRY: proving who one is, and which client (wire-msnp13, 3 and 6).

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::error::ParseError;
use crate::proof::sso::Response;
use crate::proof::tweener::Presented;
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};

/// `USR` to a notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which step of which proof.
    pub step: UsrStep,
}

impl Usr {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        const EXPECTED: &str = "3, for TWN and SSO";
        let mut fields = Fields::new("USR", line);
        let trid = fields.trid()?;
        let package = fields.at_least_one(EXPECTED)?;
        let mut after_package = fields.clone();
        after_package.skip();
        let step = match (package, after_package.at_least_one("").unwrap_or_default()) {
            ("TWN", "I") => {
                let [_, _, handle] = fields.exactly(EXPECTED)?;
                UsrStep::TweenerStart {
                    handle: fields.param(handle, "handle")?,
                }
            }
            // A ticket may hold anything but a line end.
            ("TWN", "S") => match after_fields(line.text(), 4) {
                "" => {
                    fields.exactly::<3>(EXPECTED)?;
                    return Err(fields.malformed("ticket"));
                }
                ticket => UsrStep::TweenerTicket {
                    ticket: Presented::new(ticket).ok_or_else(|| fields.malformed("ticket"))?,
                },
            },
            ("SSO", "I") => {
                let [_, _, handle] = fields.exactly(EXPECTED)?;
                UsrStep::SingleSignOnStart {
                    handle: fields.param(handle, "handle")?,
                }
            }
            ("SSO", "S") => {
                let ([_, _, ticket], [response]) = fields.between("3 or 4, for SSO S")?;
                let response = fields.optional_param(response, "response")?;
                UsrStep::SingleSignOnTicket {
                    ticket: Presented::new(ticket).ok_or_else(|| fields.malformed("ticket"))?,
                    response: response.as_ref().map(Response::new),
                }
            }
            _ => UsrStep::Other {
                package: fields.param(package, "package")?,
                fields: after_package.params()?,
            },
        };
        Ok(Self { trid, step })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("USR", out).trid(self.trid);
        match &self.step {
            UsrStep::TweenerStart { handle } => writer.field("TWN").field("I").param(handle),
            UsrStep::TweenerTicket { ticket } => {
                writer.field("TWN").field("S").field(ticket.as_str())
            }
            UsrStep::SingleSignOnStart { handle } => writer.field("SSO").field("I").param(handle),
            UsrStep::SingleSignOnTicket { ticket, response } => {
                let writer = writer.field("SSO").field("S").field(ticket.as_str());
                match response {
                    Some(response) => writer.field(response.as_str()),
                    None => writer,
                }
            }
            UsrStep::Other { package, fields } => writer.param(package).params(fields),
        }
        .end();
    }
}

/// What follows the first `count` fields of a line, without the white space around it.
fn after_fields(line: &str, count: usize) -> &str {
    let skipped = (0..count).fold(line, |rest, _| {
        let rest = rest.trim_ascii_start();
        let end = rest.find(|c: char| c.is_ascii_whitespace());
        &rest[end.unwrap_or(rest.len())..]
    });
    skipped.trim_ascii()
}

/// A step of proving who one is.
#[derive(Clone, PartialEq, Eq)]
pub enum UsrStep {
    /// `TWN I handle`.
    TweenerStart {
        /// As typed; `USR OK` must echo it so.
        handle: Param,
    },
    /// `TWN S ticket`.
    TweenerTicket {
        /// The rest of the line.
        ticket: Presented,
    },
    /// `SSO I handle`.
    SingleSignOnStart {
        /// As typed; `USR OK` must echo it so.
        handle: Param,
    },
    /// `SSO S ticket {response}`.
    SingleSignOnTicket {
        /// Without blanks.
        ticket: Presented,
        /// What proves that the ticket's secret is known; patched clients leave it out.
        response: Option<Response>,
    },
    /// A package or a step of it that is not known here. `Debug` does not show the fields.
    Other {
        /// `MD5`, `SHA`, ...
        package: Param,
        /// Whatever follows; may hold secrets.
        fields: Vec<Param>,
    },
}

impl UsrStep {
    /// The name of the package.
    pub fn package(&self) -> &str {
        match self {
            Self::TweenerStart { .. } | Self::TweenerTicket { .. } => "TWN",
            Self::SingleSignOnStart { .. } | Self::SingleSignOnTicket { .. } => "SSO",
            Self::Other { package, .. } => package.as_str(),
        }
    }
}

impl fmt::Debug for UsrStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TweenerStart { handle } => f
                .debug_struct("TweenerStart")
                .field("handle", handle)
                .finish(),
            Self::TweenerTicket { .. } => f.debug_struct("TweenerTicket").finish_non_exhaustive(),
            Self::SingleSignOnStart { handle } => f
                .debug_struct("SingleSignOnStart")
                .field("handle", handle)
                .finish(),
            Self::SingleSignOnTicket { .. } => {
                f.debug_struct("SingleSignOnTicket").finish_non_exhaustive()
            }
            Self::Other { package, .. } => f
                .debug_struct("Other")
                .field("package", package)
                .finish_non_exhaustive(),
        }
    }
}

/// `USR` from a notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsrReply {
    /// `USR TrID TWN S parameters`.
    TweenerParameters {
        /// As in the request.
        trid: TrId,
        /// What the client hands to the sign-in service.
        parameters: Param,
    },
    /// `USR TrID SSO S policy nonce`.
    SingleSignOnNonce {
        /// As in the request.
        trid: TrId,
        /// With which policy the client asks for its ticket.
        policy: Param,
        /// For [`Nonce::parse`](crate::proof::sso::Nonce::parse).
        nonce: Param,
    },
    /// `USR TrID OK handle verified restricted`.
    Ok {
        /// As in the request.
        trid: TrId,
        /// As the client typed it.
        handle: Param,
        /// `0` makes the client say that the address is not verified.
        verified: bool,
        /// `1` makes the client sign out.
        restricted: bool,
    },
}

impl UsrReply {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("USR", line);
        let trid = fields.trid()?;
        let flag = |text, field| match text {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(fields.malformed(field)),
        };
        match fields.at_least_one("3 or 4")? {
            "OK" => {
                let [_, handle, verified, restricted] = fields.exactly("4")?;
                Ok(Self::Ok {
                    trid,
                    handle: fields.param(handle, "handle")?,
                    verified: flag(verified, "verified")?,
                    restricted: flag(restricted, "restricted")?,
                })
            }
            "TWN" => {
                let [_, stage, parameters] = fields.exactly("3")?;
                if stage != "S" {
                    return Err(fields.malformed("stage"));
                }
                Ok(Self::TweenerParameters {
                    trid,
                    parameters: fields.param(parameters, "parameters")?,
                })
            }
            "SSO" => {
                let [_, stage, policy, nonce] = fields.exactly("4")?;
                if stage != "S" {
                    return Err(fields.malformed("stage"));
                }
                Ok(Self::SingleSignOnNonce {
                    trid,
                    policy: fields.param(policy, "policy")?,
                    nonce: fields.param(nonce, "nonce")?,
                })
            }
            _ => Err(fields.malformed("package")),
        }
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("USR", out);
        match self {
            Self::TweenerParameters { trid, parameters } => {
                let writer = writer.trid(*trid).field("TWN").field("S");
                writer.param(parameters).end();
            }
            Self::SingleSignOnNonce {
                trid,
                policy,
                nonce,
            } => {
                let writer = writer.trid(*trid).field("SSO").field("S");
                writer.param(policy).param(nonce).end();
            }
            Self::Ok {
                trid,
                handle,
                verified,
                restricted,
            } => writer
                .trid(*trid)
                .field("OK")
                .param(handle)
                .number((*verified).into())
                .number((*restricted).into())
                .end(),
        }
    }
}

/// `CHL 0 challenge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chl {
    /// 20 decimal digits from this server.
    pub challenge: Param,
}

impl Chl {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CHL", line);
        fields.trid()?;
        let [challenge] = fields.exactly("1")?;
        Ok(Self {
            challenge: fields.param(challenge, "challenge")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CHL", out).trid(TrId::ASYNC);
        writer.param(&self.challenge).end();
    }
}

/// `QRY TrID product-id 32`, with the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qry {
    /// The client's transaction id.
    pub trid: TrId,
    /// As sent: this field is never percent-coded.
    pub product: Param,
    /// 32 hexadecimal digits, if the client is right.
    pub response: Bytes,
}

impl Qry {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("QRY", line);
        let trid = fields.trid()?;
        let [product] = fields.exactly("1")?;
        Ok(Self {
            trid,
            product: fields.param(product, "product id")?,
            response: fields.payload()?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("QRY", out).trid(self.trid);
        writer.param(&self.product).payload(&self.response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str) -> UsrStep {
        Usr::parse(&Line::new(text, None)).unwrap().step
    }

    #[test]
    fn a_ticket_is_the_rest_of_the_line() {
        for text in [
            "USR 7 TWN S t=abc&p=",
            "USR 7 TWN S t=abc&p=x y  z",
            "USR  7\tTWN  S   t=abc&amp;p= ",
            "USR 7 TWN S t%3Dabc%26p%3D",
        ] {
            let UsrStep::TweenerTicket { ticket } = step(text) else {
                panic!("{text}");
            };
            assert_eq!(ticket.ticket().unwrap().as_str(), "abc", "{text}");
        }
    }

    #[test]
    fn other_packages_are_told_apart() {
        for text in [
            "USR 8 MD5 I alice@example.com",
            "USR 8 SSO",
            "USR 8 SSO X y",
            "USR 8 MD5",
            "USR 8 TWN",
            "USR 8 TWN X y",
        ] {
            assert!(matches!(step(text), UsrStep::Other { .. }), "{text}");
        }
    }

    #[test]
    fn a_response_may_be_missing() {
        let responses = ["USR 4 SSO S t=abc&p= HAAAAA==", "USR 4 SSO S t=abc&p= "].map(|text| {
            let UsrStep::SingleSignOnTicket { ticket, response } = step(text) else {
                panic!("{text}");
            };
            assert_eq!(ticket.ticket().unwrap().as_str(), "abc");
            response.map(|response| response.as_str().to_owned())
        });
        assert_eq!(responses, [Some("HAAAAA==".to_owned()), None]);
        for text in [
            "USR 4 SSO S",
            "USR 4 SSO I",
            "USR 4 SSO I a b",
            "USR 4 SSO S a b c",
        ] {
            assert!(Usr::parse(&Line::new(text, None)).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        for text in [
            "USR 7 TWN S t=secret&p=",
            "USR 8 SSO S t=secret&p= secret",
            "USR 8 SHA A secret",
        ] {
            let shown = format!("{:?}", Usr::parse(&Line::new(text, None)).unwrap());
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn the_product_id_is_not_decoded() {
        let line = Line::new("QRY 13 PROD01065C%ZFN6F 32", Some(Bytes::new()));
        assert_eq!(
            Qry::parse(&line).unwrap().product.as_str(),
            "PROD01065C%ZFN6F"
        );
    }
}
