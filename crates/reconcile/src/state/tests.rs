//! Properties of the fold: what any legal history does, and what any illegal record does not.

use std::sync::Arc;

use proptest::prelude::*;

use super::snapshot::{self, Origin};
use super::*;
use crate::journal::frame::Chain;
use crate::journal::lines;
use crate::record::{End, Learned, Millis, Status};
use crate::value::{Digest, Value};

fn address(number: u8) -> Address {
    format!("t.n{}", number % 4).parse().unwrap()
}

fn entry(number: u8, identifier: Option<Identifier>) -> StateEntry {
    StateEntry {
        identifier,
        inputs: ValueMap::from([("value", Value::from(i64::from(number)))]),
        attributes: ValueMap::from([("value", Value::from(i64::from(number)))]),
        dependencies: (number > 128).then(|| address(number / 2)).into_iter().collect(),
        protect: number.is_multiple_of(5),
        status: if number.is_multiple_of(7) { Status::Tainted } else { Status::Ready },
        private: Value::Null,
        schema_version: u32::from(number % 2),
    }
}

/// Some record; whether it is legal, the state says.
fn record(state: &State, (kind, number, choice): (u8, u8, u8)) -> Record {
    let open = state.open_intents().nth(usize::from(choice) % 3).map(|(intent, open)| (intent, open.clone()));
    let (intent, open) = open.unwrap_or_else(|| {
        let begin = begin(IntentId(u64::from(choice)), number, Operation::Create, Slot::Current);
        (begin.intent, OpenIntent { begin, identifier: None, pending: None })
    });
    let identifier: Identifier = format!("id-{}", intent.0).into();
    let slot = match state.deposed().next() {
        Some((_, by, _)) if choice % 4 == 0 => Slot::Deposed(by),
        _ => Slot::Current,
    };
    match kind % 12 {
        0..3 => {
            let operation =
                [Operation::Create, Operation::Update, Operation::Delete][usize::from(choice % 3)];
            let next = if choice == 255 { IntentId(0) } else { state.next_intent() };
            Record::Begin(begin(next, number, operation, slot))
        }
        3 | 4 => Record::Learned(Learned {
            intent,
            identifier: (choice % 2 == 0).then(|| identifier.clone()),
            pending: (choice % 3 == 0).then(|| Pending("work".into())),
        }),
        5..8 => {
            let known = open.identifier.clone().unwrap_or(identifier);
            let outcome = match choice % 3 {
                0 => EndOutcome::Kept(Box::new(entry(number, Some(known)))),
                1 => EndOutcome::Gone,
                _ => EndOutcome::NoEffect,
            };
            Record::End(End { intent, outcome })
        }
        8 => Record::Put {
            address: address(number),
            slot,
            entry: Box::new(entry(number, Some(format!("put-{number}").into()))),
        },
        9 => Record::Forget { address: address(number), slot, protect: choice % 3 == 0 },
        10 => Record::Move { from: address(number), to: address(choice) },
        _ => match choice % 4 {
            0 => Record::Run(RunMark::Began),
            1 => Record::Run(RunMark::RollingBack),
            2 => Record::Run(RunMark::Ended),
            _ => Record::Outputs { values: ValueMap::from([("x", Value::from(i64::from(number)))]) },
        },
    }
}

fn begin(intent: IntentId, number: u8, operation: Operation, slot: Slot) -> Begin {
    Begin {
        intent,
        address: address(number),
        slot,
        operation,
        retry_token: Arc::from(format!("token-{}", intent.0)),
        payload_digest: Digest([number; 32]),
        at: Millis(i64::from(number)),
        draft: Some(Arc::new(entry(number, None))),
        protect: operation == Operation::Delete && number.is_multiple_of(2),
    }
}

proptest! {
    #[test]
    fn any_history_reads_back_from_any_prefix_and_an_illegal_record_changes_nothing(
        choices in prop::collection::vec(any::<(u8, u8, u8)>(), 0..60),
    ) {
        let mut chain = Chain::start("lineage");
        let head = lines::Head { lineage: "lineage".into(), key: "key".into(), after: 0, sum: chain.text().into() };
        let mut bytes = lines::write_head(&head);
        let mut state = State::new("lineage");
        let mut prefixes = vec![(bytes.len(), state.clone())];
        for choice in choices {
            let record = record(&state, choice);
            let before = state.clone();
            if state.fold(record.clone()).is_err() {
                prop_assert_eq!(&state, &before);
                continue;
            }
            let seq = state.serial();
            prop_assert_eq!(seq, before.serial() + 1);
            lines::write_record(&mut bytes, &mut chain, (seq, seq), &record).unwrap();
            prefixes.push((bytes.len(), state.clone()));
        }
        for (length, expected) in prefixes {
            let (_, mut reader) = lines::Reader::open(&bytes[..length]).unwrap();
            let mut folded = State::new("lineage");
            while let Some(entry) = reader.next().unwrap() {
                folded.fold(entry.record).unwrap();
            }
            prop_assert_eq!(&folded, &expected);

            let origin = Origin { key: "key".into(), chain: reader.chain().clone() };
            let (again, origin_again) = snapshot::read(&snapshot::write(&expected, &origin).unwrap()).unwrap();
            prop_assert_eq!((again, origin_again), (expected, origin));
        }
    }
}

