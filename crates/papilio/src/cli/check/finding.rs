//! One line of `papilio check`.

use std::io::{self, Write};

use serde::Serialize;

/// What was looked at, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    status: Status,
    /// A word or two.
    what: String,
    /// How it is.
    said: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Whether somebody has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Nobody has.
    Ok,
    /// Somebody may want to.
    Warning,
    /// Clients meet this.
    Failed,
}

impl Finding {
    pub(super) fn ok(what: &str, said: impl Into<String>) -> Self {
        Self::with(Status::Ok, what, said.into())
    }

    pub(super) fn warning(what: &str, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::with(Status::Warning, what, said.into())
        }
    }

    pub(super) fn failed(what: &str, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::with(Status::Failed, what, said.into())
        }
    }

    fn with(status: Status, what: &str, said: String) -> Self {
        Self {
            status,
            what: what.to_owned(),
            said,
            advice: None,
        }
    }

    /// The line, and the advice under it.
    pub(super) fn write(&self, out: &mut impl Write, is_coloured: bool) -> io::Result<()> {
        let (word, colour) = match self.status {
            Status::Ok => ("ok", "32"),
            Status::Warning => ("warning", "33"),
            Status::Failed => ("FAILED", "31"),
        };
        let (begin, end) = match is_coloured {
            true => (format!("\x1b[{colour}m"), "\x1b[0m"),
            false => (String::new(), ""),
        };
        writeln!(out, "{begin}{word:8}{end} {:13} {}", self.what, self.said)?;
        if let Some(advice) = &self.advice {
            writeln!(out, "{:22} -> {advice}", "")?;
        }
        Ok(())
    }
}

/// How many are so.
pub(super) fn count(findings: &[Finding], status: Status) -> usize {
    findings
        .iter()
        .filter(|finding| finding.status == status)
        .count()
}
