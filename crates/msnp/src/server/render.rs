//! What sessions are told of one another, as bytes in a receiver's dialect.
//!
//! One buffer serves everyone who speaks the same dialect, so whoever fans something out renders it
//! here once and hands it round (wire-msnp13, 4, 5 and 8).

use bytes::{Bytes, BytesMut};

use super::Presence;
use crate::handle::Handle;
use crate::message::offline::MailSummary;
use crate::message::{MemberId, Message};
use crate::presence::{FriendlyName, UserData};
use crate::wire::command::list::ListDocument;
use crate::wire::command::notice::{AddressBookChanged, Not, ServerMessage, Ubn};
use crate::wire::command::presence::{Fln, Iln, Nln, Shown, Ubx};
use crate::wire::command::roster::ListPush;
use crate::wire::command::switchboard::{Bye, ByeCause, Cookie, Joi, Member, Rng, Said, SessionId};
use crate::wire::command::{NotificationReply, SwitchboardReply};
use crate::wire::param::{Param, TrId};
use crate::wire::version::Dialect;

/// Whether somebody added or removed the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addition {
    /// `ADL 0`.
    Added,
    /// `RML 0`.
    Removed,
}

// ---- Presence ----------------------------------------------------------------------------------

/// `NLN`, and `UBX` if there is anything in it: somebody can be seen now.
pub fn arrival(presence: &Presence, dialect: &Dialect) -> Bytes {
    let mut out = BytesMut::with_capacity(256);
    write_online(presence, dialect, &mut out);
    write_data(presence, dialect, &mut out);
    out.freeze()
}

/// `ILN` and `UBX`: somebody was there before the receiver. Here an empty `UBX` says that they have
/// said nothing of themselves (transcripts-14-15, 5).
pub(super) fn write_presence(
    trid: TrId,
    presence: &Presence,
    dialect: &Dialect,
    out: &mut BytesMut,
) {
    let shown = shown(presence);
    NotificationReply::Iln(Iln { trid, shown }).write(Some(dialect), out);
    match &presence.data {
        Some(data) => write_ubx(presence, data, dialect, out),
        None => write_ubx(presence, &UserData::default(), dialect, out),
    }
}

/// `NLN`: status, name, capabilities or picture changed.
pub fn online(presence: &Presence, dialect: &Dialect) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    write_online(presence, dialect, &mut out);
    out.freeze()
}

/// `UBX`: personal message or media changed.
pub fn data(presence: &Presence, dialect: &Dialect) -> Bytes {
    let mut out = BytesMut::with_capacity(256);
    write_data(presence, dialect, &mut out);
    out.freeze()
}

/// `FLN`: somebody cannot be seen any more.
pub fn offline(presence: &Presence, dialect: &Dialect) -> Bytes {
    written(
        NotificationReply::Fln(Fln {
            handle: presence.handle.clone(),
        }),
        dialect,
    )
}

fn write_online(presence: &Presence, dialect: &Dialect, out: &mut BytesMut) {
    NotificationReply::Nln(Nln {
        shown: shown(presence),
    })
    .write(Some(dialect), out);
}

/// Of somebody who never sent `UUX` there is nothing to say (transcripts, 2).
fn write_data(presence: &Presence, dialect: &Dialect, out: &mut BytesMut) {
    if let Some(data) = &presence.data {
        write_ubx(presence, data, dialect, out);
    }
}

fn write_ubx(presence: &Presence, data: &UserData, dialect: &Dialect, out: &mut BytesMut) {
    let ubx = Ubx {
        handle: presence.handle.clone(),
        document: data.write(),
    };
    NotificationReply::Ubx(ubx).write(Some(dialect), out);
}

fn shown(presence: &Presence) -> Shown {
    let Presence {
        handle,
        name,
        status,
        capabilities,
        object,
        data: _,
    } = presence;
    Shown {
        status: *status,
        handle: handle.clone(),
        name: name.clone(),
        capabilities: *capabilities,
        object: object.clone(),
    }
}

// ---- Lists and notices -------------------------------------------------------------------------

