//! Forms of texts, and whether two spellings mean the same.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use oci_client::model::Timestamp;
use reconcile::value::Value;
use serde_json::Value as Json;

/// Letters, digits and hyphens, no hyphen at either end.
///
/// # Source
/// Core Services 20160918, `CreateVnicDetails.hostnameLabel`: RFC 952 and RFC 1123.
pub(crate) fn host_name(text: &str) -> Result<(), String> {
    let is_allowed = text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    if is_allowed && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(());
    }
    Err(format!("`{text}` is no host name: letters, digits and hyphens, no hyphen at either end"))
}

/// # Source
/// The fact sheet on instances: `FAULT-DOMAIN-1..3`.
pub(crate) fn fault_domain(text: &str) -> Result<(), String> {
    let number = text.strip_prefix("FAULT-DOMAIN-").and_then(|number| number.parse::<u8>().ok());
    number.map(drop).ok_or_else(|| format!("`{text}` is no fault domain such as `FAULT-DOMAIN-1`"))
}

/// A moment, such as `2026-01-31T03:00:00Z`.
pub(crate) fn moment(text: &str) -> Result<(), String> {
    let parsed: Result<Timestamp, _> = text.parse();
    parsed.map(drop).map_err(|_| format!("`{text}` is no time such as `2026-01-31T03:00:00Z`"))
}

/// A day, such as `2026-01-31`.
pub(crate) fn day(text: &str) -> Result<(), String> {
    moment(&format!("{text}T00:00:00Z"))
        .ok()
        .filter(|()| text.len() == 10)
        .ok_or_else(|| format!("`{text}` is no day such as `2026-01-31`"))
}

/// Bytes in base64. Line ends in it count for nothing, and padding may be left out: tools write both.
pub(crate) fn base64(text: &str) -> Result<(), String> {
    // What it is stays out of the message: it may be secret.
    decoded(text).map(drop).ok_or_else(|| "is not base64".to_owned())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    const EITHER: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let letters: String = text.split_ascii_whitespace().collect();
    EITHER.decode(letters).ok()
}

/// Whether two texts are the same bytes in base64.
pub(crate) fn same_base64(desired: &Value, observed: &Value) -> bool {
    same(desired, observed, decoded)
}

/// Whether two texts, or values, are the same JSON: a text that is JSON counts as what it says.
pub(crate) fn same_json(desired: &Value, observed: &Value) -> bool {
    let read = |value: &Value| match value.exposed() {
        Value::String(text) => serde_json::from_str::<Json>(text).unwrap_or_else(|_| Json::from(&**text)),
        other => crate::wire::to_json(other),
    };
    crate::wire::from_json(&read(desired)) == crate::wire::from_json(&read(observed))
}

/// Whether two texts have the same lines; white space at their ends and empty lines count for nothing.
pub(crate) fn same_lines(desired: &Value, observed: &Value) -> bool {
    same(desired, observed, |text| {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        Some(lines.map(str::to_owned).collect::<Vec<_>>())
    })
}

/// Whether two texts are one moment: with or without fractions of a second, in whatever zone.
pub(crate) fn same_moment(desired: &Value, observed: &Value) -> bool {
    same(desired, observed, |text| text.parse::<Timestamp>().ok())
}

/// Whether two texts differ in case only.
pub(crate) fn same_text(desired: &Value, observed: &Value) -> bool {
    same(desired, observed, |text| Some(text.to_ascii_lowercase()))
}

/// A time of the day, as `03:00`; seconds and `Z` may follow.
pub(crate) fn time_of_day(text: &str) -> Result<(), String> {
    minute(text).map(drop).ok_or_else(|| format!("`{text}` is no time of the day such as `03:00`"))
}

/// A time of the week, as `sun 03:00`.
pub(crate) fn time_of_week(text: &str) -> Result<(), String> {
    week_minute(text).map(drop).ok_or_else(|| format!("`{text}` is no time of the week such as `sun 03:00`"))
}

