//! Mail: a server that takes it, and what the links in it lead to.

use std::time::Duration;

use super::*;
use papilio::config::{Encryption, Mail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A mail server.
struct PostOffice {
    address: SocketAddr,
    mails: UnboundedReceiver<Delivered>,
}

/// A mail that was taken.
#[derive(Debug)]
struct Delivered {
    to: String,
    text: String,
}

impl PostOffice {
    /// Says "later" to the first so many.
    async fn open(mut refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, mails) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &mut refusals, &taken).await;
            }
        });
        Self { address, mails }
    }

    fn config(&self) -> Config {
        Config {
            pages: Pages {
                sign_up: SignUp::Open,
                address: "https://chat.example.org".parse().ok(),
                ..Pages::default()
            },
            mail: Mail {
                server: Some("127.0.0.1".to_owned()),
                port: self.address.port(),
                encryption: Encryption::None,
                from: "Papilio <chat@example.org>".parse().ok(),
                retry: Some(Duration::from_millis(1)),
                ..Mail::default()
            },
            ..Config::default()
        }
    }

    async fn next(&mut self) -> Delivered {
        self.mails.recv().await.unwrap()
    }
}

/// One conversation (RFC 5321), as far as a client that makes no mistake needs it.
async fn serve(stream: TcpStream, refusals: &mut usize, taken: &UnboundedSender<Delivered>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 here\r\n").await.unwrap();
    let mut mail = Delivered {
        to: String::new(),
        text: String::new(),
    };
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-here\r\n250 8BITMIME\r\n",
            "MAIL" if *refusals > 0 => {
                *refusals -= 1;
                "451 later\r\n"
            }
            "RCPT" => {
                mail.to = line.split(['<', '>']).nth(1).unwrap().to_owned();
                "250 yes\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.text += &line;
                    mail.text += "\n";
                }
                let to = std::mem::take(&mut mail.to);
                let text = std::mem::take(&mut mail.text);
                taken.send(Delivered { to, text }).unwrap();
                "250 taken\r\n"
            }
            "QUIT" => {
                let _gone = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "250 yes\r\n",
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl Delivered {
    /// The link in it, without the host.
    fn link(&self) -> String {
        let whole = self.whole();
        let (_, rest) = whole.split_once("https://chat.example.org").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Its text with the soft line ends of its encoding taken out.
    fn whole(&self) -> String {
        self.text.replace("=\n", "").replace("=3D", "=")
    }

    fn subject(&self) -> &str {
        let line = self.text.lines().find(|line| line.starts_with("Subject: "));
        line.unwrap_or_default().trim_start_matches("Subject: ")
    }
}

#[tokio::test]
async fn an_account_is_made_when_its_address_is_confirmed() {
    let mut office = PostOffice::open(0).await;
    let server = Server::with(office.config()).await;
    let mut browser = Browser::at(&server);
    let page = browser
        .submit("/account/sign-up", &person("bob@example.org"))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.says("Look into your mail"), "{}", page.body);
    assert_eq!(
        (
            server.store.count_accounts().await.unwrap(),
            browser.session()
        ),
        (1, None)
    );

    let mail = office.next().await;
    assert_eq!(mail.to, "bob@example.org");
    assert_eq!(mail.subject(), "Finish your Messenger account");
    assert!(
        mail.text.contains("From: Papilio <chat@example.org>"),
        "{}",
        mail.text
    );
    assert!(!mail.whole().contains("long enough"));
    let link = mail.link();
    // Whoever looks at the link changes nothing.
    let mut other = Browser::at(&server);
    for _ in 0..2 {
        let page = other.get(&link).await;
        assert!(page.says("bob@example.org"), "{}", page.body);
    }
    let token = other.get(&link).await.value("token").unwrap().to_owned();
    let answer = |password: &str| vec![("token", token.clone()), ("password", password.to_owned())];
    let page = other.post("/account/confirm", &answer("not that")).await;
    assert_eq!(
        (page.status, server.store.count_accounts().await.unwrap()),
        (403, 1)
    );
    let page = other.post("/account/confirm", &answer("long enough")).await;
    assert_eq!(
        page.leads_to(),
        Some("/account?done=welcome"),
        "{}",
        page.body
    );
    assert!(other.is_signed_in().await);
    let handle = "bob@example.org".parse().unwrap();
    assert!(
        server
            .store
            .account_by_handle(&handle)
            .await
            .unwrap()
            .unwrap()
            .verified
    );
    let page = Browser::at(&server).get(&link).await;
    assert_eq!(page.status, 404);
    assert!(page.says("This link leads nowhere"));
}

#[tokio::test]
async fn a_taken_address_is_told_to_its_owner_alone() {
    let mut office = PostOffice::open(0).await;
    let server = Server::with(office.config()).await;
    let mut answers = Vec::new();
    for address in ["new@example.org", "alice@example.org"] {
        let mut browser = Browser::at(&server);
        let page = browser.submit("/account/sign-up", &person(address)).await;
        answers.push((page.status, page.body));
    }
    assert_eq!(answers[0], answers[1]);
    let (first, second) = (office.next().await, office.next().await);
    let mut subjects = [
        (first.to.as_str(), first.subject()),
        (second.to.as_str(), second.subject()),
    ];
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            ("alice@example.org", "You have a Messenger account already"),
            ("new@example.org", "Finish your Messenger account"),
        ]
    );
}

