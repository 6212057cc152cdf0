//! What Messenger's error codes mean to whoever sees them (services-other, 11; those that begin with
//! 80072 are numbers of Windows' own Internet library).

/// Some codes with one meaning. All texts in ASCII.
pub(super) struct Trouble {
    /// As the client shows them.
    pub(super) codes: &'static [&'static str],
    /// What has happened.
    pub(super) meaning: &'static str,
    /// What to do about it.
    pub(super) remedy: &'static str,
}

/// The most frequent first.
pub(super) const TROUBLES: &[Trouble] = &[
    Trouble {
        codes: &["80048820"],
        meaning: "The sign-in service was not reached, or its certificate was not trusted.",
        remedy: "Open the check page. If the secure column is not green: install the certificate, \
                 tick \"Use TLS 1.0\", and set the clock of this computer. If it is green, try once more.",
    },
    Trouble {
        codes: &["80048821"],
        meaning: "The address or the password is wrong.",
        remedy: "Type both again. It is the account of this server that counts, not one of Microsoft. \
                 After many failures, wait five minutes.",
    },
    Trouble {
        codes: &["81000306"],
        meaning: "The Messenger service itself was not reached.",
        remedy: "Port 1863 must be open on the way: look at the firewall of this computer. \
                 Is messenger.hotmail.com among the hosts lines?",
    },
    Trouble {
        codes: &["80072ee7"],
        meaning: "A name was not found.",
        remedy: "The hosts lines are not in place, or Windows remembers an older answer. \
                 Put them in again, and restart the computer.",
    },
    Trouble {
        codes: &["80072efd"],
        meaning: "This server was found, but not reached.",
        remedy: "Ports 80 and 443 must be open on the way. If the check page is red too, \
                 ask whoever runs this server.",
    },
    Trouble {
        codes: &["80072efe", "80072eff", "80072745", "80072746"],
        meaning: "The connection broke off.",
        remedy: "Tick \"Use TLS 1.0\" and untick \"Use SSL 2.0\" in the Internet Options. \
                 Programs that look into secure connections (virus scanners) may be in the way.",
    },
    Trouble {
        codes: &["80072f05"],
        meaning: "The certificate does not hold at this time.",
        remedy: "Set the clock of this computer, the year too.",
    },
    Trouble {
        codes: &["80072f06", "80072f0d", "80072f19", "80072f7d"],
        meaning: "The certificate is not trusted.",
        remedy: "Install this server's root certificate, into \"Trusted Root Certification \
                 Authorities\" and nowhere else.",
    },
    Trouble {
        codes: &["8100030d"],
        meaning: "The contact list was not fetched.",
        remedy: "The names that end in contacts.msn.com must lead here: see the check page.",
    },
    Trouble {
        codes: &["8100030e"],
        meaning: "The connection was lost.",
        remedy: "Sign in again.",
    },
    Trouble {
        codes: &["81000314", "81000362", "81000363", "81000377", "81000378"],
        meaning: "The service ended the connection during sign-in.",
        remedy: "Wait a minute and sign in again. If it stays so, tell whoever runs this server: \
                 its log says why.",
    },
    Trouble {
        codes: &[
            "80048823", "80048829", "80048834", "80048852", "8004886a", "8004886b",
        ],
        meaning: "The sign-in service has answered, but not with a ticket.",
        remedy: "Wait a minute and sign in again. If it stays so, tell whoever runs this server.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_has_one_meaning() {
        let mut seen = BTreeSet::new();
        for trouble in TROUBLES {
            assert!(trouble.meaning.is_ascii() && trouble.remedy.is_ascii());
            for code in trouble.codes {
                assert!(code.len() == 8 && u32::from_str_radix(code, 16).is_ok());
                assert!(seen.insert(code), "{code} twice");
            }
        }
    }
}
