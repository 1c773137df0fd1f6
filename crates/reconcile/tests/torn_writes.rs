//! What a state says after its files were torn, at every byte: the whole of it, a prefix that it had been, or where it is damaged.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reconcile::disk::{Disk, Loss, SimulatedDisk};
use reconcile::journal::{FormatError, Holder, Journal, KeySource, Ledger, OpenError, peek, restore};
use reconcile::record::{
    Begin, End, EndOutcome, IntentId, Learned, Millis, Operation, Pending, Record, Slot, StateEntry, Status,
};
use reconcile::secret::DigestKey;
use reconcile::state::State;
use reconcile::store::FileStore;
use reconcile::value::{Value, ValueMap};
use world::TestWorld;

const STATE: &str = "/s/state.json";
const JOURNAL: &str = "/s/state.json.journal";

fn key() -> DigestKey {
    DigestKey::from_bytes([7; 32])
}

fn holder() -> Holder {
    Holder {
        owner: "ada".into(),
        host: "here".into(),
        pid: 1,
        reason: "test".into(),
        lease: Duration::from_secs(60),
    }
}

async fn open(disk: &SimulatedDisk) -> Result<Journal, OpenError> {
    let store = FileStore::on(Arc::new(disk.clone()), STATE);
    let world = TestWorld::new(DateTime::UNIX_EPOCH, 1);
    Journal::open(Box::new(store), &KeySource::Given(key()), holder(), Arc::new(world)).await
}

fn entry(name: &str) -> StateEntry {
    let secret = key().redact(name, &Value::sensitive("hunter2"));
    let filler = Value::string("x".repeat(300));
    let attributes = ValueMap::from([("filler", filler), ("name", Value::from(name)), ("password", secret)]);
    StateEntry {
        identifier: Some(format!("id of {name}").into()),
        inputs: attributes.clone(),
        attributes,
        dependencies: Vec::new(),
        protect: false,
        status: Status::Ready,
        private: Value::Null,
        schema_version: 0,
    }
}

/// The life of one object, in commits: begun, learned, made; the next change begun in the commit of the end.
fn life(name: &str, first_intent: u64) -> Vec<Vec<Record>> {
    let address = format!("t.{name}").parse::<reconcile::Address>().unwrap();
    let begin = |intent, operation, draft| {
        Record::Begin(Begin {
            intent: IntentId(intent),
            address: address.clone(),
            slot: Slot::Current,
            operation,
            retry_token: format!("token {intent}").into(),
            payload_digest: key().digest(b"payload"),
            at: Millis(1),
            draft,
            protect: false,
        })
    };
    let draft = StateEntry { identifier: None, status: Status::Pending, ..entry(name) };
    let learned = Learned {
        intent: IntentId(first_intent),
        identifier: Some(format!("id of {name}").into()),
        pending: Some(Pending("work request".into())),
    };
    let end = |intent, outcome| Record::End(End { intent: IntentId(intent), outcome });
    vec![
        vec![begin(first_intent, Operation::Create, Some(draft.into()))],
        vec![Record::Learned(learned)],
        vec![
            end(first_intent, EndOutcome::Kept(Box::new(entry(name)))),
            begin(first_intent + 1, Operation::Update, None),
        ],
        vec![end(first_intent + 1, EndOutcome::NoEffect)],
    ]
}

/// A disk with a state that has been compacted and has a journal of six records; and every state it has ever been,
/// by serial.
async fn prepare() -> (SimulatedDisk, BTreeMap<u64, State>) {
    let disk = SimulatedDisk::new(1);
    let mut states = BTreeMap::new();
    let mut journal = open(&disk).await.unwrap();
    for commit in life("a", 0) {
        journal.commit(commit).await.unwrap();
    }
    journal.compact().await.unwrap();
    states.insert(journal.state().serial(), journal.state().clone());
    let mut commits = life("b", 2);
    commits.push(vec![Record::Forget {
        address: "t.a".parse().unwrap(),
        slot: Slot::Current,
        protect: true,
    }]);
    for commit in commits {
        let mut state = journal.state().clone();
        for record in &commit {
            state.fold(record.clone()).unwrap();
            states.insert(state.serial(), state.clone());
        }
        journal.commit(commit).await.unwrap();
    }
    drop(journal);
    (disk.reboot(Loss::Process), states)
}

