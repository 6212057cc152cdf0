//! The address book and sharing services over a real socket: raw bytes in, raw bytes out
//! (services-addressbook).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod answers;
mod authentication;
mod faults;
mod odd_requests;
mod trouble;

use jiff::Timestamp;
use papilio::config::Config;
use papilio::store::account::Account;

use support::{Answer, Server, add, post};

/// A server with Alice, Bob and Carol.
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

    fn alice(&self) -> &Account {
        &self.server.alice
    }

    /// The `t` of a ticket.
    fn ticket(&self, account: &Account) -> String {
        let key = self.server.store.ticket_key();
        key.issue(account, None, Timestamp::now()).t
    }

    /// Asks as MSNP13 does: by cookie, the operation alone in the body.
    async fn ask(&self, account: &Account, request: &str) -> Answer {
        let path = match request {
            _ if request.starts_with("<AB") => ABOOK,
            _ => SHARING,
        };
        let cookie = format!("Cookie: MSPAuth={};MSPProf=\r\n", self.ticket(account));
        self.server
            .ask(&posted(path, &cookie, &envelope("", request)))
            .await
    }

    /// Asks for what must succeed; the body of the answer.
    async fn done(&self, account: &Account, request: &str) -> String {
        let answer = self.ask(account, request).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        answer.body
    }

    /// Asks for what must be refused; code and words of the fault.
    async fn refused(&self, account: &Account, request: &str) -> (String, String) {
        fault(&self.ask(account, request).await)
    }

    /// Asks for something that is made; its id.
    async fn made(&self, account: &Account, request: &str) -> String {
        let body = self.done(account, request).await;
        between(&body, "Result><guid>", "<")[0].to_owned()
    }

    async fn book(&self, account: &Account) -> String {
        self.done(account, &find_all("")).await
    }

    async fn memberships(&self, account: &Account) -> String {
        self.done(account, &find_membership("")).await
    }

    /// The id of the contact Me.
    async fn me(&self, account: &Account) -> String {
        let book = self.book(account).await;
        between(&book, "<contactId>", "<")[0].to_owned()
    }
}

const ABOOK: &str = "/abservice/abservice.asmx";
const SHARING: &str = "/abservice/SharingService.asmx";
const NS: &str = "xmlns=\"http://www.msn.com/webservices/AddressBook\"";
const AB_ID: &str = "<abId>00000000-0000-0000-0000-000000000000</abId>";

fn posted(path: &str, headers: &str, body: &str) -> String {
    post(path, headers, body).replace("Host: login.live.com", "Host: contacts.msn.com")
}

fn envelope(auth: &str, request: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\">\
         <soap:Header><ABApplicationHeader {NS}>\
         <ApplicationId>CFE80F9D-180F-4399-82AB-413F33A1FA11</ApplicationId>\
         <IsMigration>false</IsMigration><PartnerScenario>Initial</PartnerScenario>\
         </ABApplicationHeader><ABAuthHeader {NS}><ManagedGroupRequest>false</ManagedGroupRequest>\
         {auth}</ABAuthHeader></soap:Header><soap:Body>{request}</soap:Body></soap:Envelope>\r\n"
    )
}

fn operation(name: &str, inside: &str) -> String {
    format!("<{name} {NS}>{inside}</{name}>")
}

fn since(time: &str) -> String {
    match time {
        "" => "<deltasOnly>false</deltasOnly>\
               <lastChange>0001-01-01T00:00:00.0000000-08:00</lastChange>"
            .to_owned(),
        time => format!("<deltasOnly>true</deltasOnly><lastChange>{time}</lastChange>"),
    }
}

fn find_all(time: &str) -> String {
    let since = since(time);
    operation("ABFindAll", &format!("{AB_ID}<abView>Full</abView>{since}"))
}

fn find_membership(time: &str) -> String {
    let since = since(time);
    let filter = "<serviceFilter><Types><ServiceType>Messenger</ServiceType>\
                  <ServiceType>Invitation</ServiceType></Types></serviceFilter><View>Full</View>";
    operation("FindMembership", &format!("{filter}{since}"))
}

fn contact_add(info: &str) -> String {
    operation(
        "ABContactAdd",
        &format!(
            "{AB_ID}<contacts><Contact {NS}><contactInfo>{info}</contactInfo></Contact></contacts>"
        ),
    )
}

fn passport_add(name: &str) -> String {
    contact_add(&format!(
        "<passportName>{name}</passportName><isSmtp>false</isSmtp>\
         <isMessengerUser>true</isMessengerUser>"
    ))
}

fn contact_update(target: &str, info: &str, changed: &str) -> String {
    operation(
        "ABContactUpdate",
        &format!(
            "{AB_ID}<contacts><Contact {NS}>{target}<contactInfo>{info}</contactInfo>\
             <propertiesChanged>{changed} </propertiesChanged></Contact></contacts>"
        ),
    )
}

