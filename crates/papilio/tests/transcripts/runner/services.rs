//! The HTTP side of a client: a ticket from the sign-in service, requests to the address book and
//! sharing services (services-auth, 3; services-addressbook, 1, 4 and 8).

use std::io::{Read, Write};
use std::net::TcpStream;

use msnp::handle::Handle;
use msnp::roster::{AddPolicy, List, Privacy};

use super::offline;
use super::script::{NewAccount, SoapRequest};

/// The services of one server, and what its clients know.
pub(crate) struct Services {
    address: String,
    accounts: Vec<NewAccount>,
}

impl Services {
    /// Of the server that answers HTTP here.
    pub(crate) fn new(address: &str, accounts: &[NewAccount]) -> Self {
        Self {
            address: address.to_owned(),
            accounts: accounts.to_vec(),
        }
    }

    /// The `t` of a ticket for messenger.msn.com.
    pub(crate) fn ticket(&self, handle: &Handle) -> String {
        ticket_in(&self.tokens(handle, "messenger.msn.com", "?id=507"))
    }

    /// The `t` of a ticket for messengerclear.live.com, and its secret in base64.
    pub(crate) fn ticket_and_secret(&self, handle: &Handle) -> (String, String) {
        let answer = self.tokens(handle, "messengerclear.live.com", "MBI_KEY_OLD");
        let secrets = element_texts(&answer, "BinarySecret");
        let secret = secrets.first().expect("no secret in the answer");
        (ticket_in(&answer), secret.clone())
    }

    /// RequestMultipleSecurityTokens, for one token.
    fn tokens(&self, handle: &Handle, address: &str, policy: &str) -> String {
        let account = self.accounts.iter().find(|a| a.handle == *handle);
        let password = &account.expect("no such account").password;
        let request = TOKENS
            .replace("HANDLE", handle.as_str())
            .replace("PASSWORD", &escaped(password))
            .replace("ADDRESS", address)
            .replace("POLICY", policy);
        self.post("/RST.srf", "", &request)
    }

    /// A request that must succeed.
    pub(crate) fn call(&self, by: &Handle, request: &SoapRequest) {
        let (path, body) = match request {
            SoapRequest::Store { to, text, outcome } => {
                return offline::store(self, by, to, text, *outcome);
            }
            SoapRequest::GetMessages => return offline::get_all(self, by),
            SoapRequest::DeleteMessages => return offline::delete_all(self, by),
            SoapRequest::AddContact(handle) => {
                (ABOOK, ADD_CONTACT.replace("HANDLE", handle.as_str()))
            }
            SoapRequest::DeleteContact(handle) => {
                let id = self.contact_id(by, handle);
                (ABOOK, DELETE_CONTACT.replace("CONTACT", &id))
            }
            SoapRequest::AddMember(list, handle) => (SHARING, member("AddMember", *list, handle)),
            SoapRequest::DeleteMember(list, handle) => {
                (SHARING, member("DeleteMember", *list, handle))
            }
            SoapRequest::SetPrivacy(privacy) => {
                let value = match privacy {
                    Privacy::Everyone => "1",
                    Privacy::AllowedOnly => "0",
                };
                (ABOOK, annotation("MSN.IM.BLP", value))
            }
            SoapRequest::SetAddPolicy(policy) => {
                let value = match policy {
                    AddPolicy::Ask => "1",
                    AddPolicy::Automatic => "0",
                };
                (ABOOK, annotation("MSN.IM.GTC", value))
            }
        };
        self.soap(by, path, &body);
    }

    /// ABFindAll: the id of a contact.
    fn contact_id(&self, by: &Handle, handle: &Handle) -> String {
        let answer = self.soap(by, ABOOK, FIND_ALL);
        let document = roxmltree::Document::parse(&answer).unwrap();
        let text = |node: roxmltree::Node<'_, '_>, name: &str| {
            let found = node.descendants().find(|n| n.tag_name().name() == name);
            found.and_then(|n| n.text()).unwrap_or("").to_owned()
        };
        let contacts = document
            .descendants()
            .filter(|node| node.tag_name().name() == "Contact");
        let mut ids = contacts
            .filter(|contact| text(*contact, "passportName") == handle.as_str())
            .map(|contact| text(contact, "contactId"));
        ids.next()
            .unwrap_or_else(|| panic!("{handle} is no contact in {answer}"))
    }

    fn soap(&self, by: &Handle, path: &str, body: &str) -> String {
        let cookie = format!("Cookie: MSPAuth={}\r\n", self.ticket(by));
        self.post(path, &cookie, &ENVELOPE.replace("BODY", body))
    }

    /// Posts, and returns the body of the answer, which must be 200.
    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let (status, answer) = self.ask(path, headers, body);
        assert_eq!(status, "200", "{path}\n{body}\n\n{answer}");
        answer
    }

    /// Posts, and returns status and body of the answer.
    pub(super) fn ask(&self, path: &str, headers: &str, body: &str) -> (String, String) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml; charset=utf-8\r\n\
             {headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("half an answer");
        (head[9..12].to_owned(), body.to_owned())
    }

    /// The display name of an account.
    pub(super) fn name(&self, handle: &Handle) -> &str {
        let account = self.accounts.iter().find(|a| a.handle == *handle);
        &account.expect("no such account").name
    }
}

