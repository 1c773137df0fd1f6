//! What every state store must do, run over each of them; and what only files must do.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that looks at real files")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reconcile::disk::{Disk, Loss, RealDisk, SimulatedDisk};
use reconcile::store::{Claim, FileStore, MemoryStore, StateStore, StoreError};

/// A place for a state; each store it opens is another writer.
trait Place {
    fn open(&self) -> Box<dyn StateStore>;
}

struct RealFiles(tempfile::TempDir);

impl Place for RealFiles {
    fn open(&self) -> Box<dyn StateStore> {
        Box::new(FileStore::new(self.0.path().join("deeper/state.json")))
    }
}

struct SimulatedFiles(SimulatedDisk);

impl Place for SimulatedFiles {
    fn open(&self) -> Box<dyn StateStore> {
        Box::new(FileStore::on(Arc::new(self.0.clone()), "/s/state.json"))
    }
}

struct Memory(MemoryStore);

impl Place for Memory {
    fn open(&self) -> Box<dyn StateStore> {
        Box::new(self.0.clone())
    }
}

fn places() -> Vec<Box<dyn Place>> {
    vec![
        Box::new(RealFiles(tempfile::tempdir().unwrap())),
        Box::new(SimulatedFiles(SimulatedDisk::new(1))),
        Box::new(Memory(MemoryStore::new())),
    ]
}

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)
}

/// Somebody on a machine of their own, so that only the lease tells whether they live.
fn claim(owner: &str, now: i64) -> Claim {
    Claim {
        owner: owner.into(),
        host: format!("host of {owner}"),
        pid: 1,
        reason: "apply".into(),
        now: at(now),
        lease: Duration::from_secs(60),
        nonce: owner.bytes().fold(u64::try_from(now).unwrap(), |sum, byte| sum * 257 + u64::from(byte)),
    }
}

