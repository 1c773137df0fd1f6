//! OCIDs: the names of everything in the cloud, told apart by their type, and otherwise opaque.
//!
//! ```
//! use oci_client::ocid::{SubnetId, VcnId};
//!
//! let vcn = VcnId::parse("ocid1.vcn.oc1.eu-frankfurt-1.amaaaaaa")?;
//! assert_eq!(vcn.as_str(), "ocid1.vcn.oc1.eu-frankfurt-1.amaaaaaa");
//! assert!(SubnetId::parse(vcn.as_str()).is_err(), "a VCN is no subnet");
//! # Ok::<(), oci_client::ocid::InvalidOcid>(())
//! ```
//!
//! # Source
//! Oracle's page "Resource Identifiers": `ocid1.<type>.<realm>.[region][.future use].<unique id>`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

/// The longest OCID that the service takes, in bytes.
const LENGTH_MAX: usize = 255;

/// A kind of thing that has OCIDs of its own.
pub trait Kind: Send + Sync + 'static {
    /// What the thing is called in messages.
    const NAME: &'static str;
    /// The second part of its OCIDs, in lower case. A few kinds have had more than one over time.
    const TYPES: &'static [&'static str];
}

/// An OCID of the kind `K`, made only by a parser that checks the kind.
pub struct Id<K> {
    text: Box<str>,
    kind: PhantomData<fn() -> K>,
}

/// The text is not an OCID of the kind that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOcid {
    /// Not an OCID at all.
    #[error("`{text}` is not an OCID; one looks like `ocid1.vcn.oc1.eu-frankfurt-1.aaaa…`")]
    Malformed {
        /// The text, cut to a readable length.
        text: String,
    },
    /// An OCID of something else.
    #[error("`{text}` is the OCID of a `{found}`, and that of a {expected} is wanted")]
    OtherKind {
        /// The OCID.
        text: String,
        /// Its own type.
        found: String,
        /// What is wanted.
        expected: &'static str,
    },
}

impl<K: Kind> Id<K> {
    /// Reads an OCID and checks its kind.
    ///
    /// # Errors
    /// [`InvalidOcid`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidOcid> {
        let found = type_of(text)?;
        if K::TYPES.iter().any(|known| found.eq_ignore_ascii_case(known)) {
            return Ok(Self { text: text.into(), kind: PhantomData });
        }
        Err(InvalidOcid::OtherKind { text: shortened(text), found: found.to_owned(), expected: K::NAME })
    }
}

impl<K> Id<K> {
    /// The text, exactly as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidOcid;

    fn from_str(text: &str) -> Result<Self, InvalidOcid> {
        Self::parse(text)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The type in an OCID of any kind: `vcn` in `ocid1.vcn.oc1.eu-frankfurt-1.aaaa`.
///
/// # Errors
/// [`InvalidOcid::Malformed`] if it is no OCID.
pub fn type_of(text: &str) -> Result<&str, InvalidOcid> {
    let malformed = || InvalidOcid::Malformed { text: shortened(text) };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if text.len() > LENGTH_MAX || !text.bytes().all(fits) {
        return Err(malformed());
    }
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        // The region may be empty: users, tenancies and compartments have none.
        [version, kind, realm, _region, .., unique]
            if version.strip_prefix("ocid").is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
            }) && !kind.is_empty()
                && !realm.is_empty()
                && !unique.is_empty() =>
        {
            Ok(kind)
        }
        _ => Err(malformed()),
    }
}

/// Whether the text may be the OCID of a user or a tenancy, by the loose pattern of Oracle's SDKs, which lets
/// identifiers of the time before OCIDs pass.
///
/// # Source
/// `oci/config.py` of Oracle's Python SDK 2.189.0:
/// `^([0-9a-zA-Z-_]+[.:])([0-9a-zA-Z-_]*[.:]){3,}([0-9a-zA-Z-_]+)$`.
#[must_use]
pub fn is_plausible(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['.', ':']).collect();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    parts.len() >= 5
        && parts.iter().all(|part| part.bytes().all(fits))
        && !parts[0].is_empty()
        && !parts[parts.len() - 1].is_empty()
}

fn shortened(text: &str) -> String {
    let clean = text.chars().filter(|c| !c.is_control());
    clean.take(100).collect()
}

/// Declares a kind and the name of its ids.
macro_rules! kinds {
    ($($kind:ident, $id:ident, $name:literal, [$($type:literal),+];)+) => {
        $(
            #[doc = concat!("Marks the OCIDs of a ", $name, ".")]
            #[derive(Clone, Copy, Debug)]
            pub enum $kind {}

            impl Kind for $kind {
                const NAME: &'static str = $name;
                const TYPES: &'static [&'static str] = &[$($type),+];
            }

            #[doc = concat!("The OCID of a ", $name, ".")]
            pub type $id = Id<$kind>;
        )+
    };
}

