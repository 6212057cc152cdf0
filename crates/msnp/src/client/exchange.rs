//! What goes into a client session and what comes out of it.
//!
//! ```text
//!   Input: Connected Line Ask Fetched Timer End  ->  session  ->  Effect: Send Fetch Event Done ...
//!                             ^       ^                                      |          |
//!      the application -------+       +----------- carried over HTTP --------+          |
//!             ^------------------------- AskId: what became of it ---------------------+
//! ```

use bytes::Bytes;

use super::draw::Seed;
use super::offline::{MailHandling, MailId, OfflineMessage, OfflineText, WaitingMessage};
use super::service::{Reply, ServiceError, ServiceRequest};
use crate::handle::Handle;
use crate::message::Message;
use crate::object::MsnObject;
use crate::presence::{Capabilities, FriendlyName, Status, UserData};
use crate::proof::challenge::Product;
use crate::roster::{AddPolicy, Privacy};
use crate::soap::guid::Guid;
use crate::soap::rst::Password;
use crate::wire::command::session::{ErrorNumber, Software};
use crate::wire::command::switchboard::{Rng, SwitchboardReferral};
use crate::wire::line::{Line, LineError};
use crate::wire::param::Param;
use crate::wire::version::Version;

/// Who signs in, and how it appears at first.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who.
    pub identity: Identity,
    /// What the client says it is.
    pub software: Software,
    /// Which product it answers challenges as.
    pub product: Product,
    /// The versions it offers, the best first; those that no dialect is known of are left out.
    pub versions: Vec<Version>,
    /// The first status.
    pub status: Status,
    /// What the client can do.
    pub capabilities: Capabilities,
    /// The display picture it offers.
    pub picture: Option<MsnObject>,
    /// The personal message and what is playing.
    pub data: UserData,
    /// What becomes of offline messages that wait.
    pub mail: MailHandling,
    /// Where random numbers come from.
    pub seed: Seed,
}

/// An account and its password. `Debug` does not show the password.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub handle: Handle,
    /// Goes to the sign-in service and nowhere else.
    pub password: Password,
}

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// The connection stands: the first one, or the one that [`Effect::Reconnect`] asked for.
    Connected,
    /// The server sent a command.
    Line(Line),
    /// The server sent what cannot be cut into commands.
    Broken(LineError),
    /// The application wants something.
    Ask {
        /// Comes back in [`Effect::Done`].
        id: AskId,
        /// What.
        ask: Ask,
    },
    /// What came of an [`Effect::Fetch`].
    Fetched {
        /// Of which.
        id: FetchId,
        /// The answer, whatever its status, or why there is none.
        outcome: Result<Reply, ServiceError>,
    },
    /// The time that [`Session::wake_at`](super::Session::wake_at) named has come.
    Timer,
    /// The connection is over.
    End,
}

/// Whoever asks for something chooses a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// Which request to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FetchId(pub u64);

/// What must happen. In order.
#[derive(Debug)]
pub enum Effect {
    /// Write these bytes.
    Send(Bytes),
    /// Leave this connection and open one to this address, `host:port`; say [`Input::Connected`] when
    /// it stands and [`Input::End`] when it cannot be made.
    Reconnect {
        /// Where.
        address: Param,
    },
    /// Send this over HTTP. Answered by [`Input::Fetched`].
    Fetch {
        /// Comes back with the answer.
        id: FetchId,
        /// What.
        request: ServiceRequest,
    },
    /// The application may want to know.
    Event(Event),
    /// What the application asked for is done, or was not.
    Done {
        /// Of which [`Input::Ask`].
        id: AskId,
        /// What came of it.
        outcome: Result<Outcome, AskError>,
    },
    /// Write what was sent so far, then close. The last effect.
    Close(Closing),
}

/// What an application can ask for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ask {
    /// Another status: `CHG`.
    Status(Status),
    /// Another display picture, or none: `CHG`.
    Picture(Option<MsnObject>),
    /// Another name, stored and shown: `ABContactUpdate` and `PRP MFN`.
    Name(String),
    /// Another personal message and media: `UUX`.
    Data(UserData),
    /// Who may see and call, stored and at once: `ABContactUpdate` and `BLP`.
    Privacy(Privacy),
    /// What happens when somebody adds the account; stored: `ABContactUpdate`.
    AddPolicy(AddPolicy),
    /// Put somebody on FL, and on AL unless blocked. Answers somebody on PL as well.
    Add {
        /// Whom.
        handle: Handle,
        /// What they are told, if anything.
        invitation: Option<String>,
    },
    /// Take somebody off FL. AL and BL stay.
    Remove(Handle),
    /// Put somebody on BL, off AL and PL.
    Block(Handle),
    /// Put somebody on AL, off BL and PL.
    Allow(Handle),
    /// Call a contact by a name of one's own; an empty one is none.
    Nickname {
        /// Whom.
        handle: Handle,
        /// How.
        name: String,
    },
    /// Make a group. Its outcome is [`Outcome::Group`].
    AddGroup(String),
    /// Call a group differently.
    RenameGroup {
        /// Which.
        group: Guid,
        /// How.
        name: String,
    },
    /// Take a group away; its contacts stay.
    RemoveGroup(Guid),
    /// Put a contact into a group.
    Enter {
        /// Whom.
        handle: Handle,
        /// Where.
        group: Guid,
    },
    /// Take a contact out of a group.
    Leave {
        /// Whom.
        handle: Handle,
        /// Where.
        group: Guid,
    },
    /// A conversation. Its outcome is [`Outcome::Switchboard`].
    OpenSwitchboard,
    /// Leave a message for somebody who is not there.
    SendOffline {
        /// For whom.
        handle: Handle,
        /// What.
        text: OfflineText,
    },
    /// Which offline messages wait. Its outcome is [`Outcome::Waiting`].
    ListMail,
    /// An offline message, which stays where it is. Its outcome is [`Outcome::Message`].
    ReadMail(MailId),
    /// Delete offline messages.
    DeleteMail(Vec<MailId>),
    /// End the session. Done when the server has said so, or does not.
    SignOut,
}

