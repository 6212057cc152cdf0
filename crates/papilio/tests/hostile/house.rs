//! A node without listeners, and drivers that know no store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::roster::{Lists, Privacy};
use msnp::server::{Door, Event, Input, Policy};
use msnp::wire::line::{Codec, Limits};
use msnp::wire::param::Param;
use papilio::connection::driver::{Ask, Driver, Output};
use papilio::connection::welcome;
use papilio::conversation;
use papilio::directory::ListLimits;
use papilio::mailbox::Overflow;
use papilio::node::{Node, Settings};
use papilio::store::account::{Account, AccountId};
use papilio::store::roster::SessionRoster;

/// The node, and how its clients' bytes are cut.
pub(crate) struct House {
    pub(crate) node: Arc<Node>,
    codec: Codec,
}

impl House {
    /// With mailboxes of this size in bytes.
    pub(crate) fn with_mailboxes(size: usize) -> Self {
        let node = Node::new(Settings {
            policy: Policy::new(Param::word("http://localhost")),
            wire: Limits::DEFAULT,
            conversations: conversation::Settings {
                open_cookie: Duration::from_secs(120),
                ring_cookie: Duration::from_secs(60),
                participants: 50,
                failed_calls: 5,
                backlog: 64 * 1024,
            },
            lists: ListLimits {
                forward: 0,
                allow: 0,
                block: 0,
            },
            mailbox: size,
            unread: Duration::from_secs(60),
        });
        let codec = node.codec();
        Self { node, codec }
    }

    /// A connection that has said nothing.
    pub(crate) fn connect(&self) -> Driver {
        let peer = SocketAddr::from(([192, 0, 2, 10], 18183));
        let address = Param::word("192.0.2.5:1863");
        self.node.open(Door::Main, address, peer, now())
    }

    /// A connection whose ticket was found good: its account has its place in the directory, and its
    /// lists are being read from the store.
    pub(crate) fn half_signed_in(&self, account: &Account) -> HalfSignedIn {
        let mut driver = self.connect();
        let handle = &account.handle;
        self.say(&mut driver, "VER 1 MSNP13 CVR0\r\n");
        let cvr = format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n");
        self.say(&mut driver, &cvr);
        self.say(&mut driver, format!("USR 3 TWN I {handle}\r\n"));
        let mut out = Output::default();
        let line = b"USR 4 TWN S t=ticket&p=\r\n";
        let Some(Ask::Verify {
            ticket, dialect, ..
        }) = self.feed(&mut driver, line, &mut out)
        else {
            panic!("a ticket to verify");
        };
        driver.sign_in(account, dialect);
        HalfSignedIn { driver, ticket }
    }

    /// Signed in, with the first `CHG` done.
    pub(crate) fn signed_in(&self, account: &Account, contacts: &[(&Account, Lists)]) -> Driver {
        let half = self.half_signed_in(account);
        let mut driver = half.complete(account, roster(contacts));
        self.say(&mut driver, "CHG 5 NLN 0\r\n");
        driver
    }

    /// Says something to which the store has nothing to say; the answer.
    pub(crate) fn say(&self, driver: &mut Driver, bytes: impl AsRef<[u8]>) -> String {
        let mut out = Output::default();
        assert!(self.feed(driver, bytes.as_ref(), &mut out).is_none());
        assert_eq!(out.closing, None);
        let bytes: Vec<u8> = out.bytes.iter().flatten().copied().collect();
        String::from_utf8(bytes).unwrap()
    }

    fn feed(&self, driver: &mut Driver, bytes: &[u8], out: &mut Output) -> Option<Ask> {
        let mut input = BytesMut::from(bytes);
        let line = self.codec.decode(&mut input).unwrap().unwrap();
        driver.feed(now(), Input::Line(line), out)
    }
}

/// See [`House::half_signed_in`].
pub(crate) struct HalfSignedIn {
    driver: Driver,
    ticket: msnp::proof::tweener::Ticket,
}

impl HalfSignedIn {
    /// The store has told the lists.
    pub(crate) fn complete(self, account: &Account, roster: SessionRoster) -> Driver {
        let Self { mut driver, ticket } = self;
        let welcomed = welcome(&driver, account, ticket, Timestamp::UNIX_EPOCH, roster);
        let mut out = Output::default();
        driver.verified(now(), Ok(welcomed), &mut out);
        assert_eq!(out.closing, None);
        driver
    }
}

/// The time that the timers of connections go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// An account that no store has seen.
pub(crate) fn account(id: u32, name: &str) -> Account {
    Account {
        id: AccountId(id),
        handle: Handle::parse(&format!("{name}@example.com")).unwrap(),
        name: name.to_owned(),
        disabled: false,
        verified: true,
        created_at: Timestamp::UNIX_EPOCH,
        epoch: 0,
    }
}

/// What the store says of an account with these contacts, whom everyone may see.
pub(crate) fn roster(contacts: &[(&Account, Lists)]) -> SessionRoster {
    let contacts = contacts
        .iter()
        .map(|(contact, lists)| (contact.id, contact.handle.clone(), *lists));
    SessionRoster {
        privacy: Privacy::Everyone,
        contacts: contacts.collect(),
    }
}

/// The post of a connection: what others caused for it, and whether its mailbox ran over.
pub(crate) fn post(driver: &Driver) -> (Vec<String>, Overflow) {
    let (posts, overflow) = driver.mailbox().take();
    let lines = posts.into_iter().map(|post| match post.event {
        Event::Frozen(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => format!("{other:?}"),
    });
    (lines.collect(), overflow)
}
