//! The ledger that lasts: records as lines in a state store.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use world::{BoxFuture, World};

use super::frame::Chain;
use super::lines::{self, Head, TornTail};
use super::{FormatError, Ledger, LedgerError};
use crate::record::Record;
use crate::secret::{DigestKey, KeyError, KeyFile, system_entropy};
use crate::state::{State, snapshot};
use crate::store::{Claim, Fence, StateStore, StoreError, Stored};

/// A state up to this size is written anew at the end of each run, which costs about as much as a sync, so that the file
/// a person looks at is up to date.
const SMALL_BASE_BYTES: u64 = 1 << 20;

/// A larger state is written anew only once the journal has grown to this part of it: then what compaction writes is
/// at most this many times what the changes wrote.
const JOURNAL_PART_OF_BASE: u64 = 2;

/// Room for a record of common size.
const RECORD_BYTES: usize = 512;

/// The lock is renewed when this part of its lease has passed, so that one renewal may be missed.
const RENEWALS_PER_LEASE: u32 = 4;

/// Who opens a state, and for what.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The person or account.
    pub owner: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it will do, such as `apply`.
    pub reason: String,
    /// How long it may be silent before others may take the lock; two minutes is a good choice.
    pub lease: Duration,
}

impl Holder {
    fn claim(self, world: &dyn World) -> Claim {
        Claim {
            owner: self.owner,
            host: self.host,
            pid: self.pid,
            reason: self.reason,
            now: world.now(),
            lease: self.lease,
            nonce: world.random_u64(),
        }
    }
}

/// Where the key of the digests comes from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file beside the state. It is made, from the operating system's randomness, together with a new state.
    File(KeyFile),
    /// This key.
    Given(DigestKey),
}

/// A state that is open for changes: its lock is held, and what is committed is on disk.
///
/// When it is dropped without [`Journal::close`], nothing is lost; the lock is then free once this process has ended or
/// its lease has passed.
#[derive(Debug)]
pub struct Journal {
    store: Box<dyn StateStore>,
    fence: Fence,
    world: Arc<dyn World>,
    renew_every: Duration,
    renewed_at: Duration,
    key: DigestKey,
    state: State,
    chain: Chain,
    base_bytes: u64,
    journal_bytes: u64,
    torn: Option<TornTail>,
    /// A write failed or was abandoned, so what is on disk is not known.
    failed: bool,
}

