use super::*;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{Frame, Rgb, RgbImage, Rgba, RgbaImage};

const LIMITS: PictureLimits = PictureLimits {
    bytes: Some(64 * 1024),
    side: Some(512),
    waiting: Some(0),
};

const RED: Rgb<u8> = Rgb([220, 20, 10]);
const BLUE: Rgb<u8> = Rgb([10, 20, 220]);

/// The left half red, the right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    let colour = |x, _| if x < width / 2 { RED } else { BLUE };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour))
}

fn as_format(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read(png: &[u8]) -> RgbImage {
    assert_eq!(image::guess_format(png).unwrap(), ImageFormat::Png);
    image::load_from_memory(png).unwrap().into_rgb8()
}

fn is_near(found: Rgb<u8>, expected: Rgb<u8>) -> bool {
    let pairs = found.0.into_iter().zip(expected.0);
    pairs.into_iter().all(|(a, b)| a.abs_diff(b) < 24)
}

#[test]
fn every_kind_becomes_a_png_of_the_same_picture() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
        let sent = as_format(&halves(96, 80), format);
        let picture = encoded(&sent, LIMITS).unwrap();
        let (whole, small) = (read(&picture.whole), read(&picture.small));
        assert_eq!(whole.dimensions(), (96, 80), "{format:?}");
        assert_eq!(small.dimensions(), (48, 40), "{format:?}");
        for found in [&whole, &small] {
            let (width, height) = found.dimensions();
            assert!(is_near(*found.get_pixel(width / 8, height / 2), RED));
            assert!(is_near(*found.get_pixel(width * 7 / 8, height / 2), BLUE));
        }
    }
}

#[test]
fn a_picture_that_is_small_stays_as_it_is_and_a_large_one_shrinks() {
    let tiny = encoded(&as_format(&halves(2, 1), ImageFormat::Png), LIMITS).unwrap();
    assert_eq!(tiny.whole, tiny.small);
    assert_eq!(read(&tiny.whole), halves(2, 1).into_rgb8());
    let large = encoded(&as_format(&halves(512, 64), ImageFormat::Png), LIMITS).unwrap();
    assert_eq!(read(&large.whole).dimensions(), (256, 32));
    assert_eq!(read(&large.small).dimensions(), (48, 6));
    let thin = encoded(&as_format(&halves(512, 1), ImageFormat::Png), LIMITS).unwrap();
    assert_eq!(read(&thin.small).dimensions(), (48, 1));
}

#[test]
fn what_is_transparent_stays_so() {
    let glass = RgbaImage::from_pixel(60, 60, Rgba([1, 2, 3, 0]));
    let sent = as_format(&DynamicImage::ImageRgba8(glass), ImageFormat::Png);
    let picture = encoded(&sent, LIMITS).unwrap();
    for png in [picture.whole, picture.small] {
        let found = image::load_from_memory(&png).unwrap();
        assert_eq!(found.to_rgba8().get_pixel(7, 7).0[3], 0);
    }
}

#[test]
fn of_an_animation_the_first_frame_stays() {
    let mut sent = Vec::new();
    let mut encoder = GifEncoder::new(&mut sent);
    for colour in [[220, 20, 10, 255], [10, 20, 220, 255], [0, 0, 0, 255]] {
        let frame = RgbaImage::from_pixel(40, 30, Rgba(colour));
        encoder.encode_frame(Frame::new(frame)).unwrap();
    }
    drop(encoder);
    let whole = read(&encoded(&sent, LIMITS).unwrap().whole);
    assert_eq!(whole.dimensions(), (40, 30));
    assert!(is_near(*whole.get_pixel(20, 15), RED));
}

/// A PNG of one pixel that says to be of another size.
fn lying_png(width: u32, height: u32) -> Vec<u8> {
    let mut sent = as_format(&halves(1, 1), ImageFormat::Png);
    sent[16..20].copy_from_slice(&width.to_be_bytes());
    sent[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&sent[12..29]);
    sent[29..33].copy_from_slice(&crc.to_be_bytes());
    sent
}

/// As PNG has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
        })
    })
}

#[test]
fn sizes_are_looked_at_before_anything_is_decoded() {
    let bomb = lying_png(50_000, 50_000);
    assert_eq!(encoded(&bomb, LIMITS), Err(PictureError::TooLarge));
    let wide = lying_png(u32::MAX >> 1, 1);
    assert_eq!(encoded(&wide, LIMITS), Err(PictureError::TooLarge));
    let gif =
        b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    assert_eq!(encoded(gif, LIMITS), Err(PictureError::TooLarge));
    let mut frame = as_format(&halves(4, 4), ImageFormat::Gif);
    let at = frame.iter().position(|byte| *byte == b',').unwrap();
    frame[at + 5..at + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(encoded(&frame, LIMITS), Err(PictureError::TooLarge));
    let mut jpeg = as_format(&halves(16, 16), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3f, 0xff, 0x3f, 0xff]);
    assert_eq!(encoded(&jpeg, LIMITS), Err(PictureError::TooLarge));
    let just = as_format(&halves(513, 1), ImageFormat::Png);
    assert_eq!(encoded(&just, LIMITS), Err(PictureError::TooLarge));
    let mut long = as_format(&halves(8, 8), ImageFormat::Png);
    long.resize(64 * 1024 + 1, 0);
    assert_eq!(encoded(&long, LIMITS), Err(PictureError::TooLarge));
}