#[tokio::test]
async fn what_is_no_address_of_mail_is_refused() {
    let office = PostOffice::open(0).await;
    let server = Server::with(office.config()).await;
    let mut browser = Browser::at(&server);
    let page = browser
        .submit("/account/sign-up", &person("a..b@example.org"))
        .await;
    assert_eq!(page.status, 422);
    assert!(page.notice().starts_with("This is not an address."));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let mut office = PostOffice::open(0).await;
    let server = Server::with(office.config()).await;
    let mut signed_in = Browser::of_alice(&server).await;
    let mut answers = Vec::new();
    let mut browser = Browser::at(&server);
    for address in ["nobody@example.org", "alice@example.org"] {
        let mut browser = Browser::at(&server);
        let fields = [("address", address.to_owned())];
        let page = browser.submit("/account/forgotten", &fields).await;
        answers.push((page.status, page.body));
    }
    assert_eq!(answers[0], answers[1]);
    let mail = office.next().await;
    assert_eq!(mail.to, "alice@example.org", "nobody else gets any");
    let link = mail.link();
    let page = browser.get(&link).await;
    let token = page.value("token").unwrap().to_owned();
    let choose = |password: &str, again: &str| {
        vec![
            ("token", token.clone()),
            ("password", password.to_owned()),
            ("again", again.to_owned()),
        ]
    };
    for wrong in [
        choose("short", "short"),
        choose("long enough", "not the same"),
    ] {
        let page = browser.post("/account/reset", &wrong).await;
        assert_eq!(page.status, 422);
        assert!(signed_in.is_signed_in().await);
    }
    let page = browser
        .post("/account/reset", &choose("long enough", "long enough"))
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/account?done=password"),
        "{}",
        page.body
    );
    assert!(browser.is_signed_in().await && !signed_in.is_signed_in().await);
    let mut later = Browser::at(&server);
    assert_eq!(later.get(&link).await.status, 404);
    let page = later
        .submit(
            "/account/sign-in",
            &signs_in("alice@example.org", "long enough"),
        )
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn without_mail_an_operator_helps() {
    let server = Server::start().await;
    let mut browser = Browser::at(&server);
    let page = browser.get("/account/forgotten").await;
    assert!(page.says("This service sends no mail."), "{}", page.body);
    let expires = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let token = server
        .store
        .make_reset_link(&server.alice, expires)
        .await
        .unwrap();
    let page = browser
        .get(&format!("/account/reset?token={}", token.expose()))
        .await;
    assert!(page.says("alice@example.org"), "{}", page.body);
}

#[tokio::test]
async fn a_mail_is_tried_again_when_the_server_says_later() {
    let mut office = PostOffice::open(2).await;
    let server = Server::with(office.config()).await;
    let mut browser = Browser::at(&server);
    browser
        .submit("/account/sign-up", &person("bob@example.org"))
        .await;
    assert_eq!(office.next().await.to, "bob@example.org");
}
