//! `Content` of a Store: a mail of the client's making, of which only run, sequence and text count
//! (services-oim, 2).
//!
//! Read leniently: lines end with LF or CR LF, the names of headers have any case, base64 comes in
//! one line or many, with padding or without.

use bytes::Bytes;

use super::encoded_word::base64;
use crate::soap::guid::Guid;

/// What counts of a `Content`. `Debug` does not tell what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// `X-OIM-Run-Id`: the conversation that it belongs to.
    pub run: Guid,
    /// `X-OIM-Sequence-Num`: its place in that conversation, if the client says it here.
    pub sequence: Option<u32>,
    /// What it says: UTF-8.
    pub text: Bytes,
}

/// Why a `Content` is not taken: `InvalidContent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// No headers, one without a colon, or no empty line after them.
    #[error("no mail with headers and an empty line after them")]
    Headers,
    /// Something other than plain text.
    #[error("Content-Type is not text/plain")]
    Type,
    /// Another encoding than base64, or base64 that cannot be read.
    #[error("the text is not base64")]
    Base64,
    /// Base64 of something other than UTF-8.
    #[error("the text is not UTF-8")]
    Charset,
    /// Without `X-OIM-Run-Id`, or with one that is no GUID.
    #[error("X-OIM-Run-Id is no GUID")]
    Run,
    /// `X-OIM-Sequence-Num` is no number.
    #[error("X-OIM-Sequence-Num is no number")]
    Sequence,
}

impl Content {
    /// Reads the text of the element `Content`, white space and all.
    pub fn parse(content: &str) -> Result<Self, ContentError> {
        let (headers, body) = headers(content.trim_start()).ok_or(ContentError::Headers)?;
        let header = |name: &str| {
            let mut named = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.trim())
        };
        let content_type = header("Content-Type").unwrap_or("text/plain");
        let media = content_type.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("text/plain") {
            return Err(ContentError::Type);
        }
        let encoding = header("Content-Transfer-Encoding").unwrap_or("base64");
        if !encoding.eq_ignore_ascii_case("base64") {
            return Err(ContentError::Base64);
        }
        let run = header("X-OIM-Run-Id").and_then(Guid::parse);
        let sequence = header("X-OIM-Sequence-Num").map(str::parse).transpose();
        let text = base64(body).ok_or(ContentError::Base64)?;
        if std::str::from_utf8(&text).is_err() {
            return Err(ContentError::Charset);
        }
        Ok(Self {
            run: run.ok_or(ContentError::Run)?,
            sequence: sequence.map_err(|_| ContentError::Sequence)?,
            text: text.into(),
        })
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("text", &format_args!("{} bytes", self.text.len()))
            .finish_non_exhaustive()
    }
}

/// The headers, those that go over several lines in one, and what follows the empty line.
fn headers(mail: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut headers: Vec<(&str, String)> = Vec::new();
    let mut rest = mail;
    loop {
        let (line, after) = rest.split_once('\n')?;
        rest = after;
        if line.trim().is_empty() {
            return (!headers.is_empty()).then_some((headers, rest));
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut()?;
            value.push_str(line.trim_end());
        } else if headers.len() < MOST_HEADERS {
            let (name, value) = line.split_once(':')?;
            headers.push((name.trim(), value.trim().to_owned()));
        } else {
            return None;
        }
    }
}

/// Clients send about six.
const MOST_HEADERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMPOSED: &str = "MIME-Version: 1.0\n\
        Content-Type: text/plain; charset=UTF-8\n\
        Content-Transfer-Encoding: base64\n\
        X-OIM-Message-Type: OfflineMessage\n\
        X-OIM-Run-Id: {3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}\n\
        X-OIM-Sequence-Num: 1\n\
        \n\
        SGVsbG8=\n";

    #[test]
    fn every_form_of_the_same_content() {
        let run = Guid::from_u128(0x3a3b_e82c_684d_4f4f_8005_cbe8_d4f8_2bad);
        for content in [
            COMPOSED.to_owned(),
            COMPOSED.replace('\n', "\r\n"),
            format!("\n  {COMPOSED}\n\n"),
            COMPOSED.trim_end().to_owned(),
            COMPOSED.replace("SGVsbG8=", "SGVs\nbG8"),
            COMPOSED.replace("SGVsbG8=", "SGVsbG8"),
            COMPOSED.replace("X-OIM-Run-Id: {", "x-oim-run-ID:{"),
            COMPOSED.replace(['{', '}'], ""),
            COMPOSED.replace("Content-Type: text/plain; charset=UTF-8\n", ""),
            COMPOSED.replace("plain; charset", "plain;\n\tcharset"),
            COMPOSED.replace("base64", "Base64"),
        ] {
            let read = Content::parse(&content).unwrap();
            assert_eq!((read.run, read.sequence), (run, Some(1)), "{content}");
            assert_eq!(read.text, "Hello");
        }
        let unnumbered = COMPOSED.replace("X-OIM-Sequence-Num: 1\n", "");
        assert_eq!(Content::parse(&unnumbered).unwrap().sequence, None);
        let empty = COMPOSED.replace("SGVsbG8=\n", "");
        assert_eq!(Content::parse(&empty).unwrap().text, "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (content, error) in [
            ("".to_owned(), ContentError::Headers),
            ("SGVsbG8=".to_owned(), ContentError::Headers),
            (
                COMPOSED.replace("MIME-Version: 1.0", "MIME"),
                ContentError::Headers,
            ),
            (COMPOSED.replace("\n\n", "\n"), ContentError::Headers),
            (
                COMPOSED.replace("text/plain", "text/html"),
                ContentError::Type,
            ),
            (COMPOSED.replace(": base64", ": 8bit"), ContentError::Base64),
            (
                COMPOSED.replace("SGVsbG8=", "Hello, you!"),
                ContentError::Base64,
            ),
            (COMPOSED.replace("SGVsbG8=", "/w=="), ContentError::Charset),
            (COMPOSED.replace("3A3BE82C", "x"), ContentError::Run),
            (COMPOSED.replace("X-OIM-Run-Id", "X-Y"), ContentError::Run),
            (
                COMPOSED.replace("Num: 1", "Num: one"),
                ContentError::Sequence,
            ),
            (
                COMPOSED.replace("Num: 1", "Num: -1"),
                ContentError::Sequence,
            ),
        ] {
            assert_eq!(Content::parse(&content).unwrap_err(), error, "{content}");
        }
        let endless = format!("{}{COMPOSED}", "A: b\n".repeat(60));
        assert_eq!(Content::parse(&endless).unwrap_err(), ContentError::Headers);
    }

    #[test]
    fn what_is_said_is_not_shown() {
        let shown = format!("{:?}", Content::parse(COMPOSED).unwrap());
        assert_eq!(shown, "Content { text: 5 bytes, .. }");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(content in "([A-Z:=\\n\\r ]|X-OIM|\\PC){0,80}") {
            let _ = Content::parse(&content);
        }
    }
}
