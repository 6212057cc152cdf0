//! The storage service: the profile that roams, and its display picture (services-other, 3;
//! examples-soap, 2).
//!
//! Everything is about the account whose ticket is shown, and nobody else: what a request names must
//! be that account's. Whoever asks for another's profile learns that there is none, whether or not
//! there is; whoever would change it, that they may not.
//!
//! ```text
//!   Document -> whose? -> turn -> is what it names theirs? -> pictures (decode, encode) -> store
//! ```

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use jiff::Timestamp;
use msnp::soap::contact::DISPLAY_NAME_LIMIT;
use msnp::soap::envelope::{Document as Envelope, Element};
use msnp::soap::storage::answer::{
    Dated, Document as Listed, Picture, Profile, StorageAnswer as Answer, StorageHeader,
};
use msnp::soap::storage::fault::StorageFault;
use msnp::soap::storage::handle::{ObjectHandle, ResourceId};
use msnp::soap::storage::{
    DocumentChanges, Edition, NewDocument, ProfileChanges, Relationship, StorageRequest as Request,
};
use msnp::soap::time::UtcSecond;

use super::own_address::OwnAddress;
use super::{Document, Failure, Services, contacts, service, tile, xml, xml_limits};
use crate::config::Config;
use crate::pictures::{PictureError, Pictures};
use crate::store::StoreError;
use crate::store::account::Account;
use crate::store::picture::{EncodedPicture, PictureLink};
use crate::store::profile::ProfileChanged;
use crate::store::roster::RosterChange;
use crate::turns::Turn;

/// The routes of this service, and of the pictures that it keeps.
pub(super) fn routes(config: &Config) -> Router<Services> {
    Router::new()
        .route(
            "/storageservice/schematizedstore.asmx",
            service(post(answer)),
        )
        .layer(Extension(Pictures::new(config.pictures())))
        .merge(tile::routes())
}

async fn answer(
    State(services): State<Services>,
    Extension(pictures): Extension<Pictures>,
    headers: HeaderMap,
    Document(body): Document,
) -> Response {
    let action = headers
        .get("soapaction")
        .and_then(|action| action.to_str().ok())
        .unwrap_or_default();
    let request = match Envelope::parse(&body, &xml_limits(&services.config.http)) {
        Ok(request) => request,
        Err(error) => return refused(Edition::asked(None, action), None, "", &error.into()),
    };
    let (operation, edition) = (
        request.request().name(),
        Edition::asked(Some(request.request()), action),
    );
    let now = Timestamp::now();
    let turn = match contacts::holder(&services, &headers, &request, now) {
        Some(account) => services.node.turns.take(account).await,
        None => return refused(edition, None, operation, &StorageFault::NotAuthenticated),
    };
    let account = match contacts::authenticate(&services, &headers, &request, now).await {
        Ok(Some(account)) => account,
        Ok(None) => return refused(edition, None, operation, &StorageFault::NotAuthenticated),
        Err(error) => return broken(edition, "", operation, &error),
    };
    let asked = Asked {
        header: StorageHeader {
            edition,
            cid: account.cid(),
            cache_key: contacts::cache_key(account.id),
            ticket_token: request.ticket_token().unwrap_or_default().to_owned(),
        },
        address: OwnAddress::of(&services.config, &headers),
        services,
        pictures,
        account,
        now,
        _turn: turn,
    };
    let handle = asked.account.handle.clone();
    // A client that goes away must not take half of an operation with it.
    let outcome = tokio::spawn({
        let request = request.clone();
        async move { asked.answer(request.request()).await }
    });
    match outcome.await {
        Ok(Ok(document)) => xml(document),
        Ok(Err(StorageError::Refused(fault))) => {
            refused(edition, Some(handle.as_str()), operation, &fault)
        }
        Ok(Err(error)) => broken(edition, handle.as_str(), operation, &error),
        Err(panic) => broken(edition, handle.as_str(), operation, &panic),
    }
}

