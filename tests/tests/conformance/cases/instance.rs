//! The other points that an instance starts from: with another processor, on bare metal, with several places to choose from, with volumes,
//! and with all that its network interface has.

use oci_resources::attr::Attr;
use oci_resources::core::instance::{Instance, ShapeConfig, SourceDetails};
use oci_resources::core::private_ip::{self, PrivateIp};
use oci_resources::core::{subnet, volume};
use reconcile::Address;
use reconcile::value::{Expr, Value};
use serde_json::{Value as Json, json};

use super::compute::{add_disks, disk, plain};
use super::network::{add_subnet, add_subnet_with_ipv6, groups, subnet_around};
use super::second::{add_subnets, other_subnet};
use crate::kit::{Asked, Place, Start, Variation, asked, change, value};

/// For [`super::compute::INSTANCE`].
pub(crate) const STARTS: &[Start] = &[
    Start { around: add_subnet, asked: on_x86, changes: changes_on_x86 },
    Start { around: add_subnet, asked: on_bare_metal, changes: changes_on_bare_metal },
    Start { around: add_subnet, asked: placed, changes: changes_of_placement },
    Start { around: add_subnets, asked: |place| asked(plain(place).inputs()), changes: changes_of_vnic },
    Start {
        around: |place, builder| {
            add_subnet_with_ipv6(place, builder);
            let address = PrivateIp {
                subnet_id: subnet::id(&subnet_around()).into(),
                lifetime: "RESERVED".into(),
                ..PrivateIp::default()
            };
            builder.add(address.inputs().at(reserved_address()));
        },
        asked: |place| asked(plain(place).inputs()),
        changes: changes_of_addresses,
    },
    Start {
        around: |place, builder| {
            add_subnet(place, builder);
            add_disks(place, builder);
        },
        asked: |place| asked(plain(place).inputs()),
        changes: changes_of_volumes,
    },
];

/// With these entries besides.
fn with(base: &Json, more: &Json) -> Expr {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value(&all)
}

/// What only machines with x86 processors have, and what changes the host.
fn on_x86(place: &Place) -> Asked {
    let instance = Instance {
        shape: "VM.Standard.E5.Flex".into(),
        shape_config: ShapeConfig { ocpus: 1.0.into(), memory_in_gbs: 12.0.into(), ..ShapeConfig::default() }
            .into(),
        source_details: SourceDetails {
            source_type: "image".into(),
            source_id: place.x86_images[0].as_str().into(),
            ..SourceDetails::default()
        }
        .into(),
        platform_config: Attr::Expr(platform(&json!({}))),
        licensing_configs: Attr::Expr(value(&json!([{"type": "WINDOWS", "license_type": "OCI_PROVIDED"}]))),
        launch_options: Attr::Expr(value(&json!({
            "boot_volume_type": "PARAVIRTUALIZED", "network_type": "PARAVIRTUALIZED",
            "is_pv_encryption_in_transit_enabled": false,
        }))),
        ..plain(place)
    };
    asked(instance.inputs())
}

fn platform(more: &Json) -> Expr {
    with(&json!({"type": "AMD_VM", "is_symmetric_multi_threading_enabled": true}), more)
}

