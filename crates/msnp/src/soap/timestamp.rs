//! Points in time as the address book writes them: xsd:dateTime with seven decimals
//! (services-addressbook, 1.4).
//!
//! Clients send the time of the last change back as an opaque string, so what is written here is
//! read here without loss. This crate has no clock: whoever has one says what time it is.

use std::fmt;

/// A point in time, in steps of 100 ns. Written `2006-06-19T05:00:00.0000000-08:00`: Messenger's
/// own servers stood on the Pacific coast, and so does this clock, without summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// How many steps a second has.
    pub const PER_SECOND: i64 = 10_000_000;

    /// So many steps of 100 ns after the start of 1970, UTC.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Steps of 100 ns after the start of 1970, UTC.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// Reads an xsd:dateTime from the years 1 to 9999, with any number of decimals, with `Z`, an
    /// offset, or neither (then it is UTC). `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.trim().split_once('T')?;
        let (year, month_day) = date.split_once('-')?;
        let (month, day) = month_day.split_once('-')?;
        let days = days_from_civil(
            number(year, 4, 1..=9999)?,
            number(month, 2, 1..=12)?,
            number(day, 2, 1..=31)?,
        );
        let (time, offset) = match time.find(['Z', '+', '-']) {
            Some(at) => (&time[..at], offset_seconds(&time[at..])?),
            None => (time, 0),
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let (hour, minute_second) = time.split_once(':')?;
        let (minute, second) = minute_second.split_once(':')?;
        let second_of_day = number(hour, 2, 0..=23)? * 3600
            + number(minute, 2, 0..=59)? * 60
            + number(second, 2, 0..=59)?;
        let seconds = days * SECONDS_PER_DAY + second_of_day - offset;
        Some(Self(seconds * Self::PER_SECOND + decimals(fraction)?))
    }
}

/// A point in time as calendars and clocks show it somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// Of the month, from 1.
    pub(crate) day: i64,
    /// From 0, which is Sunday.
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// Steps of 100 ns.
    pub(crate) fraction: i64,
}

impl Timestamp {
    /// What the clock shows that differs from UTC by so many seconds.
    pub(crate) fn civil(self, offset_seconds: i64) -> Civil {
        let local = self
            .0
            .clamp(FIRST, LAST)
            .saturating_add(offset_seconds * Self::PER_SECOND);
        let seconds = local.div_euclid(Self::PER_SECOND);
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        Civil {
            year,
            month,
            day,
            // 1970 began on a Thursday.
            weekday: (days + 4).rem_euclid(7),
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            fraction: local.rem_euclid(Self::PER_SECOND),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil {
            year,
            month,
            day,
            weekday: _,
            hour,
            minute,
            second,
            fraction,
        } = self.civil(PACIFIC);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}-08:00",
        )
    }
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten()?;
    range.contains(&number).then_some(number)
}

/// `Z`, `+hh:mm` or `-hh:mm`.
fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let seconds = number(hours, 2, 0..=14)? * 3600 + number(minutes, 2, 0..=59)? * 60;
    match text.as_bytes().first()? {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// What stands behind the point, in steps of 100 ns; finer decimals are cut off.
fn decimals(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{text:0<7}").get(..7)?.parse().ok()
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar. The year is counted from
/// March, so that a leap day is its last day.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - DAYS_TO_1970
}

/// The reverse: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

const SECONDS_PER_DAY: i64 = 86_400;
/// The Gregorian calendar repeats itself after 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// From the first of March of the year 0.
const DAYS_TO_1970: i64 = 719_468;
/// The coast where Messenger's own servers stood, in seconds from UTC.
pub(crate) const PACIFIC: i64 = -8 * 3600;
/// What can be written with four digits of a year.
const FIRST: i64 = -62_135_568_000 * Timestamp::PER_SECOND;
const LAST: i64 = 253_402_300_799 * Timestamp::PER_SECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times() {
        for (seconds, text) in [
            (0, "1969-12-31T16:00:00.0000000-08:00"),
            (1_150_718_400, "2006-06-19T04:00:00.0000000-08:00"),
            (951_868_799, "2000-02-29T15:59:59.0000000-08:00"),
            (951_811_200, "2000-02-29T00:00:00.0000000-08:00"),
            (4_107_571_200, "2100-03-01T00:00:00.0000000-08:00"),
            (-62_135_568_000, "0001-01-01T00:00:00.0000000-08:00"),
        ] {
            let time = Timestamp::from_ticks(seconds * Timestamp::PER_SECOND);
            assert_eq!(time.to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(time));
        }
        assert_eq!(
            Timestamp::from_ticks(i64::MIN).to_string(),
            "0001-01-01T00:00:00.0000000-08:00"
        );
        assert!(
            Timestamp::from_ticks(i64::MAX)
                .to_string()
                .starts_with("9999-12-31T")
        );
    }

    #[test]
    fn every_form_of_the_same_time() {
        let time = Timestamp::from_ticks(1_150_718_400 * Timestamp::PER_SECOND);
        for text in [
            "2006-06-19T12:00:00Z",
            " 2006-06-19T12:00:00.0Z\n",
            "2006-06-19T12:00:00",
            "2006-06-19T05:00:00.000-07:00",
            "2006-06-19T14:00:00.000000000+02:00",
        ] {
            assert_eq!(Timestamp::parse(text), Some(time), "{text:?}");
        }
        assert_eq!(
            Timestamp::parse("2006-06-19T12:00:00.12345678Z"),
            Some(Timestamp::from_ticks(time.ticks() + 1_234_567))
        );
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "now",
            "2006-06-19",
            "2006-13-19T12:00:00Z",
            "2006-06-32T12:00:00Z",
            "2006-06-19T24:00:00Z",
            "2006-06-19T12:00:00.Z",
            "2006-06-19T12:00:00.xZ",
            "2006-06-19T12:00:00-8",
            "2006-06-19T12:00:00-é:00",
            "2006-06-19T12:00:00Zjunk",
            "+006-06-19T12:00:00Z",
            "0000-06-19T12:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ticks in FIRST..LAST) {
            let time = Timestamp::from_ticks(ticks);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }
    }
}
