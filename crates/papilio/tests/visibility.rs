//! Who sees whom, exhaustively, for two accounts (wire-msnp13, 5, "Who sees whom"; RULINGS).
//!
//! Ann watches Ben. Every state that the rule knows, in every way in which its lists can have come
//! about, is built in a real directory; from it every single step is taken, by every door that can take
//! it, and Ann must get exactly what the rule says, Ben nothing.
//!
//! ```text
//!   state: Ann FL on Ben | Ben AL, BL on Ann | Ben's BLP | Ben: away, signed in, hidden, visible | Ann: the same
//!   a list: on none | stored | of this session (ADL) | stored, and off for this session (RML)
//!   step:  CHG, sign-in, take-over, sign-out, ADL, RML, BLP, PRP, UUX, and what the services store
//! ```
//!
//! The model here is the rule once more, in a few lines that share nothing with the server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

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

// ---- The model ---------------------------------------------------------------------------------

/// Everything that decides whether Ann sees Ben.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    /// Ann has Ben on FL.
    forward: Listed,
    /// Ben has Ann on AL.
    allow: Listed,
    /// Ben has Ann on BL.
    block: Listed,
    /// Ben's BLP, as stored and as it is in his session.
    privacy: (Privacy, Privacy),
    ann: Stage,
    ben: Stage,
}

/// Whether somebody is on a list: as stored, and what the session says over it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Listed {
    stored: bool,
    session: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    SignedOut,
    /// No `CHG` yet.
    SignedIn,
    Hidden,
    Visible,
}

impl Listed {
    fn counts(self) -> bool {
        self.session.unwrap_or(self.stored)
    }

    fn store(&mut self, stored: bool) {
        *self = Self {
            stored,
            session: None,
        };
    }
}

impl State {
    /// The rule.
    fn sees(&self) -> bool {
        self.forward.counts()
            && matches!(self.ann, Stage::Hidden | Stage::Visible)
            && self.ben == Stage::Visible
            && !self.block.counts()
            && (self.allow.counts() || self.privacy.1 == Privacy::Everyone)
    }

    /// Whether it can come about: who is not signed in has said nothing about lists.
    fn is_possible(&self) -> bool {
        let said = |list: Listed| list.session.is_some();
        (self.ann != Stage::SignedOut || !said(self.forward))
            && (self.ben != Stage::SignedOut
                || !said(self.allow) && !said(self.block) && self.privacy.0 == self.privacy.1)
            // By the services, AL and BL exclude one another.
            && !(self.allow.stored && self.block.stored)
    }
}

/// What Ann gets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Nothing,
    /// `NLN`, `UBX`.
    Arrival,
    /// `NLN`.
    Line,
    /// `UBX`.
    Data,
    /// `FLN`.
    Departure,
}

/// One step of one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    SignIn,
    SignOut,
    Appear(Status),
    Add(Lists),
    Remove(Lists),
    Privacy(Privacy),
    Rename,
    Publish,
    /// ABContactAdd.
    StoreContact,
    /// ABContactDelete.
    DeleteContact,
    /// AddMember.
    StoreMember(Lists),
    /// DeleteMember.
    DeleteMember(Lists),
    /// ABContactUpdate.
    StorePrivacy(Privacy),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Ann,
    Ben,
}

