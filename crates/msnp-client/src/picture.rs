//! Display pictures.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use msnp::client::p2p::FileName;
use msnp::handle::Handle;
use msnp::object::{MsnObject, ObjectKind};

/// A picture to be shown beside one's name: the bytes of a PNG, JPEG or GIF file, 96 by 96 pixels in
/// clients of then. It is not looked into.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    data: Bytes,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} bytes)", self.data.len())
    }
}

impl Picture {
    /// Longest picture in bytes, to be offered or fetched.
    pub const MAX_LEN: usize = 1024 * 1024;

    /// Takes the bytes of a file. `None` when there are none, or too many.
    pub fn new(data: impl Into<Bytes>) -> Option<Self> {
        let data = data.into();
        let fits = (1..=Self::MAX_LEN).contains(&data.len());
        fits.then_some(Self { data })
    }

    /// The bytes.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// How it is announced.
    pub(crate) fn object(&self, creator: &Handle) -> MsnObject {
        let name = FileName::of("picture.png");
        MsnObject::of_data(
            creator,
            ObjectKind::DisplayPicture,
            name.as_str(),
            &self.data,
        )
    }
}

/// What others may fetch: the picture shown now, and those shown before, for whoever asks late.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offered(Arc<Mutex<Pictures>>);

#[derive(Debug, Default)]
struct Pictures {
    by_digest: HashMap<String, Bytes>,
    order: Vec<String>,
}

impl Offered {
    pub(crate) fn add(&self, object: &MsnObject, data: Bytes) {
        let mut pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = pictures.by_digest.insert(object.sha1d.clone(), data);
        if before.is_none() {
            pictures.order.push(object.sha1d.clone());
        }
        if pictures.order.len() > KEPT {
            let oldest = pictures.order.remove(0);
            pictures.by_digest.remove(&oldest);
        }
    }

    pub(crate) fn find(&self, object: &MsnObject) -> Option<Bytes> {
        let pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.by_digest.get(&object.sha1d).cloned()
    }
}

/// How many pictures are kept.
const KEPT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_announces_what_it_is() {
        let alice = Handle::parse("alice@example.com").unwrap();
        let picture = Picture::new(&b"data"[..]).unwrap();
        let object = picture.object(&alice);
        assert_eq!((object.size, &*object.creator), (4, "alice@example.com"));
        assert_eq!(object.sha1d, "oXyaqmHoChv3HQ2FCvTluqmAC70=");
        assert_eq!(object.sha1c, Some(object.check_value()));
        assert!(Picture::new(Bytes::new()).is_none());
        assert!(Picture::new(vec![0; Picture::MAX_LEN + 1]).is_none());
    }

    #[test]
    fn the_last_few_pictures_can_be_fetched() {
        let alice = Handle::parse("alice@example.com").unwrap();
        let offered = Offered::default();
        let pictures: Vec<_> = (0..6).map(|n| Picture::new(vec![n]).unwrap()).collect();
        for picture in pictures.iter().chain(&pictures[5..]) {
            offered.add(&picture.object(&alice), picture.data().clone());
        }
        for (number, picture) in pictures.iter().enumerate() {
            let found = offered.find(&picture.object(&alice));
            assert_eq!(found.is_some(), number >= 2, "{number}");
        }
    }
}
