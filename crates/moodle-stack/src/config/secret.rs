//! Where secrets come from, and how those are made that nobody gives.
//!
//! A generated secret is stored nowhere. It follows from a root key, which lies apart from the state, from the secret's
//! name and from how often it was rotated: whoever has the root key gets the same secret again, and whoever has only the state gets
//! nothing.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use hmac::{Hmac, KeyInit, Mac};
use oci_client::secret::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use world::World;
use zeroize::Zeroizing;

/// Where one secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// An environment variable: `{ env = "NAME" }`.
    Env(String),
    /// A file; the line's end does not belong to it: `{ file = "PATH" }`.
    File(PathBuf),
    /// What a program writes to its standard output; the line's end does not belong to it: `{ command = ["PROGRAM", "ARGUMENT"] }`.
    Command(Vec<String>),
    /// It is generated: `{ generate = true, rotation = 1 }`.
    Generate {
        /// Counted up for a new secret.
        rotation: u32,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "Env({name:?})"),
            Self::File(path) => write!(f, "File({path:?})"),
            // Arguments may hold what should not be seen, such as a token for a password manager.
            Self::Command(words) => write!(f, "Command({:?}, …)", words.first()),
            Self::Generate { rotation } => write!(f, "Generate({rotation})"),
        }
    }
}

/// As it is written in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<u32>,
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nothing = Written::default();
        let written = match self.clone() {
            Self::Env(env) => Written { env: Some(env), ..nothing },
            Self::File(file) => Written { file: Some(file), ..nothing },
            Self::Command(command) => Written { command: Some(command), ..nothing },
            Self::Generate { rotation: 0 } => Written { generate: Some(true), ..nothing },
            Self::Generate { rotation } => {
                Written { generate: Some(true), rotation: Some(rotation), ..nothing }
            }
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written { env: Some(env), file: None, command: None, generate: None, rotation: None } => {
                Ok(Self::Env(env))
            }
            Written { env: None, file: Some(file), command: None, generate: None, rotation: None } => {
                Ok(Self::File(file))
            }
            Written { env: None, file: None, command: Some(command), generate: None, rotation: None } => {
                Ok(Self::Command(command))
            }
            Written { env: None, file: None, command: None, generate: Some(true), rotation } => {
                Ok(Self::Generate { rotation: rotation.unwrap_or_default() })
            }
            _ => Err(D::Error::custom("one of `env`, `file`, `command` and `generate = true` is wanted")),
        }
    }
}

/// The keys that name a source. One of them is wanted.
pub(super) const SOURCES: [&str; 4] = ["env", "file", "command", "generate"];

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, value: serde_json::Value| serde_json::json!({"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": false});
        let generated = serde_json::json!({
            "type": "object",
            "properties": {
                "generate": {"const": true, "description": "It is made from the state's key, and stored nowhere."},
                "rotation": {"type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 0,
                             "description": "Counted up for a new secret."},
            },
            "required": ["generate"],
            "additionalProperties": false,
        });
        json_schema!({
            "description": "Where a secret comes from; it is never written into this file.",
            "x-secret": true,
            "oneOf": [
                one("env", serde_json::json!({"type": "string", "format": "env-name", "description": "The name of an environment variable."})),
                one("file", serde_json::json!({"type": "string", "format": "line", "description": "The path of a file; the line's end does not belong to the secret."})),
                one("command", serde_json::json!({"type": "array", "items": {"type": "string"}, "minItems": 1,
                    "description": "A program and its arguments; the secret is what it writes to its standard output."})),
                generated,
            ],
        })
    }
}

/// The letters of a generated secret, by kind. Those that look alike in many fonts are left out, and of the special ones those that
/// mean something to shells, URLs, PHP or SQL.
const KINDS: [&[u8]; 4] =
    [b"abcdefghijkmnopqrstuvwxyz", b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"23456789", b"-_.,:+="];

/// How long a generated secret is: the most that MySQL HeatWave takes, and the least that the site's own secret may have.
pub const GENERATED_LENGTH: usize = 32;

/// The secret called `name`, after `rotation` rotations, that follows from `root`: 32 characters, of each kind that MySQL
/// HeatWave wants at least one, some 190 bits.
///
/// `root` must be 32 random bytes or a key derived from such (`DigestKey::subkey`). The same arguments give the same secret for
/// ever: a change of this function would change the passwords of running sites.
#[must_use]
pub fn derive(root: &[u8], name: &str, rotation: u32) -> Secret<String> {
    let mut stream = Stream::new(root, name, rotation);
    let all = KINDS.concat();
    let mut letters: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(GENERATED_LENGTH));
    for at in 0..GENERATED_LENGTH {
        let from: &[u8] = KINDS.get(at).copied().unwrap_or(&all);
        letters.push(from[stream.below(from.len())]);
    }
    // The first four were one of each kind; now nobody knows where they are.
    for at in (1..GENERATED_LENGTH).rev() {
        letters.swap(at, stream.below(at + 1));
    }
    // A letter comes first: a program could take a leading minus for an option.
    let plain = letters.iter().position(u8::is_ascii_alphanumeric).expect("three of four kinds are plain");
    letters.swap(0, plain);
    Secret::new(String::from_utf8(letters.to_vec()).expect("the letters are ASCII"))
}