fn changes_on_x86(_: &Place) -> Vec<Variation> {
    let options = |more: Json| {
        let base = json!({
            "boot_volume_type": "ISCSI", "network_type": "VFIO", "is_pv_encryption_in_transit_enabled": false,
        });
        with(&base, &more)
    };
    vec![
        change(
            "shape_config.baseline_ocpu_utilization",
            value(&json!({"ocpus": 1.0, "memory_in_gbs": 12.0, "baseline_ocpu_utilization": "BASELINE_1_2"})),
        ),
        change("shape_config.vcpus", value(&json!({"vcpus": 4, "memory_in_gbs": 24.0}))),
        change(
            "shape_config.resource_management",
            value(&json!({
                "vcpus": 4, "memory_in_gbs": 24.0, "resource_management": "STATIC", "local_volume_size_in_gbs": 100,
                "nvmes": 1,
            })),
        ),
        change(
            "licensing_configs",
            value(&json!([{"type": "WINDOWS", "license_type": "BRING_YOUR_OWN_LICENSE"}])),
        ),
        change("launch_options.boot_volume_type", options(json!({"network_type": "PARAVIRTUALIZED"}))),
        change("launch_options.network_type", options(json!({}))),
        change(
            "launch_options.is_pv_encryption_in_transit_enabled",
            options(json!({"is_pv_encryption_in_transit_enabled": true})),
        ),
        change("launch_options.firmware", options(json!({"firmware": "BIOS"}))),
        change(
            "launch_options.remote_data_volume_type",
            options(json!({"remote_data_volume_type": "ISCSI"})),
        ),
        change(
            "launch_options.is_encryption_in_transit_enabled",
            options(json!({"is_encryption_in_transit_enabled": true})),
        ),
        change(
            "launch_options.is_consistent_volume_naming_enabled",
            options(json!({"is_consistent_volume_naming_enabled": false})),
        ),
        change("platform_config.is_secure_boot_enabled", platform(&json!({"is_secure_boot_enabled": true}))),
        change(
            "platform_config.is_symmetric_multi_threading_enabled",
            platform(&json!({"is_secure_boot_enabled": true, "is_symmetric_multi_threading_enabled": false})),
        ),
        change(
            "platform_config.is_trusted_platform_module_enabled",
            platform(&json!({"is_trusted_platform_module_enabled": true})),
        ),
        change(
            "platform_config.is_measured_boot_enabled",
            platform(&json!({"is_measured_boot_enabled": true})),
        ),
        change(
            "platform_config.is_memory_encryption_enabled",
            platform(&json!({"is_memory_encryption_enabled": true})),
        ),
        change(
            "launch_volume_attachments",
            value(&json!([{
                "type": "paravirtualized", "display_name": "brick", "device": "/dev/oracleoci/oraclevdb",
                "launch_create_volume_details": {
                    "volume_creation_type": "ATTRIBUTES", "size_in_gbs": 50, "display_name": "brick",
                },
            }])),
        ),
        change(
            "placement_constraint_details",
            value(&json!({"type": "HOST_GROUP", "compute_host_group_id": "ocid1.computehostgroup.oc1..a"})),
        ),
        change(
            "preemptible_instance_config",
            value(&json!({"preemption_action": {"type": "TERMINATE", "preserve_boot_volume": false}})),
        ),
    ]
}

fn placement(domains: &[&str], shapes: &Json) -> Expr {
    value(&json!({"availability_domains": domains, "shapes": shapes}))
}

/// In one of several places, in place of one that is given.
fn placed(place: &Place) -> Asked {
    let shapes = json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 1, "memory_in_gbs": 6}]);
    let instance = Instance {
        availability_domain: Attr::default(),
        shape: Attr::default(),
        shape_config: Attr::default(),
        placement: Attr::Expr(placement(&[&place.domains[0]], &shapes)),
        ..plain(place)
    };
    asked(instance.inputs())
}

fn changes_of_placement(place: &Place) -> Vec<Variation> {
    let (first, second) = (place.domains[0].as_str(), place.domains[1].as_str());
    let larger = json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 2, "memory_in_gbs": 12}]);
    let others = json!([{"shape": "VM.Standard.A2.Flex", "ocpus": 1, "memory_in_gbs": 6}]);
    vec![
        change("placement", placement(&[first], &larger)),
        change("placement", placement(&[second, first], &larger)),
        change("placement", placement(&[second, first], &others)),
        change(
            "placement",
            value(&json!({
                "availability_domains": [second, first], "shapes": others, "spread_group": "web",
                "fault_domains": ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"],
            })),
        ),
    ]
}

/// A machine without anybody else on it.
fn on_bare_metal(place: &Place) -> Asked {
    let instance = Instance {
        shape: "BM.Standard.E5.192".into(),
        shape_config: Attr::default(),
        source_details: SourceDetails {
            source_type: "image".into(),
            source_id: place.x86_images[0].as_str().into(),
            ..SourceDetails::default()
        }
        .into(),
        ..plain(place)
    };
    asked(instance.inputs())
}

fn changes_on_bare_metal(_: &Place) -> Vec<Variation> {
    let platform = |path: &'static str, more: Json| {
        change(path, with(&json!({"type": "GENERIC_BM", "numa_nodes_per_socket": "NPS1"}), &more))
    };
    let cluster = json!({
        "type": "COMPUTE_CLUSTER", "hpc_island_id": "ocid1.hpcisland.oc1..a",
        "target_network_block_ids": ["ocid1.computenetworkblock.oc1..a"],
        "target_memory_fabric_ids": ["ocid1.computegpumemoryfabric.oc1..a"],
        "logical_placement_constraint": "SINGLE_TIER",
    });
    let host = json!({
        "type": "COMPUTE_BARE_METAL_HOST", "compute_bare_metal_host_id": "ocid1.computebaremetalhost.oc1..a",
    });
    vec![
        platform("platform_config.type", json!({})),
        platform("platform_config.numa_nodes_per_socket", json!({"numa_nodes_per_socket": "NPS2"})),
        platform(
            "platform_config.is_access_control_service_enabled",
            json!({"is_access_control_service_enabled": true}),
        ),
        platform(
            "platform_config.are_virtual_instructions_enabled",
            json!({"are_virtual_instructions_enabled": true}),
        ),
        platform(
            "platform_config.is_input_output_memory_management_unit_enabled",
            json!({"is_input_output_memory_management_unit_enabled": true}),
        ),
        platform("platform_config.percentage_of_cores_enabled", json!({"percentage_of_cores_enabled": 50})),
        platform("platform_config.config_map", json!({"config_map": {"threads": "1"}})),
        change("placement_constraint_details", value(&cluster)),
        change("placement_constraint_details", value(&host)),
    ]
}

