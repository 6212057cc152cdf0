//! The roster rule book: who is on which list, and who may see whom.
//!
//! The one place for these rules. `ADL`, `RML` and `BLP` go through it, and so do the address book
//! and sharing services: two entrances, one set of rules (wire-msnp13, 4 and 5, "Who sees whom";
//! services-addressbook, 2 and 8; RULINGS).
//!
//! ```text
//!            what A holds about B           what B holds about A
//!   Pair  {  own: FL AL BL RL PL      ,     theirs: FL AL BL RL PL  }
//!
//!   A sees B  =  A has B on FL  and  B appears  and  B allows A
//!   B allows A  =  A not on B's BL  and  (A on B's AL  or  B's BLP is AL)
//! ```

use std::fmt;
use std::ops::{BitOr, BitOrAssign, Sub, SubAssign};

/// One of the five lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// FL: whose presence I want.
    Forward,
    /// AL: who may see and call me.
    Allow,
    /// BL: who may not.
    Block,
    /// RL: who has me on their FL. Kept by the server.
    Reverse,
    /// PL: who added me and waits for an answer. Kept by the server.
    Pending,
}

impl List {
    /// All five, in the order of their bits.
    pub const ALL: [Self; 5] = [
        Self::Forward,
        Self::Allow,
        Self::Block,
        Self::Reverse,
        Self::Pending,
    ];
}

/// A set of lists, as the bit field that travels (wire-msnp13, 4, "List bits").
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Lists(u8);

impl Lists {
    /// On no list.
    pub const NONE: Self = Self(0);
    /// FL, 1.
    pub const FORWARD: Self = Self(1);
    /// AL, 2.
    pub const ALLOW: Self = Self(2);
    /// BL, 4.
    pub const BLOCK: Self = Self(4);
    /// RL, 8.
    pub const REVERSE: Self = Self(8);
    /// PL, 16.
    pub const PENDING: Self = Self(16);
    /// What a client may name in `ADL` and `RML`: FL, AL and BL.
    pub const SESSION: Self = Self(7);

    /// The bit field.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Reads a bit field; `None` when it has bits that are no list.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 32 { Some(Self(bits)) } else { None }
    }

    /// Whether every list of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some list of `other` is in this set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The lists that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The lists that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = List> {
        List::ALL
            .into_iter()
            .filter(move |&list| self.contains(list.into()))
    }
}

impl From<List> for Lists {
    fn from(list: List) -> Self {
        match list {
            List::Forward => Self::FORWARD,
            List::Allow => Self::ALLOW,
            List::Block => Self::BLOCK,
            List::Reverse => Self::REVERSE,
            List::Pending => Self::PENDING,
        }
    }
}

impl BitOr for Lists {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Lists {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl Sub for Lists {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl SubAssign for Lists {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// BLP: what happens to people who are on neither AL nor BL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privacy {
    /// `AL`: they may see me.
    #[default]
    Everyone,
    /// `BL`: they may not.
    AllowedOnly,
}

/// GTC: what happens when somebody adds me.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddPolicy {
    /// `MSN.IM.GTC` 1: they wait on my PL until I answer.
    #[default]
    Ask,
    /// `MSN.IM.GTC` 0: they go on my AL.
    Automatic,
}

/// `EnableAllowListManagement` of ABContactAdd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllowListManagement {
    /// The client keeps its AL by itself.
    #[default]
    ByClient,
    /// Whom I add goes on my AL as well.
    ByServer,
}

// ---- Who may see whom -------------------------------------------------------------------------

/// Whether somebody who holds `lists` about a person, under `privacy`, lets that person see and
/// call them. BL loses, then AL wins, then BLP decides.
pub fn allows(lists: Lists, privacy: Privacy) -> bool {
    if lists.contains(Lists::BLOCK) {
        false
    } else {
        lists.contains(Lists::ALLOW) || privacy == Privacy::Everyone
    }
}

/// Whether A gets B's presence, B being there to be seen (signed in, not hidden).
///
/// `watcher` is what A holds about B; `watched` and `privacy` are what B holds about A, and B's BLP.
/// Nothing asks for A on B's FL, and A's own blocking of B does not hide B from A.
pub fn sees(watcher: Lists, watched: Lists, privacy: Privacy) -> bool {
    watcher.contains(Lists::FORWARD) && allows(watched, privacy)
}

/// What one session holds about one contact: the stored lists with the session's own `ADL`/`RML` on
/// top (RULINGS, "stored lists and ADL").
///
/// The overlay wins per list; a stored change to a list clears the overlay's entry for it, so that
/// the last word counts, by whichever door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    stored: Lists,
    added: Lists,
    removed: Lists,
}

impl View {
    /// The view at sign-in: what is stored, nothing on top.
    pub fn of_stored(stored: Lists) -> Self {
        Self {
            stored,
            ..Self::default()
        }
    }

    /// The lists that count now.
    pub fn lists(self) -> Lists {
        (self.stored - self.removed) | self.added
    }

