//! Tickets for a password: `RST.srf` (services-auth, 2 to 5 and 9).
//!
//! ```text
//!   RST0  http://Passport.NET/tb      (the login cipher, which this client does not use)
//!   RST1  messenger.msn.com           USR TWN, offline messages
//!   RST2  contacts.msn.com            address book and sharing
//!   RST3  messengersecure.live.com    leaving offline messages
//!   RST4  messengerclear.live.com     USR SSO, with a secret
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;

use super::{Reply, Service, ServiceError, ServiceRequest, answer, text};
use crate::client::exchange::Identity;
use crate::proof::sso::Secret;
use crate::soap::rst::LOGIN_CIPHER;

/// With what the ticket for the notification server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// The parameters of `USR TWN S`.
    Tweener(String),
    /// The policy of `USR SSO S`.
    SingleSignOn(String),
}

/// Tickets by the host that they are for. `Debug` shows the hosts only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tickets(BTreeMap<String, Ticket>);

/// A ticket, and the secret that proves that it is one's own.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// `t=...&p=...`.
    pub text: String,
    /// Where the policy asked for one.
    pub secret: Option<Secret>,
}

/// `USR TWN`, offline messages.
pub const MESSENGER: &str = "messenger.msn.com";
/// The address book and sharing.
pub const CONTACTS: &str = "contacts.msn.com";
/// Leaving offline messages, from MSNP15 on.
pub const SECURE: &str = "messengersecure.live.com";
/// `USR SSO`.
pub const CLEAR: &str = "messengerclear.live.com";

impl Tickets {
    /// The request.
    pub fn request(identity: &Identity, challenge: &Challenge) -> ServiceRequest {
        let (messenger, clear) = match challenge {
            Challenge::Tweener(parameters) => (tweener_policy(parameters), None),
            Challenge::SingleSignOn(policy) => ("?id=507".to_owned(), Some(policy.as_str())),
        };
        let mut wanted = vec![
            (LOGIN_CIPHER, None),
            (MESSENGER, Some(&*messenger)),
            (CONTACTS, Some("MBI")),
            (SECURE, Some("MBI_SSL")),
        ];
        wanted.extend(clear.map(|policy| (CLEAR, Some(policy))));
        let mut tokens = String::new();
        for (number, (address, policy)) in wanted.into_iter().enumerate() {
            let policy = policy.map_or_else(String::new, |policy| {
                let policy = text(policy);
                format!("<wsse:PolicyReference URI=\"{policy}\"></wsse:PolicyReference>")
            });
            // Writing into a growing string cannot fail.
            let _ = write!(
                tokens,
                "<wst:RequestSecurityToken Id=\"RST{number}\"><wst:RequestType>\
                 http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue</wst:RequestType>\
                 <wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{address}</wsa:Address>\
                 </wsa:EndpointReference></wsp:AppliesTo>{policy}</wst:RequestSecurityToken>"
            );
        }
        let handle = text(identity.handle.as_str());
        let password = text(identity.password.expose());
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2003/06/secext\" \
             xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2002/12/policy\" \
             xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/03/addressing\" \
             xmlns:wst=\"http://schemas.xmlsoap.org/ws/2004/04/trust\"><Header>\
             <ps:AuthInfo xmlns:ps=\"http://schemas.microsoft.com/Passport/SoapServices/PPCRL\" \
             Id=\"PPAuthInfo\"><ps:HostingApp>{{7108E71A-9926-4FCB-BCC9-9A9D3F32E423}}\
             </ps:HostingApp><ps:BinaryVersion>4</ps:BinaryVersion><ps:UIVersion>1</ps:UIVersion>\
             <ps:Cookies></ps:Cookies><ps:RequestParams>AQAAAAIAAABsYwQAAAAxMDMz\
             </ps:RequestParams></ps:AuthInfo><wsse:Security><wsse:UsernameToken Id=\"user\">\
             <wsse:Username>{handle}</wsse:Username><wsse:Password>{password}</wsse:Password>\
             </wsse:UsernameToken></wsse:Security></Header><Body>\
             <ps:RequestMultipleSecurityTokens \
             xmlns:ps=\"http://schemas.microsoft.com/Passport/SoapServices/PPCRL\" Id=\"RSTS\">\
             {tokens}</ps:RequestMultipleSecurityTokens></Body></Envelope>"
        );
        ServiceRequest {
            service: Service::SignIn,
            action: None,
            cookie: None,
            body,
        }
    }

    /// The answer: the tickets by their addresses, whatever their ids. Some may be missing.
    pub fn read(reply: &Reply) -> Result<Self, ServiceError> {
        let collection = answer(
            Service::SignIn,
            reply,
            "RequestSecurityTokenResponseCollection",
        )?;
        let mut tickets = BTreeMap::new();
        for item in collection.children_named("RequestSecurityTokenResponse") {
            let address = item.descend(&["AppliesTo", "EndpointReference"]);
            let address = address.map_or("", |endpoint| endpoint.text_of("Address"));
            let token = item.child("RequestedSecurityToken");
            let token = token.map_or("", |token| token.text_of("BinarySecurityToken"));
            if address.is_empty() || token.is_empty() {
                continue;
            }
            let proof = item.child("RequestedProofToken");
            let secret = proof.and_then(|proof| BASE64.decode(proof.text_of("BinarySecret")).ok());
            let ticket = Ticket {
                text: token.to_owned(),
                secret: secret.and_then(|secret| secret.try_into().ok()),
            };
            tickets.insert(address.to_lowercase(), ticket);
        }
        Ok(Self(tickets))
    }

    /// The ticket for a host.
    pub fn find(&self, host: &str) -> Option<&Ticket> {
        self.0.get(host)
    }

    /// The first of these that is there; what a server does not issue, another one stands in for.
    pub fn first(&self, hosts: &[&str]) -> &str {
        let mut found = hosts.iter().filter_map(|host| self.find(host));
        found.next().map_or("", |ticket| &ticket.text)
    }
}

