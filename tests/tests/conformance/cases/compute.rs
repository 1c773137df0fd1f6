//! Compute and block volumes.

use cross_tests::bench::Bench;
use oci_client::services::core::models;
use oci_client::services::core::operations::{CreateVolume, CreateVolumeBackup, DeleteVolume};
use oci_resources::attr::Attr;
use oci_resources::core::instance::{self, Instance, ShapeConfig, SourceDetails, VnicDetails};
use oci_resources::core::instance_parts::Metadata;
use oci_resources::core::subnet;
use oci_resources::core::volume::{self, Volume};
use oci_resources::core::volume_attachment::{self, VolumeAttachment};
use rand::RngExt as _;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::Expr;
use serde_json::json;

use super::network::{add_subnet, subnet_around};
use crate::kit::{Case, PLAIN, Place, Start, Variation, asked, change, value};

/// A server that other things belong to; there are `around` and `other`.
pub(crate) fn server(name: &str) -> Address {
    Address::new(instance::TYPE, name).unwrap()
}

/// A small server in that subnet.
pub(crate) fn plain(place: &Place) -> Instance {
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

/// Adds those servers.
pub(crate) fn add_servers(place: &Place, builder: &mut GraphBuilder) {
    for name in ["around", "other"] {
        builder.add(plain(place).inputs().at(server(name)));
    }
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
                Expr::Value(map) => map
                    .as_map()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| (name.clone(), Expr::Value(value.clone())))
                    .collect(),
                _ => Vec::new(),
            };
            entries.push(("subnet_id".into(), subnet::id(&subnet_around()).reference().clone().into()));
            Expr::Map(entries)
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
            change("time_maintenance_reboot_due", "2026-12-24T03:00:00Z"),
            change("fault_domain", "FAULT-DOMAIN-3"),
            change("shape_config.ocpus", value(&json!({"ocpus": 2.0, "memory_in_gbs": 12.0}))),
            change("shape", "VM.Standard.A2.Flex"),
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
                "agent_config.plugins_config",
                value(&json!({
                    "is_monitoring_disabled": true, "is_management_disabled": false, "are_all_plugins_disabled": false,
                    "plugins_config": [{"name": "Bastion", "desired_state": "ENABLED"}],
                })),
            ),
            change(
                "availability_config.recovery_action",
                value(&json!({"recovery_action": "STOP_INSTANCE"})),
            ),
            change(
                "availability_config.is_live_migration_preferred",
                value(&json!({"recovery_action": "STOP_INSTANCE", "is_live_migration_preferred": true})),
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
            change(
                "source_details.boot_volume_vpus_per_gb",
                value(&json!({
                    "source_type": "image", "source_id": place.images[0], "boot_volume_size_in_gbs": 70,
                    "boot_volume_vpus_per_gb": 20, "is_preserve_boot_volume_enabled": true,
                })),
            ),
            change("preserve_boot_volume", true),
            change("preserve_boot_volume", false),
            change("metadata.user_data", value(&json!({"user_data": OTHER_DATA, "role": "cron"}))),
            change(
                "metadata.ssh_authorized_keys",
                value(&json!({
                    "user_data": OTHER_DATA, "role": "cron", "ssh_authorized_keys": "ssh-ed25519 AAAA me@example.org",
                })),
            ),
            change(
                "source_details.source_id",
                value(
                    &json!({"source_type": "image", "source_id": place.images[1], "boot_volume_size_in_gbs": 70}),
                ),
            ),
            change(
                "source_details.kms_key_id",
                value(&json!({
                    "source_type": "image", "source_id": place.images[1], "boot_volume_size_in_gbs": 70,
                    "kms_key_id": "ocid1.key.oc1..a",
                })),
            ),
            change(
                "source_details.instance_source_image_filter_details",
                value(&json!({"source_type": "image", "instance_source_image_filter_details": {
                    "compartment_id": place.tenancy, "operating_system": "Oracle Linux", "operating_system_version": "9",
                }})),
            ),
            change("availability_domain", place.domains[1].as_str()),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: super::instance::STARTS,
    unchanged: &[
        ("create_vnic_details.vlan_id", "the mock attaches no VNIC to a VLAN"),
        (
            "create_vnic_details.ipv6address_ipv6subnet_cidr_pair_details.ipv6id",
            "no operation of Oracle's tables makes a reserved IPv6 address",
        ),
        (
            "source_details.source_type",
            "no resource type makes a boot volume by itself, for another kind of source",
        ),
        (
            "source_details.instance_source_image_filter_details.defined_tags_filter",
            "the images of the platform, which the mock has, carry no tags",
        ),
    ],
    untold: &["placement", "preserve_boot_volume"],
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
    made: |bench, place| Box::pin(backups(bench, place)),
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
            change(
                "autotune_policies",
                value(&json!([{"autotune_type": "PERFORMANCE_BASED", "max_vpus_per_gb": 60}])),
            ),
            change(
                "block_volume_replicas",
                value(&json!([{
                    "availability_domain": place.domains[1], "display_name": "copy",
                    "xrr_kms_key_id": "ocid1.key.oc1..c",
                }])),
            ),
            change("block_volume_replicas", value(&json!([]))),
            change("availability_domain", place.domains[1].as_str()),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[
        Start { around: add_disks, asked: |place| asked(copied(place).inputs()), changes: changes_of_source },
        Start {
            around: |_, _| {},
            asked: |place| {
                let volume =
                    Volume { source_details: Attr::default(), size_in_mbs: 51_200.into(), ..copied(place) };
                asked(volume.inputs())
            },
            changes: |place| {
                vec![change("size_in_mbs", 102_400), change("volume_backup_id", place.made[0].as_str())]
            },
        },
    ],
    one_way: &["size_in_gbs"],
    ..PLAIN
};

