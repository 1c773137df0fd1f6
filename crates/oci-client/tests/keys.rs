//! Key files: every form in `tests/keys/accepted` is the same key, every one in `tests/keys/refused` has its
//! own answer.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod support;

use oci_client::key::{Backend, KeyError, SigningKey};
use oci_client::secret::Secret;
use support::{bless, check_signature, exists, folders, public_key, read, read_text};

const PASSPHRASE: &str = "test-only-passphrase";

fn key_file(folder: &str) -> (Vec<u8>, Option<Secret<String>>) {
    let passphrase = format!("keys/{folder}/passphrase.txt");
    let passphrase = exists(&passphrase)
        .then(|| Secret::new(read_text(&passphrase).strip_suffix('\n').unwrap().to_owned()));
    (read(&format!("keys/{folder}/key.pem")), passphrase)
}

#[test]
fn every_form_that_is_accepted_is_the_same_key_for_every_backend() {
    let fingerprint = read_text("keys/api-2048/fingerprint.txt");
    let public = public_key("api-2048");
    let forms = folders("keys/accepted");
    assert!(forms.len() >= 30, "only {} forms were found", forms.len());
    for form in forms {
        let (file, passphrase) = key_file(&format!("accepted/{form}"));
        for backend in Backend::AVAILABLE {
            let key = SigningKey::from_pem_on(*backend, &file, passphrase.as_ref())
                .unwrap_or_else(|error| panic!("{form}: {error}"));
            assert_eq!(key.fingerprint().as_str(), fingerprint.trim(), "{form}");
            assert_eq!(key.public_key_der(), public, "{form}");
            assert_eq!(key.bits(), 2048, "{form}");
        }
    }
}

#[test]
fn every_form_that_is_refused_says_why_and_what_to_do() {
    let forms = folders("keys/refused");
    assert!(forms.len() >= 50, "only {} forms were found", forms.len());
    for form in forms {
        let (file, passphrase) = key_file(&format!("refused/{form}"));
        let error = match SigningKey::from_pem(&file, passphrase.as_ref()) {
            Ok(key) => panic!("{form} was read as {key:?}"),
            Err(error) => error,
        };
        let shown = error.to_string();
        bless(&format!("keys/refused/{form}/expected.txt"), &format!("{shown}\n"));
        if let Some(passphrase) = passphrase.filter(|secret| !secret.expose().is_empty()) {
            assert!(!format!("{shown}{error:?}").contains(passphrase.expose()), "{form}: {error:?}");
        }
    }
}

#[test]
fn a_file_far_larger_than_a_key_is_not_even_searched() {
    let (mut file, _) = key_file("accepted/pkcs8");
    file.resize(300 * 1024, b'\n');
    assert!(matches!(SigningKey::from_pem(&file, None), Err(KeyError::TooLarge { bytes: 307_200, .. })));
}

/// Wherever a file is cut, the answer is an error, and never a key or a panic.
#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let passphrase = Secret::new(PASSPHRASE.to_owned());
    for form in ["pkcs8", "pkcs1", "encrypted-pkcs1-legacy-aes128"] {
        let (file, _) = key_file(&format!("accepted/{form}"));
        let end = file.trim_ascii_end().len();
        for length in 0..end {
            let result = SigningKey::from_pem(&file[..length], Some(&passphrase));
            assert!(result.is_err(), "{form} cut to {length} bytes was read as a key");
        }
    }
}

#[test]
fn a_new_key_signs_and_has_2048_bits() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(key.bits(), 2048);
    check_signature(key.public_key_der(), b"text", &key.sign(b"text").unwrap()).unwrap();
    let other = SigningKey::generate().unwrap();
    assert_ne!(key.fingerprint(), other.fingerprint(), "every key is a new one");
}

#[test]
fn a_key_prints_its_public_facts_only() {
    let (file, _) = key_file("accepted/pkcs8");
    let shown = format!("{:?}", SigningKey::from_pem(&file, None).unwrap());
    let fingerprint = read_text("keys/api-2048/fingerprint.txt");
    assert_eq!(shown, format!("SigningKey {{ bits: 2048, fingerprint: {}, .. }}", fingerprint.trim()));
}

mod random_damage {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        #[test]
        fn a_damaged_file_is_read_or_refused_but_never_a_panic(
            form in prop::sample::select(folders("keys/accepted")),
            at in any::<prop::sample::Index>(),
            replacement in prop::collection::vec(any::<u8>(), 0..40),
            removed in 0_usize..80,
        ) {
            let (mut file, _) = key_file(&format!("accepted/{form}"));
            let start = at.index(file.len());
            let end = (start + removed).min(file.len());
            file.splice(start..end, replacement);
            let passphrase = Secret::new(PASSPHRASE.to_owned());
            if let Err(error) = SigningKey::from_pem(&file, Some(&passphrase)) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(PASSPHRASE), "{}", shown);
            }
        }
    }
}
