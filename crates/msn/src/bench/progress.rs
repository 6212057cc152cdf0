//! How far it is, for whoever waits: a bar for the preparations, one for the load, and the last second
//! in figures. Nothing is shown when standard error is no terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::outcome::{Phase, Row};
use super::plan::{Course, Plan};

pub(super) struct Progress {
    _all: MultiProgress,
    accounts: ProgressBar,
    load: ProgressBar,
    figures: ProgressBar,
}

impl Progress {
    pub(super) fn new(plan: &Plan) -> Self {
        let all = MultiProgress::new();
        let accounts = all.add(ProgressBar::new(plan.range.count.into()));
        accounts.set_style(style("{prefix:>10} {bar:40} {pos}/{len} accounts"));
        accounts.set_prefix("signed in");
        let seconds = match plan.scenario.course() {
            Course::Once(_) => f64::from(plan.range.count) / plan.rate,
            Course::Mix(_) => plan.seconds,
        };
        let load = all.add(ProgressBar::new(seconds.ceil() as u64));
        load.set_style(style("{prefix:>10} {bar:40} {pos}/{len} s"));
        load.set_prefix("load");
        let figures = all.add(ProgressBar::no_length());
        figures.set_style(style("{spinner} {msg}"));
        figures.enable_steady_tick(Duration::from_millis(250));
        Self {
            _all: all,
            accounts,
            load,
            figures,
        }
    }

    pub(super) fn load_begins(&self) {
        self.load.reset();
    }

    /// The last second.
    pub(super) fn show(&self, row: &Row) {
        let signed_in = u64::try_from(row.signed_in).unwrap_or(0);
        self.accounts.set_position(signed_in);
        if row.phase == Phase::Load {
            let at = (row.load_second as u64).min(self.load.length().unwrap_or(u64::MAX));
            self.load.set_position(at);
        }
        let mut message = Vec::new();
        for (metric, figures) in &row.metrics {
            let ms = figures.p99_ms;
            let title = metric.title();
            message.push(format!(
                "{title} {:.0}/s p99 {ms:.1} ms",
                figures.per_second
            ));
        }
        if row.errors > 0 {
            message.push(format!("{} errors", row.errors));
        }
        if let Some(kib) = row.server_kib {
            message.push(format!("server {:.0} MiB", kib as f64 / 1024.0));
        }
        self.figures.set_message(message.join(" · "));
    }

    pub(super) fn finish(&self) {
        for bar in [&self.accounts, &self.load, &self.figures] {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
