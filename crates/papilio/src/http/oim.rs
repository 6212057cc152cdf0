//! The service that takes offline messages (services-oim, 2 to 4 and 9).
//!
//! ```text
//!   Document -> whose ticket? -> lock key? -> content -> how fast? -> who gets it, and will they?
//!                                                                                 |
//!                answer  <-  directory.mail_arrived (MSG Hotmail)  <-  store  <---'
//! ```
//!
//! What a sender may learn about others is that a message was taken or not. Whether nobody is called
//! so, or somebody does not want to hear of the sender, or the sender says to be another, is found in
//! the same way and answered alike.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::message::offline::{self, Content, MailId, OfflineMessage};
use msnp::proof::tweener;
use msnp::roster::{Lists, Privacy};
use msnp::soap::envelope::Document as Envelope;
use msnp::soap::guid::Guid;
use msnp::soap::oim::{self, StoreFault, StoreOperation, StoreRequest};
use msnp::wire::param::Param;
use uuid::Uuid;

use super::{Document, Failure, Services, service, xml, xml_limits};
use crate::config::OfflineMessages;
use crate::metrics::{Limit, METRICS, Mail};
use crate::sender_throttle::SenderThrottle;
use crate::store::StoreError;
use crate::store::account::{Account, AccountId};
use crate::store::offline_messages::{Kept, MailLimits, MailRecipient};
use crate::store::roster::ticks;

/// The route of the service.
pub(super) fn routes(limits: &OfflineMessages) -> Router<Services> {
    let throttle = SenderThrottle::new(limits.sender_messages, limits.sender_window);
    Router::new()
        .route("/oimws/oim.asmx", service(post(answer)))
        .layer(Extension(Arc::new(throttle)))
}

async fn answer(
    State(services): State<Services>,
    Extension(throttle): Extension<Arc<SenderThrottle>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Document(body): Document,
) -> Response {
    let action = headers.get("soapaction").and_then(|a| a.to_str().ok());
    let document = match Envelope::parse(&body, &xml_limits(&services.config.http)) {
        Ok(document) => document,
        Err(error) => {
            let fault = StoreFault::from(error);
            return refused("", StoreOperation::of(action, None), &fault.into());
        }
    };
    let operation = StoreOperation::of(action, Some(&document));
    let request = match StoreRequest::read(&document) {
        Ok(request) => request,
        Err(fault) => return refused("", operation, &fault.into()),
    };
    let now = Timestamp::now();
    let sender = match authenticate(&services, &request, now).await {
        Ok(sender) => sender,
        Err(refusal) => return refused(&request.from, operation, &refusal),
    };
    let handle = sender.handle.clone();
    let delivery = Delivery {
        services,
        throttle,
        sender,
        source: peer.ip().to_canonical(),
        now,
    };
    // A client that goes away must not keep the recipient from hearing of what was stored.
    let delivered = tokio::spawn(async move { delivery.deliver(&request).await }).await;
    let outcome = match &delivered {
        Ok(Ok(_)) => Mail::Kept,
        Ok(Err(Refusal::Fault(_) | Refusal::Undelivered(_))) => Mail::Refused,
        Ok(Err(Refusal::Trouble(_))) | Err(_) => Mail::Trouble,
    };
    METRICS.offline_messages.of(outcome).increment(1);
    match delivered {
        Ok(Ok(number)) => xml(oim::stored(operation, number)),
        Ok(Err(refusal)) => refused(handle.as_str(), operation, &refusal),
        Err(panic) => refused(
            handle.as_str(),
            operation,
            &Refusal::Trouble(panic.to_string()),
        ),
    }
}

/// Why a message was not stored.
enum Refusal {
    /// The client is told.
    Fault(StoreFault),
    /// The client is told that it cannot be delivered; the log is told why.
    Undelivered(&'static str),
    /// Trouble of ours: the client is told that it cannot be delivered.
    Trouble(String),
}

impl From<StoreFault> for Refusal {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.to_string())
    }
}

/// Whose ticket it is, if the lock key is right as well. One challenge at a time: clients answer the
/// first that they find (services-oim, 4; RULINGS).
async fn authenticate(
    services: &Services,
    request: &StoreRequest,
    now: Timestamp,
) -> Result<Account, Refusal> {
    let store = &services.store;
    let sender = match &request.ticket {
        Some(ticket) => store.account_of_ticket(ticket.as_str(), now).await?,
        None => None,
    };
    let sender = sender.ok_or_else(|| StoreFault::Ticket(ticket_parameters(now)))?;
    let challenges = store.ticket_key().lock_key_challenges(sender.id, now);
    if request.lock.opens(&challenges) {
        return Ok(sender);
    }
    let [challenge, _] = challenges;
    Err(StoreFault::LockKey(challenge).into())
}

