//! The bytes of a journal: a line for the format, a head, and one line for each record.
//!
//! ```text
//! {"format":1}
//! {"frame":"…","lineage":"…","key":"…","after":120,"sum":"…"}
//! {"frame":"…","seq":121,"batch":121,"record":{"record":"begin",…}}
//! {"frame":"…","seq":122,"batch":121,"record":{"record":"begin",…}}
//! ```
//!
//! `seq` is the serial of the state after the record. `batch` is the first `seq` of the records that were written and
//! synced together: once a later batch is there, all before it was on disk.
//!
//! A crash can only tear what was being appended. So an end that is cut short, or zero from some byte on, is a *torn tail*: the
//! records before it are the journal. Everything else that does not fit is damage, and is refused with its offset.

use serde::{Deserialize, Serialize};

use super::frame::{self, Chain, Fault};
use super::{File, FormatError};
use crate::record::Record;

/// The newest format that this program reads, and the one it writes.
pub(crate) const FORMAT: u64 = 1;

/// What a journal says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The history that it belongs to.
    pub(crate) lineage: String,
    /// Which key its digests were made with.
    pub(crate) key: String,
    /// The serial of the state that its first record follows.
    pub(crate) after: u64,
    /// The checksum of the history up to there.
    pub(crate) sum: String,
}

/// The end of a journal that a crash has torn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Where the whole records end, in bytes from the start.
    pub offset_bytes: u64,
    /// How many bytes after that are dropped.
    pub dropped_bytes: u64,
}

/// Reads a journal, record by record.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    chain: Chain,
    /// The number and the batch of the last record.
    last: (u64, u64),
}

/// One record of a journal.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) record: Record,
}

/// One line after the head.
#[derive(Debug, Serialize, Deserialize)]
struct Line<R> {
    seq: u64,
    batch: u64,
    record: R,
}

/// A journal without records.
pub(crate) fn write_head(head: &Head) -> Vec<u8> {
    let mut bytes = format_line();
    frame::write(&mut bytes, &mut head_chain(), head).expect("a head holds no secret");
    bytes.push(b'\n');
    bytes
}

/// Appends the line of one record to `bytes`.
///
/// # Errors
/// If the record holds a secret in clear; `bytes` and `chain` are then as they were.
pub(crate) fn write_record(
    bytes: &mut Vec<u8>,
    chain: &mut Chain,
    (seq, batch): (u64, u64),
    record: &Record,
) -> Result<(), serde_json::Error> {
    frame::write(bytes, chain, &Line { seq, batch, record })?;
    bytes.push(b'\n');
    Ok(())
}

impl<'a> Reader<'a> {
    /// Reads the head.
    ///
    /// # Errors
    /// If the format is not ours or the head is damaged. It cannot be torn: a journal gets its name with its head in it.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<(Head, Self), FormatError> {
        let at = read_format_line(bytes)?;
        let (head, taken): (Head, usize) =
            frame::read(&bytes[at..], b"\n", &mut head_chain()).map_err(|fault| damaged(at, why(&fault)))?;
        let chain = Chain::resume(&head.sum).ok_or_else(|| damaged(at, "its checksum is none"))?;
        let last = (head.after, head.after);
        Ok((head, Self { bytes, at: at + taken, chain, last }))
    }

    /// Reads the next record; `None` at the end of the whole records.
    ///
    /// # Errors
    /// If there is something that is neither a record that follows nor a torn tail.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, FormatError> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let mut chain = self.chain.clone();
        let (line, taken) = match frame::read::<Line<Record>>(rest, b"\n", &mut chain) {
            Ok(line) => line,
            Err(_) if is_torn(rest, self.at, self.last.0 + 1) => return Ok(None),
            Err(fault) => return Err(damaged(self.at, why(&fault))),
        };
        let Line { seq, batch, record } = line;
        // A batch goes on, or a new one begins with this record.
        if seq != self.last.0 + 1 || (batch != seq && batch != self.last.1) {
            return Err(damaged(self.at, "its number does not follow the one before"));
        }
        let entry = Entry { seq, offset_bytes: self.at as u64, record };
        self.at += taken;
        self.chain = chain;
        self.last = (seq, batch);
        Ok(Some(entry))
    }

    /// The checksum of the history up to and with the last record read.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// How far the whole records read so far reach.
    pub(crate) fn whole_bytes(&self) -> u64 {
        self.at as u64
    }

    /// What is left once [`Reader::next`] has said `None`.
    pub(crate) fn torn(&self) -> Option<TornTail> {
        let dropped_bytes = (self.bytes.len() - self.at) as u64;
        (dropped_bytes > 0).then_some(TornTail { offset_bytes: self.at as u64, dropped_bytes })
    }
}

