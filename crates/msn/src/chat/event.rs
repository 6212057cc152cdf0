//! What happens to the screen's state, and what it wants done: all that passes between the pure part
//! and the loop around it.

use std::time::{Duration, Instant};

use crossterm::event::KeyEvent;
use jiff::civil::DateTime;
use msnp_client::{Contact, ContactBook, Handle, Status};
use ratatui::layout::Size;

/// A conversation on the server, by [`Chat::id`](msnp_client::Chat::id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomId(pub(crate) u64);

/// A conversation on the screen. It outlives the rooms it was held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConversationId(pub(crate) u64);

/// A line of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(pub(crate) u64);

/// A file that somebody offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OfferId(pub(crate) u64);

/// When: to measure, and to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) at: Instant,
    pub(crate) clock: DateTime,
}

/// Something that happened. Texts are as they came.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// It is as late as [`State::wake_at`](super::state::State::wake_at) said.
    Tick,
    Key(KeyEvent),
    Pasted(String),
    Resized(Size),
    Attention(Attention),
    Heard(Heard),
    Outcome(Outcome),
}

/// Whether somebody looks at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    Here,
    Elsewhere,
}

/// What the library tells.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Appearance(Box<Contact>),
    Said {
        room: RoomId,
        from: Handle,
        words: String,
    },
    Typing {
        room: RoomId,
        from: Handle,
    },
    Nudged {
        room: RoomId,
        from: Handle,
    },
    /// Somebody offers a file.
    Offered {
        room: RoomId,
        from: Handle,
        offer: OfferId,
        name: String,
        size: u64,
    },
    Joined {
        room: RoomId,
        handle: Handle,
    },
    Left {
        room: RoomId,
        handle: Handle,
    },
    RoomClosed {
        room: RoomId,
    },
    AddedBy {
        handle: Handle,
        name: String,
    },
    RemovedBy {
        handle: Handle,
    },
    ListsChanged,
    Letter {
        from: Handle,
        date: String,
        words: String,
    },
    GoingDown {
        minutes: u32,
    },
    Disconnected {
        reason: String,
        retry_in: Option<Duration>,
    },
    Reconnected,
}

/// How something that was wanted went.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Opened {
        conversation: ConversationId,
        room: RoomId,
    },
    NotOpened {
        conversation: ConversationId,
        why: Failure,
    },
    Sent {
        conversation: ConversationId,
        entry: EntryId,
    },
    /// It waits on the server for somebody who is not there.
    Left {
        conversation: ConversationId,
        entry: EntryId,
    },
    NotSent {
        conversation: ConversationId,
        entry: EntryId,
        why: Failure,
    },
    /// A file of one's own: they have it, or why not.
    Given {
        conversation: ConversationId,
        name: String,
        outcome: Result<(), String>,
    },
    /// A file of theirs: where it is, or why not.
    Taken {
        conversation: ConversationId,
        name: String,
        outcome: Result<String, String>,
    },
    /// Somebody's picture: where it is, or why not.
    Pictured {
        handle: Handle,
        outcome: Result<String, String>,
    },
    Book(Box<ContactBook>),
    /// Signed in once more, after the session had ended for good.
    SignedIn(Box<ContactBook>),
    NotSignedIn {
        why: String,
    },
    Done(Request),
    Refused {
        request: Request,
        why: String,
    },
}

/// Why something was not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// They are offline, or do not want to be called.
    NotThere,
    /// The room is over.
    NotInRoom,
    Other(String),
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Open a room and call these into it.
    Open {
        conversation: ConversationId,
        with: Vec<Handle>,
    },
    /// Say this there, after whatever was to be said there before.
    Say {
        conversation: ConversationId,
        room: RoomId,
        entry: EntryId,
        what: Utterance,
    },
    /// Say that one is typing.
    Typing(RoomId),
    /// Leave it, after what is yet to be said there.
    Leave {
        conversation: Option<ConversationId>,
        room: RoomId,
    },
    /// Leave a message for somebody who is not there.
    LeaveWord {
        conversation: ConversationId,
        entry: EntryId,
        to: Handle,
        words: String,
    },
    /// Take a file, and put it there.
    Take {
        conversation: ConversationId,
        offer: OfferId,
        place: String,
    },
    /// Do not take it.
    Decline(OfferId),
    /// Fetch somebody's picture, and put it there.
    FetchPicture {
        handle: Handle,
        place: String,
    },
    Ask(Request),
    /// Sign in once more, and appear like this.
    SignIn {
        status: Status,
        message: String,
    },
    Bell,
    /// Draw everything anew.
    Redraw,
    Quit,
}

/// What can be said in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Utterance {
    Words(String),
    Nudge,
    Invite(Handle),
    /// A file, offered to one of those who are there.
    File {
        to: Handle,
        path: String,
    },
}

/// What can be asked for an account, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    ReadLists,
    Add {
        handle: Handle,
        words: String,
    },
    Remove(Handle),
    Block(Handle),
    Allow(Handle),
    Alias {
        handle: Handle,
        name: String,
    },
    Name(String),
    Message(String),
    Status(Status),
    /// Into a group of this name, which is made if there is none.
    Enter {
        handle: Handle,
        group: String,
    },
    /// Out of a group of this name.
    LeaveGroup {
        handle: Handle,
        group: String,
    },
    RemoveGroup(String),
}
