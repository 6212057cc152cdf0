//! The files, byte for byte.

use papilio::hosts::Client;

use super::{Answer, FILES, get, header, server, with_root};

/// Holds a file against its snapshot, the line ends of Windows turned into those of here.
fn assert_snapshot(name: &str, answer: &Answer) {
    let lines = answer.head.split("\r\n");
    let lines = lines.filter(|line| !line.starts_with("Date: "));
    let text = lines.collect::<Vec<_>>().join("\n") + &answer.body.replace("\r\n", "\n");
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[tokio::test]
async fn every_file_byte_for_byte() {
    let server = server().await;
    for client in ["msn4", "wlm80", "wlm85", "bitlbee"] {
        for file in FILES {
            let answer = get(&server, &format!("/setup/{client}/{file}")).await;
            if answer.status() == "200" {
                assert_snapshot(&format!("{client}_{file}"), &answer);
            } else {
                assert_eq!((client, file), ("bitlbee", "papilio.reg"));
            }
        }
    }
}

/// Scripts bring the certificate along, since what downloads it on an old machine is a browser.
#[tokio::test]
async fn scripts_with_a_certificate_byte_for_byte() {
    let (server, _folder) = with_root().await;
    for file in ["papilio.bat", "papilio-undo.bat"] {
        let answer = get(&server, &format!("/setup/wlm85/{file}")).await;
        assert_snapshot(&format!("certified_{file}"), &answer);
        // A client that brings its own list of roots gets nothing from Windows'.
        let pidgin = get(&server, &format!("/setup/pidgin/{file}")).await;
        assert!(!pidgin.body.contains("certutil"));
    }
}

#[tokio::test]
async fn windows_can_read_every_file() {
    let server = server().await;
    for client in Client::ALL {
        for file in FILES {
            let answer = get(&server, &format!("/setup/{client}/{file}")).await;
            if answer.status() != "200" {
                assert_eq!(file, "papilio.reg");
                assert!(!client.is_microsofts());
                continue;
            }
            let text = &answer.body;
            assert!(text.is_ascii() && text.ends_with("\r\n"), "{client} {file}");
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
            let disposition = header(&answer, "Content-Disposition").unwrap();
            assert!(disposition.ends_with(&format!("; filename=\"{file}\"")));
        }
    }
}

/// Every jump of a script has a place to land.
#[tokio::test]
async fn scripts_jump_to_what_is_there() {
    let (server, _folder) = with_root().await;
    for client in Client::ALL {
        for file in ["papilio.bat", "papilio-undo.bat"] {
            let script = get(&server, &format!("/setup/{client}/{file}")).await.body;
            for jump in script.split("goto ").skip(1) {
                let label = format!("\r\n:{}\r\n", jump.split("\r\n").next().unwrap());
                assert_eq!(script.matches(&label).count(), 1, "{client} {file} {label}");
            }
        }
    }
}
