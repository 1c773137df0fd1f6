//! Several writers to one state, in many interleavings of their disk operations: one wins each time, and nothing that
//! was committed is lost.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reconcile::disk::{Gate, Loss, SimulatedDisk, Verdict};
use reconcile::journal::{Holder, Journal, KeySource, Ledger, LedgerError, OpenError, peek};
use reconcile::record::{Record, Slot, StateEntry, Status};
use reconcile::secret::DigestKey;
use reconcile::store::{FileStore, MemoryStore, StateStore, StoreError};
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, World};

const INTERLEAVINGS: u64 = 1000;
const LEASE: Duration = Duration::from_secs(60);

/// Lets one writer at a time do one operation, in an order that follows from the seed.
#[derive(Debug)]
struct Turns {
    state: Mutex<TurnState>,
    changed: Condvar,
}

#[derive(Debug)]
struct TurnState {
    random: ChaCha8Rng,
    alive: BTreeSet<usize>,
    waiting: BTreeSet<usize>,
    turn: Option<usize>,
}

impl Turns {
    fn new(writers: usize, seed: u64) -> Arc<Self> {
        let state = TurnState {
            random: ChaCha8Rng::seed_from_u64(seed),
            alive: (0..writers).collect(),
            waiting: BTreeSet::new(),
            turn: None,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    fn wait(&self, writer: usize) {
        let mut state = self.state.lock().unwrap();
        if state.turn == Some(writer) {
            state.turn = None;
        }
        state.waiting.insert(writer);
        state.choose();
        self.changed.notify_all();
        while state.turn != Some(writer) {
            state = self.changed.wait(state).unwrap();
        }
        state.waiting.remove(&writer);
    }

    fn leave(&self, writer: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.alive.remove(&writer);
        if state.turn == Some(writer) {
            state.turn = None;
        }
        state.choose();
        self.changed.notify_all();
    }
}

impl TurnState {
    /// Chooses who goes next, once everybody waits.
    fn choose(&mut self) {
        if self.turn.is_none() && !self.alive.is_empty() && self.waiting == self.alive {
            let at = self.random.random_range(0..self.waiting.len());
            self.turn = self.waiting.iter().nth(at).copied();
        }
    }
}

/// Leaves when it is dropped, also by a panic: the others would wait for ever.
struct Leaving<'a> {
    writer: usize,
    turns: &'a Turns,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.turns.leave(self.writer);
    }
}

#[derive(Debug)]
struct Turn {
    writer: usize,
    turns: Arc<Turns>,
}

impl Gate for Turn {
    fn before(&self, _: &'static str, _: &Path) -> Verdict {
        self.turns.wait(self.writer);
        Verdict::Pass
    }
}

/// A clock that all writers share. Each look at it lets some time pass, now and then more than a lease.
#[derive(Debug)]
struct Clock {
    seconds: AtomicI64,
    random: Mutex<ChaCha8Rng>,
    jumps: bool,
}

impl Clock {
    fn new(seed: u64, jumps: bool) -> Arc<Self> {
        let random = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
        Arc::new(Self { seconds: AtomicI64::new(0), random, jumps })
    }
}

impl World for Clock {
    fn now(&self) -> DateTime<Utc> {
        let jump = if self.jumps && self.random.lock().unwrap().random_ratio(1, 4) { 61 } else { 0 };
        DateTime::UNIX_EPOCH + TimeDelta::seconds(self.seconds.fetch_add(jump, Ordering::SeqCst) + jump)
    }

    /// Stands still, as for a writer that is paused and does not know it.
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn random_u64(&self) -> u64 {
        self.random.lock().unwrap().random()
    }

    fn env_var(&self, _: &str) -> Option<String> {
        None
    }

    fn read_file(&self, _: &Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn file_mode(&self, _: &Path) -> std::io::Result<Option<u32>> {
        Ok(None)
    }
}

/// What these futures give: they never wait.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in files does not wait"),
    }
}

fn open(store: Box<dyn StateStore>, writer: usize, clock: &Arc<Clock>) -> Result<Journal, OpenError> {
    let holder = Holder {
        owner: format!("writer {writer}"),
        // On machines of their own, so that only the lease tells who lives.
        host: format!("host {writer}"),
        pid: 1,
        reason: "race".into(),
        lease: LEASE,
    };
    let key = KeySource::Given(DigestKey::from_bytes([7; 32]));
    done(Journal::open(store, &key, holder, Arc::clone(clock) as Arc<dyn World>))
}

fn put(writer: usize, number: usize) -> Record {
    let entry = StateEntry {
        identifier: Some("id".into()),
        inputs: ValueMap::default(),
        attributes: ValueMap::default(),
        dependencies: Vec::new(),
        protect: false,
        status: Status::Ready,
        private: Value::Null,
        schema_version: 0,
    };
    Record::Put {
        address: name(writer, number).parse().unwrap(),
        slot: Slot::Current,
        entry: Box::new(entry),
    }
}

