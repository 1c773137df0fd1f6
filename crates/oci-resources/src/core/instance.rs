//! Instance: a virtual machine.
//!
//! Shape, OCPUs and memory change in place, with a restart; the image, the subnet and what the first boot reads
//! do not. Where it is placed is said in one of two ways: `availability_domain` and `shape`, as with Terraform,
//! or `placement`, a list of places that are tried in turn when one has no room.
//!
//! A refresh of many reads one list. What only the VNIC and the boot volume tell (`create_vnic_details`, the
//! addresses, `boot_volume_id`) is then kept from the state, and read when the instance is read by itself.
//! API: Core Services 20160918, `Instance`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeInstanceCompartment, LaunchInstance, ListInstances, TerminateInstance, UpdateInstance,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, Place, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::schema;
use crate::tags::{self, StackTags};
use crate::values::text;
use crate::wire;

use super::instance_parts::{self, Metadata};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_instance";

/// A virtual machine.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Instance {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain; left out with `placement`. A change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// The fault domain; chosen by the service when left out.
    pub fault_domain: Attr<String>,
    /// The shape, such as `VM.Standard.A1.Flex`; left out with `placement`.
    #[schemars(extend("x-volatile" = true))]
    pub shape: Attr<String>,
    /// OCPUs and memory of a flexible shape.
    #[schemars(extend("x-volatile" = true))]
    pub shape_config: Attr<ShapeConfig>,
    /// Where it may be, in the order in which places are tried; in place of `availability_domain`,
    /// `fault_domain`, `shape` and `shape_config`.
    #[schemars(extend("x-write-only" = true))]
    pub placement: Attr<Placement>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What it boots from.
    pub source_details: Attr<SourceDetails>,
    /// Its first VNIC.
    pub create_vnic_details: Attr<VnicDetails>,
    /// What its first boot reads. Together with `extended_metadata` at most 32,000 bytes.
    pub metadata: Attr<Metadata>,
    /// As `metadata`, with values that may be objects.
    pub extended_metadata: Attr<BTreeMap<String, Json>>,
    /// Oracle's agent on it.
    pub agent_config: Attr<AgentConfig>,
    /// What happens when its host fails.
    pub availability_config: Attr<AvailabilityConfig>,
    /// Options.
    pub instance_options: Attr<InstanceOptions>,
    /// How it is made to boot and attached.
    pub launch_options: Attr<LaunchOptions>,
    /// Volumes that come with it.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub launch_volume_attachments: Attr<Vec<LaunchVolume>>,
    /// What the processor offers.
    pub platform_config: Attr<PlatformConfig>,
    /// Hosts that it must be on.
    #[schemars(extend("x-force-new" = true))]
    pub placement_constraint_details: Attr<PlacementConstraint>,
    /// That it may be taken away.
    #[schemars(extend("x-force-new" = true))]
    pub preemptible_instance_config: Attr<PreemptibleConfig>,
    /// Licences.
    pub licensing_configs: Attr<Vec<LicensingConfig>>,
    /// Whether what goes to its boot volume is encrypted on the way.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub is_pv_encryption_in_transit_enabled: Attr<bool>,
    /// Whether it has NVIDIA AI Enterprise.
    pub is_ai_enterprise_enabled: Attr<bool>,
    /// The reservation that it is taken from.
    pub capacity_reservation_id: Attr<String>,
    /// The dedicated host that it is on.
    pub dedicated_vm_host_id: Attr<String>,
    /// The cluster placement group.
    #[schemars(extend("x-force-new" = true))]
    pub cluster_placement_group_id: Attr<String>,
    /// The compute cluster.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub compute_cluster_id: Attr<String>,
    /// The instance configuration.
    #[schemars(extend("x-force-new" = true))]
    pub instance_configuration_id: Attr<String>,
    /// What iPXE runs in place of a boot volume.
    #[schemars(extend("x-force-new" = true))]
    pub ipxe_script: Attr<String>,
    /// Whether a change may restart it; `ALLOW_DOWNTIME` when left out.
    #[schemars(extend("x-write-only" = true, "enum" = ["ALLOW_DOWNTIME", "AVOID_DOWNTIME"]))]
    pub update_operation_constraint: Attr<String>,
    /// When maintenance restarts it.
    pub time_maintenance_reboot_due: Attr<String>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// Whether its boot volume stays when it goes; false when left out.
    #[schemars(extend("x-write-only" = true))]
    pub preserve_boot_volume: Attr<bool>,
    /// Whether volumes that came with it stay when it goes; true when left out.
    #[schemars(extend("x-write-only" = true))]
    pub preserve_data_volumes_created_at_launch: Attr<bool>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Instance {
    compartment_id,
    availability_domain,
    fault_domain,
    shape,
    shape_config,
    placement,
    display_name,
    source_details,
    create_vnic_details,
    metadata,
    extended_metadata,
    agent_config,
    availability_config,
    instance_options,
    launch_options,
    launch_volume_attachments,
    platform_config,
    placement_constraint_details,
    preemptible_instance_config,
    licensing_configs,
    is_pv_encryption_in_transit_enabled,
    is_ai_enterprise_enabled,
    capacity_reservation_id,
    dedicated_vm_host_id,
    cluster_placement_group_id,
    compute_cluster_id,
    instance_configuration_id,
    ipxe_script,
    update_operation_constraint,
    time_maintenance_reboot_due,
    security_attributes,
    preserve_boot_volume,
    preserve_data_volumes_created_at_launch,
    freeform_tags,
    defined_tags,
    raw,
});

