//! What we need of an instance's X.509 certificate: the tenancy in its subject, its public key, its fingerprint.
//!
//! It is not validated here: it comes from the metadata service of the machine that we run on, and the auth
//! service validates it when we present it.

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag};
use sha1::{Digest, Sha1};

use crate::key::frame;

/// A parsed certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    der: Vec<u8>,
    tenancy: String,
    public_key_der: Vec<u8>,
}

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub(super) fn parse(pem: &[u8]) -> Result<Self, String> {
        let der = ders(pem)?.into_iter().next().ok_or("there is no certificate in the answer")?;
        let (tenancy, public_key_der) =
            subject_and_key(&der).map_err(|_| "it is not a valid X.509 certificate".to_owned())?;
        let tenancy = tenancy.ok_or("its subject names no tenancy (`opc-tenant:` or `opc-identity:`)")?;
        Ok(Self { der, tenancy, public_key_der })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// The OCID of the tenancy that the instance belongs to.
    pub(super) fn tenancy(&self) -> &str {
        &self.tenancy
    }

    /// The public key, as DER `SubjectPublicKeyInfo`.
    pub(super) fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// SHA-1 of the certificate in upper-case hex pairs joined by colons, as the auth service names it.
    pub(super) fn fingerprint(&self) -> String {
        Sha1::digest(&self.der).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }
}

/// All certificates of a PEM text.
pub(super) fn ders(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let blocks = frame::blocks(pem).map_err(|_| "it is not a PEM text".to_owned())?;
    let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    certificates
        .map(|block| block.content().map(<[u8]>::to_vec).map_err(|_| "it is not a PEM text".to_owned()))
        .collect()
}

/// Walks `Certificate { tbsCertificate { [version], serial, algorithm, issuer, validity, subject, key … } … }`
/// (RFC 5280, section 4.1).
fn subject_and_key(der: &[u8]) -> pkcs8::der::Result<(Option<String>, Vec<u8>)> {
    let certificate = AnyRef::from_der(der)?;
    let body: AnyRef<'_> = SliceReader::new(certificate.value())?.decode()?;
    let mut fields = SliceReader::new(body.value())?;
    let mut first: AnyRef<'_> = fields.decode()?;
    if first.header().tag().is_context_specific() {
        first = fields.decode()?;
    }
    let _serial = first;
    let [_algorithm, _issuer, _validity]: [AnyRef<'_>; 3] =
        [fields.decode()?, fields.decode()?, fields.decode()?];
    let subject: AnyRef<'_> = fields.decode()?;
    let key: AnyRef<'_> = fields.decode()?;
    Ok((tenancy_of(subject)?, key.to_der()?))
}

/// The first attribute of the subject whose value begins with one of Oracle's two prefixes.
fn tenancy_of(subject: AnyRef<'_>) -> pkcs8::der::Result<Option<String>> {
    let mut sets = SliceReader::new(subject.value())?;
    while !sets.is_finished() {
        let set: AnyRef<'_> = sets.decode()?;
        let mut attributes = SliceReader::new(set.value())?;
        while !attributes.is_finished() {
            let attribute: AnyRef<'_> = attributes.decode()?;
            let mut parts = SliceReader::new(attribute.value())?;
            let _kind: ObjectIdentifier = parts.decode()?;
            let value: AnyRef<'_> = parts.decode()?;
            let text = std::str::from_utf8(value.value()).unwrap_or_default();
            let text = if value.header().tag() == Tag::BmpString { "" } else { text };
            let tenancy =
                ["opc-tenant:", "opc-identity:"].iter().find_map(|prefix| text.strip_prefix(prefix));
            if let Some(tenancy) = tenancy {
                return Ok(Some(tenancy.to_owned()));
            }
        }
    }
    Ok(None)
}
