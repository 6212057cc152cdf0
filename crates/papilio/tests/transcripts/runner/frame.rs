//! Cuts what a server sent into commands, knowing nothing of the server's own code.

/// One command as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its line, without CRLF.
    pub(crate) line: Vec<u8>,
    /// Its payload; empty if it has none.
    pub(crate) payload: Vec<u8>,
}

/// Takes the first whole command off the front of what was received.
pub(crate) fn next_frame(received: &mut Vec<u8>) -> Option<Frame> {
    let end = received.windows(2).position(|window| window == b"\r\n")?;
    let line = received[..end].to_vec();
    let length = payload_length(&String::from_utf8_lossy(&line));
    let whole = end + 2 + length;
    if received.len() < whole {
        return None;
    }
    let payload = received[end + 2..whole].to_vec();
    received.drain(..whole);
    Some(Frame { line, payload })
}

/// wire-msnp13, 1.2 and 1.5.
fn payload_length(line: &str) -> usize {
    let fields: Vec<_> = line.split(' ').collect();
    let last = || fields.last().and_then(|field| field.parse().ok());
    let length = match *fields {
        ["MSG" | "GCF" | "UBX" | "UBN" | "NOT" | "IPG" | "FQY", ..] => last(),
        ["ADL" | "RML", "0", _] => last(),
        [code, _, _] if code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) => last(),
        _ => None,
    };
    length.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_cut_where_they_end() {
        let mut received =
            b"ADL 3 OK\r\nADL 0 4\r\n<ml>241 5 2\r\nab208 6\r\nUUX 1 0\r\nGCF 0 3\r\nab".to_vec();
        let mut frames = Vec::new();
        while let Some(Frame { line, payload }) = next_frame(&mut received) {
            frames.push((
                String::from_utf8(line).unwrap(),
                String::from_utf8(payload).unwrap(),
            ));
        }
        let frames: Vec<_> = frames.iter().map(|(l, p)| (&**l, &**p)).collect();
        assert_eq!(
            frames,
            [
                ("ADL 3 OK", ""),
                ("ADL 0 4", "<ml>"),
                ("241 5 2", "ab"),
                ("208 6", ""),
                ("UUX 1 0", "")
            ]
        );
        assert_eq!(received, b"GCF 0 3\r\nab");
    }
}
