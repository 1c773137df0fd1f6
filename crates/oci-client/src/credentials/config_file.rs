//! The text of a configuration file, read by the rules of Python's `configparser`, which Oracle's tools use.
//!
//! - `[DEFAULT]` is inherited by every other profile, wherever it stands in the file.
//! - A name ends at the first `=` or `:`; names are in any case, names of profiles are not.
//! - `#` and `;` start a comment at the beginning of a line only, so that a value may contain them.
//! - A line indented deeper than its setting continues the value.
//! - A profile or a setting that stands twice is an error; `[DEFAULT]` may be opened again.
//!
//! # Source
//! `configparser.ConfigParser(interpolation=None)` of Python 3.11, with which a test compares this.

use std::collections::BTreeMap;

/// The name of the profile that all others inherit from.
pub const DEFAULT_PROFILE: &str = "DEFAULT";

/// A configuration file's profiles.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    defaults: BTreeMap<String, Setting>,
    profiles: BTreeMap<String, BTreeMap<String, Setting>>,
    has_default: bool,
}

/// A value and where it stands. `Debug` leaves the value out: it may be a passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value, without blanks around it; the lines of a longer one joined by newlines.
    pub value: String,
    /// The line of its name, counted from 1.
    pub line: usize,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<setting of line {}>", self.line)
    }
}

/// The file is not a configuration file. No variant holds a line's text, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFileError {
    /// Bytes that are no text.
    #[error("line {line} is not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
    /// A setting before the first profile.
    #[error("line {line} stands before the first profile; put `[DEFAULT]` above it")]
    NoProfile {
        /// Counted from 1.
        line: usize,
    },
    /// A line that is neither a profile, nor a setting, nor a comment.
    #[error("line {line} is not `name = value`")]
    NotASetting {
        /// Counted from 1.
        line: usize,
    },
    /// The same profile again.
    #[error("profile `{profile}` on line {line} is there already, on line {first}")]
    DuplicateProfile {
        /// Its name.
        profile: String,
        /// The second one, counted from 1.
        line: usize,
        /// The first one.
        first: usize,
    },
    /// The same setting again, in one profile.
    #[error("`{name}` on line {line} is set already in profile `{profile}`, on line {first}")]
    DuplicateSetting {
        /// The profile.
        profile: String,
        /// The setting, in lower case.
        name: String,
        /// The second one, counted from 1.
        line: usize,
        /// The first one.
        first: usize,
    },
}

/// What has been opened so far while reading.
struct Reader {
    file: ConfigFile,
    profile_lines: BTreeMap<String, usize>,
    profile: Option<String>,
    /// The setting that an indented line would continue.
    name: Option<String>,
    indent: usize,
}