/// OCPUs and memory of a flexible shape.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ShapeConfig {
    /// OCPUs.
    pub ocpus: Attr<f64>,
    /// Memory in GB.
    pub memory_in_gbs: Attr<f64>,
    /// Virtual CPUs, in place of `ocpus`.
    pub vcpus: Attr<i64>,
    /// What part of an OCPU is always there, of a burstable instance.
    #[schemars(extend("enum" = ["BASELINE_1_8", "BASELINE_1_2", "BASELINE_1_1"]))]
    pub baseline_ocpu_utilization: Attr<String>,
    /// NVMe disks, of a dense shape.
    #[schemars(extend("x-write-only" = true))]
    pub nvmes: Attr<i64>,
    /// How a sub-core shape is given its share.
    #[schemars(extend("enum" = ["DYNAMIC", "STATIC"]))]
    pub resource_management: Attr<String>,
    /// The local volume.
    pub local_volume_size_in_gbs: Attr<i64>,
}

attributes!(ShapeConfig {
    ocpus,
    memory_in_gbs,
    vcpus,
    baseline_ocpu_utilization,
    nvmes,
    resource_management,
    local_volume_size_in_gbs,
});

/// Places that are tried in turn: for each shape the availability domains, in each the fault domains. Places of
/// which the capacity report says that they have room come first; among equals, the one with the fewest members
/// of the group.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Placement {
    /// The availability domains, the best one first.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub availability_domains: Attr<Vec<String>>,
    /// The fault domains, the best one first; the service spreads when left out.
    pub fault_domains: Attr<Vec<String>>,
    /// The shapes, the best one first.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub shapes: Attr<Vec<PlacementShape>>,
    /// Instances with the same name here are kept apart.
    pub spread_group: Attr<String>,
}

attributes!(Placement { availability_domains, fault_domains, shapes, spread_group });

/// A shape that may be taken.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PlacementShape {
    /// The shape.
    #[schemars(extend("x-required" = true))]
    pub shape: Attr<String>,
    /// OCPUs, of a flexible shape.
    pub ocpus: Attr<f64>,
    /// Memory in GB, of a flexible shape.
    pub memory_in_gbs: Attr<f64>,
}

attributes!(PlacementShape { shape, ocpus, memory_in_gbs });

