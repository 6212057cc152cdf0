//! What `papilio serve` says while nobody has an account: how to go on.

use std::path::{Path, PathBuf};

use msnp::wire::param::Param;
use tracing::info;

use crate::config::{Flags, Loaded, LogFormat};

/// Says so on standard error; `pages` is where people's pages are.
pub(super) fn tell(flags: &Flags, loaded: &Loaded, pages: &Param) {
    match loaded.config.log_format {
        LogFormat::Text => {
            let place = place(flags, &loaded.config.data);
            eprintln!("{}", text(&place, pages.as_str()));
        }
        // Whoever reads it wants nothing but lines of JSON.
        LogFormat::Json => info!("there is no account yet; `papilio user add` makes one"),
    }
}

/// What another command has to be told in order to find the same data by the same configuration. It may
/// be asked from another folder.
fn place(flags: &Flags, data: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let config = flags.config.as_deref().map(|file| ("--config", file));
    let data = (config.is_none() || flags.data.is_some()).then_some(("--data", data));
    [config, data]
        .into_iter()
        .flatten()
        .map(|(flag, path)| format!("{flag} {}", absolute(path).display()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn text(place: &str, pages: &str) -> String {
    format!(
        "
  There is no account here yet. From another terminal, each with {place}:

    papilio user add alice@example.com      makes one, and asks for its password
    papilio operator add alice@example.com  lets Alice look after the others, at {pages}/admin
    papilio invite create                   makes a code with which somebody signs up, at {pages}/account
    papilio check                           says what a client would meet

  How an old client finds this server is told at {pages}/setup.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_commands_are_led_to_the_same_data() {
        let data = Path::new("/srv/papilio");
        let flags = |data: Option<&str>, config: Option<&str>| Flags {
            data: data.map(Into::into),
            config: config.map(Into::into),
            ..Flags::default()
        };
        for (flags, expected) in [
            (flags(None, None), "--data /srv/papilio"),
            (flags(Some("/srv/papilio"), None), "--data /srv/papilio"),
            (flags(None, Some("/etc/p.toml")), "--config /etc/p.toml"),
            (
                flags(Some("/srv/papilio"), Some("/etc/p.toml")),
                "--config /etc/p.toml --data /srv/papilio",
            ),
        ] {
            assert_eq!(place(&flags, data), expected);
        }
    }
}