/// Two backups, one after the other, of a volume that is gone since: there is no resource type for backups.
async fn backups(bench: &Bench, place: &Place) -> Vec<String> {
    let client = &bench.cloud.client;
    let settle = || bench.world.sleep(std::time::Duration::from_secs(60));
    let details = models::CreateVolumeDetails {
        compartment_id: Some(place.tenancy.clone()),
        availability_domain: Some(place.domains[0].clone()),
        size_in_gbs: Some(50),
        ..models::CreateVolumeDetails::default()
    };
    let volume_id = client.call(&CreateVolume::new(details)).await.unwrap().value.id;
    settle().await;
    let mut made = Vec::new();
    for _ in 0..2 {
        let details = models::CreateVolumeBackupDetails {
            volume_id: volume_id.clone(),
            ..models::CreateVolumeBackupDetails::default()
        };
        made.extend(client.call(&CreateVolumeBackup::new(details)).await.unwrap().value.id);
        settle().await;
    }
    client.call(&DeleteVolume::new(volume_id.unwrap())).await.unwrap();
    settle().await;
    made
}

/// Volumes that others are copies of, or attached: `first` and `second`.
pub(crate) fn disk(name: &str) -> Address {
    Address::new(volume::TYPE, name).unwrap()
}

/// Adds volumes that others are copies of, or attached.
pub(crate) fn add_disks(place: &Place, builder: &mut GraphBuilder) {
    for name in ["first", "second"] {
        let volume = Volume {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            size_in_gbs: 50.into(),
            ..Volume::default()
        };
        builder.add(volume.inputs().at(disk(name)));
    }
}

fn copy_of(name: &str) -> Expr {
    let id = volume::id(&disk(name)).reference().clone();
    Expr::Map(vec![("type".into(), "volume".into()), ("id".into(), id.into())])
}

fn copied(place: &Place) -> Volume {
    Volume {
        compartment_id: place.tenancy.as_str().into(),
        availability_domain: place.domains[0].as_str().into(),
        source_details: Attr::Expr(copy_of("first")),
        ..Volume::default()
    }
}

fn changes_of_source(place: &Place) -> Vec<Variation> {
    let delta = json!({
        "type": "volumeBackupDelta", "first_backup_id": place.made[0], "second_backup_id": place.made[1],
        "change_block_size_in_bytes": 4096,
    });
    vec![
        change("source_details.id", copy_of("second")),
        change("source_details.type", value(&json!({"type": "volumeBackup", "id": place.made[0]}))),
        change("source_details.type", value(&delta)),
    ]
}

pub(crate) const VOLUME_ATTACHMENT: Case = Case {
    resource_type: volume_attachment::TYPE,
    around: |place, builder| {
        add_subnet(place, builder);
        builder.add(plain(place).inputs().at(server("around")));
        add_disks(place, builder);
    },
    asked: |_| {
        let attachment = VolumeAttachment {
            instance_id: instance::id(&server("around")).into(),
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
            change("encryption_in_transit_type", "BM_ENCRYPTION_IN_TRANSIT"),
        ]
    },
    also: &[Start {
        around: |place, builder| {
            add_subnet(place, builder);
            add_servers(place, builder);
            add_disks(place, builder);
        },
        asked: |_| {
            let attachment = VolumeAttachment {
                instance_id: instance::id(&server("around")).into(),
                volume_id: volume::id(&disk("first")).into(),
                attachment_type: "paravirtualized".into(),
                ..VolumeAttachment::default()
            };
            asked(attachment.inputs())
        },
        changes: |_| {
            vec![
                change("is_pv_encryption_in_transit_enabled", true),
                change("instance_id", instance::id(&server("other")).reference().clone()),
            ]
        },
    }],
    ..PLAIN
};