/// What it boots from.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SourceDetails {
    /// `image` or `bootVolume`.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "enum" = ["image", "bootVolume"]))]
    pub source_type: Attr<String>,
    /// The OCID of the image or the boot volume; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub source_id: Attr<String>,
    /// The boot volume; it only grows.
    #[schemars(range(min = 50, max = 32768))]
    pub boot_volume_size_in_gbs: Attr<i64>,
    /// Its performance: 10 is balanced, 20 higher, 30 to 120 ultra high.
    #[schemars(range(min = 10, max = 120))]
    pub boot_volume_vpus_per_gb: Attr<i64>,
    /// The key that it is encrypted with; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub kms_key_id: Attr<String>,
    /// Which image, in place of `source_id`.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub instance_source_image_filter_details: Attr<ImageFilter>,
    /// Whether the old boot volume stays when Oracle replaces the source in place. A change of the source makes a new instance
    /// here, for which `preserve_boot_volume` counts.
    #[schemars(extend("x-write-only" = true))]
    pub is_preserve_boot_volume_enabled: Attr<bool>,
}

attributes!(SourceDetails {
    source_type,
    source_id,
    boot_volume_size_in_gbs,
    boot_volume_vpus_per_gb,
    kms_key_id,
    instance_source_image_filter_details,
    is_preserve_boot_volume_enabled,
});

/// Which image.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ImageFilter {
    /// The compartment of the image.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The operating system.
    pub operating_system: Attr<String>,
    /// Its version.
    pub operating_system_version: Attr<String>,
    /// Its tags.
    pub defined_tags_filter: Attr<BTreeMap<String, Json>>,
}

attributes!(ImageFilter { compartment_id, operating_system, operating_system_version, defined_tags_filter });

/// The first VNIC.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct VnicDetails {
    /// The subnet; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub subnet_id: Attr<String>,
    /// The VLAN, in place of a subnet; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub vlan_id: Attr<String>,
    /// The address; chosen by the service when left out; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub private_ip: Attr<String>,
    /// A reserved private address, in place of `private_ip`.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub private_ip_id: Attr<String>,
    /// The block of the subnet that the address is taken from.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub subnet_cidr: Attr<String>,
    /// Whether it has a public address; what the subnet is for decides when left out.
    #[schemars(extend("x-force-new" = true))]
    pub assign_public_ip: Attr<bool>,
    /// Whether it has an IPv6 address.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub assign_ipv6ip: Attr<bool>,
    /// IPv6 addresses.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub ipv6address_ipv6subnet_cidr_pair_details: Attr<Vec<Ipv6Pair>>,
    /// Whether its host name is in the private DNS.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub assign_private_dns_record: Attr<bool>,
    /// What people call it.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The host name in the subnet.
    #[schemars(length(min = 1, max = 63))]
    pub hostname_label: Attr<String>,
    /// At most five network security groups.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub nsg_ids: Attr<Vec<String>>,
    /// Whether it may forward what is not for it.
    pub skip_source_dest_check: Attr<bool>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// Its free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// Its defined tags.
    pub defined_tags: Attr<BTreeMap<String, String>>,
}

attributes!(VnicDetails {
    subnet_id,
    vlan_id,
    private_ip,
    private_ip_id,
    subnet_cidr,
    assign_public_ip,
    assign_ipv6ip,
    ipv6address_ipv6subnet_cidr_pair_details,
    assign_private_dns_record,
    display_name,
    hostname_label,
    nsg_ids,
    skip_source_dest_check,
    security_attributes,
    freeform_tags,
    defined_tags,
});

/// An IPv6 address.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Ipv6Pair {
    /// A reserved address.
    pub ipv6id: Attr<String>,
    /// The block.
    pub ipv6subnet_cidr: Attr<String>,
    /// The address.
    pub ipv6address: Attr<String>,
}

attributes!(Ipv6Pair { ipv6id, ipv6subnet_cidr, ipv6address });

