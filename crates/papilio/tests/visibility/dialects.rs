//! Watchers of every version are told the same, each in its own form (transcripts-14-15, 11).

use std::sync::Arc;

use bytes::BytesMut;
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::presence::{Capabilities, FriendlyName, Status, UserData};
use msnp::roster::{Lists, Privacy};
use msnp::server::{Appearance, Edit, Event};
use msnp::wire::command::NotificationReply;
use msnp::wire::line::{Codec, Limits, Side};
use msnp::wire::param::Param;
use msnp::wire::version::{Dialect, Version};
use papilio::directory::{Directory, ListLimits, SessionId};
use papilio::mailbox::Mailbox;
use papilio::store::account::{Account, AccountId};
use papilio::store::roster::SessionRoster;

/// One of each version, and two of one, since they share what is rendered.
const WATCHERS: [Version; 4] = [
    Version::MSNP13,
    Version::MSNP14,
    Version::MSNP15,
    Version::MSNP15,
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Appear(Status, Option<&'static str>),
    Rename,
    Publish,
    Privacy(Privacy),
    AllowAll(Edit),
    BlockAll(Edit),
    SignInAgain,
}

const STEPS: [Step; 11] = [
    Step::Appear(Status::Online, None),
    Step::Appear(Status::Busy, Some("%3Cmsnobj%20Size%3D%221%22/%3E")),
    Step::Appear(Status::Hidden, None),
    Step::Rename,
    Step::Publish,
    Step::Privacy(Privacy::Everyone),
    Step::Privacy(Privacy::AllowedOnly),
    Step::AllowAll(Edit::Add),
    Step::BlockAll(Edit::Add),
    Step::BlockAll(Edit::Remove),
    Step::SignInAgain,
];

#[test]
fn watchers_of_every_version_are_told_the_same() {
    let mut told = 0;
    for first in STEPS {
        for second in STEPS {
            for third in STEPS {
                let steps = [Step::Appear(Status::Online, None), first, second, third];
                told += play(&steps);
            }
        }
    }
    assert!(told > 3000, "only {told} events were told");
}

/// How many events each watcher was told.
fn play(steps: &[Step]) -> usize {
    let mut world = World::new();
    for &step in steps {
        world.take(step);
    }
    let told = world
        .watchers
        .map(|(dialect, mailbox)| events(dialect, &mailbox));
    for other in &told {
        assert_eq!(other, &told[0], "{steps:?}");
    }
    told[0].len()
}

struct World {
    directory: Directory,
    ben: Account,
    session: SessionId,
    watchers: [(&'static Dialect, Arc<Mailbox>); 4],
}

impl World {
    fn new() -> Self {
        let directory = Directory::new(ListLimits {
            forward: 0,
            allow: 0,
            block: 0,
        });
        let ben = account(0);
        let watchers = std::array::from_fn(|index| {
            let watcher = account(index + 1);
            let dialect = Dialect::of(WATCHERS[index]).unwrap();
            let mailbox = Mailbox::new(0);
            let session = sign_in(&directory, &watcher, dialect, &mailbox);
            let lists = vec![(ben.id, ben.handle.clone(), Lists::FORWARD)];
            directory.fill(watcher.id, session, roster(lists));
            directory.appear(watcher.id, session, &appearance(Status::Online, None));
            (dialect, mailbox)
        });
        let session = ben_signs_in(&directory, &ben);
        Self {
            directory,
            ben,
            session,
            watchers,
        }
    }

    fn take(&mut self, step: Step) {
        let (directory, id, session) = (&self.directory, self.ben.id, self.session);
        let edit = |edit, lists| {
            let watchers = (1..=WATCHERS.len()).map(account);
            let all: Vec<_> = watchers.map(|a| (a.id, a.handle, lists)).collect();
            directory.edit_lists(id, session, edit, &all).unwrap();
        };
        match step {
            Step::Appear(status, object) => {
                directory.appear(id, session, &appearance(status, object));
            }
            Step::Rename => {
                let name = FriendlyName::from_text("Ben again").unwrap();
                directory.rename(id, session, name);
            }
            Step::Publish => directory.publish(id, session, UserData::default()),
            Step::Privacy(privacy) => directory.set_privacy(id, session, privacy),
            Step::AllowAll(how) => edit(how, Lists::ALLOW),
            Step::BlockAll(how) => edit(how, Lists::BLOCK),
            Step::SignInAgain => self.session = ben_signs_in(directory, &self.ben),
        }
    }
}

fn account(number: usize) -> Account {
    Account {
        id: AccountId(u32::try_from(number).unwrap() + 1),
        handle: Handle::parse(&format!("person{number}@example.com")).unwrap(),
        name: "Somebody".to_owned(),
        disabled: false,
        verified: true,
        created_at: Timestamp::UNIX_EPOCH,
        epoch: 1,
    }
}

fn sign_in(
    directory: &Directory,
    account: &Account,
    dialect: &'static Dialect,
    mailbox: &Arc<Mailbox>,
) -> SessionId {
    let address = Param::new("192.0.2.5:1863").unwrap();
    directory.sign_in(account, dialect, address, Arc::clone(mailbox))
}

fn ben_signs_in(directory: &Directory, ben: &Account) -> SessionId {
    let dialect = Dialect::of(Version::MSNP15).unwrap();
    let session = sign_in(directory, ben, dialect, &Mailbox::new(0));
    directory.fill(ben.id, session, roster(Vec::new()));
    session
}

fn roster(contacts: Vec<(AccountId, Handle, Lists)>) -> SessionRoster {
    SessionRoster {
        privacy: Privacy::default(),
        contacts,
    }
}

fn appearance(status: Status, object: Option<&str>) -> Appearance {
    Appearance {
        status,
        capabilities: Capabilities(7),
        object: object.map(|object| Param::new(object).unwrap()),
    }
}

/// What waits in a mailbox, read as its version writes it.
fn events(dialect: &'static Dialect, mailbox: &Mailbox) -> Vec<NotificationReply> {
    let (posts, _) = mailbox.take();
    let mut input = BytesMut::new();
    for post in posts {
        let Event::Frozen(bytes) = post.event else {
            panic!("{:?}", post.event);
        };
        input.extend_from_slice(&bytes);
    }
    let codec = Codec::new(Side::Server, Limits::DEFAULT);
    let lines = std::iter::from_fn(|| codec.decode(&mut input).unwrap());
    lines
        .map(|line| NotificationReply::parse(&line, Some(dialect)).unwrap())
        .collect()
}
