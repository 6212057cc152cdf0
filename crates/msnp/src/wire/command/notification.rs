//! What goes between a client and a dispatch or notification server (wire-msnp13, 3 to 7).

use bytes::BytesMut;

use super::field::{Writer, bare, trid_and};
use super::{federation, notice, policy, presence, roster, service, session, switchboard};
use crate::error::ParseError;
use crate::wire::line::Line;
use crate::wire::param::TrId;
use crate::wire::version::Dialect;

/// What a client sends to a dispatch or notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationRequest {
    /// `VER`.
    Ver(session::Ver),
    /// `CVR`.
    Cvr(session::Cvr),
    /// `CVQ`.
    Cvq(session::Cvq),
    /// `USR`.
    Usr(session::Usr),
    /// `XFR`.
    Xfr(session::Xfr),
    /// `GCF`.
    Gcf(policy::GcfRequest),
    /// `PNG`: no TrID.
    Png,
    /// `OUT`: no TrID.
    Out,
    /// `QRY`.
    Qry(session::Qry),
    /// `BLP`.
    Blp(presence::Blp),
    /// `CHG`.
    Chg(presence::Chg),
    /// `PRP`.
    Prp(presence::Prp),
    /// `UUX`.
    Uux(presence::Uux),
    /// `ADL`.
    Adl(roster::ListCommand),
    /// `RML`.
    Rml(roster::ListCommand),
    /// `FQY`.
    Fqy(roster::ListCommand),
    /// `UUN`.
    Uun(notice::Uun),
    /// `UUM`.
    Uum(federation::Uum),
    /// `URL`.
    Url(service::Url),
    /// `SDC`.
    Sdc(service::Sdc),
    /// `SND`.
    Snd(service::Snd),
    /// `IMS`.
    Ims(service::Ims),
    /// `PAG`.
    Pag(service::Pag),
    /// `PGD`.
    Pgd(service::Pgd),
    /// `FND`.
    Fnd(service::Fnd),
}

impl NotificationRequest {
    /// Reads what a client wrote.
    pub fn parse(line: &Line, _dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        Ok(match line.verb() {
            "VER" => Self::Ver(session::Ver::parse(line)?),
            "CVR" => Self::Cvr(session::Cvr::parse(line)?),
            "CVQ" => Self::Cvq(session::Cvq::parse(line)?),
            "USR" => Self::Usr(session::Usr::parse(line)?),
            "XFR" => Self::Xfr(session::Xfr::parse(line)?),
            "GCF" => Self::Gcf(policy::GcfRequest::parse(line)?),
            "PNG" => bare("PNG", line, Self::Png)?,
            "OUT" => bare("OUT", line, Self::Out)?,
            "QRY" => Self::Qry(session::Qry::parse(line)?),
            "BLP" => Self::Blp(presence::Blp::parse(line)?),
            "CHG" => Self::Chg(presence::Chg::parse(line)?),
            "PRP" => Self::Prp(presence::Prp::parse(line)?),
            "UUX" => Self::Uux(presence::Uux::parse(line)?),
            "ADL" => Self::Adl(roster::ListCommand::parse("ADL", line)?),
            "RML" => Self::Rml(roster::ListCommand::parse("RML", line)?),
            "FQY" => Self::Fqy(roster::ListCommand::parse("FQY", line)?),
            "UUN" => Self::Uun(notice::Uun::parse(line)?),
            "UUM" => Self::Uum(federation::Uum::parse(line)?),
            "URL" => Self::Url(service::Url::parse(line)?),
            "SDC" => Self::Sdc(service::Sdc::parse(line)?),
            "SND" => Self::Snd(service::Snd::parse(line)?),
            "IMS" => Self::Ims(service::Ims::parse(line)?),
            "PAG" => Self::Pag(service::Pag::parse(line)?),
            "PGD" => Self::Pgd(service::Pgd::parse(line)?),
            "FND" => Self::Fnd(service::Fnd::parse(line)?),
            verb => return Err(ParseError::UnknownVerb(verb.to_owned())),
        })
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, _dialect: Option<&Dialect>, out: &mut BytesMut) {
        match self {
            Self::Ver(command) => command.write(out),
            Self::Cvr(command) => command.write(out),
            Self::Cvq(command) => command.write(out),
            Self::Usr(command) => command.write(out),
            Self::Xfr(command) => command.write(out),
            Self::Gcf(command) => command.write(out),
            Self::Png => Writer::new("PNG", out).end(),
            Self::Out => Writer::new("OUT", out).end(),
            Self::Qry(command) => command.write(out),
            Self::Blp(command) => command.write(out),
            Self::Chg(command) => command.write(out),
            Self::Prp(command) => command.write(out),
            Self::Uux(command) => command.write(out),
            Self::Adl(command) => command.write("ADL", out),
            Self::Rml(command) => command.write("RML", out),
            Self::Fqy(command) => command.write("FQY", out),
            Self::Uun(command) => command.write(out),
            Self::Uum(command) => command.write(out),
            Self::Url(command) => command.write(out),
            Self::Sdc(command) => command.write(out),
            Self::Snd(command) => command.write(out),
            Self::Ims(command) => command.write(out),
            Self::Pag(command) => command.write(out),
            Self::Pgd(command) => command.write(out),
            Self::Fnd(command) => command.write(out),
        }
    }
}