    /// `ADL`: on these lists for this session.
    pub fn add(&mut self, lists: Lists) {
        self.added |= lists;
        self.removed -= lists;
    }

    /// `RML`: off these lists for this session.
    pub fn remove(&mut self, lists: Lists) {
        self.removed |= lists;
        self.added -= lists;
    }

    /// The address book or sharing service stored `lists`, having spoken about `touched`.
    pub fn store(&mut self, lists: Lists, touched: Lists) {
        self.stored = lists;
        self.added -= touched;
        self.removed -= touched;
    }
}

// ---- What a change to one list does to the others ----------------------------------------------

/// What two accounts hold about one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// What the one who acts holds about the other.
    pub own: Lists,
    /// What the other holds about the one who acts.
    pub theirs: Lists,
}

/// A member of a sharing role cannot be added or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// MemberAlreadyExists.
    #[error("already a member")]
    AlreadyExists,
    /// MemberDoesNotExist.
    #[error("not a member")]
    DoesNotExist,
    /// The list is not one that a client may change in this way.
    #[error("the server keeps this list")]
    KeptByServer,
}

/// A puts B on FL: B gets A on RL, and on PL or AL as B's GTC says.
pub fn add_forward(pair: Pair, policy: AddPolicy, management: AllowListManagement) -> Pair {
    let Pair {
        mut own,
        mut theirs,
    } = pair;
    own |= Lists::FORWARD;
    if management == AllowListManagement::ByServer && !own.contains(Lists::BLOCK) {
        // An answer to somebody who waits, like AddMember.
        own = (own - Lists::PENDING) | Lists::ALLOW;
    }
    theirs |= Lists::REVERSE;
    match policy {
        AddPolicy::Ask if !theirs.intersects(Lists::ALLOW | Lists::BLOCK) => {
            theirs |= Lists::PENDING;
        }
        AddPolicy::Automatic if !theirs.contains(Lists::BLOCK) => {
            theirs |= Lists::ALLOW;
        }
        AddPolicy::Ask | AddPolicy::Automatic => {}
    }
    Pair { own, theirs }
}

/// A takes B off FL: A leaves B's RL and PL. AL and BL of both stay.
pub fn remove_forward(pair: Pair) -> Pair {
    Pair {
        own: pair.own - Lists::FORWARD,
        theirs: pair.theirs - (Lists::REVERSE | Lists::PENDING),
    }
}

/// The import writes `lists` as given; FL also puts the owner on the other's RL, without PL.
pub fn import(pair: Pair, lists: Lists) -> Pair {
    let theirs = if lists.contains(Lists::FORWARD) {
        pair.theirs | Lists::REVERSE
    } else {
        pair.theirs
    };
    Pair {
        own: pair.own | lists,
        theirs,
    }
}

/// AddMember: AL and BL exclude one another, and any answer ends the waiting on PL.
///
/// AddMember(Reverse) is how clients move somebody off PL; it always succeeds, since the server has
/// put them on RL already.
pub fn add_member(own: Lists, list: List) -> Result<Lists, MemberError> {
    let answered = own - Lists::PENDING;
    match list {
        List::Allow | List::Block if own.contains(list.into()) => Err(MemberError::AlreadyExists),
        List::Allow => Ok((answered - Lists::BLOCK) | Lists::ALLOW),
        List::Block => Ok((answered - Lists::ALLOW) | Lists::BLOCK),
        List::Reverse => Ok(answered | Lists::REVERSE),
        List::Pending | List::Forward => Err(MemberError::KeptByServer),
    }
}

/// The lists that [`add_member`] speaks of: to put somebody on AL is to say that they are not on BL,
/// and the reverse, whatever a session said of either.
pub fn spoken_of(list: List) -> Lists {
    match list {
        List::Allow | List::Block => Lists::ALLOW | Lists::BLOCK,
        List::Forward | List::Reverse | List::Pending => list.into(),
    }
}

