//! The fingerprint that Oracle shows for an API key.

use std::fmt;

use md5::{Digest, Md5};

/// MD5 of the public key's DER form (`SubjectPublicKeyInfo`): 16 lower-case hex pairs joined by colons.
///
/// MD5 is Oracle's choice for a *name* of a key; nothing here relies on it being hard to forge.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

/// The text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 16 pairs of lower-case hex digits joined by colons, like `12:34:…:ef`")]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// Reads a fingerprint as Oracle's console shows it.
    ///
    /// # Errors
    /// [`InvalidFingerprint`] for anything else; upper-case digits are refused, because the service compares
    /// the text.
    ///
    /// # Source
    /// `oci/config.py` of Oracle's Python SDK 2.189.0: `^([0-9a-f]{2}:){15}[0-9a-f]{2}$`.
    pub fn parse(text: &str) -> Result<Self, InvalidFingerprint> {
        let pairs = text.split(':');
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let valid = pairs.clone().count() == 16
            && pairs.into_iter().all(|pair| pair.len() == 2 && pair.bytes().all(is_hex));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidFingerprint) }
    }

    /// The fingerprint of a public key given as DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn of_public_key(der: &[u8]) -> Self {
        let pairs: Vec<String> = Md5::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(pairs.join(":"))
    }

    /// The text, as it stands in a key id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixteen_lower_case_pairs_are_a_fingerprint() {
        let valid = "c2:bf:0a:0d:45:8b:8b:54:91:2a:3d:27:79:33:33:86";
        assert_eq!(Fingerprint::parse(valid).unwrap().as_str(), valid);
        let upper = valid.to_uppercase();
        let (short, long) = (&valid[3..], format!("{valid}:00"));
        for wrong in ["", "c2", upper.as_str(), short, &long, &valid.replace(':', "-"), &format!("{valid}\n")]
        {
            assert_eq!(Fingerprint::parse(wrong), Err(InvalidFingerprint), "{wrong:?}");
        }
    }
}
