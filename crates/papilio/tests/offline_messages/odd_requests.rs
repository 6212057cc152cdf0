//! Requests as clients really write them, and answers as they really need them (services-oim, 2 and
//! 10; services-auth, 0).

use super::support::Client;
use super::{Message, RSI, STORE, STORE2, World, action, between, posted};

#[tokio::test]
async fn the_answer_follows_the_action_in_whatever_form() {
    let world = World::unhurried().await;
    let good = world.message(world.alice(), &world.bob);
    let old = "<StoreResponse xmlns=\"http://messenger.msn.com/ws/2004/09/oim/\">";
    let new = "<StoreResponse xmlns=\"http://messenger.live.com/ws/2006/09/oim/\">";
    let live = good.body().replace(
        "messenger.msn.com/ws/2004/09/oim/\">text",
        "messenger.live.com/ws/2006/09/oim/\">text",
    );
    for (headers, body, response) in [
        (action(STORE), good.body(), old),
        (action(STORE2), good.body(), new),
        (format!("soapaction: {STORE2}\r\n"), good.body(), new),
        (String::new(), good.body(), old),
        ("SOAPAction: \"\"\r\n".to_owned(), good.body(), old),
        ("SOAPAction: \r\n".to_owned(), live.clone(), new),
        (action(STORE), live, old),
    ] {
        for path in ["/OimWS/oim.asmx", "//oimws/OIM.asmx"] {
            let answer = world.server.ask(&posted(path, &headers, &body)).await;
            assert_eq!(answer.status(), "200", "{}", answer.body);
            assert!(answer.body.contains(response), "{headers}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn prefixes_order_and_white_space_mean_nothing() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let Message {
        ticket, lock_key, ..
    } = &good;
    let strange = format!(
        "\u{feff}\n<E:Envelope xmlns:E='http://schemas.xmlsoap.org/soap/envelope/' \
         xmlns:o='http://messenger.msn.com/ws/2004/09/oim/'>\n <E:Header>\n\
         <!-- a comment -->\n <o:Ticket lockkey=' {lock_key} ' appid='PROD01065C%ZFN6F'\n \
         passport='\n{ticket}\n'></o:Ticket>\n<o:To memberName='bob@example.org'/>\n\
         <Sequence><MessageNumber>\n 12 \n</MessageNumber></Sequence>\n\
         <o:From memberName='alice@example.org'/>\n</E:Header>\n<E:Body>\n\
         <o:Content>\n<![CDATA[X-OIM-RUN-ID:3a3be82c-684d-4f4f-8005-cbe8d4f82bad\n\nSGVsbG8]]>\n\
         </o:Content>\n<o:MessageType>\n TEXT \n</o:MessageType></E:Body></E:Envelope>\r\n\r\n "
    );
    let answer = world.server.ask(&posted(good.path, "", &strange)).await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
    assert!(answer.body.contains("Upper=\"12\" Lower=\"12\""));
    assert_eq!(world.texts(&world.bob).await, ["Hello"]);
    let id = world.ids(&world.bob).await.remove(0);
    let mail = world.mail(&world.bob, &id).await;
    assert!(mail.contains("\nX-OIM-Sequence-Num: 12\n"), "{mail}");
    assert!(mail.contains("\nX-OIM-Run-Id: {3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}\n"));
}

/// libpurple writes attributes in single quotes, no XML declaration, `SOAPAction` without quotes and
/// `Content-Type` without a blank, doubles slashes, and leaves blanks between the halves of a ticket.
#[tokio::test]
async fn the_ways_of_libpurple() {
    let world = World::new().await;
    let headers = |action: &str| {
        format!(
            "SOAPAction: {action}\r\nContent-Type:text/xml; charset=utf-8\r\n\
             Cookie: MSPAuth=stale\r\nConnection: Keep-Alive\r\nCache-Control: no-cache\r\n"
        )
    };
    for store in [STORE, STORE2] {
        let good = world.message(world.alice(), &world.bob);
        let body = good.body().replace('"', "'").replace(">\r\n<", "><");
        let (_, body) = body.split_once("?>").unwrap();
        let request = posted("//OimWS/oim.asmx", &headers(store), body.trim_end());
        let answer = world.server.ask(&request).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
    }
    for id in world.ids(&world.bob).await {
        for request in [super::message(&id, "false"), super::delete(&[&id])] {
            let operation = request[1..].split(' ').next().unwrap();
            let body = format!(
                "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'>\
                 <soap:Header><PassportCookie {RSI}><t>{}</t> <p/></PassportCookie></soap:Header>\
                 <soap:Body>{request}</soap:Body></soap:Envelope>",
                world.ticket(&world.bob)
            );
            let action = format!("http://www.hotmail.msn.com/ws/2004/09/oim/rsi/{operation}");
            let request = posted("//rsi/rsi.asmx", &headers(&action), &body);
            let answer = world.server.ask(&request).await;
            assert_eq!(answer.status(), "200", "{}", answer.body);
        }
    }
    assert_eq!(world.ids(&world.bob).await.len(), 0);
}

#[tokio::test]
async fn line_ends_and_base64_in_every_form() {
    let world = World::unhurried().await;
    let good = world.message(world.alice(), &world.bob);
    let long = "x".repeat(300);
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(&long)
    };
    let in_lines: Vec<_> = encoded
        .as_bytes()
        .chunks(76)
        .map(String::from_utf8_lossy)
        .collect();
    for text in [
        encoded.clone(),
        in_lines.join("\r\n"),
        in_lines.join("\n"),
        in_lines.join("&#xD;\n"),
        encoded.trim_end_matches('=').to_owned(),
    ] {
        let message = Message {
            text,
            ..good.clone()
        };
        let body = message.body();
        for body in [
            body.replace("\r\n", "\n"),
            body.replace("1.0\r\nContent-Type", "1.0&#xD;\nContent-Type"),
            body,
        ] {
            let request = posted(good.path, &good.headers, &body);
            assert_eq!(world.server.ask(&request).await.status(), "200", "{body}");
        }
    }
    let texts = world.texts(&world.bob).await;
    assert_eq!(texts, vec![long; 15]);
}

/// What a client says of itself goes into the mail no further than it must.
#[tokio::test]
async fn names_in_every_form() {
    let world = World::unhurried().await;
    for (said, name) in [
        ("=?utf-8?B?QWxpY2U=?=", "QWxpY2U="),
        ("=?utf-8?B?QWxp\nY2U=\n?=", "QWxpY2U="),
        ("=?utf-8?B?QWxpY2U?=", "QWxpY2U="),
        ("=?utf-8?Q?Alice?=", "QWxpY2U="),
        ("Alice", "QWxpY2U="),
        ("=?utf-8?B?QWxpY2UNCkZyb206IHg=?=", "QWxpY2VGcm9tOiB4"),
        ("", "YWxpY2VAZXhhbXBsZS5vcmc="),
        ("=?nonsense?=", "PT9ub25zZW5zZT89"),
        ("&lt;b&gt;&#3;", "PGI+"),
    ] {
        let message = Message {
            friendly_name: said.to_owned(),
            ..world.message(world.alice(), &world.bob)
        };
        assert_eq!(world.send(&message).await.status(), "200");
        let id = world.ids(&world.bob).await.pop().unwrap();
        let from = format!("\nFrom: =?utf-8?B?{name}?= <alice@example.org>\n");
        let mail = world.mail(&world.bob, &id).await;
        assert!(mail.contains(&from), "{said}: {mail}");
        let listed = world.metadata(&world.bob).await;
        let last = between(&listed, "<N>", "<").pop().unwrap().to_owned();
        assert_eq!(last, format!("=?utf-8?B?{name}?="));
    }
}

/// The headers of a client cannot become those of the mail.
#[tokio::test]
async fn no_header_of_a_client_gets_into_the_mail() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let body = good
        .body()
        .replace(
            "MIME-Version: 1.0\r\n",
            "MIME-Version: 1.0\r\nFrom: carol@example.org\r\nDate: never\r\nX-Odd: yes\r\n",
        )
        .replace(
            "proxy=\"MSNMSGR\"",
            "proxy=\"a&#10;From: carol@example.org\"",
        );
    let request = posted(good.path, &good.headers, &body);
    assert_eq!(world.server.ask(&request).await.status(), "200");
    let id = world.ids(&world.bob).await.remove(0);
    let mail = world.mail(&world.bob, &id).await;
    assert!(!mail.contains("carol") && !mail.contains("never") && !mail.contains("X-Odd"));
    assert!(mail.contains("\nX-OIMProxy: MSNMSGR\n"), "{mail}");
}

