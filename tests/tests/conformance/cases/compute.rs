//! Compute and block volumes.

use oci_resources::attr::Attr;
use oci_resources::core::instance::{self, Instance, ShapeConfig, SourceDetails, VnicDetails};
use oci_resources::core::instance_parts::Metadata;
use oci_resources::core::subnet;
use oci_resources::core::volume::{self, Volume};
use oci_resources::core::volume_attachment::{self, VolumeAttachment};
use rand::RngExt as _;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use serde_json::json;

use super::network::{add_subnet, subnet_around};
use crate::kit::{Case, PLAIN, Place, asked, change, value};

/// A server that other things belong to.
pub(crate) fn server() -> Address {
    Address::new(instance::TYPE, "around").unwrap()
}

fn plain(place: &Place) -> Instance {
    Instance {
        compartment_id: place.tenancy.as_str().into(),
        availability_domain: place.domains[0].as_str().into(),
        shape: "VM.Standard.A1.Flex".into(),
        shape_config: ShapeConfig { ocpus: 1.0.into(), memory_in_gbs: 6.0.into(), ..ShapeConfig::default() }
            .into(),
        source_details: SourceDetails {
            source_type: "image".into(),
            source_id: place.images[0].as_str().into(),
            ..SourceDetails::default()
        }
        .into(),
        create_vnic_details: VnicDetails {
            subnet_id: subnet::id(&subnet_around()).into(),
            ..VnicDetails::default()
        }
        .into(),
        ..Instance::default()
    }
}

/// Adds that server, in a subnet.
pub(crate) fn add_server(place: &Place, builder: &mut GraphBuilder) {
    add_subnet(place, builder);
    builder.add(plain(place).inputs().at(server()));
}

const USER_DATA: &str = "IyEvYmluL3NoCnRydWUK";
const OTHER_DATA: &str = "IyEvYmluL3NoCmZhbHNlCg==";

