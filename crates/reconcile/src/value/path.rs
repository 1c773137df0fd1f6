//! Paths to an attribute: `cidr_blocks[0]`, `create_vnic_details.subnet_id`, `freeform_tags["a.b"]`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::{is_identifier, unescape};

/// One step into a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Segment {
    /// An entry of a map.
    Name(Arc<str>),
    /// An item of a list.
    Index(usize),
}

/// A way into a value, from the attributes of a resource inwards. Empty means the whole. Cloning shares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttributePath(Arc<[Segment]>);

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a path to an attribute: {reason}")]
pub struct ParsePathError {
    text: String,
    reason: &'static str,
}

impl AttributePath {
    /// The path to a top-level attribute.
    #[must_use]
    pub fn attribute(name: impl Into<Arc<str>>) -> Self {
        Self(Arc::new([Segment::Name(name.into())]))
    }

    /// This path and one name more.
    #[must_use]
    pub fn name(&self, name: impl Into<Arc<str>>) -> Self {
        self.with(Segment::Name(name.into()))
    }

    /// This path and one index more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// Adds more segments at the end.
    pub fn extend(&mut self, segments: &[Segment]) {
        self.0 = self.0.iter().chain(segments).cloned().collect();
    }

    /// The name of the top-level attribute, if the path starts with a name.
    #[must_use]
    pub fn first_name(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Name(name)) => Some(name),
            Some(Segment::Index(_)) | None => None,
        }
    }

    fn with(&self, segment: Segment) -> Self {
        Self(self.0.iter().cloned().chain([segment]).collect())
    }
}

impl Deref for AttributePath {
    type Target = [Segment];

    fn deref(&self) -> &[Segment] {
        &self.0
    }
}

impl From<Vec<Segment>> for AttributePath {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments.into())
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Name(name) if is_identifier(name) => {
                    write!(f, "{}{name}", if at == 0 { "" } else { "." })?;
                }
                Segment::Name(name) => write!(f, "{}", crate::InstanceKey::Name(name.to_string()))?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AttributePath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        parse(text).map(Self::from).map_err(|reason| ParsePathError { text: text.to_owned(), reason })
    }
}

impl TryFrom<String> for AttributePath {
    type Error = ParsePathError;

    fn try_from(text: String) -> Result<Self, ParsePathError> {
        text.parse()
    }
}

impl From<AttributePath> for String {
    fn from(path: AttributePath) -> Self {
        path.to_string()
    }
}

fn parse(text: &str) -> Result<Vec<Segment>, &'static str> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (segment, after) = match rest.strip_prefix('[') {
            Some(inner) => parse_bracket(inner)?,
            None => {
                let name = if segments.is_empty() { Some(rest) } else { rest.strip_prefix('.') };
                parse_name(name.ok_or("a name after the first is written with a dot before it")?)?
            }
        };
        segments.push(segment);
        rest = after;
    }
    Ok(segments)
}

fn parse_name(text: &str) -> Result<(Segment, &str), &'static str> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !is_identifier(name) {
        return Err("a name that is no identifier is written `[\"name\"]`");
    }
    Ok((Segment::Name(name.into()), rest))
}

fn parse_bracket(inner: &str) -> Result<(Segment, &str), &'static str> {
    if let Some(quoted) = inner.strip_prefix('"') {
        let end = closing_quote(quoted).ok_or("the quoted name lacks its closing quote")?;
        let name = unescape(&quoted[..end])?;
        if is_identifier(&name) {
            return Err("a name that is an identifier is written without quotes");
        }
        let rest = quoted[end + 1..].strip_prefix(']').ok_or("`]` is missing")?;
        return Ok((Segment::Name(name.into()), rest));
    }
    let (index, rest) = inner.split_once(']').ok_or("`]` is missing")?;
    let canonical = index == "0" || !index.starts_with(['0', '+']);
    match index.parse() {
        Ok(index) if canonical => Ok((Segment::Index(index), rest)),
        _ => Err("an index is a whole number"),
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_they_are_written() {
        for text in
            ["", "a", "a.b", "a[0].b", "[3]", "a[\"x.y\"]", "a[\"q\\\"\\\\\"].z", "a[0][1]", "[\"1\"].b"]
        {
            assert_eq!(text.parse::<AttributePath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [".", "a.", "a..b", "a[", "a[x]", "a[\"x\"", "a[0]b", "[\"a\"]", "a[01]", "a b", "a[+1]"]
        {
            assert!(text.parse::<AttributePath>().is_err(), "{text} was taken for a path");
        }
    }
}
