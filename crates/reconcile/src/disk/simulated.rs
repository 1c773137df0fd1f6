//! A disk in memory that keeps, after a crash, only what a real one would have to keep.
//!
//! It is harsher than most file systems on purpose: every new name is independent of every other until its
//! folder is synced, and what was not synced may be torn at any byte or read as zeros.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Disk, DiskFile, DiskLock, folder_of};

/// How often [`SimulatedDisk::lock`] asks again before it says that the lock is held: each time the gate may
/// let another writer go first.
const LOCK_ATTEMPTS_MAX: u32 = 200;

/// What is lost when the program stops in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The process was killed: the system keeps what was written, synced or not.
    Process,
    /// The machine lost power: what was not synced is there, missing, torn or zero, as the seed has it.
    Power,
}

/// What a [`Gate`] has happen to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out.
    Pass,
    /// The program stops in the middle of it: it is carried out not at all, in part, or whole, as the seed has
    /// it, and every later operation fails.
    Crash,
    /// It fails with this error; an append may have written a part (a short write).
    Fail(io::ErrorKind),
}

/// Asked before every operation; decides what happens to it, and may make the caller wait for its turn.
pub trait Gate: Send + Sync + fmt::Debug {
    /// `operation` is the method's name and `path` the file it is about.
    fn before(&self, operation: &'static str, path: &Path) -> Verdict;
}

/// The disk in memory. Clones share the same files.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    model: Arc<Mutex<Model>>,
    gate: Option<Arc<dyn Gate>>,
}

#[derive(Debug, Default)]
struct Model {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Changes of names that no folder sync has made durable yet, oldest first. One element is one step.
    pending: Vec<Vec<(PathBuf, Option<u64>)>>,
    locked: BTreeSet<u64>,
    next_file: u64,
    random: u64,
    crashed: bool,
    appended_bytes: u64,
    syncs: u64,
}

#[derive(Debug, Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced_bytes: usize,
    /// What a truncation that was not synced yet took away; a crash may bring it back.
    cut: Option<Vec<u8>>,
}

impl SimulatedDisk {
    /// An empty disk; `seed` decides what survives its crashes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let model = Model { random: seed, ..Model::default() };
        Self { model: Arc::new(Mutex::new(model)), gate: None }
    }

    /// The same files, seen through a gate.
    #[must_use]
    pub fn through(&self, gate: Arc<dyn Gate>) -> Self {
        Self { model: Arc::clone(&self.model), gate: Some(gate) }
    }

    /// What the next start of the program finds. The old disk is dead afterwards: operations of code that
    /// still runs on it fail.
    #[must_use]
    pub fn reboot(&self, loss: Loss) -> Self {
        let mut old = self.model();
        old.crashed = true;
        let survivors = match loss {
            Loss::Process => Model {
                files: old.files.clone(),
                names: old.names.clone(),
                durable_names: old.durable_names.clone(),
                pending: old.pending.clone(),
                ..Model::default()
            },
            Loss::Power => old.after_power_loss(),
        };
        let model = Model { next_file: old.next_file, random: old.draw(), ..survivors };
        Self { model: Arc::new(Mutex::new(model)), gate: None }
    }

    /// Every file and its content, as the program would read it now.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let model = self.model();
        model.names.iter().map(|(name, file)| (name.clone(), model.files[file].bytes.clone())).collect()
    }

    /// Puts a file on the disk, durably, as another program would.
    pub fn put(&self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        let mut model = self.model();
        let bytes = content.into();
        let file = model.add(Content { synced_bytes: bytes.len(), bytes, cut: None });
        let path = path.into();
        model.names.insert(path.clone(), file);
        model.durable_names.insert(path, file);
    }

    /// How many bytes were appended, and how many syncs there were, since this disk was made.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        let model = self.model();
        (model.appended_bytes, model.syncs)
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the gate, without holding the model, since it may wait for another writer.
    fn ask(&self, operation: &'static str, path: &Path) -> Verdict {
        self.gate.as_ref().map_or(Verdict::Pass, |gate| gate.before(operation, path))
    }

    /// Carries out one step that cannot happen in part.
    fn step<T>(
        &self,
        operation: &'static str,
        path: &Path,
        act: impl FnOnce(&mut Model) -> io::Result<T>,
    ) -> io::Result<T> {
        let verdict = self.ask(operation, path);
        let mut model = self.model();
        model.alive()?;
        match verdict {
            Verdict::Pass => act(&mut model),
            Verdict::Fail(kind) => Err(io::Error::new(kind, "the simulated disk fails here")),
            Verdict::Crash => {
                if model.draw().is_multiple_of(2) {
                    // It happened, but nobody will hear of it.
                    let _ = act(&mut model);
                }
                model.crashed = true;
                Err(stopped())
            }
        }
    }
}

