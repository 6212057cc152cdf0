//! What the wire costs a server: cutting bytes into lines, reading commands, writing replies
//! (wire-msnp13, 1 and 3 to 8).
//!
//! ```text
//!   bytes -- decode --> Line -- parse --> command        reply -- encode --> bytes
//! ```
//!
//! Each is measured for a line without payload, for the longest line that is common (`CHG` with a
//! display picture), and for a message of 400 bytes.

#![expect(clippy::unwrap_used, reason = "nothing here comes from outside")]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use msnp::handle::Handle;
use msnp::presence::{Capabilities, FriendlyName, Status, UserData};
use msnp::server::{Presence, render};
use msnp::wire::command::session::Qng;
use msnp::wire::command::switchboard::Member;
use msnp::wire::command::{
    NotificationReply, NotificationRequest, SwitchboardReply, SwitchboardRequest,
};
use msnp::wire::line::{Codec, Limits, Line, Side};
use msnp::wire::param::{Param, TrId};
use msnp::wire::version::{Dialect, Version};

const CODEC: Codec = Codec::new(Side::Client, Limits::DEFAULT);
const OBJECT: &str = "%3Cmsnobj%20Creator%3D%22bob%40example.com%22%20Size%3D%2225235%22%20Type%3D%223%22%20Location%3D%22uexA4DE.dat%22%20Friendly%3D%22AAA%3D%22%20SHA1D%3D%22vP1ppB%2BxiFQ8ceZivRe0uCaYLIU%3D%22%20SHA1C%3D%22Mhd35wN%2F77Tg6LMIcZ8%2FgAk8oY0%3D%22%2F%3E";

/// How many of one command stand in a buffer, as a busy client's socket delivers them.
const IN_A_BUFFER: usize = 16;

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode a line");
    group.throughput(Throughput::Elements(IN_A_BUFFER as u64));
    for (name, bytes) in commands() {
        let buffer = BytesMut::from(&*bytes.repeat(IN_A_BUFFER));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || buffer.clone(),
                |input| {
                    let mut lines = 0;
                    while let Ok(Some(line)) = CODEC.decode(input) {
                        black_box(line);
                        lines += 1;
                    }
                    assert_eq!(lines, IN_A_BUFFER);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse a command");
    group.throughput(Throughput::Elements(1));
    for (name, bytes) in commands() {
        let line = line_of(&bytes);
        group.bench_function(name, |bencher| match line.verb() {
            "MSG" => bencher.iter(|| SwitchboardRequest::parse(&line, Some(dialect())).unwrap()),
            _ => bencher.iter(|| {
                drop(NotificationRequest::parse(&line, Some(dialect())).unwrap());
            }),
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode a reply");
    group.throughput(Throughput::Elements(1));
    let presence = presence();
    let sender = Member {
        handle: presence.handle.clone(),
        name: presence.name.clone(),
        capabilities: presence.capabilities,
    };
    let message = message();
    group.bench_function("QNG", |bencher| {
        let pong = NotificationReply::Qng(Qng { seconds: Some(50) });
        bencher.iter(|| {
            let mut out = BytesMut::with_capacity(128);
            pong.write(Some(dialect()), &mut out);
            out.freeze()
        });
    });
    group.bench_function("NLN with a picture", |bencher| {
        bencher.iter(|| render::online(&presence, dialect()));
    });
    group.bench_function("NLN and UBX", |bencher| {
        bencher.iter(|| render::arrival(&presence, dialect()));
    });
    group.bench_function("MSG of 400 bytes", |bencher| {
        bencher.iter(|| render::message(&sender, &message, dialect()));
    });
    group.bench_function("ACK", |bencher| {
        let ack = SwitchboardReply::Ack(TrId(1_000_000));
        bencher.iter(|| {
            let mut out = BytesMut::with_capacity(128);
            ack.write(Some(dialect()), &mut out);
            out.freeze()
        });
    });
    group.finish();
}

criterion_group!(wire, decode, parse, encode);
criterion_main!(wire);

// ---- What is said ------------------------------------------------------------------------------

fn commands() -> [(&'static str, Vec<u8>); 3] {
    let mut said = b"MSG 1000000 A 400\r\n".to_vec();
    said.extend_from_slice(&message());
    [
        ("PNG", b"PNG\r\n".to_vec()),
        (
            "CHG with a picture",
            format!("CHG 11 NLN 1611513916 {OBJECT}\r\n").into_bytes(),
        ),
        ("MSG of 400 bytes", said),
    ]
}

fn message() -> Bytes {
    let mut text = String::from(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         X-MMS-IM-Format: FN=Segoe%20UI; EF=; CO=0; CS=0; PF=0\r\n\r\n",
    );
    while text.len() < 400 {
        text.push('x');
    }
    text.into()
}

fn presence() -> Presence {
    Presence {
        handle: Handle::parse("bob@example.com").unwrap(),
        name: FriendlyName::from_text("Bob (away)").unwrap(),
        status: Status::Away,
        capabilities: Capabilities(1_611_513_916),
        object: Some(Param::new(OBJECT).unwrap()),
        data: Some(Box::new(UserData {
            personal_message: "at lunch".to_owned(),
            current_media: String::new(),
            machine_guid: Some("{0061D708-CD9B-4D56-B64B-FFFAA92FF344}".to_owned()),
        })),
    }
}

fn dialect() -> &'static Dialect {
    Dialect::of(Version::MSNP13).unwrap()
}

fn line_of(bytes: &[u8]) -> Line {
    CODEC.decode(&mut BytesMut::from(bytes)).unwrap().unwrap()
}
