//! The log, on standard error: lines for people, or one JSON object each.

use std::io::{self, IsTerminal};

use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::LogFormat;

/// What is logged, which can change while the program runs.
#[derive(Clone, Debug)]
pub(super) struct Filter(reload::Handle<EnvFilter, Registry>);

/// Begins to log. The configuration has checked the filter already.
pub(super) fn begin(filter: &str, format: LogFormat) -> Filter {
    let (filter, handle) = reload::Layer::new(EnvFilter::new(filter));
    let lines = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(io::stderr)
            // Colours are for people, not for files.
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    Filter(handle)
}

impl Filter {
    /// Logs this from now on.
    pub(super) fn change(&self, filter: &str) {
        // It fails only when there is no log any more.
        let _gone = self.0.reload(EnvFilter::new(filter));
    }
}