/// DeleteMember. One that finds PL empty succeeds: an AddMember may have emptied it just before.
pub fn remove_member(own: Lists, list: List) -> Result<Lists, MemberError> {
    match list {
        List::Pending => Ok(own - Lists::PENDING),
        List::Allow | List::Block | List::Reverse if own.contains(list.into()) => {
            Ok(own - list.into())
        }
        List::Allow | List::Block | List::Reverse => Err(MemberError::DoesNotExist),
        List::Forward => Err(MemberError::KeptByServer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_lists() -> impl Iterator<Item = Lists> {
        (0..32).filter_map(Lists::from_bits)
    }

    #[test]
    fn to_add_somebody_who_waits_answers_them() {
        let own = Lists::REVERSE | Lists::PENDING;
        let theirs = Lists::FORWARD | Lists::ALLOW;
        let management = AllowListManagement::ByServer;
        let added = add_forward(Pair { own, theirs }, AddPolicy::Ask, management);
        assert_eq!(added.own, Lists::FORWARD | Lists::ALLOW | Lists::REVERSE);
        let own = own | Lists::BLOCK;
        let blocked = add_forward(Pair { own, theirs }, AddPolicy::Ask, management);
        assert_eq!(blocked.own, own | Lists::FORWARD, "a blocked one stays so");
    }

    #[test]
    fn block_loses_then_allow_wins_then_blp_decides() {
        for lists in every_lists() {
            for privacy in [Privacy::Everyone, Privacy::AllowedOnly] {
                let expected = match (lists.contains(Lists::BLOCK), lists.contains(Lists::ALLOW)) {
                    (true, _) => false,
                    (false, true) => true,
                    (false, false) => privacy == Privacy::Everyone,
                };
                assert_eq!(allows(lists, privacy), expected, "{lists:?} {privacy:?}");
                for watcher in every_lists() {
                    let seen = sees(watcher, lists, privacy);
                    assert_eq!(seen, expected && watcher.contains(Lists::FORWARD));
                }
            }
        }
    }

    #[test]
    fn the_last_word_counts_by_whichever_door() {
        let mut view = View::of_stored(Lists::FORWARD | Lists::ALLOW);
        view.remove(Lists::ALLOW);
        view.add(Lists::BLOCK);
        assert_eq!(view.lists(), Lists::FORWARD | Lists::BLOCK);
        view.store(Lists::FORWARD | Lists::ALLOW, Lists::BLOCK | Lists::ALLOW);
        assert_eq!(
            view.lists(),
            Lists::FORWARD | Lists::ALLOW,
            "the stored change clears what it spoke of"
        );
        view.add(Lists::BLOCK);
        view.store(Lists::ALLOW, Lists::FORWARD);
        assert_eq!(
            view.lists(),
            Lists::ALLOW | Lists::BLOCK,
            "and nothing else"
        );
    }

    #[test]
    fn being_added_is_asked_about_unless_answered_before() {
        let ask = |theirs| {
            add_forward(
                Pair {
                    own: Lists::NONE,
                    theirs,
                },
                AddPolicy::Ask,
                AllowListManagement::ByClient,
            )
        };
        assert_eq!(
            ask(Lists::NONE),
            Pair {
                own: Lists::FORWARD,
                theirs: Lists::REVERSE | Lists::PENDING
            }
        );
        assert_eq!(ask(Lists::ALLOW).theirs, Lists::REVERSE | Lists::ALLOW);
        assert_eq!(ask(Lists::BLOCK).theirs, Lists::REVERSE | Lists::BLOCK);
    }

    #[test]
    fn automatic_policy_allows_whoever_is_not_blocked() {
        let add = |theirs| {
            let pair = Pair {
                own: Lists::NONE,
                theirs,
            };
            add_forward(pair, AddPolicy::Automatic, AllowListManagement::ByClient).theirs
        };
        assert_eq!(add(Lists::NONE), Lists::REVERSE | Lists::ALLOW);
        assert_eq!(add(Lists::BLOCK), Lists::REVERSE | Lists::BLOCK);
    }

    #[test]
    fn allow_list_management_never_unblocks() {
        let add = |own| {
            let pair = Pair {
                own,
                theirs: Lists::NONE,
            };
            add_forward(pair, AddPolicy::Ask, AllowListManagement::ByServer).own
        };
        assert_eq!(add(Lists::NONE), Lists::FORWARD | Lists::ALLOW);
        assert_eq!(add(Lists::BLOCK), Lists::FORWARD | Lists::BLOCK);
    }

    #[test]
    fn removal_leaves_reverse_and_pending_and_nothing_else() {
        for own in every_lists() {
            for theirs in every_lists() {
                let after = remove_forward(Pair { own, theirs });
                assert_eq!(after.own, own - Lists::FORWARD);
                assert_eq!(after.theirs, theirs - Lists::REVERSE - Lists::PENDING);
            }
        }
    }

    #[test]
    fn allow_and_block_exclude_one_another_and_answer_pending() {
        for own in every_lists() {
            for list in [List::Allow, List::Block, List::Reverse] {
                match add_member(own, list) {
                    Ok(after) => {
                        assert!(after.contains(list.into()) && !after.contains(Lists::PENDING));
                        assert!(
                            list == List::Reverse || !after.contains(Lists::ALLOW | Lists::BLOCK)
                        );
                    }
                    Err(error) => {
                        assert_eq!(error, MemberError::AlreadyExists);
                        assert!(own.contains(list.into()) && list != List::Reverse);
                    }
                }
            }
            assert_eq!(
                add_member(own, List::Pending),
                Err(MemberError::KeptByServer)
            );
            assert_eq!(remove_member(own, List::Pending), Ok(own - Lists::PENDING));
            assert_eq!(
                remove_member(own, List::Allow).is_ok(),
                own.contains(Lists::ALLOW)
            );
        }
    }

    #[test]
    fn import_makes_no_pending() {
        let after = import(Pair::default(), Lists::FORWARD | Lists::ALLOW);
        assert_eq!(
            after,
            Pair {
                own: Lists::FORWARD | Lists::ALLOW,
                theirs: Lists::REVERSE
            }
        );
    }
}
