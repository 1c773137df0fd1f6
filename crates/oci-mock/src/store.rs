//! A cloud kept in a file between runs.
//!
//! `FILE` holds a snapshot, `FILE.journal` what changed since, a line a change. A change is in the journal
//! before its answer leaves, so that a killed process forgets nothing that it confirmed. A snapshot is
//! written beside the old one and takes its place in one step; both files carry a generation, so that a
//! journal never meets the wrong snapshot. `FILE.lock` is held by whoever uses the cloud. What objects hold is sealed with the
//! key in `FILE.key`.
//!
//! The journal is not synced to the disk: it survives the end of the process, not the end of the machine's
//! power. It is a mock.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cloud::{Cloud, Delta, Place};
use crate::seal::Seal;

/// The only format so far.
const FORMAT: u32 = 1;

/// A journal longer than this, in bytes, is folded into a new snapshot.
const JOURNAL_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The file of a cloud cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process uses it.
    #[error("{path} is in use by {holder}")]
    InUse {
        /// Which file.
        path: PathBuf,
        /// Who, as that process wrote it down.
        holder: String,
    },
    /// The file system said no.
    #[error("cannot use {path}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds something else, or was damaged.
    #[error("{path} is not a cloud of the mock: {why}")]
    NotACloud {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer program wrote it.
    #[error("{path} was written by a newer version of the mock ({what})")]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// How that shows.
        what: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<P, D> {
    format: u32,
    generation: u64,
    place: P,
    cloud: D,
}

#[derive(Serialize, Deserialize)]
struct JournalHead {
    generation: u64,
}

/// An open file of a cloud.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    generation: u64,
    journal: File,
    journal_bytes: u64,
    seal: Seal,
    _lock: File,
}

impl Store {
    /// Opens the file and restores the cloud in it; `make` makes the first one.
    pub(crate) fn open(path: &Path, make: impl FnOnce() -> Cloud) -> Result<(Self, Cloud), StoreError> {
        let lock = lock(path)?;
        let key_path = beside(path, ".key");
        let seal = Seal::open(&key_path).map_err(|source| StoreError::Io { path: key_path, source })?;
        let (generation, mut cloud, fresh) = match read_snapshot(path, &seal)? {
            Some((generation, cloud)) => (generation, cloud, false),
            None => (0, make(), true),
        };
        let journal_path = beside(path, ".journal");
        let (journal, journal_bytes) = open_journal(&journal_path, generation, &mut cloud, &seal)?;
        let mut store = Self { path: path.to_owned(), generation, journal, journal_bytes, seal, _lock: lock };
        cloud.record();
        if fresh {
            store.compact(&cloud)?;
        }
        Ok((store, cloud))
    }

    /// Keeps what changed in the cloud since the last call.
    pub(crate) fn keep(&mut self, cloud: &mut Cloud) -> Result<(), StoreError> {
        let Some(mut delta) = cloud.take_changes() else { return Ok(()) };
        self.close(&mut delta);
        let mut line = serde_json::to_vec(&delta).map_err(|error| self.io(error.into()))?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(|error| self.io(error))?;
        self.journal_bytes += line.len() as u64;
        if self.journal_bytes > JOURNAL_BYTES_MAX {
            self.compact(cloud)?;
        }
        Ok(())
    }

    /// Writes a snapshot and begins a new journal.
    pub(crate) fn compact(&mut self, cloud: &Cloud) -> Result<(), StoreError> {
        let generation = self.generation + 1;
        let mut whole = cloud.snapshot();
        self.close(&mut whole);
        let snapshot = Snapshot { format: FORMAT, generation, place: &**cloud.place(), cloud: whole };
        write_snapshot(&self.path, &snapshot).map_err(|error| self.io(error))?;
        let path = beside(&self.path, ".journal");
        let (journal, bytes) = begin_journal(&path, generation).map_err(|error| self.io(error))?;
        (self.generation, self.journal, self.journal_bytes) = (generation, journal, bytes);
        Ok(())
    }

