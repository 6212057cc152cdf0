//! Messages through the server, over real sockets, beside a bare relay of the same bytes.
//!
//! ```text
//!   A --MSG n A 400--> server --MSG a name 400--> B        100 pairs, 4 messages in flight each
//!   A <----ACK n------ server
//! ```
//!
//! Three processes: this one, which is the clients; `papilio serve`; and this program again as a bare
//! relay, which does nothing but read, copy and write: one task for each pair holds both sockets.
//! Papilio and the bare relay take turns, so that whatever else the machine does meets both.
//!
//! `cargo bench --bench relay -- rounds=7 seconds=4`

#[expect(dead_code, reason = "nobody here has contacts")]
mod client;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};

use client::figures::{median, setting, wanted};
use client::process::{Process, own_processor_time, ready};
use client::{Addresses, Connection, Person, serve};

const PAIRS: usize = 100;
const IN_FLIGHT: usize = 4;
const MESSAGE: usize = 400;

/// The first TrID, and so many digits in all of them: then all lines are of one length.
const FIRST_TRID: u64 = 1_000_000;
const ACK: usize = "ACK 1000000\r\n".len();

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("bare") {
        return tokio::runtime::Runtime::new()?.block_on(bare_relay());
    }
    if !wanted() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare())
}

async fn compare() -> anyhow::Result<()> {
    let rounds = setting("rounds", 5);
    let duration = Duration::from_secs(setting("seconds", 3) as u64);
    let records: Vec<_> = (0..2 * PAIRS)
        .map(|number| Person::numbered(number).record())
        .collect();
    let papilio = serve(&records, "[passwords]\nmemory-kib = 32\npasses = 1\n")?;
    let bare = Process::bare("bare")?;
    let mut through_papilio = Vec::new();
    let mut through_bare = Vec::new();
    for number in 0..PAIRS {
        through_papilio.push(talk_through_papilio(&papilio.addresses, number).await?);
        through_bare.push(talk_through_bare(bare.address("msnp")?, number).await?);
    }
    // Once unmeasured: everything is in memory then, and the caches are warm.
    let warm_up = Duration::from_millis(500);
    let mut rows: [Vec<Round>; 2] = Default::default();
    measure(&mut through_papilio, &papilio.process, warm_up).await?;
    measure(&mut through_bare, &bare, warm_up).await?;
    for _ in 0..rounds {
        rows[0].push(measure(&mut through_papilio, &papilio.process, duration).await?);
        rows[1].push(measure(&mut through_bare, &bare, duration).await?);
    }
    print(&rows, duration);
    Ok(())
}

// ---- A round -----------------------------------------------------------------------------------

/// What one round measured.
#[derive(Clone, Copy)]
struct Round {
    messages: f64,
    seconds: f64,
    server: Duration,
    client: Duration,
}

/// Two who talk, and how many messages have gone from one to the other.
struct Pair {
    a: TcpStream,
    sent: u64,
    /// Frames that B has received, counted by a task of its own.
    received: Arc<AtomicU64>,
}

async fn measure(
    pairs: &mut Vec<Pair>,
    server: &Process,
    duration: Duration,
) -> anyhow::Result<Round> {
    let sent = |pairs: &[Pair]| pairs.iter().map(|pair| pair.sent).sum::<u64>();
    let before = sent(pairs);
    let (server_before, client_before) = (server.processor_time()?, own_processor_time()?);
    let started = Instant::now();
    let mut talks = JoinSet::new();
    for pair in pairs.drain(..) {
        talks.spawn(talk(pair, started + duration));
    }
    while let Some(pair) = talks.join_next().await {
        pairs.push(pair??);
    }
    let seconds = started.elapsed().as_secs_f64();
    for pair in pairs.iter() {
        // It is in the socket: it was acknowledged.
        while pair.received.load(Ordering::Relaxed) < pair.sent {
            yield_now().await;
        }
    }
    Ok(Round {
        messages: (sent(pairs) - before) as f64,
        seconds,
        server: server.processor_time()? - server_before,
        client: own_processor_time()? - client_before,
    })
}