fn changes_of_vnic(_: &Place) -> Vec<Variation> {
    let vnic = |subnet: &Address, entries: &Json| {
        let Expr::Value(Value::Map(entries)) = value(entries) else { unreachable!("an object") };
        let entries = entries.iter().map(|(name, value)| (name.clone(), Expr::Value(value.clone())));
        let subnet = ("subnet_id".into(), subnet::id(subnet).reference().clone().into());
        let all = entries.chain([subnet, ("nsg_ids".into(), groups())]);
        Expr::Map(all.collect())
    };
    let here = |path: &'static str, entries: Json| change(path, vnic(&subnet_around(), &entries));
    vec![
        here("create_vnic_details.nsg_ids", json!({})),
        here("create_vnic_details.display_name", json!({"display_name": "first"})),
        here("create_vnic_details.freeform_tags", json!({"freeform_tags": {"team": "learning"}})),
        here("create_vnic_details.defined_tags", json!({"defined_tags": {"Ops.CostCenter": "7"}})),
        here(
            "create_vnic_details.security_attributes",
            json!({"security_attributes": {"oracle-zpr.tier.value": "web"}}),
        ),
        here("create_vnic_details.assign_public_ip", json!({"assign_public_ip": false})),
        here("create_vnic_details.private_ip", json!({"private_ip": "10.0.200.56"})),
        here("create_vnic_details.subnet_cidr", json!({"subnet_cidr": "10.0.200.0/24"})),
        here("create_vnic_details.assign_private_dns_record", json!({"assign_private_dns_record": true})),
        change("create_vnic_details.subnet_id", vnic(&other_subnet(), &json!({}))),
    ]
}

fn reserved_address() -> Address {
    Address::new(private_ip::TYPE, "around").unwrap()
}

/// IPv6 addresses, and a private one that was there before.
fn changes_of_addresses(_: &Place) -> Vec<Variation> {
    let vnic = |(name, given): (&'static str, Expr)| {
        let subnet = subnet::id(&subnet_around()).reference().clone();
        Expr::Map(vec![("subnet_id".into(), subnet.into()), (name.into(), given)])
    };
    let pair = json!([{"ipv6subnet_cidr": "fd00:0:0:102::/64", "ipv6address": "fd00:0:0:102::30"}]);
    let reserved = private_ip::id(&reserved_address()).reference().clone();
    vec![
        change("create_vnic_details.assign_ipv6ip", vnic(("assign_ipv6ip", true.into()))),
        change(
            "create_vnic_details.ipv6address_ipv6subnet_cidr_pair_details",
            vnic(("ipv6address_ipv6subnet_cidr_pair_details", value(&pair))),
        ),
        change("create_vnic_details.private_ip_id", vnic(("private_ip_id", reserved.into()))),
    ]
}

fn changes_of_volumes(place: &Place) -> Vec<Variation> {
    let there = volume::id(&disk("first")).reference().clone();
    let Expr::Value(Value::Map(attached)) = value(&json!({
        "type": "iscsi", "display_name": "brick", "device": "/dev/oracleoci/oraclevdb", "is_read_only": true,
        "is_shareable": true, "use_chap": true, "encryption_in_transit_type": "BM_ENCRYPTION_IN_TRANSIT",
        "is_agent_auto_iscsi_login_enabled": true,
    })) else {
        unreachable!("an object")
    };
    let attached = attached.iter().map(|(name, value)| (name.clone(), Expr::Value(value.clone())));
    let attached = attached.chain([("volume_id".into(), there.into())]).collect();
    let made = json!([{
        "type": "paravirtualized", "is_pv_encryption_in_transit_enabled": true,
        "launch_create_volume_details": {
            "volume_creation_type": "ATTRIBUTES", "size_in_gbs": 60, "display_name": "brick",
            "compartment_id": place.compartments[0], "kms_key_id": "ocid1.key.oc1..a", "vpus_per_gb": 20,
        },
    }]);
    vec![
        change("launch_volume_attachments", Expr::List(vec![Expr::Map(attached)])),
        change("launch_volume_attachments", value(&made)),
        change("licensing_configs", value(&json!([{"type": "WINDOWS", "license_type": "OCI_PROVIDED"}]))),
    ]
}
