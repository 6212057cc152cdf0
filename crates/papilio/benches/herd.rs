//! Ten thousand accounts with ten contacts each: imported, signed in, and idle.
//!
//! ```text
//!   papilio import -> papilio serve <- sign in, one after the other, 64 at a time
//!                        |
//!                     resident memory before, and with all of them signed in and idle
//! ```
//!
//! All stay signed in, pinging; any error of any of them is the end of the program. Beside it stand a
//! bare program that holds as many idle sockets, one task for each, and the rate of bare argon2id runs
//! with the settings of the server on the same cores.
//!
//! `cargo bench --bench herd -- accounts=10000 memory-kib=19456 passes=2`

#[expect(dead_code, reason = "nobody here needs a bare socket")]
mod client;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use client::figures::{median, setting, wanted};
use client::process::{Memory, Process, Server, own_processor_time, ready};
use client::{Addresses, Connection, Person, serve};

const CONTACTS: usize = 10;

/// How many sign in at once.
const AT_ONCE: usize = 64;

/// How often a client says that it is there.
const PING: Duration = Duration::from_secs(45);

/// How long nothing has happened when the memory is read.
const QUIET: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("bare") {
        return tokio::runtime::Runtime::new()?.block_on(bare_sockets());
    }
    if !wanted() {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let herd = Herd {
        accounts: setting("accounts", 10_000),
        memory_kib: setting("memory-kib", 19_456) as u32,
        passes: setting("passes", 2) as u32,
    };
    runtime.block_on(herd.run())
}

struct Herd {
    accounts: usize,
    memory_kib: u32,
    passes: u32,
}

impl Herd {
    async fn run(&self) -> anyhow::Result<()> {
        let Self {
            accounts,
            memory_kib,
            passes,
        } = self;
        println!(
            "{accounts} accounts with {CONTACTS} contacts each; argon2id with {memory_kib} KiB, \
             {passes} passes\n"
        );
        let hashes = self.bare_hashes()?;
        let bare = self.bare_growth().await?;
        let configuration = format!("[passwords]\nmemory-kib = {memory_kib}\npasses = {passes}\n");
        let server = serve(&self.records(), &configuration)?;
        let before = server.process.memory()?;
        let used_before = own_processor_time()?;
        let (took, mut herd) = self.sign_in(&server).await?;
        let used = own_processor_time()? - used_before;
        let server_used = server.process.processor_time()?;
        let rate = |took: Duration| *accounts as f64 / took.as_secs_f64();
        println!("             seconds   a second");
        for (name, took) in [("import", server.import), ("sign in", took)] {
            println!(
                "{name:<10} {:>9.1} {:>10.1}",
                took.as_secs_f64(),
                rate(took)
            );
        }
        println!(
            "bare argon2id {hashes:>17.1}   sign in / argon2id: {:.2}",
            rate(took) / hashes
        );
        println!(
            "processor time while signing in: server {:.1} s, clients {:.1} s\n",
            server_used.as_secs_f64(),
            used.as_secs_f64()
        );
        herd.everybody_pings().await?;
        tokio::time::sleep(QUIET).await;
        let idle = server.process.memory()?;
        herd.everybody_pings().await?;
        println!("               before KiB    idle KiB   KiB for each   its own heap");
        for (name, Growth { before, idle }) in
            [("papilio", Growth { before, idle }), ("bare sockets", bare)]
        {
            let each = |before: u64, idle: u64| (idle as f64 - before as f64) / *accounts as f64;
            println!(
                "{name:<12} {:>12} {:>11} {:>14.2} {:>14.2}",
                before.resident,
                idle.resident,
                each(before.resident, idle.resident),
                each(before.anonymous, idle.anonymous)
            );
        }
        println!("\naim: below 3 KiB for each; all {accounts} stayed signed in without an error");
        Ok(())
    }

    fn records(&self) -> Vec<String> {
        let people = (0..self.accounts).map(Person::numbered);
        let mut records: Vec<_> = people.clone().map(|person| person.record()).collect();
        for (number, person) in people.enumerate() {
            for contact in self.contacts(number) {
                records.push(person.contact_record(&contact));
            }
        }
        records
    }

    /// Those who follow in a ring: everybody has as many watchers as contacts.
    fn contacts(&self, number: usize) -> Vec<Person> {
        (1..=CONTACTS)
            .map(|step| Person::numbered((number + step) % self.accounts))
            .collect()
    }