impl Model {
    fn alive(&self) -> io::Result<()> {
        if self.crashed { Err(stopped()) } else { Ok(()) }
    }

    fn add(&mut self, content: Content) -> u64 {
        self.next_file += 1;
        self.files.insert(self.next_file, content);
        self.next_file
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn rename_step(&mut self, changes: Vec<(PathBuf, Option<u64>)>) {
        apply(&mut self.names, &changes);
        self.pending.push(changes);
    }

    fn append(&mut self, file: u64, bytes: &[u8]) {
        self.appended_bytes += bytes.len() as u64;
        let content = self.files.get_mut(&file).expect("an open file exists");
        content.bytes.extend_from_slice(bytes);
    }

    fn after_power_loss(&mut self) -> Self {
        let mut names = self.durable_names.clone();
        for changes in std::mem::take(&mut self.pending) {
            if self.draw().is_multiple_of(2) {
                apply(&mut names, &changes);
            }
        }
        let kept: BTreeSet<u64> = names.values().copied().collect();
        let mut files = BTreeMap::new();
        for file in kept {
            let bytes = self.surviving_content(file);
            files.insert(file, Content { synced_bytes: bytes.len(), bytes, cut: None });
        }
        Self { files, durable_names: names.clone(), names, ..Self::default() }
    }

    fn surviving_content(&mut self, file: u64) -> Vec<u8> {
        let (choice, place) = (self.draw(), self.draw());
        let content = &self.files[&file];
        if let Some(cut) = &content.cut
            && choice.is_multiple_of(2)
        {
            let mut bytes = content.bytes[..content.synced_bytes].to_vec();
            bytes.extend_from_slice(cut);
            return bytes;
        }
        let mut bytes = content.bytes.clone();
        let unsynced = bytes.len() - content.synced_bytes;
        if unsynced == 0 {
            return bytes;
        }
        let at = content.synced_bytes
            + usize::try_from(place % (unsynced as u64 + 1)).expect("it is at most a length");
        match choice % 4 {
            0 => {}
            1 => bytes.truncate(content.synced_bytes),
            2 => bytes.truncate(at),
            // The length reached the disk, the content did not.
            _ => bytes[at..].fill(0),
        }
        bytes
    }

    /// The next number of splitmix64: small, and the same everywhere.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn apply(names: &mut BTreeMap<PathBuf, u64>, changes: &[(PathBuf, Option<u64>)]) {
    for (name, file) in changes {
        match file {
            Some(file) => names.insert(name.clone(), *file),
            None => names.remove(name),
        };
    }
}

fn stopped() -> io::Error {
    io::Error::other("the simulated machine has stopped")
}

impl Disk for SimulatedDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.step("read", path, |model| Ok(model.files[&model.find(path)?].bytes.clone()))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.step("open", path, |model| model.find(path))?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), path: path.to_path_buf(), file }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.step("create", path, |model| {
            let file = model.add(Content::default());
            model.rename_step(vec![(path.to_path_buf(), Some(file))]);
            Ok(file)
        })?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), path: path.to_path_buf(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", to, |model| {
            let file = model.find(from)?;
            model.rename_step(vec![(to.to_path_buf(), Some(file)), (from.to_path_buf(), None)]);
            Ok(())
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("link", to, |model| {
            let file = model.find(from)?;
            if model.names.contains_key(to) {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists));
            }
            model.rename_step(vec![(to.to_path_buf(), Some(file))]);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path, |model| {
            model.find(path)?;
            model.rename_step(vec![(path.to_path_buf(), None)]);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step("sync_folder", folder, |model| {
            model.syncs += 1;
            let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut model.pending)
                .into_iter()
                .partition(|changes| changes.iter().all(|(name, _)| folder_of(name) == folder));
            for changes in done {
                apply(&mut model.durable_names, &changes);
            }
            model.pending = left;
            Ok(())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.step("list", folder, |model| {
            let inside = model.names.keys().filter(|name| folder_of(name) == folder);
            Ok(inside.filter_map(|name| Some(name.file_name()?.to_string_lossy().into_owned())).collect())
        })
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.step("create_folder", folder, |_| Ok(()))
    }

    fn lock(&self, path: &Path, patience: Duration) -> io::Result<Option<Box<dyn DiskLock>>> {
        let attempts = if patience.is_zero() { 1 } else { LOCK_ATTEMPTS_MAX };
        for _ in 0..attempts {
            let taken = self.step("lock", path, |model| {
                let file = if let Ok(file) = model.find(path) {
                    file
                } else {
                    let file = model.add(Content::default());
                    model.rename_step(vec![(path.to_path_buf(), Some(file))]);
                    file
                };
                Ok(model.locked.insert(file).then_some(file))
            })?;
            if let Some(file) = taken {
                return Ok(Some(Box::new(SimulatedLock { disk: self.clone(), file })));
            }
        }
        Ok(None)
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    file: u64,
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let verdict = self.disk.ask("append", &self.path);
        let mut model = self.disk.model();
        model.alive()?;
        if verdict == Verdict::Pass {
            model.append(self.file, bytes);
            return Ok(());
        }
        let written =
            usize::try_from(model.draw() % (bytes.len() as u64 + 1)).expect("it is at most a length");
        model.append(self.file, &bytes[..written]);
        if let Verdict::Fail(kind) = verdict {
            return Err(io::Error::new(kind, "the simulated disk took a part of it"));
        }
        model.crashed = true;
        Err(stopped())
    }

    fn sync(&mut self) -> io::Result<()> {
        let file = self.file;
        self.disk.step("sync", &self.path, |model| {
            model.syncs += 1;
            let content = model.files.get_mut(&file).expect("an open file exists");
            content.synced_bytes = content.bytes.len();
            content.cut = None;
            Ok(())
        })
    }

    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        let file = self.file;
        self.disk.step("truncate", &self.path, |model| {
            let content = model.files.get_mut(&file).expect("an open file exists");
            let length = usize::try_from(length_bytes).map_err(io::Error::other)?;
            if length < content.bytes.len() {
                let cut = content.bytes.split_off(length);
                let durable = content.synced_bytes.saturating_sub(length);
                content.synced_bytes = content.synced_bytes.min(length);
                content.cut = (durable > 0).then(|| cut[..durable].to_vec());
            }
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.disk.step("length", &self.path, |model| Ok(model.files[&self.file].bytes.len() as u64))
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    file: u64,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.model().locked.remove(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents_after_power_loss(prepare: impl Fn(&SimulatedDisk)) -> BTreeSet<Option<Vec<u8>>> {
        let outcomes = (0..64).map(|seed| {
            let disk = SimulatedDisk::new(seed);
            prepare(&disk);
            disk.reboot(Loss::Power).read(Path::new("/s/f")).ok()
        });
        outcomes.collect()
    }

    #[test]
    fn a_replaced_file_survives_power_loss_whole() {
        let outcomes = contents_after_power_loss(|disk| disk.replace(Path::new("/s/f"), b"content").unwrap());
        assert_eq!(outcomes, BTreeSet::from([Some(b"content".to_vec())]));
    }

    #[test]
    fn a_rename_before_the_sync_of_the_content_may_leave_an_empty_file() {
        let outcomes = contents_after_power_loss(|disk| {
            let mut file = disk.create(Path::new("/s/t")).unwrap();
            file.append(b"content").unwrap();
            disk.rename(Path::new("/s/t"), Path::new("/s/f")).unwrap();
            disk.sync_folder(Path::new("/s")).unwrap();
        });
        assert!(outcomes.contains(&Some(Vec::new())), "{outcomes:?}");
        assert!(outcomes.iter().flatten().any(|content| content.len() == 7 && content.ends_with(&[0])));
    }

    #[test]
    fn a_new_name_without_a_sync_of_its_folder_may_be_gone() {
        let outcomes = contents_after_power_loss(|disk| {
            let mut file = disk.create(Path::new("/s/f")).unwrap();
            file.append(b"content").unwrap();
            file.sync().unwrap();
        });
        assert_eq!(outcomes, BTreeSet::from([None, Some(b"content".to_vec())]));
    }

    #[test]
    fn only_what_was_appended_since_the_last_sync_is_torn() {
        let outcomes = contents_after_power_loss(|disk| {
            disk.replace(Path::new("/s/f"), b"old ").unwrap();
            disk.open(Path::new("/s/f")).unwrap().append(b"new").unwrap();
        });
        assert!(outcomes.iter().all(|content| content.as_ref().unwrap().starts_with(b"old ")));
        assert!(outcomes.len() > 4, "{outcomes:?}");
    }

    #[test]
    fn a_killed_process_loses_nothing_it_wrote_but_its_locks() {
        let disk = SimulatedDisk::new(1);
        disk.create(Path::new("/s/f")).unwrap().append(b"content").unwrap();
        let held = disk.lock(Path::new("/s/lock"), Duration::ZERO).unwrap();
        assert!(held.is_some() && disk.lock(Path::new("/s/lock"), Duration::ZERO).unwrap().is_none());
        let next = disk.reboot(Loss::Process);
        assert_eq!(next.read(Path::new("/s/f")).unwrap(), b"content");
        assert!(next.lock(Path::new("/s/lock"), Duration::ZERO).unwrap().is_some());
        assert!(disk.read(Path::new("/s/f")).is_err(), "the old machine is dead");
    }
}