/// Bytes that follow from a key: HMAC-SHA-256 of a counter.
struct Stream {
    mac: Hmac<Sha256>,
    counter: u64,
    block: Zeroizing<Vec<u8>>,
}

impl Stream {
    fn new(root: &[u8], name: &str, rotation: u32) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(root).expect("HMAC takes a key of any length");
        for part in [b"generated secret 1".as_slice(), name.as_bytes(), &rotation.to_le_bytes()] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Self { mac, counter: 0, block: Zeroizing::new(Vec::new()) }
    }

    fn byte(&mut self) -> u8 {
        if self.block.is_empty() {
            let mut mac = self.mac.clone();
            mac.update(&self.counter.to_le_bytes());
            self.counter += 1;
            self.block = Zeroizing::new(mac.finalize().into_bytes().to_vec());
        }
        self.block.pop().expect("a block has 32 bytes")
    }

    /// A number below `limit`, each with the same probability. `limit` is 1 to 256.
    fn below(&mut self, limit: usize) -> usize {
        let fair = 256 - 256 % limit;
        // Each try succeeds with more than one half.
        loop {
            let byte = usize::from(self.byte());
            if byte < fair {
                return byte % limit;
            }
        }
    }
}

/// A password that somebody gave is not one that MySQL HeatWave takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", wants.join(", "))]
pub struct WeakPassword {
    /// What it lacks, each as a phrase such as `it has no digit`. The password itself is not among them.
    pub wants: Vec<&'static str>,
}

/// Whether MySQL HeatWave takes this password: 8 to 32 characters with a digit, a small and a capital letter and a special one.
///
/// # Errors
/// [`WeakPassword`] with everything that it lacks.
pub fn check_password(password: &Secret<String>) -> Result<(), WeakPassword> {
    let text = password.expose();
    let length = text.chars().count();
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    let rules = [
        (length >= 8, "it is shorter than 8 characters"),
        (length <= 32, "it is longer than 32 characters"),
        (has(char::is_ascii_digit), "it has no digit"),
        (has(char::is_ascii_lowercase), "it has no small letter"),
        (has(char::is_ascii_uppercase), "it has no capital letter"),
        (has(char::is_ascii_punctuation), "it has no special character"),
        (!text.chars().any(char::is_control), "it has a line break or another control character"),
        (text.is_ascii(), "it has letters beyond ASCII"),
    ];
    let wants: Vec<&'static str> = rules.into_iter().filter(|(ok, _)| !ok).map(|(_, want)| want).collect();
    if wants.is_empty() { Ok(()) } else { Err(WeakPassword { wants }) }
}

/// Why a secret cannot be had from where the file says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("could not read {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program cannot be run, or failed.
    #[error("could not run `{program}`")]
    Command {
        /// The program, without its arguments.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is no text.
    #[error("it is no text in UTF-8")]
    NotText,
    /// It is empty.
    #[error("it is empty")]
    Empty,
}

/// Runs a program and gives what it wrote to its standard output. A program that fails is an error.
pub type Run<'a> = &'a dyn Fn(&[String]) -> io::Result<Vec<u8>>;

