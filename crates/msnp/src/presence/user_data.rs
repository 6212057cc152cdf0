//! What `UUX` and `UBX` carry: personal message, current media, machine (wire-msnp13, UUX / UBX).

use bytes::Bytes;
use roxmltree::Node;

use crate::error::ParseError;
use crate::wire::xml;

/// The `<Data>` document, as text without markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserData {
    /// The personal message. May be empty.
    pub personal_message: String,
    /// What is playing: `\0Music\01\0{0} - {1}\0Title\0...`, `\0` being a backslash and a zero.
    pub current_media: String,
    /// As given: `{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}`, without braces, or empty; `None` when the
    /// element is not there.
    pub machine_guid: Option<String>,
}

impl UserData {
    /// Longest document in bytes, as read and as written back (wire-msnp13, 1.4: clients drop longer
    /// ones).
    pub const MAX_LEN: usize = 4000;

    /// Reads a document. Unknown children are ignored; a document with another root (the
    /// `<EndpointData>` of later versions) is `None`: it says nothing about these three. An empty
    /// payload is an empty document. What is not XML, or too long, is an error (715).
    pub fn parse(document: &[u8]) -> Result<Option<Self>, ParseError> {
        const REFUSED: ParseError = ParseError::Payload("UUX");
        if document.is_empty() {
            return Ok(Some(Self::default()));
        }
        if document.len() > Self::MAX_LEN {
            return Err(REFUSED);
        }
        let document = xml::open(document, MAX_NODES).ok_or(REFUSED)?;
        let root = document.root_element();
        if root.tag_name().name() != "Data" {
            return Ok(None);
        }
        let data = Self {
            personal_message: text_of(root, "PSM").unwrap_or_default(),
            current_media: text_of(root, "CurrentMedia").unwrap_or_default(),
            machine_guid: text_of(root, "MachineGuid").map(|guid| guid.trim().to_owned()),
        };
        // Escaping can make it longer than it came.
        if data.write().len() > Self::MAX_LEN {
            return Err(REFUSED);
        }
        Ok(Some(data))
    }

    /// Writes the document in the order of the original clients; only the five named entities.
    /// Control characters are left out.
    pub fn write(&self) -> Bytes {
        let mut out = String::with_capacity(192);
        out.push_str("<Data><PSM>");
        xml::escape_into(&self.personal_message, &mut out);
        out.push_str("</PSM><CurrentMedia>");
        xml::escape_into(&self.current_media, &mut out);
        out.push_str("</CurrentMedia>");
        if let Some(guid) = &self.machine_guid {
            out.push_str("<MachineGuid>");
            xml::escape_into(guid, &mut out);
            out.push_str("</MachineGuid>");
        }
        out.push_str("</Data>");
        out.into()
    }
}

/// More than any client sends, later versions included.
const MAX_NODES: u32 = 256;

