//! Lines on standard output, for people and for programs.

use std::borrow::Cow;
use std::io::{self, Write as _};

use serde::Serialize;

/// Writes a line for people. What others wrote must have gone through [`shown`].
pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes one JSON object on a line of its own.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    line(&text)
}

/// What somebody else wrote, as it can be shown in a terminal: on one line, and with nothing in it
/// that a terminal would obey.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        let text = text.trim_end().replace("\r\n", "\n");
        text.replace('\n', " \u{23ce} ")
            .replace(char::is_control, "\u{fffd}")
            .into()
    } else {
        text.into()
    }
}

/// Whoever read what we wrote has had enough, as `head` has: no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    let mut causes = error.chain();
    causes.any(|cause| cause.downcast_ref().is_some_and(broken))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_terminal_obeys_nothing_that_others_write() {
        assert_eq!(shown("Zo\u{eb} \u{1f98b}"), "Zo\u{eb} \u{1f98b}");
        assert_eq!(shown("red \u{1b}[31m"), "red \u{fffd}[31m");
        assert_eq!(shown("title \u{9d}0;x\u{7}"), "title \u{fffd}0;x\u{fffd}");
        assert_eq!(shown("one\r\ntwo\n"), "one \u{23ce} two");
    }
}
