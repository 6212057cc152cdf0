//! The commands beside `serve`, as processes (DESIGN, section 1).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use msnp::handle::Handle;
use papilio::store::{Database, Store};
use tempfile::TempDir;

/// A folder of data with a configuration that hashes quickly.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("papilio.toml"),
            "[passwords]\nmemory-kib = 8\npasses = 1\n",
        )
        .unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command on this folder, with this on its standard input.
    fn run_with(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut command = papilio(arguments);
        command.arg("--data").arg(self.path());
        run(command, input)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with("", arguments)
    }

    /// The contacts of an account with the bits of FL, AL and BL, as the store has them.
    fn lists_of(&self, owner: &str) -> Vec<(String, u8)> {
        let path = self.path().join("papilio.db");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let roster = runtime.block_on(async {
            let store = Store::open(&Database::Sqlite { path }).await.unwrap();
            let owner = Handle::parse(owner).unwrap();
            let owner = store.account_by_handle(&owner).await.unwrap().unwrap();
            store.roster_of(owner.id).await.unwrap()
        });
        let contacts = roster.contacts.into_iter();
        let mut lists: Vec<_> = contacts
            .map(|(_, handle, lists)| (handle.to_string(), lists.bits()))
            .collect();
        lists.sort();
        lists
    }

    /// What `user list` says of handles and names.
    fn listed(&self) -> Vec<String> {
        self.run(&["user", "list"])
            .ok()
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>().join(" "))
            .collect()
    }
}

fn papilio(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
    command.args(arguments);
    command
}

fn run(mut command: Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that does not read closes the pipe: no concern of ours.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    Ran(output)
}

struct Ran(Output);

impl Ran {
    /// Standard output of a command that succeeded and complained of nothing.
    #[track_caller]
    fn ok(&self) -> String {
        assert_eq!((self.code(), self.said().as_str()), (0, ""));
        self.answer()
    }

