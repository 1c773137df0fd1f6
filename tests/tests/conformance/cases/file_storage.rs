//! File Storage.

use oci_resources::attr::Attr;
use oci_resources::core::subnet;
use oci_resources::file_storage::export::{self, Export};
use oci_resources::file_storage::export_set::{self, ExportSet};
use oci_resources::file_storage::file_system::{self, FileSystem};
use oci_resources::file_storage::filesystem_snapshot_policy::{self, FilesystemSnapshotPolicy};
use oci_resources::file_storage::mount_target::{self, MountTarget};
use oci_resources::file_storage::snapshot::{self, Snapshot};
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use serde_json::json;

use super::network::{add_subnet, groups, subnet_around};
use super::second::{add_subnets, other_subnet};
use crate::kit::{Case, PLAIN, Place, Start, Variation, asked, change, value};

/// The last change of all: what is locked cannot be changed or deleted by those who do not override the lock.
fn locked() -> Variation {
    let lock = json!({
        "type": "DELETE", "message": "term has begun", "related_resource_id": "ocid1.instance.oc1..a",
        "time_created": "2026-11-01T00:00:00Z",
    });
    change("locks", value(&json!([lock])))
}

fn files(name: &str) -> Address {
    Address::new(file_system::TYPE, name).unwrap()
}

fn server(name: &str) -> Address {
    Address::new(mount_target::TYPE, name).unwrap()
}

fn shot(name: &str) -> Address {
    Address::new(snapshot::TYPE, name).unwrap()
}

fn add_file_system(place: &Place, builder: &mut GraphBuilder, name: &str) {
    let system = FileSystem {
        compartment_id: place.tenancy.as_str().into(),
        availability_domain: place.domains[0].as_str().into(),
        ..FileSystem::default()
    };
    builder.add(system.inputs().at(files(name)));
}

fn add_files(place: &Place, builder: &mut GraphBuilder) {
    add_file_system(place, builder, "around");
    add_file_system(place, builder, "other");
}

fn add_snapshots(place: &Place, builder: &mut GraphBuilder) {
    add_files(place, builder);
    for name in ["around", "other"] {
        let snapshot = Snapshot {
            file_system_id: file_system::id(&files(name)).into(),
            name: "monday".into(),
            ..Snapshot::default()
        };
        builder.add(snapshot.inputs().at(shot(name)));
    }
}

fn add_server(place: &Place, builder: &mut GraphBuilder, name: &str) {
    let target = MountTarget {
        compartment_id: place.tenancy.as_str().into(),
        availability_domain: place.domains[0].as_str().into(),
        subnet_id: subnet::id(&subnet_around()).into(),
        ..MountTarget::default()
    };
    builder.add(target.inputs().at(server(name)));
}

fn add_servers(place: &Place, builder: &mut GraphBuilder) {
    add_subnet(place, builder);
    add_server(place, builder, "around");
    add_server(place, builder, "other");
}