fn name(writer: usize, number: usize) -> String {
    format!("t.w{writer}_{number}")
}

/// Runs the writers as threads that take turns at every disk operation.
fn race<T: Send>(
    writers: usize,
    seed: u64,
    disk: &SimulatedDisk,
    write: impl Fn(usize, &dyn Fn() -> Box<dyn StateStore>) -> T + Sync,
) -> Vec<T> {
    let turns = Turns::new(writers, seed);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let (turns, write) = (Arc::clone(&turns), &write);
                let gate = Arc::new(Turn { writer, turns: Arc::clone(&turns) });
                let disk = disk.through(gate);
                scope.spawn(move || {
                    let path = PathBuf::from("/s/state.json");
                    let _leaving = Leaving { writer, turns: &turns };
                    write(writer, &|| Box::new(FileStore::on(Arc::new(disk.clone()), &path)))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_writers_that_want_the_lock_exactly_one_gets_it() {
    for writers in [2, 3] {
        for seed in 0..INTERLEAVINGS {
            let disk = SimulatedDisk::new(seed);
            let clock = Clock::new(seed, false);
            // What the winner holds is kept until all have tried.
            let opened = race(writers, seed, &disk, |writer, store| open(store(), writer, &clock));
            let winners = opened.iter().filter(|opened| opened.is_ok()).count();
            assert_eq!(winners, 1, "seed {seed} with {writers} writers: {opened:?}");
            for refused in opened.iter().filter_map(|opened| opened.as_ref().err()) {
                assert!(
                    matches!(refused, OpenError::Store(StoreError::Locked { .. })),
                    "seed {seed}: {refused}"
                );
            }
        }
    }
}

#[test]
fn nothing_committed_is_lost_while_leases_expire_under_their_holders() {
    let mut fenced = 0;
    for writers in [2, 3] {
        for seed in 0..INTERLEAVINGS {
            let disk = SimulatedDisk::new(seed);
            let clock = Clock::new(seed, true);
            let results = race(writers, seed, &disk, |writer, store| {
                let mut committed = Vec::new();
                let mut refused = Vec::new();
                let Some(mut journal) = (0..10).find_map(|_| open(store(), writer, &clock).ok()) else {
                    return (committed, refused);
                };
                for number in 0..3 {
                    match done(journal.commit(vec![put(writer, number)])) {
                        Ok(()) => committed.push(name(writer, number)),
                        Err(LedgerError::LockLost(_)) => {
                            refused.push(name(writer, number));
                            break;
                        }
                        Err(other) => panic!("seed {seed}: {other:?}"),
                    }
                }
                // One in two goes away without a word.
                if writer % 2 == 0 {
                    match done(journal.close()) {
                        Ok(()) | Err(LedgerError::LockLost(_)) => {}
                        Err(other) => panic!("seed {seed}: {other:?}"),
                    }
                }
                (committed, refused)
            });
            let disk = disk.reboot(Loss::Power);
            let store = FileStore::on(Arc::new(disk), "/s/state.json");
            let state = done(peek(&store)).unwrap().unwrap().state;
            let there: BTreeSet<String> = state.entries().map(|(address, _)| address.to_string()).collect();
            let committed: BTreeSet<String> =
                results.iter().flat_map(|(committed, _)| committed.clone()).collect();
            assert_eq!(there, committed, "seed {seed} with {writers} writers: {results:?}");
            assert_eq!(state.serial(), committed.len() as u64, "seed {seed}");
            fenced += results.iter().filter(|(_, refused)| !refused.is_empty()).count();
        }
    }
    assert!(fenced > 100, "only {fenced} writers lost their lock before a write; the test proves little");
}

#[test]
fn a_writer_in_memory_that_lost_its_lease_cannot_write() {
    let shared = MemoryStore::new();
    let clock = Clock::new(1, false);
    let mut first = open(Box::new(shared.clone()), 0, &clock).unwrap();
    done(first.commit(vec![put(0, 0)])).unwrap();
    clock.seconds.fetch_add(61, Ordering::SeqCst);
    let mut second = open(Box::new(shared.clone()), 1, &clock).unwrap();
    assert!(matches!(done(first.commit(vec![put(0, 1)])), Err(LedgerError::LockLost(_))));
    assert!(matches!(done(first.compact()), Err(LedgerError::Write(_) | LedgerError::LockLost(_))));
    done(second.commit(vec![put(1, 0)])).unwrap();
    let state = done(peek(&shared)).unwrap().unwrap().state;
    assert_eq!(state.entries().count(), 2);
}
