//! What holds when nothing is said. `papilio.toml` at the root of the repository repeats every value.

use std::path::PathBuf;
use std::time::Duration;

use msnp::wire::version::Dialect;

use super::value::{ListenAddress, Rate};
use super::{
    Admin, Banner, Client, Config, DatabaseSettings, Encryption, Gateway, Http, Limits, ListSizes,
    Listen, LogFormat, Mail, Metrics, OfflineMessages, PageAddress, Pages, PasswordKeys, Rates,
    SignIn, SignUp, Storage, Switchboard, Tab, TextAd, ThrottleKeys, Tls, WireLog,
};

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("papilio-data"),
            demo: false,
            log: "info".to_owned(),
            log_format: LogFormat::default(),
            max_version: Dialect::newest(),
            advertise: None,
            listen: Listen::default(),
            database: DatabaseSettings::default(),
            sign_in: SignIn::default(),
            passwords: PasswordKeys::default(),
            throttle: ThrottleKeys::default(),
            limits: Limits::default(),
            http: Http::default(),
            pages: Pages::default(),
            admin: Admin::default(),
            mail: Mail::default(),
            tls: Tls::default(),
            gateway: Gateway::default(),
            storage: Storage::default(),
            client: Client::default(),
            rates: Rates::default(),
            switchboard: Switchboard::default(),
            lists: ListSizes::default(),
            offline_messages: OfflineMessages::default(),
            metrics: Metrics::default(),
            wire_log: WireLog::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            msnp: Some(ListenAddress::everywhere(1863)),
            dispatch: None,
            http: Some(ListenAddress::everywhere(8080)),
            https: Some(ListenAddress::everywhere(8443)),
        }
    }
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            connections: 16,
        }
    }
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            deadline: minutes(1),
            ticket_deadline: minutes(5),
            ticket_lifetime: minutes(24 * 60),
            challenge_interval: minutes(30),
            challenge_deadline: minutes(1),
            tickets_without_proof: false,
            sign_out_interval: seconds(2),
        }
    }
}

impl Default for PasswordKeys {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            waiting: Some(4096),
            remember: minutes(10),
            remembered: Some(100_000),
        }
    }
}

impl Default for ThrottleKeys {
    fn default() -> Self {
        Self {
            per_account: Some(10),
            per_address: Some(100),
            window: minutes(5),
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            api: true,
            over_plain_http: false,
            rate: Some(Rate {
                burst: 300,
                per_second: 50,
            }),
            listeners: Some(32),
            text: Some(1000),
            sender_name: "Papilio".to_owned(),
            audit_lifetime: minutes(365 * 24 * 60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: Some(256),
            line: Some(8192),
            message: Some(1664),
            payload: Some(65_536),
            mailbox: Some(1024 * 1024),
            unread: minutes(1),
            socket_buffer: Some(64 * 1024),
            notification_idle: minutes(3),
            half_command: minutes(1),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            advertise: None,
            head: Some(64 * 1024),
            body: Some(1024 * 1024),
            xml_size: Some(1024 * 1024),
            xml_depth: Some(64),
            request_deadline: seconds(30),
            idle: minutes(1),
        }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            sign_up: SignUp::Invitation,
            address: None,
            over_plain_http: false,
            proxies: Vec::new(),
            session_lifetime: minutes(14 * 24 * 60),
            shortest_password: Some(8),
            sign_ups_per_address: Some(10),
            mails_per_address: Some(5),
            window: minutes(60),
            confirmation_lifetime: minutes(24 * 60),
            reset_lifetime: minutes(2 * 60),
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: None,
            port: 587,
            encryption: Encryption::Starttls,
            account: None,
            password: None,
            password_file: None,
            from: None,
            waiting: Some(1000),
            timeout: seconds(20),
            retry: minutes(1),
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            advertise: None,
            names: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            handshake_deadline: seconds(10),
        }
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            sessions: Some(10_000),
            queue: Some(256 * 1024),
            idle: minutes(1),
            longest_poll: minutes(1),
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            personal_message: Some(500),
            picture: Some(512 * 1024),
            picture_side: Some(1024),
            pictures_waiting: Some(64),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self {
            tabs: vec![Tab {
                name: "Today".to_owned(),
                address: PageAddress::of_ours("/today"),
                picture: None,
            }],
            today: None,
            text_ad: TextAd::default(),
            banner: Banner::default(),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            chg: Some(Rate {
                burst: 300,
                per_second: 20,
            }),
            prp: Some(Rate {
                burst: 300,
                per_second: 20,
            }),
            uux: Some(Rate {
                burst: 300,
                per_second: 20,
            }),
            cal: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            xfr: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            lists: Some(Rate {
                burst: 600,
                per_second: 50,
            }),
            msg: Some(Rate {
                burst: 20_000,
                per_second: 10_000,
            }),
        }
    }
}

impl Default for Switchboard {
    fn default() -> Self {
        Self {
            participants: Some(50),
            backlog: Some(64 * 1024),
            deadline: minutes(1),
            failed_calls: Some(5),
            idle: minutes(5),
            idle_alone: seconds(60),
            referral_lifetime: seconds(120),
            ring_lifetime: seconds(60),
        }
    }
}

impl Default for ListSizes {
    fn default() -> Self {
        Self {
            forward: Some(1000),
            allow: Some(1500),
            block: Some(1200),
            groups: Some(30),
            group_name: Some(61),
        }
    }
}

impl Default for OfflineMessages {
    fn default() -> Self {
        Self {
            text: Some(8192),
            sender_messages: Some(10),
            sender_window: seconds(10),
            mailbox: Some(500),
            lifetime: minutes(30 * 24 * 60),
        }
    }
}

fn minutes(number: u64) -> Option<Duration> {
    seconds(number * 60)
}

fn seconds(number: u64) -> Option<Duration> {
    Some(Duration::from_secs(number))
}
