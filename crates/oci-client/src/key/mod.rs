//! The private key that signs, and what can be known of it: its size and its fingerprint.
//!
//! A key is parsed once, when credentials load, and then shared. Which library does the RSA step is a choice
//! of this module alone; everybody else sees [`SigningKey::sign`].

mod backend;
mod error;
mod fingerprint;
pub(crate) mod frame;
mod legacy;
mod pem_file;

use std::fmt;

use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};

pub use backend::Backend;
pub use error::{KeyError, SigningFailed};
pub use fingerprint::{Fingerprint, InvalidFingerprint};

use crate::secret::Secret;

/// The smallest key that the service accepts, in bits.
///
/// # Source
/// Oracle's page "Required Keys and OCIDs": 2048 bits at least.
pub const KEY_BITS_MIN: usize = 2048;

/// The largest key that we work with, in bits: what both backends can do.
pub const KEY_BITS_MAX: usize = 8192;

/// Keys above this size, in bits, sign on the blocking pool: a 4096-bit signature takes 1.5 ms with `aws-lc`
/// and 8 ms with `rsa`, which is too long to hold up everything else that runs on a thread of the runtime.
pub const INLINE_KEY_BITS_MAX: usize = 3072;

/// An RSA private key, ready to sign.
///
/// It holds the key in the form that the signing backend wants; that form is wiped when dropped.
pub struct SigningKey {
    signer: backend::Signer,
    bits: usize,
    fingerprint: Fingerprint,
    public_key_der: Vec<u8>,
}

impl SigningKey {
    /// Reads a private key file (PEM, in any of the forms listed in the book's page on signing).
    ///
    /// A passphrase that is not needed is ignored, as in Oracle's SDK: it may be inherited from another
    /// profile.
    ///
    /// # Errors
    /// [`KeyError`], which says what the file holds instead and how to mend it. No part of the key or the
    /// passphrase is in the error.
    pub fn from_pem(pem: &[u8], passphrase: Option<&Secret<String>>) -> Result<Self, KeyError> {
        Self::from_pem_on(Backend::preferred(), pem, passphrase)
    }

    /// As [`SigningKey::from_pem`], but signing with `backend`: for tests and benchmarks, which compare the
    /// backends with each other.
    ///
    /// # Errors
    /// As [`SigningKey::from_pem`].
    pub fn from_pem_on(
        backend: Backend,
        pem: &[u8],
        passphrase: Option<&Secret<String>>,
    ) -> Result<Self, KeyError> {
        Self::from_rsa(backend, pem_file::read(pem, passphrase)?)
    }

    /// Makes a new 2048-bit key, such as the throw-away session key of an instance.
    ///
    /// It takes some 50 ms, and seconds in a debug build of the `rsa-backend`: call it on a thread that may
    /// block.
    ///
    /// # Errors
    /// [`SigningFailed`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, SigningFailed> {
        let private = backend::generate(Backend::preferred())?;
        Self::from_rsa(Backend::preferred(), private).map_err(|_| SigningFailed)
    }

    fn from_rsa(backend: Backend, private: RsaPrivateKey) -> Result<Self, KeyError> {
        let bits = usize::try_from(private.n().bits()).unwrap_or(usize::MAX);
        if bits < KEY_BITS_MIN {
            return Err(KeyError::TooSmall { bits });
        }
        let public = RsaPublicKey::from(&private);
        let public_key_der = public.to_public_key_der().map_err(|_| KeyError::Malformed)?.into_vec();
        Ok(Self {
            fingerprint: Fingerprint::of_public_key(&public_key_der),
            signer: backend::Signer::new(backend, private)?,
            bits,
            public_key_der,
        })
    }

    /// The signature of `message`: RSA, PKCS#1 v1.5 padding, SHA-256.
    ///
    /// It takes a quarter of a millisecond with the default backend and a 2048-bit key; see
    /// [`crate::sign::sign_off_thread`] for longer keys.
    ///
    /// # Errors
    /// [`SigningFailed`] if the cryptography library cannot: out of memory, or no randomness for blinding.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.signer.sign(message)
    }

    /// Length of the modulus, in bits.
    #[must_use]
    pub const fn bits(&self) -> usize {
        self.bits
    }

    /// The fingerprint as Oracle's console shows it for the public half of this key.
    #[must_use]
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The public half as a DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }
}

impl fmt::Debug for SigningKey {
    /// Prints the size and the fingerprint, which are public.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("bits", &self.bits)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}
