//! Two accounts in a real directory.

use std::sync::Arc;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::presence::{Capabilities, FriendlyName, Status, UserData};
use msnp::roster::{Lists, Privacy};
use msnp::server::{Appearance, Edit, Event};
use msnp::wire::param::Param;
use msnp::wire::version::{Dialect, Version};
use papilio::directory::{Directory, ListLimits, SessionId};
use papilio::mailbox::Mailbox;
use papilio::store::account::{Account, AccountId};
use papilio::store::roster::{RosterChange, SessionRoster};

use super::model::{Listed, Stage, State, Step, Who};

/// Two accounts in a directory of their own.
pub(crate) struct World {
    directory: Directory,
    pub(crate) ann: Person,
    pub(crate) ben: Person,
}

pub(crate) struct Person {
    account: Account,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) session: Option<SessionId>,
}

impl Person {
    fn new(id: u32, handle: &str) -> Self {
        let account = Account {
            id: AccountId(id),
            handle: Handle::parse(handle).unwrap(),
            name: "Somebody".to_owned(),
            disabled: false,
            verified: true,
            created_at: Timestamp::UNIX_EPOCH,
            epoch: 1,
        };
        Self {
            account,
            mailbox: Mailbox::new(0),
            session: None,
        }
    }

    fn id(&self) -> AccountId {
        self.account.id
    }
}

impl World {
    /// Builds a state. Whoever is first is there first.
    pub(crate) fn build(state: &State, first: Who) -> Self {
        let mut world = Self {
            directory: Directory::new(ListLimits {
                forward: 0,
                allow: 0,
                block: 0,
            }),
            ann: Person::new(1, "ann@example.com"),
            ben: Person::new(2, "ben@example.com"),
        };
        let order = match first {
            Who::Ann => [Who::Ann, Who::Ben],
            Who::Ben => [Who::Ben, Who::Ann],
        };
        for who in order {
            world.arrive(state, who);
        }
        world.ann.mailbox.take();
        world.ben.mailbox.take();
        world
    }

    fn arrive(&mut self, state: &State, who: Who) {
        let (stage, lists) = match who {
            Who::Ann => (state.ann, vec![(Lists::FORWARD, state.forward)]),
            Who::Ben => (
                state.ben,
                vec![(Lists::ALLOW, state.allow), (Lists::BLOCK, state.block)],
            ),
        };
        if stage == Stage::SignedOut {
            return;
        }
        self.sign_in(state, who);
        for (list, listed) in lists {
            match listed.session {
                Some(true) => self.edit(who, Edit::Add, list),
                Some(false) => self.edit(who, Edit::Remove, list),
                None => {}
            }
        }
        if who == Who::Ben && state.privacy.0 != state.privacy.1 {
            self.step(state, who, Step::Privacy(state.privacy.1));
        }
        match stage {
            Stage::Hidden => drop(self.appear(who, Status::Hidden)),
            Stage::Visible => drop(self.appear(who, Status::Online)),
            Stage::SignedIn | Stage::SignedOut => {}
        }
    }

    pub(crate) fn person(&mut self, who: Who) -> &mut Person {
        match who {
            Who::Ann => &mut self.ann,
            Who::Ben => &mut self.ben,
        }
    }

    fn ids(&self, who: Who) -> (AccountId, AccountId) {
        match who {
            Who::Ann => (self.ann.id(), self.ben.id()),
            Who::Ben => (self.ben.id(), self.ann.id()),
        }
    }

    /// What `who` holds about the other, as stored.
    fn stored(state: &State, who: Who) -> Lists {
        let lists = match who {
            Who::Ann => [(Lists::FORWARD, state.forward), NOWHERE],
            Who::Ben => [(Lists::ALLOW, state.allow), (Lists::BLOCK, state.block)],
        };
        let stored = lists.into_iter().filter(|(_, listed)| listed.stored);
        stored.fold(Lists::NONE, |lists, (list, _)| lists | list)
    }

    /// Takes a place in the directory with the lists that are stored, as a connection does.
    fn sign_in(&mut self, state: &State, who: Who) {
        let (id, other) = self.ids(who);
        let other_handle = match who {
            Who::Ann => self.ben.account.handle.clone(),
            Who::Ben => self.ann.account.handle.clone(),
        };
        let mailbox = Mailbox::new(0);
        let account = self.person(who).account.clone();
        let dialect = Dialect::of(Version::MSNP13).unwrap();
        let address = Param::new("192.0.2.5:1863").unwrap();
        let session = self
            .directory
            .sign_in(&account, dialect, address, Arc::clone(&mailbox));
        let stored = Self::stored(state, who);
        let contact = (other, other_handle, stored);
        let roster = SessionRoster {
            privacy: match who {
                Who::Ann => Privacy::default(),
                Who::Ben => state.privacy.0,
            },
            contacts: (!stored.is_empty())
                .then_some(contact)
                .into_iter()
                .collect(),
        };
        self.directory.fill(id, session, roster);
        let person = self.person(who);
        person.session = Some(session);
        person.mailbox = mailbox;
        // Whoever has nothing to say is shown without UBX.
        self.publish(who, "Hello");
    }