/// What a dispatch or notification server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationReply {
    /// `VER`.
    Ver(session::VerReply),
    /// `CVR`.
    Cvr(session::CvrReply),
    /// `CVQ`.
    Cvq(session::CvrReply),
    /// `USR`.
    Usr(session::UsrReply),
    /// `XFR TrID NS`.
    Referral(session::Referral),
    /// `XFR TrID SB`.
    SwitchboardReferral(switchboard::SwitchboardReferral),
    /// `GCF`.
    Gcf(policy::Gcf),
    /// `SBS 0 null`, after `USR OK`; no known meaning.
    Sbs,
    /// `QNG`.
    Qng(session::Qng),
    /// `OUT`.
    Out(session::Out),
    /// `CHL 0`.
    Chl(session::Chl),
    /// `QRY TrID`: the response was right.
    QryOk(TrId),
    /// `BLP`.
    Blp(presence::Blp),
    /// `CHG`.
    Chg(presence::Chg),
    /// `PRP`.
    Prp(presence::Prp),
    /// `UUX TrID 0`.
    UuxOk(TrId),
    /// `ILN`.
    Iln(presence::Iln),
    /// `NLN`.
    Nln(presence::Nln),
    /// `FLN`.
    Fln(presence::Fln),
    /// `UBX`.
    Ubx(presence::Ubx),
    /// `ADL TrID OK`: applied.
    AdlOk(TrId),
    /// `RML TrID OK`: applied.
    RmlOk(TrId),
    /// `ADL 0`: somebody added the account.
    AdlPush(roster::ListPush),
    /// `RML 0`: somebody removed the account.
    RmlPush(roster::ListPush),
    /// `FQY`.
    Fqy(roster::ListCommand),
    /// `RNG`.
    Rng(switchboard::Rng),
    /// `MSG Hotmail Hotmail`.
    Msg(notice::ServerMessage),
    /// `NOT`.
    Not(notice::Not),
    /// `UUN TrID OK`.
    UunOk(TrId),
    /// `UBN`.
    Ubn(notice::Ubn),
    /// `UBM`.
    Ubm(federation::Ubm),
    /// `IPG`.
    Ipg(notice::Ipg),
    /// `URL`.
    Url(service::UrlReply),
    /// `SDC TrID OK`.
    SdcOk(TrId),
    /// `SND TrID OK`.
    SndOk(TrId),
    /// `IMS TrID 0 ON|OFF`.
    Ims(service::Ims),
    /// `NNN TrID`.
    Failure(session::Failure),
}

