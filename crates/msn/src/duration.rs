//! Lengths of time on the command line: `30s`, `5m`, `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;

/// For clap.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<SignedDuration>().ok();
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| "a length of time is like 30s, 5m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "30", "soon", "-5s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