/// Why a state could not be opened. It was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store refused: it is locked, for example.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds cannot be used.
    #[error("the state in {location} cannot be used")]
    Format {
        /// Which state.
        location: String,
        /// Why.
        source: FormatError,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is a state, and no key for it.
    #[error("the state in {location} was written with key {key_id}, and there is no key in {key_path}")]
    MissingKey {
        /// Which state.
        location: String,
        /// The id of the key that is needed.
        key_id: String,
        /// Where it should be.
        key_path: String,
    },
    /// There is a state, and it was written with another key.
    #[error(
        "the state in {location} was written with key {key_id}, and not with key {given_id} that was given"
    )]
    OtherKey {
        /// Which state.
        location: String,
        /// The id of the key that is needed.
        key_id: String,
        /// The id of the key that was given.
        given_id: String,
    },
    /// There is no randomness for a new key.
    #[error("could not make a key for the new state in {location}")]
    NewKey {
        /// Which state.
        location: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A state that was looked at without its lock.
#[derive(Debug)]
pub struct Peeked {
    /// The state.
    pub state: State,
    /// Which key its digests were made with.
    pub key_id: String,
    /// The end of the journal, if a crash has torn it or a write is under way.
    pub torn: Option<TornTail>,
}

/// Reads a state without taking its lock; `None` when there is none.
///
/// # Errors
/// [`OpenError::Store`], [`OpenError::Format`].
pub async fn peek(store: &dyn StateStore) -> Result<Option<Peeked>, OpenError> {
    let loaded = load(store).await?;
    Ok(loaded.map(|loaded| Peeked { state: loaded.state, key_id: loaded.key, torn: loaded.torn }))
}

/// Puts a whole copy of a state (a backup) in the place of what a store has, which may be damaged. What was there is
/// kept beside it under the name `replaced`.
///
/// What happened after the copy was made is not in it; a refresh finds what has changed, and recovery what was made.
///
/// # Errors
/// [`OpenError::Format`] when the copy is damaged, or of another lineage than a state that can still be read;
/// [`OpenError::OtherKey`], [`OpenError::MissingKey`], [`OpenError::Store`]. Nothing has changed then.
pub async fn restore(
    store: &mut dyn StateStore,
    keys: &KeySource,
    holder: Holder,
    world: &dyn World,
    copy: &[u8],
) -> Result<(), OpenError> {
    let format = |source| OpenError::Format { location: store.location(), source };
    let (state, origin) = snapshot::read(copy).map_err(format)?;
    key_of(keys, &store.location(), &origin.key)?;
    let fence = store.acquire(&holder.claim(world)).await?;
    let restored = replace_by_copy(store, &fence, (&state, &origin), copy).await;
    let released = store.release(&fence).await;
    restored.and(released.map_err(OpenError::from))
}

async fn replace_by_copy(
    store: &mut dyn StateStore,
    fence: &Fence,
    (state, origin): (&State, &snapshot::Origin),
    copy: &[u8],
) -> Result<(), OpenError> {
    let Stored { base, journal } = store.load().await?;
    let there = base.as_deref().and_then(|base| snapshot::read(base).ok());
    if let Some((there, _)) = there.filter(|(there, _)| there.lineage() != state.lineage()) {
        let (state, journal) = (there.lineage().to_owned(), state.lineage().to_owned());
        let source = FormatError::ForeignLineage { state, journal };
        return Err(OpenError::Format { location: store.location(), source });
    }
    store.keep(fence, "replaced", base.as_deref().unwrap_or_default()).await?;
    store.keep(fence, "journal.replaced", &journal).await?;
    let head = head_of(state, &origin.chain, &origin.key);
    store.replace(fence, copy, &lines::write_head(&head)).await?;
    Ok(())
}

struct Loaded {
    state: State,
    chain: Chain,
    key: String,
    base_bytes: u64,
    /// The length of the journal's whole records; `None` when it has to be written anew.
    journal_bytes: Option<u64>,
    torn: Option<TornTail>,
}

async fn load(store: &dyn StateStore) -> Result<Option<Loaded>, OpenError> {
    let stored = store.load().await?;
    read(&stored).map_err(|source| OpenError::Format { location: store.location(), source })
}

/// Folds the journal into the base.
fn read(stored: &Stored) -> Result<Option<Loaded>, FormatError> {
    let base = stored.base.as_deref().map(snapshot::read).transpose()?;
    if stored.journal.is_empty() {
        let Some((state, origin)) = base else { return Ok(None) };
        // Only a new state is ever without a journal, when a crash came between the two.
        if state.serial() > 0 {
            return Err(FormatError::NoJournal { state: state.serial() });
        }
        let (chain, key) = (origin.chain, origin.key);
        return Ok(Some(Loaded { state, chain, key, base_bytes: 0, journal_bytes: None, torn: None }));
    }

    let (head, mut reader) = lines::Reader::open(&stored.journal)?;
    let has_base = base.is_some();
    let (mut state, origin) = match base {
        Some(base) => base,
        // A journal from the very beginning is all that there is to know.
        None if head.after == 0 => from_the_beginning(&head, &reader),
        None => return Err(FormatError::NoState { journal: head.after }),
    };
    let base_serial = state.serial();
    check_head(&head, &state, &origin)?;

    let mut journal_serial = head.after;
    let mut chain_at_base = (head.after == base_serial).then(|| reader.chain().clone());
    while let Some(entry) = reader.next()? {
        journal_serial = entry.seq;
        if entry.seq == base_serial {
            chain_at_base = Some(reader.chain().clone());
        }
        if entry.seq > base_serial {
            let offset_bytes = entry.offset_bytes;
            state.fold(entry.record).map_err(|source| FormatError::Illegal { offset_bytes, source })?;
        }
    }
    if chain_at_base.is_some_and(|chain| chain != origin.chain) {
        return Err(FormatError::OtherHistory { serial: base_serial });
    }
    // A journal that ends before the state does has nothing to add, and nothing can be added to it.
    let is_behind = journal_serial < base_serial;
    Ok(Some(Loaded {
        chain: if is_behind { origin.chain } else { reader.chain().clone() },
        key: origin.key,
        state,
        base_bytes: stored.base.as_ref().map_or(0, |base| base.len() as u64),
        journal_bytes: (has_base && !is_behind).then(|| reader.whole_bytes()),
        torn: reader.torn(),
    }))
}

fn from_the_beginning(head: &Head, reader: &lines::Reader<'_>) -> (State, snapshot::Origin) {
    let origin = snapshot::Origin { key: head.key.clone(), chain: reader.chain().clone() };
    (State::new(head.lineage.as_str()), origin)
}

fn check_head(head: &Head, state: &State, origin: &snapshot::Origin) -> Result<(), FormatError> {
    if head.lineage != state.lineage() {
        return Err(FormatError::ForeignLineage {
            state: state.lineage().to_owned(),
            journal: head.lineage.clone(),
        });
    }
    if head.after > state.serial() {
        return Err(FormatError::Gap { state: state.serial(), journal: head.after });
    }
    if head.key != origin.key {
        return Err(FormatError::OtherHistory { serial: head.after });
    }
    Ok(())
}

impl Journal {
    /// Opens a state for changes: takes its lock, reads it, cuts off what a crash has torn, and makes a new
    /// state if there is none.
    ///
    /// # Errors
    /// See [`OpenError`]. The state is then as it was, and its lock is free again if it was taken.
    ///
    /// # Cancel safety
    /// When it is dropped, the lock may stay taken until its lease has passed.
    pub async fn open(
        mut store: Box<dyn StateStore>,
        keys: &KeySource,
        holder: Holder,
        world: Arc<dyn World>,
    ) -> Result<Self, OpenError> {
        let lease = holder.lease;
        let renewed_at = world.monotonic();
        let fence = store.acquire(&holder.claim(&*world)).await?;
        match prepare(&mut *store, &fence, keys, &*world).await {
            Ok((loaded, key)) => Ok(Self {
                store,
                fence,
                world,
                renew_every: lease / RENEWALS_PER_LEASE,
                renewed_at,
                key,
                state: loaded.state,
                chain: loaded.chain,
                base_bytes: loaded.base_bytes,
                journal_bytes: loaded.journal_bytes.unwrap_or_default(),
                torn: loaded.torn,
                failed: false,
            }),
            Err(error) => {
                // The first error is what the user needs to read; a lock that could not be given back expires.
                let _ = store.release(&fence).await;
                Err(error)
            }
        }
    }

    /// The key of this state's digests.
    #[must_use]
    pub fn key(&self) -> &DigestKey {
        &self.key
    }

    /// What a person calls the place of this state.
    #[must_use]
    pub fn location(&self) -> String {
        self.store.location()
    }

    /// The end of the journal that a crash had torn, and that was cut off when it was opened.
    #[must_use]
    pub fn torn(&self) -> Option<TornTail> {
        self.torn
    }

    /// Keeps a copy of the whole state beside it, before something is done that a person may want to undo, and
    /// says where. The copy is named after the state's serial.
    ///
    /// # Errors
    /// When it could not be written, or the lock was lost.
    pub async fn backup(&mut self) -> Result<String, LedgerError> {
        let snapshot = self.snapshot()?;
        let name = format!("{}.backup", self.state.serial());
        self.store.keep(&self.fence, &name, &snapshot).await.map_err(ledger_error)
    }

    /// Writes the whole state anew and begins an empty journal.
    ///
    /// # Errors
    /// When it could not be written, or the lock was lost. After a crash or an error at any point, either the old state
    /// with its journal or the new state is there.
    pub async fn compact(&mut self) -> Result<(), LedgerError> {
        self.check_usable()?;
        let base = self.snapshot()?;
        let head = head_of(&self.state, &self.chain, &self.key.id());
        let journal = lines::write_head(&head);
        self.failed = true;
        self.store.replace(&self.fence, &base, &journal).await.map_err(ledger_error)?;
        self.failed = false;
        self.base_bytes = base.len() as u64;
        self.journal_bytes = journal.len() as u64;
        Ok(())
    }

    /// Ends the changes: writes the whole state anew if that is cheap or due, and gives the lock back.
    ///
    /// # Errors
    /// When the state could not be written anew. Everything committed is safe all the same, in the journal.
    pub async fn close(mut self) -> Result<(), LedgerError> {
        let compacted = if self.failed || !self.compaction_is_due() { Ok(()) } else { self.compact().await };
        let released = self.store.release(&self.fence).await.map_err(ledger_error);
        compacted.and(released)
    }

    fn compaction_is_due(&self) -> bool {
        let head = lines::write_head(&head_of(&self.state, &self.chain, &self.key.id()));
        let has_records = self.journal_bytes > head.len() as u64;
        has_records
            && (self.base_bytes <= SMALL_BASE_BYTES
                || self.journal_bytes > self.base_bytes / JOURNAL_PART_OF_BASE)
    }

    fn snapshot(&self) -> Result<Vec<u8>, LedgerError> {
        let origin = snapshot::Origin { key: self.key.id(), chain: self.chain.clone() };
        snapshot::write(&self.state, &origin).map_err(|error| LedgerError::Write(Box::new(error)))
    }

    fn check_usable(&self) -> Result<(), LedgerError> {
        if self.failed {
            return Err(LedgerError::Write("an earlier write failed; open the state again".into()));
        }
        Ok(())
    }

    async fn commit_all(&mut self, records: Vec<Record>) -> Result<(), LedgerError> {
        self.check_usable()?;
        self.renew_if_due().await?;
        let batch = self.state.serial() + 1;
        let mut bytes = Vec::with_capacity(RECORD_BYTES * records.len());
        let mut refused = None;
        for record in records {
            let (length, chain) = (bytes.len(), self.chain.clone());
            let seq = self.state.serial() + 1;
            let added = lines::write_record(&mut bytes, &mut self.chain, (seq, batch), &record)
                .map_err(|error| LedgerError::Write(Box::new(error)))
                .and_then(|()| self.state.fold(record).map_err(LedgerError::from));
            if let Err(error) = added {
                bytes.truncate(length);
                self.chain = chain;
                refused = Some(error);
                break;
            }
        }
        if !bytes.is_empty() {
            // If this is dropped or fails on the way, the state here is ahead of what is certainly on disk.
            self.failed = true;
            self.store.append(&self.fence, self.journal_bytes, &bytes).await.map_err(ledger_error)?;
            self.failed = false;
            self.journal_bytes += bytes.len() as u64;
        }
        refused.map_or(Ok(()), Err)
    }

    async fn renew_if_due(&mut self) -> Result<(), LedgerError> {
        let now = self.world.monotonic();
        if now < self.renewed_at + self.renew_every {
            return Ok(());
        }
        self.store.renew(&self.fence, self.world.now()).await.map_err(ledger_error)?;
        self.renewed_at = now;
        Ok(())
    }
}

impl Ledger for Journal {
    fn state(&self) -> &State {
        &self.state
    }

    fn commit<'a>(&'a mut self, records: Vec<Record>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.commit_all(records))
    }

    fn renew(&mut self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(self.renew_if_due())
    }
}