/// Why an operation is not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
enum StorageError {
    /// The client asked for what cannot be.
    #[error("{0}")]
    Refused(#[from] StorageFault),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was no time to look at the picture.
    #[error("{0}")]
    Picture(PictureError),
}

/// A request, and whose it is.
struct Asked {
    services: Services,
    pictures: Pictures,
    header: StorageHeader,
    address: OwnAddress,
    account: Account,
    now: Timestamp,
    /// Given back when all is done, even for a client that has gone away.
    _turn: Turn,
}

impl Asked {
    /// Does what is asked; the answer's document.
    async fn answer(&self, request: &Element) -> Result<String, StorageError> {
        let answer = match Request::read(request)? {
            Request::GetProfile(handle) => {
                self.must_be_mine(&handle, StorageFault::ItemDoesNotExist)?;
                Answer::Profile(Box::new(self.profile().await?))
            }
            Request::UpdateProfile { profile, changes } => {
                self.update_profile(profile, &changes).await?;
                Answer::ProfileUpdated
            }
            // It is made with the account.
            Request::CreateProfile => return Err(StorageFault::ItemAlreadyExists.into()),
            Request::FindDocuments(handle) => {
                self.must_be_mine(&handle, StorageFault::ItemDoesNotExist)?;
                let picture = self.services.store.picture(self.account.id).await?;
                let listed = picture.filter(|picture| picture.listed);
                Answer::Documents(listed.map(|picture| Listed { name: picture.name }))
            }
            Request::CreateDocument { parent, document } => {
                self.must_be_mine(&parent, StorageFault::AccessDenied)?;
                self.create_document(document).await?;
                Answer::DocumentCreated
            }
            Request::UpdateDocument { document, new } => {
                self.update_document(document, new).await?;
                Answer::DocumentUpdated
            }
            Request::CreateRelationships(relationships) => {
                self.create_relationships(&relationships).await?;
                Answer::RelationshipsCreated
            }
            Request::DeleteRelationships { source, targets } => {
                self.delete_relationships(&source, &targets).await?;
                Answer::RelationshipsDeleted
            }
        };
        Ok(answer.to_xml(&self.header))
    }

    async fn profile(&self) -> Result<Profile, StorageError> {
        let store = &self.services.store;
        let kept = store.profile(self.account.id).await?;
        let picture = store.picture(self.account.id).await?;
        let status = Dated {
            value: kept.personal_status,
            changed: second(kept.status_changed),
        };
        Ok(Profile {
            display_name: Dated {
                value: kept.display_name,
                changed: second(kept.name_changed),
            },
            personal_status: Some(status).filter(|status| !status.value.is_empty()),
            picture: picture
                .filter(|picture| picture.shown)
                .map(|picture| Dated {
                    changed: second(picture.changed),
                    value: Picture {
                        address: self.address.at(&tile::path(&picture.token)),
                        size: picture.size,
                        name: picture.name,
                    },
                }),
        })
    }

    async fn update_profile(
        &self,
        profile: Option<ResourceId>,
        changes: &ProfileChanges,
    ) -> Result<(), StorageError> {
        let (me, cid) = (&self.account, self.account.cid());
        if let Some(profile) = profile {
            self.must_be_my_own(profile)?;
            if ![
                ResourceId::profile(cid),
                ResourceId::expression_profile(cid),
            ]
            .contains(&profile)
            {
                return Err(StorageFault::ItemDoesNotExist.into());
            }
        }
        let storage = &self.services.config.storage;
        for (text, most, what) in [
            (
                &changes.display_name,
                Some(DISPLAY_NAME_LIMIT),
                "DisplayName",
            ),
            (
                &changes.personal_status,
                storage.personal_message,
                "PersonalStatus",
            ),
        ] {
            let length = text.as_ref().map_or(0, |text| text.chars().count());
            if most.is_some_and(|most| length > most) {
                return Err(StorageFault::TooLarge(what).into());
            }
        }
        // As a change by way of the address book: stored and told in turn.
        let node = &self.services.node;
        let _turn = match &changes.display_name {
            Some(_) => Some(node.roster_turn.lock().await),
            None => None,
        };
        let changed = self
            .services
            .store
            .update_profile(me.id, changes, self.now)
            .await?;
        if changed == ProfileChanged::Name {
            let changes = vec![RosterChange::AddressBook { owner: me.id }];
            node.directory.apply(me, changes, self.now);
        }
        Ok(())
    }

    async fn create_document(&self, document: NewDocument) -> Result<(), StorageError> {
        let name = document_name(&document.name)?;
        let picture = self.encoded(document.data).await?;
        self.services
            .store
            .keep_picture(self.account.id, name, &picture, self.now)
            .await?;
        Ok(())
    }

    async fn update_document(
        &self,
        document: ResourceId,
        new: DocumentChanges,
    ) -> Result<(), StorageError> {
        self.must_be_my_picture(document)?;
        let name = new.name.as_deref().map(document_name).transpose()?;
        let picture = match new.data {
            Some(data) => Some(self.encoded(data).await?),
            None => None,
        };
        let store = &self.services.store;
        store
            .change_picture(self.account.id, name, picture.as_ref(), self.now)
            .await
            .map_err(none_there)
    }