#[tokio::test]
async fn a_new_place_is_empty_and_unlocked() {
    for place in places() {
        let store = place.open();
        let stored = store.load().await.unwrap();
        assert_eq!((stored.base, stored.journal), (None, Vec::new()), "{}", store.location());
        assert_eq!(store.holder().await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_was_written_is_read_by_others() {
    for place in places() {
        let mut store = place.open();
        let fence = store.acquire(&claim("ada", 0)).await.unwrap();
        store.replace(&fence, b"base", b"head ").await.unwrap();
        store.append(&fence, 5, b"one ").await.unwrap();
        store.append(&fence, 9, b"two").await.unwrap();
        let stored = place.open().load().await.unwrap();
        assert_eq!(stored.base.as_deref(), Some(&b"base"[..]));
        assert_eq!(stored.journal, b"head one two");

        store.truncate(&fence, 9).await.unwrap();
        store.append(&fence, 9, b"2").await.unwrap();
        assert_eq!(place.open().load().await.unwrap().journal, b"head one 2");

        store.replace(&fence, b"base 2", b"head").await.unwrap();
        store.append(&fence, 4, b"!").await.unwrap();
        let stored = place.open().load().await.unwrap();
        assert_eq!(stored.base.as_deref(), Some(&b"base 2"[..]));
        assert_eq!(stored.journal, b"head!");
    }
}

#[tokio::test]
async fn a_held_lock_names_its_holder() {
    for place in places() {
        place.open().acquire(&claim("ada", 0)).await.unwrap();
        let mut other = place.open();
        match other.acquire(&claim("bob", 30)).await {
            // The message is what the second person reads.
            Err(error @ StoreError::Locked { .. }) => {
                assert!(error.to_string().contains("held by ada on host of ada (process 1) for `apply`"));
            }
            unexpected => panic!("{}: {unexpected:?}", other.location()),
        }
        assert_eq!(other.holder().await.unwrap().unwrap().owner, "ada");
    }
}

#[tokio::test]
async fn a_released_lock_is_free_and_its_fence_is_void() {
    for place in places() {
        let mut ada = place.open();
        let fence = ada.acquire(&claim("ada", 0)).await.unwrap();
        ada.replace(&fence, b"base", b"").await.unwrap();
        ada.release(&fence).await.unwrap();
        ada.release(&fence).await.unwrap();
        let lost = ada.append(&fence, 0, b"late").await;
        assert!(matches!(lost, Err(StoreError::LockLost { holder: None, .. })), "{lost:?}");
        place.open().acquire(&claim("bob", 0)).await.unwrap();
    }
}

#[tokio::test]
async fn a_silent_holder_loses_the_lock_and_cannot_write_any_more() {
    for place in places() {
        let (mut ada, mut bob) = (place.open(), place.open());
        let old = ada.acquire(&claim("ada", 0)).await.unwrap();
        ada.replace(&old, b"base", b"").await.unwrap();
        ada.append(&old, 0, b"ada ").await.unwrap();
        let new = bob.acquire(&claim("bob", 61)).await.unwrap();

        let refused = [
            ada.append(&old, 4, b"late").await,
            ada.truncate(&old, 0).await,
            ada.replace(&old, b"late", b"").await,
            ada.renew(&old, at(62)).await,
            ada.keep(&old, "copy", b"late").await.map(|_| ()),
        ];
        for result in refused {
            match result {
                Err(StoreError::LockLost { holder: Some(holder), .. }) => assert_eq!(holder.owner, "bob"),
                unexpected => panic!("{}: {unexpected:?}", ada.location()),
            }
        }
        ada.release(&old).await.unwrap();
        assert_eq!(bob.holder().await.unwrap().unwrap().owner, "bob", "a late release took another's lock");
        bob.append(&new, 4, b"bob").await.unwrap();
        let stored = place.open().load().await.unwrap();
        assert_eq!((stored.base.unwrap(), stored.journal), (b"base".to_vec(), b"ada bob".to_vec()));
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lock() {
    for place in places() {
        let mut ada = place.open();
        let fence = ada.acquire(&claim("ada", 0)).await.unwrap();
        ada.renew(&fence, at(50)).await.unwrap();
        let early = place.open().acquire(&claim("bob", 100)).await;
        assert!(matches!(early, Err(StoreError::Locked { .. })), "{early:?}");
        ada.replace(&fence, b"base", b"").await.unwrap();
        place.open().acquire(&claim("bob", 111)).await.unwrap();
    }
}

#[tokio::test]
async fn a_broken_lock_is_noticed_at_the_next_write() {
    for place in places() {
        let mut ada = place.open();
        let fence = ada.acquire(&claim("ada", 0)).await.unwrap();
        assert_eq!(place.open().break_lock().await.unwrap().unwrap().owner, "ada");
        assert_eq!(place.open().break_lock().await.unwrap(), None);
        let lost = ada.replace(&fence, b"late", b"").await;
        assert!(matches!(lost, Err(StoreError::LockLost { holder: None, .. })), "{lost:?}");
    }
}

#[tokio::test]
async fn a_journal_that_somebody_else_wrote_to_is_refused() {
    for place in places() {
        let mut ada = place.open();
        let fence = ada.acquire(&claim("ada", 0)).await.unwrap();
        ada.replace(&fence, b"base", b"head").await.unwrap();
        let moved = ada.append(&fence, 3, b"x").await;
        assert!(
            matches!(moved, Err(StoreError::Moved { expected_bytes: 3, found_bytes: 4, .. })),
            "{moved:?}"
        );
        assert_eq!(ada.load().await.unwrap().journal, b"head");
    }
}

#[tokio::test]
async fn a_holder_on_this_machine_that_died_is_replaced_at_once() {
    for disk in [Arc::new(RealDisk) as Arc<dyn Disk>, Arc::new(SimulatedDisk::new(1))] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let here = |owner: &str| Claim { host: "here".into(), ..claim(owner, 0) };
        let mut ada = FileStore::on(Arc::clone(&disk), &path);
        ada.acquire(&here("ada")).await.unwrap();
        let alive = FileStore::on(Arc::clone(&disk), &path).acquire(&here("bob")).await;
        assert!(matches!(alive, Err(StoreError::Locked { .. })), "{alive:?}");
        // The kernel's lock goes with the process; so does this one with the store.
        drop(ada);
        FileStore::on(disk, &path).acquire(&here("bob")).await.unwrap();
    }
}

#[tokio::test]
async fn a_renewed_lock_still_shows_that_its_holder_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let here = |owner: &str| Claim { host: "here".into(), ..claim(owner, 0) };
    let mut ada = FileStore::new(&path);
    let fence = ada.acquire(&here("ada")).await.unwrap();
    ada.renew(&fence, at(1)).await.unwrap();
    let alive = FileStore::new(&path).acquire(&here("bob")).await;
    assert!(matches!(alive, Err(StoreError::Locked { .. })), "{alive:?}");
}

#[tokio::test]
async fn an_unreadable_lock_is_neither_ignored_nor_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    std::fs::write(folder.path().join("state.json.lock"), "who knows").unwrap();
    let mut store = FileStore::new(&path);
    let refused = store.acquire(&claim("ada", 0)).await;
    assert!(matches!(refused, Err(StoreError::UnreadableLock { .. })), "{refused:?}");
    store.break_lock().await.unwrap();
    store.acquire(&claim("ada", 0)).await.unwrap();
}

#[tokio::test]
async fn files_are_private_and_the_base_before_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::new(folder.path().join("state.json"));
    let fence = store.acquire(&claim("ada", 0)).await.unwrap();
    store.replace(&fence, b"one", b"").await.unwrap();
    store.replace(&fence, b"two", b"").await.unwrap();
    let kept = store.keep(&fence, "3.backup", b"three").await.unwrap();
    assert_eq!(std::fs::read(kept).unwrap(), b"three");
    assert_eq!(std::fs::read(folder.path().join("state.json.backup")).unwrap(), b"one");
    for name in RealDisk.list(folder.path()).unwrap() {
        assert_private(&folder.path().join(name));
    }
}

#[cfg(unix)]
fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}

#[cfg(not(unix))]
fn assert_private(_: &Path) {}

#[tokio::test]
async fn an_append_that_returned_survives_power_loss() {
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        let mut store = FileStore::on(Arc::new(disk.clone()), "/s/state.json");
        let fence = store.acquire(&claim("ada", 0)).await.unwrap();
        store.replace(&fence, b"base", b"head ").await.unwrap();
        store.append(&fence, 5, b"one").await.unwrap();
        let found = FileStore::on(Arc::new(disk.reboot(Loss::Power)), "/s/state.json").load().await.unwrap();
        assert_eq!(
            (found.base.unwrap(), found.journal),
            (b"base".to_vec(), b"head one".to_vec()),
            "seed {seed}"
        );
    }
}