    async fn sign_in(&self, server: &Server) -> anyhow::Result<(Duration, Signed)> {
        let (asked, receiver) = watch::channel(());
        let answers = Arc::new(AtomicUsize::new(0));
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut arriving = JoinSet::new();
        let mut staying = JoinSet::new();
        let stays = |connection| stay(connection, receiver.clone(), Arc::clone(&answers));
        let started = Instant::now();
        for number in 0..self.accounts {
            let place = Arc::clone(&places).acquire_owned().await?;
            let contacts = self.contacts(number);
            let addresses: Addresses = server.addresses;
            arriving.spawn(async move {
                let connection = Person::numbered(number)
                    .sign_in(&addresses, &contacts)
                    .await;
                drop(place);
                connection
            });
            while let Some(arrived) = arriving.try_join_next() {
                staying.spawn(stays(arrived??));
            }
            if let Some(left) = staying.try_join_next() {
                left??;
            }
        }
        while let Some(arrived) = arriving.join_next().await {
            staying.spawn(stays(arrived??));
        }
        ensure!(staying.len() == self.accounts, "not everybody stayed");
        let signed = Signed {
            staying,
            asked,
            answers: Arc::clone(&answers),
        };
        Ok((started.elapsed(), signed))
    }

    /// What as many idle sockets cost a program that does nothing else.
    async fn bare_growth(&self) -> anyhow::Result<Growth> {
        let bare = Process::bare("bare")?;
        let before = bare.memory()?;
        let sockets = idle_sockets(bare.address("msnp")?, self.accounts).await?;
        let idle = bare.memory()?;
        drop(sockets);
        Ok(Growth { before, idle })
    }

    /// How many runs a second every core can do together.
    fn bare_hashes(&self) -> anyhow::Result<f64> {
        let params = Params::new(self.memory_kib, self.passes, 1, None)
            .ok()
            .context("unusable settings")?;
        let cores = std::thread::available_parallelism()?.get();
        let until = Instant::now() + Duration::from_secs(5);
        let rates = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..cores)
                .map(|_| scope.spawn(|| hash_until(&params, until)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().ok().context("a run failed"))
                .collect::<anyhow::Result<Vec<_>>>()
        })?;
        Ok(rates.iter().sum())
    }
}

fn hash_until(params: &Params, until: Instant) -> f64 {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut times = Vec::new();
    while Instant::now() < until {
        let started = Instant::now();
        let mut out = [0; 32];
        if argon2
            .hash_password_into(b"secret00000", b"0123456789abcdef", &mut out)
            .is_ok()
        {
            times.push(started.elapsed().as_secs_f64());
        }
    }
    1.0 / median(&times)
}

/// All who are signed in.
struct Signed {
    staying: JoinSet<anyhow::Result<()>>,
    asked: watch::Sender<()>,
    answers: Arc<AtomicUsize>,
}

impl Signed {
    /// Asks everybody whether they are there, until all have their answer.
    async fn everybody_pings(&mut self) -> anyhow::Result<()> {
        self.answers.store(0, Ordering::Relaxed);
        self.asked.send(()).context("nobody is there")?;
        while self.answers.load(Ordering::Relaxed) < self.staying.len() {
            if let Some(left) = self.staying.try_join_next() {
                left??;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Hears whatever comes and pings, now and then and when asked to. Ends with the error that ends the
/// session.
async fn stay(
    mut connection: Connection,
    mut asked: watch::Receiver<()>,
    answers: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let mut next = tokio::time::interval(PING);
    let mut open = 0;
    next.tick().await;
    loop {
        tokio::select! {
            line = connection.line() => {
                if line?.verb() == "QNG" {
                    answers.fetch_add(open, Ordering::Relaxed);
                    open = 0;
                }
            }
            _ = next.tick() => connection.say("PNG\r\n").await?,
            changed = asked.changed() => {
                changed?;
                open = 1;
                connection.say("PNG\r\n").await?;
            }
        }
    }
}

/// A process before anybody came, and with everybody there and idle.
#[derive(Clone, Copy)]
struct Growth {
    before: Memory,
    idle: Memory,
}

// ---- The bare program --------------------------------------------------------------------------

async fn bare_sockets() -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    ready(listener.local_addr()?)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut byte = [0];
            while stream.read(&mut byte).await? != 0 {
                stream.write_all(&byte).await?;
            }
            std::io::Result::Ok(())
        });
    }
}

async fn idle_sockets(server: SocketAddr, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(server).await?;
        // Its task is there when it answers.
        stream.write_u8(0).await?;
        stream.read_u8().await?;
        sockets.push(stream);
    }
    Ok(sockets)
}
