//! Keyed digests: how a secret is recognised without being kept.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::value::{Digest, Value, ValueMap};

/// The key of all digests in one state. It lives apart from the state.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// The key with these bytes, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of some bytes.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(bytes);
        Digest(mac.finalize().into_bytes().into())
    }

    /// The digest of a value, secrets included. Equal values have equal digests.
    #[must_use]
    pub fn digest_value(&self, value: &Value) -> Digest {
        let mut bytes = Vec::with_capacity(64);
        canonical(value, &mut bytes);
        self.digest(&bytes)
    }

    /// The value with every secret replaced by its digest, so that it may be written down.
    #[must_use]
    pub fn redact(&self, value: &Value) -> Value {
        value.replace(&|part| match part {
            Value::Sensitive(secret) => Some(match secret.expose() {
                Value::Null => Value::Null,
                hidden @ (Value::Unknown(_) | Value::Redacted(_)) => hidden.clone(),
                hidden => Value::Redacted(self.digest_value(hidden)),
            }),
            _ => None,
        })
    }

    /// As [`DigestKey::redact`], for all values of a map; shares the map if there is nothing to hide.
    #[must_use]
    pub fn redact_map(&self, map: &ValueMap) -> ValueMap {
        if map.values().any(Value::has_sensitive) {
            return map.map_values(|value| self.redact(value));
        }
        map.clone()
    }
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestKey(<secret>)")
    }
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