fn ticket_in(answer: &str) -> String {
    let tokens = element_texts(answer, "BinarySecurityToken");
    let token = tokens
        .first()
        .unwrap_or_else(|| panic!("no ticket in {answer}"));
    let named = token.split('&').find_map(|field| field.strip_prefix("t="));
    named.expect("a ticket without t").to_owned()
}

const ABOOK: &str = "/abservice/abservice.asmx";
const SHARING: &str = "/abservice/SharingService.asmx";

const TOKENS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="http://schemas.xmlsoap.org/ws/2003/06/secext" xmlns:wsp="http://schemas.xmlsoap.org/ws/2002/12/policy" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/03/addressing" xmlns:wst="http://schemas.xmlsoap.org/ws/2004/04/trust" xmlns:ps="http://schemas.microsoft.com/Passport/SoapServices/PPCRL"><Header><wsse:Security><wsse:UsernameToken Id="user"><wsse:Username>HANDLE</wsse:Username><wsse:Password>PASSWORD</wsse:Password></wsse:UsernameToken></wsse:Security></Header><Body><ps:RequestMultipleSecurityTokens Id="RSTS"><wst:RequestSecurityToken Id="RST1"><wst:RequestType>http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue</wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>ADDRESS</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wsse:PolicyReference URI="POLICY"/></wst:RequestSecurityToken></ps:RequestMultipleSecurityTokens></Body></Envelope>"#;

const ENVELOPE: &str = r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Header><ABApplicationHeader xmlns="http://www.msn.com/webservices/AddressBook"><ApplicationId>09607671-1C32-421F-A6A6-CBFAA51AB5F4</ApplicationId><IsMigration>false</IsMigration><PartnerScenario>ContactSave</PartnerScenario></ABApplicationHeader><ABAuthHeader xmlns="http://www.msn.com/webservices/AddressBook"><ManagedGroupRequest>false</ManagedGroupRequest></ABAuthHeader></soap:Header><soap:Body>BODY</soap:Body></soap:Envelope>"#;

const FIND_ALL: &str = r#"<ABFindAll xmlns="http://www.msn.com/webservices/AddressBook"><abId>00000000-0000-0000-0000-000000000000</abId><abView>Full</abView><deltasOnly>false</deltasOnly><lastChange>0001-01-01T00:00:00.0000000-08:00</lastChange></ABFindAll>"#;

const ADD_CONTACT: &str = r#"<ABContactAdd xmlns="http://www.msn.com/webservices/AddressBook"><abId>00000000-0000-0000-0000-000000000000</abId><contacts><Contact><contactInfo><passportName>HANDLE</passportName><isSmtp>false</isSmtp><isMessengerUser>true</isMessengerUser></contactInfo></Contact></contacts><options><EnableAllowListManagement>false</EnableAllowListManagement></options></ABContactAdd>"#;

const DELETE_CONTACT: &str = r#"<ABContactDelete xmlns="http://www.msn.com/webservices/AddressBook"><abId>00000000-0000-0000-0000-000000000000</abId><contacts><Contact><contactId>CONTACT</contactId></Contact></contacts></ABContactDelete>"#;

/// AddMember and DeleteMember.
fn member(operation: &str, list: List, handle: &Handle) -> String {
    let role = match list {
        List::Allow => "Allow",
        List::Block => "Block",
        List::Reverse => "Reverse",
        List::Pending => "Pending",
        List::Forward => panic!("FL is no role"),
    };
    format!(
        r#"<{operation} xmlns="http://www.msn.com/webservices/AddressBook"><serviceHandle><Id>0</Id><Type>Messenger</Type><ForeignId></ForeignId></serviceHandle><memberships><Membership><MemberRole>{role}</MemberRole><Members><Member xsi:type="PassportMember"><Type>Passport</Type><State>Accepted</State><PassportName>{handle}</PassportName></Member></Members></Membership></memberships></{operation}>"#
    )
}

/// ABContactUpdate of Me.
fn annotation(name: &str, value: &str) -> String {
    format!(
        r#"<ABContactUpdate xmlns="http://www.msn.com/webservices/AddressBook"><abId>00000000-0000-0000-0000-000000000000</abId><contacts><Contact><contactInfo><contactType>Me</contactType><annotations><Annotation><Name>{name}</Name><Value>{value}</Value></Annotation></annotations></contactInfo><propertiesChanged>Annotation </propertiesChanged></Contact></contacts></ABContactUpdate>"#
    )
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The texts of every element with this name.
pub(super) fn element_texts(document: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let named = document
        .descendants()
        .filter(|node| node.tag_name().name() == name);
    named
        .filter_map(|node| node.text().map(str::to_owned))
        .collect()
}
