//! VNICs with their private and public addresses: made together, gone together.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::addresses::{Wanted, check_host_name, choose_address, vcn_of_subnet};
use super::names::full_name;
use crate::cloud::{Cloud, Event, New, Resource};
use crate::error::ApiError;
use crate::ocid;
use crate::services::core::defaults::DEFAULT_OF as TERRAFORM_TYPE;
use crate::services::core::network_security_group::NETWORK_SECURITY_GROUP;
use crate::services::core::private_ip::PRIVATE_IP;
use crate::services::core::public_ip::PUBLIC_IP;
use crate::services::core::subnet::SUBNET;
use crate::services::core::vnic::VNIC;

/// Hidden attribute of a VNIC: the OCID of the instance or service that it belongs to.
pub(crate) const OWNER: &str = "ownerId";
/// Hidden attribute of a service's VNIC.
const SERVICE: &str = "isServiceVnic";
/// The lifetime of an address that goes with its VNIC.
pub(crate) const EPHEMERAL: &str = "EPHEMERAL";
/// The note with the bounds of the lingering.
const LINGER_NOTE: &str = "network.linger";
/// How long a service's VNIC stays after its owner is gone, in virtual seconds: "a short time" (Oracle's
/// documentation), up to minutes in public logs.
const LINGER_SECS: (u64, u64) = (20, 120);
/// Assigning a public IP takes about a second (public logs).
const ASSIGN_TIME: Duration = Duration::from_secs(1);

/// Which public address a VNIC gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicAddress<'a> {
    /// None.
    None,
    /// One that goes with the VNIC.
    Ephemeral,
    /// A reserved one, by the OCID of the public IP.
    Reserved(&'a str),
}

/// What a VNIC is to be.
#[derive(Clone, Copy, Debug)]
pub struct VnicRequest<'a> {
    /// The subnet's OCID.
    pub subnet_id: &'a str,
    /// The compartment's OCID.
    pub compartment_id: &'a str,
    /// The OCID of the instance or service that it belongs to; it need not exist yet.
    pub owner_id: &'a str,
    /// Its name; the service makes one up otherwise.
    pub display_name: Option<&'a str>,
    /// The first part of its name in DNS.
    pub hostname_label: Option<&'a str>,
    /// The address that it must have.
    pub private_ip: Option<&'a str>,
    /// The reserved private IP that it takes, in place of an address.
    pub private_ip_id: Option<&'a str>,
    /// Its network security groups.
    pub nsg_ids: &'a [String],
    /// Its public address.
    pub public_ip: PublicAddress<'a>,
    /// Its availability domain; that of the subnet, or the first one, otherwise.
    pub availability_domain: Option<&'a str>,
    /// Whether it may pass on what is not addressed to it.
    pub skip_source_dest_check: bool,
    /// Whether it is the first one of its instance.
    pub is_primary: bool,
}

impl<'a> VnicRequest<'a> {
    /// A plain VNIC: an address of the service's choice, nothing else.
    #[must_use]
    pub const fn new(subnet_id: &'a str, compartment_id: &'a str, owner_id: &'a str) -> Self {
        Self {
            subnet_id,
            compartment_id,
            owner_id,
            display_name: None,
            hostname_label: None,
            private_ip: None,
            private_ip_id: None,
            nsg_ids: &[],
            public_ip: PublicAddress::None,
            availability_domain: None,
            skip_source_dest_check: false,
            is_primary: true,
        }
    }
}

/// A VNIC that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedVnic {
    /// The VNIC's OCID.
    pub vnic_id: String,
    /// The OCID of its primary private IP.
    pub private_ip_id: String,
    /// The address itself.
    pub private_ip: Ipv4Addr,
    /// OCID and address of its public IP.
    pub public_ip: Option<(String, Ipv4Addr)>,
    /// Its full name in DNS, when it has a label and the subnet a domain.
    pub full_name: Option<String>,
}

/// Puts a VNIC into a subnet, with its private and public address. Nothing is changed when it is refused.
///
/// # Errors
/// 400 for a subnet, group or public IP that is not there or does not fit, for an address outside of the
/// subnet or a public one in a private subnet; 409 for an address, name or public IP that is taken.
pub fn attach_vnic(cloud: &mut Cloud, request: &VnicRequest) -> Result<AttachedVnic, ApiError> {
    attach(cloud, request, false)
}