/// Keeps messages in flight until it is time, then waits for the last acknowledgement.
async fn talk(mut pair: Pair, until: Instant) -> anyhow::Result<Pair> {
    let one = said(0).len();
    let mut out: Vec<u8> = (0..IN_FLIGHT).flat_map(|_| said(0)).collect();
    let mut acks = [0; ACK * IN_FLIGHT];
    let (mut come, mut acknowledged, mut free) = (0, pair.sent, IN_FLIGHT);
    loop {
        if free > 0 && Instant::now() < until {
            for frame in out.chunks_exact_mut(one).take(free) {
                set_trid(frame, pair.sent);
                pair.sent += 1;
            }
            pair.a.write_all(&out[..one * free]).await?;
        } else if acknowledged == pair.sent {
            return Ok(pair);
        }
        let read = pair.a.read(&mut acks[come..]).await?;
        ensure!(read > 0, "closed while talking");
        come += read;
        free = come / ACK;
        for ack in acks.chunks_exact(ACK).take(free) {
            let mut expected = *b"ACK 1000000\r\n";
            set_trid(&mut expected, acknowledged);
            ensure!(ack == expected, "not acknowledged: {ack:?}");
            acknowledged += 1;
        }
        acks.copy_within(free * ACK..come, 0);
        come -= free * ACK;
    }
}

/// Receives for ever, and compares every byte.
async fn receive(mut b: TcpStream, frame: Vec<u8>, received: Arc<AtomicU64>) -> anyhow::Result<()> {
    let mut input = vec![0; frame.len() * 2 * IN_FLIGHT];
    let mut come = 0;
    loop {
        let read = b.read(&mut input[come..]).await?;
        ensure!(read > 0, "closed while listening");
        come += read;
        let whole = come / frame.len();
        for got in input.chunks_exact(frame.len()).take(whole) {
            ensure!(got == frame, "received something else");
        }
        received.fetch_add(whole as u64, Ordering::Relaxed);
        input.copy_within(whole * frame.len()..come, 0);
        come -= whole * frame.len();
    }
}

fn said(number: u64) -> Vec<u8> {
    let mut frame = format!("MSG {} A {MESSAGE}\r\n", FIRST_TRID + number).into_bytes();
    frame.extend_from_slice(&message());
    frame
}

fn heard(number: usize) -> Vec<u8> {
    let a = Person::numbered(2 * number);
    let mut frame = format!("MSG {} {} {MESSAGE}\r\n", a.handle(), a.name()).into_bytes();
    frame.extend_from_slice(&message());
    frame
}

fn message() -> Vec<u8> {
    let mut message = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=Segoe%20UI; EF=; CO=0; CS=0; PF=0\r\n\r\n"
        .to_vec();
    message.resize(MESSAGE, b'x');
    message
}

/// Writes the TrID of a line whose verb has three letters.
fn set_trid(line: &mut [u8], number: u64) {
    let mut rest = FIRST_TRID + number;
    for digit in line[4..11].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

// ---- Getting there -----------------------------------------------------------------------------

async fn talk_through_papilio(server: &Addresses, number: usize) -> anyhow::Result<Pair> {
    let (a, b) = (
        Person::numbered(2 * number),
        Person::numbered(2 * number + 1),
    );
    let mut signed_in_a = a.sign_in(server, &[]).await?;
    let mut signed_in_b = b.sign_in(server, &[]).await?;
    signed_in_a.say("XFR 20 SB\r\n").await?;
    let referral = signed_in_a.hear("XFR").await?;
    let mut fields = referral.args().skip(2);
    let address = fields.next().context("XFR without address")?.parse()?;
    let cookie = fields.nth(1).context("XFR without cookie")?;
    let mut talking_a = Connection::open(address).await?;
    let (a, b) = (a.handle(), b.handle());
    talking_a
        .say(&format!("USR 1 {a} {cookie}\r\nCAL 2 {b}\r\n"))
        .await?;
    let ring = signed_in_b.hear("RNG").await?;
    let mut fields = ring.args();
    let session = fields.next().context("RNG without session")?;
    let address = fields.next().context("RNG without address")?.parse()?;
    let cookie = fields.nth(1).context("RNG without cookie")?;
    let mut talking_b = Connection::open(address).await?;
    talking_b
        .say(&format!("ANS 1 {b} {cookie} {session}\r\n"))
        .await?;
    talking_b.hear("ANS").await?;
    talking_a.hear("JOI").await?;
    // They sign out here, which ends no conversation.
    Ok(pair(
        talking_a.into_stream()?,
        talking_b.into_stream()?,
        number,
    ))
}

async fn talk_through_bare(server: SocketAddr, number: usize) -> anyhow::Result<Pair> {
    let mut sides = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        stream.write_u32(number as u32).await?;
        // It answers, so that A is there before B.
        stream.read_u8().await?;
        sides.push(stream);
    }
    let (b, a) = (sides.pop(), sides.pop());
    Ok(pair(a.context("no A")?, b.context("no B")?, number))
}

