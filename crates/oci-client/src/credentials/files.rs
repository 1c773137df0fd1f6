//! Files that settings name: how their paths are read, and what is said when they cannot be.

use std::io;
use std::path::{Path, PathBuf};

use world::World;

use super::credential::Credential;
use super::error::CredentialError;
use super::provider::Warning;
use crate::key::SigningKey;
use crate::secret::Secret;

/// A file, and the setting that names it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    /// Such as ``` `key_file` on line 4 of /home/me/.oci/config ```.
    pub(super) origin: String,
}

impl Named {
    /// The path as it was written: `~` is the home folder; a relative path counts from the working folder, as
    /// in Oracle's tools, or else from the folder of the file that names it.
    pub(super) fn new(world: &dyn World, written: &str, beside: Option<&Path>, origin: String) -> Self {
        let path = expand_home(world, written);
        let beside = beside.and_then(Path::parent).filter(|_| path.is_relative()).map(|dir| dir.join(&path));
        let path = match beside {
            Some(beside) if is_missing(world, &path) && !is_missing(world, &beside) => beside,
            _ => path,
        };
        Self { path, origin }
    }

    /// The file's bytes.
    pub(super) fn read(&self, world: &dyn World, what: &'static str) -> Result<Vec<u8>, CredentialError> {
        world.read_file(&self.path).map_err(|source| CredentialError::ReadFile {
            what,
            path: self.path.clone(),
            origin: self.origin.clone(),
            source,
        })
    }

    /// The file's text, without blanks around it.
    pub(super) fn read_token(
        &self,
        world: &dyn World,
        what: &'static str,
    ) -> Result<Secret<String>, CredentialError> {
        let bytes = Secret::new(self.read(world, what)?);
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| CredentialError::Token {
            origin: self.describe(),
            source: super::token::TokenError::NotAToken,
        })?;
        Ok(Secret::new(text.trim().to_owned()))
    }

    /// The private key in the file.
    pub(super) fn read_key(
        &self,
        world: &dyn World,
        passphrase: Option<&Secret<String>>,
    ) -> Result<SigningKey, CredentialError> {
        let pem = Secret::new(self.read(world, "private key")?);
        SigningKey::from_pem(pem.expose(), passphrase)
            .map_err(|source| CredentialError::Key { origin: self.describe(), source })
    }

    /// `credential`, acting for the user whose token is in the file.
    pub(super) fn delegate(
        &self,
        world: &dyn World,
        credential: Credential,
    ) -> Result<Credential, CredentialError> {
        let token = self.read_token(world, "delegation token")?;
        credential.on_behalf_of(token).map_err(|_| CredentialError::Token {
            origin: self.describe(),
            source: super::token::TokenError::NotAToken,
        })
    }

    /// The file and the setting that names it.
    pub(super) fn describe(&self) -> String {
        format!("{} (named by {})", self.path.display(), self.origin)
    }
}

/// `~` and `~/…` with the home folder in place, if there is one.
pub(super) fn expand_home(world: &dyn World, written: &str) -> PathBuf {
    let below = match written.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            rest.trim_start_matches(['/', '\\'])
        }
        _ => return PathBuf::from(written),
    };
    match world.home_dir() {
        Some(home) if below.is_empty() => home,
        Some(home) => home.join(below),
        None => PathBuf::from(written),
    }
}

fn is_missing(world: &dyn World, path: &Path) -> bool {
    matches!(world.file_mode(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// A warning, if others than its owner can read the file.
pub(super) fn permission_warning(world: &dyn World, path: &Path) -> Option<Warning> {
    // The name and the rule are those of Oracle's command line.
    let suppressed = world.env_var("OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING");
    if suppressed.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1") {
        return None;
    }
    let mode = world.file_mode(path).ok().flatten()?;
    (mode & 0o077 != 0).then(|| Warning::ReadableByOthers { path: path.to_owned(), mode })
}
