//! SIGHUP: reads the configuration again, and lets hold what can change while clients are there.
//!
//! ```text
//!   file -> wrong: one line in the log, nothing changes
//!        -> right: what can change holds from now on, one line for each key that did
//!                  what cannot stays as it was, one line for each that needs a restart
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use tracing::{info, warn};

use super::log::Filter;
use super::serve::{pages, settings};
use crate::config::{Config, Flags, Loaded};
use crate::http::{self, Live, Services};
use crate::per_address::PerAddress;
#[cfg(feature = "tls")]
use crate::tls::Acceptor;

/// A server that runs, as far as its configuration can change.
pub(super) struct Running {
    pub(super) flags: Flags,
    pub(super) loaded: Loaded,
    pub(super) log: Filter,
    pub(super) services: Services,
    pub(super) live: Live,
    pub(super) per_address: PerAddress,
    /// Where HTTP is listened on.
    pub(super) http: Option<SocketAddr>,
    /// What shakes hands, if that is served.
    #[cfg(feature = "tls")]
    pub(super) acceptor: Option<Acceptor>,
}

impl Running {
    /// Reads the configuration again.
    pub(super) fn reload(&mut self) {
        let mut new = match Loaded::load(&self.flags) {
            Ok(new) => new,
            Err(error) => {
                warn!(%error, "the configuration stays as it was");
                return;
            }
        };
        new.keep_from(&self.loaded);
        self.log.change(&new.config.log);
        for key in self.loaded.effective.changed(&new.effective) {
            let (name, value) = (&key.name, key.shown());
            if needs_restart(name) {
                warn!("{name} needs a restart to become {value}");
            } else {
                info!("{name} is {value} now");
            }
        }
        self.obey(&new.config);
        let old = std::mem::replace(&mut self.loaded, new);
        // Whoever asks once more is told once more what needs a restart.
        self.loaded.effective.keep(&old.effective, needs_restart);
        info!("configuration read again");
    }

    fn obey(&mut self, config: &Config) {
        let Self { services, .. } = self;
        // The ports are those that are open, whatever number was asked for.
        let config = &Config {
            listen: services.config.listen.clone(),
            ..config.clone()
        };
        #[cfg(feature = "tls")]
        if let Some(acceptor) = self.acceptor.clone() {
            let config = config.clone();
            // New keys take a while to find.
            tokio::task::spawn_blocking(move || match acceptor.reload(&config) {
                Ok(()) => info!("certificates read again"),
                Err(error) => warn!(%error, "the certificates stay as they were"),
            });
        }
        self.per_address
            .change_limit(config.limits.connections_per_address);
        services.credentials.change_throttle(config.throttle());
        services
            .node
            .wire_log
            .change(&config.data, &config.wire_log);
        services
            .node
            .change(settings(config, pages(config, self.http)));
        services.office = services.office.with_settings(config);
        services.config = Arc::new(config.clone());
        self.live.replace(http::router(services.clone()));
    }
}

impl Loaded {
    /// What cannot change while the server runs stays as it is there.
    fn keep_from(&mut self, running: &Self) {
        let (new, old) = (&mut self.config, &running.config);
        new.data.clone_from(&old.data);
        new.demo = old.demo;
        new.log_format = old.log_format;
        new.advertise.clone_from(&old.advertise);
        new.listen.clone_from(&old.listen);
        new.database.clone_from(&old.database);
        new.passwords.clone_from(&old.passwords);
        new.gateway.clone_from(&old.gateway);
        new.mail.clone_from(&old.mail);
        new.admin.audit_lifetime = old.admin.audit_lifetime;
        new.limits.socket_buffer = old.limits.socket_buffer;
        new.sign_in.sign_out_interval = old.sign_in.sign_out_interval;
        let http = new.http.clone();
        new.http = crate::config::Http {
            head: old.http.head,
            request_deadline: old.http.request_deadline,
            idle: old.http.idle,
            ..http
        };
    }
}

fn needs_restart(key: &str) -> bool {
    NEEDS_RESTART.iter().any(|name| {
        key.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The keys, and sections, that hold until the server starts again.
const NEEDS_RESTART: &[&str] = &[
    "data",
    "demo",
    "log-format",
    "advertise",
    "listen",
    "database",
    "passwords",
    "gateway",
    "mail",
    "admin.audit-lifetime",
    "limits.socket-buffer",
    "sign-in.sign-out-interval",
    "http.head",
    "http.request-deadline",
    "http.idle",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(folder: &tempfile::TempDir, text: &str) -> Loaded {
        std::fs::write(folder.path().join("papilio.toml"), text).unwrap();
        Loaded::load(&Flags {
            data: Some(folder.path().to_owned()),
            ..Flags::default()
        })
        .unwrap()
    }

    /// What the list says and what is kept are the same: a key that is listed keeps its value, and
    /// one that is not changes.
    #[test]
    fn what_needs_a_restart_is_what_stays() {
        let folder = tempfile::tempdir().unwrap();
        let old = loaded(&folder, "");
        for (text, kept) in [
            ("log-format = 'json'", true),
            ("advertise = 'a.example'", true),
            ("[listen]\nmsnp = ':1'", true),
            ("[database]\nconnections = 1", true),
            ("[passwords]\nwaiting = 1", true),
            ("[gateway]\nsessions = 1", true),
            ("[mail]\nwaiting = 1", true),
            ("[admin]\naudit-lifetime = '1h'", true),
            ("[admin]\napi = false", false),
            ("[limits]\nsocket-buffer = 1", true),
            ("[sign-in]\nsign-out-interval = 1", true),
            ("[http]\nhead = 10000", true),
            ("[http]\nrequest-deadline = 1", true),
            ("[http]\nidle = 1", true),
            ("log = 'debug'", false),
            ("max-version = 13", false),
            ("[limits]\nline = 1", false),
            ("[http]\nbody = 1", false),
            ("[rates]\nchg = 0", false),
            ("[client]\ntoday = '/x'", false),
            ("[metrics]\nallow = []", false),
            ("[wire-log]\ntext = true", false),
            ("[tls]\nnames = ['www.example.org']", false),
            ("[pages]\nsign-up = 'open'", false),
        ] {
            let mut new = loaded(&folder, text);
            let changed = old.effective.changed(&new.effective);
            assert_eq!(changed.len(), 1, "{text}");
            assert_eq!(needs_restart(&changed[0].name), kept, "{text}");
            new.keep_from(&old);
            assert_eq!(new.config == old.config, kept, "{text}");
        }
    }
}
