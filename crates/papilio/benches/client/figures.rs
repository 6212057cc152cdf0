//! Figures of several rounds.

/// The middle one. Rounds differ: a machine has other things to do.
pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 50)
}

/// The figure that so many of a hundred are not above. 0 when there is none.
pub(crate) fn percentile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or(0.0)
}

/// Whether the program was started by `cargo bench`, and not to see whether it runs
/// (`cargo test --benches`): figures take their time.
pub(crate) fn wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The number that follows `name` on the command line: `cargo bench --bench herd -- accounts=1000`.
pub(crate) fn setting(name: &str, default: usize) -> usize {
    std::env::args()
        .find_map(|argument| argument.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        .unwrap_or(default)
}