/// The state after a step, and what Ann gets; `None` if the step cannot be taken.
fn predict(mut state: State, who: Who, step: Step) -> Option<(State, Told)> {
    let before = state.sees();
    let stage = match who {
        Who::Ann => state.ann,
        Who::Ben => state.ben,
    };
    let by_wire = !matches!(
        step,
        Step::SignIn
            | Step::StoreContact
            | Step::DeleteContact
            | Step::StoreMember(_)
            | Step::DeleteMember(_)
            | Step::StorePrivacy(_)
    );
    if by_wire && stage == Stage::SignedOut {
        return None;
    }
    let mut new_stage = stage;
    match (who, step) {
        (_, Step::SignIn | Step::SignOut) => {
            new_stage = match step {
                Step::SignIn => Stage::SignedIn,
                _ => Stage::SignedOut,
            };
            if who == Who::Ann {
                state.forward.session = None;
            } else {
                state.allow.session = None;
                state.block.session = None;
                state.privacy.1 = state.privacy.0;
            }
        }
        (_, Step::Appear(Status::Hidden)) => new_stage = Stage::Hidden,
        (_, Step::Appear(_)) => new_stage = Stage::Visible,
        (Who::Ann, Step::Add(lists)) if lists.contains(Lists::FORWARD) => {
            state.forward.session = Some(true);
        }
        (Who::Ann, Step::Remove(lists)) if lists.contains(Lists::FORWARD) => {
            state.forward.session = Some(false);
        }
        (Who::Ben, Step::Add(lists) | Step::Remove(lists)) => {
            let said = Some(matches!(step, Step::Add(_)));
            if lists.contains(Lists::ALLOW) {
                state.allow.session = said;
            }
            if lists.contains(Lists::BLOCK) {
                state.block.session = said;
            }
        }
        (Who::Ben, Step::Privacy(privacy)) => state.privacy.1 = privacy,
        (Who::Ben, Step::StorePrivacy(privacy)) => state.privacy = (privacy, privacy),
        (Who::Ann, Step::StoreContact) => {
            if state.forward.stored {
                return None;
            }
            state.forward.store(true);
        }
        (Who::Ann, Step::DeleteContact) => {
            if !state.forward.stored {
                return None;
            }
            state.forward.store(false);
        }
        (Who::Ben, Step::StoreMember(list)) => {
            // One of them removes the other, whatever the session said about either.
            let allow = list == Lists::ALLOW;
            if allow && state.allow.stored || !allow && state.block.stored {
                return None;
            }
            state.allow.store(allow);
            state.block.store(!allow);
        }
        (Who::Ben, Step::DeleteMember(list)) => {
            let listed = match list {
                Lists::ALLOW => &mut state.allow,
                _ => &mut state.block,
            };
            if !listed.stored {
                return None;
            }
            listed.store(false);
        }
        // What Ann says of herself and of who may see her is not about Ben, nor Ben's FL about Ann.
        _ => {}
    }
    match who {
        Who::Ann => state.ann = new_stage,
        Who::Ben => state.ben = new_stage,
    }
    let told = match (who, step) {
        // Nobody is told by a mailbox who they see when they come; see `burst`.
        (Who::Ann, Step::SignIn | Step::SignOut | Step::Appear(_)) => Told::Nothing,
        _ => match (before, state.sees()) {
            (false, false) => Told::Nothing,
            (false, true) => Told::Arrival,
            // Whoever takes somebody off FL just hears no more of them.
            (true, false) if !state.forward.counts() => Told::Nothing,
            (true, false) => Told::Departure,
            (true, true) => match (who, step) {
                (Who::Ben, Step::Appear(_) | Step::Rename) => Told::Line,
                (Who::Ben, Step::Publish) => Told::Data,
                // What came before the ADL may have been ignored: again.
                (Who::Ann, Step::Add(lists)) if lists.contains(Lists::FORWARD) => Told::Arrival,
                _ => Told::Nothing,
            },
        },
    };
    Some((state, told))
}

// ---- The directory -----------------------------------------------------------------------------

/// Two accounts in a directory of their own.
struct World {
    directory: Directory,
    ann: Person,
    ben: Person,
}