impl NotificationReply {
    /// Reads what a server wrote.
    pub fn parse(line: &Line, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        if line.error_number().is_some() {
            return session::Failure::parse(line).map(Self::Failure);
        }
        Ok(match line.verb() {
            "VER" => Self::Ver(session::VerReply::parse(line)?),
            "CVR" => Self::Cvr(session::CvrReply::parse("CVR", line)?),
            "CVQ" => Self::Cvq(session::CvrReply::parse("CVQ", line)?),
            "USR" => Self::Usr(session::UsrReply::parse(line)?),
            "XFR" => match line.args().nth(1) {
                Some("SB") => {
                    Self::SwitchboardReferral(switchboard::SwitchboardReferral::parse(line)?)
                }
                Some("NS") | None => Self::Referral(session::Referral::parse(line)?),
                Some(_) => {
                    return Err(ParseError::Field {
                        verb: "XFR",
                        field: "server",
                    });
                }
            },
            "GCF" => Self::Gcf(policy::Gcf::parse(line)?),
            "SBS" => {
                trid_and("SBS", line, None)?;
                Self::Sbs
            }
            "QNG" => Self::Qng(session::Qng::parse(line)?),
            "OUT" => Self::Out(session::Out::parse(line)?),
            "CHL" => Self::Chl(session::Chl::parse(line)?),
            "QRY" => Self::QryOk(trid_and("QRY", line, None)?),
            "BLP" => Self::Blp(presence::Blp::parse(line)?),
            "CHG" => Self::Chg(presence::Chg::parse(line)?),
            "PRP" => Self::Prp(presence::Prp::parse(line)?),
            "UUX" => Self::UuxOk(trid_and("UUX", line, None)?),
            "ILN" => Self::Iln(presence::Iln::parse(line, dialect)?),
            "NLN" => Self::Nln(presence::Nln::parse(line, dialect)?),
            "FLN" => Self::Fln(presence::Fln::parse(line, dialect)?),
            "UBX" => Self::Ubx(presence::Ubx::parse(line, dialect)?),
            "ADL" if line.payload.is_some() => Self::AdlPush(roster::ListPush::parse("ADL", line)?),
            "RML" if line.payload.is_some() => Self::RmlPush(roster::ListPush::parse("RML", line)?),
            "ADL" => Self::AdlOk(trid_and("ADL", line, Some("OK"))?),
            "RML" => Self::RmlOk(trid_and("RML", line, Some("OK"))?),
            "FQY" => Self::Fqy(roster::ListCommand::parse("FQY", line)?),
            "RNG" => Self::Rng(switchboard::Rng::parse(line)?),
            "MSG" => Self::Msg(notice::ServerMessage::parse(line)?),
            "NOT" => Self::Not(notice::Not::parse(line)?),
            "UUN" => Self::UunOk(trid_and("UUN", line, Some("OK"))?),
            "UBN" => Self::Ubn(notice::Ubn::parse(line)?),
            "UBM" => Self::Ubm(federation::Ubm::parse(line)?),
            "IPG" => Self::Ipg(notice::Ipg::parse(line)?),
            "URL" => Self::Url(service::UrlReply::parse(line)?),
            "SDC" => Self::SdcOk(trid_and("SDC", line, Some("OK"))?),
            "SND" => Self::SndOk(trid_and("SND", line, Some("OK"))?),
            "IMS" => Self::Ims(service::Ims::parse_reply(line)?),
            verb => return Err(ParseError::UnknownVerb(verb.to_owned())),
        })
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let answer = |verb, trid: TrId, out| Writer::new(verb, out).trid(trid);
        match self {
            Self::Ver(command) => command.write(out),
            Self::Cvr(command) => command.write("CVR", out),
            Self::Cvq(command) => command.write("CVQ", out),
            Self::Usr(command) => command.write(out),
            Self::Referral(command) => command.write(dialect, out),
            Self::SwitchboardReferral(command) => command.write(dialect, out),
            Self::Gcf(command) => command.write(out),
            Self::Sbs => answer("SBS", TrId::ASYNC, out).field("null").end(),
            Self::Qng(command) => command.write(out),
            Self::Out(command) => command.write(out),
            Self::Chl(command) => command.write(out),
            Self::QryOk(trid) => answer("QRY", *trid, out).end(),
            Self::Blp(command) => command.write(out),
            Self::Chg(command) => command.write(out),
            Self::Prp(command) => command.write(out),
            Self::UuxOk(trid) => answer("UUX", *trid, out).field("0").end(),
            Self::Iln(command) => command.write(dialect, out),
            Self::Nln(command) => command.write(dialect, out),
            Self::Fln(command) => command.write(dialect, out),
            Self::Ubx(command) => command.write(dialect, out),
            Self::AdlOk(trid) => answer("ADL", *trid, out).field("OK").end(),
            Self::RmlOk(trid) => answer("RML", *trid, out).field("OK").end(),
            Self::AdlPush(command) => command.write("ADL", out),
            Self::RmlPush(command) => command.write("RML", out),
            Self::Fqy(command) => command.write("FQY", out),
            Self::Rng(command) => command.write(dialect, out),
            Self::Msg(command) => command.write(out),
            Self::Not(command) => command.write(out),
            Self::UunOk(trid) => answer("UUN", *trid, out).field("OK").end(),
            Self::Ubn(command) => command.write(out),
            Self::Ubm(command) => command.write(out),
            Self::Ipg(command) => command.write(out),
            Self::Url(command) => command.write(out),
            Self::SdcOk(trid) => answer("SDC", *trid, out).field("OK").end(),
            Self::SndOk(trid) => answer("SND", *trid, out).field("OK").end(),
            Self::Ims(command) => command.write_reply(out),
            Self::Failure(command) => command.write(out),
        }
    }
}