/// Text is bytes to us: what the letters are does not matter.
#[tokio::test]
async fn every_text_comes_back_as_it_was() {
    let world = World::new().await;
    let texts = [
        "",
        "caf\u{e9} \u{65e5}\u{672c} 50% <b>&amp; \"q\" 'a'",
        "\u{3}4,2red\u{0}\u{ffff}",
        "two\r\nlines\n\n",
        "\u{1f600}",
    ];
    for text in texts {
        world.leave(world.alice(), &world.bob, text).await;
    }
    assert_eq!(world.texts(&world.bob).await, texts);
}

#[tokio::test]
async fn old_http_and_several_requests_on_one_connection() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let request = good.posted().replace("HTTP/1.1\r\n", "HTTP/1.0\r\n");
    let mut client = Client::connect(world.server.address).await;
    let answer = client.ask(&request).await;
    assert!(
        answer.head.starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        answer.head
    );
    client.assert_closed().await;
    let mut client = Client::connect(world.server.address).await;
    let challenged = Message {
        lock_key: String::new(),
        ..good.clone()
    };
    for message in [&challenged, &good, &good] {
        client.send(&message.posted()).await;
    }
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.answer().await.status().to_owned());
    }
    assert_eq!(statuses, ["500", "200", "200"]);
}

#[tokio::test]
async fn people_who_look_at_it_are_told_what_it_is() {
    let world = World::new().await;
    for path in ["/OimWS/oim.asmx", "/rsi/rsi.asmx"] {
        let answer = world
            .server
            .ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        assert_eq!(answer.status(), "200");
    }
}