/// What came of opening: the serial of a state that it has been, or the offset of the damage. Anything else is a failure.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    State(u64),
    Damage(u64),
}

async fn found(disk: &SimulatedDisk, states: &BTreeMap<u64, State>) -> Found {
    let before = disk.files();
    let store = FileStore::on(Arc::new(disk.clone()), STATE);
    let peeked = peek(&store).await.map(|peeked| peeked.unwrap().state);
    let opened = open(disk).await;
    match (peeked, opened) {
        (Ok(peeked), Ok(mut journal)) => {
            assert_eq!(&peeked, journal.state());
            assert_eq!(Some(&peeked), states.get(&peeked.serial()), "a state that never was");
            // What is added now must be there for the next one.
            let outputs = ValueMap::from([("after", Value::from(true))]);
            journal.commit(vec![Record::Outputs { values: outputs.clone() }]).await.unwrap();
            drop(journal);
            let again = open(&disk.reboot(Loss::Power)).await.unwrap();
            assert_eq!((again.state().outputs(), again.state().serial()), (&outputs, peeked.serial() + 1));
            Found::State(peeked.serial())
        }
        (Err(OpenError::Format { source, .. }), Err(OpenError::Format { source: again, .. })) => {
            assert_eq!(source, again);
            let after = disk.files();
            let same = [STATE, JOURNAL].iter().all(|path| after[Path::new(path)] == before[Path::new(path)]);
            assert!(same, "a state that was refused was changed");
            match source {
                FormatError::Damaged { offset_bytes, .. } => Found::Damage(offset_bytes),
                other => panic!("{other}"),
            }
        }
        (peeked, opened) => panic!("{peeked:?} without the lock, and {opened:?} with it"),
    }
}

fn line_starts(bytes: &[u8]) -> Vec<u64> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1);
    std::iter::once(0).chain(ends).collect()
}

/// The offset at which the line with the byte `at` starts.
fn line_start(bytes: &[u8], at: usize) -> u64 {
    *line_starts(bytes).iter().rev().find(|start| **start <= at as u64).unwrap()
}

async fn with_file(
    path: &str,
    content: Vec<u8>,
    (disk, states): (&SimulatedDisk, &BTreeMap<u64, State>),
) -> Found {
    disk.put(path, content);
    found(disk, states).await
}

/// The files on another disk, since each case changes them.
fn again(files: &BTreeMap<std::path::PathBuf, Vec<u8>>) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    for (path, content) in files {
        disk.put(path, content.clone());
    }
    disk
}

#[tokio::test]
async fn a_journal_cut_or_zeroed_at_any_byte_is_a_prefix_or_refused() {
    let (disk, states) = prepare().await;
    let files = disk.files();
    let whole = files[Path::new(JOURNAL)].clone();
    let starts = line_starts(&whole);
    let head_end = starts[2];
    let first = *states.keys().next().unwrap();
    for at in 0..=whole.len() {
        let cut = whole[..at].to_vec();
        let mut zeroed = whole.clone();
        zeroed[at..].fill(0);
        let whole_records =
            starts.iter().filter(|start| **start > head_end && **start <= at as u64).count() as u64;
        for (name, content) in [("cut", cut), ("zeroed", zeroed)] {
            if content.is_empty() {
                continue;
            }
            let found = with_file(JOURNAL, content, (&again(&files), &states)).await;
            let expected = if (at as u64) < head_end {
                Found::Damage(if (at as u64) < starts[1] { 0 } else { starts[1] })
            } else {
                Found::State(first + whole_records)
            };
            assert_eq!(found, expected, "{name} at {at}");
        }
    }
}

#[tokio::test]
async fn a_journal_that_is_empty_or_gone_is_refused() {
    let (disk, _) = prepare().await;
    let files = disk.files();
    let gone = again(&files);
    gone.remove(Path::new(JOURNAL)).unwrap();
    let emptied = again(&files);
    emptied.put(JOURNAL, b"");
    for disk in [gone, emptied] {
        let error = open(&disk).await.unwrap_err();
        let OpenError::Format { source, .. } = error else { panic!("{error}") };
        assert_eq!(source, FormatError::NoJournal { state: 5 });
    }
}

