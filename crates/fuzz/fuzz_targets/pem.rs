//! A key file may hold anything: reading it ends soon, with a key or an error, and never with a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oci_client::key::{Backend, SigningKey};
use oci_client::secret::Secret;

/// The passphrase of the encrypted seeds, so that what lies behind the encryption is reached as well.
const PASSPHRASE: &str = "test-only-passphrase";

fuzz_target!(|file: &[u8]| {
    let passphrase = Secret::new(PASSPHRASE.to_owned());
    for passphrase in [None, Some(&passphrase)] {
        if let Err(error) = SigningKey::from_pem_on(Backend::Rsa, file, passphrase) {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(PASSPHRASE), "the passphrase is in the error: {shown}");
        }
    }
});