fn contact_delete(id: &str) -> String {
    operation(
        "ABContactDelete",
        &format!("{AB_ID}<contacts><Contact><contactId>{id}</contactId></Contact></contacts>"),
    )
}

fn group_add(name: &str) -> String {
    operation(
        "ABGroupAdd",
        &format!(
            "{AB_ID}<groupAddOptions><fRenameOnMsgrConflict>false</fRenameOnMsgrConflict>\
             </groupAddOptions><groupInfo><GroupInfo><name>{name}</name>\
             <groupType>C8529CE2-6EAD-434d-881F-341E17DB3FF8</groupType>\
             <fMessenger>false</fMessenger><annotations><Annotation><Name>MSN.IM.Display</Name>\
             <Value>1</Value></Annotation></annotations></GroupInfo></groupInfo>"
        ),
    )
}

fn group_update(id: &str, name: &str) -> String {
    operation(
        "ABGroupUpdate",
        &format!(
            "{AB_ID}<groups><Group><groupId>{id}</groupId><groupInfo><name>{name}</name></groupInfo>\
             <propertiesChanged>GroupName </propertiesChanged></Group></groups>"
        ),
    )
}

fn groups(id: &str) -> String {
    format!("<groupFilter><groupIds><guid>{id}</guid></groupIds></groupFilter>")
}

fn group_delete(id: &str) -> String {
    operation("ABGroupDelete", &format!("{AB_ID}{}", groups(id)))
}

fn group_contact(name: &str, group: &str, contact: &str) -> String {
    let groups = groups(group);
    operation(
        name,
        &format!("{AB_ID}{groups}<contacts><Contact>{contact}</Contact></contacts>"),
    )
}

fn id(id: &str) -> String {
    format!("<contactId>{id}</contactId>")
}

fn member(name: &str, role: &str, member: &str) -> String {
    operation(
        name,
        &format!(
            "<serviceHandle><Id>0</Id><Type>Messenger</Type><ForeignId></ForeignId></serviceHandle>\
             <memberships><Membership><MemberRole>{role}</MemberRole><Members>\
             <Member xsi:type=\"PassportMember\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Type>Passport</Type>\
             <State>Accepted</State>{member}</Member></Members></Membership></memberships>"
        ),
    )
}

fn passport(name: &str) -> String {
    format!("<PassportName>{name}</PassportName>")
}

/// The texts between two literals, found as old clients find them.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .map(|rest| rest.split_once(end).unwrap().0)
        .collect()
}

/// Code and words of a fault; the code is empty where there is no detail.
fn fault(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status(), "500", "{}", answer.body);
    assert!(
        answer
            .head
            .contains("\r\nContent-Type: text/xml; charset=utf-8\r\n")
    );
    let codes = between(
        &answer.body,
        "<errorcode xmlns=\"http://www.msn.com/webservices/AddressBook\">",
        "<",
    );
    let code = codes.first().copied().unwrap_or_default();
    let words = between(&answer.body, "<faultstring>", "<")[0];
    (code.to_owned(), words.to_owned())
}

/// The same text with ids and times replaced by their number in order of appearance.
fn timeless(text: &str) -> String {
    let mut out = String::new();
    let mut seen: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kind, word, length) = if is_guid(rest) {
            (0, "ID", 36)
        } else if is_time(rest) {
            (1, "TIME", "2006-06-19T12:00:00.0000000-08:00".len())
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let found = &rest[..length];
        let place = seen[kind]
            .iter()
            .position(|of| *of == found)
            .unwrap_or_else(|| {
                seen[kind].push(found);
                seen[kind].len() - 1
            });
        out.push_str(&format!("{word}-{}", place + 1));
        rest = &rest[length..];
    }
    out
}

fn is_guid(text: &str) -> bool {
    let guid = text.get(..36).and_then(msnp::soap::guid::Guid::parse);
    // Those that mean something stay.
    guid.is_some_and(|guid| guid != msnp::soap::guid::Guid::ZERO && !text.starts_with("c8529ce2"))
}

fn is_time(text: &str) -> bool {
    let form = "....-..-..T..:..:........Z-08:00".len() + 1;
    text.starts_with("20")
        && text.get(..form).is_some_and(|text| {
            text.ends_with("-08:00") && msnp::soap::timestamp::Timestamp::parse(text).is_some()
        })
}

/// Holds an answer against `tests/soap/NAME.snap`, head and body, the date left out.
fn assert_snapshot(name: &str, answer: &Answer) {
    let lines = answer.head.split("\r\n");
    let lines = lines.filter(|line| !line.starts_with("Date: "));
    let answer = lines.collect::<Vec<_>>().join("\n") + &answer.body;
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, timeless(&answer));
    });
}
