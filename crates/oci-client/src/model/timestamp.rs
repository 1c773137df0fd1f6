//! A point in time as Oracle's API writes it: RFC 3339, with an offset and up to nine digits of a second; or a day alone.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike, Utc};

/// A point in time. Two are equal when they are the same instant, however they were written.
///
/// It is written as it was read, with its offset and its number of digits; services compare times in filters as
/// text now and then. A day alone stays one, and counts as its midnight in UTC: the tables do not tell the two apart, but
/// the `versionDate` of a policy is a day.
///
/// ```
/// use oci_client::model::Timestamp;
///
/// let created: Timestamp = "2026-01-02T03:04:05.678Z".parse()?;
/// assert_eq!(created.to_string(), "2026-01-02T03:04:05.678Z");
/// assert_eq!(created, "2026-01-02T04:04:05.678000+01:00".parse()?);
/// # Ok::<(), oci_client::model::TimestampError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp {
    time: DateTime<FixedOffset>,
    /// Digits after the second's point, 0 to 9.
    digits: u8,
    /// Whether an offset of nothing is written `Z`.
    zulu: bool,
    /// Whether it is written as a day, without a time.
    day: bool,
}

impl Timestamp {
    /// The instant `seconds` after the beginning of 1970 in UTC.
    ///
    /// # Panics
    /// When the year would not be one of four digits.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let time = DateTime::from_timestamp_secs(seconds).filter(|time| (0..=9999).contains(&time.year()));
        let time = time.expect("a year of four digits").fixed_offset();
        Self { time, digits: 0, zulu: true, day: false }
    }

    /// Whole seconds since the beginning of 1970 in UTC, rounded down.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.time.timestamp()
    }

    /// The nanoseconds that go beyond [`Timestamp::unix_seconds`]; a billion and more within a leap second.
    #[must_use]
    pub fn subsecond_nanos(&self) -> u32 {
        self.time.nanosecond()
    }
}

/// A text is not a time as in RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time as in RFC 3339, such as 2026-01-02T03:04:05.678Z")]
pub struct TimestampError {
    text: String,
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError { text: text.to_owned() };
        // Chrono reads signs and years of any length as well.
        let is_day =
            |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() == "2026-01-02".len()
            && text.bytes().enumerate().all(is_day)
            && let Ok(day) = text.parse::<NaiveDate>()
        {
            let time = day.and_time(NaiveTime::MIN).and_utc().fixed_offset();
            return Ok(Self { time, digits: 0, zulu: true, day: true });
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        // What is beyond a nanosecond would be lost in silence.
        let digits = u8::try_from(digits).ok().filter(|digits| *digits <= 9).ok_or_else(wrong)?;
        Ok(Self { time, digits, zulu: text.ends_with(['Z', 'z']), day: false })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = &self.time;
        if self.day {
            return write!(f, "{:04}-{:02}-{:02}", time.year(), time.month(), time.day());
        }
        // In a leap second chrono counts a 59th second of up to two billion nanoseconds.
        let (second, nanos) = match time.nanosecond() {
            nanos @ 1_000_000_000.. => (time.second() + 1, nanos - 1_000_000_000),
            nanos => (time.second(), nanos),
        };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{second:02}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
        )?;
        if self.digits > 0 {
            let digits = usize::from(self.digits);
            write!(f, ".{:0digits$}", nanos / 10_u32.pow(9 - u32::from(self.digits)))?;
        }
        let minutes = time.offset().local_minus_utc() / 60;
        if minutes == 0 && self.zulu {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time
    }
}

impl Eq for Timestamp {}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.time.hash(state);
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time.cmp(&other.time)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Written with milliseconds and `Z`, as Oracle writes times itself.
    fn from(time: DateTime<Utc>) -> Self {
        Self { time: time.fixed_offset(), digits: 3, zulu: true, day: false }
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        time.time.to_utc()
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let seconds = time.unix_seconds();
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let start = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
        start + Duration::from_nanos(u64::from(time.subsecond_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_it_was_read() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02T03:04:05.6Z",
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.000Z",
            "2026-01-02T03:04:05.000000001Z",
            "2026-01-02T03:04:05.987654321-11:30",
            "1969-12-31T23:59:59.5+14:00",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.25Z",
            "2026-01-02",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "1767323045",
            "2026-01",
            "2026-02-30",
            "20260-1-02",
            "+2026-1-02",
            " 2026-1-02",
            "2026-01-02T03:04:05",
            "2026-13-02T03:04:05Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T25:04:05Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.0123456789Z",
            "2026-01-02T03:04:05Z ",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn times_compare_by_their_instant() {
        let early: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let same: Timestamp = "2026-01-02T04:04:05.0+01:00".parse().unwrap();
        let late: Timestamp = "2026-01-02T03:04:05.000000001Z".parse().unwrap();
        assert_eq!(early, same);
        assert_eq!("2026-01-02".parse::<Timestamp>().unwrap(), "2026-01-02T00:00:00Z".parse().unwrap());
        assert!(early < late);
        assert_eq!(Timestamp::from_unix_seconds(1_767_323_045), early);
        assert_eq!(SystemTime::from(late), UNIX_EPOCH + Duration::new(1_767_323_045, 1));
    }
}
