//! The disk, as far as a store of state needs it: append, sync, replace, lock.
//!
//! Everything that must survive a crash goes through [`Disk`], so that the same code runs on the machine's
//! own files ([`RealDisk`]) and on a model that forgets what was not synced ([`SimulatedDisk`]).
//!
//! The rules that the callers live by, and that the model enforces:
//!
//! - what was appended is there after a crash only if the file was synced since;
//! - a new, renamed or removed name is there after a crash only if its folder was synced since;
//! - a write may be torn at any byte.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

mod simulated;

pub use simulated::{Gate, Loss, SimulatedDisk, Verdict};

/// How long [`RealDisk`] waits between two attempts to take a lock. The locks waited for are held for
/// one write at most, so a wait much shorter than a sync is enough.
const LOCK_POLL: Duration = Duration::from_millis(1);

/// Files with the few operations whose behaviour in a crash is known.
///
/// Paths are used as they come. Files are made readable and writable by their owner only.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none; otherwise whatever the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Opens an existing file for appending.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none; otherwise whatever the system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Makes a new, empty file in the place of what bore that name. What bore it before is not written to,
    /// so other names of it keep their content.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives the file `from` the name `to`, in one step; what was called `to` before loses that name.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives the file `from` a second name `to`, which must be free.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when `to` is taken; otherwise whatever the system says.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none; otherwise whatever the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes names in `folder` that were made, changed or removed before this call survive a crash.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names in `folder`, sorted. A missing folder has none.
    ///
    /// # Errors
    /// Whatever the system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Makes a folder and those above it, for their owner only.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes the exclusive lock of a file, making the file if it is missing, and waits at most `patience` for
    /// it. `None` means that somebody else has it still. The lock ends when the answer is dropped or the process dies.
    ///
    /// The lock belongs to the file, not to its name: renaming the file takes the lock along.
    ///
    /// # Errors
    /// Whatever the system says.
    fn lock(&self, path: &Path, patience: Duration) -> io::Result<Option<Box<dyn DiskLock>>>;

    /// Replaces the content of `path` in one step that is on disk when this returns: after a crash at any
    /// point there is either the old content or the new.
    ///
    /// # Errors
    /// Whatever the system says. The old content is then still there, or the new one is.
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let sibling = temporary_sibling(path);
        let mut file = self.create(&sibling)?;
        file.append(content)?;
        // The content goes to disk before the name that points at it. The other way round, a crash leaves an
        // empty file under the good name.
        file.sync()?;
        self.rename(&sibling, path)?;
        self.sync_folder(folder_of(path))
    }

    /// Keeps what is at `from` now under the name `to` as well, replacing what bore that name.
    ///
    /// `from` must never be appended to afterwards, only replaced: both are names of one file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn keep_as(&self, from: &Path, to: &Path) -> io::Result<()> {
        let sibling = temporary_sibling(to);
        match self.remove(&sibling) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match self.link(from, &sibling) {
            Ok(()) => {
                self.rename(&sibling, to)?;
                self.sync_folder(folder_of(to))
            }
            // Some file systems have no second names.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.replace(to, &self.read(from)?),
            Err(error) => Err(error),
        }
    }
}

/// A file open for appending.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Writes at the end. After an error any part of `bytes` may have been written.
    ///
    /// # Errors
    /// Whatever the system says, for example that the disk is full.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written survive a crash. After an error nothing is known about what was written since
    /// the last sync, and calling again proves nothing.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to its first `length_bytes` bytes. Like an append it needs a sync.
    ///
    /// # Errors
    /// Whatever the system says.
    fn truncate(&mut self, length_bytes: u64) -> io::Result<()>;

    /// The file's length in bytes.
    ///
    /// # Errors
    /// Whatever the system says.
    fn length(&self) -> io::Result<u64>;
}

/// A lock that is held until this is dropped.
pub trait DiskLock: Send + Sync + fmt::Debug {}

/// The folder that holds `path`; the current one for a bare name.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// `path` with something added to its last part: `state.json` and `.lock` give `state.json.lock`.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn temporary_sibling(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// The files of the machine that the program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    #[expect(clippy::disallowed_methods, reason = "this is the store's one reader of files")]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().append(true).open(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match self.remove(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Box::new(RealFile(owner_only().append(true).create_new(true).open(path)?)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the store's one renamer of files")]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the store's one remover of files")]
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "a folder is synced through a handle to it")]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)
    }

    #[expect(clippy::disallowed_methods, reason = "waiting for a lock that is held for one write")]
    fn lock(&self, path: &Path, patience: Duration) -> io::Result<Option<Box<dyn DiskLock>>> {
        let file = owner_only().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Box::new(RealLock { _file: file }))),
                Err(TryLockError::WouldBlock) if waited >= patience => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(LOCK_POLL);
                    waited += LOCK_POLL;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

fn owner_only() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        self.0.set_len(length_bytes)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl DiskLock for RealLock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_a_file_leaves_no_temporary_one_and_keeps_it_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        RealDisk.replace(&path, b"one").unwrap();
        RealDisk.replace(&path, b"two").unwrap();
        assert_eq!(RealDisk.read(&path).unwrap(), b"two");
        assert_eq!(RealDisk.list(folder.path()).unwrap(), ["state.json"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_kept_copy_stays_as_it_was_when_the_original_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("state.json"), folder.path().join("state.json.backup"));
        RealDisk.replace(&path, b"one").unwrap();
        RealDisk.keep_as(&path, &copy).unwrap();
        RealDisk.replace(&path, b"two").unwrap();
        RealDisk.keep_as(&path, &copy).unwrap();
        RealDisk.replace(&path, b"three").unwrap();
        assert_eq!(RealDisk.read(&copy).unwrap(), b"two");
    }

    #[test]
    fn a_lock_excludes_others_and_follows_a_renamed_file() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        let held = RealDisk.lock(&first, Duration::ZERO).unwrap();
        assert!(held.is_some());
        RealDisk.rename(&first, &second).unwrap();
        assert!(RealDisk.lock(&second, Duration::ZERO).unwrap().is_none());
        assert!(RealDisk.lock(&first, Duration::ZERO).unwrap().is_some(), "the old name is another file now");
        drop(held);
        assert!(RealDisk.lock(&second, Duration::ZERO).unwrap().is_some());
    }
}
