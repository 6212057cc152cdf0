//! The services that take and give offline messages over a real socket: raw bytes in, raw bytes out
//! (services-oim). What sessions are told of them is in the transcripts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod answers;
mod faults;
mod fetching;
mod odd_requests;
mod refusals;
mod together;
mod told_once;
mod trouble;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use msnp::proof::challenge::Product;
use papilio::config::Config;
use papilio::store::account::Account;

use support::{Answer, Server, add, post};

/// A server with Alice, who leaves messages, and Bob and Carol, who find them.
struct World {
    server: Server,
    bob: Account,
    carol: Account,
}

impl World {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let server = Server::with(config).await;
        let bob = add(&server.store, &server.passwords, "bob@example.org", "b").await;
        let carol = add(&server.store, &server.passwords, "carol@example.org", "c").await;
        Self { server, bob, carol }
    }

    /// A server that lets one sender leave as many messages as they like.
    async fn unhurried() -> Self {
        let mut config = Config::default();
        config.offline_messages.sender_messages = None;
        Self::with(config).await
    }

    fn alice(&self) -> &Account {
        &self.server.alice
    }

    /// The `t` of a ticket.
    fn ticket(&self, account: &Account) -> String {
        let key = self.server.store.ticket_key();
        key.issue(account, None, Timestamp::now()).t
    }

    /// A message from one to another, with a good ticket and the right lock key.
    fn message(&self, from: &Account, to: &Account) -> Message {
        let key = self.server.store.ticket_key();
        let [challenge, _] = key.lock_key_challenges(from.id, Timestamp::now());
        Message {
            ticket: format!("t={}&amp;p=", self.ticket(from)),
            lock_key: WLM.response(&challenge),
            from: from.handle.as_str().to_owned(),
            to: to.handle.as_str().to_owned(),
            ..Message::default()
        }
    }

    async fn send(&self, message: &Message) -> Answer {
        self.server.ask(&message.posted()).await
    }

    /// Leaves a message, which must succeed.
    async fn leave(&self, from: &Account, to: &Account, text: &str) {
        let message = Message {
            text: STANDARD.encode(text),
            ..self.message(from, to)
        };
        let answer = self.send(&message).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
    }

    /// Asks the service that gives messages.
    async fn fetch(&self, account: &Account, request: &str) -> Answer {
        let cookie = format!("<t>{}</t><p></p>", self.ticket(account));
        self.server.ask(&fetching_posted(&cookie, request)).await
    }

    async fn metadata(&self, account: &Account) -> String {
        let answer = self.fetch(account, &metadata()).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        answer.body
    }

    /// The ids of what waits for an account, as clients cut them out.
    async fn ids(&self, account: &Account) -> Vec<String> {
        let body = self.metadata(account).await;
        let mails = between(&body, "<M>", "</M>");
        let ids = mails.iter().map(|mail| between(mail, "<I>", "<")[0]);
        ids.map(str::to_owned).collect()
    }

    /// The mail with this id, as clients cut it out.
    async fn mail(&self, account: &Account, id: &str) -> String {
        let answer = self.fetch(account, &message(id, "false")).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        unescaped(between(&answer.body, "<GetMessageResult>", "</GetMessageResult>")[0])
    }

    /// What waits for an account says, the oldest first.
    async fn texts(&self, account: &Account) -> Vec<String> {
        let mut texts = Vec::new();
        for id in self.ids(account).await {
            texts.push(text_of(&self.mail(account, &id).await));
        }
        texts
    }

    /// Runs a statement behind the server's back.
    async fn execute(&self, statement: &'static str) {
        use sqlx::Connection as _;
        let path = self.server._folder.path().join("papilio.db");
        let url = format!("sqlite://{}", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

/// What a client that leaves a message sends.
#[derive(Clone)]
struct Message {
    path: &'static str,
    headers: String,
    from: String,
    friendly_name: String,
    to: String,
    /// `t=...&amp;p=`
    ticket: String,
    product: String,
    lock_key: String,
    number: String,
    kind: String,
    run: String,
    sequence: String,
    /// The body, in base64.
    text: String,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            path: "/OimWS/oim.asmx",
            headers: action(STORE),
            from: String::new(),
            friendly_name: "=?utf-8?B?QWxpY2U=?=".to_owned(),
            to: String::new(),
            ticket: String::new(),
            product: WLM.id.to_owned(),
            lock_key: String::new(),
            number: "1".to_owned(),
            kind: "text".to_owned(),
            run: "{3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}".to_owned(),
            sequence: "1".to_owned(),
            text: "SGVsbG8=".to_owned(),
        }
    }
}