kinds! {
    Tenancy, TenancyId, "tenancy", ["tenancy"];
    User, UserId, "user", ["user"];
    // The root compartment has the OCID of its tenancy.
    Compartment, CompartmentId, "compartment", ["compartment", "tenancy"];
    Vcn, VcnId, "VCN", ["vcn"];
    Subnet, SubnetId, "subnet", ["subnet"];
    RouteTable, RouteTableId, "route table", ["routetable"];
    SecurityList, SecurityListId, "security list", ["securitylist"];
    DhcpOptions, DhcpOptionsId, "set of DHCP options", ["dhcpoptions"];
    InternetGateway, InternetGatewayId, "internet gateway", ["internetgateway"];
    NatGateway, NatGatewayId, "NAT gateway", ["natgateway"];
    ServiceGateway, ServiceGatewayId, "service gateway", ["servicegateway"];
    Service, ServiceId, "service", ["service"];
    NetworkSecurityGroup, NetworkSecurityGroupId, "network security group", ["networksecuritygroup"];
    Vnic, VnicId, "VNIC", ["vnic"];
    VnicAttachment, VnicAttachmentId, "VNIC attachment", ["vnicattachment"];
    PrivateIp, PrivateIpId, "private IP", ["privateip"];
    PublicIp, PublicIpId, "public IP", ["publicip"];
    Instance, InstanceId, "compute instance", ["instance"];
    Image, ImageId, "image", ["image"];
    Volume, VolumeId, "block volume", ["volume"];
    BootVolume, BootVolumeId, "boot volume", ["bootvolume"];
    VolumeAttachment, VolumeAttachmentId, "volume attachment", ["volumeattachment"];
    FileSystem, FileSystemId, "file system", ["filesystem"];
    MountTarget, MountTargetId, "mount target", ["mounttarget"];
    Export, ExportId, "export", ["export"];
    ExportSet, ExportSetId, "export set", ["exportset"];
    NetworkLoadBalancer, NetworkLoadBalancerId, "network load balancer", ["networkloadbalancer"];
    MysqlDbSystem, MysqlDbSystemId, "MySQL DB system", ["mysqldbsystem"];
    MysqlConfiguration, MysqlConfigurationId, "MySQL configuration", ["mysqlconfiguration"];
    MysqlBackup, MysqlBackupId, "MySQL backup", ["mysqlbackup"];
    MysqlReplica, MysqlReplicaId, "MySQL read replica", ["mysqlreplica", "mysqldbsystemreplica"];
    Vault, VaultId, "vault", ["vault"];
    Key, KeyId, "key", ["key"];
    VaultSecret, VaultSecretId, "secret", ["vaultsecret"];
    Bastion, BastionId, "bastion", ["bastion"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_takes_its_own_ocids_only() {
        assert!(VcnId::parse("ocid1.vcn.oc1.eu-frankfurt-1.aaaa").is_ok());
        assert!(TenancyId::parse("ocid1.tenancy.oc1..aaaa").is_ok());
        assert!(CompartmentId::parse("ocid1.tenancy.oc1..aaaa").is_ok(), "the root compartment");
        assert!(InstanceId::parse("ocid1.instance.oc1.phx.future.use.aaaa").is_ok());
        let error = SubnetId::parse("ocid1.vcn.oc1.eu-frankfurt-1.aaaa").unwrap_err().to_string();
        let expected =
            "`ocid1.vcn.oc1.eu-frankfurt-1.aaaa` is the OCID of a `vcn`, and that of a subnet is wanted";
        assert_eq!(error, expected);
    }

    #[test]
    fn what_is_no_ocid_is_refused() {
        let long = format!("ocid1.vcn.oc1..{}", "a".repeat(300));
        for text in [
            "",
            "vcn",
            "ocid1.vcn",
            "ocid1.vcn.oc1",
            "ocid1.vcn.oc1.aaaa",
            "ocid1.vcn.oc1..",
            "ocid.vcn.oc1..a",
            "ocidx.vcn.oc1..a",
            "ocid1..oc1..a",
            "ocid1.vcn...a",
            " ocid1.vcn.oc1..a",
            "ocid1.vcn.oc1..a/b",
            &long,
        ] {
            assert!(matches!(VcnId::parse(text), Err(InvalidOcid::Malformed { .. })), "{text:?}");
        }
    }

    #[test]
    fn an_ocid_is_a_string_in_json_and_checked_when_read() {
        let id: VcnId = serde_json::from_str(r#""ocid1.vcn.oc1..a""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""ocid1.vcn.oc1..a""#);
        assert!(serde_json::from_str::<VcnId>(r#""ocid1.subnet.oc1..a""#).is_err());
    }

    #[test]
    fn the_loose_pattern_is_that_of_oracles_sdk() {
        for text in
            ["ocid1.user.oc1..aaaa", "a:b:c:d:e", "ocidv1:tenancy:oc1:phx:1:aaaa", "a....b", "a-_.b.c.d.e"]
        {
            assert!(is_plausible(text), "{text}");
        }
        for text in
            ["", "a.b.c.d", ".b.c.d.e", "a.b.c.d.", "a b.c.d.e.f", "ocid1.user.oc1..aa\n", "a.b.c.d.é"]
        {
            assert!(!is_plausible(text), "{text:?}");
        }
    }
}