/// As [`attach_vnic`], for one of Oracle's services: a load balancer, a database endpoint, a mount target.
///
/// # Errors
/// As [`attach_vnic`].
pub fn attach_service_vnic(cloud: &mut Cloud, request: &VnicRequest) -> Result<AttachedVnic, ApiError> {
    attach(cloud, request, true)
}

fn attach(cloud: &mut Cloud, request: &VnicRequest, of_service: bool) -> Result<AttachedVnic, ApiError> {
    let availability_domain = check(cloud, request)?;
    let address = match request.private_ip_id {
        Some(id) => reserved_address(cloud, id, request.subnet_id)?,
        None => {
            let wanted = Wanted { address: request.private_ip, ..Wanted::default() };
            choose_address(cloud, "privateIp", request.subnet_id, wanted)?
        }
    };
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("availabilityDomain", json!(availability_domain));
    set("compartmentId", json!(request.compartment_id));
    set("subnetId", json!(request.subnet_id));
    set("isPrimary", json!(request.is_primary));
    set("privateIp", json!(address.to_string()));
    set("nsgIds", json!(request.nsg_ids));
    set("skipSourceDestCheck", json!(request.skip_source_dest_check));
    if let Some(name) = request.display_name {
        set("displayName", json!(name));
    }
    if let Some(label) = request.hostname_label {
        set("hostnameLabel", json!(label));
    }
    let count = cloud.next_number("mac address");
    let digits = ocid::hex(cloud.place().seed, &format!("mac/{count}"), 8);
    let pairs = [&digits[..2], &digits[2..4], &digits[4..6], &digits[6..8]];
    set("macAddress", json!(format!("02:00:{}", pairs.join(":").to_uppercase())));
    let new =
        New::of(&VNIC, "PROVISIONING", body).hidden(OWNER, request.owner_id).hidden(SERVICE, of_service);
    let vnic_id = cloud.insert(new);
    cloud.set_state(&vnic_id, "AVAILABLE");
    let private_ip_id = match request.private_ip_id {
        None => add_private_ip(cloud, &vnic_id, address, request.hostname_label, true),
        Some(id) => {
            cloud.update(id, |ip| {
                ip.set("vnicId", vnic_id.as_str());
                ip.set("availabilityDomain", availability_domain.as_str());
                ip.set("isPrimary", true);
                ip.set("ipState", "ASSIGNED");
            });
            id.to_owned()
        }
    };
    let public_ip = match request.public_ip {
        PublicAddress::None => None,
        PublicAddress::Ephemeral => {
            Some(new_public_ip(cloud, request.compartment_id, EPHEMERAL, Some(&private_ip_id), Map::new()))
        }
        PublicAddress::Reserved(id) => {
            assign_public_ip(cloud, id, &private_ip_id);
            Some(id.to_owned())
        }
    };
    let public_ip = public_ip.and_then(|id| {
        let address = cloud.get(&id)?.text("ipAddress")?.parse().ok()?;
        Some((id, address))
    });
    let full_name = cloud.get(&private_ip_id).and_then(|ip| full_name(cloud, ip));
    Ok(AttachedVnic { vnic_id, private_ip_id, private_ip: address, public_ip, full_name })
}

/// Everything that can be wrong with a request besides its address; the availability domain otherwise.
fn check(cloud: &Cloud, request: &VnicRequest) -> Result<String, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, request.subnet_id)?;
    if subnet.state() != Some("AVAILABLE") {
        let state = subnet.state().unwrap_or_default();
        return Err(ApiError::incorrect_state(format!("Subnet {} is {state}", subnet.id)));
    }
    let own_domain = subnet.text("availabilityDomain");
    if let (Some(own), Some(wanted)) = (own_domain, request.availability_domain)
        && own != wanted
    {
        let why = format!("subnet {} is in {own}, not in {wanted}", subnet.id);
        return Err(ApiError::invalid("availabilityDomain", why));
    }
    if let Some(label) = request.hostname_label {
        check_host_name(cloud, "hostnameLabel", request.subnet_id, label, None)?;
    }
    let groups: Vec<&str> = request.nsg_ids.iter().map(String::as_str).collect();
    check_groups(cloud, "nsgIds", &groups, subnet.text("vcnId").unwrap_or_default())?;
    let forbidden = subnet.body.get("prohibitPublicIpOnVnic") == Some(&Value::Bool(true));
    if request.public_ip != PublicAddress::None && forbidden {
        return Err(ApiError::invalid(
            "assignPublicIp",
            format!("public IP addresses are prohibited on VNICs in subnet {}", subnet.id),
        ));
    }
    if let PublicAddress::Reserved(id) = request.public_ip {
        check_assignable(cloud, "publicIpId", id)?;
    }
    let first = || cloud.place().availability_domains().swap_remove(0);
    Ok(own_domain.or(request.availability_domain).map_or_else(first, str::to_owned))
}

