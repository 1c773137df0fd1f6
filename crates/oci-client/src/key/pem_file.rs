//! From the bytes of a key file to an RSA key, or to a precise answer why not.

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::pkcs5::{self, pbes2};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{self, DecodeRsaPrivateKey};

use super::error::{CONVERT, KeyError};
use super::frame::{self, Block};
use super::{KEY_BITS_MAX, KEY_BITS_MIN, legacy};
use crate::secret::Secret;

/// The largest file that is read, in bytes. A 8192-bit key takes 6 KB; the rest is for text around it.
const FILE_BYTES_MAX: usize = 256 * 1024;

/// The most rounds of PBKDF2 that we wait for: some seconds of work. OpenSSL's default is 2048, and advice for
/// passwords goes up to 1,300,000 at the time of writing.
const PBKDF2_ROUNDS_MAX: u32 = 5_000_000;

/// The most memory that scrypt may ask for, in bytes. OpenSSL's default needs 16 MiB.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most times that scrypt may go over that memory. OpenSSL's default is 1.
const SCRYPT_PARALLEL_MAX: u16 = 4;

/// Reads a key file.
pub(super) fn read(file: &[u8], passphrase: Option<&Secret<String>>) -> Result<RsaPrivateKey, KeyError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(KeyError::TooLarge { bytes: file.len(), limit: FILE_BYTES_MAX });
    }
    if file.trim_ascii().is_empty() {
        return Err(KeyError::Empty);
    }
    if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
        return Err(KeyError::Utf16);
    }
    let blocks = frame::blocks(file)?;
    let private: Vec<&Block> = blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")).collect();
    // An empty passphrase opens nothing: it is what `pass_phrase =` leaves behind.
    let passphrase = passphrase.map(|secret| secret.expose().as_str()).filter(|text| !text.is_empty());
    match private.as_slice() {
        [] => Err(no_private_key(file, &blocks)),
        [block] => read_block(block, passphrase),
        several => Err(KeyError::Several { count: several.len() }),
    }
}

/// What the file is, if it is not a private key in PEM form.
fn no_private_key(file: &[u8], blocks: &[Block]) -> KeyError {
    let Some(block) = blocks.first() else {
        let text = file.trim_ascii_start();
        let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word.as_bytes()));
        return if starts(&["ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC KEY"]) {
            KeyError::PublicKey
        } else if starts(&["PuTTY-User-Key-File"]) {
            KeyError::Putty
        } else if starts(&["-----BEGIN"]) {
            KeyError::Truncated { what: "its first line is not complete" }
        } else if AnyRef::from_der(file).is_ok() {
            KeyError::Der
        } else {
            KeyError::NotPem
        };
    };
    match block.label.as_str() {
        label if label.ends_with("PUBLIC KEY") => KeyError::PublicKey,
        label if label.ends_with("CERTIFICATE REQUEST") => KeyError::CertificateRequest,
        label if label.ends_with("CERTIFICATE") => KeyError::Certificate,
        label => KeyError::OtherBlock { label: label.to_owned() },
    }
}

fn read_block(block: &Block, passphrase: Option<&str>) -> Result<RsaPrivateKey, KeyError> {
    match block.label.as_str() {
        "OPENSSH PRIVATE KEY" => return Err(KeyError::OpenSsh),
        "EC PRIVATE KEY" => return Err(KeyError::NotRsa { algorithm: "EC" }),
        "DSA PRIVATE KEY" => return Err(KeyError::NotRsa { algorithm: "DSA" }),
        _ => {}
    }
    if legacy::is_encrypted(block) {
        let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
        let clear = legacy::decrypt(block, passphrase)?;
        // A wrong passphrase leaves valid padding once in 256 times, but never valid DER.
        return match read_der(&block.label, &clear) {
            Err(KeyError::Malformed | KeyError::Truncated { .. }) => Err(KeyError::PassphraseWrong),
            result => result,
        };
    }
    if block.label == "ENCRYPTED PRIVATE KEY" {
        return read_encrypted(block.content()?, passphrase);
    }
    read_der(&block.label, block.content()?)
}

fn read_der(label: &str, der: &[u8]) -> Result<RsaPrivateKey, KeyError> {
    check_length(der)?;
    match label {
        "RSA PRIVATE KEY" => read_pkcs1(der),
        "PRIVATE KEY" => read_pkcs8(der),
        label => Err(KeyError::OtherBlock { label: label.to_owned() }),
    }
}