fn pair(a: TcpStream, b: TcpStream, number: usize) -> Pair {
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    tokio::spawn(async move {
        if let Err(error) = receive(b, heard(number), counter).await {
            eprintln!("pair {number}: {error}");
        }
    });
    Pair {
        a,
        sent: 0,
        received,
    }
}

// ---- The bare relay ----------------------------------------------------------------------------

async fn bare_relay() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    ready(listener.local_addr()?)?;
    loop {
        let (a, number) = greet(&listener).await?;
        let (b, _) = greet(&listener).await?;
        // Ends when its clients do.
        tokio::spawn(bare_pair(a, b, heard(number)));
    }
}

async fn greet(listener: &TcpListener) -> anyhow::Result<(TcpStream, usize)> {
    let (mut stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let number = stream.read_u32().await? as usize;
    stream.write_u8(0).await?;
    Ok((stream, number))
}

async fn bare_pair(mut a: TcpStream, mut b: TcpStream, frame: Vec<u8>) -> std::io::Result<()> {
    let one = said(0).len();
    let head = frame.len() - MESSAGE;
    let mut input = vec![0; one * 2 * IN_FLIGHT];
    let (mut to_a, mut to_b) = (Vec::new(), Vec::new());
    let mut come = 0;
    loop {
        let read = a.read(&mut input[come..]).await?;
        if read == 0 {
            return Ok(());
        }
        come += read;
        let whole = come / one;
        for said in input.chunks_exact(one).take(whole) {
            to_b.extend_from_slice(&frame[..head]);
            to_b.extend_from_slice(&said[one - MESSAGE..]);
            to_a.extend_from_slice(b"ACK ");
            to_a.extend_from_slice(&said[4..11]);
            to_a.extend_from_slice(b"\r\n");
        }
        input.copy_within(whole * one..come, 0);
        come -= whole * one;
        b.write_all(&to_b).await?;
        a.write_all(&to_a).await?;
        to_a.clear();
        to_b.clear();
    }
}

// ---- The table ---------------------------------------------------------------------------------

fn print(rows: &[Vec<Round>; 2], duration: Duration) {
    let of =
        |row: &[Round], figure: fn(&Round) -> f64| -> Vec<f64> { row.iter().map(figure).collect() };
    let rate = |round: &Round| round.messages / round.seconds;
    println!(
        "{PAIRS} pairs, {IN_FLIGHT} messages of {MESSAGE} bytes in flight each, ack A; \
         {} rounds of {} s each, taking turns; medians\n",
        rows[0].len(),
        duration.as_secs()
    );
    println!(
        "              messages/s   (least to most)       server us/msg  client us/msg  server cores  client cores"
    );
    for (name, row) in ["papilio", "bare relay"].into_iter().zip(rows) {
        let rates = of(row, rate);
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        println!(
            "{name:<12} {:>11.0}   ({least:>7.0} to {most:>7.0}) {:>17.2} {:>14.2} {:>13.2} {:>13.2}",
            median(&rates),
            median(&of(row, |round| round.server.as_secs_f64() * 1e6
                / round.messages)),
            median(&of(row, |round| round.client.as_secs_f64() * 1e6
                / round.messages)),
            median(&of(row, |round| round.server.as_secs_f64() / round.seconds)),
            median(&of(row, |round| round.client.as_secs_f64() / round.seconds)),
        );
    }
    let ratios: Vec<_> = rows[0]
        .iter()
        .zip(&rows[1])
        .map(|(papilio, bare)| rate(papilio) / rate(bare))
        .collect();
    println!("\nratio {:.2} (aim: 0.60)", median(&ratios));
}
