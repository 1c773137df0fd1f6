//! What can be wrong with a key file, and what to do about it.

/// How to turn an encryption that we do not read into one that we do.
pub(super) const CONVERT: &str =
    "convert the file with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out FILE.new`";

/// The key file cannot be used. Every variant says what to do next, and none holds a byte of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is empty, or holds only blanks.
    #[error(
        "the key file is empty; write the private key into it again, or point `key_file` at the right file"
    )]
    Empty,
    /// The file is far larger than any key.
    #[error(
        "the key file has {bytes} bytes, more than the {limit} that a private key could ever need; point `key_file` at the right file"
    )]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// What we read at most.
        limit: usize,
    },
    /// No `-----BEGIN` line.
    #[error(
        "the file holds no private key: there is no line `-----BEGIN PRIVATE KEY-----`; point `key_file` at the PEM file that was made with the API key"
    )]
    NotPem,
    /// Text in two bytes a character, as some Windows programs save it.
    #[error("the key file is UTF-16 text; save it again as UTF-8 or plain ASCII")]
    Utf16,
    /// A key in binary form.
    #[error(
        "the file holds a key in binary (DER) form; convert it with `openssl pkey -inform DER -in FILE -out FILE.pem`"
    )]
    Der,
    /// `-----BEGIN` without a matching `-----END`, or the text between them is cut short.
    #[error("the key file is cut short: {what}; copy the whole file again, with its last line")]
    Truncated {
        /// Where it ends too early.
        what: &'static str,
    },
    /// The text between the armour lines is not base64.
    #[error("line {line} of the key file is not base64; copy the file again without changing it")]
    NotBase64 {
        /// Counted from 1.
        line: usize,
    },
    /// A public key.
    #[error("the file holds a public key; point `key_file` at the private key that belongs to it")]
    PublicKey,
    /// A certificate.
    #[error("the file holds a certificate; point `key_file` at the private key that belongs to it")]
    Certificate,
    /// A certificate request.
    #[error("the file holds a certificate request; point `key_file` at the private key that belongs to it")]
    CertificateRequest,
    /// An elliptic-curve or other key that is not RSA.
    #[error(
        "the file holds a key of type {algorithm}, and the service takes RSA keys only; make one with `openssl genrsa -out FILE 2048` and upload its public half"
    )]
    NotRsa {
        /// The name of the algorithm.
        algorithm: &'static str,
    },
    /// OpenSSH's own format.
    #[error(
        "the file holds a key in OpenSSH's own format; convert an RSA key with `ssh-keygen -p -m PEM -f FILE` (it changes the file in place), other kinds cannot be used"
    )]
    OpenSsh,
    /// PuTTY's own format.
    #[error(
        "the file holds a key in PuTTY's own format; convert an RSA key with `puttygen FILE -O private-openssh -o FILE.pem`, then `ssh-keygen -p -m PEM -f FILE.pem`"
    )]
    Putty,
    /// Several private keys in one file.
    #[error("the file holds {count} private keys, and it is not clear which one to use; keep one key a file")]
    Several {
        /// How many there are.
        count: usize,
    },
    /// Another kind of PEM block.
    #[error("the file holds no private key but a block `{label}`; point `key_file` at the private key")]
    OtherBlock {
        /// The words after `BEGIN`.
        label: String,
    },
    /// The key is encrypted, and there is no passphrase.
    #[error("the key is encrypted and no passphrase was given; set `pass_phrase` beside `key_file`")]
    PassphraseMissing,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key; check `pass_phrase`, and that the file was copied whole")]
    PassphraseWrong,
    /// The key is encrypted in a way that we do not read.
    #[error("the key is encrypted with {scheme}, which is not supported; {convert}")]
    Encryption {
        /// The scheme by name.
        scheme: String,
        /// The command that converts the file.
        convert: &'static str,
    },
    /// The modulus is too short for the service.
    #[error(
        "the key has {bits} bits and the service wants at least 2048; make one with `openssl genrsa -out FILE 2048` and upload its public half"
    )]
    TooSmall {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The modulus is longer than any that is in use.
    #[error(
        "the key has {bits} bits, more than the 8192 that are supported; make one with `openssl genrsa -out FILE 4096` and upload its public half"
    )]
    TooLong {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The block decodes, but is no valid RSA key.
    #[error(
        "the file is damaged: what it holds is not a valid RSA private key; copy it again, or check it with `openssl rsa -check -noout -in FILE`"
    )]
    Malformed,
}

/// The cryptography library could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptography library failed; the system may be out of memory or have no randomness to give")]
pub struct SigningFailed;
