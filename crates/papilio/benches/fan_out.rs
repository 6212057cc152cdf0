//! One account changes its status, 500 watch: the time from writing `CHG` until the last of them has
//! its `NLN`, over real sockets.
//!
//! ```text
//!   announcer --CHG--> server --NLN--> 500 watchers, one connection each
//! ```
//!
//! Beside it, in a process of its own, two bare programs write the same bytes to as many sockets: a
//! loop, one socket after the other, and a task for each socket, woken by a queue. All three take turns.
//!
//! The watchers are read one after the other: the last of them has its line when all have been read,
//! whatever the order, and no time goes into finding out whose turn it is.
//!
//! `cargo bench --bench fan_out -- rounds=200`

#[expect(dead_code, reason = "time is all that is measured here")]
mod client;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use client::figures::{percentile, setting, wanted};
use client::process::{Process, Server, ready};
use client::{Connection, Person, serve};

const WATCHERS: usize = 500;

/// Between two rounds: the processors come to rest.
const PAUSE: Duration = Duration::from_millis(20);

const SAID: [&[u8]; 2] = [b"CHG 90 AWY 1611513916\r\n", b"CHG 90 NLN 1611513916\r\n"];

fn main() -> anyhow::Result<()> {
    let runtime = || tokio::runtime::Runtime::new();
    match std::env::args().nth(1).as_deref() {
        Some("loop") => return runtime()?.block_on(bare(Way::Loop)),
        Some("tasks") => return runtime()?.block_on(bare(Way::Tasks)),
        _ if !wanted() => return Ok(()),
        _ => {}
    }
    let rounds = setting("rounds", 200);
    let records = everyone();
    let papilio = serve(
        &records,
        "[passwords]\nmemory-kib = 32\npasses = 1\n[rates]\nchg = { burst = 0, per-second = 0 }\n",
    )?;
    let bare = [Process::bare("loop")?, Process::bare("tasks")?];
    let mut audiences = vec![runtime()?.block_on(through_papilio(&papilio))?];
    for (name, process) in ["bare loop", "bare tasks"].into_iter().zip(&bare) {
        audiences.push(through_bare(name, process)?);
    }
    // Once unmeasured: everything is in memory then, and the caches are warm.
    take_turns(&mut audiences, 10)?;
    let used = |process: &Process| process.processor_time();
    let before = audiences.iter().map(|audience| used(audience.process));
    let before = before.collect::<anyhow::Result<Vec<_>>>()?;
    let times = take_turns(&mut audiences, rounds)?;
    println!("{WATCHERS} watchers, {rounds} rounds each, taking turns\n");
    println!("              median ms   p99 ms   least ms   server us per watcher");
    for (audience, (before, times)) in audiences.iter().zip(before.iter().zip(times)) {
        let used = used(audience.process)? - *before;
        println!(
            "{:<12} {:>10.2} {:>8.2} {:>10.2} {:>23.2}",
            audience.name,
            percentile(&times, 50),
            percentile(&times, 99),
            percentile(&times, 0),
            used.as_secs_f64() * 1e6 / (rounds * WATCHERS) as f64,
        );
    }
    println!("\naim: median below 2 ms");
    Ok(())
}

/// Milliseconds of each round, for each audience.
fn take_turns(audiences: &mut [Audience], rounds: usize) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut times = vec![Vec::new(); audiences.len()];
    for round in 0..rounds {
        for (audience, times) in audiences.iter_mut().zip(&mut times) {
            times.push(audience.announce(round)?.as_secs_f64() * 1e3);
            std::thread::sleep(PAUSE);
        }
    }
    Ok(times)
}

// ---- A round -----------------------------------------------------------------------------------

/// Who announces, and those who watch.
struct Audience<'a> {
    name: &'static str,
    process: &'a Process,
    announcer: TcpStream,
    watchers: Vec<TcpStream>,
}

impl Audience<'_> {
    fn announce(&mut self, round: usize) -> anyhow::Result<Duration> {
        let said = SAID[round % SAID.len()];
        let expected = line(round);
        let started = Instant::now();
        self.announcer.write_all(said)?;
        let mut buffer = [0; 256];
        for watcher in self.watchers.iter_mut().rev() {
            let buffer = &mut buffer[..expected.len()];
            watcher.read_exact(buffer)?;
            ensure!(buffer == expected, "something else: {buffer:?}");
        }
        let took = started.elapsed();
        let echo = &mut buffer[..said.len()];
        self.announcer.read_exact(echo)?;
        ensure!(echo == said, "another echo: {echo:?}");
        Ok(took)
    }
}