/// The address of a reserved private IP, which must be in this subnet and nobody's.
fn reserved_address(cloud: &Cloud, id: &str, subnet_id: &str) -> Result<Ipv4Addr, ApiError> {
    let ip = cloud.related("privateIpId", &PRIVATE_IP, id)?;
    if ip.text("subnetId") != Some(subnet_id) {
        return Err(ApiError::invalid(
            "privateIpId",
            format!("private IP {id} is not in subnet {subnet_id}"),
        ));
    }
    if ip.text("vnicId").is_some() {
        return Err(ApiError::conflict(format!("Private IP {id} is already in use by a VNIC")));
    }
    let address = ip.text("ipAddress").and_then(|address| address.parse().ok());
    address.ok_or_else(|| ApiError::invalid("privateIpId", format!("private IP {id} has no IPv4 address")))
}

/// Refuses a public IP that is not there, or that somebody has.
fn check_assignable(cloud: &Cloud, field: &str, id: &str) -> Result<(), ApiError> {
    let public_ip = cloud.related(field, &PUBLIC_IP, id)?;
    match public_ip.state() {
        Some("AVAILABLE" | "UNASSIGNED") => Ok(()),
        state => Err(ApiError::conflict(format!(
            "Public IP {id} cannot be assigned: it is {}",
            state.unwrap_or_default()
        ))),
    }
}

/// Refuses network security groups that are not there or not in this VCN.
///
/// # Errors
/// 400, naming the field.
pub fn check_groups(cloud: &Cloud, field: &str, ids: &[&str], vcn_id: &str) -> Result<(), ApiError> {
    if ids.len() > 5 {
        return Err(ApiError::invalid(field, format!("{} groups, at most 5 are allowed", ids.len())));
    }
    for id in ids {
        let group = cloud.related(field, &NETWORK_SECURITY_GROUP, id)?;
        if group.text("vcnId") != Some(vcn_id) {
            return Err(ApiError::invalid(
                field,
                format!("network security group {id} is not in VCN {vcn_id}"),
            ));
        }
    }
    Ok(())
}

/// Replaces the network security groups of a VNIC, as their service was told to.
///
/// # Errors
/// 400 for a group that is not there or in another VCN.
pub fn set_vnic_groups(cloud: &mut Cloud, vnic_id: &str, ids: &[String]) -> Result<(), ApiError> {
    let vnic = cloud.find_live(&VNIC, vnic_id)?;
    let vcn_id = vcn_of_subnet(cloud, vnic.text("subnetId").unwrap_or_default()).unwrap_or_default();
    let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
    check_groups(cloud, "nsgIds", &texts, vcn_id)?;
    cloud.update(vnic_id, |vnic| vnic.set("nsgIds", json!(ids)));
    Ok(())
}

/// Adds a private IP to a VNIC; everything has been checked.
pub(crate) fn add_private_ip(
    cloud: &mut Cloud,
    vnic_id: &str,
    address: Ipv4Addr,
    hostname_label: Option<&str>,
    is_primary: bool,
) -> String {
    let mut body = Map::new();
    if let Some(vnic) = cloud.get(vnic_id) {
        for field in ["availabilityDomain", "compartmentId", "subnetId"] {
            body.insert(field.to_owned(), vnic.body.get(field).cloned().unwrap_or_default());
        }
    }
    body.insert("vnicId".to_owned(), json!(vnic_id));
    body.insert("ipAddress".to_owned(), json!(address.to_string()));
    body.insert("isPrimary".to_owned(), json!(is_primary));
    body.insert("ipState".to_owned(), json!("ASSIGNED"));
    body.insert("lifetime".to_owned(), json!(EPHEMERAL));
    if let Some(label) = hostname_label {
        body.insert("hostnameLabel".to_owned(), json!(label));
    }
    cloud.insert(New { kind: &PRIVATE_IP, id: None, state: None, body, hidden: Map::new() })
}