    /// What a command said that failed with this exit code.
    #[track_caller]
    fn failed(&self, code: i32) -> String {
        assert_eq!(self.code(), code, "{}", self.said());
        self.said()
    }

    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn answer(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn said(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

#[test]
fn an_account_is_added_and_listed() {
    let place = Place::new();
    let add = [
        "user",
        "add",
        "Alice@Example.org",
        "--password",
        "pass1",
        "--name",
        "Alice W",
    ];
    let answer = place.run(&add).ok();
    assert_eq!(answer, "added alice@example.org, number 1\n");
    let answer = place
        .run_with("pass2\n", &["user", "add", "bob@x", "--password-stdin"])
        .ok();
    assert_eq!(answer, "added bob@x, number 2\n");
    assert_eq!(
        place.listed(),
        [
            "1 alice@example.org enabled Alice W",
            "2 bob@x enabled bob@x"
        ]
    );
    let found = place.run(&["user", "list", "ALICE"]).ok();
    assert_eq!(found, "1\talice@example.org\tenabled\tAlice W\n");
}

#[test]
fn an_account_is_added_once() {
    let place = Place::new();
    let add = ["user", "add", "alice@x", "--password", "pass1"];
    place.run(&add).ok();
    assert_eq!(
        place.run(&add).failed(1),
        "papilio: alice@x exists already\n"
    );
}

#[test]
fn what_cannot_be_an_account_is_a_mistake_of_the_caller() {
    let place = Place::new();
    let add = |email: &str, password: &str| {
        place
            .run(&["user", "add", email, "--password", password])
            .failed(2)
    };
    assert!(add("alice", "pass1").contains("not a handle"));
    let long = "x".repeat(65);
    for password in ["", "a\nb", &long] {
        let said = add("alice@x", password);
        assert!(said.contains("a password has 1 to 64 characters"), "{said}");
    }
    assert!(!add("alice@x", "my\tsecret").contains("secret"));
    let said = place.run(&["user", "add", "alice@x"]).failed(2);
    assert!(said.contains("--password-stdin"), "{said}");
    let both = [
        "user",
        "add",
        "alice@x",
        "--password",
        "p",
        "--password-stdin",
    ];
    place.run(&both).failed(2);
    assert_eq!(place.listed(), Vec::<String>::new());
}

#[test]
fn an_account_is_shown() {
    let place = Place::new();
    place
        .run(&["user", "add", "alice@x", "--password", "p", "--name", "A"])
        .ok();
    let shown = place.run(&["user", "show", "ALICE@X"]).ok();
    for line in [
        "number:   1",
        "address:  alice@x",
        "name:     A",
        "state:    enabled",
        "PUID:     0000000100000001",
        "CID:      4294967297",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let said = place.run(&["user", "show", "bob@x"]).failed(1);
    assert_eq!(said, "papilio: there is no account bob@x\n");
}

#[test]
fn an_account_is_changed() {
    let place = Place::new();
    place
        .run(&["user", "add", "alice@x", "--password", "p"])
        .ok();
    place
        .run(&["user", "rename", "alice@x", "Alice\r\nNLN"])
        .ok();
    place
        .run(&["user", "passwd", "alice@x", "--password", "another"])
        .ok();
    place.run(&["user", "disable", "alice@x"]).ok();
    assert_eq!(place.listed(), ["1 alice@x disabled AliceNLN"]);
    place.run(&["user", "enable", "alice@x"]).ok();
    assert_eq!(place.listed(), ["1 alice@x enabled AliceNLN"]);
    place.run(&["user", "delete", "alice@x"]).ok();
    assert_eq!(place.listed(), Vec::<String>::new());
    for command in ["passwd", "disable", "enable", "delete"] {
        let mut arguments = vec!["user", command, "alice@x"];
        if command == "passwd" {
            arguments.extend(["--password", "p"]);
        }
        let said = place.run(&arguments).failed(1);
        assert_eq!(said, "papilio: there is no account alice@x\n", "{command}");
    }
}

#[test]
fn an_import_takes_in_accounts_in_the_order_of_the_file() {
    let place = Place::new();
    let mut file = String::from("\u{feff}");
    for number in 1..=150 {
        file += &format!(
            "{{\"type\":\"user\",\"email\":\"a{number}@x\",\"name\":\"N{number}\",\"password\":\"p\"}}\r\n\n"
        );
    }
    let path = place.path().join("accounts.jsonl");
    std::fs::write(&path, &file).unwrap();
    let import = ["import", path.to_str().unwrap()];
    assert_eq!(
        place.run(&import).ok(),
        "150 accounts added, 0 there already, 0 contacts, 0 lines refused\n"
    );
    let listed = place.listed();
    assert_eq!(listed.len(), 150);
    assert_eq!(listed[0], "1 a1@x enabled N1");
    assert_eq!(listed[149], "150 a150@x enabled N150");

    place.run(&["user", "rename", "a1@x", "Changed since"]).ok();
    assert_eq!(
        place.run_with(&file, &["import", "-"]).ok(),
        "0 accounts added, 150 there already, 0 contacts, 0 lines refused\n"
    );
    assert_eq!(place.listed()[0], "1 a1@x enabled Changed since");
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_the_others_go_in() {
    let place = Place::new();
    let long = format!("{{\"type\":\"user\",\"email\":\"{}\"}}", "a".repeat(70_000));
    let file = [
        r#"{"type":"user","email":"a@x","password":"p"}"#,
        r#"{"type":"user","email":"nobody","password":"p"}"#,
        r#"{"type":"user","email":"b@x","password":4711}"#,
        r#"oops"#,
        &long,
        r#"{"type":"user","email":"a@x","password":"q"}"#,
        r#"{"type":"user","email":"c@x","password":"p"}"#,
    ]
    .join("\n");
    let ran = place.run_with(&file, &["import", "-"]);
    let said = ran.failed(1);
    let said: Vec<_> = said.lines().collect();
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(
        said[0].starts_with("line 2: email \"nobody\": not a handle"),
        "{said:?}"
    );
    assert_eq!(said[1], "line 3: the password is not a text");
    assert!(said[2].starts_with("line 4: not JSON: "), "{said:?}");
    assert_eq!(said[3], "line 5: longer than 65536 bytes");
    assert_eq!(said[4], "papilio: 4 lines were refused");
    assert_eq!(
        ran.answer(),
        "2 accounts added, 1 there already, 0 contacts, 4 lines refused\n"
    );
    assert_eq!(place.listed(), ["1 a@x enabled a@x", "2 c@x enabled c@x"]);
}

#[test]
fn an_import_takes_in_contacts_of_accounts_that_came_before_or_were_there() {
    let place = Place::new();
    place
        .run(&["user", "add", "carol@x", "--password", "p"])
        .ok();
    let contact = |owner: &str, contact: &str, lists: &str| {
        format!(r#"{{"type":"contact","owner":"{owner}","contact":"{contact}","lists":[{lists}]}}"#)
    };
    let file = [
        r#"{"type":"user","email":"a@x","password":"p"}"#.to_owned(),
        r#"{"type":"user","email":"b@x","password":"p"}"#.to_owned(),
        contact("A@x", "b@x", r#""FL","AL","RL""#),
        contact("b@x", "a@x", r#""BL""#),
        contact("a@x", "carol@x", r#""FL""#),
        contact("nobody@x", "a@x", r#""FL""#),
        contact("a@x", "nobody@x", r#""FL""#),
        contact("a@x", "b@x", r#""FL","fl""#),
    ]
    .join("\n");
    for added in ["2 accounts added, 0", "0 accounts added, 2"] {
        let ran = place.run_with(&file, &["import", "-"]);
        let said = ran.failed(1);
        let said: Vec<_> = said.lines().collect();
        assert_eq!(
            said,
            [
                "line 8: \"fl\" is not a list",
                "line 6: there is no account nobody@x",
                "line 7: there is no account nobody@x",
                "papilio: 3 lines were refused",
            ]
        );
        assert_eq!(
            ran.answer(),
            format!("{added} there already, 3 contacts, 3 lines refused\n")
        );
    }
    let lists = place.lists_of("a@x");
    assert_eq!(lists, [("b@x".to_owned(), 3), ("carol@x".to_owned(), 1)]);
    assert_eq!(place.lists_of("b@x"), [("a@x".to_owned(), 4)]);
    assert_eq!(place.lists_of("carol@x"), []);
}

#[test]
fn what_cannot_be_read_cannot_be_imported() {
    let place = Place::new();
    let said = place.run(&["import", "no/such/file"]).failed(1);
    assert!(said.starts_with("papilio: no/such/file: "), "{said}");
}

#[test]
fn commands_run_at_once_without_getting_in_each_others_way() {
    let place = Place::new();
    let running: Vec<_> = (0..6)
        .map(|number| {
            let mut command = papilio(&["user", "add"]);
            command
                .arg(format!("a{number}@x"))
                .args(["--password", "p", "--data"])
                .arg(place.path());
            std::thread::spawn(move || run(command, ""))
        })
        .collect();
    for ran in running {
        ran.join().unwrap().ok();
    }
    assert_eq!(place.listed().len(), 6);
}

#[test]
fn a_bad_configuration_is_named_in_one_line() {
    let place = Place::new();
    let file = place.path().join("papilio.toml");
    for (text, reason) in [
        ("[limits]\nlime = 1", "there is no key `limits.lime`"),
        ("[limits]\nline = 'long'", "for key `limits.line`"),
    ] {
        std::fs::write(&file, text).unwrap();
        for arguments in [&["user", "list"][..], &["import", "-"], &["serve"]] {
            let said = place.run(arguments).failed(2);
            let start = format!("papilio: {}: ", file.display());
            assert!(said.starts_with(&start) && said.contains(reason), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}

#[test]
fn another_configuration_file_can_be_named() {
    let place = Place::new();
    let file = place.path().join("other.toml");
    let data = place.path().join("elsewhere");
    let text = format!("data = {data:?}\n[passwords]\nmemory-kib = 8\npasses = 1\n");
    std::fs::write(&file, text).unwrap();
    let mut command = papilio(&["user", "add", "alice@x", "--password", "p", "--config"]);
    command.arg(&file);
    run(command, "").ok();
    assert!(data.join("papilio.db").exists());
}

#[test]
fn a_command_line_that_makes_no_sense_is_code_2_and_help_is_code_0() {
    for arguments in [
        &["serv"][..],
        &["user", "ad"],
        &["serve", "--max-version", "1"],
        &[],
    ] {
        let ran = run(papilio(arguments), "");
        assert!(!ran.failed(2).is_empty());
        assert_eq!(ran.answer(), "");
    }
    for arguments in [&["--help"][..], &["--version"], &["import", "--help"]] {
        assert!(!run(papilio(arguments), "").ok().is_empty());
    }
}

#[test]
fn what_went_wrong_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let config = folder.path().join("papilio.toml");
    std::fs::write(&config, "").unwrap();
    let data = file.join("data");
    let mut command = papilio(&["user", "list"]);
    command.arg("--config").arg(config).arg("--data").arg(&data);
    let said = run(command, "").failed(1);
    assert_eq!(said.matches("os error").count(), 1, "{said}");
    assert!(said.contains(&data.display().to_string()), "{said}");
}

#[test]
fn who_asks_about_a_folder_without_data_hears_of_it_and_none_is_made() {
    let place = Place::new();
    for asking in [
        &["user", "list"][..],
        &["user", "show", "alice@x"],
        &["ban", "list"],
        &["invite", "list"],
        &["token", "list"],
        &["operator", "list"],
        &["audit"],
    ] {
        let said = place.run(asking).failed(1);
        let folder = place.path().display().to_string();
        assert!(said.starts_with("papilio: there is no database in ") && said.contains(&folder));
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!place.path().join("papilio.db").exists());
    }
}