/// What has to be done between having the lock and having the state.
async fn prepare(
    store: &mut dyn StateStore,
    fence: &Fence,
    keys: &KeySource,
    world: &dyn World,
) -> Result<(Loaded, DigestKey), OpenError> {
    let Some(mut loaded) = load(store).await? else { return begin(store, fence, keys, world).await };
    let key = key_of(keys, &store.location(), &loaded.key)?;
    match (loaded.journal_bytes, loaded.torn) {
        (None, _) => {
            let origin = snapshot::Origin { key: loaded.key.clone(), chain: loaded.chain.clone() };
            loaded.write_anew(store, fence, &origin).await?;
        }
        (Some(whole_bytes), Some(_)) => store.truncate(fence, whole_bytes).await?,
        (Some(_), None) => {}
    }
    Ok((loaded, key))
}

/// Makes a state where there is none. The key is on disk before the state that names it.
async fn begin(
    store: &mut dyn StateStore,
    fence: &Fence,
    keys: &KeySource,
    world: &dyn World,
) -> Result<(Loaded, DigestKey), OpenError> {
    let key = match keys {
        KeySource::Given(key) => key.clone(),
        KeySource::File(file) => match file.load()? {
            Some(key) => key,
            None => {
                let bytes = system_entropy()
                    .map_err(|source| OpenError::NewKey { location: store.location(), source })?;
                let key = DigestKey::from_bytes(bytes);
                file.save(&key)?;
                key
            }
        },
    };
    let lineage = format!("{:016x}{:016x}", world.random_u64(), world.random_u64());
    let chain = Chain::start(&lineage);
    let origin = snapshot::Origin { key: key.id(), chain: chain.clone() };
    let mut loaded = Loaded {
        state: State::new(lineage),
        chain,
        key: key.id(),
        base_bytes: 0,
        journal_bytes: None,
        torn: None,
    };
    loaded.write_anew(store, fence, &origin).await?;
    Ok((loaded, key))
}