pub(crate) const FILE_SYSTEM: Case = Case {
    resource_type: file_system::TYPE,
    around: |place, builder| {
        let policy = FilesystemSnapshotPolicy {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            ..FilesystemSnapshotPolicy::default()
        };
        builder.add(policy.inputs().at(policy_around()));
    },
    asked: |place| {
        let system = FileSystem {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            display_name: "moodledata".into(),
            ..FileSystem::default()
        };
        asked(system.inputs())
    },
    changes: |place| {
        vec![
            change("kms_key_id", "ocid1.key.oc1..a"),
            change("are_quota_rules_enabled", true),
            change("display_name", "other"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change(
                "filesystem_snapshot_policy_id",
                filesystem_snapshot_policy::id(&policy_around()).reference().clone(),
            ),
            change("compartment_id", place.compartments[0].as_str()),
            change("filesystem_snapshot_policy_id", ""),
            change("availability_domain", place.domains[1].as_str()),
            locked(),
        ]
    },
    also: &[Start {
        around: add_snapshots,
        asked: |place| {
            let system = FileSystem {
                compartment_id: place.tenancy.as_str().into(),
                availability_domain: place.domains[0].as_str().into(),
                source_snapshot_id: snapshot::id(&shot("around")).into(),
                clone_attach_status: "ATTACH".into(),
                ..FileSystem::default()
            };
            asked(system.inputs())
        },
        changes: |_| {
            vec![
                change("source_snapshot_id", snapshot::id(&shot("other")).reference().clone()),
                change("clone_attach_status", "DETACH"),
            ]
        },
    }],
    untold: &["source_snapshot_id", "clone_attach_status"],
    unlisted: &["filesystem_snapshot_policy_id"],
    ..PLAIN
};

fn policy_around() -> Address {
    Address::new(filesystem_snapshot_policy::TYPE, "around").unwrap()
}

pub(crate) const MOUNT_TARGET: Case = Case {
    resource_type: mount_target::TYPE,
    around: add_subnet,
    asked: |place| {
        let target = MountTarget {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            subnet_id: subnet::id(&subnet_around()).into(),
            display_name: "nfs".into(),
            hostname_label: "nfs".into(),
            ip_address: "10.0.200.30".into(),
            requested_throughput: 20.into(),
            ..MountTarget::default()
        };
        asked(target.inputs())
    },
    changes: |place| {
        vec![
            change("nsg_ids", groups()),
            change("display_name", "other"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("requested_throughput", 40),
            change("requested_throughput", 1),
            change("hostname_label", "files"),
            change("ip_address", "10.0.200.31"),
            change("compartment_id", place.compartments[0].as_str()),
            change("availability_domain", place.domains[1].as_str()),
            locked(),
        ]
    },
    also: &[Start {
        around: add_subnets,
        asked: |place| {
            let target = MountTarget {
                compartment_id: place.tenancy.as_str().into(),
                availability_domain: place.domains[0].as_str().into(),
                subnet_id: subnet::id(&subnet_around()).into(),
                idmap_type: "NONE".into(),
                ldap_idmap: Attr::Expr(value(&json!({
                    "schema_type": "RFC2307", "user_search_base": "ou=people,dc=example,dc=org",
                    "group_search_base": "ou=groups,dc=example,dc=org", "cache_refresh_interval_seconds": 300,
                    "outbound_connector1id": "ocid1.outboundconnector.oc1..a",
                }))),
                kerberos: Attr::Expr(value(&json!({"kerberos_realm": "EXAMPLE.ORG"}))),
                ..MountTarget::default()
            };
            asked(target.inputs())
        },
        changes: |_| {
            vec![
                change(
                    "ldap_idmap",
                    value(&json!({
                        "schema_type": "RFC2307BIS", "user_search_base": "ou=people,dc=school,dc=org",
                        "group_search_base": "ou=groups,dc=school,dc=org", "cache_refresh_interval_seconds": 600,
                        "cache_lifetime_seconds": 900, "negative_cache_lifetime_seconds": 30,
                        "outbound_connector1id": "ocid1.outboundconnector.oc1..b",
                        "outbound_connector2id": "ocid1.outboundconnector.oc1..c",
                    })),
                ),
                change("idmap_type", "LDAP"),
                change(
                    "kerberos",
                    value(&json!({
                        "kerberos_realm": "SCHOOL.ORG", "is_kerberos_enabled": true,
                        "key_tab_secret_id": "ocid1.vaultsecret.oc1..a", "current_key_tab_secret_version": 2,
                        "backup_key_tab_secret_version": 1,
                    })),
                ),
                change("subnet_id", subnet::id(&other_subnet()).reference().clone()),
            ]
        },
    }],
    unlisted: &["idmap_type", "ldap_idmap", "kerberos"],
    ..PLAIN
};

pub(crate) const EXPORT_SET: Case = Case {
    resource_type: export_set::TYPE,
    around: |place, builder| {
        add_subnet(place, builder);
        add_server(place, builder, "around");
    },
    asked: |_| {
        let set = ExportSet {
            mount_target_id: mount_target::id(&server("around")).into(),
            display_name: "nfs".into(),
            max_fs_stat_bytes: "1099511627776".into(),
            ..ExportSet::default()
        };
        asked(set.inputs())
    },
    changes: |_| {
        vec![
            change("display_name", "other"),
            change("max_fs_stat_bytes", "2199023255552"),
            change("max_fs_stat_files", "1000000"),
        ]
    },
    also: &[Start {
        around: add_servers,
        asked: |_| {
            let id = mount_target::id(&server("around")).into();
            asked(ExportSet { mount_target_id: id, ..ExportSet::default() }.inputs())
        },
        changes: |_| vec![change("mount_target_id", mount_target::id(&server("other")).reference().clone())],
    }],
    untold: &["mount_target_id"],
    there_before: 1,
    unlisted: &["mount_target_id", "max_fs_stat_bytes", "max_fs_stat_files"],
    ..PLAIN
};

pub(crate) const EXPORT: Case = Case {
    resource_type: export::TYPE,
    around: |place, builder| {
        add_subnet(place, builder);
        add_server(place, builder, "around");
        add_file_system(place, builder, "around");
    },
    asked: |_| {
        let export = Export {
            export_set_id: mount_target::export_set_id(&server("around")).into(),
            file_system_id: file_system::id(&files("around")).into(),
            path: "/moodledata".into(),
            export_options: Attr::Expr(value(&json!([
                {"source": "10.0.1.0/24", "access": "READ_WRITE", "identity_squash": "NONE",
                 "require_privileged_source_port": true},
                {"source": "10.0.2.0/24", "access": "READ_ONLY", "identity_squash": "ALL",
                 "anonymous_uid": "48", "anonymous_gid": "48"},
            ]))),
            ..Export::default()
        };
        asked(export.inputs())
    },
    changes: |_| {
        vec![
            change("export_options", value(&json!([{"source": "10.0.1.0/24", "access": "READ_WRITE"}]))),
            change(
                "export_options",
                value(&json!([{
                    "source": "10.0.1.0/24", "access": "READ_WRITE", "identity_squash": "ROOT", "anonymous_uid": "99",
                    "anonymous_gid": "99", "require_privileged_source_port": false,
                    "is_anonymous_access_allowed": true, "allowed_auth": ["KRB5", "SYS"],
                }])),
            ),
            change("is_idmap_groups_for_sys_auth", true),
            change("path", "/other"),
            locked(),
        ]
    },
    also: &[Start {
        around: |place, builder| {
            add_servers(place, builder);
            add_files(place, builder);
        },
        asked: |_| {
            let export = Export {
                export_set_id: mount_target::export_set_id(&server("around")).into(),
                file_system_id: file_system::id(&files("around")).into(),
                path: "/moodledata".into(),
                ..Export::default()
            };
            asked(export.inputs())
        },
        changes: |_| {
            vec![
                change("export_set_id", mount_target::export_set_id(&server("other")).reference().clone()),
                change("file_system_id", file_system::id(&files("other")).reference().clone()),
            ]
        },
    }],
    unlisted: &["export_options"],
    ..PLAIN
};

pub(crate) const SNAPSHOT: Case = Case {
    resource_type: snapshot::TYPE,
    around: add_files,
    asked: |_| {
        let snapshot = Snapshot {
            file_system_id: file_system::id(&files("around")).into(),
            name: "before-the-upgrade".into(),
            expiration_time: "2027-06-01T00:00:00Z".into(),
            ..Snapshot::default()
        };
        asked(snapshot.inputs())
    },
    changes: |_| {
        vec![
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("expiration_time", "2027-07-01T00:00:00Z"),
            change("name", "after-the-upgrade"),
            change("file_system_id", file_system::id(&files("other")).reference().clone()),
            locked(),
        ]
    },
    also: &[Start {
        around: add_files,
        asked: |_| {
            let snapshot = Snapshot {
                file_system_id: file_system::id(&files("around")).into(),
                name: "for-the-auditors".into(),
                lock_duration_details: Attr::Expr(value(
                    &json!({"lock_mode": "GOVERNANCE", "lock_duration": 7, "cool_off_duration": 14}),
                )),
                ..Snapshot::default()
            };
            asked(snapshot.inputs())
        },
        changes: |_| {
            let lock = json!({"lock_mode": "COMPLIANCE", "lock_duration": 30, "cool_off_duration": 21});
            vec![change("lock_duration_details", value(&lock))]
        },
    }],
    ..PLAIN
};

pub(crate) const SNAPSHOT_POLICY: Case = Case {
    resource_type: filesystem_snapshot_policy::TYPE,
    asked: |place| {
        let policy = FilesystemSnapshotPolicy {
            compartment_id: place.tenancy.as_str().into(),
            availability_domain: place.domains[0].as_str().into(),
            display_name: "nightly".into(),
            policy_prefix: "moodle".into(),
            schedules: Attr::Expr(value(&json!([
                {"period": "DAILY", "time_zone": "UTC", "hour_of_day": 2, "retention_duration_in_seconds": 604_800},
                {"period": "WEEKLY", "time_zone": "UTC", "hour_of_day": 3, "day_of_week": "SUNDAY"},
            ]))),
            ..FilesystemSnapshotPolicy::default()
        };
        asked(policy.inputs())
    },
    changes: |place| {
        vec![
            change("display_name", "other"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("policy_prefix", "site"),
            change("schedules", value(&json!([{"period": "HOURLY", "time_zone": "UTC"}]))),
            change(
                "schedules",
                value(&json!([
                    {"period": "MONTHLY", "time_zone": "REGIONAL_DATA_CENTER_TIME", "hour_of_day": 4,
                     "day_of_month": 28, "schedule_prefix": "month", "time_schedule_start": "2026-12-01T00:00:00Z",
                     "retention_duration_in_seconds": 31_536_000,
                     "lock_duration_details": {"lock_mode": "GOVERNANCE", "lock_duration": 7, "cool_off_duration": 14}},
                    {"period": "YEARLY", "time_zone": "UTC", "month": "JULY", "day_of_month": 1, "hour_of_day": 5},
                    {"period": "WEEKLY", "time_zone": "UTC", "day_of_week": "MONDAY", "hour_of_day": 1},
                ])),
            ),
            change("compartment_id", place.compartments[0].as_str()),
            change("availability_domain", place.domains[1].as_str()),
            locked(),
        ]
    },
    ..PLAIN
};
