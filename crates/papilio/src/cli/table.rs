//! Tables for people, and lists in JSON for programs.

use std::io::{self, Write};

use clap::Args;
use jiff::{Span, Timestamp, Zoned};
use serde::Serialize;

/// How a list is printed.
#[derive(Args, Clone, Copy)]
pub(super) struct Form {
    /// Print JSON, one object on a line
    #[arg(long)]
    json: bool,
}

/// Until when something holds.
#[derive(Args, Clone)]
#[group(multiple = false)]
pub(super) struct Until {
    /// For so long, as 7d, 12h or "1h 30m"
    #[arg(long = "for", value_name = "TIME")]
    lasting: Option<Span>,
    /// Until then, as 2030-12-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    until: Option<Timestamp>,
}

impl Until {
    /// When that is; `None` if nothing was said.
    pub(super) fn end(&self) -> Result<Option<Timestamp>, jiff::Error> {
        match self.lasting {
            Some(span) => Ok(Some(Zoned::now().checked_add(span)?.timestamp())),
            None => Ok(self.until),
        }
    }
}

/// Prints a list: a table with these heads, or JSON.
pub(super) fn print<T: Serialize, const N: usize>(
    form: Form,
    heads: [&str; N],
    items: &[T],
    row: impl Fn(&T) -> [String; N],
) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if form.json {
        for item in items {
            writeln!(out, "{}", serde_json::to_string(item)?)?;
        }
        return Ok(out.flush()?);
    }
    let rows: Vec<[String; N]> = items.iter().map(|item| row(item).map(shown)).collect();
    let mut widths = heads.map(|head| head.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let heads = heads.map(str::to_owned);
    for row in std::iter::once(&heads).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += &format!("{cell:<width$}  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(out.flush()?)
}

/// When something is, to the second; a dash for never.
pub(super) fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(
        || "-".to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Without what would disturb a terminal.
fn shown(cell: String) -> String {
    cell.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    #[test]
    fn an_end_is_so_much_later_or_a_moment() {
        let until = |lasting, until| Until { lasting, until }.end().unwrap();
        assert_eq!(until(None, None), None);
        let moment = "2030-12-31T12:00:00Z".parse().unwrap();
        assert_eq!(until(None, Some(moment)), Some(moment));
        let later = until(Some(2.hours()), None).unwrap();
        let hours = later.duration_since(Timestamp::now()).as_hours();
        assert!((1..=2).contains(&hours), "{later}");
    }
}