/// What came of an [`Ask`] that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// The new group.
    Group(Guid),
    /// Where the conversation is, and what to enter with.
    Switchboard(SwitchboardReferral),
    /// The offline messages that wait.
    Waiting(Vec<WaitingMessage>),
    /// An offline message.
    Message(OfflineMessage),
}

/// Why an [`Ask`] was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Not signed in, or no longer.
    #[error("not signed in")]
    NotSignedIn,
    /// The notification server said no.
    #[error("refused by the server with error {0:?}")]
    Refused(ErrorNumber),
    /// A service said no, or could not be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Whoever it is about is not a contact.
    #[error("no such contact")]
    NoSuchContact,
    /// There is no such group.
    #[error("no such group")]
    NoSuchGroup,
    /// The name has nothing in it that can be shown.
    #[error("an empty name")]
    EmptyName,
    /// Over one of the limits of the protocol.
    #[error("{0} is too long")]
    TooLong(&'static str),
}

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Signed in, lists read, shown to others; whom the account sees is told as
    /// [`Event::Presence`] before and after.
    SignedIn,
    /// A contact came, changed, or went: see [`ContactBook`](super::contacts::ContactBook).
    Presence(Handle),
    /// A contact's personal message or media changed.
    Data(Handle),
    /// Somebody put the account on their FL.
    AddedBy {
        /// Who.
        handle: Handle,
        /// As they are called.
        name: FriendlyName,
    },
    /// Somebody took the account off their FL.
    RemovedBy(Handle),
    /// The lists are not what they were; somebody else changed them, or this session did.
    ListsChanged,
    /// Somebody calls: `RNG`.
    Ringing(Rng),
    /// Somebody left a message while the account was away.
    Offline(OfflineMessage),
    /// Offline messages wait, and are left where they are ([`MailHandling::Leave`]).
    MailWaits,
    /// Another client sends data past any conversation: `UBN`.
    Handed {
        /// Who.
        from: Handle,
        /// What kind of data.
        kind: u32,
        /// The data.
        data: Bytes,
    },
    /// The server goes down in so many minutes.
    GoingDown {
        /// How many.
        minutes: u32,
    },
    /// A message of the server that is nothing of the above.
    Notice(Message),
    /// Something went wrong that nobody asked for: a challenge, a list, an offline message. The session
    /// goes on.
    Trouble(String),
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closing {
    /// As asked.
    #[error("signed out")]
    SignedOut,
    /// The account signed in elsewhere: do not come back by yourself.
    #[error("signed in elsewhere")]
    Elsewhere,
    /// The server goes down; come back later.
    #[error("the server is going down")]
    ShuttingDown,
    /// The server wants the client to come back after so many minutes.
    #[error("the server asks to come back in {minutes} minutes")]
    ComeBack {
        /// How many.
        minutes: u32,
    },
    /// The server ended the session with this word.
    #[error("ended by the server: {0}")]
    Ended(String),
    /// Nobody was signed in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The connection broke, or nothing came through it any more.
    #[error("the connection is lost")]
    Lost,
    /// The server said what a server must not say.
    #[error("the server is not understood: {0}")]
    Protocol(String),
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Wrong handle or password; servers do not say which.
    #[error("wrong handle or password")]
    WrongPassword,
    /// The server speaks none of the versions offered.
    #[error("the server speaks no version that this client does")]
    NoCommonVersion,
    /// The notification server refused.
    #[error("sign-in refused by the server with error {0:?}")]
    Refused(ErrorNumber),
    /// A service could not be asked, or made no sense.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// It took too long.
    #[error("sign-in took too long")]
    TimedOut,
    /// The connection ended before.
    #[error("the connection ended during sign-in")]
    Lost,
    /// Sent from server to server without end.
    #[error("referred from server to server too often")]
    TooManyReferrals,
    /// The server said what a server must not say.
    #[error("the server is not understood: {0}")]
    Protocol(String),
}
