//! Display pictures: what is sent, what is shown, and what is fetched.

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use papilio::config::Config;

use super::{
    World, between, create_document, create_relationships, find_documents, id, painted, red,
    streams, unlist, unshow, update_document,
};

fn decoded(png: &[u8]) -> RgbImage {
    assert_eq!(image::guess_format(png).unwrap(), ImageFormat::Png);
    image::load_from_memory(png).unwrap().into_rgb8()
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.split_once(&format!("\r\n{name}: ")).unwrap().1;
    line.split_once("\r\n").unwrap().0
}

#[tokio::test]
async fn a_picture_of_any_kind_comes_back_as_png() {
    let world = World::new().await;
    let alice = world.alice();
    for format in [ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Png] {
        let sent = painted(96, 64, [220, 20, 10], format);
        world.done(alice, &create_document(alice, &sent)).await;
        let path = world.picture(alice).await.unwrap();
        let (head, bytes) = world.get(&path, "").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(header(&head, "Content-Type"), "image/png");
        assert_eq!(header(&head, "Content-Length"), bytes.len().to_string());
        let whole = decoded(&bytes);
        assert_eq!(whole.dimensions(), (96, 64));
        let Rgb([r, g, b]) = *whole.get_pixel(48, 32);
        assert!(r > 200 && g < 40 && b < 40, "{format:?}: {r} {g} {b}");
        let size = between(&world.profile(alice).await, "<DataSize>", "<")[0].to_owned();
        assert_eq!(size, bytes.len().to_string());
        let (_, small) = world.get(&path.replace("/static", "/small"), "").await;
        assert_eq!(decoded(&small).dimensions(), (48, 32));
    }
}

#[tokio::test]
async fn of_an_animation_the_first_frame_is_shown() {
    let world = World::new().await;
    let alice = world.alice();
    let mut sent = Vec::new();
    let mut encoder = GifEncoder::new(&mut sent);
    for colour in [[220, 20, 10, 255], [10, 20, 220, 255]] {
        let frame = RgbaImage::from_pixel(96, 96, Rgba(colour));
        encoder.encode_frame(Frame::new(frame)).unwrap();
    }
    drop(encoder);
    world.done(alice, &create_document(alice, &sent)).await;
    let path = world.picture(alice).await.unwrap();
    let whole = decoded(&world.get(&path, "").await.1);
    assert_eq!(whole.dimensions(), (96, 96));
    let Rgb([r, _, b]) = *whole.get_pixel(48, 48);
    assert!(r > 200 && b < 40, "{r} {b}");
}

#[tokio::test]
async fn what_is_fetched_may_be_kept() {
    let world = World::new().await;
    let alice = world.alice();
    world.done(alice, &create_document(alice, &red())).await;
    let path = world.picture(alice).await.unwrap();
    let (head, bytes) = world.get(&path, "").await;
    assert_eq!(header(&head, "Cache-Control"), "private, max-age=86400");
    let tag = header(&head, "Etag").to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let (head, nothing) = world
            .get(&path, &format!("If-None-Match: {known}\r\n"))
            .await;
        assert!(head.starts_with("HTTP/1.1 304 "), "{head}");
        assert!(nothing.is_empty());
    }
    let (head, again) = world.get(&path, "If-None-Match: \"x\"\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(again, bytes);
    // Some show the ticket in the query.
    let (_, again) = world.get(&format!("{path}?t=x&p="), "").await;
    assert_eq!(again, bytes);
    let (_, again) = world.get(&path.to_uppercase(), "").await;
    assert_eq!(again, bytes);

    let mut client = world.server.connect().await;
    let request = format!("HEAD {path} HTTP/1.1\r\nHost: storage.msn.com\r\n\r\n");
    let answer = client.ask(&request).await;
    assert_eq!(answer.status(), "200");
    assert_eq!(header(&answer.head, "Content-Type"), "image/png");
    assert_eq!(header(&answer.head, "Etag"), tag);
    assert!(answer.body.is_empty());
    // Nothing came that does not belong to the next answer.
    assert_eq!(client.ask(&request).await.status(), "200");
}

