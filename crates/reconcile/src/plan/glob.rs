//! Patterns for addresses: `*` stands for any text, `?` for one character; `t.web` also means all its instances.

use std::fmt;
use std::str::FromStr;

use crate::Address;

/// A pattern for addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern for addresses must not be empty")]
pub struct PatternError;

impl Pattern {
    /// Whether the pattern means `address`.
    #[must_use]
    pub fn matches(&self, address: &Address) -> bool {
        glob(&self.0, address.as_str()) || (!self.0.contains('[') && glob(&self.0, address.group()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() { Err(PatternError) } else { Ok(Self(text.to_owned())) }
    }
}

/// Walks both texts once, and on a mismatch goes back to the last `*` only.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some('?') => {
                p += 1;
                t += 1;
            }
            Some(c) if *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((back, taken)) = star else { return false };
                star = Some((back, taken + 1));
                p = back + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_shells_mean() {
        let cases = [
            ("t.web", "t.web", true),
            ("t.web", "t.web[\"1\"]", true),
            ("t.web[\"1\"]", "t.web[\"1\"]", true),
            ("t.web[\"1\"]", "t.web[\"2\"]", false),
            ("t.*", "t.web[\"2\"]", true),
            ("*.web*", "t.web", true),
            ("oci_core_*.main", "oci_core_vcn.main", true),
            ("oci_core_*.main", "oci_mysql_vcn.main", false),
            ("t.we?", "t.web", true),
            ("t.we?", "t.we", false),
            ("*a*b*c", "t.xaxbxbxc", true),
            ("t", "t.web", false),
        ];
        for (pattern, address, expected) in cases {
            let (parsed, address): (Pattern, Address) = (pattern.parse().unwrap(), address.parse().unwrap());
            assert_eq!(parsed.matches(&address), expected, "{pattern} on {address}");
        }
    }
}