/// The halves of `t=...&p=...`.
pub(super) fn halves(ticket: &str) -> (&str, &str) {
    let rest = ticket.strip_prefix("t=").unwrap_or(ticket);
    rest.split_once("&p=").unwrap_or((rest, ""))
}

/// `lc=1033,id=507` as `?lc=1033&id=507` (services-auth, 2).
fn tweener_policy(parameters: &str) -> String {
    let decoded = percent_decode_str(parameters).decode_utf8_lossy();
    format!("?{}", decoded.replace(',', "&"))
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Handle;
    use crate::soap::rst::{Grant, Holder, Lifetime, Password, Request, Target, Wanted, answer};
    use crate::soap::time::UtcSecond;
    use bytes::Bytes;

    fn identity() -> Identity {
        Identity {
            handle: Handle::parse("alice@example.org").unwrap(),
            password: Password::new("secret&<1>"),
        }
    }

    #[test]
    fn what_is_asked_is_what_the_service_reads() {
        let challenge = Challenge::Tweener("lc=1033,id=507,ru=http:%2F%2Fa,tw=0".to_owned());
        let request = Tickets::request(&identity(), &challenge);
        let read = Request::read(request.body.as_bytes(), &Default::default()).unwrap();
        assert_eq!(read.username, "alice@example.org");
        assert_eq!(read.password.expose(), "secret&<1>");
        let targets = read.tokens.iter().map(|token| match &token.target {
            Target::Address(address) => address.as_str(),
            Target::ServiceName(_) => "",
        });
        let targets: Vec<_> = targets.collect();
        assert_eq!(targets, [LOGIN_CIPHER, MESSENGER, CONTACTS, SECURE]);
        let policy = read.tokens[1].policy.as_deref();
        assert_eq!(policy, Some("?lc=1033&id=507&ru=http://a&tw=0"));
    }

    #[test]
    fn what_the_service_answers_is_read() {
        let challenge = Challenge::SingleSignOn("MBI_KEY_OLD".to_owned());
        let request = Tickets::request(&identity(), &challenge);
        let read = Request::read(request.body.as_bytes(), &Default::default()).unwrap();
        let granted = read.tokens.into_iter().map(|token| {
            let text = format!("t={:?}&p=", token.number);
            let grant = match token.wanted() {
                Wanted::Cipher => Grant::Cipher {
                    cipher: vec![1],
                    secret: [2; 24],
                },
                Wanted::Ticket => Grant::Ticket { text, secret: None },
                Wanted::TicketWithSecret => Grant::Ticket {
                    text,
                    secret: Some([3; 24]),
                },
                Wanted::Nothing => Grant::Refused,
            };
            (token, grant)
        });
        let holder = Holder {
            handle: &identity().handle,
            name: "Alice",
            puid: 1,
            cid: 2,
            peer: [127, 0, 0, 1].into(),
        };
        let lifetime = Lifetime {
            created: UtcSecond::from_unix(0),
            expires: UtcSecond::from_unix(86_400),
        };
        let body = answer(&holder, lifetime, &granted.collect::<Vec<_>>());
        let reply = Reply {
            status: 200,
            body: Bytes::from(body),
        };
        let tickets = Tickets::read(&reply).unwrap();
        assert_eq!(tickets.first(&["no.such.host", CONTACTS]), "t=2&p=");
        let clear = tickets.find(CLEAR).unwrap();
        assert_eq!((&*clear.text, clear.secret), ("t=4&p=", Some([3; 24])));
        assert!(tickets.find(LOGIN_CIPHER).is_none());
        assert!(!format!("{tickets:?} {clear:?}").contains("t="));
    }

    #[test]
    fn tickets_come_apart() {
        assert_eq!(halves("t=ab&p=cd"), ("ab", "cd"));
        assert_eq!(halves("t=ab&p="), ("ab", ""));
        assert_eq!(halves("ab"), ("ab", ""));
    }
}
