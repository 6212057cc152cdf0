//! A range of accounts: their addresses, their passwords, and who is whose contact.
//!
//! Contacts are neighbours in the range, on both sides, so that they have one another, and the two of
//! a pair (0 and 1, 2 and 3 ...) always do.

use std::io::{self, Write};

use anyhow::{Context as _, ensure};
use msnp_client::Handle;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Accounts by their numbers. `Debug` does not show the password.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Range {
    /// The address, with `{n}` or `{n:05}` in it.
    pub(super) pattern: String,
    /// The password, perhaps with the same in it.
    pub(super) password: String,
    /// The number of the first one.
    pub(super) first: u32,
    /// How many.
    pub(super) count: u32,
}

impl std::fmt::Debug for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Range")
            .field("pattern", &self.pattern)
            .field("first", &self.first)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Range {
    /// Whether these are addresses, and different ones.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let last = self.first.checked_add(self.count - 1);
        let last = last.context("the numbers of the accounts are too large")?;
        ensure!(
            self.count == 1 || fill(&self.pattern, self.first) != fill(&self.pattern, last),
            "{:?} has no {{n}} in it: all accounts would be one",
            self.pattern
        );
        for number in [self.first, last] {
            let handle = fill(&self.pattern, number);
            Handle::parse(&handle).with_context(|| format!("no address: {handle}"))?;
        }
        Ok(())
    }

    /// Everybody's address, in order.
    pub(super) fn handles(&self) -> anyhow::Result<Vec<Handle>> {
        let numbers = self.first..self.first + self.count;
        let handles = numbers.map(|number| Handle::parse(&fill(&self.pattern, number)));
        handles.collect::<Result<_, _>>().context("no address")
    }

    /// The password of the account at this place of the range.
    pub(super) fn password(&self, place: usize) -> String {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        fill(&self.password, self.first.saturating_add(place))
    }

    /// The part of the range for one of several processes; pairs stay together.
    pub(super) fn share(&self, of: u32, number: u32) -> Self {
        let pairs = u64::from(self.count.div_ceil(2));
        let from = |number: u32| {
            let pair = pairs * u64::from(number) / u64::from(of);
            u32::try_from(2 * pair).map_or(self.count, |from| from.min(self.count))
        };
        Self {
            first: self.first + from(number),
            count: from(number + 1) - from(number),
            ..self.clone()
        }
    }
}

/// Prints the accounts, then their contacts, as `papilio import` reads them.
pub(super) fn print(range: &Range, contacts: u32, out: &mut impl Write) -> io::Result<()> {
    for (place, number) in (range.first..range.first + range.count).enumerate() {
        let record = json!({
            "type": "user",
            "email": fill(&range.pattern, number),
            "name": format!("Load {number}"),
            "password": range.password(place),
        });
        writeln!(out, "{record}")?;
    }
    for place in 0..range.count {
        for neighbour in neighbours(range.count, place, contacts) {
            let record = json!({
                "type": "contact",
                "owner": fill(&range.pattern, range.first + place),
                "contact": fill(&range.pattern, range.first + neighbour),
                "lists": ["FL", "AL", "RL"],
            });
            writeln!(out, "{record}")?;
        }
    }
    out.flush()
}

/// The places of the contacts of the account at `place`, with half on either side, in a ring.
fn neighbours(count: u32, place: u32, contacts: u32) -> impl Iterator<Item = u32> {
    let half = contacts.div_ceil(2).min(count / 2);
    let behind = (1..=half).map(move |step| (place + count - step) % count);
    let ahead = (1..=half).map(move |step| (place + step) % count);
    // In a small ring the farthest on both sides is the same one.
    let twice = if 2 * half == count { half } else { 0 };
    let ahead = ahead.filter(move |neighbour| (place + twice) % count != *neighbour || twice == 0);
    behind.chain(ahead)
}

/// Puts a number into a pattern.
fn fill(pattern: &str, number: u32) -> String {
    let Some((before, rest)) = pattern.split_once("{n") else {
        return pattern.to_owned();
    };
    let Some((format, after)) = rest.split_once('}') else {
        return pattern.to_owned();
    };
    match format.strip_prefix(":0").map(str::parse::<usize>) {
        Some(Ok(width)) if width <= 20 => format!("{before}{number:0width$}{after}"),
        None if format.is_empty() => format!("{before}{number}{after}"),
        _ => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn range(count: u32) -> Range {
        Range {
            pattern: "load{n:03}@example.com".to_owned(),
            password: "secret{n}".to_owned(),
            first: 7,
            count,
        }
    }

    #[test]
    fn numbers_go_into_patterns() {
        assert_eq!(fill("a{n}@b", 7), "a7@b");
        assert_eq!(fill("a{n:04}@b", 7), "a0007@b");
        for odd in ["a@b", "a{n@b", "a{n:x}@b", "a{name}@b"] {
            assert_eq!(fill(odd, 7), odd);
        }
    }

    #[test]
    fn contacts_have_one_another_once_and_pairs_do() {
        for count in 1..30 {
            for contacts in [0, 1, 2, 9, 10, 50] {
                let mut edges = BTreeSet::new();
                for place in 0..count {
                    for neighbour in neighbours(count, place, contacts) {
                        assert_ne!(place, neighbour, "{count} {contacts}");
                        assert!(edges.insert((place, neighbour)), "{count} {contacts}");
                    }
                }
                for (a, b) in &edges {
                    assert!(edges.contains(&(*b, *a)), "{count} {contacts}");
                }
                if count > 1 && contacts > 0 {
                    assert!(edges.contains(&(0, 1)), "{count} {contacts}");
                }
                if contacts % 2 == 0 && contacts < count {
                    assert_eq!(edges.len() as u32, count * contacts);
                }
            }
        }
    }

    #[test]
    fn shares_are_the_range_and_split_no_pair() {
        for count in 1..40 {
            for of in 1..=count.min(7) {
                let mut next = 7;
                for number in 0..of {
                    let share = range(count).share(of, number);
                    assert_eq!(share.first, next);
                    assert_eq!((share.first - 7) % 2, 0);
                    next += share.count;
                }
                assert_eq!(next, 7 + count);
            }
        }
    }

    #[test]
    fn a_pattern_without_a_number_is_refused() {
        let one = Range {
            pattern: "load@example.com".to_owned(),
            ..range(2)
        };
        assert!(one.check().is_err());
        assert!(range(2).check().is_ok());
        assert!(!format!("{:?}", range(2)).contains("secret"));
    }

    #[test]
    fn records_are_what_import_reads() {
        let mut out = Vec::new();
        print(&range(2), 10, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["email"], "load007@example.com");
        assert_eq!(first["password"], "secret7");
        assert_eq!(text.lines().count(), 4);
        assert!(text.lines().nth(2).unwrap().contains(r#"["FL","AL","RL"]"#));
    }
}