/// The smallest piece in which a disk writes. Zeros that end elsewhere, with something after them, are damage.
const SECTOR_BYTES: usize = 512;

/// Whether `rest`, which starts `at` bytes into the file with something other than a whole record, may be what a
/// crash left of an append that begins with, or before, record `expected_seq`.
fn is_torn(rest: &[u8], at: usize, expected_seq: u64) -> bool {
    // Where the length of a file reached the disk before its content, there are zeros. No record has any.
    let written = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let begins_a_record = written == 0
        || matches!(
            frame::read::<Line<Record>>(&rest[..written], b"\n", &mut Chain::start("")),
            Err(Fault::CutShort)
        );
    if !begins_a_record {
        return false;
    }
    let after_zeros = &rest[written..];
    let Some(resumed) = after_zeros.iter().position(|byte| *byte != 0) else { return true };
    // The sectors of one append may reach the disk in any order. What belongs to a later append cannot.
    let starts_a_sector = written == 0 || (at + written).is_multiple_of(SECTOR_BYTES);
    if !starts_a_sector || !(at + written + resumed).is_multiple_of(SECTOR_BYTES) {
        return false;
    }
    let mut lines = after_zeros[resumed..].split_inclusive(|byte| *byte == b'\n');
    lines.all(|line| match serde_json::from_slice::<Line<serde::de::IgnoredAny>>(line) {
        Ok(line) => line.batch <= expected_seq,
        // The remains of the record that the zeros cut into, or the end of this append.
        Err(_) => !line.starts_with(b"{\"frame\":\"") || !line.ends_with(b"\n"),
    })
}

/// The first line of every file of ours.
pub(crate) fn format_line() -> Vec<u8> {
    format!("{{\"format\":{FORMAT}}}\n").into_bytes()
}

fn read_format_line(bytes: &[u8]) -> Result<usize, FormatError> {
    let expected = format_line();
    if bytes.starts_with(&expected) {
        return Ok(expected.len());
    }
    Err(unknown_format(File::Journal, bytes, "}\n"))
}

/// What to say of a file that does not begin as our format does. `end` is what follows the number.
pub(crate) fn unknown_format(file: File, bytes: &[u8], end: &str) -> FormatError {
    let newer = std::str::from_utf8(&bytes[..bytes.len().min(64)]).ok().and_then(|start| {
        let number = start.strip_prefix("{\"format\":")?.split(end.chars().next()?).next()?;
        number.parse::<u64>().ok().filter(|found| *found > FORMAT)
    });
    match newer {
        Some(found) => FormatError::Newer { file, found, supported: FORMAT },
        None => FormatError::Damaged { file, offset_bytes: 0, why: "it does not begin as one of ours" },
    }
}

fn damaged(at: usize, why: &'static str) -> FormatError {
    FormatError::Damaged { file: File::Journal, offset_bytes: at as u64, why }
}

fn head_chain() -> Chain {
    Chain::start("journal")
}

pub(crate) fn why(fault: &Fault) -> &'static str {
    match fault {
        Fault::CutShort => "it is cut short",
        Fault::Damaged(why) => why,
    }
}
