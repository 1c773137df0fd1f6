//! The bytes of a whole state: one JSON document, a line for each thing it knows.
//!
//! ```text
//! {"format":1,"state":[
//! {"frame":"…","head":{"lineage":"…","serial":120,…}},
//! {"frame":"…","resource":{"address":"oci_core_vcn.main","entry":{…}}},
//! {"frame":"…","end":1}
//! ]}
//! ```
//!
//! It is only ever replaced as a whole, so nothing in it can be torn: whatever does not fit is damage, and is refused
//! with its offset.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{OpenIntent, RunState, State};
use crate::Address;
use crate::journal::frame::{self, Chain};
use crate::journal::lines::{FORMAT, unknown_format, why};
use crate::journal::{File, FormatError};
use crate::record::{Begin, Identifier, IntentId, Pending, StateEntry};
use crate::value::{Shared, Value, ValueMap};

/// What a snapshot says besides the state itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Which key its digests were made with.
    pub(crate) key: String,
    /// The checksum of the history that led to it.
    pub(crate) chain: Chain,
}

/// Of a larger state so many lines tell how long all of them will be about.
const SAMPLE_LINES: usize = 64;

/// One line. `E` is an entry, borrowed when writing.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<E> {
    Head(Head),
    Resource {
        address: Address,
        entry: E,
    },
    Deposed {
        address: Address,
        by: IntentId,
        entry: E,
    },
    Open {
        begin: Begin,
        identifier: Option<Identifier>,
        pending: Option<Pending>,
    },
    Before {
        address: Address,
        entry: Option<E>,
    },
    /// How many lines there were between the head and this one.
    End(u64),
}

#[derive(Serialize, Deserialize)]
struct Head {
    lineage: Arc<str>,
    serial: u64,
    sum: String,
    key: String,
    next_intent: u64,
    outputs: ValueMap,
    /// Whether a run that can be rolled back is under way, and whether it is being rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolling_back: Option<bool>,
    /// Addresses whose protected object has gone, and whose next object is to be protected.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    protected: BTreeSet<Address>,
}

/// Writes a state down.
///
/// # Errors
/// If it holds a secret in clear.
pub(crate) fn write(state: &State, origin: &Origin) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = first_line();
    // Making room by and by copies what is there over and over.
    bytes.reserve(expected_length(state));
    let mut chain = snapshot_chain();
    let mut lines = 0;
    let mut line = |bytes: &mut Vec<u8>, line: Line<&StateEntry>, end: &str| {
        frame::write(bytes, &mut chain, &line)?;
        bytes.extend_from_slice(end.as_bytes());
        lines += 1;
        Ok::<_, serde_json::Error>(lines)
    };
    line(&mut bytes, Line::Head(head(state, origin)), BETWEEN)?;
    for (address, entry) in &state.current {
        line(&mut bytes, Line::Resource { address: address.clone(), entry }, BETWEEN)?;
    }
    for ((address, by), entry) in &state.deposed {
        line(&mut bytes, Line::Deposed { address: address.clone(), by: *by, entry }, BETWEEN)?;
    }
    for open in state.open.values() {
        let OpenIntent { begin, identifier, pending } = open.clone();
        line(&mut bytes, Line::Open { begin, identifier, pending }, BETWEEN)?;
    }
    for (address, entry) in state.run.iter().flat_map(|run| &run.before) {
        line(&mut bytes, Line::Before { address: address.clone(), entry: entry.as_deref() }, BETWEEN)?;
    }
    let lines = lines - 1;
    frame::write(&mut bytes, &mut chain, &Line::<&StateEntry>::End(lines))?;
    bytes.extend_from_slice(LAST.as_bytes());
    Ok(bytes)
}

