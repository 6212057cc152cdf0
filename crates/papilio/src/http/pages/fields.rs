//! The fields of a form, as browsers send them: `application/x-www-form-urlencoded`, or
//! `multipart/form-data` when a file is among them (HTML, form submission; RFC 7578).

use percent_encoding::percent_decode;

/// Names and values, in the order in which they came. No text of theirs is for the log.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, Vec<u8>)>);

/// What was sent is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was sent is no form: {0}")]
pub(super) struct BadForm(&'static str);

impl BadForm {
    /// The browser stopped in the middle.
    pub(super) const BROKE_OFF: Self = Self("it broke off");
}

impl Fields {
    /// Reads the body of a form of this type.
    pub(super) fn read(kind: &str, body: &[u8]) -> Result<Self, BadForm> {
        let (media, parameters) = kind.split_once(';').unwrap_or((kind, ""));
        match media.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Self::urlencoded(body),
            "multipart/form-data" => Self::multipart(boundary(parameters)?, body),
            _ => Err(BadForm("it is of no type that forms have")),
        }
    }

    /// Reads `a=b&c=d`: a body, or the query of an address.
    pub(super) fn urlencoded(text: &[u8]) -> Result<Self, BadForm> {
        let mut fields = Vec::new();
        for field in text.split(|&b| b == b'&').filter(|field| !field.is_empty()) {
            let end = field.iter().position(|&b| b == b'=').unwrap_or(field.len());
            let value = field.get(end + 1..).unwrap_or_default();
            let name = String::from_utf8(decoded(&field[..end]));
            fields.push((name.map_err(|_| NOT_UTF8)?, decoded(value)));
            few_enough(&fields)?;
        }
        Ok(Self(fields))
    }

    fn multipart(boundary: &str, body: &[u8]) -> Result<Self, BadForm> {
        const BROKEN: BadForm = BadForm("its parts do not fit together");
        let first = format!("--{boundary}");
        let next = format!("\r\n--{boundary}");
        let start = find(body, first.as_bytes()).ok_or(BROKEN)?;
        let mut rest = &body[start + first.len()..];
        let mut fields = Vec::new();
        while !rest.starts_with(b"--") {
            rest = rest.strip_prefix(b"\r\n").ok_or(BROKEN)?;
            let head_end = find(rest, b"\r\n\r\n").ok_or(BROKEN)?;
            let head = std::str::from_utf8(&rest[..head_end]).map_err(|_| NOT_UTF8)?;
            let content = &rest[head_end + 4..];
            let end = find(content, next.as_bytes()).ok_or(BROKEN)?;
            fields.push((name_in(head).ok_or(BROKEN)?, content[..end].to_vec()));
            few_enough(&fields)?;
            rest = &content[end + next.len()..];
        }
        Ok(Self(fields))
    }

    /// The value of a field, as text; empty if there is none.
    pub(super) fn text(&self, name: &str) -> Result<&str, BadForm> {
        std::str::from_utf8(self.bytes(name)).map_err(|_| NOT_UTF8)
    }

    /// The value of a field; empty if there is none.
    pub(super) fn bytes(&self, name: &str) -> &[u8] {
        let found = self.0.iter().find(|(named, _)| named == name);
        found.map_or(&[], |(_, value)| value)
    }
}

fn few_enough(fields: &[(String, Vec<u8>)]) -> Result<(), BadForm> {
    if fields.len() > FIELDS {
        Err(BadForm("it has too many fields"))
    } else {
        Ok(())
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|&b| if b == b'+' { b' ' } else { b })
        .collect();
    percent_decode(&spaced).collect()
}

/// `boundary=x` or `boundary="x"` among the parameters of a type.
fn boundary(parameters: &str) -> Result<&str, BadForm> {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"'))
        .filter(|boundary| (1..=70).contains(&boundary.len()))
        .ok_or(BadForm("it does not say what is between its parts"))
}

/// The name of a part: `Content-Disposition: form-data; name="x"`.
fn name_in(head: &str) -> Option<String> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let (_, rest) = line.split_once(" name=\"")?;
    let (name, _) = rest.split_once('"')?;
    Some(name.to_owned())
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

const NOT_UTF8: BadForm = BadForm("its text is not UTF-8");

/// More fields no form of ours has.
const FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let fields = Fields::urlencoded(b"a=one+two%21&b=&c&%C3%A9=%c3%A9&a=second&").unwrap();
        for (name, value) in [
            ("a", "one two!"),
            ("b", ""),
            ("c", ""),
            ("é", "é"),
            ("d", ""),
        ] {
            assert_eq!(fields.text(name), Ok(value), "{name}");
        }
        assert_eq!(fields.0.len(), 5);
        let bytes = Fields::urlencoded(b"a=%ff").unwrap();
        assert_eq!(bytes.bytes("a"), [0xff]);
        assert_eq!(bytes.text("a"), Err(NOT_UTF8));
        assert!(Fields::urlencoded(b"%ff=a").is_err());
        assert!(Fields::urlencoded("a&".repeat(101).as_bytes()).is_err());
    }

    #[test]
    fn a_file_comes_in_parts() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\nword\r\n--XX\r\n\
            content-disposition: form-data; name=\"picture\"; filename=\"a\\\"; name=\\\"b.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n--X\r\n\r\n\r\n--XX--\r\n";
        let fields = Fields::read("Multipart/Form-Data; charset=x; boundary=\"XX\"", body).unwrap();
        assert_eq!(fields.text("form"), Ok("word"));
        assert_eq!(fields.bytes("picture"), b"\x89PNG\r\n--X\r\n\r\n");
        for end in [0, 3, 10, 60, body.len() - 8] {
            let broken = Fields::read("multipart/form-data; boundary=XX", &body[..end]);
            assert!(broken.is_err(), "{end}");
        }
        for kind in [
            "",
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            assert!(Fields::read(kind, body).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_breaks_it(body: Vec<u8>, parts in "(--X|\r\n| name=\"|\"|:|a|--)*") {
            let _ = Fields::urlencoded(&body);
            let _ = Fields::read("multipart/form-data; boundary=X", &body);
            let _ = Fields::read("multipart/form-data; boundary=X", parts.as_bytes());
        }
    }
}
