//! The storage service: the profile that roams (name, personal message) and its display picture.
//!
//! services-other, 3; examples-soap, 2. Requests are read by meaning, in either namespace; an answer
//! is written in the namespace that was asked in.
//!
//! ```text
//!   Element --StorageRequest::read--> request ... (the store) ... StorageAnswer --to_xml--> document
//!                     \                                  \
//!                      StorageFault  ----------------------+----------------- --to_xml--> document
//! ```
//!
//! * [`handle`]: how clients name what is meant, an account by its CID, a thing by its id.
//! * [`answer`], [`fault`]: what goes back.

pub mod answer;
pub mod fault;
pub mod handle;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::envelope::Element;
use fault::StorageFault;
use handle::{ObjectHandle, ResourceId};

/// Which edition of the service is asked. They differ in nothing but their namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// Windows Live Messenger 8.
    #[default]
    W10,
    /// Windows Live Messenger 2009 and later.
    Of2008,
}

impl Edition {
    /// The edition that a request is of: by its element's namespace, else by `SOAPAction`, else the
    /// older one.
    pub fn asked(request: Option<&Element>, action: &str) -> Self {
        let by = |named: &str| Self::ALL.into_iter().find(|of| named == of.namespace());
        let action = action.trim().trim_matches('"');
        let (action, _operation) = action.rsplit_once('/').unwrap_or_default();
        request
            .and_then(|request| by(request.namespace()))
            .or_else(|| by(action))
            .unwrap_or_default()
    }

    /// Its namespace.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::W10 => "http://www.msn.com/webservices/storage/w10",
            Self::Of2008 => "http://www.msn.com/webservices/storage/2008",
        }
    }

    const ALL: [Self; 2] = [Self::W10, Self::Of2008];
}

/// What a client asks of the storage service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageRequest {
    /// GetProfile. Which attributes are asked for does not matter: all are told.
    GetProfile(ObjectHandle),
    /// UpdateProfile.
    UpdateProfile {
        /// Which one; absent it is the client's own.
        profile: Option<ResourceId>,
        /// What changes.
        changes: ProfileChanges,
    },
    /// CreateProfile.
    CreateProfile,
    /// FindDocuments.
    FindDocuments(ObjectHandle),
    /// CreateDocument.
    CreateDocument {
        /// Among whose documents.
        parent: ObjectHandle,
        /// The document; its data is there.
        document: NewDocument,
    },
    /// UpdateDocument.
    UpdateDocument {
        /// Which one.
        document: ResourceId,
        /// What it becomes.
        new: DocumentChanges,
    },
    /// CreateRelationships.
    CreateRelationships(Vec<Relationship>),
    /// DeleteRelationships.
    DeleteRelationships {
        /// From what.
        source: ObjectHandle,
        /// To what.
        targets: Vec<ObjectHandle>,
    },
}

/// Changes to a profile. What is absent stays as it is; an empty text clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChanges {
    /// The display name.
    pub display_name: Option<String>,
    /// The personal message.
    pub personal_status: Option<String>,
}

/// A picture to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// What the client calls it.
    pub name: String,
    /// The bytes of the picture, of whatever kind.
    pub data: Vec<u8>,
}

/// Changes to a picture. What is absent stays as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentChanges {
    /// What the client calls it.
    pub name: Option<String>,
    /// The bytes of another picture.
    pub data: Option<Vec<u8>>,
}

/// That something belongs to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// What it belongs to.
    pub source: ResourceId,
    /// What belongs to it.
    pub target: ResourceId,
}

