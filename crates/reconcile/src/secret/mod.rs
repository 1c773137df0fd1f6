//! Keyed digests: how a secret is recognised without being kept.
//!
//! A digest is an HMAC-SHA-256 with a random key that lives apart from the state, so that whoever has the state alone
//! cannot try passwords on it. The digest of a secret begins with a salt that follows from its place (address and attribute):
//! equal secrets in two places do not look equal. The salt travels with the digest, so a resource that was moved to another address is
//! still recognised.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hex::hex;
use crate::value::{Digest, Value, ValueMap};

mod key_file;

pub use key_file::{KeyError, KeyFile, system_entropy};

/// How much of a secret's digest is its salt; the rest is the digest proper (192 bits).
const SALT_BYTES: usize = 8;

/// The key of all digests in one state. It lives apart from the state, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl Drop for DigestKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for DigestKey {}

impl DigestKey {
    /// The key with these bytes, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What tells this key from others and nothing else about it: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = self.mac("key id", &[]);
        hex(&digest[..8])
    }

    /// A key for another purpose, which follows from this one and tells nothing about it.
    #[must_use]
    pub fn subkey(&self, purpose: &str) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.mac("subkey", &[purpose.as_bytes()]))
    }

    /// The digest of some bytes.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        Digest(self.mac("bytes", &[bytes]))
    }

    /// The digest of a value, secrets included, such as the payload of a request. Equal values have equal digests.
    #[must_use]
    pub fn digest_value(&self, value: &Value) -> Digest {
        Digest(self.mac("value", &[&canonical_bytes(value)]))
    }

    /// The value with every secret replaced by its digest, so that it may be written down. `place` says where it stands
    /// (the address and the attribute).
    #[must_use]
    pub fn redact(&self, place: &str, value: &Value) -> Value {
        match value {
            Value::Sensitive(secret) => match secret.expose() {
                Value::Null => Value::Null,
                hidden @ (Value::Unknown(_) | Value::Redacted(_)) => hidden.clone(),
                hidden => Value::Redacted(self.digest_secret(self.salt(place), hidden).into()),
            },
            Value::List(values) if value.has_sensitive() => {
                let redact = |(index, value)| self.redact(&format!("{place}[{index}]"), value);
                Value::List(values.iter().enumerate().map(redact).collect())
            }
            Value::Map(map) => Value::Map(self.redact_map(place, map)),
            other => other.clone(),
        }
    }

    /// As [`DigestKey::redact`], for all values of a map; shares the map if there is nothing to hide.
    #[must_use]
    pub fn redact_map(&self, place: &str, map: &ValueMap) -> ValueMap {
        if !map.values().any(Value::has_sensitive) {
            return map.clone();
        }
        let redact = |(name, value): (&std::sync::Arc<str>, &Value)| {
            (name.clone(), self.redact(&format!("{place}.{name:?}"), value))
        };
        map.iter().map(redact).collect()
    }

    /// Whether `digest`, made by [`DigestKey::redact`] at whatever place, is that of `value`.
    #[must_use]
    pub fn recognises(&self, digest: &Digest, value: &Value) -> bool {
        let salt = digest.0[..SALT_BYTES].try_into().expect("a digest is longer than its salt");
        self.digest_secret(salt, value.exposed()) == *digest
    }

    fn digest_secret(&self, salt: [u8; SALT_BYTES], value: &Value) -> Digest {
        let mac = self.mac("secret", &[&salt, &canonical_bytes(value)]);
        let mut digest = [0; 32];
        digest[..SALT_BYTES].copy_from_slice(&salt);
        digest[SALT_BYTES..].copy_from_slice(&mac[..32 - SALT_BYTES]);
        Digest(digest)
    }

    fn salt(&self, place: &str) -> [u8; SALT_BYTES] {
        self.mac("salt", &[place.as_bytes()])[..SALT_BYTES].try_into().expect("a MAC is longer than a salt")
    }

    /// HMAC over what it is for and the parts, each with its length before it.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DigestKey({})", self.id())
    }
}

fn canonical_bytes(value: &Value) -> zeroize::Zeroizing<Vec<u8>> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(64));
    canonical(value, &mut bytes);
    bytes
}