/// Oracle's agent.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AgentConfig {
    /// Whether it tells no metrics.
    pub is_monitoring_disabled: Attr<bool>,
    /// Whether it takes no orders.
    pub is_management_disabled: Attr<bool>,
    /// Whether no plugin runs.
    pub are_all_plugins_disabled: Attr<bool>,
    /// Its plugins.
    #[schemars(extend("x-unordered" = true))]
    pub plugins_config: Attr<Vec<AgentPlugin>>,
}

attributes!(AgentConfig {
    is_monitoring_disabled,
    is_management_disabled,
    are_all_plugins_disabled,
    plugins_config,
});

/// A plugin of the agent.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AgentPlugin {
    /// Its name.
    #[schemars(extend("x-required" = true))]
    pub name: Attr<String>,
    /// Whether it runs.
    #[schemars(extend("x-required" = true, "enum" = ["ENABLED", "DISABLED"]))]
    pub desired_state: Attr<String>,
}

attributes!(AgentPlugin { name, desired_state });

/// What happens when its host fails.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AvailabilityConfig {
    /// Whether it moves without a restart where it can.
    pub is_live_migration_preferred: Attr<bool>,
    /// Whether it is started again elsewhere.
    #[schemars(extend("enum" = ["RESTORE_INSTANCE", "STOP_INSTANCE"]))]
    pub recovery_action: Attr<String>,
}

attributes!(AvailabilityConfig { is_live_migration_preferred, recovery_action });

/// Options.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct InstanceOptions {
    /// Whether only version 2 of the metadata service answers.
    pub are_legacy_imds_endpoints_disabled: Attr<bool>,
}

attributes!(InstanceOptions { are_legacy_imds_endpoints_disabled });

/// How it is made to boot and attached.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LaunchOptions {
    /// How the boot volume is attached.
    #[schemars(extend("enum" = ["ISCSI", "SCSI", "IDE", "VFIO", "PARAVIRTUALIZED", "NVME"]))]
    pub boot_volume_type: Attr<String>,
    /// What starts it.
    #[schemars(extend("x-force-new" = true, "enum" = ["BIOS", "UEFI_64"]))]
    pub firmware: Attr<String>,
    /// How the VNIC is attached.
    #[schemars(extend("enum" = ["E1000", "VFIO", "PARAVIRTUALIZED", "ACCELERATEDPV"]))]
    pub network_type: Attr<String>,
    /// How volumes are attached.
    #[schemars(extend("x-force-new" = true, "enum" = ["ISCSI", "SCSI", "IDE", "VFIO", "PARAVIRTUALIZED", "NVME"]))]
    pub remote_data_volume_type: Attr<String>,
    /// Whether what goes to volumes is encrypted on the way.
    pub is_pv_encryption_in_transit_enabled: Attr<bool>,
    /// The same, for iSCSI.
    #[schemars(extend("x-force-new" = true))]
    pub is_encryption_in_transit_enabled: Attr<bool>,
    /// Whether volumes have names that stay.
    #[schemars(extend("x-force-new" = true))]
    pub is_consistent_volume_naming_enabled: Attr<bool>,
}

attributes!(LaunchOptions {
    boot_volume_type,
    firmware,
    network_type,
    remote_data_volume_type,
    is_pv_encryption_in_transit_enabled,
    is_encryption_in_transit_enabled,
    is_consistent_volume_naming_enabled,
});

/// A volume that comes with it.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LaunchVolume {
    /// How it is attached.
    #[schemars(extend("x-required" = true, "enum" = ["service_determined", "emulated", "iscsi", "nvme", "paravirtualized"]))]
    pub r#type: Attr<String>,
    /// A volume that is there.
    pub volume_id: Attr<String>,
    /// A volume to be made.
    pub launch_create_volume_details: Attr<LaunchCreateVolume>,
    /// What people call the attachment.
    pub display_name: Attr<String>,
    /// The device name.
    pub device: Attr<String>,
    /// Whether nothing can be written.
    pub is_read_only: Attr<bool>,
    /// Whether others may attach it too.
    pub is_shareable: Attr<bool>,
    /// Whether iSCSI asks for a password.
    pub use_chap: Attr<bool>,
    /// How what goes to it is encrypted.
    #[schemars(extend("enum" = ["NONE", "BM_ENCRYPTION_IN_TRANSIT"]))]
    pub encryption_in_transit_type: Attr<String>,
    /// Whether the agent logs in to iSCSI.
    pub is_agent_auto_iscsi_login_enabled: Attr<bool>,
    /// Whether what goes to it is encrypted on the way.
    pub is_pv_encryption_in_transit_enabled: Attr<bool>,
}

