//! What the notification server tells unasked: its own messages, changes of the address book, data
//! of other clients, pages (wire-msnp13, 3 "MSG Hotmail", 4 "NOT", 5 "UUN / UBN" and "IPG").

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::handle::Handle;
use crate::message::MemberId;
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::xml;

/// `MSG Hotmail Hotmail len`: a message of the server itself. `Debug` tells the size only, since
/// the profile holds a ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// For [`Message`](crate::message::Message).
    pub message: Bytes,
}

impl ServerMessage {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("MSG", line);
        let [_hotmail, _also] = fields.exactly("2")?;
        let message = fields.payload()?;
        Ok(Self { message })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("MSG", out).field("Hotmail").field("Hotmail");
        writer.payload(&self.message);
    }
}

/// `NOT len`: a notification document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Not {
    /// The document; see [`AddressBookChanged`].
    pub document: Bytes,
}

impl Not {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("NOT", line);
        let [] = fields.exactly("0")?;
        let document = fields.payload()?;
        Ok(Self { document })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("NOT", out).payload(&self.document);
    }
}

/// The notification that the account's address book changed: fetch it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressBookChanged {
    /// The PUID of the one who is told.
    pub member: MemberId,
    /// The handle of the one who is told.
    pub handle: Handle,
    /// The CID of the one who is told; clients ignore others.
    pub cid: i64,
    /// When, as `2024-11-29T16:41:26.0000000-08:00`.
    pub modified: String,
}

impl AddressBookChanged {
    /// The document for [`Not`].
    pub fn write(&self) -> Bytes {
        let data = format!(
            "<NotificationData xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <Service>ABCHInternal</Service><CID>{}</CID>\
             <LastModifiedDate>{}</LastModifiedDate><HasNewItem>false</HasNewItem>\
             </NotificationData>",
            self.cid,
            xml::escape(&self.modified),
        );
        let document = format!(
            "<NOTIFICATION id=\"2\" siteid=\"45705\" siteurl=\"http://contacts.msn.com/\">\
             <TO pid=\"0x{:08x}:0x{:08x}\" name=\"{}\"><VIA agent=\"messenger\"/></TO>\
             <MSG id=\"0\"><ACTION url=\"a.htm\" /><SUBSCR url=\"s.htm\" />\
             <BODY>{}</BODY></MSG></NOTIFICATION>",
            self.member.low,
            self.member.high,
            xml::escape(self.handle.as_str()),
            xml::escape(&data),
        );
        document.into()
    }
}

/// `UUN TrID handle type len`: data for another client, past any switchboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uun {
    /// The client's transaction id.
    pub trid: TrId,
    /// For whom, as typed.
    pub handle: Param,
    /// What kind of data.
    pub kind: u32,
    /// Relayed byte for byte.
    pub data: Bytes,
}

impl Uun {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("UUN", line);
        let trid = fields.trid()?;
        let [handle, kind] = fields.exactly("2")?;
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            kind: fields.number(kind, "type")?,
            data: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("UUN", out).trid(self.trid);
        let writer = writer.param(&self.handle).number(self.kind);
        writer.payload(&self.data);
    }
}

/// `UBN handle type len`: data from another client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubn {
    /// From whom.
    pub sender: Handle,
    /// What kind of data.
    pub kind: u32,
    /// The bytes of the sender.
    pub data: Bytes,
}

impl Ubn {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("UBN", line);
        let [sender, kind] = fields.exactly("2")?;
        Ok(Self {
            sender: fields.handle(sender)?,
            kind: fields.number(kind, "type")?,
            data: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("UBN", out).field(self.sender.as_str());
        writer.number(self.kind).payload(&self.data);
    }
}

/// `IPG len`: a page from a telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipg {
    /// `<NOTIFICATION ...>`.
    pub document: Bytes,
}

impl Ipg {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("IPG", line);
        let [] = fields.exactly("0")?;
        let document = fields.payload()?;
        Ok(Self { document })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("IPG", out).payload(&self.document);
    }
}

impl fmt::Debug for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerMessage")
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notification_of_the_transcripts() {
        let notification = AddressBookChanged {
            member: MemberId { high: 1, low: 3 },
            handle: Handle::parse("carol@example.com").unwrap(),
            cid: 4_294_967_299,
            modified: "2024-11-29T16:41:26.0000000-08:00".to_owned(),
        };
        let written = notification.write();
        assert_eq!(written.len(), 615);
        assert_eq!(
            written,
            r#"<NOTIFICATION id="2" siteid="45705" siteurl="http://contacts.msn.com/"><TO pid="0x00000003:0x00000001" name="carol@example.com"><VIA agent="messenger"/></TO><MSG id="0"><ACTION url="a.htm" /><SUBSCR url="s.htm" /><BODY>&lt;NotificationData xmlns:xsd=&quot;http://www.w3.org/2001/XMLSchema&quot; xmlns:xsi=&quot;http://www.w3.org/2001/XMLSchema-instance&quot;&gt;&lt;Service&gt;ABCHInternal&lt;/Service&gt;&lt;CID&gt;4294967299&lt;/CID&gt;&lt;LastModifiedDate&gt;2024-11-29T16:41:26.0000000-08:00&lt;/LastModifiedDate&gt;&lt;HasNewItem&gt;false&lt;/HasNewItem&gt;&lt;/NotificationData&gt;</BODY></MSG></NOTIFICATION>"#
        );
        let negative = AddressBookChanged {
            member: MemberId {
                high: 0xffff_ffff,
                low: 0xab,
            },
            cid: -5,
            ..notification
        };
        let written = String::from_utf8(negative.write().to_vec()).unwrap();
        assert!(
            written.contains("pid=\"0x000000ab:0xffffffff\""),
            "{written}"
        );
        assert!(written.contains("&lt;CID&gt;-5&lt;/CID&gt;"), "{written}");
    }

    #[test]
    fn what_the_server_says_is_not_shown() {
        let message = Bytes::from_static(b"MSPAuth: secret");
        let shown = format!("{:?}", ServerMessage { message });
        assert!(!shown.contains("secret"), "{shown}");
    }
}
