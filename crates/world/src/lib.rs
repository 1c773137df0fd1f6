//! Time, sleep, randomness, environment and files, given to the program from outside.
//!
//! Every decision in this workspace is an ordinary function of its arguments. What it cannot compute it
//! asks of a [`World`]: the real one is made in `main`, tests make a [`TestWorld`] whose time only moves
//! with tokio's paused clock and whose randomness comes from one seed.
//!
//! Deliberately absent: writing files. What is kept on disk has its own small interface (the state store of
//! the reconciler), because it needs more than "write": order, sync and rename.

mod scaled;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rand_core::Rng;
use rand::{SeedableRng, rngs::ChaCha8Rng};

pub use scaled::ScaledWorld;

/// A future that can be named in a trait: boxed and sendable.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a program may ask of its surroundings.
pub trait World: Send + Sync + fmt::Debug {
    /// The wall clock. It may jump; use [`World::monotonic`] to measure.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed moment; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits for `duration`.
    ///
    /// # Cancel safety
    /// It may be dropped at any time; nothing happens then.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// A random number, for jitter and tokens. Not for keys: those come from the cryptography library.
    fn random_u64(&self) -> u64;

    /// The value of an environment variable; `None` if it is absent or not Unicode.
    fn env_var(&self, name: &str) -> Option<String>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The permission bits of a file (such as `0o600`); `None` where the system has no such thing.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn file_mode(&self, path: &Path) -> io::Result<Option<u32>>;

    /// The user's home directory: `HOME`, or `USERPROFILE` on Windows.
    fn home_dir(&self) -> Option<PathBuf> {
        self.env_var("HOME")
            .or_else(|| self.env_var("USERPROFILE"))
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
    }
}

/// The machine that the program runs on.
#[derive(Debug)]
pub struct RealWorld {
    started: std::time::Instant,
}

impl RealWorld {
    /// The world, with [`World::monotonic`] counting from now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Default for RealWorld {
    fn default() -> Self {
        Self::new()
    }
}

impl World for RealWorld {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one real sleep")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random_u64(&self) -> u64 {
        rand::random()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    fn env_var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one reader of files")]
    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    #[cfg(unix)]
    fn file_mode(&self, path: &Path) -> io::Result<Option<u32>> {
        use std::os::unix::fs::PermissionsExt;
        Ok(Some(std::fs::metadata(path)?.permissions().mode() & 0o7777))
    }

    #[cfg(not(unix))]
    fn file_mode(&self, path: &Path) -> io::Result<Option<u32>> {
        std::fs::metadata(path).map(|_| None)
    }
}

/// A world made by a test: a clock that moves with tokio's (paused) one, seeded randomness, and an
/// environment and files held in memory.
pub struct TestWorld {
    epoch: DateTime<Utc>,
    started: tokio::time::Instant,
    random: Mutex<ChaCha8Rng>,
    env: BTreeMap<String, String>,
    files: Mutex<BTreeMap<PathBuf, (Vec<u8>, u32)>>,
}

impl fmt::Debug for TestWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestWorld").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl TestWorld {
    /// A world whose wall clock shows `epoch` now and whose randomness comes from `seed`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "tokio's clock, which tests pause and advance")]
    pub fn new(epoch: DateTime<Utc>, seed: u64) -> Self {
        Self {
            epoch,
            started: tokio::time::Instant::now(),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            env: BTreeMap::new(),
            files: Mutex::new(BTreeMap::new()),
        }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a file, readable by its owner only (mode `0o600`).
    #[must_use]
    pub fn with_file(self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.put_file(path, content, 0o600);
        self
    }

    /// Writes a file, as another program would while ours runs.
    pub fn put_file(&self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>, mode: u32) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.into(), (content.into(), mode));
    }

    fn file<T>(&self, path: &Path, read: impl FnOnce(&(Vec<u8>, u32)) -> T) -> io::Result<T> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(path).map(read).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl World for TestWorld {
    fn now(&self) -> DateTime<Utc> {
        self.epoch + TimeDelta::from_std(self.monotonic()).unwrap_or(TimeDelta::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "tokio's clock, which tests pause and advance")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random_u64(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    fn env_var(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.file(path, |(content, _)| content.clone())
    }

    fn file_mode(&self, path: &Path) -> io::Result<Option<u32>> {
        self.file(path, |(_, mode)| Some(*mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_moves_with_sleep_and_costs_no_time() {
        let epoch = DateTime::UNIX_EPOCH;
        let world = TestWorld::new(epoch, 1);
        world.sleep(Duration::from_secs(1500)).await;
        assert_eq!(world.now(), epoch + TimeDelta::seconds(1500));
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let world = TestWorld::new(DateTime::UNIX_EPOCH, seed);
            [world.random_u64(), world.random_u64()]
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[tokio::test]
    async fn a_missing_file_is_not_found() {
        let world = TestWorld::new(DateTime::UNIX_EPOCH, 1).with_file("/here", "x");
        assert_eq!(world.read_file(Path::new("/here")).unwrap(), b"x");
        assert_eq!(world.read_file(Path::new("/there")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
