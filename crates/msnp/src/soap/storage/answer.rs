//! What the storage service answers when it has done what was asked (services-other, 3.1 and 3.2;
//! examples-soap, 2).

use std::fmt;

use askama::Template;

use super::super::envelope::written;
use super::super::time::UtcSecond;
use super::Edition;
use super::handle::ResourceId;

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageAnswer {
    /// To GetProfile.
    Profile(Box<Profile>),
    /// To UpdateProfile.
    ProfileUpdated,
    /// To FindDocuments: the picture, if there is one.
    Documents(Option<Document>),
    /// To CreateDocument.
    DocumentCreated,
    /// To UpdateDocument.
    DocumentUpdated,
    /// To CreateRelationships.
    RelationshipsCreated,
    /// To DeleteRelationships.
    RelationshipsDeleted,
}

/// What an account's profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The display name.
    pub display_name: Dated<String>,
    /// The personal message; without one the client keeps its own.
    pub personal_status: Option<Dated<String>>,
    /// The display picture, if the profile shows one.
    pub picture: Option<Dated<Picture>>,
}

/// Something, and when it last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// What it is.
    pub value: T,
    /// Since when.
    pub changed: UtcSecond,
}

/// A display picture as a profile shows it: a PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What its owner calls it.
    pub name: String,
    /// How many bytes it has.
    pub size: usize,
    /// Where it is fetched, without a ticket.
    pub address: String,
}

/// A display picture as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What its owner calls it.
    pub name: String,
}

/// Who asked, as the header of every answer repeats it.
#[derive(Clone, PartialEq, Eq)]
pub struct StorageHeader {
    /// The edition that was asked.
    pub edition: Edition,
    /// The account's.
    pub cid: i64,
    /// Opaque, the same for every answer to an account; clients send it back.
    pub cache_key: String,
    /// The ticket that the client showed in its document, if it did. A secret of the client's own.
    pub ticket_token: String,
}

impl Profile {
    /// When anything in it last changed.
    fn changed(&self) -> UtcSecond {
        let status = self.personal_status.as_ref().map(|status| status.changed);
        let picture = self.picture.as_ref().map(|picture| picture.changed);
        let others = [status, picture].into_iter().flatten();
        others.fold(self.display_name.changed, UtcSecond::max)
    }
}

impl StorageAnswer {
    /// The document.
    pub fn to_xml(&self, header: &StorageHeader) -> String {
        written(&AnswerDocument {
            header,
            namespace: header.edition.namespace(),
            profile_id: ResourceId::profile(header.cid),
            expression_id: ResourceId::expression_profile(header.cid),
            picture_id: ResourceId::picture(header.cid),
            answer: self,
        })
    }
}

impl fmt::Debug for StorageHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageHeader")
            .field("edition", &self.edition)
            .field("cid", &self.cid)
            .finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "soap/storage.xml", whitespace = "suppress")]
struct AnswerDocument<'a> {
    header: &'a StorageHeader,
    namespace: &'static str,
    profile_id: ResourceId,
    expression_id: ResourceId,
    picture_id: ResourceId,
    answer: &'a StorageAnswer,
}
