//! The frame of a PEM file: `-----BEGIN …-----`, headers, base64, `-----END …-----`.
//!
//! Written here rather than taken from a crate for three reasons: it accepts what Oracle's own tools write and
//! what survives copying between systems (a line after the key, indentation, lines of any length, any line
//! ends); it tells the ways of being broken apart; and it wipes every buffer that held the key.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::error::KeyError;

/// Base64 with or without padding: some tools leave it off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// One `BEGIN` … `END` block.
pub(crate) struct Block {
    /// The words after `BEGIN`.
    pub(crate) label: String,
    /// `Name: value` lines before the base64, as the older encryption has them.
    pub(crate) headers: Vec<(String, String)>,
    content: Result<Zeroizing<Vec<u8>>, KeyError>,
}

impl Block {
    /// What the base64 says; an error if it is none, which matters only for the block that is wanted.
    pub(crate) fn content(&self) -> Result<&[u8], KeyError> {
        self.content.as_ref().map(|content| content.as_slice()).map_err(Clone::clone)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// All blocks of a file, in order; text around them is skipped.
pub(crate) fn blocks(file: &[u8]) -> Result<Vec<Block>, KeyError> {
    let file = with_real_newlines(file);
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(begin) = find(&file, BEGIN, at) {
        let (label, body_at) = label(&file, begin + BEGIN.len())?;
        let end = find(&file, END, body_at)
            .ok_or(KeyError::Truncated { what: "there is no line `-----END …-----`" })?;
        if find(&file, BEGIN, body_at).is_some_and(|next| next < end) {
            return Err(KeyError::Truncated { what: "a second key begins before the first one ends" });
        }
        let (end_label, after) = self::label(&file, end + END.len())?;
        if end_label != label {
            return Err(KeyError::Truncated { what: "its first and its last line do not belong together" });
        }
        let first_line = 1 + count_lines(&file[..body_at]);
        blocks.push(block(label, &file[body_at..end], first_line));
        at = after;
    }
    Ok(blocks)
}

/// A key that came through a variable or a JSON string may have `\n` in two characters where the lines end.
fn with_real_newlines(file: &[u8]) -> Zeroizing<Vec<u8>> {
    if file.contains(&b'\n') || find(file, b"\\n", 0).is_none() {
        return Zeroizing::new(file.to_vec());
    }
    let mut text = Zeroizing::new(Vec::with_capacity(file.len()));
    let mut at = 0;
    while let Some(escape) = find(file, b"\\n", at) {
        text.extend_from_slice(&file[at..escape]);
        text.push(b'\n');
        at = escape + 2;
    }
    text.extend_from_slice(&file[at..]);
    text
}

/// The words from `at` to the next dashes on the same line, and where the line goes on after them.
fn label(file: &[u8], at: usize) -> Result<(String, usize), KeyError> {
    let cut_short = KeyError::Truncated { what: "its `-----BEGIN` or `-----END` line is not complete" };
    let Some(dashes) = find(file, DASHES, at) else { return Err(cut_short) };
    match std::str::from_utf8(&file[at..dashes]) {
        // No label is longer than `NEW CERTIFICATE REQUEST`.
        Ok(label) if label.len() <= 64 && !label.contains(['\n', '\r']) => {
            Ok((label.trim().to_owned(), dashes + DASHES.len()))
        }
        _ => Err(cut_short),
    }
}

fn block(label: String, body: &[u8], first_line: usize) -> Block {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut odd_line = None;
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        for line in line.split(|byte| *byte == b'\r').map(<[u8]>::trim_ascii) {
            if base64.is_empty() && line.contains(&b':') {
                let header = String::from_utf8_lossy(line);
                let (name, value) = header.split_once(':').expect("the line has a colon");
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
                continue;
            }
            for byte in line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()) {
                if !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=') {
                    odd_line.get_or_insert(first_line + number);
                }
                base64.push(byte);
            }
        }
    }
    let content = odd_line.map_or_else(|| decode(&base64), |line| Err(KeyError::NotBase64 { line }));
    Block { label, headers, content }
}

fn decode(base64: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if base64.is_empty() {
        return Err(KeyError::Truncated { what: "there is nothing between its first and its last line" });
    }
    // Decoded into a buffer that is large enough from the start: growing would leave copies behind.
    let mut content = Zeroizing::new(vec![0; base64::decoded_len_estimate(base64.len())]);
    let length = BASE64.decode_slice(base64, &mut content).map_err(|_| KeyError::Truncated {
        what: "characters are missing between its first and its last line",
    })?;
    content.truncate(length);
    Ok(content)
}

fn find(file: &[u8], what: &[u8], from: usize) -> Option<usize> {
    file.get(from..)?.windows(what.len()).position(|window| window == what).map(|position| from + position)
}

fn count_lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}