fn line(round: usize) -> Vec<u8> {
    let announcer = Person::numbered(0);
    let status = if round.is_multiple_of(2) {
        "AWY"
    } else {
        "NLN"
    };
    let (handle, name) = (announcer.handle(), announcer.name());
    format!("NLN {status} {handle} {name} 1611513916 0\r\n").into_bytes()
}

// ---- Getting there -----------------------------------------------------------------------------

fn everyone() -> Vec<String> {
    let announcer = Person::numbered(0);
    let mut records: Vec<_> = (0..=WATCHERS)
        .map(|number| Person::numbered(number).record())
        .collect();
    for number in 1..=WATCHERS {
        records.push(Person::numbered(number).contact_record(&announcer));
    }
    records
}

async fn through_papilio(server: &Server) -> anyhow::Result<Audience<'_>> {
    let Server {
        process, addresses, ..
    } = server;
    let announcer = Person::numbered(0);
    let mut watchers = Vec::new();
    for number in 1..=WATCHERS {
        let contacts = std::slice::from_ref(&announcer);
        watchers.push(
            Person::numbered(number)
                .sign_in(addresses, contacts)
                .await?,
        );
    }
    let announcer = announcer.sign_in(addresses, &[]).await?;
    let mut quiet = Vec::new();
    for mut watcher in watchers {
        // The announcer arrives; then everything that goes with it has come as well.
        watcher.hear("NLN").await?;
        watcher.say("PNG\r\n").await?;
        watcher.hear("QNG").await?;
        quiet.push(blocking(watcher)?);
    }
    Ok(Audience {
        name: "papilio",
        process,
        announcer: blocking(announcer)?,
        watchers: quiet,
    })
}

fn blocking(connection: Connection) -> anyhow::Result<TcpStream> {
    let stream = connection.into_stream()?.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn through_bare<'a>(name: &'static str, process: &'a Process) -> anyhow::Result<Audience<'a>> {
    let server = process.address("msnp")?;
    let connect = || {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        // It answers: it has taken the connection as the next of its list.
        stream.read_exact(&mut [0])?;
        anyhow::Ok(stream)
    };
    let watchers = (0..WATCHERS)
        .map(|_| connect())
        .collect::<anyhow::Result<_>>()?;
    let announcer = connect()?;
    Ok(Audience {
        name,
        process,
        announcer,
        watchers,
    })
}

// ---- The bare programs -------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Loop,
    Tasks,
}

async fn bare(way: Way) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    ready(listener.local_addr()?)?;
    let accept = async || {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        stream.write_u8(0).await?;
        anyhow::Ok(stream)
    };
    let mut sockets = Vec::new();
    let mut queues = Vec::new();
    for _ in 0..WATCHERS {
        let mut stream = accept().await?;
        match way {
            Way::Loop => sockets.push(stream),
            Way::Tasks => {
                let (queue, mut queued) = mpsc::unbounded_channel::<bytes::Bytes>();
                queues.push(queue);
                tokio::spawn(async move {
                    while let Some(line) = queued.recv().await {
                        stream.write_all(&line).await?;
                    }
                    anyhow::Ok(())
                });
            }
        }
    }
    let mut announcer = accept().await?;
    // As in Papilio, a task and not the main one, which runs outside the workers.
    let announcing = tokio::spawn(async move {
        let mut buffer = [0; 256];
        for round in 0.. {
            let said = SAID[round % SAID.len()];
            if announcer
                .read_exact(&mut buffer[..said.len()])
                .await
                .is_err()
            {
                break;
            }
            let line = bytes::Bytes::from(line(round));
            for socket in &mut sockets {
                socket.write_all(&line).await?;
            }
            for queue in &queues {
                // Nobody leaves before the end.
                let _gone = queue.send(line.clone());
            }
            announcer.write_all(said).await?;
        }
        anyhow::Ok(())
    });
    announcing.await?
}
