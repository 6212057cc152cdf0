//! The storage service over a real socket: raw bytes in, raw bytes out (services-other, 3;
//! examples-soap, 2).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod answers;
mod authentication;
mod faults;
mod names;
mod pictures;

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jiff::Timestamp;
use papilio::config::Config;
use papilio::store::account::Account;

use support::{Answer, Client, Server, add, post};

const PATH: &str = "/storageservice/SchematizedStore.asmx";
const W10: &str = "http://www.msn.com/webservices/storage/w10";
const OF_2008: &str = "http://www.msn.com/webservices/storage/2008";

/// A server with Alice and Bob.
struct World {
    server: Server,
    bob: Account,
}

impl World {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let server = Server::with(config).await;
        let bob = add(&server.store, &server.passwords, "bob@example.org", "b").await;
        Self { server, bob }
    }

    fn alice(&self) -> &Account {
        &self.server.alice
    }

    /// The `t` of a ticket.
    fn ticket(&self, account: &Account) -> String {
        let key = self.server.store.ticket_key();
        key.issue(account, None, Timestamp::now()).t
    }

    /// Asks as clients do: the ticket in the header of the envelope.
    async fn ask(&self, account: &Account, request: &str) -> Answer {
        let body = envelope(&self.ticket(account), request);
        self.server.ask(&posted("", &body)).await
    }

    /// Asks for what must succeed; the body of the answer.
    async fn done(&self, account: &Account, request: &str) -> String {
        let answer = self.ask(account, request).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        answer.body
    }

    /// Asks for what must be refused; the fault's code.
    async fn refused(&self, account: &Account, request: &str) -> String {
        fault(&self.ask(account, request).await)
    }

    async fn profile(&self, account: &Account) -> String {
        self.done(account, &get_profile(account)).await
    }

    /// The path of the picture that the profile shows.
    async fn picture(&self, account: &Account) -> Option<String> {
        let profile = self.profile(account).await;
        let address = between(&profile, "<PreAuthURL>http://storage.msn.com", "<");
        address.first().map(|path| (*path).to_owned())
    }

    async fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut client = Client::connect(self.server.address).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: storage.msn.com\r\n{headers}\r\n");
        client.send(&request).await;
        client.answer_in_bytes().await
    }
}

fn posted(headers: &str, body: &str) -> String {
    post(PATH, headers, body).replace("Host: login.live.com", "Host: storage.msn.com")
}

fn envelope(t: &str, request: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Header>\
         <AffinityCacheHeader xmlns=\"{W10}\"><CacheKey>x</CacheKey></AffinityCacheHeader>\
         <StorageApplicationHeader xmlns=\"{W10}\"><ApplicationID>Messenger Client 8.5\
         </ApplicationID><Scenario>RoamingSeed</Scenario></StorageApplicationHeader>\
         <StorageUserHeader xmlns=\"{W10}\"><Puid>0</Puid>\
         <TicketToken>t={t}&amp;p=</TicketToken></StorageUserHeader></soap:Header>\
         <soap:Body>{request}</soap:Body></soap:Envelope>\r\n"
    )
}

fn operation(name: &str, inside: &str) -> String {
    format!("<{name} xmlns=\"{W10}\">{inside}</{name}>")
}

fn alias(account: &Account) -> String {
    let cid = account.cid();
    format!("<Alias><Name>{cid}</Name><NameSpace>MyCidStuff</NameSpace></Alias>")
}

fn id(account: &Account, number: u32) -> String {
    format!("{:016x}!{number}", account.cid())
}

fn get_profile(account: &Account) -> String {
    operation(
        "GetProfile",
        &format!(
            "<profileHandle>{}<RelationshipName>MyProfile</RelationshipName></profileHandle>\
             <profileAttributes><ResourceID>true</ResourceID><ExpressionProfileAttributes>\
             <DisplayName>true</DisplayName><Photo>true</Photo></ExpressionProfileAttributes>\
             </profileAttributes>",
            alias(account)
        ),
    )
}

fn update_profile(account: &Account, inside: &str) -> String {
    operation(
        "UpdateProfile",
        &format!(
            "<profile><ResourceID>{}</ResourceID><ExpressionProfile><FreeText>Update</FreeText>\
             {inside}<Flags>0</Flags></ExpressionProfile></profile>",
            id(account, 118)
        ),
    )
}

const CREATE_PROFILE: &str = "<CreateProfile><profile><ExpressionProfile><PersonalStatus>\
    </PersonalStatus><RoleDefinitionName>ExpressionProfileDefault</RoleDefinitionName>\
    </ExpressionProfile></profile></CreateProfile>";