#[tokio::test]
async fn a_journal_whose_tail_is_there_twice_is_refused_with_the_offset() {
    let (disk, states) = prepare().await;
    let files = disk.files();
    let whole = files[Path::new(JOURNAL)].clone();
    let last = *states.keys().last().unwrap();
    for at in 0..whole.len() {
        let mut doubled = whole.clone();
        doubled.extend_from_slice(&whole[at..]);
        let found = with_file(JOURNAL, doubled, (&again(&files), &states)).await;
        assert_eq!(found, Found::Damage(whole.len() as u64), "the tail from {at}");
        assert!(last > 0);
    }
}

#[tokio::test]
async fn a_changed_byte_in_a_journal_is_refused_with_the_offset() {
    let (disk, states) = prepare().await;
    let files = disk.files();
    let whole = files[Path::new(JOURNAL)].clone();
    for at in 0..whole.len() {
        for flip in [1, whole[at]] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            if changed[at] == 0 && at + 1 == whole.len() {
                // A zero as the last byte is what a torn write leaves, and the record before it is not whole.
                continue;
            }
            // A digit of the format may become a greater one; that is refused as newer.
            if whole[at].is_ascii_digit() && changed[at].is_ascii_digit() && at < 13 {
                continue;
            }
            let found = with_file(JOURNAL, changed, (&again(&files), &states)).await;
            assert_eq!(found, Found::Damage(line_start(&whole, at)), "byte {at} xor {flip}");
        }
    }
}

#[tokio::test]
async fn a_state_file_that_is_not_whole_is_refused_with_the_offset() {
    let (disk, states) = prepare().await;
    let files = disk.files();
    let whole = files[Path::new(STATE)].clone();
    for at in 0..whole.len() {
        let mut zeroed = whole.clone();
        zeroed[at..].fill(0);
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let mut doubled = whole.clone();
        doubled.extend_from_slice(&whole[at..]);
        // The number of the format: 0 is no format.
        for (name, content) in
            [("cut", whole[..at].to_vec()), ("zeroed", zeroed), ("changed", changed), ("doubled", doubled)]
        {
            let found = with_file(STATE, content, (&again(&files), &states)).await;
            let Found::Damage(offset) = found else { panic!("{name} at {at}: {found:?}") };
            let expected = if name == "doubled" { whole.len() - 1 } else { at };
            // The last line has two ends, of which the second begins a line of its own.
            let line = line_start(&whole, expected.min(whole.len() - 5));
            assert_eq!(offset, line, "{name} at {at}");
        }
    }
}

#[tokio::test]
async fn blocks_of_one_append_may_reach_the_disk_in_any_order() {
    let (disk, states) = prepare().await;
    let files = disk.files();
    let whole = files[Path::new(JOURNAL)].clone();
    let starts = line_starts(&whole);
    // The third commit after the head has two records, lines 4 and 5, which reach over the end of a sector. Only what
    // comes after that reached the disk.
    let (first, end) = (starts[4] as usize, starts[6] as usize);
    let sector = first.next_multiple_of(512);
    assert!(first < sector && sector < end, "{first} {end}");
    let mut torn = whole[..end].to_vec();
    torn[first..sector].fill(0);
    let found = with_file(JOURNAL, torn, (&again(&files), &states)).await;
    assert_eq!(found, Found::State(7));

    // With a later append after it, it was on disk once, and is damaged now.
    let mut damaged = whole.clone();
    damaged[first..sector].fill(0);
    let found = with_file(JOURNAL, damaged, (&again(&files), &states)).await;
    assert_eq!(found, Found::Damage(first as u64));
}

