//! Pictures from outside become pictures of ours: what is kept and handed out is only ever a PNG that
//! was encoded here (services-other, 3.1; examples-soap, 2.5).
//!
//! ```text
//!   bytes -> few enough? -> png | jpeg | gif by its first bytes -> small enough? -> decoded
//!                                                                                     |
//!        EncodedPicture { whole, small }  <-  upright, shrunk, encoded as PNG  <------'
//! ```
//!
//! Size in bytes and in pixels is looked at before anything is decoded. Of an animation the first
//! frame stays. Decoding runs on threads of its own, as many at once as there are cores, and a limited
//! number may wait.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

use crate::store::picture::EncodedPicture;

/// What may come in. `None` = any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// Bytes of a picture as it is sent.
    pub bytes: Option<usize>,
    /// Pixels of each of its sides.
    pub side: Option<usize>,
    /// How many may wait for a core.
    pub waiting: Option<usize>,
}

/// Decodes and encodes. Cloning one is a few reference counts.
#[derive(Clone, Debug)]
pub struct Pictures {
    limits: PictureLimits,
    /// One for whoever runs or waits.
    places: Arc<Semaphore>,
    /// One for whoever runs.
    cores: Arc<Semaphore>,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Too many bytes, or too many pixels.
    #[error("too large")]
    TooLarge,
    /// Neither PNG nor JPEG nor GIF.
    #[error("neither PNG nor JPEG nor GIF")]
    Unknown,
    /// It begins as a picture and is none.
    #[error("broken or not whole")]
    Broken,
    /// Too many wait already.
    #[error("too many pictures are being looked at")]
    Busy,
    /// A mistake of ours, or of the library that decodes.
    #[error("a picture could not be looked at")]
    Failed,
}

impl Pictures {
    /// Within these limits.
    pub fn new(limits: PictureLimits) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let places = limits.waiting.map_or(Semaphore::MAX_PERMITS, |waiting| {
            waiting.saturating_add(cores).min(Semaphore::MAX_PERMITS)
        });
        Self {
            limits,
            places: Arc::new(Semaphore::new(places)),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Makes a picture of ours out of whatever was sent.
    pub async fn encode(&self, sent: Vec<u8>) -> Result<EncodedPicture, PictureError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PictureError::Busy)?;
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| PictureError::Failed)?;
        let limits = self.limits;
        // Work once begun keeps its core and its place to the end, whoever still waits for it.
        tokio::task::spawn_blocking(move || {
            let encoded = encoded(&sent, limits);
            drop((core, place));
            encoded
        })
        .await
        .map_err(|_| PictureError::Failed)?
    }
}

fn encoded(sent: &[u8], limits: PictureLimits) -> Result<EncodedPicture, PictureError> {
    if limits.bytes.is_some_and(|most| sent.len() > most) {
        return Err(PictureError::TooLarge);
    }
    let picture = decoded(sent, limits)?;
    let whole = within(&picture, WHOLE_SIDE);
    Ok(EncodedPicture {
        small: png(&within(&whole, SMALL_SIDE))?,
        whole: png(&whole)?,
    })
}

fn decoded(sent: &[u8], limits: PictureLimits) -> Result<DynamicImage, PictureError> {
    let format = match image::guess_format(sent) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif)) => format,
        Ok(_) | Err(_) => return Err(PictureError::Unknown),
    };
    if format == ImageFormat::Jpeg && !is_whole_jpeg(sent) {
        return Err(PictureError::Broken);
    }
    let limits = decoder_limits(limits);
    let most = limits.max_alloc.unwrap_or(u64::MAX);
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    reader.limits(limits);
    // Each side is looked at here, and what they come to below.
    let mut decoder = reader.into_decoder().map_err(fault_of)?;
    if decoder.total_bytes() > most {
        return Err(PictureError::TooLarge);
    }
    if decoder.total_bytes() == 0 {
        return Err(PictureError::Broken);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fault_of)?;
    picture.apply_orientation(orientation);
    // Eight bits a channel, and no channel that says nothing.
    Ok(if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(picture.into_rgb8())
    })
}

/// Whether a JPEG goes on to its end. The decoder makes do with less and paints the rest grey; the data
/// behind the last start of a scan (FF DA) cannot have an end of image (FF D9) in it but for the real one.
fn is_whole_jpeg(sent: &[u8]) -> bool {
    let last = |marker: u8| sent.windows(2).rposition(|two| two == [0xff, marker]);
    match (last(0xda), last(0xd9)) {
        (Some(scan), Some(end)) => scan < end,
        _ => false,
    }
}

fn decoder_limits(limits: PictureLimits) -> Limits {
    let mut decoder = Limits::no_limits();
    let side = limits
        .side
        .map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    decoder.max_image_width = side;
    decoder.max_image_height = side;
    decoder.max_alloc = Some(match side {
        Some(side) => u64::from(side)
            .saturating_mul(u64::from(side))
            .saturating_mul(BYTES_PER_PIXEL)
            .saturating_add(OTHER_MEMORY)
            .min(MEMORY),
        None => MEMORY,
    });
    decoder
}

fn fault_of(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        // Without a frame a GIF is told as a mistake in a parameter.
        ImageError::Decoding(_) | ImageError::IoError(_) | ImageError::Parameter(_) => {
            PictureError::Broken
        }
        ImageError::Unsupported(_) => PictureError::Unknown,
        ImageError::Encoding(_) => PictureError::Failed,
    }
}

/// The same picture with no side longer than this, in its own proportions.
fn within(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side {
        picture.clone()
    } else {
        picture.resize(side, side, imageops::FilterType::Triangle)
    }
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive);
    picture
        .write_with_encoder(encoder)
        .map_err(|_| PictureError::Failed)?;
    Ok(bytes)
}

/// The longest side of a picture as it is kept. Clients show it with 96.
const WHOLE_SIDE: u32 = 256;

/// The longest side of a thumbnail.
const SMALL_SIDE: u32 = 48;

/// What decoding may take: four channels of sixteen bits, and once more half of that for a frame that
/// is put together.
const BYTES_PER_PIXEL: u64 = 12;

/// Colour profiles and the like.
const OTHER_MEMORY: u64 = 1024 * 1024;

/// The most that decoding may take, whatever the operator allows: memory that is not there ends the
/// process.
const MEMORY: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