attributes!(LaunchVolume {
    r#type,
    volume_id,
    launch_create_volume_details,
    display_name,
    device,
    is_read_only,
    is_shareable,
    use_chap,
    encryption_in_transit_type,
    is_agent_auto_iscsi_login_enabled,
    is_pv_encryption_in_transit_enabled,
});

/// A volume to be made.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LaunchCreateVolume {
    /// `ATTRIBUTES`.
    #[schemars(extend("x-required" = true, "enum" = ["ATTRIBUTES"]))]
    pub volume_creation_type: Attr<String>,
    /// Its size.
    #[schemars(extend("x-required" = true), range(min = 50, max = 32768))]
    pub size_in_gbs: Attr<i64>,
    /// Its compartment.
    pub compartment_id: Attr<String>,
    /// What people call it.
    pub display_name: Attr<String>,
    /// The key that it is encrypted with.
    pub kms_key_id: Attr<String>,
    /// Its performance.
    pub vpus_per_gb: Attr<i64>,
}

attributes!(LaunchCreateVolume {
    volume_creation_type,
    size_in_gbs,
    compartment_id,
    display_name,
    kms_key_id,
    vpus_per_gb,
});

/// What the processor offers.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PlatformConfig {
    /// Of which kind of machine.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "enum" = [
        "AMD_VM", "INTEL_VM", "GENERIC_BM", "AMD_MILAN_BM", "AMD_MILAN_BM_GPU", "AMD_ROME_BM", "AMD_ROME_BM_GPU",
        "INTEL_ICELAKE_BM", "INTEL_SKYLAKE_BM"
    ]))]
    pub r#type: Attr<String>,
    /// Secure boot.
    #[schemars(extend("x-force-new" = true))]
    pub is_secure_boot_enabled: Attr<bool>,
    /// A trusted platform module.
    #[schemars(extend("x-force-new" = true))]
    pub is_trusted_platform_module_enabled: Attr<bool>,
    /// Measured boot.
    #[schemars(extend("x-force-new" = true))]
    pub is_measured_boot_enabled: Attr<bool>,
    /// Encrypted memory.
    #[schemars(extend("x-force-new" = true))]
    pub is_memory_encryption_enabled: Attr<bool>,
    /// Two threads on a core.
    pub is_symmetric_multi_threading_enabled: Attr<bool>,
    /// NUMA nodes per socket.
    #[schemars(extend("x-force-new" = true, "enum" = ["NPS0", "NPS1", "NPS2", "NPS4", "NPS6"]))]
    pub numa_nodes_per_socket: Attr<String>,
    /// The access control service.
    #[schemars(extend("x-force-new" = true))]
    pub is_access_control_service_enabled: Attr<bool>,
    /// Virtualisation.
    #[schemars(extend("x-force-new" = true))]
    pub are_virtual_instructions_enabled: Attr<bool>,
    /// The IOMMU.
    #[schemars(extend("x-force-new" = true))]
    pub is_input_output_memory_management_unit_enabled: Attr<bool>,
    /// What part of the cores is used.
    #[schemars(extend("x-force-new" = true))]
    pub percentage_of_cores_enabled: Attr<i64>,
    /// Further settings.
    #[schemars(extend("x-force-new" = true))]
    pub config_map: Attr<BTreeMap<String, String>>,
}