/// Reads what [`write`] has written.
///
/// # Errors
/// If anything in it is not as it was written, with the offset of the line.
pub(crate) fn read(bytes: &[u8]) -> Result<(State, Origin), FormatError> {
    let damaged = |at: usize, why| FormatError::Damaged { file: File::State, offset_bytes: at as u64, why };
    let first = first_line();
    if !bytes.starts_with(&first) {
        return Err(unknown_format(File::State, bytes, ","));
    }
    let mut chain = snapshot_chain();
    let mut at = first.len();
    let mut next = |at: &mut usize| {
        let end = if is_last(&bytes[*at..]) { LAST } else { BETWEEN };
        let (line, taken) = frame::read::<Line<StateEntry>>(&bytes[*at..], end.as_bytes(), &mut chain)
            .map_err(|fault| damaged(*at, why(&fault)))?;
        *at += taken;
        Ok(line)
    };
    let Line::Head(head) = next(&mut at)? else { return Err(damaged(first.len(), "the head is missing")) };
    let origin = Origin {
        chain: Chain::resume(&head.sum).ok_or_else(|| damaged(first.len(), "its checksum is none"))?,
        key: head.key.clone(),
    };
    let mut state = empty_state(head);
    // They come in order, so the map is made of them at once in the end: that is faster, and packs it tightly.
    let mut current: Vec<(Address, Arc<StateEntry>)> = Vec::new();
    let mut shared = Shared::default();
    let mut lines = 0;
    loop {
        let start = at;
        let line = next(&mut at)?;
        match line {
            Line::End(expected) if expected == lines && at == bytes.len() => {
                state.current = current.into_iter().collect();
                return Ok((state, origin));
            }
            Line::End(_) => return Err(damaged(start, "the state goes on after its end")),
            Line::Resource { address, mut entry } => {
                if current.last().is_some_and(|(before, _)| *before >= address) {
                    return Err(damaged(start, "it does not belong here"));
                }
                shared.names(&mut entry.inputs);
                shared.names(&mut entry.attributes);
                share(&mut entry);
                current.push((address, Arc::new(entry)));
            }
            line => {
                if !put(&mut state, line) {
                    return Err(damaged(start, "it does not belong here"));
                }
            }
        }
        lines += 1;
    }
}

const BETWEEN: &str = ",\n";
const LAST: &str = "\n]}\n";

/// About how many bytes the resources take, a little too much rather than too little.
fn expected_length(state: &State) -> usize {
    let count = state.current.len();
    if count < 16 * SAMPLE_LINES {
        return 0;
    }
    let mut sample = Vec::new();
    for (address, entry) in state.current.iter().step_by(count / SAMPLE_LINES) {
        // A line that cannot be written is refused when it is to be written.
        let _ = frame::write(
            &mut sample,
            &mut snapshot_chain(),
            &Line::Resource { address: address.clone(), entry: &**entry },
        );
    }
    sample.len() / SAMPLE_LINES * count / 16 * 17
}

fn first_line() -> Vec<u8> {
    format!("{{\"format\":{FORMAT},\"state\":[\n").into_bytes()
}

fn snapshot_chain() -> Chain {
    Chain::start("state")
}

/// Whether the line that starts here is the last of the document, by what ends it.
fn is_last(rest: &[u8]) -> bool {
    rest.iter().position(|byte| *byte == b'\n').is_some_and(|at| rest[at..].starts_with(LAST.as_bytes()))
}

fn head(state: &State, origin: &Origin) -> Head {
    Head {
        lineage: state.lineage.clone(),
        serial: state.serial,
        sum: origin.chain.text().to_owned(),
        key: origin.key.clone(),
        next_intent: state.next_intent,
        outputs: state.outputs.clone(),
        rolling_back: state.run.as_ref().map(|run| run.rolling_back),
        protected: state.protected.clone(),
    }
}

fn empty_state(head: Head) -> State {
    State {
        lineage: head.lineage,
        serial: head.serial,
        next_intent: head.next_intent,
        outputs: head.outputs,
        protected: head.protected,
        run: head.rolling_back.map(|rolling_back| RunState { rolling_back, ..RunState::default() }),
        ..State::default()
    }
}

/// What is there twice is stored once: what was seen is mostly what was asked for, and an identifier is mostly an attribute too.
fn share(entry: &mut StateEntry) {
    entry.attributes.share_with(&entry.inputs);
    let identifier = entry.identifier.as_ref().map(|identifier| Value::String(identifier.clone()));
    let told = entry.attributes.values().find(|value| Some(*value) == identifier.as_ref());
    if let Some(Value::String(told)) = told {
        entry.identifier = Some(told.clone());
    }
}

/// Takes one line up; `false` when there cannot be such a line there.
fn put(state: &mut State, line: Line<StateEntry>) -> bool {
    match line {
        Line::Deposed { address, by, entry } => {
            state.deposed.insert((address, by), Arc::new(entry)).is_none()
        }
        Line::Open { begin, identifier, pending } => {
            state.insert_open(OpenIntent { begin, identifier, pending }).is_none()
        }
        Line::Before { address, entry } => {
            state.run.as_mut().is_some_and(|run| run.before.insert(address, entry.map(Arc::new)).is_none())
        }
        Line::Head(_) | Line::Resource { .. } | Line::End(_) => false,
    }
}