#[tokio::test]
async fn a_newer_format_is_refused_politely() {
    let (disk, _) = prepare().await;
    for path in [STATE, JOURNAL] {
        let newer = again(&disk.files());
        let content = String::from_utf8(newer.read(Path::new(path)).unwrap()).unwrap();
        newer.put(path, content.replacen("\"format\":1", "\"format\":2", 1));
        let error = open(&newer).await.unwrap_err();
        let text = error.source().unwrap().to_string();
        assert!(text.ends_with("has format 2; this version of the program reads up to 1"), "{text}");
    }
}

#[tokio::test]
async fn a_journal_of_another_state_is_refused() {
    let (disk, _) = prepare().await;
    let other = SimulatedDisk::new(2);
    let store = FileStore::on(Arc::new(other.clone()), STATE);
    let world = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 2));
    drop(Journal::open(Box::new(store), &KeySource::Given(key()), holder(), world).await.unwrap());
    let mixed = again(&disk.files());
    mixed.put(JOURNAL, other.reboot(Loss::Process).read(Path::new(JOURNAL)).unwrap());
    let error = open(&mixed).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Format { source: FormatError::ForeignLineage { .. }, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_state_that_was_put_back_does_not_take_a_journal_of_another_history() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).await.unwrap();
    for commit in life("a", 0) {
        journal.commit(commit).await.unwrap();
    }
    let forked = again(&disk.files());
    // Two histories of the same length.
    journal.commit(vec![Record::Outputs { values: ValueMap::from([("x", Value::from(1))]) }]).await.unwrap();
    journal.compact().await.unwrap();
    let mut other = open(&forked).await.unwrap();
    other.commit(vec![Record::Outputs { values: ValueMap::from([("x", Value::from(2))]) }]).await.unwrap();
    let mixed = again(&disk.files());
    mixed.put(JOURNAL, forked.read(Path::new(JOURNAL)).unwrap());
    let error = open(&mixed).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Format { source: FormatError::OtherHistory { serial: 6 }, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn without_its_key_a_state_is_refused_and_left_as_it_is() {
    use reconcile::secret::KeyFile;
    let disk = SimulatedDisk::new(1);
    let keys = KeySource::File(KeyFile::on(Arc::new(disk.clone()), "/s/state.key"));
    let open = |disk: &SimulatedDisk, keys: KeySource| {
        let store = FileStore::on(Arc::new(disk.clone()), STATE);
        let world = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 1));
        async move { Journal::open(Box::new(store), &keys, holder(), world).await }
    };
    open(&disk, keys.clone()).await.unwrap().close().await.unwrap();
    open(&disk, keys.clone()).await.unwrap().close().await.unwrap();
    let before = disk.files();

    let other = open(&disk, KeySource::Given(key())).await.unwrap_err();
    assert!(matches!(other, OpenError::OtherKey { .. }), "{other:?}");
    disk.remove(Path::new("/s/state.key")).unwrap();
    let missing = open(&disk, keys).await.unwrap_err();
    assert!(missing.to_string().ends_with("and there is no key in /s/state.key"), "{missing}");
    for path in [STATE, JOURNAL] {
        assert_eq!(disk.files()[Path::new(path)], before[Path::new(path)]);
    }
    assert!(!disk.files().contains_key(Path::new("/s/state.json.lock")), "the lock was not given back");
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_damaged_state() {
    let (disk, states) = prepare().await;
    let mut journal = open(&disk).await.unwrap();
    let kept = journal.backup().await.unwrap();
    journal.commit(vec![Record::Outputs { values: ValueMap::default() }]).await.unwrap();
    drop(journal);
    disk.put(STATE, b"damaged");
    assert!(open(&disk).await.is_err());

    let copy = disk.read(Path::new(&kept)).unwrap();
    let world = TestWorld::new(DateTime::UNIX_EPOCH, 3);
    let mut store = FileStore::on(Arc::new(disk.clone()), STATE);
    let keys = KeySource::Given(key());
    let mut half = copy.clone();
    half.truncate(copy.len() / 2);
    assert!(restore(&mut store, &keys, holder(), &world, &half).await.is_err());
    restore(&mut store, &keys, holder(), &world, &copy).await.unwrap();
    assert_eq!(disk.files()[Path::new("/s/state.json.replaced")], b"damaged");
    assert_eq!(Some(open(&disk).await.unwrap().state()), states.values().last());
}
