//! What `papilio serve` says while nobody has an account: how to go on.

use msnp::wire::param::Param;
use tracing::info;

use crate::config::{Config, LogFormat};

/// Says so on standard error; `pages` is where people's pages are.
pub(super) fn tell(config: &Config, pages: &Param) {
    match config.log_format {
        LogFormat::Text => eprintln!("{}", text(config, pages.as_str())),
        // Whoever reads it wants nothing but lines of JSON.
        LogFormat::Json => info!("there is no account yet; `papilio user add` makes one"),
    }
}

fn text(config: &Config, pages: &str) -> String {
    // The other terminal may be somewhere else.
    let folder = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
    format!(
        "
  There is no account here yet. From another terminal, each with --data {folder}:

    papilio user add alice@example.com      makes one, and asks for its password
    papilio operator add alice@example.com  lets Alice look after the others, at {pages}/admin
    papilio invite create                   makes a code with which somebody signs up, at {pages}/account
    papilio check                           says what a client would meet

  How an old client finds this server is told at {pages}/setup.
",
        folder = folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_folder_and_the_pages() {
        let config = Config {
            data: "/srv/papilio".into(),
            ..Config::default()
        };
        let told = text(&config, "http://chat.example.org");
        assert!(told.contains("--data /srv/papilio:"), "{told}");
        for page in ["account", "admin", "setup"] {
            let page = format!("http://chat.example.org/{page}");
            assert!(told.contains(&page), "{told}");
        }
    }
}