/// Makes a public IP, assigned to a private one if that is given, and returns its OCID.
pub fn new_public_ip(
    cloud: &mut Cloud,
    compartment_id: &str,
    lifetime: &str,
    private_ip_id: Option<&str>,
    mut body: Map<String, Value>,
) -> String {
    let count = cloud.next_number("public address");
    // An odd factor scatters the addresses over the block and gives none twice.
    let low = (count.wrapping_mul(40_503)) % 65_536;
    let block = u8::try_from(61 + count / 65_536).unwrap_or(u8::MAX);
    let octets = (u8::try_from(low / 256).unwrap_or(0), u8::try_from(low % 256).unwrap_or(0));
    let address = Ipv4Addr::new(130, block, octets.0, octets.1);
    let is_ephemeral = lifetime == EPHEMERAL;
    body.insert("compartmentId".to_owned(), json!(compartment_id));
    body.insert("lifetime".to_owned(), json!(lifetime));
    body.insert("ipAddress".to_owned(), json!(address.to_string()));
    body.insert("scope".to_owned(), json!(if is_ephemeral { "AVAILABILITY_DOMAIN" } else { "REGION" }));
    if is_ephemeral && let Some(private_ip) = private_ip_id.and_then(|id| cloud.get(id)) {
        let domain = private_ip.body.get("availabilityDomain").cloned().unwrap_or_default();
        body.insert("availabilityDomain".to_owned(), domain);
    }
    let mut new = New::of(&PUBLIC_IP, "PROVISIONING", body);
    if !is_ephemeral {
        new = new.hidden(TERRAFORM_TYPE, "oci_core_public_ip");
    }
    let id = cloud.insert(new);
    match private_ip_id {
        Some(private_ip_id) => assign_public_ip(cloud, &id, private_ip_id),
        None => cloud.after(ASSIGN_TIME, Event::state(&id, "PROVISIONING", "AVAILABLE")),
    }
    id
}

/// Gives a public IP to a private one; `ASSIGNING` for a second. Everything has been checked.
pub fn assign_public_ip(cloud: &mut Cloud, public_ip_id: &str, private_ip_id: &str) {
    cloud.update(public_ip_id, |public_ip| {
        public_ip.set("lifecycleState", "ASSIGNING");
        public_ip.set("privateIpId", private_ip_id);
        public_ip.set("assignedEntityId", private_ip_id);
        public_ip.set("assignedEntityType", "PRIVATE_IP");
    });
    cloud.after(ASSIGN_TIME, Event::state(public_ip_id, "ASSIGNING", "ASSIGNED"));
    let address = cloud.get(public_ip_id).and_then(|ip| ip.text("ipAddress")).map(str::to_owned);
    show_public_address(cloud, private_ip_id, address);
}

/// Takes a public IP away from whatever has it; `UNASSIGNING` for a second, then `AVAILABLE`.
pub fn unassign_public_ip(cloud: &mut Cloud, public_ip_id: &str) {
    let Some(public_ip) = cloud.get(public_ip_id) else { return };
    let private_ip_id = public_ip.text("privateIpId").map(str::to_owned);
    cloud.update(public_ip_id, |public_ip| {
        for field in ["privateIpId", "assignedEntityId", "assignedEntityType"] {
            public_ip.body.remove(field);
        }
        public_ip.set("lifecycleState", "UNASSIGNING");
    });
    cloud.after(ASSIGN_TIME, Event::state(public_ip_id, "UNASSIGNING", "AVAILABLE"));
    if let Some(private_ip_id) = private_ip_id {
        show_public_address(cloud, &private_ip_id, None);
    }
}

/// What becomes of a public IP when the private one goes: a reserved one is free again, another one ends.
pub fn release_public_ip(cloud: &mut Cloud, public_ip_id: &str) {
    let Some(public_ip) = cloud.get(public_ip_id) else { return };
    let is_ephemeral = public_ip.text("lifetime") == Some(EPHEMERAL);
    unassign_public_ip(cloud, public_ip_id);
    if is_ephemeral {
        cloud.terminate(public_ip_id, "TERMINATING", "TERMINATED", ASSIGN_TIME);
    }
}

/// A VNIC shows the public address of its primary private IP.
fn show_public_address(cloud: &mut Cloud, private_ip_id: &str, address: Option<String>) {
    let Some(private_ip) = cloud.get(private_ip_id) else { return };
    let is_primary = private_ip.body.get("isPrimary") == Some(&Value::Bool(true));
    let vnic_id = private_ip.text("vnicId").map(str::to_owned);
    let Some(vnic_id) = vnic_id.filter(|id| is_primary && cloud.get(id).is_some()) else { return };
    cloud.update(&vnic_id, |vnic| match address {
        Some(address) => vnic.set("publicIp", address),
        None => {
            vnic.body.remove("publicIp");
        }
    });
}