pub(crate) const INSTANCE: Case = Case {
    resource_type: instance::TYPE,
    around: add_subnet,
    asked: |place| {
        let base = plain(place);
        let Attr::Known(source) = base.source_details.clone() else { unreachable!("it is stated above") };
        let instance = Instance {
            display_name: "web".into(),
            fault_domain: "FAULT-DOMAIN-2".into(),
            source_details: SourceDetails { boot_volume_size_in_gbs: 60.into(), ..source }.into(),
            create_vnic_details: VnicDetails {
                subnet_id: subnet::id(&subnet_around()).into(),
                private_ip: "10.0.200.10".into(),
                hostname_label: "web".into(),
                display_name: "web".into(),
                assign_public_ip: true.into(),
                skip_source_dest_check: false.into(),
                ..VnicDetails::default()
            }
            .into(),
            metadata: Metadata {
                user_data: USER_DATA.into(),
                others: [("role".to_owned(), "web".into())].into(),
                ..Metadata::default()
            }
            .into(),
            preserve_boot_volume: false.into(),
            freeform_tags: [("team".to_owned(), "learning".to_owned())]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into(),
            ..base
        };
        asked(instance.inputs())
    },
    changes: |place| {
        let vnic = |nic: serde_json::Value| {
            let mut nic = nic;
            nic["private_ip"] = json!("10.0.200.10");
            nic["assign_public_ip"] = json!(true);
            let mut entries = match value(&nic) {
                reconcile::value::Expr::Value(map) => map
                    .as_map()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| (name.clone(), reconcile::value::Expr::Value(value.clone())))
                    .collect(),
                _ => Vec::new(),
            };
            entries.push(("subnet_id".into(), subnet::id(&subnet_around()).reference().clone().into()));
            reconcile::value::Expr::Map(entries)
        };
        vec![
            change("is_ai_enterprise_enabled", true),
            change("capacity_reservation_id", "ocid1.capacityreservation.oc1..a"),
            change("dedicated_vm_host_id", "ocid1.dedicatedvmhost.oc1..a"),
            change("update_operation_constraint", "AVOID_DOWNTIME"),
            change("update_operation_constraint", "ALLOW_DOWNTIME"),
            change("preserve_data_volumes_created_at_launch", false),
            change("extended_metadata", value(&json!({"site": {"name": "moodle"}}))),
            change("is_pv_encryption_in_transit_enabled", true),
            change("cluster_placement_group_id", "ocid1.clusterplacementgroup.oc1..a"),
            change("compute_cluster_id", "ocid1.computecluster.oc1..a"),
            change("instance_configuration_id", "ocid1.instanceconfiguration.oc1..a"),
            change("ipxe_script", "#!ipxe"),
            change("display_name", "other"),
            change("shape_config.ocpus", value(&json!({"ocpus": 2.0, "memory_in_gbs": 12.0}))),
            change("create_vnic_details.hostname_label", vnic(json!({"hostname_label": "other"}))),
            change(
                "create_vnic_details.skip_source_dest_check",
                vnic(json!({"hostname_label": "other", "skip_source_dest_check": true})),
            ),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("metadata.role", value(&json!({"user_data": USER_DATA, "role": "cron"}))),
            change(
                "agent_config.is_monitoring_disabled",
                value(&json!({"is_monitoring_disabled": true, "is_management_disabled": false})),
            ),
            change(
                "availability_config.recovery_action",
                value(&json!({"recovery_action": "STOP_INSTANCE"})),
            ),
            change(
                "instance_options.are_legacy_imds_endpoints_disabled",
                value(&json!({"are_legacy_imds_endpoints_disabled": true})),
            ),
            change(
                "source_details.boot_volume_size_in_gbs",
                value(
                    &json!({"source_type": "image", "source_id": place.images[0], "boot_volume_size_in_gbs": 70}),
                ),
            ),
            change("preserve_boot_volume", true),
            change("preserve_boot_volume", false),
            change("metadata.user_data", value(&json!({"user_data": OTHER_DATA, "role": "cron"}))),
            change(
                "source_details.source_id",
                value(
                    &json!({"source_type": "image", "source_id": place.images[1], "boot_volume_size_in_gbs": 70}),
                ),
            ),
            change("availability_domain", place.domains[1].as_str()),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    unchanged: &[
        ("fault_domain", "the mock moves no running instance"),
        ("shape", "tried in `tests/resources`, where places run full"),
        ("placement", "tried in `tests/resources`, where places run full"),
        ("launch_options", "Ampere shapes have none of their own"),
        ("launch_volume_attachments", "the mock attaches volumes afterwards only"),
        ("platform_config", "Ampere shapes have none"),
        ("placement_constraint_details", "the mock knows no host groups"),
        ("preemptible_instance_config", "the mock takes nothing away"),
        ("licensing_configs", "Ampere shapes have none"),
        ("time_maintenance_reboot_due", "the service says when"),
    ],
    untold: &["preserve_boot_volume"],
    unlisted: &["create_vnic_details", "source_details"],
    one_way: &["source_details.boot_volume_size_in_gbs"],
    respell: |path, value, random| {
        // Lines of some length, and padding or none.
        let text = value.as_str().filter(|_| path == "metadata.user_data")?;
        let at = random.random_range(1..text.len());
        let end = if random.random() { text.trim_end_matches('=') } else { text };
        let end = end.get(at..)?;
        Some(format!("{}{}{end}\n", &text[..at], ["\n", "\r\n", " "][random.random_range(0..3)]).into())
    },
    ..PLAIN
};

pub(crate) const VOLUME: Case = Case {
    resource_type: volume::TYPE,
    asked: |place| {
        let volume = Volume {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            display_name: "brick".into(),
            size_in_gbs: 100.into(),
            vpus_per_gb: 10.into(),
            ..Volume::default()
        };
        asked(volume.inputs())
    },
    changes: |place| {
        vec![
            change("is_reservations_enabled", true),
            change("is_auto_tune_enabled", true),
            change("backup_policy_id", "ocid1.volumebackuppolicy.oc1..a"),
            change("kms_key_id", "ocid1.key.oc1..a"),
            change("xrc_kms_key_id", "ocid1.key.oc1..b"),
            change("cluster_placement_group_id", "ocid1.clusterplacementgroup.oc1..a"),
            change("display_name", "other"),
            change("size_in_gbs", 200),
            change("vpus_per_gb", 20),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("autotune_policies", value(&json!([{"autotune_type": "DETACHED_VOLUME"}]))),
            change("availability_domain", place.domains[1].as_str()),
        ]
    },
    unchanged: &[
        ("compartment_id", "Oracle's tables have no call that moves a volume"),
        ("size_in_mbs", "deprecated; `size_in_gbs` shows the same"),
        ("source_details", "the mock copies nothing"),
        ("block_volume_replicas", "the mock has no copies"),
        ("volume_backup_id", "deprecated"),
    ],
    one_way: &["size_in_gbs"],
    ..PLAIN
};

fn disk(name: &str) -> Address {
    Address::new(volume::TYPE, name).unwrap()
}

pub(crate) const VOLUME_ATTACHMENT: Case = Case {
    resource_type: volume_attachment::TYPE,
    around: |place, builder| {
        add_server(place, builder);
        for name in ["first", "second"] {
            let volume = Volume {
                compartment_id: place.tenancy.as_str().into(),
                availability_domain: place.domains[0].as_str().into(),
                size_in_gbs: 50.into(),
                ..Volume::default()
            };
            builder.add(volume.inputs().at(disk(name)));
        }
    },
    asked: |_| {
        let attachment = VolumeAttachment {
            instance_id: instance::id(&server()).into(),
            volume_id: volume::id(&disk("first")).into(),
            attachment_type: "paravirtualized".into(),
            display_name: "brick".into(),
            device: "/dev/oracleoci/oraclevdb".into(),
            ..VolumeAttachment::default()
        };
        asked(attachment.inputs())
    },
    changes: |_| {
        vec![
            change("is_shareable", true),
            change("display_name", "other"),
            change("device", "/dev/oracleoci/oraclevdc"),
            change("is_read_only", true),
            change("volume_id", volume::id(&disk("second")).reference().clone()),
            change("attachment_type", "iscsi"),
            change("use_chap", true),
            change("is_agent_auto_iscsi_login_enabled", true),
        ]
    },
    unchanged: &[
        ("instance_id", "a second server adds nothing to what `volume_id` shows"),
        ("encryption_in_transit_type", "the mock does not tell it of iSCSI"),
        ("is_pv_encryption_in_transit_enabled", "does not go with the other kind"),
    ],
    ..PLAIN
};