attributes!(PlatformConfig {
    r#type,
    is_secure_boot_enabled,
    is_trusted_platform_module_enabled,
    is_measured_boot_enabled,
    is_memory_encryption_enabled,
    is_symmetric_multi_threading_enabled,
    numa_nodes_per_socket,
    is_access_control_service_enabled,
    are_virtual_instructions_enabled,
    is_input_output_memory_management_unit_enabled,
    percentage_of_cores_enabled,
    config_map,
});

/// Hosts that it must be on.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PlacementConstraint {
    /// Of which kind.
    #[schemars(extend("x-required" = true, "enum" = ["HOST_GROUP", "COMPUTE_CLUSTER", "COMPUTE_BARE_METAL_HOST"]))]
    pub r#type: Attr<String>,
    /// The host group.
    pub compute_host_group_id: Attr<String>,
    /// The host.
    pub compute_bare_metal_host_id: Attr<String>,
    /// The HPC island.
    pub hpc_island_id: Attr<String>,
    /// Network blocks.
    pub target_network_block_ids: Attr<Vec<String>>,
    /// Memory fabrics.
    pub target_memory_fabric_ids: Attr<Vec<String>>,
    /// How close together.
    #[schemars(extend("enum" = ["SINGLE_TIER", "SINGLE_BLOCK", "PACKED_DISTRIBUTION_MULTI_BLOCK"]))]
    pub logical_placement_constraint: Attr<String>,
}

attributes!(PlacementConstraint {
    r#type,
    compute_host_group_id,
    compute_bare_metal_host_id,
    hpc_island_id,
    target_network_block_ids,
    target_memory_fabric_ids,
    logical_placement_constraint,
});

/// That it may be taken away.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PreemptibleConfig {
    /// What happens then.
    #[schemars(extend("x-required" = true))]
    pub preemption_action: Attr<PreemptionAction>,
}

attributes!(PreemptibleConfig { preemption_action });

/// What happens when it is taken away.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PreemptionAction {
    /// `TERMINATE`.
    #[schemars(extend("x-required" = true, "enum" = ["TERMINATE"]))]
    pub r#type: Attr<String>,
    /// Whether its boot volume stays.
    pub preserve_boot_volume: Attr<bool>,
}