/// Bytes that are equal exactly for equal values: a tag and a length before everything.
fn canonical(value: &Value, bytes: &mut Vec<u8>) {
    let mut sized = |tag: u8, content: &[u8]| {
        bytes.push(tag);
        bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(content);
    };
    match value {
        Value::Null => bytes.push(b'n'),
        Value::Bool(value) => bytes.push(if *value { b't' } else { b'f' }),
        Value::Number(number) => sized(b'#', number.to_string().as_bytes()),
        Value::String(text) => sized(b's', text.as_bytes()),
        Value::Unknown(origin) => sized(b'u', origin.to_string().as_bytes()),
        Value::Redacted(digest) => sized(b'r', &digest.0),
        Value::Sensitive(secret) => canonical(secret.expose(), bytes),
        Value::List(values) => {
            sized(b'l', &(values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| canonical(value, bytes));
        }
        Value::Map(map) => {
            sized(b'm', &(map.len() as u64).to_le_bytes());
            for (name, value) in map.iter() {
                canonical(&Value::String(name.clone()), bytes);
                canonical(value, bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DigestKey {
        DigestKey::from_bytes([7; 32])
    }

    fn redacted(place: &str, text: &str) -> Value {
        key().redact(place, &Value::sensitive(text))
    }

    #[test]
    fn equal_secrets_look_equal_only_in_the_same_place() {
        assert_eq!(redacted("t.a.password", "hunter2"), redacted("t.a.password", "hunter2"));
        assert_ne!(redacted("t.a.password", "hunter2"), redacted("t.b.password", "hunter2"));
        assert_ne!(redacted("t.a.password", "hunter2"), redacted("t.a.password", "hunter3"));
        let pair = Value::list([Value::sensitive("x"), Value::sensitive("x")]);
        let Value::List(pair) = key().redact("t.a.l", &pair) else { panic!("a list stays a list") };
        assert_ne!(pair[0], pair[1]);
    }

    #[test]
    fn a_secret_is_recognised_wherever_it_was_redacted_and_by_no_other_key() {
        let Value::Redacted(digest) = redacted("t.a.password", "hunter2") else { panic!("it is a secret") };
        assert!(key().recognises(&digest, &Value::sensitive("hunter2")));
        assert!(key().recognises(&digest, &Value::from("hunter2")));
        assert!(!key().recognises(&digest, &Value::from("hunter3")));
        assert!(!DigestKey::from_bytes([8; 32]).recognises(&digest, &Value::from("hunter2")));
    }

    #[test]
    fn redacting_hides_secrets_at_any_depth_and_nothing_else() {
        let inner = Value::map([("open", Value::from("seen")), ("closed", Value::sensitive("hunter2"))]);
        let map: ValueMap = [("list".into(), Value::list([inner]))].into_iter().collect();
        let redacted = key().redact_map("t.a", &map);
        let text = serde_json::to_string(&redacted).unwrap();
        assert!(text.contains("seen") && !text.contains("hunter2"), "{text}");
        assert!(serde_json::to_string(&map).is_err(), "a secret in clear was written");
    }

    #[test]
    fn values_that_differ_only_in_kind_have_different_digests() {
        let values = [
            Value::Null,
            Value::from("null"),
            Value::from("1"),
            Value::from(1),
            Value::from(true),
            Value::list([]),
            Value::list([Value::Null]),
            Value::list([Value::list([])]),
            Value::Map(ValueMap::default()),
            Value::from(""),
        ];
        let digests: std::collections::BTreeSet<_> =
            values.iter().map(|value| key().digest_value(value)).collect();
        assert_eq!(digests.len(), values.len());
    }

    #[test]
    fn a_subkey_follows_from_key_and_purpose() {
        assert_eq!(key().subkey("a"), key().subkey("a"));
        assert_ne!(key().subkey("a"), key().subkey("b"));
        assert_ne!(key().subkey("a"), DigestKey::from_bytes([8; 32]).subkey("a"));
        assert_ne!(*key().subkey("a"), key().0);
    }

    #[test]
    fn a_key_shows_its_id_and_not_itself() {
        let shown = format!("{:?}", key());
        assert_eq!(shown, format!("DigestKey({})", key().id()));
        assert!(!shown.contains("0707"), "{shown}");
        assert_ne!(key().id(), DigestKey::from_bytes([8; 32]).id());
    }
}