/// `ADL 0` or `RML 0`: `by`, called `name`, added or removed the receiver.
pub fn addition(addition: Addition, by: &Handle, name: &FriendlyName, dialect: &Dialect) -> Bytes {
    let reply = match addition {
        Addition::Added => NotificationReply::AdlPush(ListPush {
            document: ListDocument::added_by(by, name),
        }),
        Addition::Removed => NotificationReply::RmlPush(ListPush {
            document: ListDocument::removed_by(by),
        }),
    };
    written(reply, dialect)
}

/// `NOT`: the address book of the receiver changed, at `modified` (ISO 8601, with zone).
pub fn address_book_changed(
    receiver: &Handle,
    puid: u64,
    modified: &str,
    dialect: &Dialect,
) -> Bytes {
    let notice = AddressBookChanged {
        member: MemberId {
            high: (puid >> 32) as u32,
            low: puid as u32,
        },
        handle: receiver.clone(),
        cid: puid.cast_signed(),
        modified: modified.to_owned(),
    };
    written(
        NotificationReply::Not(Not {
            document: notice.write(),
        }),
        dialect,
    )
}

/// `UBN`: data of another client.
pub fn handed(sender: &Handle, kind: u32, data: &Bytes, dialect: &Dialect) -> Bytes {
    let ubn = Ubn {
        sender: sender.clone(),
        kind,
        data: data.clone(),
    };
    written(NotificationReply::Ubn(ubn), dialect)
}

/// `MSG Hotmail`: an offline message came.
pub fn mail_arrived(mail: &MailSummary, dialect: &Dialect) -> Bytes {
    mail_notice(&Message::mail_arrived(mail), dialect)
}

/// `MSG Hotmail`: so many offline messages were deleted.
pub fn mails_deleted(count: usize, dialect: &Dialect) -> Bytes {
    mail_notice(&Message::mails_deleted(count), dialect)
}

/// `MSG Hotmail`: the server goes down in so many minutes (wire-msnp13, 2, 8).
pub fn going_down(minutes: u32, dialect: &Dialect) -> Bytes {
    mail_notice(&Message::shutdown_in(minutes), dialect)
}

fn mail_notice(message: &Message, dialect: &Dialect) -> Bytes {
    let message = message.write();
    written(NotificationReply::Msg(ServerMessage { message }), dialect)
}

/// `RNG`: somebody calls.
pub fn ring(
    session: SessionId,
    address: &Param,
    cookie: &Cookie,
    caller: &Member,
    dialect: &Dialect,
) -> Bytes {
    let ring = Rng {
        session,
        address: address.clone(),
        cookie: cookie.clone(),
        caller: caller.handle.clone(),
        name: caller.name.clone(),
    };
    written(NotificationReply::Rng(ring), dialect)
}

fn written(reply: NotificationReply, dialect: &Dialect) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    reply.write(Some(dialect), &mut out);
    out.freeze()
}

// ---- Conversations -----------------------------------------------------------------------------

/// `JOI`: somebody came.
pub fn joined(member: &Member, dialect: &Dialect) -> Bytes {
    said(
        SwitchboardReply::Joi(Joi {
            member: member.clone(),
        }),
        dialect,
    )
}

/// `BYE`: somebody left, or the conversation is ended.
pub fn left(member: &Member, cause: ByeCause, dialect: &Dialect) -> Bytes {
    said(
        SwitchboardReply::Bye(Bye {
            handle: member.handle.clone(),
            cause,
        }),
        dialect,
    )
}

/// `MSG`: somebody said something; their bytes, untouched.
pub fn message(sender: &Member, message: &Bytes, dialect: &Dialect) -> Bytes {
    let Member {
        handle,
        name,
        capabilities: _,
    } = sender;
    let mut out =
        BytesMut::with_capacity(message.len() + handle.as_str().len() + name.wire().len() + 16);
    let reply = Said {
        handle: handle.clone(),
        name: name.clone(),
        message: message.clone(),
    };
    SwitchboardReply::Msg(reply).write(Some(dialect), &mut out);
    out.freeze()
}

fn said(reply: SwitchboardReply, dialect: &Dialect) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    reply.write(Some(dialect), &mut out);
    out.freeze()
}
