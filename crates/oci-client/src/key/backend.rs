//! The two libraries that can do the RSA step, behind one `sign(&[u8])`.
//!
//! Without the feature `aws-lc` the pure Rust one is there by itself, so that a service alone
//! (`--no-default-features --features mysql`) is a client that works.

use rsa::RsaPrivateKey;

use super::error::{KeyError, SigningFailed};

/// A library that does the RSA step. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// `aws-lc-rs`: the default, five times as fast, needs a C compiler.
    #[cfg(feature = "aws-lc")]
    AwsLc,
    /// `rsa`: pure Rust, blinded.
    #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
    Rsa,
}

impl Backend {
    /// Those that were compiled in, the preferred one first.
    pub const AVAILABLE: &'static [Self] = &[
        #[cfg(feature = "aws-lc")]
        Self::AwsLc,
        #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
        Self::Rsa,
    ];

    /// The one that signs unless a test asks for another.
    #[must_use]
    pub fn preferred() -> Self {
        Self::AVAILABLE[0]
    }
}

/// A parsed key in the form that its backend wants.
pub(super) enum Signer {
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc_rs::rsa::KeyPair),
    #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
    Rsa(Box<rsa::pkcs1v15::SigningKey<sha2::Sha256>>),
}

impl Signer {
    #[cfg_attr(
        all(feature = "aws-lc", not(feature = "rsa-backend")),
        expect(clippy::needless_pass_by_value, reason = "the other backend keeps the key")
    )]
    pub(super) fn new(backend: Backend, private: RsaPrivateKey) -> Result<Self, KeyError> {
        match backend {
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => {
                use rsa::pkcs8::EncodePrivateKey;

                // The DER is wiped when dropped, as is the `RsaPrivateKey` it came from.
                let der = private.to_pkcs8_der().map_err(|_| KeyError::Malformed)?;
                let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(der.as_bytes());
                Ok(Self::AwsLc(pair.map_err(|_| KeyError::Malformed)?))
            }
            #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
            Backend::Rsa => Ok(Self::Rsa(Box::new(rsa::pkcs1v15::SigningKey::new(private)))),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = aws_lc_rs::rand::SystemRandom::new();
                pair.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SigningFailed)?;
                Ok(signature)
            }
            #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
            Self::Rsa(key) => {
                use rsa::signature::{SignatureEncoding, Signer as _};
                Ok(key.try_sign(message).map_err(|_| SigningFailed)?.to_vec())
            }
        }
    }
}

/// A new 2048-bit key.
pub(super) fn generate(backend: Backend) -> Result<RsaPrivateKey, SigningFailed> {
    match backend {
        #[cfg(feature = "aws-lc")]
        Backend::AwsLc => {
            use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
            use rsa::pkcs8::DecodePrivateKey;

            let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048)
                .map_err(|_| SigningFailed)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| SigningFailed)?;
            RsaPrivateKey::from_pkcs8_der(der.as_ref()).map_err(|_| SigningFailed)
        }
        #[cfg(any(feature = "rsa-backend", not(feature = "aws-lc")))]
        Backend::Rsa => {
            // Asked once before, so that a system without randomness is an error and not a panic.
            getrandom::fill(&mut [0; 32]).map_err(|_| SigningFailed)?;
            let mut random = rsa::rand_core::UnwrapErr(getrandom::SysRng);
            RsaPrivateKey::new(&mut random, super::KEY_BITS_MIN).map_err(|_| SigningFailed)
        }
    }
}
