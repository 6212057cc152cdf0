//! Both ends of a pipe, in simulated time.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const IDLE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);

fn ends(queue: usize) -> (ServerEnd, ClientEnd) {
    pipe(Limits {
        queue,
        idle: IDLE,
        patience: PATIENCE,
    })
}

async fn ask(client: &ClientEnd, bytes: &[u8], hold: Duration) -> (String, bool) {
    let turn = client.ask(bytes).unwrap();
    let Taken { bytes, is_last } = turn.answer(hold, std::future::pending()).await;
    (String::from_utf8(bytes.to_vec()).unwrap(), is_last)
}

fn said(text: &str) -> (String, bool) {
    (text.to_owned(), false)
}

/// Answers each byte with two of it, after a while.
fn doubling(mut server: ServerEnd, while_: Duration) {
    tokio::spawn(async move {
        while let Ok(byte) = server.read_u8().await {
            tokio::time::sleep(while_).await;
            server.write_all(&[byte, byte]).await.unwrap();
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_with_what_follows_from_it() {
    let (server, client) = ends(100);
    doubling(server, Duration::from_millis(300));
    let now = Duration::ZERO;
    assert_eq!(ask(&client, b"abc", now).await, said("aabbcc"));
    assert_eq!(ask(&client, b"", now).await, said(""));
    // Without waiting for ever.
    let began = Instant::now();
    assert_eq!(ask(&client, b"0123456789", now).await, said("001122334455"));
    assert_eq!(began.elapsed(), AT_ONCE);
    let rest = ask(&client, b"", now).await.0 + &ask(&client, b"", now).await.0;
    assert_eq!(rest, "66778899");
}

#[tokio::test(start_paused = true)]
async fn what_others_do_about_a_message_at_once_goes_with_the_answer() {
    let (mut server, client) = ends(100);
    let began = Instant::now();
    tokio::spawn(async move {
        for others in [5, 50, 5] {
            server.read_u8().await.unwrap();
            let others = Duration::from_millis(others);
            assert!(timeout(others, server.read_u8()).await.is_err());
            server.write_all(b"ACK").await.unwrap();
        }
        let _end = server.read_u8().await;
    });
    let now = Duration::ZERO;
    assert_eq!(ask(&client, b"x", now).await, said("ACK"));
    assert_eq!(began.elapsed().as_millis(), 5);
    assert_eq!(ask(&client, b"x", now).await, said(""));
    assert_eq!(began.elapsed().as_millis(), 25);
    assert_eq!(ask(&client, b"", IDLE).await, said("ACK"));
    // A poll does not wait.
    assert_eq!(began.elapsed().as_millis(), 55);
    assert_eq!(ask(&client, b"", now).await, said(""));
    assert_eq!(began.elapsed().as_millis(), 55);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_held_is_answered_when_there_is_something() {
    let (mut server, client) = ends(100);
    let began = Instant::now();
    let hold = Duration::from_secs(40);
    let speaks = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        server.write_all(b"hello").await.unwrap();
        let _end = server.read(&mut [0]).await;
    };
    tokio::select! {
        () = speaks => unreachable!("the client is there"),
        answer = ask(&client, b"", hold) => assert_eq!(answer, said("hello")),
    }
    assert_eq!(began.elapsed().as_secs(), 7);
    tokio::select! {
        _ = server.read_u8() => unreachable!("the client is there"),
        answer = ask(&client, b"", hold) => assert_eq!(answer, said("")),
    }
    assert_eq!(began.elapsed().as_secs(), 47);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_gives_its_turn_back_and_loses_nothing() {
    let (mut server, client) = ends(100);
    let began = Instant::now();
    let gone = tokio::time::sleep(Duration::from_secs(3));
    let answer = client.ask(b"").unwrap().answer(IDLE, gone).await;
    assert_eq!(answer, Taken::NOTHING);
    assert_eq!(began.elapsed().as_secs(), 3);
    server.write_all(b"hello").await.unwrap();
    // One that never reads but closes its side at once gets what there is.
    let gone = std::future::ready(());
    let answer = client.ask(b"").unwrap().answer(IDLE, gone).await;
    assert_eq!(answer.bytes, "hello");
}

#[tokio::test(start_paused = true)]
async fn one_request_at_a_time() {
    let (mut server, client) = ends(100);
    let held = client.ask(b"").unwrap();
    assert_eq!(client.ask(b"x").unwrap_err(), Refusal::Busy);
    // A client that goes away gives its turn back.
    drop(held);
    let turn = client.ask(b"y").unwrap();
    assert_eq!(server.read_u8().await.unwrap(), b'y');
    drop(turn);
}

#[tokio::test(start_paused = true)]
async fn silence_is_the_end_a_minute_after_the_last_request_ended() {
    let (mut server, client) = ends(100);
    let began = Instant::now();
    let asks = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(59)).await;
            drop(client.ask(b"").unwrap());
        }
        // One that is under way for long is no silence.
        let held = client.ask(b"").unwrap();
        tokio::time::sleep(Duration::from_secs(200)).await;
        drop(held);
    };
    let mut byte = [0];
    let (end, ()) = tokio::join!(server.read(&mut byte), asks);
    assert_eq!(end.unwrap(), 0);
    assert_eq!(began.elapsed().as_secs(), 3 * 59 + 200 + 60);
    assert_eq!(client.ask(b"").unwrap_err(), Refusal::Over);
    let broken = server.write_all(b"x").await.unwrap_err();
    assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_has_left_when_it_was_taken() {
    let (mut server, client) = ends(4);
    server.write_all(b"abcd").await.unwrap();
    let hour = Duration::from_secs(3600);
    {
        let mut flushed = std::pin::pin!(server.flush());
        assert!(poll_once(flushed.as_mut()).await.is_pending());
        assert_eq!(ask(&client, b"", Duration::ZERO).await, said("abcd"));
        assert!(timeout(hour, flushed).await.unwrap().is_ok());
    }
    // Never taken: it has not left, and there is room for no more.
    server.write_all(b"efgh").await.unwrap();
    assert!(server.write_all(b"i").await.is_err());
    assert!(server.flush().await.is_err());
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_makes_the_connection_wait_and_gets_whole_commands() {
    let (mut server, client) = ends(10);
    let commands = [
        "one.",
        "two.",
        "three.",
        "a long one, longer than all.",
        "five.",
    ];
    let writes = async {
        for command in commands.repeat(10) {
            let slices = [IoSlice::new(command.as_bytes())];
            let written = server.write_vectored(&slices).await.unwrap();
            assert_eq!(written, command.len());
        }
        server.shutdown().await.unwrap();
    };
    let polls = async {
        let mut all = String::new();
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let (text, is_last) = ask(&client, b"", Duration::ZERO).await;
            assert!(text.len() <= 10 || text == commands[3], "{text}");
            assert!(text.ends_with('.'), "{text}");
            all += &text;
            if is_last {
                return all;
            }
        }
    };
    let ((), all) = tokio::join!(writes, polls);
    assert_eq!(all, commands.repeat(10).concat());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_read_makes_its_client_wait() {
    let (mut server, client) = ends(5);
    let began = Instant::now();
    let reads = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        server.read_exact(&mut [0; 9]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
    };
    let asks = async {
        let now = Duration::ZERO;
        assert_eq!(ask(&client, b"more than five", now).await, said(""));
        assert_eq!(began.elapsed().as_secs(), 10);
        // Nine were read, and there is room for more. Nobody waits for ever.
        assert_eq!(ask(&client, b"more", now).await, said(""));
        assert_eq!(began.elapsed().as_secs(), 10 + 2 + PATIENCE.as_secs());
    };
    let ((), ()) = tokio::join!(reads, asks);
    assert_eq!(client.ask(b"x").unwrap_err(), Refusal::Full);
    drop(client.ask(b"").unwrap());
    let mut rest = [0; 9];
    server.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b" fivemore");
    drop(client.ask(b"x").unwrap());
    assert_eq!(server.read_u8().await.unwrap(), b'x');
}

#[tokio::test(start_paused = true)]
async fn a_client_that_must_poll_before_its_session_reads_is_answered() {
    let (mut server, client) = ends(5);
    let asks = async {
        assert_eq!(
            ask(&client, b"more than five", PATIENCE).await,
            said("12345")
        );
        assert_eq!(ask(&client, b"", PATIENCE).await, said("67890"));
    };
    let writes = async {
        server.write_all(b"12345").await.unwrap();
        server.write_all(b"67890").await.unwrap();
        server.read_exact(&mut [0; 14]).await.unwrap();
        let _end = server.read(&mut [0]).await;
    };
    tokio::select! {
        () = asks => {}
        () = writes => unreachable!("the client is there"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_words_wait_for_whoever_asks_but_not_for_ever() {
    let (mut server, client) = ends(100);
    server.write_all(b"bye").await.unwrap();
    drop(server);
    let over = client.over();
    let mut over = std::pin::pin!(over);
    assert!(poll_once(over.as_mut()).await.is_pending());
    let last = ("bye".to_owned(), true);
    assert_eq!(ask(&client, b"OUT\r\n", IDLE).await, last);
    assert_eq!(client.ask(b"").unwrap_err(), Refusal::Over);
    over.await;

    let (server, client) = ends(100);
    drop(server);
    let began = Instant::now();
    client.over().await;
    assert_eq!(began.elapsed(), IDLE);
}

#[test]
fn nothing_that_passes_is_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (mut server, client) = ends(100);
        let turn = client.ask(b"secret").unwrap();
        server.write_all(b"secret").await.unwrap();
        let shown = format!("{server:?} {client:?} {turn:?}");
        assert!(!shown.contains("secret"), "{shown}");
    });
}
