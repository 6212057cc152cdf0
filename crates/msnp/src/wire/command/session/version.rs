//! VER, CVR, CVQ: what the client is and what it speaks (wire-msnp13, 3).

use bytes::BytesMut;

use crate::error::ParseError;
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::Version;

/// `VER TrID dialect {dialect ...}`: what the client can speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ver {
    /// The client's transaction id.
    pub trid: TrId,
    /// The names, `CVR0` and unknown ones among them. At least one.
    pub offered: Vec<Param>,
}

impl Ver {
    /// The versions among the names.
    pub fn versions(&self) -> Vec<Version> {
        let names = self.offered.iter();
        names
            .filter_map(|name| Version::parse(name.as_str()))
            .collect()
    }

    /// Whether the client would be content with asking for new client versions (`CVR0`).
    pub fn offers_cvr0(&self) -> bool {
        self.offered.iter().any(|name| name.as_str() == "CVR0")
    }

    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("VER", line);
        let trid = fields.trid()?;
        fields.at_least_one("1 or more")?;
        let offered = fields.params()?;
        Ok(Self { trid, offered })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("VER", out).trid(self.trid);
        writer.params(&self.offered).end();
    }
}

/// `VER TrID chosen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerReply {
    /// As in the request.
    pub trid: TrId,
    /// What both speak from now on.
    pub chosen: Chosen,
}

impl VerReply {
    /// Other servers may name several; the first counts.
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("VER", line);
        let trid = fields.trid()?;
        let chosen = match fields.at_least_one("1 or more")? {
            "0" => Chosen::Nothing,
            "CVR0" => Chosen::Cvr0,
            name => Version::parse(name)
                .map(Chosen::Version)
                .ok_or_else(|| fields.malformed("version"))?,
        };
        Ok(Self { trid, chosen })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("VER", out).trid(self.trid);
        match self.chosen {
            Chosen::Version(version) => writer.field(&version.to_string()).end(),
            Chosen::Cvr0 => writer.field("CVR0").end(),
            Chosen::Nothing => writer.field("0").end(),
        }
    }
}

/// The outcome of `VER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// This version.
    Version(Version),
    /// `CVR0`: only `CVQ` and `CVR`.
    Cvr0,
    /// `0`: nothing in common; the server closes.
    Nothing,
}

/// What a client says about itself in `CVR` and `CVQ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// A Windows language id, `0x0409`.
    pub locale: Param,
    /// `winnt`.
    pub os: Param,
    /// `5.1`.
    pub os_version: Param,
    /// `i386`.
    pub architecture: Param,
    /// `MSNMSGR`.
    pub name: Param,
    /// `8.0.0787`.
    pub version: Param,
    /// `msmsgs`.
    pub brand: Param,
}

impl Software {
    fn read(fields: &Fields<'_>, texts: [&str; 7]) -> Result<Self, ParseError> {
        let [locale, os, os_version, architecture, name, version, brand] = texts;
        Ok(Self {
            locale: fields.param(locale, "locale")?,
            os: fields.param(os, "os")?,
            os_version: fields.param(os_version, "os version")?,
            architecture: fields.param(architecture, "architecture")?,
            name: fields.param(name, "client")?,
            version: fields.param(version, "client version")?,
            brand: fields.param(brand, "brand")?,
        })
    }

    fn fields(&self) -> [&Param; 7] {
        [
            &self.locale,
            &self.os,
            &self.os_version,
            &self.architecture,
            &self.name,
            &self.version,
            &self.brand,
        ]
    }
}

/// `CVR TrID locale os version architecture name version brand handle`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cvr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which client it is.
    pub software: Software,
    /// Who is about to sign in, as typed.
    pub handle: Param,
}

impl Cvr {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CVR", line);
        let trid = fields.trid()?;
        let [software @ .., handle] = fields.exactly::<8>("8")?;
        Ok(Self {
            trid,
            software: Software::read(&fields, software)?,
            handle: fields.param(handle, "handle")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CVR", out).trid(self.trid);
        let writer = self
            .software
            .fields()
            .into_iter()
            .fold(writer, Writer::param);
        writer.param(&self.handle).end();
    }
}

/// `CVQ`: the same question without signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cvq {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which client it is.
    pub software: Software,
    /// As typed, if at all.
    pub handle: Option<Param>,
}

impl Cvq {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CVQ", line);
        let trid = fields.trid()?;
        let (software, [handle]) = fields.between("7 or 8")?;
        Ok(Self {
            trid,
            software: Software::read(&fields, software)?,
            handle: fields.optional_param(handle, "handle")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CVQ", out).trid(self.trid);
        let writer = self
            .software
            .fields()
            .into_iter()
            .fold(writer, Writer::param);
        writer.optional(self.handle.as_ref()).end();
    }
}

/// `CVR` and `CVQ`: which versions of the client there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CvrReply {
    /// As in the request.
    pub trid: TrId,
    /// If newer than the client, it offers an update.
    pub recommended: Param,
    /// The same again.
    pub recommended_too: Param,
    /// If newer than the client, it refuses to sign in.
    pub minimum: Param,
    /// Where the installer is.
    pub download_url: Param,
    /// A page about it.
    pub info_url: Param,
}

impl CvrReply {
    pub(in crate::wire::command) fn parse(
        verb: &'static str,
        line: &Line,
    ) -> Result<Self, ParseError> {
        let mut fields = Fields::new(verb, line);
        let trid = fields.trid()?;
        let [
            recommended,
            recommended_too,
            minimum,
            download_url,
            info_url,
        ] = fields.exactly("5")?;
        Ok(Self {
            trid,
            recommended: fields.param(recommended, "recommended version")?,
            recommended_too: fields.param(recommended_too, "recommended version")?,
            minimum: fields.param(minimum, "minimum version")?,
            download_url: fields.param(download_url, "download address")?,
            info_url: fields.param(info_url, "information address")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, verb: &str, out: &mut BytesMut) {
        Writer::new(verb, out)
            .trid(self.trid)
            .param(&self.recommended)
            .param(&self.recommended_too)
            .param(&self.minimum)
            .param(&self.download_url)
            .param(&self.info_url)
            .end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_passed_over() {
        let ver = Ver::parse(&Line::new(
            "VER 1 MSNP99 MSNP14 MSNP13 SOMETHING CVR0",
            None,
        ))
        .unwrap();
        let versions: Vec<_> = ver.versions().iter().map(Version::to_string).collect();
        assert_eq!(versions, ["MSNP14", "MSNP13"]);
        assert!(ver.offers_cvr0());
        let ver = Ver::parse(&Line::new("VER 1 MSNP1 SOMETHING", None)).unwrap();
        assert!(ver.versions().is_empty() && !ver.offers_cvr0());
    }

    #[test]
    fn a_client_says_what_it_is() {
        let line = Line::new(
            "CVR 2 0x0409 winnt 5.1 i386 MSG80BETA 8.0.0566 msmsgs Example@hotmail.com",
            None,
        );
        let cvr = Cvr::parse(&line).unwrap();
        assert_eq!(cvr.software.name.as_str(), "MSG80BETA");
        assert_eq!(cvr.software.version.as_str(), "8.0.0566");
        assert_eq!(cvr.handle.as_str(), "Example@hotmail.com", "as typed");
    }

    #[test]
    fn a_server_may_name_several() {
        let reply = VerReply::parse(&Line::new("VER 1 MSNP13 CVR0", None)).unwrap();
        assert_eq!(reply.chosen, Chosen::Version(Version::MSNP13));
    }
}
