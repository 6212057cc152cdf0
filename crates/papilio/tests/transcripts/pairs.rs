//! Every pair of versions: a session of each sees the other come, change, hide and leave, and talks
//! with it both ways (transcripts-14-15, 2, 9, 10 and 11).
//!
//! The transcript is written here, once, with what depends on a receiver's version taken from
//! [`Speaks`]; it is played like every other, the sign-ins with real tickets and proofs over sockets.

use crate::runner::{run_pure_text, run_sockets_text};

/// What the receiver's version decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Msnp13,
    Msnp14,
    Msnp15,
}

const ALL: [Speaks; 3] = [Speaks::Msnp13, Speaks::Msnp14, Speaks::Msnp15];

impl Speaks {
    fn sign_in(self) -> &'static str {
        match self {
            Self::Msnp13 => "signs in",
            Self::Msnp14 => "signs in with msnp14",
            Self::Msnp15 => "signs in with msnp15",
        }
    }

    /// What stands behind the handle in presence lines.
    fn network(self) -> &'static str {
        match self {
            Self::Msnp13 => "",
            Self::Msnp14 | Self::Msnp15 => " 1",
        }
    }

    /// What stands at the end of `FLN`.
    fn nothing_left(self) -> &'static str {
        match self {
            Self::Msnp13 => "",
            Self::Msnp14 | Self::Msnp15 => " 1 0",
        }
    }

    /// What stands at the end of `XFR SB` and `RNG`.
    fn reach(self) -> &'static str {
        self.network()
    }
}

/// The transcript of Alice and Bob.
fn transcript(alice: Speaks, bob: Speaks) -> String {
    let [an, bn] = [alice, bob].map(Speaks::network);
    let [agone, bgone] = [alice, bob].map(Speaks::nothing_left);
    let [areach, breach] = [alice, bob].map(Speaks::reach);
    let [ain, bin] = [alice, bob].map(Speaks::sign_in);
    format!(
        r#"# Alice: {alice:?}; Bob: {bob:?}.
account alice@example.com "Alice W"
account bob@example.com "Bob"
contact alice bob FL AL
contact bob alice FL AL

alice {ain}
alice> UUX 5 {{len}}
   | {DATA}¬
alice< UUX 5 0
alice> CHG 6 NLN 1611513916 {PICTURE}
alice< CHG 6 NLN 1611513916 {PICTURE}
alice settles
bob {bin}
bob> CHG 6 AWY 1611513916
bob< CHG 6 AWY 1611513916
bob< ILN 6 NLN alice@example.com{bn} Alice%20W 1611513916 {PICTURE}
bob< UBX alice@example.com{bn} {{len}}
   | {DATA}¬
alice< NLN AWY bob@example.com{an} Bob 1611513916 0
bob settles
bob> UUX 7 {{len}}
   | {DATA}¬
bob< UUX 7 0
alice< UBX bob@example.com{an} {{len}}
   | {DATA}¬
bob> CHG 8 BSY 1611513916:48
bob< CHG 8 BSY 1611513916
alice< NLN BSY bob@example.com{an} Bob 1611513916 0
alice> CHG 9 LUN 1611513916 {PICTURE}
alice< CHG 9 LUN 1611513916 {PICTURE}
bob< NLN LUN alice@example.com{bn} Alice%20W 1611513916 {PICTURE}
alice> PRP 10 MFN Al%20%C3%A9
alice< PRP 10 MFN Al%20%C3%A9
bob< NLN LUN alice@example.com{bn} Al%20%C3%A9 1611513916 {PICTURE}
bob> CHG 11 HDN 1611513916
bob< CHG 11 HDN 1611513916
alice< FLN bob@example.com{agone}
bob> CHG 12 NLN 1611513916
bob< CHG 12 NLN 1611513916
alice< NLN NLN bob@example.com{an} Bob 1611513916 0
alice< UBX bob@example.com{an} {{len}}
   | {DATA}¬
alice> UUN 13 bob@example.com 5 4
   | data¬
alice< UUN 13 OK
bob< UBN alice@example.com 5 4
   | data¬

alice> XFR 20 SB
alice< XFR 20 SB $server CKI $cookie U messenger.msn.com{areach}
alice.sb connects
alice.sb> USR 1 alice@example.com $cookie
alice.sb< USR 1 OK alice@example.com Al%20%C3%A9
alice.sb> CAL 2 bob@example.com
alice.sb< CAL 2 RINGING $session
bob< RNG $session $server CKI $bobs alice@example.com Al%20%C3%A9 U messenger.hotmail.com{breach}
bob.sb connects
bob.sb> ANS 1 bob@example.com $bobs $session
bob.sb< IRO 1 1 1 alice@example.com Al%20%C3%A9 1611513916
bob.sb< ANS 1 OK
alice.sb< JOI bob@example.com Bob 1611513916
alice.sb> MSG 3 A {{len}}
   | {HELLO}¬
bob.sb< MSG alice@example.com Al%20%C3%A9 {{len}}
   | {HELLO}¬
alice.sb< ACK 3
bob.sb> MSG 2 A {{len}}
   | {HELLO}¬
alice.sb< MSG bob@example.com Bob {{len}}
   | {HELLO}¬
bob.sb< ACK 2
alice.sb> OUT
alice.sb< closed
bob.sb< BYE alice@example.com
bob.sb hangs up

bob> OUT
bob< OUT
bob< closed
alice< FLN bob@example.com{agone}
bob {bin}
bob> CHG 6 NLN 0
bob< CHG 6 NLN 0
bob< ILN 6 LUN alice@example.com{bn} Al%20%C3%A9 1611513916 {PICTURE}
bob< UBX alice@example.com{bn} {{len}}
   | {DATA}¬
alice< NLN NLN bob@example.com{an} Bob 0 0
bob settles
alice hangs up
bob< FLN alice@example.com{bgone}
"#
    )
}

const DATA: &str = "<Data><PSM>hello</PSM><CurrentMedia></CurrentMedia><MachineGuid>{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}</MachineGuid></Data>";
const PICTURE: &str = "%3Cmsnobj%20Creator%3D%22alice%40example.com%22%20Size%3D%2225235%22%20Type%3D%223%22%20Location%3D%22a.dat%22%20Friendly%3D%22AAA%3D%22%20SHA1D%3D%22vP1ppB%2BxiFQ8ceZivRe0uCaYLIU%3D%22%2F%3E";
const HELLO: &str =
    "MIME-Version: 1.0{hex 0d0a}Content-Type: text/plain; charset=UTF-8{hex 0d0a 0d0a}café?";

#[test]
fn pure() {
    for alice in ALL {
        for bob in ALL {
            run_pure_text(&transcript(alice, bob));
        }
    }
}

#[test]
fn over_sockets() {
    for alice in ALL {
        for bob in ALL {
            run_sockets_text(&transcript(alice, bob));
        }
    }
}
