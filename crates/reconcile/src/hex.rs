//! Bytes as hexadecimal digits. Every record of an operation has a digest and a token in it, and the general formatter takes
//! longer for those than everything else takes together.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 9, 10, 0xab, 0xff]), "00090aabff");
    }
}
