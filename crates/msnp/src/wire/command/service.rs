//! Small services of the notification server: web addresses, invitations by mail, pages, finding
//! people (wire-msnp13, 5, "URL" and "SDC, SND, PGD, PAG, IPG, IMS, FND").

use bytes::Bytes;

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

/// `IMS TrID ON|OFF`: take calls or not (WebTV). The answer is `IMS TrID 0 ON|OFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ims {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whether the client takes calls.
    pub calls: Calls,
}

/// Whether a session is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// `ON`.
    On,
    /// `OFF`.
    Off,
}

/// `PAG TrID ...`: a page, up to MSNP8. 715 since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pag {
    /// The client's transaction id.
    pub trid: TrId,
    /// Unread.
    pub fields: Vec<Param>,
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

/// `FND TrID ...`: find people by name. 502 since 2003.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fnd {
    /// The client's transaction id.
    pub trid: TrId,
    /// Unread.
    pub fields: Vec<Param>,
}
