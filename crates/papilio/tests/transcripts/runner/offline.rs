//! What a client asks of the offline message services, over HTTP (services-oim, 2 and 7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use msnp::handle::Handle;
use msnp::proof::challenge::Product;

use super::script::Outcome;
use super::services::{Services, element_texts, escaped};

/// Store: first without a lock key, then with the answer to the challenge.
pub(super) fn store(services: &Services, by: &Handle, to: &Handle, text: &str, outcome: Outcome) {
    let ticket = services.ticket(by);
    let ask = |key: &str| {
        let request = STORE
            .replace("FROM", by.as_str())
            .replace("NAME", &STANDARD.encode(services.name(by)))
            .replace("TO", to.as_str())
            .replace("KEY", key)
            .replace("TEXT", &STANDARD.encode(text))
            // Last: it may have any of these words in it.
            .replace("TICKET", &ticket);
        services.ask("/OimWS/oim.asmx", ACTION, &request)
    };
    let (status, fault) = ask("");
    assert_eq!(status, "500", "{fault}");
    let challenges = element_texts(&fault, "LockKeyChallenge");
    let key = Product::WLM_8_0.response(&challenges[0]);
    let (status, answer) = ask(&key);
    match outcome {
        Outcome::Done => assert_eq!(status, "200", "{answer}"),
        Outcome::Refused => assert!(answer.contains(">q0:SystemUnavailable<"), "{answer}"),
    }
}

/// GetMetadata, and GetMessage of everything there is.
pub(super) fn get_all(services: &Services, by: &Handle) {
    for id in ids(services, by) {
        let request = format!(
            "<GetMessage xmlns=\"{RSI}\"><messageId>{id}</messageId>\
             <alsoMarkAsRead>true</alsoMarkAsRead></GetMessage>"
        );
        let answer = fetch(services, by, &request);
        assert!(answer.contains("<GetMessageResult>"), "{answer}");
    }
}

/// GetMetadata, and DeleteMessages of everything there is.
pub(super) fn delete_all(services: &Services, by: &Handle) {
    let ids: String = ids(services, by)
        .iter()
        .map(|id| format!("<messageId>{id}</messageId>"))
        .collect();
    let request =
        format!("<DeleteMessages xmlns=\"{RSI}\"><messageIds>{ids}</messageIds></DeleteMessages>");
    fetch(services, by, &request);
}

fn ids(services: &Services, by: &Handle) -> Vec<String> {
    let answer = fetch(services, by, &format!("<GetMetadata xmlns=\"{RSI}\"/>"));
    // The first `I` is the number of mails in the inbox.
    element_texts(&answer, "I").split_off(1)
}

fn fetch(services: &Services, by: &Handle, request: &str) -> String {
    let ticket = escaped(&services.ticket(by));
    let request = FETCH.replace("BODY", request).replace("TICKET", &ticket);
    let (status, answer) = services.ask("/rsi/rsi.asmx", "", &request);
    assert_eq!(status, "200", "{answer}");
    answer
}

const ACTION: &str = "SOAPAction: \"http://messenger.msn.com/ws/2004/09/oim/Store\"\r\n";
const RSI: &str = "http://www.hotmail.msn.com/ws/2004/09/oim/rsi";

const STORE: &str = r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><From memberName="FROM" friendlyName="=?utf-8?B?NAME?=" xml:lang="en-US" proxy="MSNMSGR" xmlns="http://messenger.msn.com/ws/2004/09/oim/" msnpVer="MSNP13" buildVer="8.0.0792"/><To memberName="TO" xmlns="http://messenger.msn.com/ws/2004/09/oim/"/><Ticket passport="t=TICKET&amp;p=" appid="PROD01065C%ZFN6F" lockkey="KEY" xmlns="http://messenger.msn.com/ws/2004/09/oim/"/><Sequence xmlns="http://schemas.xmlsoap.org/ws/2003/03/rm"><Identifier xmlns="http://schemas.xmlsoap.org/ws/2002/07/utility">http://messenger.msn.com</Identifier><MessageNumber>1</MessageNumber></Sequence></soap:Header><soap:Body><MessageType xmlns="http://messenger.msn.com/ws/2004/09/oim/">text</MessageType><Content xmlns="http://messenger.msn.com/ws/2004/09/oim/">MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: base64
X-OIM-Message-Type: OfflineMessage
X-OIM-Run-Id: {3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}
X-OIM-Sequence-Num: 1

TEXT
</Content></soap:Body></soap:Envelope>"#;

const FETCH: &str = r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><PassportCookie xmlns="http://www.hotmail.msn.com/ws/2004/09/oim/rsi"><t>TICKET</t><p></p></PassportCookie></soap:Header><soap:Body>BODY</soap:Body></soap:Envelope>"#;
