//! The younger and the older sister of `RST.srf` over real sockets: raw bytes in, raw bytes out
//! (services-auth, 7 and 10). `RST.srf` itself is in `tests/http.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod passport;
mod rst2;
