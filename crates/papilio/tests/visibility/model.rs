//! The rule once more, in a few lines that share nothing with the server.

use msnp::presence::Status;
use msnp::roster::{Lists, Privacy};

/// Everything that decides whether Ann sees Ben.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct State {
    /// Ann has Ben on FL.
    pub(crate) forward: Listed,
    /// Ben has Ann on AL.
    pub(crate) allow: Listed,
    /// Ben has Ann on BL.
    pub(crate) block: Listed,
    /// Ben's BLP, as stored and as it is in his session.
    pub(crate) privacy: (Privacy, Privacy),
    pub(crate) ann: Stage,
    pub(crate) ben: Stage,
}

/// Whether somebody is on a list: as stored, and what the session says over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) stored: bool,
    pub(crate) session: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    SignedOut,
    /// No `CHG` yet.
    SignedIn,
    Hidden,
    Visible,
}

impl Listed {
    pub(crate) fn counts(self) -> bool {
        self.session.unwrap_or(self.stored)
    }

    pub(crate) fn store(&mut self, stored: bool) {
        *self = Self {
            stored,
            session: None,
        };
    }
}

impl State {
    /// The rule.
    pub(crate) fn sees(&self) -> bool {
        self.forward.counts()
            && matches!(self.ann, Stage::Hidden | Stage::Visible)
            && self.ben == Stage::Visible
            && !self.block.counts()
            && (self.allow.counts() || self.privacy.1 == Privacy::Everyone)
    }

    /// Whether it can come about: who is not signed in has said nothing about lists.
    pub(crate) fn is_possible(&self) -> bool {
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
pub(crate) enum Told {
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
pub(crate) enum Step {
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
pub(crate) enum Who {
    Ann,
    Ben,
}

/// The state after a step, and what Ann gets; `None` if the step cannot be taken.
pub(crate) fn predict(mut state: State, who: Who, step: Step) -> Option<(State, Told)> {
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
