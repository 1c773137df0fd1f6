//! Bytes as hexadecimal digits. Every record of an operation has a digest and a token in it, and the general formatter takes
//! longer for those than everything else takes together.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; 2 * bytes.len()];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    String::from_utf8(digits).expect("digits are ASCII")
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