attributes!(PreemptionAction { r#type, preserve_boot_volume });

/// A licence.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LicensingConfig {
    /// `WINDOWS`.
    #[schemars(extend("x-required" = true, "enum" = ["WINDOWS"]))]
    pub r#type: Attr<String>,
    /// Whose it is.
    #[schemars(extend("enum" = ["OCI_PROVIDED", "BRING_YOUR_OWN_LICENSE", "PARTNER_PROVIDED"]))]
    pub license_type: Attr<String>,
}

attributes!(LicensingConfig { r#type, license_type });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The region.
    region: String,
    /// The address of its first VNIC.
    private_ip: String,
    /// The public address of its first VNIC, if it has one.
    public_ip: String,
    /// The OCID of its boot volume.
    boot_volume_id: String,
    /// The image that it was made from.
    image: String,
    /// How it was made to boot.
    launch_mode: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the instance at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The address of its first VNIC.
#[must_use]
pub fn private_ip(address: &Address) -> Output<String> {
    Output::new(address.clone(), "private_ip")
}

/// The public address of its first VNIC.
#[must_use]
pub fn public_ip(address: &Address) -> Output<String> {
    Output::new(address.clone(), "public_ip")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Instance, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("is_ai_enterprise_enabled", "isAIEnterpriseEnabled"), ("image", "imageId")];

fn seen(body: Json) -> Seen {
    instance_parts::seen(body, &SCHEMA, RENAMES)
}

/// An A1 instance was seen to run after 140 seconds. The limit is that of Oracle's Terraform provider (45
/// minutes).
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["RUNNING", "STOPPED"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(140),
    limit: Duration::from_secs(2700),
};

/// The module of `oci_core_instance`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation {
                create: LIFECYCLE.expect,
                update: Duration::from_secs(60),
                delete: Duration::from_secs(60),
            },
            ..LIFECYCLE.resource_type(TYPE, &SCHEMA)
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::LaunchInstanceDetails::default().facts()),
            update: Some(models::UpdateInstanceDetails::default().facts()),
            renames: RENAMES,
            left_out: &[
                ("hostnameLabel", "the deprecated form of `create_vnic_details.hostname_label`"),
                ("imageId", "the deprecated form of `source_details.source_id`"),
                ("subnetId", "the deprecated form of `create_vnic_details.subnet_id`"),
            ],
            elsewhere: &[
                ("compartment_id", "ChangeInstanceCompartment"),
                (
                    "placement",
                    "`availability_domain`, `fault_domain`, `shape` and `shape_config` of the place that is tried",
                ),
                ("preserve_boot_volume", "TerminateInstance"),
                ("preserve_data_volumes_created_at_launch", "TerminateInstance"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        instance_parts::check(inputs, &mut problems);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        instance_parts::is_same(attribute, desired, observed)
    }

    fn places(&self, inputs: &ValueMap) -> Option<Look<Vec<Place>>> {
        instance_parts::places(inputs)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let shaped = instance_parts::in_oracles_shape(inputs);
        let mut details: models::LaunchInstanceDetails = wire::creation(&shaped, tags, RENAMES)?;
        if let Some(group) = instance_parts::spread_group(inputs) {
            details.freeform_tags.get_or_insert_default().insert(tags::SPREAD.to_owned(), group);
        }
        Ok(Call::with_raw(LaunchInstance::new(details), wire::raw(inputs)))
    }

    /// The instance, its first VNIC, and its boot volume.
    fn read(&self, id: &str) -> Look<Seen> {
        instance_parts::whole(id).map(seen)
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListInstances::new(scope.compartment_id.as_deref()?));
        let part = |body: &Json| instance_parts::listed(body.clone(), &SCHEMA, RENAMES);
        Some(Look::one(list, move |answer| answer.items().iter().map(part).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = Vec::new();
        if change.has("compartment_id") {
            calls.push(Call::new(ChangeInstanceCompartment::new(id, wire::details(change.inputs, RENAMES)?)));
        }
        if change.has("create_vnic_details") {
            calls.extend(instance_parts::changed_vnic(change)?);
        }
        if change.has("source_details") {
            calls.extend(instance_parts::changed_boot_volume(change)?);
        }
        let except =
            &["compartment_id", "create_vnic_details", "source_details", "update_operation_constraint"];
        let mut details: models::UpdateInstanceDetails =
            wire::update(change, tags, except, RENAMES)?.unwrap_or_default();
        if change.has("placement") {
            instance_parts::replace_in_place(change, &mut details)?;
            instance_parts::keep_apart(change, &mut details);
        } else if change.has("shape") {
            instance_parts::keep_size(change, &mut details)?;
        }
        if details != models::UpdateInstanceDetails::default() || change.has(wire::RAW) {
            details.update_operation_constraint = text(change.inputs, "update_operation_constraint")
                .map(|word| models::UpdateInstanceDetailsUpdateOperationConstraint::from(word.as_str()));
            calls.push(Call::with_raw(UpdateInstance::new(id, details), wire::changed_raw(change)));
        }
        Ok(calls)
    }

    /// A launch cannot say when maintenance is due.
    fn said_by_updates(&self) -> &'static [&'static str] {
        &["time_maintenance_reboot_due"]
    }

    fn delete(&self, id: &str, attributes: &ValueMap) -> Vec<Call> {
        let truth = |name: &str| attributes.get(name).and_then(Value::as_bool);
        let mut terminate = TerminateInstance::new(id);
        terminate.preserve_boot_volume = truth("preserve_boot_volume");
        terminate.preserve_data_volumes_created_at_launch = truth("preserve_data_volumes_created_at_launch");
        vec![Call::new(terminate)]
    }
}
