//! The file that holds the key of a state's digests.
//!
//! It lies beside the state and never in it: a state can be shown to others, and copied to where the key is not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::DigestKey;
use crate::disk::{Disk, RealDisk, folder_of};

/// Where the key is kept.
#[derive(Debug, Clone)]
pub struct KeyFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u64,
    id: String,
    key: Zeroizing<String>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system refused.
    #[error("could not {action} the key file {}", path.display())]
    Io {
        /// What was attempted, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no key file, or is damaged.
    #[error("the key file {} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A newer version of this program wrote the file.
    #[error("the key file {} has format {found}; this program reads format 1", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
}

impl KeyFile {
    /// The key file at `path`, on the machine's own disk.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::on(Arc::new(RealDisk), path)
    }

    /// The key file at `path` on `disk`.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, path: impl Into<PathBuf>) -> Self {
        Self { disk, path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or is not what [`KeyFile::save`] writes.
    pub fn load(&self) -> Result<Option<DigestKey>, KeyError> {
        let content = match self.disk.read(&self.path) {
            Ok(content) => Zeroizing::new(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeyError::Io { action: "read", path: self.path.clone(), source }),
        };
        let damaged = |why| KeyError::Damaged { path: self.path.clone(), why };
        let stored: Stored = serde_json::from_slice(&content).map_err(|_| damaged("it is no key file"))?;
        if stored.format > 1 {
            return Err(KeyError::Newer { path: self.path.clone(), found: stored.format });
        }
        let bytes = Zeroizing::new(
            STANDARD.decode(stored.key.as_bytes()).map_err(|_| damaged("its key is not base64"))?,
        );
        let bytes: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| damaged("its key is not 32 bytes long"))?;
        let key = DigestKey::from_bytes(bytes);
        // A changed byte in the key would otherwise make every secret look changed.
        if key.id() != stored.id { Err(damaged("its key does not fit its id")) } else { Ok(Some(key)) }
    }

    /// Writes the key, for its owner only. It is on disk when this returns.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn save(&self, key: &DigestKey) -> Result<(), KeyError> {
        let failed = |source| KeyError::Io { action: "write", path: self.path.clone(), source };
        let stored = Stored { format: 1, id: key.id(), key: STANDARD.encode(key.0).into() };
        let content = Zeroizing::new(serde_json::to_vec_pretty(&stored).expect("texts serialise"));
        self.disk.create_folder(folder_of(&self.path)).map_err(failed)?;
        self.disk.replace(&self.path, &content).map_err(failed)
    }
}

/// 32 random bytes for a new key, from the operating system.
///
/// # Errors
/// When the system has none to give.
pub fn system_entropy() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimulatedDisk;

    #[test]
    fn a_key_is_read_back_and_a_damaged_one_is_refused_at_every_byte() {
        let disk = SimulatedDisk::new(1);
        let file = KeyFile::on(Arc::new(disk.clone()), "/s/state.key");
        assert!(file.load().unwrap().is_none());
        let key = DigestKey::from_bytes(system_entropy().unwrap());
        file.save(&key).unwrap();
        assert_eq!(file.load().unwrap().unwrap().id(), key.id());

        let whole = disk.read(Path::new("/s/state.key")).unwrap();
        for at in 0..whole.len() {
            disk.put("/s/state.key", &whole[..at]);
            assert!(file.load().is_err(), "cut to {at} bytes");
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            disk.put("/s/state.key", flipped);
            // A byte between the words may change without harm; the key may not.
            if let Ok(found) = file.load() {
                assert_eq!(found.unwrap().id(), key.id(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_newer_key_file_is_refused_politely() {
        let disk = SimulatedDisk::new(1);
        disk.put("/s/state.key", r#"{"format":2,"id":"x","key":"y"}"#);
        let error = KeyFile::on(Arc::new(disk), "/s/state.key").load().unwrap_err();
        assert_eq!(error.to_string(), "the key file /s/state.key has format 2; this program reads format 1");
    }
}
