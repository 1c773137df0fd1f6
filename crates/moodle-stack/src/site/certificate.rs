//! Until when a certificate is good: the one thing that is read of it.
//!
//! A TLS library has checked the certificate by the time it comes here, and does not tell its dates. Of the whole of X.509 this
//! walks to one place (RFC 5280, section 4.1) and reads a time there, instead of bringing in a parser for the rest.

use oci_client::model::Timestamp;

/// What was shown is no certificate that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was shown as a certificate cannot be read")]
pub(super) struct Unreadable;

/// Tags of ASN.1 in DER.
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, in which the version stands.
const VERSION: u8 = 0xa0;

/// When the certificate ends.
///
/// # Errors
/// When it is no certificate.
pub(super) fn ends(der: &[u8]) -> Result<Timestamp, Unreadable> {
    let (certificate, _) = inside(der, SEQUENCE)?;
    let (mut fields, _) = inside(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (validity, _) = inside(fields, SEQUENCE)?;
    let (_, _, not_after) = element(validity)?;
    let (tag, text, _) = element(not_after)?;
    time(tag, text)
}

/// The next element: its tag, what is in it, and what comes after it.
fn element(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Unreadable> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>().ok_or(Unreadable)?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // More than four bytes of length would be a certificate of gigabytes.
        let count = usize::from(first & 0x7f);
        let (digits, rest) =
            rest.split_at_checked(count).filter(|_| (1..=4).contains(&count)).ok_or(Unreadable)?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, after) = rest.split_at_checked(length).ok_or(Unreadable)?;
    Ok((tag, content, after))
}

fn inside(bytes: &[u8], expected: u8) -> Result<(&[u8], &[u8]), Unreadable> {
    let (tag, content, after) = element(bytes)?;
    if tag == expected { Ok((content, after)) } else { Err(Unreadable) }
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
fn time(tag: u8, text: &[u8]) -> Result<Timestamp, Unreadable> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii()).ok_or(Unreadable)?;
    let text = match tag {
        UTC_TIME if text.len() == 13 => {
            let century = if text < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME if text.len() == 15 => text.to_owned(),
        _ => return Err(Unreadable),
    };
    let [year, month, day, hour, minute, second] =
        [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(|range| &text[range]);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Made with `openssl ca -selfsign -enddate`; their key is nowhere.
    const UNTIL_2030: &str = include_str!("test_certificates/until_2030.txt");
    const UNTIL_2099: &str = include_str!("test_certificates/until_2099.txt");

    fn der(base64: &str) -> Vec<u8> {
        STANDARD.decode(base64.split_whitespace().collect::<String>()).unwrap()
    }

    #[test]
    fn both_ways_of_writing_the_end_are_read() {
        assert_eq!(ends(&der(UNTIL_2030)).unwrap().to_string(), "2030-01-31T12:34:56Z");
        assert_eq!(ends(&der(UNTIL_2099)).unwrap().to_string(), "2099-12-31T23:59:59Z");
    }

    #[test]
    fn no_part_of_a_certificate_makes_it_panic() {
        let whole = der(UNTIL_2030);
        for length in 0..whole.len() {
            // The signature comes after the end; what is cut earlier cannot be read, and nothing else happens.
            assert!(ends(&whole[..length]).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            let _either = ends(&broken);
        }
    }
}