#[test]
fn an_operator_who_sets_no_limits_is_not_blown_up() {
    let none = PictureLimits {
        bytes: None,
        side: None,
        waiting: None,
    };
    for bomb in [
        lying_png(50_000, 50_000),
        lying_png(u32::MAX >> 1, 1),
        lying_png(1 << 20, 1 << 20),
        b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
            .to_vec(),
    ] {
        assert_eq!(encoded(&bomb, none), Err(PictureError::TooLarge));
    }
    let large = as_format(&halves(3000, 2000), ImageFormat::Jpeg);
    let whole = read(&encoded(&large, none).unwrap().whole);
    assert_eq!(whole.dimensions(), (256, 171));
}

#[test]
fn a_gif_whose_frame_is_larger_than_it_says_is_cut() {
    let mut sent = as_format(&halves(40, 40), ImageFormat::Gif);
    sent[6..10].copy_from_slice(&[4, 0, 4, 0]);
    let outcome = encoded(&sent, LIMITS).map(|picture| read(&picture.whole).dimensions());
    assert!(
        matches!(outcome, Ok((4, 4)) | Err(PictureError::Broken)),
        "{outcome:?}"
    );
}

#[test]
fn what_is_no_picture() {
    for nothing in [
        &b""[..],
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM\x3a\0\0\0\0\0\0\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\0\0\x01\0\x01\0",
        b"MZ\x90\0",
    ] {
        let outcome = encoded(nothing, LIMITS);
        assert_eq!(outcome, Err(PictureError::Unknown), "{nothing:?}");
    }
    for beginning in [
        &b"\x89PNG\r\n\x1a\n"[..],
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"GIF89a\0\0\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
        b"\x89PNG\r\n\x1a\n<html>",
        b"\xff\xd8\xff\xe0<html>",
        b"GIF89a",
        b"GIF89a<script>alert(1)</script>",
    ] {
        let outcome = encoded(beginning, LIMITS);
        assert!(
            matches!(
                outcome,
                Err(PictureError::Broken | PictureError::Unknown | PictureError::TooLarge)
            ),
            "{beginning:?}: {outcome:?}"
        );
    }
}

#[test]
fn what_is_cut_off_is_refused() {
    for (format, end) in [
        // Behind the pixels come the end of their data, a checksum, and the chunk that is the end.
        (ImageFormat::Png, 20),
        (ImageFormat::Jpeg, 1),
        (ImageFormat::Gif, 3),
    ] {
        let sent = as_format(&halves(24, 24), format);
        assert!(encoded(&sent, LIMITS).is_ok());
        for length in 0..sent.len() {
            let outcome = encoded(&sent[..length], LIMITS);
            assert!(
                outcome.is_err() || length > sent.len() - end,
                "{format:?}: {length} of {}",
                sent.len()
            );
        }
    }
}

#[test]
fn any_bit_may_be_wrong() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
        let sent = as_format(&halves(12, 12), format);
        for at in 0..sent.len() {
            for bit in 0..8 {
                let mut wrong = sent.clone();
                wrong[at] ^= 1 << bit;
                let outcome = encoded(&wrong, LIMITS);
                assert_ne!(outcome, Err(PictureError::Failed), "{format:?} {at} {bit}");
            }
        }
    }
}

#[test]
fn a_photograph_is_turned_upright() {
    let mut sent = Vec::new();
    let mut encoder = JpegEncoder::new(&mut sent);
    // EXIF: the orientation is 6, a quarter turn clockwise.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
    encoder.encode_image(&halves(80, 40)).unwrap();
    let whole = read(&encoded(&sent, LIMITS).unwrap().whole);
    assert_eq!(whole.dimensions(), (40, 80));
    assert!(is_near(*whole.get_pixel(20, 10), RED));
    assert!(is_near(*whole.get_pixel(20, 70), BLUE));
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_back() {
    let pictures = Pictures::new(LIMITS);
    let sent = as_format(&halves(8, 8), ImageFormat::Png);
    let cores = pictures.cores.available_permits();
    let busy = Arc::clone(&pictures.places)
        .acquire_many_owned(u32::try_from(cores).unwrap())
        .await
        .unwrap();
    let outcome = pictures.encode(sent.clone()).await;
    assert_eq!(outcome, Err(PictureError::Busy));
    drop(busy);
    assert!(pictures.encode(sent).await.is_ok());
}