#[tokio::test]
async fn an_address_is_nobodys_number_and_leads_to_one_picture_only() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    world.done(alice, &create_document(alice, &red())).await;
    world.done(bob, &create_document(bob, &red())).await;
    let first = world.picture(alice).await.unwrap();
    let bobs = world.picture(bob).await.unwrap();
    assert_ne!(first, bobs, "the same picture of another");
    for path in [&first, &bobs] {
        let token = path.split('/').nth(3).unwrap();
        assert_eq!(token.len(), 32);
        assert!(!path.contains(&format!("{:016x}", alice.cid())));
    }
    let blue = painted(96, 96, [10, 20, 220], ImageFormat::Png);
    world
        .done(alice, &update_document(alice, &streams(&blue)))
        .await;
    let second = world.picture(alice).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(
        decoded(&world.get(&second, "").await.1).get_pixel(1, 1),
        &Rgb([10, 20, 220])
    );
    let token = second.split('/').nth(3).unwrap();
    for nothing in [
        first.as_str(),
        &second.replace("static", "large"),
        &second.replace(token, &"0".repeat(32)),
        &second.replace(token, &token[1..]),
        &second.replace(token, &format!("{:016x}", alice.cid())),
        &second.replace(token, "%00"),
        "/storage/usertile/",
        "/storage/usertile",
    ] {
        let (head, body) = world.get(nothing, "").await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{nothing}: {head}");
        assert_eq!(header(&head, "Content-Length"), "0");
        assert!(body.is_empty());
    }
}

#[tokio::test]
async fn a_picture_is_shown_and_listed_until_it_is_deleted() {
    let world = World::new().await;
    let alice = world.alice();
    let is_listed = async || {
        let found = world.done(alice, &find_documents(alice)).await;
        found.contains("<Document ")
    };
    world.done(alice, &create_document(alice, &red())).await;
    let path = world.picture(alice).await.unwrap();
    world.done(alice, &unshow(alice)).await;
    assert_eq!(world.picture(alice).await, None);
    assert!(is_listed().await);
    // Back again: it is the same picture.
    let show = create_relationships(&id(alice, 118), &id(alice, 205));
    world.done(alice, &show).await;
    assert_eq!(world.picture(alice).await.as_ref(), Some(&path));
    world.done(alice, &unlist(alice)).await;
    assert!(!is_listed().await);
    assert_eq!(world.picture(alice).await.as_ref(), Some(&path));
    world.done(alice, &unshow(alice)).await;
    let (head, _) = world.get(&path, "").await;
    assert!(head.starts_with("HTTP/1.1 404 "), "what is deleted is gone");
    assert_eq!(world.refused(alice, &show).await, "ItemDoesNotExist");
    for _ in 0..2 {
        world.done(alice, &unshow(alice)).await;
        world.done(alice, &unlist(alice)).await;
    }
    // As aMSN does when the picture changes: nothing is linked by hand.
    world.done(alice, &create_document(alice, &red())).await;
    assert!(world.picture(alice).await.is_some() && is_listed().await);
}

#[tokio::test]
async fn a_picture_goes_with_its_account() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    let mut paths = Vec::new();
    for account in [alice, bob] {
        world.done(account, &create_document(account, &red())).await;
        paths.push(world.picture(account).await.unwrap());
    }
    world.server.store.disable_account(alice.id).await.unwrap();
    world.server.store.delete_account(bob.id).await.unwrap();
    for path in paths {
        assert!(world.get(&path, "").await.0.starts_with("HTTP/1.1 404 "));
    }
}

#[tokio::test]
async fn its_address_is_the_one_that_the_operator_advertises() {
    let mut config = Config {
        advertise: "chat.example.org:1863".parse().ok(),
        ..Config::default()
    };
    for (http, expected) in [
        ("", "http://chat.example.org/storage/usertile/"),
        (
            "web.example.org:8080",
            "http://web.example.org:8080/storage/usertile/",
        ),
    ] {
        config.http.advertise = http.parse().ok();
        let world = World::with(config.clone()).await;
        let alice = world.alice();
        world.done(alice, &create_document(alice, &red())).await;
        let profile = world.profile(alice).await;
        for name in ["PreAuthURL", "StaticUserTilePublicURL"] {
            let found = between(&profile, &format!("<{name}>"), "<")[0];
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
