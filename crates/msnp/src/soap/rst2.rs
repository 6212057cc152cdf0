//! The sign-in service as clients from 2009 on ask it: the same questions in other namespaces, and
//! answers of another shape.
//!
//! services-auth, 7; examples-soap, 1. Requests are read by meaning, so [`Request`](super::rst::Request)
//! reads these as well; what is asked and granted is that of [`super::rst`] too.

use askama::Template;

use super::envelope::written;
use super::rst::{Fault, Grant, Holder, Item, Lifetime, Target, TokenRequest, base64, items};
use super::time::UtcSecond;

/// Writes the answer: one item for each token asked, in the order asked, but the login cipher always
/// first.
pub fn answer(
    holder: &Holder<'_>,
    lifetime: Lifetime,
    granted: &[(TokenRequest, Grant)],
) -> String {
    written(&Answer {
        holder,
        puid: holder.puid(),
        cid: holder.cid(),
        lifetime,
        fresh_until: lifetime.created.plus(FRESH),
        items: items(granted),
    })
}

/// Writes a fault. Unlike those of RST it has a body. Sent with status 200 as well.
pub fn fault(fault: Fault, now: UtcSecond) -> String {
    written(&match fault {
        Fault::FailedAuthentication => FaultDocument {
            code: "wst:FailedAuthentication",
            text: "Authentication Failure",
            status: "0x80048821",
            internal: "0x80041012",
            detail: "Wrong user or password.",
            now,
        },
        Fault::InvalidRequest => FaultDocument {
            code: "wst:InvalidRequest",
            text: "Invalid Request",
            status: "0x80048820",
            internal: "0x80045c01",
            detail: "Invalid request.",
            now,
        },
    })
}

#[derive(Template)]
#[template(path = "soap/rst2_answer.xml")]
struct Answer<'a> {
    holder: &'a Holder<'a>,
    puid: String,
    cid: String,
    lifetime: Lifetime,
    /// Until when the answer itself is to be believed.
    fresh_until: UtcSecond,
    items: Vec<Item<'a>>,
}

#[derive(Template)]
#[template(path = "soap/rst2_fault.xml")]
struct FaultDocument {
    code: &'static str,
    text: &'static str,
    status: &'static str,
    internal: &'static str,
    detail: &'static str,
    now: UtcSecond,
}

/// How long an answer is to be believed, in seconds.
const FRESH: u64 = 300;
