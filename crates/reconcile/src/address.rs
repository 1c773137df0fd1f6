//! Addresses: the name that a configuration gives to a resource.
//!
//! `oci_core_vcn.main`, `oci_core_instance.web["1"]`, `oci_core_volume.data[0]`, `data.oci_core_images.linux`.
//! Deliberately absent: module paths. A stack is one flat graph; whoever composes stacks composes names.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The address of one resource or data source; cheap to clone, ordered by its text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(Arc<str>);

/// Which instance of a group an address means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// `[0]`
    Index(u64),
    /// `["name"]`
    Name(String),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}")]
pub struct ParseAddressError {
    text: String,
    reason: &'static str,
}

impl Address {
    /// The address of a managed resource, such as `oci_core_vcn.main`.
    ///
    /// # Errors
    /// If `resource_type` or `name` is not an identifier (a letter or `_`, then letters, digits, `_` or `-`).
    pub fn new(resource_type: &str, name: &str) -> Result<Self, ParseAddressError> {
        format!("{resource_type}.{name}").parse()
    }

    /// The address of a data source, such as `data.oci_core_images.linux`.
    ///
    /// # Errors
    /// As [`Address::new`].
    pub fn data(resource_type: &str, name: &str) -> Result<Self, ParseAddressError> {
        format!("data.{resource_type}.{name}").parse()
    }

    /// This address without its instance key, with `key` instead.
    #[must_use]
    pub fn instance(&self, key: &InstanceKey) -> Self {
        Self(format!("{}{key}", self.group()).into())
    }

    /// The whole address as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both share the same storage, so that they are equal without looking.
    pub(crate) fn same_storage(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this is a data source.
    #[must_use]
    pub fn is_data(&self) -> bool {
        self.parts().0
    }

    /// The resource type: `oci_core_vcn` of `oci_core_vcn.main`.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        self.parts().1
    }

    /// The name: `main` of `oci_core_vcn.main`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().2
    }

    /// The address without its instance key: `oci_core_instance.web` of `oci_core_instance.web["1"]`.
    #[must_use]
    pub fn group(&self) -> &str {
        split(&self.0, b'[').map_or(&self.0, |(group, _)| group)
    }

    /// The instance key, if there is one.
    #[must_use]
    pub fn key(&self) -> Option<InstanceKey> {
        let at = self.0.find('[')?;
        parse_key(&self.0[at..]).ok()
    }

    /// Whether it is a data source, its type and its name.
    fn parts(&self) -> (bool, &str, &str) {
        let group = self.group();
        let (first, rest) = split(group, b'.').unwrap_or((group, ""));
        match split(rest, b'.') {
            Some((kind, name)) if first == "data" => (true, kind, name),
            _ => (false, first, rest),
        }
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most of those that are equal share their storage, and then the text, which lies elsewhere, is not looked at.
        if self.same_storage(other) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        check(text).map_err(|reason| ParseAddressError { text: text.to_owned(), reason })?;
        Ok(Self(text.into()))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => {
                f.write_str("[\"")?;
                let mut rest = name.as_str();
                while let Some(at) = rest.find(['"', '\\', '\n']) {
                    f.write_str(&rest[..at])?;
                    f.write_str(match rest.as_bytes()[at] {
                        b'"' => "\\\"",
                        b'\\' => "\\\\",
                        _ => "\\n",
                    })?;
                    rest = &rest[at + 1..];
                }
                f.write_str(rest)?;
                f.write_str("\"]")
            }
        }
    }
}

/// As `split_once`, which is made for longer texts than these.
fn split(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}

fn check(text: &str) -> Result<(), &'static str> {
    let group = match text.find('[') {
        Some(at) => {
            parse_key(&text[at..])?;
            &text[..at]
        }
        None => text,
    };
    let mut parts = group.split('.');
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    let managed = match (first, second, third) {
        (Some("data"), Some(kind), Some(name)) => (kind, name),
        (Some(kind), Some(name), None) => (kind, name),
        _ => return Err("write TYPE.NAME, or data.TYPE.NAME"),
    };
    if parts.next().is_some() {
        return Err("write TYPE.NAME, or data.TYPE.NAME");
    }
    if !is_identifier(managed.0) || !is_identifier(managed.1) {
        return Err(
            "a type or name starts with a letter or `_` and goes on with letters, digits, `_` or `-`",
        );
    }
    Ok(())
}

/// Whether `text` may be a type, a name or an attribute written without quotes.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut chars = text.bytes();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
}

fn parse_key(text: &str) -> Result<InstanceKey, &'static str> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or("the instance key must end with `]`")?;
    let Some(quoted) = inner.strip_prefix('"') else {
        let canonical = inner == "0" || !inner.starts_with('0');
        let digits = !inner.is_empty() && inner.bytes().all(|c| c.is_ascii_digit());
        return match inner.parse() {
            Ok(index) if canonical && digits => Ok(InstanceKey::Index(index)),
            _ => Err("an instance key is a number or a text in double quotes"),
        };
    };
    let quoted = quoted.strip_suffix('"').ok_or("the instance key lacks its closing quote")?;
    unescape(quoted).map(InstanceKey::Name)
}

/// Undoes the escapes of a quoted key; refuses what our own printer would not have written.
pub(crate) fn unescape(quoted: &str) -> Result<String, &'static str> {
    let mut name = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Err("a quote inside a key is written `\\\"`"),
            '\n' => return Err("a line break inside a key is written `\\n`"),
            '\\' => match chars.next() {
                Some(escaped @ ('"' | '\\')) => name.push(escaped),
                Some('n') => name.push('\n'),
                _ => return Err("only `\\\"`, `\\\\` and `\\n` are escapes in a key"),
            },
            other => name.push(other),
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_parts() {
        let address: Address = "oci_core_instance.web[\"1\"]".parse().unwrap();
        assert_eq!(address.resource_type(), "oci_core_instance");
        assert_eq!(address.name(), "web");
        assert_eq!(address.group(), "oci_core_instance.web");
        assert_eq!(address.key(), Some(InstanceKey::Name("1".into())));
        assert!(!address.is_data());
        let data: Address = "data.oci_core_images.linux[3]".parse().unwrap();
        assert_eq!((data.resource_type(), data.name()), ("oci_core_images", "linux"));
        assert_eq!(data.key(), Some(InstanceKey::Index(3)));
        assert!(data.is_data());
    }

    #[test]
    fn a_resource_type_may_be_called_data() {
        let address: Address = "data.x".parse().unwrap();
        assert!(!address.is_data());
        assert_eq!((address.resource_type(), address.name()), ("data", "x"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let wrong = [
            "",
            ".",
            "a",
            "a.",
            ".a",
            "a.b.c",
            "data.a.b.c",
            "a.b[",
            "a.b[]",
            "a.b[-1]",
            "a.b[01]",
            "a.b[\"x]",
            "a.b[\"x\"]y",
            "1a.b",
            "a b.c",
            "a.b[\"\"\"]",
            "a.b[+1]",
            "a.b[99999999999999999999]",
            "ä.b",
        ];
        for text in wrong {
            assert!(text.parse::<Address>().is_err(), "{text} was taken for an address");
        }
    }

    #[test]
    fn keys_with_quotes_and_brackets_survive() {
        for name in ["a\"b", "a\\b", "a]b[", "", "a\nb", "ü"] {
            let address = Address::new("t", "n").unwrap().instance(&InstanceKey::Name(name.into()));
            let again: Address = address.to_string().parse().unwrap();
            assert_eq!(again.key(), Some(InstanceKey::Name(name.into())));
            assert_eq!(again, address);
        }
    }
}
