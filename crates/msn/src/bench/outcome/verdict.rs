//! Whose figures these are: the server's, or those of a tool that could not keep up.

use serde::Serialize;

/// What the tool found out about itself.
#[derive(Clone, Debug, Serialize)]
pub(in crate::bench) struct Verdict {
    pub(in crate::bench) bottleneck: Bottleneck,
    /// In sentences.
    pub(in crate::bench) says: Vec<String>,
}

/// Who is to be suspected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::bench) enum Bottleneck {
    /// Not this tool.
    None,
    /// The machine was full, and the server may have shared it with the tool.
    Machine,
    /// This tool.
    Tool,
}

/// What is looked at.
pub(super) struct Found {
    pub(super) late_p99_ms: f64,
    pub(super) held_p99_ms: f64,
    pub(super) processors_used: f64,
    pub(super) processors: usize,
    pub(super) machine_busy: f64,
    /// Of what the load is about.
    pub(super) latency_p50_ms: f64,
}

impl Found {
    pub(super) fn verdict(&self) -> Verdict {
        let mut bottleneck = Bottleneck::None;
        let mut says = Vec::new();
        let share = self.processors_used / self.processors.max(1) as f64;
        if self.machine_busy > FULL {
            bottleneck = Bottleneck::Machine;
            says.push(format!(
                "THE MACHINE WAS FULL: its {} processors were {:.0}% busy, {:.2} of them with this \
                 tool. If the server runs here as well, it would do better with a machine of its own.",
                self.processors,
                100.0 * self.machine_busy,
                self.processors_used
            ));
        }
        if share > FULL {
            bottleneck = Bottleneck::Tool;
            says.push(format!(
                "THE TOOL WAS THE BOTTLENECK: it used {:.2} of {} processors. Use another machine, or \
                 less load.",
                self.processors_used, self.processors
            ));
        }
        if self.late_p99_ms > LATE_MS && self.late_p99_ms > self.latency_p50_ms / 10.0 {
            if bottleneck == Bottleneck::None {
                bottleneck = Bottleneck::Tool;
            }
            says.push(format!(
                "THE TOOL WAS LATE: one in a hundred of what was due was begun {:.1} ms late or more. \
                 The figures have this in them.",
                self.late_p99_ms
            ));
        }
        if self.held_p99_ms > LATE_MS {
            if bottleneck == Bottleneck::None {
                bottleneck = Bottleneck::Tool;
            }
            says.push(format!(
                "REQUESTS WAITED IN THE TOOL: one in a hundred waited {:.1} ms or more for one of its \
                 own connections to the services; the figures have this in them. Use more \
                 --http-connections, unless the server is slower than the rate.",
                self.held_p99_ms
            ));
        }
        if says.is_empty() {
            says.push(format!(
                "The tool kept up: 99% of what was due was begun within {:.2} ms, with {:.2} of {} \
                 processors.",
                self.late_p99_ms, self.processors_used, self.processors
            ));
        }
        Verdict { bottleneck, says }
    }
}

/// From which share of the processors there is nothing left.
const FULL: f64 = 0.95;

/// From when on being late is worth a word.
const LATE_MS: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Found = Found {
        late_p99_ms: 0.4,
        held_p99_ms: 0.0,
        processors_used: 0.3,
        processors: 2,
        machine_busy: 0.5,
        latency_p50_ms: 1.0,
    };

    #[test]
    fn a_tool_that_kept_up_says_so() {
        let verdict = GOOD.verdict();
        assert_eq!(verdict.bottleneck, Bottleneck::None);
        assert!(verdict.says[0].starts_with("The tool kept up"));
    }

    #[test]
    fn each_reason_is_told() {
        for (found, bottleneck, word) in [
            (
                Found {
                    machine_busy: 0.99,
                    ..GOOD
                },
                Bottleneck::Machine,
                "MACHINE",
            ),
            (
                Found {
                    processors_used: 1.96,
                    ..GOOD
                },
                Bottleneck::Tool,
                "BOTTLENECK",
            ),
            (
                Found {
                    late_p99_ms: 20.0,
                    ..GOOD
                },
                Bottleneck::Tool,
                "LATE",
            ),
            (
                Found {
                    held_p99_ms: 20.0,
                    ..GOOD
                },
                Bottleneck::Tool,
                "WAITED",
            ),
        ] {
            let verdict = found.verdict();
            assert_eq!(verdict.bottleneck, bottleneck);
            assert!(verdict.says[0].contains(word), "{:?}", verdict.says);
        }
        // Half a tenth of what the server took is none of the tool's doing.
        let slow = Found {
            late_p99_ms: 20.0,
            latency_p50_ms: 400.0,
            ..GOOD
        };
        assert_eq!(slow.verdict().bottleneck, Bottleneck::None);
    }
}