impl ConfigFile {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`ConfigFileError`], with the first line that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigFileError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ConfigFileError::NotUtf8 {
            line: 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
        })?;
        // Windows editors leave a byte order mark, of which Python's reader complains.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader {
            file: Self::default(),
            profile_lines: BTreeMap::new(),
            profile: None,
            name: None,
            indent: 0,
        };
        let lines = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
        for (index, line) in lines.enumerate() {
            reader.line(index + 1, line)?;
        }
        let Reader { mut file, .. } = reader;
        let profiles = file.profiles.values_mut().flat_map(BTreeMap::values_mut);
        for setting in profiles.chain(file.defaults.values_mut()) {
            setting.value.truncate(setting.value.trim_end().len());
        }
        Ok(file)
    }

    /// The settings of a profile, with those that it inherits. `None` if there is no such profile.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<BTreeMap<String, Setting>> {
        if name == DEFAULT_PROFILE {
            return self.has_default.then(|| self.defaults.clone());
        }
        let own = self.profiles.get(name)?;
        let mut settings = self.defaults.clone();
        settings.extend(own.iter().map(|(name, setting)| (name.clone(), setting.clone())));
        Some(settings)
    }

    /// Whether the setting stands in the profile itself, and is not inherited.
    #[must_use]
    pub fn is_own(&self, profile: &str, name: &str) -> bool {
        let settings =
            if profile == DEFAULT_PROFILE { Some(&self.defaults) } else { self.profiles.get(profile) };
        settings.is_some_and(|settings| settings.contains_key(name))
    }

    /// The names of all profiles, `DEFAULT` first if it is there.
    #[must_use]
    pub fn profile_names(&self) -> Vec<&str> {
        let default = self.has_default.then_some(DEFAULT_PROFILE);
        default.into_iter().chain(self.profiles.keys().map(String::as_str)).collect()
    }

    fn settings(&mut self, profile: &str) -> &mut BTreeMap<String, Setting> {
        if profile == DEFAULT_PROFILE {
            &mut self.defaults
        } else {
            self.profiles.entry(profile.to_owned()).or_default()
        }
    }
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), ConfigFileError> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            // An empty line inside a value belongs to it; at the end of a value it is cut off again.
            self.continue_value("");
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.name.is_some() && indent > self.indent {
            self.continue_value(text);
            return Ok(());
        }
        self.indent = indent;
        // As Python's pattern `\[(.+)\]`: up to the last bracket, and anything may follow.
        let header = text.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).map(|(name, _)| name);
        match header.filter(|name| !name.is_empty()) {
            Some(profile) => self.open(number, profile),
            None => self.setting(number, text),
        }
    }

    fn open(&mut self, number: usize, profile: &str) -> Result<(), ConfigFileError> {
        if profile == DEFAULT_PROFILE {
            self.file.has_default = true;
        } else {
            let profile = profile.to_owned();
            if let Some(first) = self.profile_lines.get(&profile) {
                return Err(ConfigFileError::DuplicateProfile { profile, line: number, first: *first });
            }
            self.file.settings(&profile);
            self.profile_lines.insert(profile, number);
        }
        self.profile = Some(profile.to_owned());
        self.name = None;
        Ok(())
    }

    fn setting(&mut self, number: usize, text: &str) -> Result<(), ConfigFileError> {
        let Some(profile) = self.profile.clone() else {
            return Err(ConfigFileError::NoProfile { line: number });
        };
        let Some((name, value)) = text.split_once(['=', ':']) else {
            return Err(ConfigFileError::NotASetting { line: number });
        };
        let name = name.trim_end().to_lowercase();
        if name.is_empty() {
            return Err(ConfigFileError::NotASetting { line: number });
        }
        let settings = self.file.settings(&profile);
        if let Some(first) = settings.get(&name) {
            let first = first.line;
            return Err(ConfigFileError::DuplicateSetting { profile, name, line: number, first });
        }
        settings.insert(name.clone(), Setting { value: value.trim().to_owned(), line: number });
        self.name = Some(name);
        Ok(())
    }

    fn continue_value(&mut self, text: &str) {
        if let (Some(profile), Some(name)) = (&self.profile, &self.name)
            && let Some(setting) = self.file.settings(profile).get_mut(name)
        {
            setting.value.push('\n');
            setting.value.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, profile: &str, expected: &[(&str, &str, usize)]) {
        let settings = ConfigFile::parse(text.as_bytes()).unwrap().profile(profile).unwrap();
        let actual: Vec<(&str, &str, usize)> = settings
            .iter()
            .map(|(name, setting)| (name.as_str(), setting.value.as_str(), setting.line))
            .collect();
        assert_eq!(actual, expected, "{text:?}");
    }

    fn check_error(text: &str, expected: &str) {
        assert_eq!(ConfigFile::parse(text.as_bytes()).unwrap_err().to_string(), expected, "{text:?}");
    }

    #[test]
    fn profiles_inherit_from_default_wherever_it_stands() {
        check("[P]\nb=2\n[DEFAULT]\na=1\nb=1\n", "P", &[("a", "1", 4), ("b", "2", 2)]);
        check("[DEFAULT]\na=1\n[P]\n[DEFAULT]\nb=2\n", "P", &[("a", "1", 2), ("b", "2", 5)]);
    }

    #[test]
    fn names_comments_and_delimiters_are_pythons() {
        check(
            "\u{feff}[DEFAULT]\r\nUser = a=b:c # no comment\r\n# comment\r\n; comment\r\nkey : v\rw=\r\n",
            "DEFAULT",
            &[("key", "v", 5), ("user", "a=b:c # no comment", 2), ("w", "", 6)],
        );
        check(
            "[DEFAULT]\na=1\n  2\n\n  # comment\n  3\n\nb=4\n",
            "DEFAULT",
            &[("a", "1\n2\n\n3", 2), ("b", "4", 8)],
        );
        check("[a]b] rest\nx=1\n", "a]b", &[("x", "1", 2)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_its_text() {
        check_error("a=1\n", "line 1 stands before the first profile; put `[DEFAULT]` above it");
        check_error("[P]\n\ncanary\n", "line 3 is not `name = value`");
        check_error("[P]\n=canary\n", "line 2 is not `name = value`");
        check_error("[P]\n[Q]\n[P]\n", "profile `P` on line 3 is there already, on line 1");
        check_error("[P]\na=1\nA:2\n", "`a` on line 3 is set already in profile `P`, on line 2");
        let error = ConfigFile::parse(b"[P]\na=\xff\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2 is not UTF-8 text; save the file as UTF-8");
    }

    #[test]
    fn values_stay_out_of_debug() {
        let file = ConfigFile::parse(b"[DEFAULT]\npass_phrase=canary\n").unwrap();
        assert!(!format!("{file:?}").contains("canary"));
    }
}
