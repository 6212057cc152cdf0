//! Tickets: what the sign-in service hands out and every other service takes (services-auth, 2 and 8).
//!
//! A ticket is its own record: nothing is written when one is issued, and it holds across a restart,
//! because the key that seals it is kept in the database.
//!
//! ```text
//!   t = 92 characters of [A-Za-z0-9!*], the 69 bytes:
//!
//!   | form | account |  epoch  | expires | random   | seal: HMAC-SHA256 of all before |
//!   |  1   |    4    |    8    |    8    |   16     |               32                |
//! ```
//!
//! The epoch is the account's at the time of issue. It rises when the password changes or the
//! account is disabled, and the tickets of before are worth nothing.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use msnp::proof::sso::Secret;
use msnp::proof::tweener::Ticket;
use sha2::Sha256;
use sqlx::AnyPool;

use super::account::{Account, AccountId};
use super::{Store, StoreError};

/// A ticket just made.
#[derive(Clone)]
pub struct IssuedTicket {
    /// The value of `t`: 92 characters of `[A-Za-z0-9!*]`.
    pub t: String,
    /// The value of `p`: empty.
    pub p: String,
    /// When it begins to hold.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The proof secret that goes with it: `BinarySecret` before base64 (services-auth, 9).
    pub secret: Secret,
}

/// What a genuine ticket says. The account's epoch is still to be compared: use
/// [`Store::account_of_ticket`], which does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub account: AccountId,
    /// When it ends.
    pub expires: Timestamp,
    epoch: i64,
}

/// Why a ticket is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It does not have the form of a ticket of ours.
    #[error("malformed ticket")]
    Malformed,
    /// Its seal is not ours.
    #[error("forged ticket")]
    Forged,
    /// Its time is over.
    #[error("expired ticket")]
    Expired,
}

/// The key under which tickets are sealed.
#[derive(Clone)]
pub struct TicketKey([u8; 32]);

impl TicketKey {
    /// Makes a ticket. Without a lifetime it holds for ten years.
    pub fn issue(
        &self,
        account: &Account,
        lifetime: Option<Duration>,
        now: Timestamp,
    ) -> IssuedTicket {
        let created = whole_seconds(now);
        let expires = created
            .saturating_add(lifetime.unwrap_or(TEN_YEARS))
            .map_or(Timestamp::MAX, whole_seconds);
        let claims = Claims {
            account: account.id,
            expires,
            epoch: account.epoch,
        };
        let t = self.seal(claims, rand::random());
        IssuedTicket {
            secret: self.secret(&t),
            t,
            p: String::new(),
            created,
            expires,
        }
    }

    /// Reads the `t` of a ticket and checks its seal and its time.
    pub fn check(&self, t: &str, now: Timestamp) -> Result<Claims, TicketError> {
        let mut bytes = [0; BYTES];
        match TEXT.decode_slice(t, &mut bytes) {
            Ok(BYTES) => {}
            _ => return Err(TicketError::Malformed),
        }
        let (body, seal) = bytes.split_at(BODY);
        if self.mac(SEAL, body).verify_slice(seal).is_err() {
            return Err(TicketError::Forged);
        }
        let claims = read(body).ok_or(TicketError::Malformed)?;
        if now >= claims.expires {
            return Err(TicketError::Expired);
        }
        Ok(claims)
    }

    /// The proof secret of a ticket. Says nothing of whether [`TicketKey::check`] takes it.
    pub fn secret(&self, t: &str) -> Secret {
        let whole = self.mac(PROOF, t.as_bytes()).finalize().into_bytes();
        let mut secret = [0; 24];
        secret.copy_from_slice(&whole[..24]);
        secret
    }

    /// The challenges that hold for the offline messages of an account, the newest first: 20 digits
    /// each, the same for some hours whoever asks and through every restart (services-oim, 4).
    pub fn lock_key_challenges(&self, account: AccountId, now: Timestamp) -> [String; 2] {
        let period = now.as_second().div_euclid(CHALLENGE_PERIOD);
        [period, period - 1].map(|period| {
            let mut message = account.0.to_be_bytes().to_vec();
            message.extend(period.to_be_bytes());
            let bytes = self.mac(CHALLENGE, &message).finalize().into_bytes();
            let number = bytes.iter().fold(0_u128, |number, &byte| {
                number.wrapping_mul(256).wrapping_add(byte.into())
            });
            format!("{:020}", number % 10_u128.pow(20))
        })
    }