    async fn create_relationships(
        &self,
        relationships: &[Relationship],
    ) -> Result<(), StorageError> {
        for Relationship { source, target } in relationships {
            self.must_be_my_own(*source)?;
            self.must_be_my_picture(*target)?;
            if *source != ResourceId::expression_profile(self.account.cid()) {
                return Err(StorageFault::ItemDoesNotExist.into());
            }
        }
        // The picture is one and what it is linked to are two, so that one statement does it all.
        let store = &self.services.store;
        store
            .link_picture(self.account.id, PictureLink::Shown)
            .await
            .map_err(none_there)
    }

    /// What is not there is deleted already.
    async fn delete_relationships(
        &self,
        source: &ObjectHandle,
        targets: &[ObjectHandle],
    ) -> Result<(), StorageError> {
        for handle in targets.iter().chain([source]) {
            self.must_be_mine(handle, StorageFault::AccessDenied)?;
        }
        let cid = self.account.cid();
        let link = match source.resource {
            None => PictureLink::Listed,
            Some(id) if id == ResourceId::expression_profile(cid) => PictureLink::Shown,
            Some(_) => return Ok(()),
        };
        let picture = ResourceId::picture(cid);
        if targets
            .iter()
            .any(|target| target.resource == Some(picture))
        {
            let store = &self.services.store;
            store.unlink_picture(self.account.id, link).await?;
        }
        Ok(())
    }

    async fn encoded(&self, data: Vec<u8>) -> Result<EncodedPicture, StorageError> {
        self.pictures
            .encode(data)
            .await
            .map_err(|error| match error {
                PictureError::TooLarge => StorageFault::TooLarge("The picture").into(),
                PictureError::Unknown => StorageFault::NotAPicture("of no kind known here").into(),
                PictureError::Broken => StorageFault::NotAPicture("it cannot be read").into(),
                PictureError::Busy | PictureError::Failed => StorageError::Picture(error),
            })
    }

    fn must_be_mine(&self, handle: &ObjectHandle, fault: StorageFault) -> Result<(), StorageFault> {
        if handle.is_of(self.account.cid()) {
            Ok(())
        } else {
            Err(fault)
        }
    }

    fn must_be_my_own(&self, id: ResourceId) -> Result<(), StorageFault> {
        if id.cid == self.account.cid() {
            Ok(())
        } else {
            Err(StorageFault::AccessDenied)
        }
    }

    fn must_be_my_picture(&self, id: ResourceId) -> Result<(), StorageFault> {
        self.must_be_my_own(id)?;
        if id == ResourceId::picture(self.account.cid()) {
            Ok(())
        } else {
            Err(StorageFault::ItemDoesNotExist)
        }
    }
}

fn document_name(name: &str) -> Result<&str, StorageFault> {
    if name.chars().count() > DOCUMENT_NAME_LIMIT {
        Err(StorageFault::TooLarge("Name"))
    } else {
        Ok(name)
    }
}

fn none_there(error: StoreError) -> StorageError {
    match error {
        StoreError::NotFound(_) => StorageFault::ItemDoesNotExist.into(),
        other => other.into(),
    }
}

fn second(time: Timestamp) -> UtcSecond {
    UtcSecond::from_unix(u64::try_from(time.as_second()).unwrap_or_default())
}

/// The fault for a client that asks for what cannot be.
fn refused(
    edition: Edition,
    handle: Option<&str>,
    operation: &str,
    fault: &StorageFault,
) -> Response {
    let why = format!("{}: {fault}", contacts::named(operation));
    let failure = match handle {
        Some(handle) => Failure::of(handle, why),
        None => Failure::because(why),
    };
    failure
        .of_the_client()
        .on(document(edition, operation, fault))
}

/// The fault for trouble of ours: the client learns that there is some, the log learns which.
fn broken(
    edition: Edition,
    handle: &str,
    operation: &str,
    error: &dyn std::fmt::Display,
) -> Response {
    let why = format!("{}: {error}", contacts::named(operation));
    Failure::of(handle, why).on(document(edition, operation, &StorageFault::Unavailable))
}

fn document(edition: Edition, operation: &str, fault: &StorageFault) -> (StatusCode, Response) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        xml(fault.to_xml(edition, operation)),
    )
}

/// The longest name of a picture, in characters.
const DOCUMENT_NAME_LIMIT: usize = 255;
