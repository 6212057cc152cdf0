//! A PostgreSQL of our own for tests: no service, no root, no network.
//!
//! ```text
//!   test binary --pipe--> sh (watcher) -> postgres, on a Unix socket in a temporary folder
//!        |                  |
//!      ends in any way      sees the pipe close, stops postgres, removes the folder
//! ```
//!
//! One server for a test binary, a database for every test. Where the programs of PostgreSQL are
//! missing the tests that want one are left out, and say so, unless `PAPILIO_REQUIRE_POSTGRES=1` is
//! set: then they fail.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use papilio::store::Database;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A new, empty database; `None` where there is no PostgreSQL.
pub(crate) async fn new_database() -> Option<Database> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(1);

    let server = SERVER.get_or_init(start_or_leave_out).as_ref()?;
    let name = format!("papilio_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&server.url("postgres"))
        .await
        .expect("the server answers");
    connection
        .execute(AssertSqlSafe(format!(
            "CREATE DATABASE {name} TEMPLATE template0"
        )))
        .await
        .expect("a database can be made");
    connection.close().await.expect("the server answers");
    Some(Database::Postgres {
        url: server.url(&name),
        connections: 8,
    })
}

struct Server {
    folder: PathBuf,
    /// Its standard input closes when this process ends, however it ends.
    _watcher: Child,
}

impl Server {
    fn url(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("postgres://papilio@localhost:5432/{database}?host={folder}")
    }
}

fn start_or_leave_out() -> Option<Server> {
    if let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) {
        return Some(start(&initdb, &postgres));
    }
    let required = std::env::var_os("PAPILIO_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
    assert!(
        !required,
        "PAPILIO_REQUIRE_POSTGRES=1, but there is no initdb and postgres"
    );
    // Not `eprintln!`: the harness keeps that to itself when a test passes.
    let _ = writeln!(
        std::io::stderr(),
        "\nPostgreSQL LEFT OUT: initdb and postgres are neither on the PATH nor in \
         /usr/lib/postgresql/*/bin. Only SQLite was tested.\n"
    );
    None
}

/// Looks on the PATH, then where Debian keeps the programs of each version.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = versions.flatten().map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(debian)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn start(initdb: &Path, postgres: &Path) -> Server {
    let folder = tempfile::Builder::new()
        .prefix("papilio-pg-")
        .tempdir()
        .expect("a temporary folder")
        .keep();
    let data = folder.join("data");
    let servant = Servant::find();
    servant.own(&folder);

    let made = servant
        .command(initdb)
        .args([
            "--username=papilio",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        ])
        .args(["--locale=C", "--pgdata"])
        .arg(&data)
        .current_dir(&folder)
        .output()
        .expect("initdb runs");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );

    let server = servant.command(postgres);
    let mut watcher = Command::new("sh");
    watcher
        .arg("-c")
        .arg(
            r#"folder=$1; shift
               "$@" </dev/null & server=$!
               cat >/dev/null
               kill -QUIT $server; wait $server; rm -rf "$folder""#,
        )
        .arg("watcher")
        .arg(&folder)
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&folder)
        .args(["-p", "5432", "-c", "listen_addresses=", "-c", "fsync=off"])
        .args(["-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
        .args(["-c", "lc_messages=C", "-c", "log_destination=stderr"])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Out of reach of a Ctrl-C, which would take the watcher before its time.
        .process_group(0);
    let mut watcher = watcher.spawn().expect("sh runs");
    wait_until_ready(BufReader::new(watcher.stderr.take().expect("piped")));
    Server {
        folder,
        _watcher: watcher,
    }
}

/// Reads the server's log until it says so, and goes on reading for as long as there is something,
/// because a server whose log nobody reads stands still.
fn wait_until_ready(log: impl BufRead + Send + 'static) {
    let mut lines = log.lines().map_while(Result::ok);
    let mut said = Vec::new();
    let ready = lines.by_ref().any(|line| {
        let ready = line.contains("ready to accept connections");
        said.push(line);
        ready
    });
    assert!(ready, "PostgreSQL does not start:\n{}", said.join("\n"));
    std::thread::spawn(move || lines.for_each(drop));
}

/// Who runs the server: PostgreSQL refuses to run as root.
enum Servant {
    Ourselves,
    Other { name: &'static str },
}

impl Servant {
    fn find() -> Self {
        if said_by(Command::new("id").arg("-u")).as_deref() != Some("0") {
            return Self::Ourselves;
        }
        let name = ["postgres", "nobody"]
            .into_iter()
            .find(|name| said_by(Command::new("id").args(["-u", name])).is_some())
            .expect("an account to run PostgreSQL as: postgres or nobody");
        Self::Other { name }
    }

    fn own(&self, folder: &Path) {
        if let Self::Other { name } = self {
            let done = Command::new("chown").arg(name).arg(folder).status();
            assert!(done.is_ok_and(|status| status.success()), "chown {name}");
        }
    }

    /// The program, to be run by the servant, in its own process all the way.
    fn command(&self, program: &Path) -> Command {
        let Self::Other { name } = self else {
            return Command::new(program);
        };
        let mut command = if said_by(Command::new("setpriv").arg("--version")).is_some() {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={name}")).arg("--clear-groups");
            command
        } else {
            let mut command = Command::new("runuser");
            command.args(["-u", name, "--"]);
            command
        };
        command.arg(program);
        command
    }
}

fn said_by(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