    /// Four digits that follow from a nonce and that only this service can tell: by them a person sees
    /// that a picture is of this server.
    pub fn check_code(&self, nonce: &str) -> String {
        let bytes = self.mac(CHECK, nonce.as_bytes()).finalize().into_bytes();
        let number = bytes.iter().fold(0_u64, |number, &byte| {
            number.wrapping_mul(256).wrapping_add(byte.into())
        });
        format!("{:04}", number % 10_000)
    }

    fn seal(&self, claims: Claims, random: [u8; 16]) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORM);
        bytes.extend(claims.account.0.to_be_bytes());
        bytes.extend(claims.epoch.to_be_bytes());
        bytes.extend(claims.expires.as_second().to_be_bytes());
        bytes.extend(random);
        let seal = self.mac(SEAL, &bytes).finalize().into_bytes();
        bytes.extend(seal);
        TEXT.encode(bytes)
    }

    fn mac(&self, purpose: &[u8], message: &[u8]) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose);
        mac.update(message);
        mac
    }
}

impl Store {
    /// The key of this service's tickets.
    pub fn ticket_key(&self) -> &TicketKey {
        &self.ticket_key
    }

    /// Whose ticket this is, in any of the forms in which clients present one. `None` when it is malformed, forged, expired, of an account that is
    /// gone, or from before the account's password changed or the account was disabled.
    pub async fn account_of_ticket(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let ticket = Ticket::parse(text);
        let Some(Ok(claims)) = ticket.map(|ticket| self.ticket_key.check(ticket.as_str(), now))
        else {
            return Ok(None);
        };
        let account = self.account_by_id(claims.account).await?;
        Ok(account.filter(|account| !account.disabled && account.epoch == claims.epoch))
    }
}

/// The key in the database, made now if there is none.
pub(super) async fn load_or_make_key(writer: &AnyPool) -> Result<TicketKey, StoreError> {
    let fresh: [u8; 32] = rand::random();
    sqlx::query("INSERT INTO secrets (name, value) VALUES ('ticket', $1) ON CONFLICT DO NOTHING")
        .bind(&fresh[..])
        .execute(writer)
        .await?;
    let kept: Vec<u8> = sqlx::query_scalar("SELECT value FROM secrets WHERE name = 'ticket'")
        .fetch_one(writer)
        .await?;
    let key = kept
        .try_into()
        .map_err(|_| StoreError::Malformed("ticket key"))?;
    Ok(TicketKey(key))
}

fn read(body: &[u8]) -> Option<Claims> {
    let (&[form], rest) = body.split_first_chunk()?;
    let (account, rest) = rest.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (expires, _random) = rest.split_first_chunk()?;
    (form == FORM).then_some(Claims {
        account: AccountId(u32::from_be_bytes(*account)),
        epoch: i64::from_be_bytes(*epoch),
        expires: Timestamp::from_second(i64::from_be_bytes(*expires)).ok()?,
    })
}

/// Times in SOAP have no fraction, and a ticket says what the answer says.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

impl fmt::Debug for IssuedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTicket")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey")
    }
}

/// The first byte: what follows has the form drawn above.
const FORM: u8 = 1;
const BODY: usize = 1 + 4 + 8 + 8 + 16;
/// Divisible by three, so that every ticket has exactly one text.
const BYTES: usize = BODY + 32;

const SEAL: &[u8] = b"papilio ticket seal\0";
const CHALLENGE: &[u8] = b"papilio offline message challenge\0";
const CHECK: &[u8] = b"papilio check page\0";
const PROOF: &[u8] = b"papilio ticket proof\0";

/// A challenge holds for at least so many seconds, and less than twice as many.
const CHALLENGE_PERIOD: i64 = 6 * 60 * 60;

const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What the historic service used, without `$`: 64 characters that no client trips over.
const TEXT: GeneralPurpose = GeneralPurpose::new(&ALPHABET, NO_PAD);
const ALPHABET: Alphabet =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 different characters"),
    };