fn find_documents(account: &Account) -> String {
    operation(
        "FindDocuments",
        &format!(
            "<objectHandle><RelationshipName>/UserTiles</RelationshipName>{}</objectHandle>\
             <documentAttributes><ResourceID>true</ResourceID><Name>true</Name>\
             </documentAttributes><documentFilter><FilterAttributes>None</FilterAttributes>\
             </documentFilter><findContext><FindMethod>Default</FindMethod>\
             <ChunkSize>25</ChunkSize></findContext>",
            alias(account)
        ),
    )
}

/// A picture in a document; what it says of itself is not true.
fn streams(picture: &[u8]) -> String {
    let data = STANDARD.encode(picture);
    format!(
        "<DocumentStreams><DocumentStream xsi:type=\"PhotoStream\">\
         <DocumentStreamType>UserTileStatic</DocumentStreamType><MimeType>png</MimeType>\
         <Data>{data}</Data><DataSize>0</DataSize><SizeX>96</SizeX><SizeY>96</SizeY>\
         </DocumentStream></DocumentStreams>"
    )
}

fn create_document(account: &Account, picture: &[u8]) -> String {
    operation(
        "CreateDocument",
        &format!(
            "<parentHandle><RelationshipName>/UserTiles</RelationshipName>{}</parentHandle>\
             <document xsi:type=\"Photo\"><Name>dp</Name>{}</document>\
             <relationshipName>Messenger User Tile</relationshipName>",
            alias(account),
            streams(picture)
        ),
    )
}

fn update_document(account: &Account, inside: &str) -> String {
    operation(
        "UpdateDocument",
        &format!(
            "<document xsi:type=\"Photo\"><ResourceID>{}</ResourceID>{inside}</document>",
            id(account, 205)
        ),
    )
}

fn create_relationships(source: &str, target: &str) -> String {
    operation(
        "CreateRelationships",
        &format!(
            "<relationships><Relationship><SourceID>{source}</SourceID>\
             <SourceType>SubProfile</SourceType><TargetID>{target}</TargetID>\
             <TargetType>Photo</TargetType><RelationshipName>ProfilePhoto</RelationshipName>\
             </Relationship></relationships>"
        ),
    )
}

fn delete_relationships(source: &str, target: &str) -> String {
    operation(
        "DeleteRelationships",
        &format!(
            "<sourceHandle>{source}</sourceHandle><targetHandles><ObjectHandle>\
             <ResourceID>{target}</ResourceID></ObjectHandle></targetHandles>"
        ),
    )
}

/// From the owner's pictures.
fn unlist(account: &Account) -> String {
    let source = format!(
        "<RelationshipName>/UserTiles</RelationshipName>{}",
        alias(account)
    );
    delete_relationships(&source, &id(account, 205))
}

/// From the profile.
fn unshow(account: &Account) -> String {
    let source = format!("<ResourceID>{}</ResourceID>", id(account, 118));
    delete_relationships(&source, &id(account, 205))
}

/// A picture of one colour.
fn painted(width: u32, height: u32, colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture)
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

fn red() -> Vec<u8> {
    painted(96, 96, [220, 20, 10], ImageFormat::Png)
}

/// The texts between two literals, found as old clients find them.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .map(|rest| rest.split_once(end).unwrap().0)
        .collect()
}

/// The code of a fault.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.status(), "500", "{}", answer.body);
    assert!(
        answer
            .head
            .contains("\r\nContent-Type: text/xml; charset=utf-8\r\n")
    );
    let code = between(&answer.body, "<errorcode xmlns=\"", "</errorcode>")[0];
    code.split_once("\">").unwrap().1.to_owned()
}

/// Holds an answer against `tests/soap/NAME.snap`, head and body, without what differs every time.
fn assert_snapshot(name: &str, answer: &Answer) {
    let lines = answer.head.split("\r\n");
    let lines = lines.filter(|line| !line.starts_with("Date: "));
    let mut text = lines.collect::<Vec<_>>().join("\n") + &answer.body;
    for (start, end, word) in [
        ("<TicketToken>t=", "&amp;", "TICKET"),
        ("/storage/usertile/", "/", "PICTURE"),
        ("Modified>", "</", "TIME"),
        ("<DataSize>", "<", "SIZE"),
    ] {
        let found: Vec<String> = between(&answer.body, start, end)
            .into_iter()
            .filter(|found| !found.is_empty() && !found.starts_with('<'))
            .map(str::to_owned)
            .collect();
        for found in found {
            text = text.replace(
                &format!("{start}{found}{end}"),
                &format!("{start}{word}{end}"),
            );
        }
    }
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}
