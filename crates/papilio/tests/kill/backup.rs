//! A backup that is taken while clients change things: everything that was acknowledged before it began
//! is in it, and what is restored from it is a service.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::offline_messages::{Writer, writers};
use super::{Answers, Change, Person, Server, exchange, inside};

/// What clients were told is done.
type Acknowledged = Arc<Mutex<BTreeSet<String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_has_everything_that_was_acknowledged_before() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let settings = "lists.groups = 0\n[offline-messages]\nsender-messages = 0\nmailbox = 0\n";
    std::fs::write(data.join("papilio.toml"), settings).unwrap();
    let writers = writers(&data).await;
    let server = Server::start(&data);
    let acknowledged = Acknowledged::default();
    let answers = Arc::new(Answers::until(80));
    let mut running = JoinSet::new();
    for writer in writers {
        let (answers, acknowledged) = (Arc::clone(&answers), Arc::clone(&acknowledged));
        running.spawn(work(writer, server.address, answers, acknowledged));
    }
    answers.reached(&mut running).await;

    let before = acknowledged.lock().clone();
    let file = folder.path().join("backup.tar");
    let asked = [
        "backup".as_ref(),
        file.as_os_str(),
        "--data".as_ref(),
        data.as_os_str(),
    ];
    let asked = asked.map(ToOwned::to_owned);
    let made = tokio::task::spawn_blocking(move || papilio(&asked))
        .await
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let after = acknowledged.lock().len();
    assert!(after > before.len(), "clients went on meanwhile");
    drop(server);
    let people = running.join_all().await;

    let restored = folder.path().join("restored");
    let asked = [
        "restore".as_ref(),
        file.as_os_str(),
        "--data".as_ref(),
        restored.as_os_str(),
    ];
    let done = papilio(&asked);
    assert!(done.status.success(), "{done:?}");
    let server = Server::start(&restored);
    let mut found = BTreeSet::new();
    for (person, writer) in &people {
        let mailbox = writer.mailbox(server.address).await;
        found.extend(mailbox.into_keys());
        let book = person.ask(server.address, "<ABFindAll/>").await;
        let groups = book.split("<Group>").skip(1);
        found.extend(groups.map(|group| inside(group, "name")));
    }
    let lost: Vec<_> = before.difference(&found).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

/// Leaves messages and makes groups until the server is no more.
async fn work(
    writer: Writer,
    address: SocketAddr,
    answers: Arc<Answers>,
    acknowledged: Acknowledged,
) -> (Person, Writer) {
    let person = Person::new(writer.number, writer.ticket.clone());
    let mut stream = TcpStream::connect(address).await.unwrap();
    for step in 0.. {
        let text = format!("{} {step}", writer.number);
        let request = if step % 2 == 0 {
            writer.store(&text)
        } else {
            person.posted(&person.request(&Change::Group(text.clone())))
        };
        let Some(answer) = exchange(&mut stream, &request).await else {
            break;
        };
        assert!(answer.contains(" 200 OK\r\n"), "{text}: {answer}");
        acknowledged.lock().insert(text);
        answers.one_more();
    }
    (person, writer)
}

fn papilio(arguments: &[impl AsRef<std::ffi::OsStr>]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_papilio"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_backup_is_for_its_owner_and_never_overwrites() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.tar"));
    let run = |arguments: &[&str], data: &Path| {
        let mut all: Vec<&std::ffi::OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        all.extend(["--data".as_ref(), data.as_os_str()]);
        let output = papilio(&all);
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    };
    let path = file.to_str().unwrap();
    let (code, said) = run(&["backup", path], &data);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no database in"), "{said}");

    let (code, said) = run(&["user", "add", "a@example.org", "--password", "x"], &data);
    assert_eq!(code, 0, "{said}");
    std::fs::create_dir_all(data.join("tls/keys")).unwrap();
    std::fs::write(data.join("tls/keys/k.pem"), "key").unwrap();
    std::fs::create_dir(data.join("wire-log")).unwrap();
    std::fs::write(data.join("wire-log/x"), "what clients said").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(data.join("socket")).unwrap();
    assert_eq!(run(&["backup", path], &data), (0, String::new()));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    let (code, said) = run(&["backup", path], &data);
    assert_eq!(code, 1);
    assert!(said.contains("b.tar exists already"), "{said}");

    let (code, said) = run(&["restore", path], &data);
    assert_eq!(code, 1);
    assert!(said.contains("is not empty"), "{said}");
    let restored = folder.path().join("restored");
    assert_eq!(run(&["restore", path], &restored), (0, String::new()));
    let key = restored.join("tls/keys/k.pem");
    assert_eq!(std::fs::read(&key).unwrap(), b"key");
    assert_eq!((mode(&key), mode(&restored)), (0o600, 0o700));
    assert!(!restored.join("wire-log").exists());
    let listed = run(&["user", "show", "a@example.org"], &restored);
    assert_eq!(listed.0, 0, "{}", listed.1);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // A byte in the middle of the database.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = folder.path().join("damaged.tar");
    std::fs::write(&damaged, bytes).unwrap();
    let empty = folder.path().join("empty");
    let (code, said) = run(&["restore", damaged.to_str().unwrap()], &empty);
    assert_eq!(code, 1);
    assert!(said.contains("is not a whole backup"), "{said}");
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
}
