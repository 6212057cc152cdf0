//! The service that gives offline messages to whom they are for, and deletes them (services-oim, 7).
//!
//! ```text
//!   Document -> operation -> whose ticket? -> store -> answer
//!                                               |
//!                                 directory (the session's view, and its notice of a deletion)
//! ```

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use msnp::message::offline::MailId;
use msnp::soap::envelope::Document as Envelope;
use msnp::soap::rsi::{self, MailAnswer, MailFault, MailRequest, Marking};

use super::oim::ticket_parameters;
use super::{Document, Failure, Services, service, xml, xml_limits};
use crate::store::StoreError;
use crate::store::account::Account;
use crate::store::offline_messages::Deleted;

/// The route of the service.
pub(super) fn routes() -> Router<Services> {
    Router::new().route("/rsi/rsi.asmx", service(post(answer)))
}

async fn answer(State(services): State<Services>, Document(body): Document) -> Response {
    let document = match Envelope::parse(&body, &xml_limits(&services.config.http)) {
        Ok(document) => document,
        Err(error) => return refused("", &MailFault::from(error).into()),
    };
    let request = match MailRequest::read(document.request()) {
        Ok(request) => request,
        Err(fault) => return refused("", &fault.into()),
    };
    let now = Timestamp::now();
    let owner = match authenticate(&services, &document, now).await {
        Ok(owner) => owner,
        Err(refusal) => return refused("", &refusal),
    };
    let handle = owner.handle.clone();
    let asked = Asked {
        services,
        owner,
        now,
    };
    // A client that goes away must not keep its session from hearing of what was done.
    match tokio::spawn(async move { asked.answer(request).await }).await {
        Ok(Ok(answer)) => xml(answer.to_xml()),
        Ok(Err(refusal)) => refused(handle.as_str(), &refusal),
        Err(panic) => refused(handle.as_str(), &Refusal::Trouble(panic.to_string())),
    }
}

/// Why nothing was done.
enum Refusal {
    /// The client is told.
    Fault(MailFault),
    /// Trouble of ours: the client learns that there is some, the log learns which.
    Trouble(String),
}

impl From<MailFault> for Refusal {
    fn from(fault: MailFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.to_string())
    }
}

async fn authenticate(
    services: &Services,
    document: &Envelope,
    now: Timestamp,
) -> Result<Account, Refusal> {
    let account = match rsi::ticket(document) {
        Some(ticket) => {
            let store = &services.store;
            store.account_of_ticket(ticket.as_str(), now).await?
        }
        None => None,
    };
    account.ok_or_else(|| MailFault::Ticket(ticket_parameters(now)).into())
}

/// A request, and whose it is.
struct Asked {
    services: Services,
    owner: Account,
    now: Timestamp,
}

impl Asked {
    async fn answer(&self, request: MailRequest) -> Result<MailAnswer, Refusal> {
        match request {
            MailRequest::Metadata => {
                let mails = self.services.store.mails(self.owner.id, self.now).await?;
                Ok(MailAnswer::Metadata(mails))
            }
            MailRequest::Message { id, marking } => self.message(id, marking).await,
            MailRequest::Delete(ids) => self.delete(&ids).await,
        }
    }

    async fn message(&self, id: MailId, marking: Marking) -> Result<MailAnswer, Refusal> {
        let Services { store, node, .. } = &self.services;
        let message = store.mail(self.owner.id, id, self.now).await?;
        let message = message.ok_or(MailFault::NoSuchMessage)?;
        if marking == Marking::Read && store.mark_mail_read(self.owner.id, id, self.now).await? {
            node.directory.mail_marked_read(self.owner.id, id);
        }
        Ok(MailAnswer::Message(message.to_mail()))
    }

    async fn delete(&self, ids: &[MailId]) -> Result<MailAnswer, Refusal> {
        let Services { store, node, .. } = &self.services;
        match store.delete_mails(self.owner.id, ids, self.now).await? {
            Deleted::Mails(deleted) => {
                node.directory.mails_deleted(self.owner.id, &deleted);
                Ok(MailAnswer::Deleted)
            }
            Deleted::Unknown => Err(MailFault::NoSuchMessage.into()),
        }
    }
}

fn refused(handle: &str, refusal: &Refusal) -> Response {
    let (fault, failure) = match refusal {
        Refusal::Fault(fault) => (
            fault,
            Failure::of(handle, fault.to_string()).of_the_client(),
        ),
        Refusal::Trouble(why) => (&MailFault::Unavailable, Failure::of(handle, why.clone())),
    };
    failure.on((StatusCode::INTERNAL_SERVER_ERROR, xml(fault.to_xml())))
}
