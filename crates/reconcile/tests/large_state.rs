//! What a change costs in a large state. `RECONCILE_LARGE_STATE` sets the number of resources (10,000 unless said
//! otherwise); `--nocapture` shows the times.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that measures real time and reads its size from the environment"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::record::{
    Begin, End, EndOutcome, IntentId, Millis, Operation, Record, Slot, StateEntry, Status,
};
use reconcile::secret::DigestKey;
use reconcile::store::FileStore;
use reconcile::value::{Value, ValueMap};
use world::RealWorld;

async fn open(folder: &std::path::Path) -> Journal {
    let holder = Holder {
        owner: "ada".into(),
        host: "here".into(),
        pid: 1,
        reason: "test".into(),
        lease: Duration::from_secs(600),
    };
    let key = KeySource::Given(DigestKey::from_bytes([7; 32]));
    let store = Box::new(FileStore::new(folder.join("state.json")));
    Journal::open(store, &key, holder, Arc::new(RealWorld::new())).await.unwrap()
}

fn entry(number: usize) -> StateEntry {
    let inputs = ValueMap::from([("deps", Value::list([Value::string(format!("id-{}", number / 2))]))]);
    StateEntry {
        identifier: Some(format!("id-{number}").into()),
        attributes: inputs.clone(),
        inputs,
        dependencies: Vec::new(),
        protect: false,
        status: Status::Ready,
        private: Value::Null,
        schema_version: 0,
    }
}

fn bytes_in(folder: &std::path::Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_change_in_a_large_state_writes_little() {
    let count = std::env::var("RECONCILE_LARGE_STATE").map_or(10_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path()).await;
    for first in (0..count).step_by(1000) {
        let puts = (first..count.min(first + 1000)).map(|number| Record::Put {
            address: format!("null.n{number}").parse().unwrap(),
            slot: Slot::Current,
            entry: Box::new(entry(number)),
        });
        journal.commit(puts.collect()).await.unwrap();
    }
    journal.close().await.unwrap();

    let started = Instant::now();
    let mut journal = open(folder.path()).await;
    let opened = started.elapsed();
    assert_eq!(journal.state().entries().count(), count);
    let before = bytes_in(folder.path());

    let started = Instant::now();
    let address: reconcile::Address = "null.n7".parse().unwrap();
    let begin = Record::Begin(Begin {
        intent: journal.state().next_intent(),
        address,
        slot: Slot::Current,
        operation: Operation::Update,
        retry_token: "token".into(),
        payload_digest: journal.key().digest(b"payload"),
        at: Millis(1),
        draft: Some(entry(7).into()),
        protect: false,
    });
    journal.commit(vec![begin]).await.unwrap();
    let end = Record::End(End { intent: IntentId(0), outcome: EndOutcome::Kept(Box::new(entry(7))) });
    journal.commit(vec![end]).await.unwrap();
    let changed = started.elapsed();
    let written = bytes_in(folder.path()) - before;
    let started = Instant::now();
    journal.close().await.unwrap();
    let closed = started.elapsed();
    println!(
        "{count} resources: opened in {opened:?}; one change: {changed:?} and {written} bytes; closed in {closed:?}"
    );
    assert!(written < 10_000, "{written} bytes for one change");
}