    /// Seals what objects hold.
    fn close(&self, delta: &mut Delta) {
        for content in delta.contents() {
            *content = self.seal.close(content);
        }
    }

    fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The kernel lets go of the lock when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = beside(path, ".lock");
    let io = |source| StoreError::Io { path: lock_path.clone(), source };
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    let mut file = options.open(&lock_path).map_err(io)?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        let holder = if holder.is_empty() { "another process".to_owned() } else { holder.trim().to_owned() };
        return Err(StoreError::InUse { path: path.to_owned(), holder });
    }
    file.set_len(0).map_err(io)?;
    writeln!(file, "process {}", std::process::id()).map_err(io)?;
    Ok(file)
}

#[expect(clippy::disallowed_methods, reason = "the store of the mock's cloud")]
fn read_snapshot(path: &Path, seal: &Seal) -> Result<Option<(u64, Cloud)>, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Io { path: path.to_owned(), source }),
    };
    // The version is looked at alone, before anything that a newer one may write differently.
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let not_a_cloud = |why: String| StoreError::NotACloud { path: path.to_owned(), why };
    let Format { format } = serde_json::from_slice(&bytes).map_err(|error| not_a_cloud(error.to_string()))?;
    if format > FORMAT {
        return Err(StoreError::TooNew { path: path.to_owned(), what: format!("format {format}") });
    }
    let snapshot: Snapshot<Place, Delta> =
        serde_json::from_slice(&bytes).map_err(|error| not_a_cloud(error.to_string()))?;
    let mut cloud = Cloud::new(snapshot.place, crate::clock::Time::default());
    restore(&mut cloud, snapshot.cloud, path, seal)?;
    Ok(Some((snapshot.generation, cloud)))
}

fn restore(cloud: &mut Cloud, mut delta: Delta, path: &Path, seal: &Seal) -> Result<(), StoreError> {
    for content in delta.contents() {
        *content = seal.unseal(content).ok_or_else(|| StoreError::NotACloud {
            path: path.to_owned(),
            why: "an object was sealed with another key than the one beside it".to_owned(),
        })?;
    }
    cloud.restore(delta).map_err(|kind| StoreError::TooNew {
        path: path.to_owned(),
        what: format!("it has a resource {kind}"),
    })
}

fn write_snapshot(path: &Path, snapshot: &Snapshot<&Place, Delta>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    {
        let mut writer = io::BufWriter::new(file.as_file_mut());
        serde_json::to_writer(&mut writer, snapshot)?;
        writer.write_all(b"\n")?;
        writer.flush()?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename itself must reach the disk; where a folder cannot be opened, there is nothing to sync.
    if let Ok(folder) = OpenOptions::new().read(true).open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Replays the journal of this generation, and opens it to be continued. A journal of another generation is
/// left from before the snapshot and holds nothing that is not in it.
fn open_journal(
    path: &Path,
    generation: u64,
    cloud: &mut Cloud,
    seal: &Seal,
) -> Result<(File, u64), StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return begin_journal(path, generation).map_err(io);
        }
        Err(source) => return Err(io(source)),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).map_err(io)?;
    let head: Option<JournalHead> = serde_json::from_slice(&line).ok();
    if head.is_none_or(|head| head.generation != generation) {
        return begin_journal(path, generation).map_err(io);
    }
    let mut good = line.len() as u64;
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line).map_err(io)?;
        // A line without its end was being written when the process was killed: its answer never left.
        if line.last() != Some(&b'\n') {
            break;
        }
        let delta: Delta = serde_json::from_slice(&line)
            .map_err(|error| StoreError::NotACloud { path: path.to_owned(), why: error.to_string() })?;
        restore(cloud, delta, path, seal)?;
        good += line.len() as u64;
    }
    let mut file = reader.into_inner();
    file.set_len(good).map_err(io)?;
    file.seek(io::SeekFrom::End(0)).map_err(io)?;
    Ok((file, good))
}

fn begin_journal(path: &Path, generation: u64) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    let head = format!("{}\n", serde_json::json!({"generation": generation}));
    file.write_all(head.as_bytes())?;
    Ok((file, head.len() as u64))
}
