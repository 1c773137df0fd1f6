//! From the text of a key file to an RSA key.

use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;

use super::error::KeyError;
use crate::secret::Secret;

/// Reads a key file.
pub(super) fn read(file: &[u8], _passphrase: Option<&Secret<String>>) -> Result<RsaPrivateKey, KeyError> {
    let block = pem::parse(file).map_err(|_| KeyError::NotPem)?;
    match block.tag() {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(block.contents()).map_err(|_| KeyError::Malformed),
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(block.contents()).map_err(|_| KeyError::Malformed),
        label => Err(KeyError::OtherBlock { label: label.to_owned() }),
    }
}
