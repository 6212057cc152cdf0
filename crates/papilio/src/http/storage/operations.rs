//! What each operation of the storage service asks of the store and of the pictures (services-other,
//! 3.1).
//!
//! What a request names must be the account's own: each operation makes sure of that first.

use jiff::Timestamp;
use msnp::soap::contact::DISPLAY_NAME_LIMIT;
use msnp::soap::envelope::Element;
use msnp::soap::storage::answer::{
    Dated, Document as Listed, Picture, Profile, StorageAnswer as Answer, StorageHeader,
};
use msnp::soap::storage::fault::StorageFault;
use msnp::soap::storage::handle::{ObjectHandle, ResourceId};
use msnp::soap::storage::{
    DocumentChanges, NewDocument, ProfileChanges, Relationship, StorageRequest as Request,
};
use msnp::soap::time::UtcSecond;

use super::super::own_address::OwnAddress;
use super::super::{Services, tile};
use crate::pictures::{PictureError, Pictures};
use crate::store::StoreError;
use crate::store::account::Account;
use crate::store::picture::{EncodedPicture, PictureLink};
use crate::store::profile::ProfileChanged;
use crate::store::roster::RosterChange;
use crate::turns::Turn;

/// Why an operation is not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
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
pub(super) struct Asked {
    pub(super) services: Services,
    pub(super) pictures: Pictures,
    /// The header of the answer.
    pub(super) header: StorageHeader,
    pub(super) address: OwnAddress,
    pub(super) account: Account,
    pub(super) now: Timestamp,
    /// Given back when all is done, even for a client that has gone away.
    pub(super) _turn: Turn,
}

impl Asked {
    /// Does what is asked; the answer's document.
    pub(super) async fn answer(&self, request: &Element) -> Result<String, StorageError> {
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

/// The longest name of a picture, in characters.
const DOCUMENT_NAME_LIMIT: usize = 255;
