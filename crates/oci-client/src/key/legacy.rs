//! The older encryption of PEM files, `Proc-Type: 4,ENCRYPTED`, which Oracle's documentation has users make
//! with `openssl genrsa -aes128`.
//!
//! # Source
//! RFC 1421 section 4.6 for the headers, OpenSSL's `EVP_BytesToKey` with MD5 and one round for the key.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::error::{CONVERT, KeyError};
use super::frame::Block;

/// Whether the block's headers say that it is encrypted.
pub(super) fn is_encrypted(block: &Block) -> bool {
    block.header("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"))
        || block.header("DEK-Info").is_some()
}

/// The block's content in clear. Whether the passphrase was right is only certain once the result parses.
pub(super) fn decrypt(block: &Block, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info =
        block.header("DEK-Info").ok_or(KeyError::Truncated { what: "the line `DEK-Info` is missing" })?;
    let (cipher, iv) = info
        .split_once(',')
        .ok_or(KeyError::Truncated { what: "the line `DEK-Info` has no initialisation vector" })?;
    let bad_iv = || KeyError::Truncated { what: "the line `DEK-Info` has a broken initialisation vector" };
    let iv = unhex(iv.trim()).ok_or_else(bad_iv)?;
    let mut content = Zeroizing::new(block.content()?.to_vec());
    let block_length = if cipher.trim().starts_with("DES") { 8 } else { 16 };
    if !content.len().is_multiple_of(block_length) {
        return Err(KeyError::Truncated { what: "the encrypted key ends in the middle of a block" });
    }
    let clear = match cipher.trim() {
        "AES-128-CBC" => open::<cbc::Decryptor<aes::Aes128>>(&mut content, passphrase, &iv, 16),
        "AES-192-CBC" => open::<cbc::Decryptor<aes::Aes192>>(&mut content, passphrase, &iv, 24),
        "AES-256-CBC" => open::<cbc::Decryptor<aes::Aes256>>(&mut content, passphrase, &iv, 32),
        "DES-EDE3-CBC" => open::<cbc::Decryptor<des::TdesEde3>>(&mut content, passphrase, &iv, 24),
        other => {
            let printable = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let scheme = other.chars().filter(|c| printable(*c)).take(32).collect();
            return Err(KeyError::Encryption { scheme, convert: CONVERT });
        }
    };
    match clear {
        Opened::Clear(length) => {
            content.truncate(length);
            Ok(content)
        }
        Opened::BadIv => Err(bad_iv()),
        Opened::WrongKey => Err(KeyError::PassphraseWrong),
    }
}

enum Opened {
    Clear(usize),
    BadIv,
    WrongKey,
}

fn open<C: KeyIvInit + BlockModeDecrypt>(
    content: &mut [u8],
    passphrase: &str,
    iv: &[u8],
    key_length: usize,
) -> Opened {
    let Some(salt) = iv.get(..8) else { return Opened::BadIv };
    let key = bytes_to_key(passphrase.as_bytes(), salt, key_length);
    let Ok(cipher) = C::new_from_slices(&key, iv) else { return Opened::BadIv };
    cipher.decrypt_padded::<Pkcs7>(content).map_or(Opened::WrongKey, |clear| Opened::Clear(clear.len()))
}

/// `EVP_BytesToKey` with MD5: D1 = MD5(passphrase, salt), D2 = MD5(D1, passphrase, salt) …
fn bytes_to_key(passphrase: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut previous = Zeroizing::new([0_u8; 16]);
    while key.len() < length {
        let mut digest = Md5::new();
        if !key.is_empty() {
            digest.update(previous.as_slice());
        }
        digest.update(passphrase);
        digest.update(salt);
        previous.copy_from_slice(&digest.finalize());
        key.extend_from_slice(previous.as_slice());
    }
    key.truncate(length);
    key
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