impl Loaded {
    async fn write_anew(
        &mut self,
        store: &mut dyn StateStore,
        fence: &Fence,
        origin: &snapshot::Origin,
    ) -> Result<(), OpenError> {
        let base = snapshot::write(&self.state, origin).expect("what was read holds no secret in clear");
        let journal = lines::write_head(&head_of(&self.state, &self.chain, &self.key));
        store.replace(fence, &base, &journal).await?;
        self.base_bytes = base.len() as u64;
        self.journal_bytes = Some(journal.len() as u64);
        Ok(())
    }
}

fn head_of(state: &State, chain: &Chain, key: &str) -> Head {
    Head {
        lineage: state.lineage().to_owned(),
        key: key.to_owned(),
        after: state.serial(),
        sum: chain.text().to_owned(),
    }
}

fn key_of(keys: &KeySource, location: &str, key_id: &str) -> Result<DigestKey, OpenError> {
    let key = match keys {
        KeySource::Given(key) => key.clone(),
        KeySource::File(file) => file.load()?.ok_or_else(|| OpenError::MissingKey {
            location: location.to_owned(),
            key_id: key_id.to_owned(),
            key_path: file.path().display().to_string(),
        })?,
    };
    if key.id() != key_id {
        return Err(OpenError::OtherKey {
            location: location.to_owned(),
            key_id: key_id.to_owned(),
            given_id: key.id(),
        });
    }
    Ok(key)
}

fn ledger_error(error: StoreError) -> LedgerError {
    match error {
        lost @ StoreError::LockLost { .. } => LedgerError::LockLost(Box::new(lost)),
        other => LedgerError::Write(Box::new(other)),
    }
}
