//! The report as one page: figures, errors and plots, with nothing fetched from elsewhere.

use askama::Template;

use super::outcome::Outcome;
use super::plots::{self, Plot};

/// Renders it.
pub(super) fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let plots = plots::all(outcome)?;
    Ok(Page { outcome, plots }.render()?)
}

#[derive(Template)]
#[template(path = "bench.html")]
struct Page<'a> {
    outcome: &'a Outcome,
    plots: Vec<Plot>,
}

impl Page<'_> {
    fn verdict(&self) -> &'static str {
        use super::outcome::Bottleneck;
        match self.outcome.tool.verdict.bottleneck {
            Bottleneck::None => "good",
            Bottleneck::Machine | Bottleneck::Tool => "bad",
        }
    }

    fn processors(&self) -> f64 {
        self.outcome.tool.processors as f64
    }

    fn ms(value: &f64) -> String {
        match value {
            value if *value < 10.0 => format!("{value:.2}"),
            value if *value < 100.0 => format!("{value:.1}"),
            value => format!("{value:.0}"),
        }
    }

    fn mib(kib: &u64) -> String {
        format!("{:.1}", *kib as f64 / 1024.0)
    }
}