impl Message {
    fn body(&self) -> String {
        let Self {
            from,
            friendly_name,
            to,
            ticket,
            product,
            lock_key,
            number,
            kind,
            run,
            sequence,
            text,
            ..
        } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<soap:Envelope \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\r\n<soap:Header>\r\n\
             <From memberName=\"{from}\" friendlyName=\"{friendly_name}\" xml:lang=\"en-US\" \
             proxy=\"MSNMSGR\" {NS} msnpVer=\"MSNP13\" buildVer=\"8.0.0792\"/>\r\n\
             <To memberName=\"{to}\" {NS}/>\r\n\
             <Ticket passport=\"{ticket}\" appid=\"{product}\" lockkey=\"{lock_key}\" {NS}/>\r\n\
             <Sequence xmlns=\"http://schemas.xmlsoap.org/ws/2003/03/rm\">\
             <Identifier xmlns=\"http://schemas.xmlsoap.org/ws/2002/07/utility\">\
             http://messenger.msn.com</Identifier><MessageNumber>{number}</MessageNumber>\
             </Sequence>\r\n</soap:Header>\r\n<soap:Body>\r\n\
             <MessageType {NS}>{kind}</MessageType>\r\n<Content {NS}>MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=UTF-8\r\n\
             Content-Transfer-Encoding: base64\r\n\
             X-OIM-Message-Type: OfflineMessage\r\n\
             X-OIM-Run-Id: {run}\r\n\
             X-OIM-Sequence-Num: {sequence}\r\n\
             \r\n\
             {text}\r\n\
             </Content>\r\n</soap:Body></soap:Envelope>"
        )
    }

    fn posted(&self) -> String {
        posted(self.path, &self.headers, &self.body())
    }
}

const WLM: Product = Product::WLM_8_0;
const NS: &str = "xmlns=\"http://messenger.msn.com/ws/2004/09/oim/\"";
const RSI: &str = "xmlns=\"http://www.hotmail.msn.com/ws/2004/09/oim/rsi\"";
const STORE: &str = "http://messenger.msn.com/ws/2004/09/oim/Store";
const STORE2: &str = "http://messenger.live.com/ws/2006/09/oim/Store2";

fn action(action: &str) -> String {
    format!("SOAPAction: \"{action}\"\r\nContent-Type: text/xml; charset=utf-8\r\n")
}

fn posted(path: &str, headers: &str, body: &str) -> String {
    post(path, headers, body).replace("Host: login.live.com", "Host: ows.messenger.msn.com")
}

/// A request to the service that gives messages.
fn fetching_posted(cookie: &str, request: &str) -> String {
    let name = request[1..].split([' ', '/', '>']).next().unwrap();
    let headers = action(&format!(
        "http://www.hotmail.msn.com/ws/2004/09/oim/rsi/{name}"
    ));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header>\
         <PassportCookie {RSI}>{cookie}</PassportCookie></soap:Header>\
         <soap:Body>{request}</soap:Body></soap:Envelope>"
    );
    posted("/rsi/rsi.asmx", &headers, &body)
}

fn metadata() -> String {
    format!("<GetMetadata {RSI}/>")
}

fn message(id: &str, marking: &str) -> String {
    format!(
        "<GetMessage {RSI}><messageId>{id}</messageId>\
         <alsoMarkAsRead>{marking}</alsoMarkAsRead></GetMessage>"
    )
}

fn delete<S: AsRef<str>>(ids: &[S]) -> String {
    let ids: String = ids
        .iter()
        .map(|id| format!("<messageId>{}</messageId>", id.as_ref()))
        .collect();
    format!("<DeleteMessages {RSI}><messageIds>{ids}</messageIds></DeleteMessages>")
}

/// What a mail says: what stands behind the first empty line, as libpurple finds it.
fn text_of(mail: &str) -> String {
    let (_, body) = mail.split_once("\n\n").unwrap();
    let bytes = STANDARD.decode(body.replace('\n', "")).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// What stands behind `q0:` or `soap:` in a fault.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.status(), "500", "{}", answer.body);
    let code = between(&answer.body, "<faultcode", "</faultcode>")[0];
    code.rsplit('>').next().unwrap().to_owned()
}

/// The texts between two literals, found as old clients find them.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .map(|rest| rest.split_once(end).unwrap().0)
        .collect()
}

/// The same text without what is different each time.
fn timeless(text: &str) -> String {
    let mut text = text.to_owned();
    for (start, end, word) in [
        (
            "LockKeyChallenge xmlns=\"http://messenger.msn.com/ws/2004/09/oim/\">",
            "<",
            "CHALLENGE",
        ),
        (
            "LockKeyChallenge xmlns=\"http://messenger.live.com/ws/2006/09/oim/\">",
            "<",
            "CHALLENGE",
        ),
        ("ct=", ",", "TIME"),
        ("rn=", ",", "NONCE"),
        ("tpf=", "<", "FINGERPRINT"),
        ("<RT>", "<", "TIME"),
        ("</E><I>", "<", "ID"),
        ("\n\t ", "\n", "DATE"),
        ("\nDate: ", "\n", "DATE"),
        ("X-OriginalArrivalTime: ", "\n", "ARRIVAL"),
        ("&lt;OIM", "@", "ID"),
    ] {
        let mut pieces = text.split(start);
        let mut masked = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let (_, rest) = piece.split_once(end).unwrap();
            masked += &format!("{start}{word}{end}{rest}");
        }
        text = masked;
    }
    text
}

/// Holds an answer against `tests/soap/NAME.snap`, head and body, the date left out.
fn assert_snapshot(name: &str, answer: &Answer) {
    let answer = timeless(&undated(answer));
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, answer);
    });
}

/// The whole answer but its date.
fn undated(answer: &Answer) -> String {
    let lines = answer.head.split("\r\n");
    let lines = lines.filter(|line| !line.starts_with("Date: "));
    lines.collect::<Vec<_>>().join("\n") + &answer.body
}
