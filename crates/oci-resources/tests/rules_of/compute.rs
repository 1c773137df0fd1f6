//! Servers and their volumes.

use serde_json::json;

use crate::Rules;

fn instance() -> Rules {
    let name = "n".repeat(64);
    Rules {
        resource_type: "oci_core_instance",
        right: json!({
            "compartment_id": "c", "availability_domain": "Uocm:PHX-AD-1", "shape": "VM.Standard.A1.Flex",
            "shape_config": {"ocpus": 2, "memory_in_gbs": 12},
            "source_details": {"source_type": "image", "source_id": "i"},
            "create_vnic_details": {"subnet_id": "s"},
            "metadata": {"user_data": "I2Nsb3Vk\nLWNvbmZpZw"},
        }),
        wrong: vec![
            (json!({"availability_domain": null, "shape": null}), &["availability_domain", "shape"]),
            (json!({"shape_config": null}), &["shape_config.ocpus"]),
            (json!({"shape_config": {"vcpus": 4}}), &["shape_config.vcpus"]),
            (
                json!({"shape_config": {"baseline_ocpu_utilization": "HALF"}}),
                &["shape_config.baseline_ocpu_utilization"],
            ),
            (json!({"fault_domain": "FD-1"}), &["fault_domain"]),
            (json!({"source_details": {"source_type": "cd"}}), &["source_details.source_type"]),
            (json!({"source_details": {"source_id": null}}), &["source_details.source_id"]),
            (
                json!({"source_details": {"source_type": "bootVolume", "source_id": null}}),
                &["source_details.source_id"],
            ),
            (
                json!({"source_details": {"boot_volume_size_in_gbs": 49}}),
                &["source_details.boot_volume_size_in_gbs"],
            ),
            (
                json!({"source_details": {"boot_volume_size_in_gbs": 32769}}),
                &["source_details.boot_volume_size_in_gbs"],
            ),
            (
                json!({"source_details": {"boot_volume_vpus_per_gb": 15}}),
                &["source_details.boot_volume_vpus_per_gb"],
            ),
            (
                json!({"source_details": {"boot_volume_vpus_per_gb": 130}}),
                &["source_details.boot_volume_vpus_per_gb"],
            ),
            (json!({"create_vnic_details": {"subnet_id": null}}), &["create_vnic_details.subnet_id"]),
            (json!({"create_vnic_details": {"vlan_id": "l"}}), &["create_vnic_details.vlan_id"]),
            (json!({"create_vnic_details": {"private_ip": "ten"}}), &["create_vnic_details.private_ip"]),
            (
                json!({"create_vnic_details": {"private_ip": "10.0.0.9", "private_ip_id": "p"}}),
                &["create_vnic_details.private_ip_id"],
            ),
            (
                json!({"create_vnic_details": {"hostname_label": name}}),
                &["create_vnic_details.hostname_label"],
            ),
            (
                json!({"create_vnic_details": {"hostname_label": "a_b"}}),
                &["create_vnic_details.hostname_label"],
            ),
            (
                json!({"create_vnic_details": {"nsg_ids": ["1", "2", "3", "4", "5", "6"]}}),
                &["create_vnic_details.nsg_ids"],
            ),
            (
                json!({"create_vnic_details": {"freeform_tags": {"a b": "c"}}}),
                &["create_vnic_details.freeform_tags[\"a b\"]"],
            ),
            (
                json!({"create_vnic_details": {"ipv6address_ipv6subnet_cidr_pair_details":
                    [{"ipv6subnet_cidr": "10.0.0.0/8", "ipv6address": "10.0.0.1"}]}}),
                &[
                    "create_vnic_details.ipv6address_ipv6subnet_cidr_pair_details[0].ipv6address",
                    "create_vnic_details.ipv6address_ipv6subnet_cidr_pair_details[0].ipv6subnet_cidr",
                ],
            ),
            (json!({"metadata": {"user_data": "?"}}), &["metadata.user_data"]),
            (json!({"extended_metadata": {"a": {"b": "x".repeat(32_000)}}}), &["metadata"]),
            (json!({"time_maintenance_reboot_due": "soon"}), &["time_maintenance_reboot_due"]),
            (json!({"update_operation_constraint": "NEVER"}), &["update_operation_constraint"]),
            (
                json!({"availability_config": {"recovery_action": "NONE"}}),
                &["availability_config.recovery_action"],
            ),
            (
                json!({"agent_config": {"plugins_config": [{"name": "a", "desired_state": "ON"}, {}]}}),
                &[
                    "agent_config.plugins_config[0].desired_state",
                    "agent_config.plugins_config[1].desired_state",
                    "agent_config.plugins_config[1].name",
                ],
            ),
            (
                json!({"launch_volume_attachments": [{"type": "usb", "volume_id": "v"}, {"type": "iscsi"}]}),
                &["launch_volume_attachments[0].type", "launch_volume_attachments[1].volume_id"],
            ),
            (
                json!({"placement": {"availability_domains": ["a"], "shapes": [{"shape": "VM.Standard2.1"}]}}),
                &["availability_domain", "shape", "shape_config"],
            ),
            (
                json!({"availability_domain": null, "shape": null, "shape_config": null,
                    "placement": {"availability_domains": [], "fault_domains": ["x"], "shapes": []}}),
                &["placement.availability_domains", "placement.fault_domains[0]", "placement.shapes"],
            ),
        ],
    }
}

pub(crate) fn rules() -> Vec<Rules> {
    vec![
        instance(),
        Rules {
            resource_type: "oci_core_volume",
            right: json!({"compartment_id": "c", "availability_domain": "a", "size_in_gbs": 50}),
            wrong: vec![
                (json!({"availability_domain": null}), &["availability_domain"]),
                (json!({"size_in_gbs": 49}), &["size_in_gbs"]),
                (json!({"size_in_gbs": 32769}), &["size_in_gbs"]),
                (json!({"size_in_mbs": 51200}), &["size_in_mbs"]),
                (json!({"vpus_per_gb": 130}), &["vpus_per_gb"]),
                (json!({"vpus_per_gb": 5}), &["vpus_per_gb"]),
                (json!({"source_details": {"type": "tape"}}), &["source_details.id", "source_details.type"]),
                (json!({"source_details": {"type": "volume"}}), &["source_details.id"]),
                (
                    json!({"source_details": {"type": "volumeBackupDelta", "first_backup_id": "b"}}),
                    &["source_details.second_backup_id"],
                ),
                (
                    json!({"autotune_policies": [{"autotune_type": "PERFORMANCE_BASED"},
                        {"autotune_type": "DETACHED_VOLUME", "max_vpus_per_gb": 20}]}),
                    &["autotune_policies[0].max_vpus_per_gb", "autotune_policies[1].max_vpus_per_gb"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_core_volume_attachment",
            right: json!({"instance_id": "i", "volume_id": "v", "attachment_type": "paravirtualized"}),
            wrong: vec![
                (json!({"attachment_type": "usb", "use_chap": true}), &["attachment_type", "use_chap"]),
                (json!({"use_chap": true}), &["use_chap"]),
                (json!({"encryption_in_transit_type": "NONE"}), &["encryption_in_transit_type"]),
                (
                    json!({"attachment_type": "iscsi", "is_pv_encryption_in_transit_enabled": true}),
                    &["is_pv_encryption_in_transit_enabled"],
                ),
                (
                    json!({"attachment_type": "iscsi", "encryption_in_transit_type": "X"}),
                    &["encryption_in_transit_type"],
                ),
                (json!({"device": "oraclevdb"}), &["device"]),
            ],
        },
    ]
}