/// Tells a file that was cut short from one that was damaged.
fn check_length(der: &[u8]) -> Result<(), KeyError> {
    let (announced, header) = match der {
        [0x30, length @ 0..=0x7f, ..] => (usize::from(*length), 2),
        [0x30, 0x81, length, ..] => (usize::from(*length), 3),
        [0x30, 0x82, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        _ => return Err(KeyError::Malformed),
    };
    if der.len() - header < announced {
        return Err(KeyError::Truncated {
            what: "the key between its first and its last line ends too early",
        });
    }
    Ok(())
}

fn read_pkcs1(der: &[u8]) -> Result<RsaPrivateKey, KeyError> {
    let parts = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(|_| KeyError::Malformed)?;
    let modulus = parts.modulus.as_bytes();
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    // Asked before the arithmetic, whose time grows with the cube of the length.
    if bits < KEY_BITS_MIN {
        return Err(KeyError::TooSmall { bits });
    }
    if bits > KEY_BITS_MAX {
        return Err(KeyError::TooLong { bits });
    }
    RsaPrivateKey::from_pkcs1_der(der).map_err(|_| KeyError::Malformed)
}

fn read_pkcs8(der: &[u8]) -> Result<RsaPrivateKey, KeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
    match algorithm(info.algorithm.oid) {
        Algorithm::Rsa => read_pkcs1(info.private_key.as_bytes()),
        Algorithm::Other(algorithm) => Err(KeyError::NotRsa { algorithm }),
    }
}

enum Algorithm {
    Rsa,
    Other(&'static str),
}

fn algorithm(oid: ObjectIdentifier) -> Algorithm {
    // RFC 8017, RFC 4055, RFC 5480, RFC 3279, RFC 8410.
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    const OTHERS: [(ObjectIdentifier, &str); 7] = [
        (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"), "RSA-PSS"),
        (ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"), "EC"),
        (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "DSA"),
        (ObjectIdentifier::new_unwrap("1.3.101.110"), "X25519"),
        (ObjectIdentifier::new_unwrap("1.3.101.111"), "X448"),
        (ObjectIdentifier::new_unwrap("1.3.101.112"), "Ed25519"),
        (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
    ];
    if oid == RSA {
        return Algorithm::Rsa;
    }
    let other = OTHERS.iter().find(|(known, _)| *known == oid);
    Algorithm::Other(other.map_or("unknown to us", |(_, name)| name))
}

fn read_encrypted(der: &[u8], passphrase: Option<&str>) -> Result<RsaPrivateKey, KeyError> {
    check_length(der)?;
    let Ok(info) = EncryptedPrivateKeyInfoRef::try_from(der) else {
        return Err(unreadable_encryption(der));
    };
    let pkcs5::EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::Encryption { scheme: "PBES1".to_owned(), convert: CONVERT });
    };
    check_cost(parameters)?;
    let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
    let clear = info.decrypt(passphrase).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(
            pkcs5::Error::UnsupportedAlgorithm { oid } | pkcs5::Error::AlgorithmParametersInvalid { oid },
        ) => KeyError::Encryption {
            scheme: format!("an algorithm that we do not know ({oid})"),
            convert: CONVERT,
        },
        // Bad padding, or content that is no key: both come from another passphrase.
        _ => KeyError::PassphraseWrong,
    })?;
    match read_pkcs8(clear.as_bytes()) {
        Err(KeyError::Malformed) => Err(KeyError::PassphraseWrong),
        result => result,
    }
}

/// A file may name any cost, and we would work on it for hours: a bound, with an error that names it.
fn check_cost(parameters: &pbes2::Parameters) -> Result<(), KeyError> {
    let too_costly = |scheme: String| Err(KeyError::Encryption { scheme, convert: CONVERT });
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) if kdf.iteration_count > PBKDF2_ROUNDS_MAX => too_costly(format!(
            "{} rounds of PBKDF2, more than the {PBKDF2_ROUNDS_MAX} that we wait for",
            kdf.iteration_count
        )),
        pbes2::Kdf::Scrypt(kdf) => {
            let bytes = kdf.cost_parameter.saturating_mul(u64::from(kdf.block_size)).saturating_mul(128);
            if bytes > SCRYPT_BYTES_MAX || kdf.parallelization > SCRYPT_PARALLEL_MAX {
                return too_costly(format!("scrypt at a cost of {bytes} bytes × {}", kdf.parallelization));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The scheme's name is read by hand, because the reader of encrypted keys stops at schemes it does not know.
fn unreadable_encryption(der: &[u8]) -> KeyError {
    // PKCS#12 (RFC 7292, appendix C) and PKCS#5 v1 (RFC 8018, appendix A.3).
    const PBES1: [&str; 2] = ["1.2.840.113549.1.12.1.", "1.2.840.113549.1.5."];
    const PBES2: &str = "1.2.840.113549.1.5.13";

    let scheme = AnyRef::from_der(der).ok().and_then(|outer| {
        let algorithm: AlgorithmIdentifierRef<'_> = SliceReader::new(outer.value()).ok()?.decode().ok()?;
        Some(algorithm.oid.to_string())
    });
    match scheme.as_deref() {
        Some(PBES2) => KeyError::Encryption {
            scheme: "PBES2 with an algorithm that we do not know".to_owned(),
            convert: CONVERT,
        },
        Some(oid) if PBES1.iter().any(|family| oid.starts_with(family)) => {
            KeyError::Encryption { scheme: "PBES1".to_owned(), convert: CONVERT }
        }
        Some(oid) => {
            KeyError::Encryption { scheme: format!("a scheme that we do not know ({oid})"), convert: CONVERT }
        }
        None => KeyError::Malformed,
    }
}