impl StorageRequest {
    /// Reads a request; its element's name is the operation.
    pub fn read(request: &Element) -> Result<Self, StorageFault> {
        match request.name() {
            "GetProfile" => handle_in(request, "profileHandle").map(Self::GetProfile),
            "UpdateProfile" => Self::read_update_profile(request),
            "CreateProfile" => Ok(Self::CreateProfile),
            "FindDocuments" => handle_in(request, "objectHandle").map(Self::FindDocuments),
            "CreateDocument" => {
                let DocumentChanges { name, data } = DocumentChanges::read(request)?;
                Ok(Self::CreateDocument {
                    parent: handle_in(request, "parentHandle")?,
                    document: NewDocument {
                        name: name.unwrap_or_default(),
                        data: data.ok_or(StorageFault::BadRequest("no picture"))?,
                    },
                })
            }
            "UpdateDocument" => {
                let document = request
                    .child("document")
                    .map_or("", |document| document.text_of("ResourceID"));
                Ok(Self::UpdateDocument {
                    document: ResourceId::parse(document)?,
                    new: DocumentChanges::read(request)?,
                })
            }
            "CreateRelationships" => {
                let relationships: Vec<_> = listed(request, "relationships", "Relationship")
                    .map(Relationship::read)
                    .collect::<Result<_, _>>()?;
                not_empty(relationships).map(Self::CreateRelationships)
            }
            "DeleteRelationships" => {
                let targets: Vec<_> = listed(request, "targetHandles", "ObjectHandle")
                    .map(ObjectHandle::read)
                    .collect::<Result<_, _>>()?;
                Ok(Self::DeleteRelationships {
                    source: handle_in(request, "sourceHandle")?,
                    targets: not_empty(targets)?,
                })
            }
            unknown => Err(StorageFault::Forbidden(unknown.to_owned())),
        }
    }

    fn read_update_profile(request: &Element) -> Result<Self, StorageFault> {
        let profile = request.child("profile");
        let id = profile.map_or("", |profile| profile.text_of("ResourceID"));
        let expression = profile.and_then(|profile| profile.child("ExpressionProfile"));
        let deleted =
            request.descend(&["profileAttributesToDelete", "ExpressionProfileAttributes"]);
        let changed = |name: &str| {
            let is_deleted = deleted.and_then(|deleted| deleted.flag(name)) == Some(true);
            let said = expression
                .and_then(|expression| expression.child(name))
                .map(|said| said.text().to_owned());
            if is_deleted {
                Some(String::new())
            } else {
                said
            }
        };
        Ok(Self::UpdateProfile {
            profile: match id {
                "" => None,
                id => Some(ResourceId::parse(id)?),
            },
            changes: ProfileChanges {
                display_name: changed("DisplayName"),
                personal_status: changed("PersonalStatus"),
            },
        })
    }
}

impl DocumentChanges {
    /// Reads `document{Name, DocumentStreams/DocumentStream{DocumentStreamType, Data}}`: the tile
    /// among several streams. What `MimeType` and `DataSize` say is of no account.
    fn read(request: &Element) -> Result<Self, StorageFault> {
        let document = request
            .child("document")
            .ok_or(StorageFault::BadRequest("no document"))?;
        let mut streams: Vec<_> = listed(document, "DocumentStreams", "DocumentStream")
            .filter(|stream| !stream.text_of("Data").is_empty())
            .collect();
        streams.sort_by_key(|stream| stream.text_of("DocumentStreamType") != TILE);
        let data = streams
            .first()
            .map(|stream| decoded(stream.text_of("Data")));
        Ok(Self {
            name: document.child("Name").map(|name| name.text().to_owned()),
            data: data.transpose()?,
        })
    }
}

impl Relationship {
    fn read(relationship: &Element) -> Result<Self, StorageFault> {
        Ok(Self {
            source: ResourceId::parse(relationship.text_of("SourceID"))?,
            target: ResourceId::parse(relationship.text_of("TargetID"))?,
        })
    }
}

impl std::fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewDocument({} bytes)", self.data.len())
    }
}

impl std::fmt::Debug for DocumentChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.data.as_ref().map_or(0, Vec::len);
        write!(f, "DocumentChanges({bytes} bytes)")
    }
}

/// Without the element the client means its own.
fn handle_in(request: &Element, name: &str) -> Result<ObjectHandle, StorageFault> {
    request
        .child(name)
        .map_or_else(|| Ok(ObjectHandle::default()), ObjectHandle::read)
}

fn listed<'a>(request: &'a Element, list: &str, name: &str) -> impl Iterator<Item = &'a Element> {
    request
        .child(list)
        .into_iter()
        .flat_map(move |list| list.children_named(name))
}

/// Base64 with or without line breaks, with or without its padding.
fn decoded(text: &str) -> Result<Vec<u8>, StorageFault> {
    let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64
        .decode(text)
        .map_err(|_| StorageFault::BadRequest("the picture is not in base64"))
}

fn not_empty<T>(list: Vec<T>) -> Result<Vec<T>, StorageFault> {
    if list.is_empty() {
        Err(StorageFault::BadRequest("nothing to do it to"))
    } else {
        Ok(list)
    }
}

/// The stream that is the display picture.
const TILE: &str = "UserTileStatic";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests;
