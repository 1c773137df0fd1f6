//! What objects hold is nobody's business but their owner's: in the file of a cloud it is sealed.
//!
//! The key lies in a file of its own, `FILE.key`, that only its owner may read. Whoever passes on a cloud, with a report of a defect
//! say, passes on no secrets.

use std::io::{self, Write};
use std::path::Path;

use aes_gcm::aead::{Aead, Key, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What begins a sealed text. Nothing in base64 does.
const SEALED: &str = "sealed:";

const NONCE_BYTES: usize = 12;

/// Seals texts, and opens them again.
pub(crate) struct Seal {
    key: [u8; 32],
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    fn new(key: [u8; 32]) -> Self {
        Self { key, cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)) }
    }

    /// The seal whose key is in this file, which is made when there is none.
    ///
    /// # Errors
    /// When it can be neither read nor made, or holds something else.
    #[expect(clippy::disallowed_methods, reason = "the key of the store of the mock's cloud")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let key = STANDARD.decode(bytes.trim_ascii()).ok().and_then(|key| key.try_into().ok());
                key.map(Self::new).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no key"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key: [u8; 32] = rand::random();
                // Never half written, and readable by its owner only from the first byte.
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
                writeln!(file, "{}", STANDARD.encode(key))?;
                file.persist(path)?;
                Ok(Self::new(key))
            }
            Err(error) => Err(error),
        }
    }

    /// Seals a text. The same text gives the same bytes, so that equal clouds give equal files.
    pub(crate) fn close(&self, text: &str) -> String {
        // A nonce must not be used for two texts under one key; one that follows from both never is.
        let digest = Sha256::new().chain_update(self.key).chain_update(text).finalize();
        let mut all = digest[..NONCE_BYTES].to_vec();
        let nonce = Nonce::try_from(&all[..]).expect("a nonce has twelve bytes");
        all.extend(self.cipher.encrypt(&nonce, text.as_bytes()).expect("an object is shorter than 64 GiB"));
        format!("{SEALED}{}", STANDARD.encode(all))
    }

    /// What was sealed; none if it was sealed with another key, or changed. What never was sealed comes back as it is: that is how
    /// files were written before there was a seal.
    pub(crate) fn unseal(&self, text: &str) -> Option<String> {
        let Some(sealed) = text.strip_prefix(SEALED) else { return Some(text.to_owned()) };
        let all = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = all.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_from(nonce).ok()?;
        String::from_utf8(self.cipher.decrypt(&nonce, sealed).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_own_key_only_and_not_seen() {
        let (seal, other) = (Seal::new([1; 32]), Seal::new([2; 32]));
        for text in ["", "Y29udGVudA==", &"x".repeat(100_000)] {
            let sealed = seal.close(text);
            assert_eq!(sealed, seal.close(text));
            assert!(text.is_empty() || !sealed.contains(text));
            assert_eq!(seal.unseal(&sealed).as_deref(), Some(text));
            assert_eq!(other.unseal(&sealed), None);
            assert_eq!(seal.unseal(&sealed[..sealed.len() - 4]), None);
        }
        assert_ne!(seal.close("a"), seal.close("b"));
        assert_eq!(seal.unseal("Y29udGVudA==").as_deref(), Some("Y29udGVudA=="));
    }

    #[test]
    fn the_key_is_made_once_and_a_file_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json.key");
        let sealed = Seal::open(&path).unwrap().close("a");
        assert_eq!(Seal::open(&path).unwrap().unseal(&sealed).as_deref(), Some("a"));
        let other = folder.path().join("other");
        std::io::Write::write_all(&mut std::fs::File::create_new(&other).unwrap(), b"short").unwrap();
        assert!(Seal::open(&other).is_err());
    }
}
