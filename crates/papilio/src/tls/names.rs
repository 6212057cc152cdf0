//! The operator's own names: what modern browsers ask for, as opposed to the names that old clients
//! have built in.

use crate::config::Config;
use crate::hosts;

/// The names under which people's browsers come, in lower case; each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnNames(Vec<String>);

impl OwnNames {
    /// What `[tls] names` says; if it says nothing, the advertised hosts. `localhost` is always one.
    pub fn of(config: &Config) -> Self {
        let said = config.tls.names.iter().map(String::as_str);
        let advertised = [
            &config.tls.advertise,
            &config.http.advertise,
            &config.advertise,
        ];
        let advertised = advertised
            .into_iter()
            .flatten()
            .map(|own| own.host.as_str());
        let mut names = vec!["localhost".to_owned()];
        let mut add = |name: &str| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            // Old clients ask for these, whoever they are said to belong to.
            if !names.contains(&name) && !hosts::is_known(&name) {
                names.push(name);
            }
        };
        if config.tls.names.is_empty() {
            advertised.for_each(&mut add);
        } else {
            said.for_each(&mut add);
        }
        Self(names)
    }

    /// Whether one of them is asked for. `*.example.org` stands for one label.
    pub fn contains(&self, asked: &str) -> bool {
        self.0.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => asked
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
            None => name == asked,
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Every name for which our own certificate holds: those of Messenger, the operator's, and whatever else
/// is advertised.
pub fn certificate_names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = hosts::certificate_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let advertised = [
        &config.tls.advertise,
        &config.http.advertise,
        &config.advertise,
    ];
    let advertised = advertised
        .into_iter()
        .flatten()
        .map(|own| own.host.to_ascii_lowercase());
    let own = OwnNames::of(config);
    for name in own.iter().map(str::to_owned).chain(advertised) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(advertise: &str, names: &[&str]) -> Config {
        let mut config = Config {
            advertise: advertise.parse().ok(),
            ..Config::default()
        };
        config.tls.names = names.iter().map(ToString::to_string).collect();
        config
    }

    #[test]
    fn the_advertised_host_is_modern_unless_others_are_named() {
        let names = OwnNames::of(&config("Chat.example.org:1863", &[]));
        assert!(names.contains("chat.example.org") && names.contains("localhost"));
        assert!(!names.contains("login.live.com") && !names.contains("example.org"));

        let config = config("chat.example.org", &["www.example.org", "*.people.example"]);
        let names = OwnNames::of(&config);
        assert!(names.contains("www.example.org") && names.contains("a.people.example"));
        assert!(!names.contains("chat.example.org") && !names.contains("a.b.people.example"));
        assert!(!names.contains(".people.example"));
        // It is in the certificate all the same: patched clients ask for it.
        assert!(certificate_names(&config).contains(&"chat.example.org".to_owned()));
    }

    #[test]
    fn messengers_own_names_are_never_modern() {
        let names = OwnNames::of(&config("login.live.com", &[]));
        assert!(!names.contains("login.live.com"));
    }
}