/// Whether two texts are one time of the day, or of the week.
pub(crate) fn same_window(desired: &Value, observed: &Value) -> bool {
    same(desired, observed, |text| week_minute(text).or_else(|| minute(text)))
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_SECONDS: u32 = 24 * 60 * 60;

/// Seconds since the week began, and one day more: a time of the week is none of the day.
fn week_minute(text: &str) -> Option<u32> {
    let (day, time) = text.trim().split_once(|c: char| c.is_ascii_whitespace())?;
    let day = day.to_ascii_lowercase();
    // `sunday` is taken for `sun`.
    let at =
        DAYS.iter().position(|known| *known == day || (day.starts_with(known) && day.ends_with("day")))?;
    Some(u32::try_from(at + 1).ok()? * DAY_SECONDS + minute(time)?)
}

/// Seconds since midnight.
fn minute(text: &str) -> Option<u32> {
    let text = text.trim();
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let mut parts = text.split(':');
    let part = |part: Option<&str>, most: u32| {
        let part = part?;
        let is_number = part.len() == 2 && part.bytes().all(|c| c.is_ascii_digit());
        part.parse::<u32>().ok().filter(|number| is_number && *number <= most)
    };
    let (hours, minutes) = (part(parts.next(), 23)?, part(parts.next(), 59)?);
    let seconds = match parts.next() {
        None => 0,
        // Fractions of a second are dropped.
        Some(seconds) => part(seconds.split('.').next(), 59)?,
    };
    parts.next().is_none().then_some((hours * 60 + minutes) * 60 + seconds)
}

fn same<T: PartialEq>(desired: &Value, observed: &Value, meaning: impl Fn(&str) -> Option<T>) -> bool {
    let meaning = |value: &Value| meaning(value.exposed().as_str()?);
    meaning(desired).zip(meaning(observed)).is_some_and(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_its_bytes_whatever_its_line_ends_and_padding() {
        let check = |a: &str, b: &str, expected: bool| {
            assert_eq!(same_base64(&a.into(), &b.into()), expected, "{a} {b}");
        };
        check("I2Nsb3VkLWNvbmZpZw==", "I2Nsb3VkLWNvbmZpZw", true);
        check("I2Nsb3Vk\r\nLWNvbmZp\nZw==\n", "I2Nsb3VkLWNvbmZpZw==", true);
        check("I2Nsb3VkLWNvbmZpZw==", "I2Nsb3VkLWNvbmZpZx==", false);
        check("?", "?", false);
        assert!(base64("?").is_err() && base64("aGk").is_ok() && base64("aG\nk=").is_ok());
    }

    #[test]
    fn json_is_what_it_says_whether_it_is_text_or_not() {
        let object = Value::map([("a", Value::from(1)), ("b", Value::list([Value::from(true)]))]);
        assert!(same_json(&Value::from("{ \"b\": [true],\n \"a\": 1 }"), &object));
        assert!(same_json(&object, &Value::from("{\"a\":1,\"b\":[true]}")));
        assert!(!same_json(&object, &Value::from("{\"a\":2,\"b\":[true]}")));
        assert!(!same_json(&Value::from("a"), &Value::from("b")));
    }

    #[test]
    fn windows_are_one_time_whatever_their_spelling() {
        let check = |a: &str, b: &str, expected: bool| {
            assert_eq!(same_window(&a.into(), &b.into()), expected, "{a} {b}");
        };
        check("sun 03:00", "SUN 03:00:00.000Z", true);
        check("Sunday 03:00", "sun 03:00", true);
        check("03:00", "03:00:00Z", true);
        check("sun 03:00", "mon 03:00", false);
        check("sun 03:00", "03:00", false);
        check("sun 03:00", "sun 03:01", false);
        for wrong in ["sun", "sun 24:00", "sun 3:00", "noday 03:00", "sun 03:60", "sun 03:00:00:00"] {
            assert!(time_of_week(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "3", "25:00", "03:00 sun", "+3:00"] {
            assert!(time_of_day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_moments_and_names_have_their_form() {
        assert!(day("2026-01-31").is_ok() && day("2026-02-31").is_err() && day("2026-1-31").is_err());
        assert!(moment("2026-01-31T03:00:00+01:00").is_ok() && moment("tomorrow").is_err());
        assert!(host_name("web-1").is_ok() && host_name("-web").is_err() && host_name("we b").is_err());
        assert!(fault_domain("FAULT-DOMAIN-2").is_ok() && fault_domain("FD-2").is_err());
        assert!(same_moment(&"2026-01-31T03:00:00Z".into(), &"2026-01-31T04:00:00.000+01:00".into()));
        assert!(same_lines(&"ssh-rsa a\nssh-rsa b\n".into(), &"ssh-rsa a\r\n\r\nssh-rsa b".into()));
        assert!(!same_lines(&"ssh-rsa a".into(), &"ssh-rsa b".into()));
    }
}