/// The primary private IP of a VNIC.
#[must_use]
pub fn primary_private_ip<'c>(cloud: &'c Cloud, vnic_id: &'c str) -> Option<&'c Resource> {
    private_ips(cloud, vnic_id).find(|ip| ip.body.get("isPrimary") == Some(&Value::Bool(true)))
}

fn private_ips<'c>(cloud: &'c Cloud, vnic_id: &'c str) -> impl Iterator<Item = &'c Resource> {
    cloud.live_referrers(&PRIVATE_IP, vnic_id).filter(move |ip| ip.text("vnicId") == Some(vnic_id))
}

/// The live VNICs of an instance or service, the primary one first.
#[must_use]
pub fn vnics_of<'c>(cloud: &'c Cloud, owner_id: &'c str) -> Vec<&'c Resource> {
    let own = cloud.live_referrers(&VNIC, owner_id).filter(|vnic| vnic.text(OWNER) == Some(owner_id));
    let mut own: Vec<&Resource> = own.collect();
    own.sort_by_key(|vnic| vnic.body.get("isPrimary") != Some(&Value::Bool(true)));
    own
}

/// The OCID of the instance or service that a VNIC belongs to, and whether it is a service's.
#[must_use]
pub fn owner_of(vnic: &Resource) -> (Option<&str>, bool) {
    (vnic.text(OWNER), vnic.hidden.get(SERVICE) == Some(&Value::Bool(true)))
}

/// Takes a VNIC out of its subnet at once, with all its addresses.
pub fn release_vnic(cloud: &mut Cloud, vnic_id: &str) {
    remove_vnic(cloud, vnic_id);
}

/// Takes a service's VNIC out of its subnet: a reserved public address is free at once, the VNIC itself and
/// its private address linger for a while and keep the subnet from being deleted.
pub fn release_service_vnic(cloud: &mut Cloud, vnic_id: &str) {
    let reserved = private_ips(cloud, vnic_id).flat_map(|ip| cloud.live_referrers(&PUBLIC_IP, &ip.id));
    let public_ips: Vec<String> = reserved.map(|ip| ip.id.to_string()).collect();
    for id in public_ips {
        release_public_ip(cloud, &id);
    }
    let (min, max) = linger_of_service_vnics(cloud);
    let purpose = format!("linger/{vnic_id}");
    let random = u64::from_str_radix(&ocid::hex(cloud.place().seed, &purpose, 8), 16).unwrap_or(0);
    let seconds = min + random % (max.saturating_sub(min) + 1);
    cloud.after(Duration::from_secs(seconds), Event::named("network.vnic.gone", json!({"id": vnic_id})));
}

/// Ends a VNIC and everything on it; a reserved private IP stays in the subnet.
pub(crate) fn remove_vnic(cloud: &mut Cloud, vnic_id: &str) {
    if cloud.get(vnic_id).is_none_or(|vnic| !vnic.is_live()) {
        return;
    }
    let private: Vec<String> = private_ips(cloud, vnic_id).map(|ip| ip.id.to_string()).collect();
    for id in private {
        let public: Vec<String> = cloud.live_referrers(&PUBLIC_IP, &id).map(|ip| ip.id.to_string()).collect();
        for public in public {
            release_public_ip(cloud, &public);
        }
        if cloud.get(&id).is_some_and(|ip| ip.text("lifetime") == Some("RESERVED")) {
            cloud.update(&id, |ip| {
                for field in ["vnicId", "availabilityDomain"] {
                    ip.body.remove(field);
                }
                ip.set("isPrimary", false);
                ip.set("ipState", "AVAILABLE");
            });
        } else {
            cloud.remove(&id);
        }
    }
    cloud.terminate(vnic_id, "TERMINATING", "TERMINATED", Duration::ZERO);
}

/// Bounds of how long a service's VNIC lingers, in virtual seconds.
#[must_use]
pub fn linger_of_service_vnics(cloud: &Cloud) -> (u64, u64) {
    let note = cloud.note(LINGER_NOTE);
    let bound = |name: &str, default| note.get(name).and_then(Value::as_u64).unwrap_or(default);
    (bound("minSecs", LINGER_SECS.0), bound("maxSecs", LINGER_SECS.1))
}

/// Sets these bounds: each VNIC lingers for a time between them that follows from the seed.
pub fn set_linger_of_service_vnics(cloud: &mut Cloud, min_secs: u64, max_secs: u64) {
    *cloud.note_mut(LINGER_NOTE) = json!({"minSecs": min_secs, "maxSecs": max_secs.max(min_secs)});
}