/// The plain text of a child element, if there is one.
fn text_of(root: Node<'_, '_>, name: &str) -> Option<String> {
    let element = root
        .children()
        .find(|node| node.tag_name().name() == name)?;
    let texts = element.children().filter_map(|node| match node.is_text() {
        true => node.text(),
        false => None,
    });
    let plain = texts.flat_map(str::chars).filter(|&c| xml::is_plain(c));
    Some(plain.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(document: &str) -> UserData {
        UserData::parse(document.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn documents_of_the_transcripts_come_back_unchanged() {
        let documents = [
            (
                118,
                "<Data><PSM></PSM><CurrentMedia></CurrentMedia><MachineGuid>{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}</MachineGuid></Data>",
            ),
            (
                126,
                "<Data><PSM>at lunch</PSM><CurrentMedia></CurrentMedia><MachineGuid>{0061D708-CD9B-4D56-B64B-FFFAA92FF344}</MachineGuid></Data>",
            ),
            (
                129,
                "<Data><PSM>hello world</PSM><CurrentMedia></CurrentMedia><MachineGuid>{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}</MachineGuid></Data>",
            ),
            (
                190,
                "<Data><PSM>at lunch</PSM><CurrentMedia>\\0Music\\01\\0{0} - {1}\\0Song &amp; Dance\\0Some Band\\0An Album\\0\\0</CurrentMedia><MachineGuid>{0061D708-CD9B-4D56-B64B-FFFAA92FF344}</MachineGuid></Data>",
            ),
            (51, "<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>"),
        ];
        for (length, document) in documents {
            let written = read(document).write();
            assert_eq!(written, document);
            if length != 51 {
                assert_eq!(written.len(), length);
            }
        }
        assert_eq!(UserData::default().write(), documents[4].1);
        assert_eq!(
            read(documents[3].1).current_media,
            "\\0Music\\01\\0{0} - {1}\\0Song & Dance\\0Some Band\\0An Album\\0\\0"
        );
    }

    #[test]
    fn text_is_escaped_anew_by_named_entities() {
        let data = read("<Data><PSM>&#60;b&#62; &#x26; \"it's\"<![CDATA[ <>]]>&#10;</PSM></Data>");
        assert_eq!(data.personal_message, "<b> & \"it's\" <>");
        assert_eq!(
            data.write(),
            "<Data><PSM>&lt;b&gt; &amp; &quot;it&apos;s&quot; &lt;&gt;</PSM><CurrentMedia></CurrentMedia></Data>"
        );
    }

    #[test]
    fn unknown_children_and_roots_are_ignored() {
        let data = read("<Data><New a='1'><PSM>x</PSM></New><PSM>y<b>z</b></PSM></Data>");
        assert_eq!(data.personal_message, "y");
        assert_eq!(data.machine_guid, None);
        // What WLM 8.5 and later add (wire-versions, 4).
        let data = read(
            "<Data><PSM>x</PSM><CurrentMedia></CurrentMedia><MachineGuid>{1}</MachineGuid>\
             <SignatureSound></SignatureSound><DDP>a</DDP><Scene>b</Scene><ColorScheme>-1</ColorScheme></Data>",
        );
        assert_eq!(
            data.write(),
            "<Data><PSM>x</PSM><CurrentMedia></CurrentMedia><MachineGuid>{1}</MachineGuid></Data>"
        );
        assert_eq!(
            UserData::parse(b"<EndpointData><Capabilities>1:2</Capabilities></EndpointData>"),
            Ok(None)
        );
        assert_eq!(UserData::parse(b""), Ok(Some(UserData::default())));
    }

    #[test]
    fn an_empty_guid_is_not_an_absent_one() {
        let data = read("<Data><PSM/><CurrentMedia/><MachineGuid/></Data>");
        assert_eq!(data.machine_guid.as_deref(), Some(""));
        assert_eq!(
            data.write(),
            "<Data><PSM></PSM><CurrentMedia></CurrentMedia><MachineGuid></MachineGuid></Data>"
        );
        let data = read("<Data><PSM>gone fishing</PSM><CurrentMedia></CurrentMedia></Data>");
        assert_eq!(data.write().len(), 65);
    }

    #[test]
    fn what_is_not_xml_or_too_long_is_refused() {
        let long = |text: &str, count| format!("<Data><PSM>{}</PSM></Data>", text.repeat(count));
        assert!(UserData::parse(long("a", 3900).as_bytes()).is_ok());
        for document in [
            "<invalid>".to_owned(),
            "hello".to_owned(),
            " ".to_owned(),
            "<!DOCTYPE Data [<!ENTITY a \"b\">]><Data/>".to_owned(),
            long("a", 4000),
            long("'", 1000),
            long("<b/>", 300),
        ] {
            assert_eq!(
                UserData::parse(document.as_bytes()),
                Err(ParseError::Payload("UUX")),
                "{document}"
            );
        }
        assert!(UserData::parse(b"<Data>\xff</Data>").is_err());
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            personal_message in "\\PC{0,60}",
            current_media in "\\PC{0,60}",
            machine_guid in prop::option::of("(\\{[0-9A-F-]{36}\\})?"),
        ) {
            let mut data = UserData { personal_message, current_media, machine_guid };
            data.personal_message.retain(xml::is_plain);
            data.current_media.retain(xml::is_plain);
            prop_assert_eq!(UserData::parse(&data.write()), Ok(Some(data)));
        }

        #[test]
        fn nothing_makes_it_panic(document in "[<>/a-zA-Z&;\"'= ]{0,80}") {
            let _ = UserData::parse(document.as_bytes());
        }
    }
}