    pub(crate) fn publish(&mut self, who: Who, message: &str) {
        let (id, _) = self.ids(who);
        let session = self.person(who).session.unwrap();
        let data = UserData {
            personal_message: message.to_owned(),
            ..UserData::default()
        };
        self.directory.publish(id, session, data);
    }

    /// Whether the other is in the burst of a first `CHG`.
    fn appear(&mut self, who: Who, status: Status) -> Option<bool> {
        let (id, _) = self.ids(who);
        let session = self.person(who).session.unwrap();
        let appearance = Appearance {
            status,
            capabilities: Capabilities(1),
            object: None,
        };
        let burst = self.directory.appear(id, session, &appearance);
        burst.map(|seen| !seen.is_empty())
    }

    fn edit(&mut self, who: Who, edit: Edit, lists: Lists) {
        let (id, other) = self.ids(who);
        let handle = match who {
            Who::Ann => self.ben.account.handle.clone(),
            Who::Ben => self.ann.account.handle.clone(),
        };
        let session = self.person(who).session.unwrap();
        let contacts = [(other, handle, lists)];
        self.directory
            .edit_lists(id, session, edit, &contacts)
            .unwrap();
    }

    /// Takes a step; `after` is the state that it leads to. Returns the burst of a first `CHG`.
    pub(crate) fn step(&mut self, after: &State, who: Who, step: Step) -> Option<bool> {
        let (owner, contact) = self.ids(who);
        let session = self.person(who).session;
        let directory = &self.directory;
        match step {
            Step::SignIn => self.sign_in(after, who),
            Step::SignOut => {
                directory.sign_out(owner, session.unwrap());
                self.person(who).session = None;
            }
            Step::Appear(status) => return self.appear(who, status),
            Step::Add(lists) => self.edit(who, Edit::Add, lists),
            Step::Remove(lists) => self.edit(who, Edit::Remove, lists),
            Step::Privacy(privacy) => directory.set_privacy(owner, session.unwrap(), privacy),
            Step::Rename => {
                let name = FriendlyName::from_text("Somebody else").unwrap();
                directory.rename(owner, session.unwrap(), name);
            }
            Step::Publish => self.publish(who, "Hello again"),
            Step::StorePrivacy(privacy) => {
                self.store(who, RosterChange::Privacy { owner, privacy });
            }
            Step::StoreContact
            | Step::DeleteContact
            | Step::StoreMember(_)
            | Step::DeleteMember(_) => {
                let touched = match step {
                    Step::StoreMember(_) => Lists::ALLOW | Lists::BLOCK,
                    Step::DeleteMember(list) => list,
                    _ => Lists::FORWARD,
                };
                let change = RosterChange::Lists {
                    owner,
                    contact,
                    lists: Self::stored(after, who),
                    touched,
                };
                self.store(who, change);
            }
        }
        None
    }

    pub(crate) fn store(&mut self, who: Who, change: RosterChange) {
        let account = self.person(who).account.clone();
        self.directory
            .apply(&account, vec![change], Timestamp::UNIX_EPOCH);
    }
}

const NOWHERE: (Lists, Listed) = (
    Lists::NONE,
    Listed {
        stored: false,
        session: None,
    },
);

/// The verbs of all that waits in a mailbox.
pub(crate) fn verbs(mailbox: &Mailbox) -> Vec<String> {
    let (posts, _) = mailbox.take();
    let mut verbs = Vec::new();
    for post in posts {
        let Event::Frozen(bytes) = post.event else {
            verbs.push(format!("{:?}", post.event));
            continue;
        };
        let mut rest = str::from_utf8(&bytes).unwrap();
        while let Some((line, after)) = rest.split_once("\r\n") {
            let payload = match line.strip_prefix("UBX ben@example.com ") {
                Some(length) => length.parse().unwrap(),
                None => 0,
            };
            assert!(line.contains("ben@example.com"), "{line}");
            verbs.push(line[..3].to_owned());
            rest = &after[payload..];
        }
    }
    verbs
}
