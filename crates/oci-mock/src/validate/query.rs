//! Unescaping of paths and queries.

use std::collections::BTreeMap;

use crate::error::ApiError;

/// The parameters of a query, in form encoding: `+` is a space.
pub(crate) fn parse_query(query: &str) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| unescape(&text.replace('+', " "));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(ApiError::cannot_parse("The query is not valid percent encoding of UTF-8."));
        };
        parameters.entry(name).or_default().push(value);
    }
    Ok(parameters)
}

/// Resolves percent escapes; `None` when they are cut off, or their bytes are no UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_broken_ones_refused() {
        for (text, expected) in [
            ("abc", Some("abc")),
            ("a%20b", Some("a b")),
            ("%E2%82%AC", Some("€")),
            ("%", None),
            ("%2", None),
            ("%+1", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(unescape(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_plus_in_a_query_is_a_space_and_an_escaped_one_is_a_plus() {
        let query = parse_query("displayName=a+b%2Bc&x&x=1").unwrap();
        assert_eq!(query["displayName"], ["a b+c"]);
        assert_eq!(query["x"], ["", "1"]);
    }
}
