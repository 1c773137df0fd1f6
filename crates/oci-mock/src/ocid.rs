//! Making OCIDs, and reading the type out of one.
//!
//! # Source
//! Shapes as seen in Oracle's documentation and public logs: `ocid1.<type>.<realm>.[region].<unique>`, the
//! region as `phx` or `iad` for the two oldest and as its full id elsewhere, with underscores in File Storage.

use sha2::{Digest, Sha512};

/// How the region stands in the OCIDs of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No region: tenancies, compartments, users.
    Global,
    /// The region's id, or its short key for the two oldest.
    Regional,
    /// File Storage: underscores, and a shorter unique part.
    Underscored,
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The OCID number `count` of this type in a cloud made from `seed`.
#[must_use]
pub fn ocid(style: Style, kind: &str, region: &str, seed: u64, count: u64) -> String {
    let segment = match (style, region) {
        (Style::Global, _) => String::new(),
        (_, "us-phoenix-1") => "phx".to_owned(),
        (_, "us-ashburn-1") => "iad".to_owned(),
        (Style::Regional, region) => region.to_owned(),
        (Style::Underscored, region) => region.replace('-', "_"),
    };
    let length = if style == Style::Underscored { 56 } else { 60 };
    let digest = Sha512::digest(format!("{seed}/{kind}/{count}"));
    let mut unique = String::from("aaaaaaaa");
    unique.extend(digest.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).take(length - 8));
    format!("ocid1.{kind}.oc1.{segment}.{unique}")
}

/// `count` lower-case hex digits (at most 128) that follow from the seed and what they are for.
#[must_use]
pub fn hex(seed: u64, purpose: &str, count: usize) -> String {
    let digest = Sha512::digest(format!("{seed}/{purpose}"));
    let mut text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(count);
    text
}

/// The type segment of an OCID; `None` when `text` has not the form of one.
#[must_use]
pub fn kind(text: &str) -> Option<&str> {
    let mut parts = text.split('.');
    if parts.next() != Some("ocid1") {
        return None;
    }
    let kind = parts.next().filter(|kind| !kind.is_empty())?;
    parts.next().filter(|realm| !realm.is_empty())?;
    parts.next()?;
    let unique = parts.next_back().filter(|unique| !unique.is_empty())?;
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (text.len() <= 255 && unique.chars().all(legal) && kind.chars().all(legal)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ocids_have_the_shape_of_their_service() {
        let vcn = ocid(Style::Regional, "vcn", "eu-frankfurt-1", 1, 1);
        assert!(vcn.starts_with("ocid1.vcn.oc1.eu-frankfurt-1.aaaaaaaa"), "{vcn}");
        assert_eq!(vcn.rsplit('.').next().unwrap().len(), 60);
        assert!(ocid(Style::Regional, "vcn", "us-ashburn-1", 1, 1).starts_with("ocid1.vcn.oc1.iad."));
        let target = ocid(Style::Underscored, "mounttarget", "ap-sydney-1", 1, 1);
        assert!(target.starts_with("ocid1.mounttarget.oc1.ap_sydney_1."), "{target}");
        assert_eq!(target.rsplit('.').next().unwrap().len(), 56);
        assert!(ocid(Style::Underscored, "mounttarget", "us-phoenix-1", 1, 1).contains(".phx."));
        assert!(
            ocid(Style::Global, "compartment", "us-phoenix-1", 1, 1).starts_with("ocid1.compartment.oc1..a")
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_ocid_and_another_seed_another() {
        let make = |seed, count| ocid(Style::Regional, "vcn", "eu-frankfurt-1", seed, count);
        assert_eq!(make(1, 1), make(1, 1));
        assert_ne!(make(1, 1), make(2, 1));
        assert_ne!(make(1, 1), make(1, 2));
    }

    #[test]
    fn only_ocids_have_a_kind() {
        assert_eq!(kind("ocid1.vcn.oc1.iad.abc"), Some("vcn"));
        assert_eq!(kind("ocid1.tenancy.oc1..abc"), Some("tenancy"));
        for bad in [
            "",
            "vcn",
            "ocid1.vcn",
            "ocid2.vcn.oc1.iad.abc",
            "ocid1.vcn.oc1.iad",
            "ocid1.vcn.oc1.iad.",
            "ocid1..oc1.iad.a",
            "ocid1.vcn.oc1.iad.a b",
        ] {
            assert_eq!(kind(bad), None, "{bad:?}");
        }
    }
}