/// The secret called `name` from where `source` says. `root` is as in [`derive()`]; relative paths of files begin at `folder`, where
/// the stack file lies.
///
/// # Errors
/// [`SecretError`]; the secret is in none of them.
pub fn resolve(
    name: &str,
    source: &Source,
    root: &[u8],
    folder: &Path,
    (world, run): (&dyn World, Run<'_>),
) -> Result<Secret<String>, SecretError> {
    let bytes = match source {
        Source::Generate { rotation } => return Ok(derive(root, name, *rotation)),
        Source::Env(name) => {
            let value = world.env_var(name).ok_or_else(|| SecretError::NotSet(name.clone()))?;
            return if value.is_empty() { Err(SecretError::Empty) } else { Ok(Secret::new(value)) };
        }
        Source::File(path) => {
            let path = folder.join(path);
            world.read_file(&path).map_err(|source| SecretError::File { path, source })?
        }
        Source::Command(words) => run(words).map_err(|source| SecretError::Command {
            program: words.first().cloned().unwrap_or_default(),
            source,
        })?,
    };
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err(SecretError::Empty) } else { Ok(Secret::new(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_root_name_and_rotation_give_the_same_secret_for_ever() {
        let derived = derive(&[7; 32], "admin_password", 0);
        insta::assert_snapshot!(derived.expose(), @"R=8BpfT,muuabPNb.XN-249_u3b,mcEB");
    }

    #[test]
    fn a_secret_differs_with_root_name_and_rotation_and_meets_the_rules() {
        let mut seen = std::collections::BTreeSet::new();
        for root in 0..8_u8 {
            for name in ["admin_password", "database_password", "site_secret"] {
                for rotation in 0..40 {
                    let secret = derive(&[root; 32], name, rotation);
                    assert_eq!(check_password(&secret), Ok(()), "root {root}, {name}, {rotation}");
                    assert_eq!(secret.expose().len(), GENERATED_LENGTH);
                    assert!(secret.expose().starts_with(|c: char| c.is_ascii_alphanumeric()));
                    seen.insert(secret.expose().clone());
                }
            }
        }
        assert_eq!(seen.len(), 8 * 3 * 40);
    }

    #[test]
    fn every_letter_comes_up_about_as_often_as_it_should() {
        let mut counts = [0_u32; 256];
        for rotation in 0..2_000 {
            derive(&[1; 32], "x", rotation).expose().bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        }
        let of = |kind: &[u8]| kind.iter().map(|byte| counts[usize::from(*byte)]).collect::<Vec<_>>();
        for kind in KINDS {
            let counts = of(kind);
            let mean = counts.iter().sum::<u32>() / u32::try_from(counts.len()).unwrap();
            let fair = |count: &u32| count.abs_diff(mean) * 4 < mean;
            assert!(counts.iter().all(fair), "{counts:?} around {mean}");
        }
    }

    #[test]
    fn a_weak_password_is_told_everything_that_it_lacks_and_is_not_shown() {
        let lacks = |text: &str| check_password(&Secret::new(text.to_owned())).map_err(|weak| weak.wants);
        assert_eq!(lacks("Abcdefg1!"), Ok(()));
        assert_eq!(
            lacks("abc"),
            Err(vec![
                "it is shorter than 8 characters",
                "it has no digit",
                "it has no capital letter",
                "it has no special character"
            ])
        );
        assert_eq!(lacks(&format!("Aa1!{}", "x".repeat(29))), Err(vec!["it is longer than 32 characters"]));
        let weak = check_password(&Secret::new("hunter2".to_owned())).unwrap_err();
        assert!(!format!("{weak} {weak:?}").contains("hunter2"));
    }

    #[test]
    fn arguments_of_a_command_are_not_seen_in_debug_output() {
        let source = Source::Command(vec!["pass".to_owned(), "--token=canary".to_owned()]);
        assert!(!format!("{source:?}").contains("canary"));
    }

    #[test]
    fn a_secret_comes_from_where_the_file_says() {
        let world = world::TestWorld::new(chrono::DateTime::UNIX_EPOCH, 1)
            .with_env("PW", "from the environment")
            .with_env("EMPTY", "")
            .with_file("/stack/pw.txt", "from a file\r\n")
            .with_file("/stack/binary", [0xff]);
        let run = |words: &[String]| match words[0].as_str() {
            "pass" => Ok(b"from a program\n".to_vec()),
            _ => Err(io::Error::other("exit status 3")),
        };
        let of = |source: Source| {
            let found = resolve("admin_password", &source, &[7; 32], Path::new("/stack"), (&world, &run));
            found.map(|secret| secret.expose().clone()).map_err(|error| error.to_string())
        };
        let command = |program: &str| Source::Command(vec![program.to_owned(), "--token=canary".to_owned()]);
        assert_eq!(of(Source::Env("PW".to_owned())).unwrap(), "from the environment");
        assert_eq!(of(Source::File("pw.txt".into())).unwrap(), "from a file");
        assert_eq!(of(command("pass")).unwrap(), "from a program");
        assert_eq!(
            of(Source::Generate { rotation: 2 }).unwrap(),
            *derive(&[7; 32], "admin_password", 2).expose()
        );
        assert_eq!(
            of(Source::Env("NONE".to_owned())).unwrap_err(),
            "the environment variable `NONE` is not set"
        );
        assert_eq!(of(Source::Env("EMPTY".to_owned())).unwrap_err(), "it is empty");
        assert_eq!(of(Source::File("none".into())).unwrap_err(), "could not read /stack/none");
        assert_eq!(of(Source::File("binary".into())).unwrap_err(), "it is no text in UTF-8");
        assert_eq!(of(command("other")).unwrap_err(), "could not run `other`");
    }
}