/// The parameters with which a client gets another ticket.
pub(super) fn ticket_parameters(now: Timestamp) -> Param {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    tweener::parameters(seconds, rand::random())
}

/// A message of somebody whom we know.
struct Delivery {
    services: Services,
    throttle: Arc<SenderThrottle>,
    sender: Account,
    source: IpAddr,
    now: Timestamp,
}

impl Delivery {
    /// Stores the message and tells its recipient; its number, for the answer.
    async fn deliver(&self, request: &StoreRequest) -> Result<u32, Refusal> {
        let (content, number) = self.content(request)?;
        let too_fast = self.throttle.take(self.sender.id, Instant::now());
        too_fast.map_err(|_| {
            METRICS.throttled.of(Limit::OfflineMessages).increment(1);
            StoreFault::Haste
        })?;
        let recipient = self.recipient(request).await?;
        let message = OfflineMessage {
            id: MailId(Guid::from_u128(Uuid::new_v4().as_u128())),
            sender: self.sender.handle.clone(),
            name: offline::sender_name(&request.friendly_name, &self.sender.handle),
            recipient: recipient.handle,
            source: self.source,
            proxy: offline::proxy(&request.proxy),
            run: content.run,
            sequence: number,
            received: ticks(self.now),
            text: content.text,
        };
        let Services { store, node, .. } = &self.services;
        match store.keep_mail(recipient.id, &message, self.limits()).await {
            Ok(Kept::Yes(mail)) => {
                node.directory.mail_arrived(recipient.id, &mail);
                Ok(number)
            }
            Ok(Kept::MailboxFull) => Err(Refusal::Undelivered("the mailbox is full")),
            Err(StoreError::NotFound(_)) => Err(Refusal::Undelivered("the recipient is gone")),
            Err(error) => Err(error.into()),
        }
    }

    /// What is said, and its number, which stands in two places that must agree.
    fn content(&self, request: &StoreRequest) -> Result<(Content, u32), StoreFault> {
        let wrong = |why: &str| StoreFault::Content(why.to_owned());
        if !request.kind.is_empty() && !request.kind.eq_ignore_ascii_case("text") {
            return Err(wrong("MessageType is not text"));
        }
        let content =
            Content::parse(&request.content).map_err(|error| wrong(&error.to_string()))?;
        let most = self.services.config.offline_messages.text;
        if most.is_some_and(|most| content.text.len() > most) {
            return Err(StoreFault::TooLarge);
        }
        let number = match (request.number, content.sequence) {
            (Some(number), Some(sequence)) if number != sequence => {
                return Err(wrong("MessageNumber is not X-OIM-Sequence-Num"));
            }
            (number, sequence) => number.or(sequence).unwrap_or(1),
        };
        Ok((content, number))
    }

    /// Whoever gets the message. All is looked at before anything is refused.
    async fn recipient(&self, request: &StoreRequest) -> Result<MailRecipient, Refusal> {
        let Services { store, node, .. } = &self.services;
        let sender = &self.sender;
        let found = store.mail_recipient(&request.to, &sender.handle).await?;
        let nobody = MailRecipient {
            id: AccountId(0),
            handle: sender.handle.clone(),
            lists: Lists::NONE,
            privacy: Privacy::Everyone,
        };
        let exists = found.is_some();
        let recipient = found.unwrap_or(nobody);
        let is_taken = node.directory.takes_mail(&recipient, sender.id);
        let is_sender = Handle::parse(&request.from).is_ok_and(|from| from == sender.handle);
        match (is_sender, exists, is_taken) {
            (true, true, true) => Ok(recipient),
            (false, ..) => Err(Refusal::Undelivered("From is another than the ticket's")),
            (true, false, _) => Err(Refusal::Undelivered("no such recipient")),
            (true, true, false) => Err(Refusal::Undelivered("not taken from this sender")),
        }
    }

    fn limits(&self) -> MailLimits {
        let limits = &self.services.config.offline_messages;
        MailLimits {
            mailbox: limits.mailbox,
            lifetime: limits.lifetime,
        }
    }
}

/// The fault for whatever stands in the way.
fn refused(handle: &str, operation: StoreOperation, refusal: &Refusal) -> Response {
    let fault = match refusal {
        Refusal::Fault(fault) => fault,
        Refusal::Undelivered(_) | Refusal::Trouble(_) => &StoreFault::Unavailable,
    };
    let failure = match refusal {
        Refusal::Fault(fault) => Failure::of(handle, format!("Store: {fault}")).of_the_client(),
        Refusal::Undelivered(why) => Failure::of(handle, format!("Store: {why}")).of_the_client(),
        Refusal::Trouble(why) => Failure::of(handle, format!("Store: {why}")),
    };
    failure.on((
        StatusCode::INTERNAL_SERVER_ERROR,
        xml(fault.to_xml(operation)),
    ))
}
