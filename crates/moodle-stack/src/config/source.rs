//! A file's text, and the lines and columns in it.

use std::path::Path;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;

/// The longest file that is read, in bytes: a hundred times the longest example.
const BYTES_MAX: usize = 1 << 20;

/// What is left of a line that may hold a secret.
const HIDDEN: &str = "<secret>";

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    /// A file with this text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// A file with these bytes.
    ///
    /// # Errors
    /// When they are no text in UTF-8, or more than a megabyte.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let name = path.display();
        if bytes.len() > BYTES_MAX {
            let message = format!("{name} has {} bytes; a stack file has at most {BYTES_MAX}", bytes.len());
            return Err(Box::new(Diagnostic::error(Code::NotText, "", message)));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let message = format!("{name} is not in UTF-8: line {line} has a byte that is none");
            Box::new(Diagnostic::error(Code::NotText, "", message).hint("save it as UTF-8"))
        })?;
        Ok(Self::new(name.to_string(), text))
    }

    /// Its path, as it was given.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both counted from 1; columns are characters.
    #[must_use]
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let end =
            (0..=byte.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let before = &self.text[..end];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }

    /// A line, counted from 1, as it may be shown: without what could be a secret.
    ///
    /// A key that a secret could belong to is told by its name or by the table around it. Better a line too few is seen.
    #[must_use]
    pub fn shown_line(&self, line: usize) -> String {
        let lines: Vec<&str> = self.text.lines().take(line).collect();
        let Some(text) = line.checked_sub(1).and_then(|at| lines.get(at)) else {
            return String::new();
        };
        let header = lines.iter().rev().map(|line| line.trim_start()).find(|line| line.starts_with('['));
        // A header is shown as it stands, and is never a place for a value.
        let is_header = text.trim_start().starts_with('[') && text.trim_end().ends_with(']');
        let is_suspect = |text: &str| {
            let lower = text.to_ascii_lowercase();
            let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| word == "key")
                || ["secret", "passw", "token", "private"].iter().any(|part| lower.contains(part))
        };
        let whole = is_suspect(text) || header.is_some_and(is_suspect);
        if is_header || !whole {
            return (*text).to_owned();
        }
        match text.split_once('=') {
            // `{ env = "NAME" }` and the like name a source; that is no secret, and the place of most mistakes.
            Some((_, value)) if names_a_source(value) => (*text).to_owned(),
            Some((key, _)) => format!("{key}= {HIDDEN}"),
            None => HIDDEN.to_owned(),
        }
    }
}

/// Whether a value says where a secret is, and nothing else. The arguments of a command may be secrets themselves, as may be what
/// stands where the name of a variable belongs and is none, and a comment may hold anything.
fn names_a_source(value: &str) -> bool {
    let Ok(parsed) = format!("source = {value}").parse::<toml::Table>() else { return false };
    let Some(table) = parsed.get("source").and_then(toml::Value::as_table) else { return false };
    let is_name = |env: &toml::Value| {
        env.as_str().is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    !value.contains('#')
        && table.keys().all(|key| matches!(key.as_str(), "env" | "file" | "generate" | "rotation"))
        && table.get("env").is_none_or(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = SourceFile::new("f", "a\nüb = 1\n");
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(2), (2, 1));
        assert_eq!(file.position(4), (2, 2), "after a letter of two bytes");
        assert_eq!(file.position(3), (2, 1), "inside a letter");
        assert_eq!(file.position(99), (3, 1));
    }

    #[test]
    fn what_could_be_a_secret_is_not_shown() {
        let text = "[site]\nname = \"x\"\nadmin_password = \"hunter2\"\n[secrets]\nfoo = \"hunter2\"\n\
                    bar = { env = \"X\" }\nlong = \"\"\"\nhunter2\n\"\"\"\nbaz = { value = \"hunter2\" }\n";
        let file = SourceFile::new("f", text);
        let shown: Vec<String> = (1..=11).map(|line| file.shown_line(line)).collect();
        assert_eq!(shown[1], "name = \"x\"");
        assert_eq!(shown[2], "admin_password = <secret>");
        assert_eq!(shown[3], "[secrets]");
        assert_eq!(shown[5], "bar = { env = \"X\" }");
        assert!(!shown.concat().contains("hunter2"), "{shown:?}");
        for line in [
            "[tls]\nkey = \"hunter2\"",
            "[tls]\ntls.key = \"hunter2\"",
            "[secrets]\na = { env = \"A\", value = \"hunter2\" }",
            "[secrets]\na = { env = \"A\" } # hunter2",
            "[secrets]\na = { command = [\"pass\", \"hunter2\"] }",
            "[secrets]\na = { env = \"hunter2",
            "[secrets]\na = { env = \"hunter2!\" }",
        ] {
            let shown = SourceFile::new("f", line).shown_line(2);
            assert!(shown.contains(HIDDEN) && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_line() {
        let error = SourceFile::from_bytes(Path::new("f"), b"a = 1\nb = \"\xff\"\n".to_vec()).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (Code::NotText, "f is not in UTF-8: line 2 has a byte that is none")
        );
        assert!(SourceFile::from_bytes(Path::new("f"), vec![b' '; BYTES_MAX + 1]).is_err());
    }
}