#[cfg(test)]
mod tests {
    use super::*;
    use msnp::handle::Handle;

    const KEY: TicketKey = TicketKey([7; 32]);

    fn alice() -> Account {
        Account {
            id: AccountId(3),
            handle: Handle::parse("alice@example.org").unwrap(),
            name: "Alice".to_owned(),
            disabled: false,
            verified: true,
            created_at: Timestamp::UNIX_EPOCH,
            epoch: 5,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_ticket_says_whose_it_is_until_it_expires() {
        let ticket = KEY.issue(&alice(), Some(Duration::from_secs(60)), at(1000));
        assert_eq!((ticket.created, ticket.expires), (at(1000), at(1060)));
        let claims = KEY.check(&ticket.t, at(1059)).unwrap();
        assert_eq!((claims.account, claims.epoch), (AccountId(3), 5));
        assert_eq!(KEY.check(&ticket.t, at(1060)), Err(TicketError::Expired));
    }

    #[test]
    fn its_text_has_the_alphabet_and_length_that_clients_take() {
        let ticket = KEY.issue(&alice(), None, at(1000));
        assert_eq!(ticket.t.len(), 92);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'!' || b == b'*';
        assert!(ticket.t.bytes().all(allowed), "{}", ticket.t);
        assert_eq!(ticket.p, "");
        let again = KEY.issue(&alice(), None, at(1000));
        assert_ne!(ticket.t, again.t);
        assert_ne!(ticket.secret, again.secret);
    }

    #[test]
    fn the_proof_secret_follows_from_ticket_and_key() {
        let ticket = KEY.issue(&alice(), None, at(1000));
        assert_eq!(KEY.secret(&ticket.t), ticket.secret);
        assert_ne!(TicketKey([8; 32]).secret(&ticket.t), ticket.secret);
    }

    #[test]
    fn a_challenge_holds_for_six_hours_and_is_each_accounts_own() {
        let (alice, bob) = (AccountId(1), AccountId(2));
        let hours = |hours: i64| at(1_000_000 * CHALLENGE_PERIOD + hours * 3600);
        let [now, before] = KEY.lock_key_challenges(alice, hours(0));
        assert!(now.len() == 20 && now.bytes().all(|b| b.is_ascii_digit()));
        assert_ne!(now, before);
        assert_eq!(
            KEY.lock_key_challenges(alice, hours(5)),
            [now.clone(), before]
        );
        assert_eq!(KEY.lock_key_challenges(alice, hours(11))[1], now);
        assert!(!KEY.lock_key_challenges(alice, hours(12)).contains(&now));
        assert_ne!(KEY.lock_key_challenges(bob, hours(0))[0], now);
        assert_ne!(
            TicketKey([8; 32]).lock_key_challenges(alice, hours(0))[0],
            now
        );
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let ticket = KEY.issue(&alice(), None, at(1000)).t;
        for place in 0..ticket.len() {
            let other = if ticket.as_bytes()[place] == b'A' {
                "B"
            } else {
                "A"
            };
            let mut forged = ticket.clone();
            forged.replace_range(place..=place, other);
            assert_eq!(
                KEY.check(&forged, at(1000)),
                Err(TicketError::Forged),
                "{place}"
            );
        }
        let other_key = TicketKey([8; 32]);
        assert_eq!(other_key.check(&ticket, at(1000)), Err(TicketError::Forged));
    }

    #[test]
    fn what_is_no_ticket_is_malformed() {
        let ticket = KEY.issue(&alice(), None, at(1000)).t;
        let longer = format!("{ticket}A");
        let much_longer = "A".repeat(5000);
        for text in [
            "",
            "A",
            &ticket[..91],
            &longer,
            &much_longer,
            "t=A&p=",
            "\u{e9}",
        ] {
            assert_eq!(
                KEY.check(text, at(1000)),
                Err(TicketError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let ticket = KEY.issue(&alice(), None, at(1000));
        let shown = format!("{ticket:?} {KEY:?}");
        assert_eq!(
            shown,
            "IssuedTicket { expires: 1979-12-30T00:16:40Z, .. } TicketKey"
        );
    }
}
