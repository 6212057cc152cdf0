//! Display pictures that roam (services-other, 3): one for each account, kept as the PNG that we made
//! of it, and a thumbnail.
//!
//! ```text
//!   keep_picture: listed, shown --unlink--> neither -> deleted
//!                      ^-----------link-------'  only while it is still the other
//! ```

use std::fmt;

use jiff::Timestamp;
use sqlx::Row;

use super::account::AccountId;
use super::{Store, StoreError, Writing};

/// A picture as it was encoded here.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The whole, a PNG.
    pub whole: Vec<u8>,
    /// A thumbnail, a PNG.
    pub small: Vec<u8>,
}

/// What is known of an account's picture, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPicture {
    /// Where it is fetched.
    pub token: PictureToken,
    /// What its owner calls it.
    pub name: String,
    /// Bytes of the whole.
    pub size: usize,
    /// Whether it is among the owner's pictures.
    pub listed: bool,
    /// Whether the profile shows it.
    pub shown: bool,
    /// When it was sent.
    pub changed: Timestamp,
}

/// The name of a picture in its address: 128 random bits, so that nobody finds one by trying, and
/// others with every new picture, so that what was fetched once need not be fetched again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureToken(String);

impl PictureToken {
    fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Reads one; `None` if it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 32 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for PictureToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which size of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// As large as it is kept.
    Whole,
    /// The thumbnail.
    Small,
}

/// In which way a picture belongs to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureLink {
    /// As one of the owner's pictures.
    Listed,
    /// As the one that the profile shows.
    Shown,
}

impl Store {
    /// What is known of an account's picture.
    pub async fn picture(&self, owner: AccountId) -> Result<Option<KeptPicture>, StoreError> {
        let row = sqlx::query(
            "SELECT token, name, listed, shown, whole_size, changed FROM pictures WHERE owner = $1",
        )
        .bind(number(owner))
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let token: String = row.try_get("token")?;
        let size: i64 = row.try_get("whole_size")?;
        Ok(Some(KeptPicture {
            token: PictureToken::parse(&token).ok_or(StoreError::Malformed("picture token"))?,
            name: row.try_get("name")?,
            size: usize::try_from(size).map_err(|_| StoreError::Malformed("size"))?,
            listed: row.try_get::<i64, _>("listed")? != 0,
            shown: row.try_get::<i64, _>("shown")? != 0,
            changed: Timestamp::from_millisecond(row.try_get("changed")?)
                .map_err(|_| StoreError::Malformed("time"))?,
        }))
    }

    /// The bytes of the picture with this name, of whoever it is; `None` too when its owner may not
    /// sign in.
    pub async fn picture_bytes(
        &self,
        token: &PictureToken,
        size: PictureSize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = sqlx::query_scalar(match size {
            PictureSize::Whole => {
                "SELECT p.whole FROM pictures p JOIN accounts a ON a.id = p.owner
                 WHERE p.token = $1 AND a.disabled = 0"
            }
            PictureSize::Small => {
                "SELECT p.small FROM pictures p JOIN accounts a ON a.id = p.owner
                 WHERE p.token = $1 AND a.disabled = 0"
            }
        })
        .bind(token.0.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(bytes)
    }

    /// Keeps a picture in the place of the one before, listed and shown.
    pub async fn keep_picture(
        &self,
        owner: AccountId,
        name: &str,
        picture: &EncodedPicture,
        now: Timestamp,
    ) -> Result<PictureToken, StoreError> {
        let token = PictureToken::random();
        let mut writing = self.write().await?;
        sqlx::query(
            "INSERT INTO pictures
                 (owner, token, name, listed, shown, whole, whole_size, small, changed)
             VALUES ($1, $2, $3, 1, 1, $4, $5, $6, $7)
             ON CONFLICT (owner) DO UPDATE
             SET token = $2, name = $3, listed = 1, shown = 1, whole = $4, whole_size = $5,
                 small = $6, changed = $7",
        )
        .bind(number(owner))
        .bind(token.0.as_str())
        .bind(name)
        .bind(&picture.whole[..])
        .bind(i64::try_from(picture.whole.len()).unwrap_or(i64::MAX))
        .bind(&picture.small[..])
        .bind(now.as_millisecond())
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(token)
    }

    /// Gives the picture that is there other bytes, another name, or both.
    /// [`StoreError::NotFound`] if there is none.
    pub async fn change_picture(
        &self,
        owner: AccountId,
        name: Option<&str>,
        picture: Option<&EncodedPicture>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query(
            "UPDATE pictures SET name = COALESCE($2, name), changed = $3 WHERE owner = $1",
        )
        .bind(number(owner))
        .bind(name)
        .bind(now.as_millisecond())
        .execute(&mut *writing)
        .await?;
        if done.rows_affected() == 0 {
            return Err(NO_PICTURE);
        }
        if let Some(picture) = picture {
            sqlx::query(
                "UPDATE pictures SET token = $2, whole = $3, whole_size = $4, small = $5
                 WHERE owner = $1",
            )
            .bind(number(owner))
            .bind(PictureToken::random().0)
            .bind(&picture.whole[..])
            .bind(i64::try_from(picture.whole.len()).unwrap_or(i64::MAX))
            .bind(&picture.small[..])
            .execute(&mut *writing)
            .await?;
        }
        Ok(writing.commit().await?)
    }

    /// Lists or shows the picture that is there. [`StoreError::NotFound`] if there is none.
    pub async fn link_picture(
        &self,
        owner: AccountId,
        link: PictureLink,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query(match link {
            PictureLink::Listed => "UPDATE pictures SET listed = 1 WHERE owner = $1",
            PictureLink::Shown => "UPDATE pictures SET shown = 1 WHERE owner = $1",
        })
        .bind(number(owner))
        .execute(&mut *writing)
        .await?;
        if done.rows_affected() == 0 {
            return Err(NO_PICTURE);
        }
        Ok(writing.commit().await?)
    }

    /// Lists or shows the picture no longer, if there is one; deletes it when it is neither.
    pub async fn unlink_picture(
        &self,
        owner: AccountId,
        link: PictureLink,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(match link {
            PictureLink::Listed => "UPDATE pictures SET listed = 0 WHERE owner = $1",
            PictureLink::Shown => "UPDATE pictures SET shown = 0 WHERE owner = $1",
        })
        .bind(number(owner))
        .execute(&mut *writing)
        .await?;
        delete_what_is_nowhere(&mut writing, owner).await?;
        Ok(writing.commit().await?)
    }
}

async fn delete_what_is_nowhere(writing: &mut Writing, owner: AccountId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM pictures WHERE owner = $1 AND listed = 0 AND shown = 0")
        .bind(number(owner))
        .execute(&mut **writing)
        .await?;
    Ok(())
}

impl fmt::Debug for EncodedPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, small) = (self.whole.len(), self.small.len());
        write!(f, "EncodedPicture({whole} and {small} bytes)")
    }
}

fn number(id: AccountId) -> i64 {
    i64::from(id.0)
}

const NO_PICTURE: StoreError = StoreError::NotFound("there is no picture");