struct Person {
    account: Account,
    mailbox: Arc<Mailbox>,
    session: Option<SessionId>,
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
    fn build(state: &State, first: Who) -> Self {
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

    fn person(&mut self, who: Who) -> &mut Person {
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

    fn publish(&mut self, who: Who, message: &str) {
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
    fn step(&mut self, after: &State, who: Who, step: Step) -> Option<bool> {
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

    fn store(&mut self, who: Who, change: RosterChange) {
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
fn verbs(mailbox: &Mailbox) -> Vec<String> {
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

// ---- The test ----------------------------------------------------------------------------------

fn states() -> impl Iterator<Item = State> {
    let listed = [
        (false, None),
        (true, None),
        (false, Some(true)),
        (true, Some(false)),
    ]
    .map(|(stored, session)| Listed { stored, session });
    let privacies = [Privacy::Everyone, Privacy::AllowedOnly];
    let stages = [
        Stage::SignedOut,
        Stage::SignedIn,
        Stage::Hidden,
        Stage::Visible,
    ];
    let mut states = Vec::new();
    for forward in listed {
        for allow in listed {
            for block in listed {
                for stored in privacies {
                    for session in privacies {
                        for ann in stages {
                            for ben in stages {
                                states.push(State {
                                    forward,
                                    allow,
                                    block,
                                    privacy: (stored, session),
                                    ann,
                                    ben,
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    states.into_iter().filter(State::is_possible)
}

fn steps() -> Vec<Step> {
    let mut steps = vec![
        Step::SignIn,
        Step::SignOut,
        Step::Appear(Status::Online),
        Step::Appear(Status::Busy),
        Step::Appear(Status::Hidden),
        Step::Privacy(Privacy::Everyone),
        Step::Privacy(Privacy::AllowedOnly),
        Step::Rename,
        Step::Publish,
        Step::StoreContact,
        Step::DeleteContact,
        Step::StoreMember(Lists::ALLOW),
        Step::StoreMember(Lists::BLOCK),
        Step::DeleteMember(Lists::ALLOW),
        Step::DeleteMember(Lists::BLOCK),
        Step::StorePrivacy(Privacy::Everyone),
        Step::StorePrivacy(Privacy::AllowedOnly),
    ];
    for bits in 1..=7 {
        let lists = Lists::from_bits(bits).unwrap();
        steps.extend([Step::Add(lists), Step::Remove(lists)]);
    }
    steps
}

/// The steps of each of them that say something here: Ann's own AL, BL and BLP do not, but Ann can
/// take them; what she stores about them is not modelled.
fn is_told_of(who: Who, step: Step) -> bool {
    match step {
        Step::StoreContact | Step::DeleteContact => who == Who::Ann,
        Step::StoreMember(_) | Step::DeleteMember(_) | Step::StorePrivacy(_) => who == Who::Ben,
        // Ben's FL is on nobody here: with it he would see Ann.
        Step::Add(lists) => who == Who::Ann || !lists.contains(Lists::FORWARD),
        _ => true,
    }
}

#[test]
fn every_step_from_every_state_tells_exactly_what_the_rule_says() {
    let mut taken = 0;
    for state in states() {
        for (who, step) in [Who::Ann, Who::Ben]
            .into_iter()
            .flat_map(|who| steps().into_iter().map(move |step| (who, step)))
            .filter(|&(who, step)| is_told_of(who, step))
        {
            let Some((after, told)) = predict(state, who, step) else {
                continue;
            };
            for first in [Who::Ann, Who::Ben] {
                check(&state, first, (who, step), &after, told);
                taken += 1;
            }
        }
    }
    assert!(taken > 40_000, "only {taken} steps were taken");
}

fn check(state: &State, first: Who, (who, step): (Who, Step), after: &State, told: Told) {
    let case = || format!("{state:?}\n{first:?} came first\n{who:?}: {step:?}\n{after:?}");
    let mut world = World::build(state, first);
    let replaced = (step == Step::SignIn).then(|| Arc::clone(&world.person(who).mailbox));
    let was_there = world.person(who).session.is_some();
    let burst = world.step(after, who, step);

    let expected: &[&str] = match told {
        Told::Nothing => &[],
        Told::Arrival => &["NLN", "UBX"],
        Told::Line => &["NLN"],
        Told::Data => &["UBX"],
        Told::Departure => &["FLN"],
    };
    assert_eq!(verbs(&world.ann.mailbox), expected, "Ann's\n{}", case());
    let nothing: &[&str] = &[];
    assert_eq!(verbs(&world.ben.mailbox), nothing, "Ben's\n{}", case());
    if let Some(replaced) = replaced {
        let expected: &[&str] = if was_there {
            &["SignedInElsewhere"]
        } else {
            &[]
        };
        assert_eq!(verbs(&replaced), expected, "replaced\n{}", case());
    }
    if who == Who::Ann && matches!(step, Step::Appear(_)) {
        let expected = (state.ann == Stage::SignedIn).then(|| after.sees());
        assert_eq!(burst, expected, "burst\n{}", case());
    }

    // The directory is now where the model is: the next change of Ben's tells as much.
    if after.ben == Stage::Visible {
        world.publish(Who::Ben, "And again");
        let expected: &[&str] = if after.sees() { &["UBX"] } else { &[] };
        assert_eq!(verbs(&world.ann.mailbox), expected, "then\n{}", case());
    }
}

#[test]
fn the_model_knows_the_rule() {
    let on = Listed {
        stored: true,
        session: None,
    };
    let (_, off) = NOWHERE;
    let seen = State {
        forward: on,
        allow: off,
        block: off,
        privacy: (Privacy::Everyone, Privacy::Everyone),
        ann: Stage::Hidden,
        ben: Stage::Visible,
    };
    assert!(seen.sees());
    for unseen in [
        State {
            forward: off,
            ..seen
        },
        State { block: on, ..seen },
        State {
            allow: on,
            block: on,
            ..seen
        },
        State {
            privacy: (Privacy::Everyone, Privacy::AllowedOnly),
            ..seen
        },
        State {
            ben: Stage::Hidden,
            ..seen
        },
        State {
            ben: Stage::SignedIn,
            ..seen
        },
        State {
            ann: Stage::SignedIn,
            ..seen
        },
    ] {
        assert!(!unseen.sees(), "{unseen:?}");
    }
    let allowed = State {
        allow: on,
        privacy: (Privacy::Everyone, Privacy::AllowedOnly),
        ..seen
    };
    assert!(allowed.sees());
}
