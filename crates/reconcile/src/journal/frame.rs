//! One line of a journal or state file: a JSON object that carries its own length and checksum.
//!
//! ```text
//! {"frame":"0000005f 3c1e…","seq":12,…}
//!           length   checksum
//! ```
//!
//! The length counts the object's bytes. The checksum is the start of a SHA-256 over the line before (its
//! checksum) and the content of this one, so that a line that was changed, lost, repeated or taken from another file does
//! not fit. It guards against accidents, not against people: who can write the file can also compute it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// `{"frame":"`, the length in 8 hex digits, a space, the checksum in 16, and `"`.
const PREFIX: &[u8] = b"{\"frame\":\"";
const LENGTH_END: usize = PREFIX.len() + 8;
const SUM_END: usize = LENGTH_END + 1 + 16;
const CONTENT_AT: usize = SUM_END + 1;

/// The checksum of everything read or written so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain([u8; 16]);

impl Chain {
    /// A chain of its own for what `label` names, so that lines of one chain do not fit into another.
    pub(crate) fn start(label: &str) -> Self {
        Self(sum(b"", label.as_bytes()))
    }

    /// Takes up a chain where [`Chain::text`] left it.
    pub(crate) fn resume(text: &str) -> Option<Self> {
        let sum: [u8; 16] = text.as_bytes().try_into().ok()?;
        sum.iter().all(|digit| is_hex(*digit)).then_some(Self(sum))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it is made of hex digits")
    }
}

/// Why a line could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end before the line does, and what is there could be its beginning.
    CutShort,
    /// The bytes cannot be what was written.
    Damaged(&'static str),
}

/// Appends one line without its end. `content` must serialise as a JSON object with at least one member.
///
/// # Errors
/// When `content` refuses to be written, as a secret in clear does. `out` and `chain` are then as they were.
pub(crate) fn write(
    out: &mut Vec<u8>,
    chain: &mut Chain,
    content: &impl Serialize,
) -> Result<(), serde_json::Error> {
    let start = out.len();
    out.extend_from_slice(PREFIX);
    out.resize(start + SUM_END, b' ');
    out.push(b'"');
    if let Err(error) = serde_json::to_writer(&mut *out, content) {
        out.truncate(start);
        return Err(error);
    }
    assert!(out[start + CONTENT_AT..].starts_with(b"{\""), "a frame holds an object with members");
    out[start + CONTENT_AT] = b',';
    let length = u32::try_from(out.len() - start).expect("a line is shorter than 4 GiB");
    *chain = Chain(sum(&chain.0, &out[start + CONTENT_AT..]));
    out[start + PREFIX.len()..start + LENGTH_END].copy_from_slice(hex(&length.to_be_bytes()).as_bytes());
    out[start + LENGTH_END + 1..start + SUM_END].copy_from_slice(&chain.0);
    Ok(())
}

/// Reads the line that starts `bytes` and must be followed by `end`; also says how many bytes both take.
pub(crate) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    end: &[u8],
    chain: &mut Chain,
) -> Result<(T, usize), Fault> {
    let length = read_length(bytes)?;
    if bytes.len() < length + end.len() {
        // A line has no end in it, so an end before its length is reached means that the length is wrong.
        return Err(if bytes.contains(&b'\n') {
            Fault::Damaged("its length is wrong")
        } else {
            Fault::CutShort
        });
    }
    if &bytes[length..length + end.len()] != end {
        return Err(Fault::Damaged("it does not end where its length says"));
    }
    let sum = Chain(sum(&chain.0, &bytes[CONTENT_AT..length]));
    if sum.0 != bytes[LENGTH_END + 1..SUM_END] {
        return Err(Fault::Damaged("its checksum does not fit"));
    }
    let mut content = bytes[CONTENT_AT..length].to_vec();
    content[0] = b'{';
    let content =
        serde_json::from_slice(&content).map_err(|_| Fault::Damaged("its content is not of this format"))?;
    *chain = sum;
    Ok((content, length + end.len()))
}

/// The length that the line states, once everything that surrounds it has been found in its place.
fn read_length(bytes: &[u8]) -> Result<usize, Fault> {
    let shape_fits = bytes.iter().take(CONTENT_AT + 1).enumerate().all(|(at, byte)| match at {
        _ if at < PREFIX.len() => *byte == PREFIX[at],
        LENGTH_END => *byte == b' ',
        SUM_END => *byte == b'"',
        CONTENT_AT => *byte == b',',
        _ => is_hex(*byte),
    });
    if !shape_fits {
        return Err(Fault::Damaged("it does not begin as a line does"));
    }
    let Some(digits) = bytes.get(PREFIX.len()..LENGTH_END) else { return Err(Fault::CutShort) };
    let length = digits.iter().fold(0, |length, digit| length * 16 + hex_value(*digit));
    if length <= CONTENT_AT + 2 {
        return Err(Fault::Damaged("its length is too small"));
    }
    Ok(length)
}

fn sum(before: &[u8], content: &[u8]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(before).chain_update(content).finalize();
    hex(&digest[..8]).as_bytes().try_into().expect("eight bytes have sixteen digits")
}

/// Lower case only: each value has one spelling, so a changed byte never reads as the same value.
fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn hex_value(digit: u8) -> usize {
    usize::from(if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn line(chain: &mut Chain, content: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, chain, content).unwrap();
        bytes.push(b'\n');
        bytes
    }

    #[test]
    fn a_line_is_json_and_reads_back_as_it_was_written() {
        let content = json!({"seq": 1, "text": "a \n \u{0} ü"});
        let bytes = line(&mut Chain::start("x"), &content);
        let whole: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(whole["text"], content["text"]);
        assert_eq!(read::<Value>(&bytes, b"\n", &mut Chain::start("x")), Ok((content, bytes.len())));
    }

    #[test]
    fn every_cut_line_is_cut_short_and_every_changed_byte_is_noticed() {
        let bytes = line(&mut Chain::start("x"), &json!({"seq": 1}));
        for at in 0..bytes.len() {
            assert_eq!(
                read::<Value>(&bytes[..at], b"\n", &mut Chain::start("x")),
                Err(Fault::CutShort),
                "{at}"
            );
            for flip in 1..=255 {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                assert!(
                    matches!(
                        read::<Value>(&changed, b"\n", &mut Chain::start("x")),
                        Err(Fault::Damaged(_) | Fault::CutShort)
                    ),
                    "byte {at} xor {flip}"
                );
            }
        }
    }

    #[test]
    fn a_line_fits_only_after_the_line_it_was_written_after() {
        let mut chain = Chain::start("x");
        let first = line(&mut chain, &json!({"seq": 1}));
        let second = line(&mut chain, &json!({"seq": 2}));
        let wrong = Err(Fault::Damaged("its checksum does not fit"));
        assert_eq!(read::<Value>(&second, b"\n", &mut Chain::start("x")), wrong);
        assert_eq!(read::<Value>(&first, b"\n", &mut Chain::start("y")), wrong);
        let mut again = Chain::start("x");
        read::<Value>(&first, b"\n", &mut again).unwrap();
        assert!(read::<Value>(&second, b"\n", &mut again).is_ok());
        assert_eq!(Chain::resume(again.text()), Some(again));
    }
}
