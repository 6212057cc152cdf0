//! Small services of the notification server: web addresses, invitations by mail, pages, finding
//! people (wire-msnp13, 5, "URL" and "SDC, SND, PGD, PAG, IPG, IMS, FND").

use bytes::{Bytes, BytesMut};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};

/// `URL TrID service {argument}`: where is the page of a service?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The client's transaction id.
    pub trid: TrId,
    /// `INBOX`, `COMPOSE`, `PERSON` ...
    pub service: Param,
    /// Whom to write to, which language.
    pub argument: Option<Param>,
}

impl Url {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("URL", line);
        let trid = fields.trid()?;
        let ([service], [argument]) = fields.between("1 or 2")?;
        Ok(Self {
            trid,
            service: fields.param(service, "service")?,
            argument: fields.optional_param(argument, "argument")?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("URL", out).trid(self.trid);
        let writer = writer.param(&self.service);
        writer.optional(self.argument.as_ref()).end();
    }
}

/// `URL TrID redirect login-url site-id`. Always three fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlReply {
    /// As in the request.
    pub trid: TrId,
    /// The page.
    pub redirect: Param,
    /// Where to sign in for it.
    pub login_url: Param,
    /// 2 for mail.
    pub site: Param,
}

impl UrlReply {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("URL", line);
        let trid = fields.trid()?;
        let [redirect, login_url, site] = fields.exactly("3")?;
        Ok(Self {
            trid,
            redirect: fields.param(redirect, "address")?,
            login_url: fields.param(login_url, "sign-in address")?,
            site: fields.param(site, "site id")?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("URL", out)
            .trid(self.trid)
            .param(&self.redirect)
            .param(&self.login_url)
            .param(&self.site)
            .end();
    }
}

/// `SDC TrID handle lcid library codebase X X friendly len`: invite somebody by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdc {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whom, as typed.
    pub handle: Param,
    /// The language, `0x0409`.
    pub locale: Param,
    /// `MSMSGS`.
    pub library: Param,
    /// `MSMSGS`.
    pub codebase: Param,
    /// `X X`: no known use.
    pub unused: [Param; 2],
    /// The sender's name.
    pub name: Param,
    /// What to write, as typed.
    pub text: Bytes,
}

impl Sdc {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("SDC", line);
        let trid = fields.trid()?;
        let [handle, locale, library, codebase, x, y, name] = fields.exactly("7")?;
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            locale: fields.param(locale, "locale")?,
            library: fields.param(library, "library")?,
            codebase: fields.param(codebase, "codebase")?,
            unused: [fields.param(x, "field")?, fields.param(y, "field")?],
            name: fields.param(name, "friendly name")?,
            text: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("SDC", out)
            .trid(self.trid)
            .param(&self.handle)
            .param(&self.locale)
            .param(&self.library)
            .param(&self.codebase)
            .params(&self.unused)
            .param(&self.name)
            .payload(&self.text);
    }
}

/// `SND TrID handle ...`: the older invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snd {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whom, as typed.
    pub handle: Param,
    /// Language, library and codebase, as far as given.
    pub rest: Vec<Param>,
}

impl Snd {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("SND", line);
        let trid = fields.trid()?;
        let handle = fields.at_least_one("1 or more")?;
        let handle = fields.param(handle, "handle")?;
        fields.skip();
        let rest = fields.params()?;
        Ok(Self { trid, handle, rest })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("SND", out).trid(self.trid);
        writer.param(&self.handle).params(&self.rest).end();
    }
}

/// `IMS TrID ON|OFF`: take calls or not (WebTV). The answer is `IMS TrID 0 ON|OFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ims {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whether the client takes calls.
    pub calls: Calls,
}

impl Ims {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("IMS", line);
        let trid = fields.trid()?;
        let [calls] = fields.exactly("1")?;
        let calls = Calls::parse(calls).ok_or_else(|| fields.malformed("mode"))?;
        Ok(Self { trid, calls })
    }

    pub(super) fn parse_reply(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("IMS", line);
        let trid = fields.trid()?;
        let [_zero, calls] = fields.exactly("2")?;
        let calls = Calls::parse(calls).ok_or_else(|| fields.malformed("mode"))?;
        Ok(Self { trid, calls })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("IMS", out).trid(self.trid);
        writer.field(self.calls.word()).end();
    }

    pub(super) fn write_reply(&self, out: &mut BytesMut) {
        let writer = Writer::new("IMS", out).trid(self.trid);
        writer.field("0").field(self.calls.word()).end();
    }
}

/// Whether a session is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// `ON`.
    On,
    /// `OFF`.
    Off,
}

impl Calls {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "ON" => Some(Self::On),
            "OFF" => Some(Self::Off),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
        }
    }
}

/// `PAG TrID ...`: a page, up to MSNP8. 715 since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pag {
    /// The client's transaction id.
    pub trid: TrId,
    /// Unread.
    pub fields: Vec<Param>,
}

impl Pag {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("PAG", line);
        let trid = fields.trid()?;
        let fields = fields.params()?;
        Ok(Self { trid, fields })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("PAG", out).trid(self.trid);
        writer.params(&self.fields).end();
    }
}

/// `PGD TrID recipient type len`: a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pgd {
    /// The client's transaction id.
    pub trid: TrId,
    /// A handle or `tel:+digits`.
    pub recipient: Param,
    /// 1 mobile, 2 MSN Direct.
    pub kind: Param,
    /// `<TEXT ...>`.
    pub document: Bytes,
}

impl Pgd {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("PGD", line);
        let trid = fields.trid()?;
        let [recipient, kind] = fields.exactly("2")?;
        Ok(Self {
            trid,
            recipient: fields.param(recipient, "recipient")?,
            kind: fields.param(kind, "type")?,
            document: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("PGD", out).trid(self.trid);
        let writer = writer.param(&self.recipient).param(&self.kind);
        writer.payload(&self.document);
    }
}

/// `FND TrID ...`: find people by name. 502 since 2003.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fnd {
    /// The client's transaction id.
    pub trid: TrId,
    /// Unread.
    pub fields: Vec<Param>,
}

impl Fnd {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("FND", line);
        let trid = fields.trid()?;
        let fields = fields.params()?;
        Ok(Self { trid, fields })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("FND", out).trid(self.trid);
        writer.params(&self.fields).end();
    }
}