#[test]
fn an_address_stays_protected_from_the_end_of_one_object_to_the_whole_of_the_next() {
    let at = address(1);
    let put = |protect| {
        let entry = StateEntry { protect, ..entry(1, Some("old".into())) };
        Record::Put { address: address(1), slot: Slot::Current, entry: Box::new(entry) }
    };
    let begin = |intent, operation, protect| {
        let draft = StateEntry { protect, status: Status::Pending, ..entry(1, None) };
        let draft = (operation != Operation::Delete).then(|| Arc::new(draft));
        Record::Begin(Begin {
            draft,
            protect: protect && operation == Operation::Delete,
            ..begin(IntentId(intent), 1, operation, Slot::Current)
        })
    };
    let end = |intent, outcome| Record::End(End { intent: IntentId(intent), outcome });
    let learned =
        Record::Learned(Learned { intent: IntentId(1), identifier: Some("new".into()), pending: None });
    let kept = |protect| EndOutcome::Kept(Box::new(StateEntry { protect, ..entry(1, Some("new".into())) }));
    let forget = |protect| Record::Forget { address: address(1), slot: Slot::Current, protect };
    let (create, update, delete) = (Operation::Create, Operation::Update, Operation::Delete);
    let gone = || vec![put(true), begin(0, delete, true), end(0, EndOutcome::Gone)];
    let and = |records: &[Record]| gone().into_iter().chain(records.iter().cloned()).collect::<Vec<_>>();
    let cases = [
        (vec![put(true), begin(0, delete, false), end(0, EndOutcome::Gone)], false),
        (gone(), true),
        (vec![put(true), begin(0, delete, true), end(0, EndOutcome::NoEffect)], false),
        (vec![put(true), begin(0, update, true), end(0, EndOutcome::Gone)], true),
        (vec![put(true), begin(0, update, false), end(0, EndOutcome::Gone)], false),
        (vec![put(true), forget(true)], true),
        (vec![put(true), forget(false)], false),
        (and(&[forget(false)]), false),
        (and(&[put(false)]), false),
        (and(&[begin(1, create, false)]), false),
        (and(&[begin(1, create, true), learned.clone()]), true),
        (and(&[begin(1, create, true), learned.clone(), end(1, EndOutcome::Gone)]), true),
        (and(&[begin(1, create, true), learned, end(1, kept(true))]), false),
    ];
    for (records, expected) in cases {
        let mut state = State::new("lineage");
        records.iter().for_each(|record| state.fold(record.clone()).unwrap());
        assert_eq!(state.stays_protected(&at), expected, "{records:?}");
        assert_eq!(state.protected().len(), usize::from(expected));
    }
}

#[test]
fn records_from_before_there_was_a_field_for_protection_are_read_as_they_were() {
    let written = |record: &Record| serde_json::to_value(record).unwrap();
    let forget = Record::Forget { address: address(1), slot: Slot::Current, protect: false };
    let begin = Record::Begin(begin(IntentId(0), 1, Operation::Delete, Slot::Current));
    for record in [forget, begin] {
        let old = written(&record);
        assert_eq!(old.get("protect"), None, "what says nothing is left out: {old}");
        assert_eq!(serde_json::from_value::<Record>(old).unwrap(), record);
    }
}

/// Folds `records` and says what the last one gives; those before it must be legal.
fn last(records: &[Record]) -> Result<(), FoldError> {
    let mut state = State::new("lineage");
    let (last, before) = records.split_last().unwrap();
    before.iter().for_each(|record| state.fold(record.clone()).unwrap());
    state.fold(last.clone())
}

#[test]
fn every_illegal_order_has_a_name() {
    let begin = |intent, operation| Record::Begin(begin(IntentId(intent), 1, operation, Slot::Current));
    let learned = |intent, name: &str| {
        Record::Learned(Learned { intent: IntentId(intent), identifier: Some(name.into()), pending: None })
    };
    let end = |intent| Record::End(End { intent: IntentId(intent), outcome: EndOutcome::NoEffect });
    let put = |number| Record::Put {
        address: address(number),
        slot: Slot::Current,
        entry: Box::new(entry(1, Some("id".into()))),
    };
    let forget = Record::Forget { address: address(1), slot: Slot::Current, protect: false };
    let moved = Record::Move { from: address(1), to: address(2) };
    let deposed = super::tests::begin(IntentId(0), 1, Operation::Create, Slot::Deposed(IntentId(9)));
    let (create, update, delete) = (Operation::Create, Operation::Update, Operation::Delete);
    let open = || FoldError::StillOpen { address: address(1), intent: IntentId(0) };
    let cases = [
        (vec![learned(0, "x")], FoldError::NotOpen(IntentId(0))),
        (vec![end(0)], FoldError::NotOpen(IntentId(0))),
        (vec![begin(0, create), end(0), end(0)], FoldError::NotOpen(IntentId(0))),
        (vec![begin(0, create), end(0), learned(0, "x")], FoldError::NotOpen(IntentId(0))),
        (vec![begin(3, create), end(3), begin(3, create)], FoldError::UsedIntent(IntentId(3))),
        (vec![begin(3, create), end(3), begin(2, create)], FoldError::UsedIntent(IntentId(2))),
        (vec![begin(0, update)], FoldError::NoObject(address(1))),
        (vec![begin(0, delete)], FoldError::NoObject(address(1))),
        (vec![forget.clone()], FoldError::NoObject(address(1))),
        (vec![moved.clone()], FoldError::NoObject(address(1))),
        (vec![put(1), put(2), moved.clone()], FoldError::Occupied(address(2))),
        (vec![begin(0, create), begin(1, create)], open()),
        (vec![put(1), begin(0, update), begin(1, delete)], open()),
        (vec![put(1), begin(0, update), forget], open()),
        (vec![put(1), begin(0, update), moved], open()),
        (vec![begin(0, create), learned(0, "x"), learned(0, "y")], FoldError::OtherIdentifier(IntentId(0))),
        (vec![Record::Begin(deposed)], FoldError::CreatesDeposed(IntentId(0))),
    ];
    for (records, expected) in cases {
        assert_eq!(last(&records), Err(expected), "{records:?}");
    }
}
