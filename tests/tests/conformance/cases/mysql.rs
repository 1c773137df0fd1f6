//! MySQL HeatWave.

use oci_client::secret::Secret;
use oci_resources::attr::Attr;
use oci_resources::core::subnet;
use oci_resources::mysql::heat_wave_cluster::{self, HeatWaveCluster};
use oci_resources::mysql::mysql_backup::{self, MysqlBackup};
use oci_resources::mysql::mysql_configuration::{self, MysqlConfiguration};
use oci_resources::mysql::mysql_db_system::{self, MysqlDbSystem, Source};
use oci_resources::mysql::replica::{self, Replica};
use rand::RngExt as _;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::Expr;
use serde_json::json;

use super::network::{add_subnet, add_subnet_with_ipv6, groups, other_case, subnet_around};
use super::second::{add_subnets, other_subnet};
use crate::kit::{Asked, CANARY, Case, PLAIN, Place, Start, Variation, asked, change, value};

/// A DB system that other things belong to.
fn database() -> Address {
    Address::new(mysql_db_system::TYPE, "around").unwrap()
}

fn other_database() -> Address {
    Address::new(mysql_db_system::TYPE, "other").unwrap()
}

fn plain(place: &Place) -> MysqlDbSystem {
    MysqlDbSystem {
        compartment_id: place.tenancy.as_str().into(),
        shape_name: "MySQL.8".into(),
        subnet_id: subnet::id(&subnet_around()).into(),
        admin_username: "admin".into(),
        admin_password: Secret::new(format!("{CANARY}!Aa1")).into(),
        ..MysqlDbSystem::default()
    }
}

fn add_database(place: &Place, builder: &mut GraphBuilder) {
    add_subnet(place, builder);
    builder.add(plain(place).inputs().at(database()));
}

/// Adds two of them.
fn add_databases(place: &Place, builder: &mut GraphBuilder) {
    add_database(place, builder);
    builder.add(plain(place).inputs().at(other_database()));
}

/// To the second one.
fn moved(_: &Place) -> Vec<Variation> {
    vec![change("db_system_id", mysql_db_system::id(&other_database()).reference().clone())]
}

fn backup(name: &str) -> Address {
    Address::new(mysql_backup::TYPE, name).unwrap()
}

/// Adds a DB system and two backups of it.
fn add_backups(place: &Place, builder: &mut GraphBuilder) {
    add_database(place, builder);
    for name in ["around", "other"] {
        let plain =
            MysqlBackup { db_system_id: mysql_db_system::id(&database()).into(), ..MysqlBackup::default() };
        builder.add(plain.inputs().at(backup(name)));
    }
}

fn configuration(name: &str) -> Address {
    Address::new(mysql_configuration::TYPE, name).unwrap()
}

/// Adds two configurations.
fn add_configurations(place: &Place, builder: &mut GraphBuilder) {
    for name in ["around", "other"] {
        let plain = MysqlConfiguration {
            compartment_id: place.tenancy.as_str().into(),
            shape_name: "MySQL.8".into(),
            ..MysqlConfiguration::default()
        };
        builder.add(plain.inputs().at(configuration(name)));
    }
}

fn secret(text: &str) -> Expr {
    Expr::Sensitive(Box::new(reconcile::value::Value::string(text).into()))
}

pub(crate) const DB_SYSTEM: Case = Case {
    resource_type: mysql_db_system::TYPE,
    around: add_subnet,
    asked: |place| {
        let system = MysqlDbSystem {
            display_name: "moodle".into(),
            description: "what Moodle knows".into(),
            is_highly_available: false.into(),
            data_storage_size_in_gb: 100.into(),
            hostname_label: "db".into(),
            ip_address: "10.0.200.20".into(),
            port: 3306.into(),
            port_x: 33060.into(),
            backup_policy: Attr::Expr(value(&json!({
                "is_enabled": true, "retention_in_days": 7, "pitr_policy": {"is_enabled": false}}))),
            maintenance: Attr::Expr(value(&json!({"window_start_time": "sun 03:00"}))),
            deletion_policy: Attr::Expr(value(&json!({
                "automatic_backup_retention": "DELETE", "final_backup": "SKIP_FINAL_BACKUP",
                "is_delete_protected": false}))),
            freeform_tags: [("team".to_owned(), "learning".to_owned())]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into(),
            ..plain(place)
        };
        asked(system.inputs())
    },
    changes: |place| {
        vec![
            change("nsg_ids", groups()),
            change(
                "data_storage.is_auto_expand_storage_enabled",
                value(&json!({"is_auto_expand_storage_enabled": true, "max_storage_size_in_gbs": 400})),
            ),
            change("admin_username", "boss"),
            change("availability_domain", place.domains[1].as_str()),
            change("fault_domain", "FAULT-DOMAIN-2"),
            change("hostname_label", "other"),
            change("is_ipv6enabled", true),
            change("port", 3316),
            change("port_x", 33160),
            change("database_management", "DISABLED"),
            change("display_name", "other"),
            change("ip_address", "10.0.200.21"),
            change("description", "something else"),
            change("freeform_tags", value(&json!({}))),
            change("is_highly_available", true),
            change("is_highly_available", false),
            change("shape_name", "MySQL.16"),
            change("data_storage_size_in_gb", 200),
            change("admin_password", secret(&format!("{CANARY}!Bb2"))),
            change(
                "backup_policy.pitr_policy.is_enabled",
                value(&json!({
                    "is_enabled": true, "retention_in_days": 14, "pitr_policy": {"is_enabled": true},
                    "window_start_time": "02:00", "soft_delete": "DISABLED",
                    "copy_policies": [{"copy_to_region": "eu-amsterdam-1", "backup_copy_retention_in_days": 3}],
                    "freeform_tags": {"team": "learning"}, "defined_tags": {"Ops.CostCenter": "42"},
                })),
            ),
            change(
                "backup_policy.is_enabled",
                value(&json!({"is_enabled": false, "pitr_policy": {"is_enabled": false}})),
            ),
            change(
                "maintenance.window_start_time",
                value(&json!({
                    "window_start_time": "mon 04:00", "version_preference": "NEWEST",
                    "version_track_preference": "LONG_TERM_SUPPORT", "maintenance_schedule_type": "EARLY",
                    "maintenance_disabled_windows": [
                        {"time_start": "2026-12-20T00:00:00Z", "time_end": "2027-01-06T00:00:00Z"},
                    ],
                })),
            ),
            change(
                "deletion_policy.final_backup",
                value(&json!({
                "automatic_backup_retention": "RETAIN", "final_backup": "REQUIRE_FINAL_BACKUP",
                "is_delete_protected": false})),
            ),
            change("crash_recovery", "DISABLED"),
            change("crash_recovery", "ENABLED"),
            change("database_mode", "READ_ONLY"),
            change("access_mode", "RESTRICTED"),
            change(
                "read_endpoint.is_enabled",
                value(&json!({
                    "is_enabled": true, "read_endpoint_hostname_label": "read",
                    "read_endpoint_ip_address": "10.0.200.40", "exclude_ips": ["10.0.200.41"],
                })),
            ),
            change("customer_contacts", value(&json!([{"email": "ops@example.org"}]))),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[
        Start { around: add_backups, asked: restored, changes: made_from_something_else },
        Start {
            around: |place, builder| {
                add_subnets(place, builder);
                add_configurations(place, builder);
            },
            asked: served,
            changes: served_otherwise,
        },
        Start {
            around: add_subnet_with_ipv6,
            asked: |place| {
                let address =
                    json!({"ipv6subnet_cidr": "FD00:0:0:101::/64", "ipv6address": "fd00:0:0:101::20"});
                let system = MysqlDbSystem {
                    is_ipv6enabled: true.into(),
                    ipv6address_ipv6subnet_cidr_pair_details: Attr::Expr(value(&address)),
                    ..plain(place)
                };
                asked(system.inputs())
            },
            changes: |_| {
                let address =
                    json!({"ipv6subnet_cidr": "fd00:0:0:102::/64", "ipv6address": "fd00:0:0:102::21"});
                let reading = json!({
                    "is_enabled": true, "read_endpoint_ipv6address_ipv6subnet_cidr_pair_details":
                        {"ipv6subnet_cidr": "fd00:0:0:102::/64", "ipv6address": "fd00:0:0:102::22"},
                });
                vec![
                    change("ipv6address_ipv6subnet_cidr_pair_details.ipv6address", value(&address)),
                    change("read_endpoint.is_enabled", value(&reading)),
                ]
            },
        },
    ],
    untold: &["admin_username", "admin_password", "source"],
    one_way: &["data_storage_size_in_gb", "mysql_version"],
    respell: |path, value, random| {
        if path == "hostname_label" || path.contains(".ipv6") {
            return other_case(value, random);
        }
        let spellings = ["sun 03:00", "SUN 03:00", "Sunday 03:00:00", "sun 03:00:00.000Z"];
        (path == "maintenance.window_start_time").then(|| spellings[random.random_range(0..4)].into())
    },
    ..PLAIN
};

/// A DB system made from a backup.
fn restored(place: &Place) -> Asked {
    let system = MysqlDbSystem {
        compartment_id: place.tenancy.as_str().into(),
        shape_name: "MySQL.8".into(),
        subnet_id: subnet::id(&subnet_around()).into(),
        source: Source {
            source_type: "BACKUP".into(),
            backup_id: mysql_backup::id(&backup("around")).into(),
            ..Source::default()
        }
        .into(),
        ..MysqlDbSystem::default()
    };
    asked(system.inputs())
}

fn made_from_something_else(_: &Place) -> Vec<Variation> {
    let of_database = |kind: &str, (name, more): (&'static str, Expr)| {
        let id = mysql_db_system::id(&database()).reference().clone();
        Expr::Map(vec![
            ("source_type".into(), kind.into()),
            ("db_system_id".into(), id.into()),
            (name.into(), more),
        ])
    };
    let other_backup = Expr::Map(vec![
        ("source_type".into(), "BACKUP".into()),
        ("backup_id".into(), mysql_backup::id(&backup("other")).reference().clone().into()),
    ]);
    let authority = json!({"certificate_type": "PEM", "contents": "-----BEGIN CERTIFICATE-----"});
    let channel = Expr::Map(vec![
        ("source_username".into(), "follower".into()),
        ("source_password".into(), secret(&format!("{CANARY}!Cc3"))),
        ("ssl_mode".into(), "VERIFY_CA".into()),
        ("ssl_ca_certificate".into(), value(&authority)),
        ("applier_username".into(), "applier".into()),
    ]);
    // The address lets everybody read the dump who has it.
    let dump = Expr::Map(vec![
        ("source_type".into(), "IMPORTURL".into()),
        ("source_url".into(), secret(&format!("https://objectstorage.example.org/p/{CANARY}/n/a/b/c/o/"))),
    ]);
    vec![
        change("source.backup_id", other_backup),
        change("source.source_type", of_database("PITR", ("recovery_point", "2026-11-25T00:00:00Z".into()))),
        change("source.source_type", of_database("DBSYSTEM", ("region", "eu-amsterdam-1".into()))),
        change("source.channel", of_database("DBSYSTEM", ("channel", channel))),
        change("source.source_type", dump)
            .with("admin_username", "admin")
            .with("admin_password", secret(&format!("{CANARY}!Aa1"))),
    ]
}

/// Where logs go.
fn logs(set: &str) -> serde_json::Value {
    json!({"logs": [{
        "destination": "LOG_ANALYTICS", "log_types": ["ERROR_LOG", "AUDIT_LOG"],
        "destination_configurations": [
            {"key": "logGroupId", "value": "ocid1.loganalyticsloggroup.oc1..a"},
            {"key": "logSetName", "value": set},
        ],
    }]})
}

/// What a DB system is served with: certificates, keys, services beside it.
fn served(place: &Place) -> Asked {
    let system = MysqlDbSystem {
        hostname_label: "db".into(),
        ip_address: "10.0.200.20".into(),
        configuration_id: mysql_configuration::id(&configuration("around")).into(),
        mysql_version: "8.4.8".into(),
        secure_connections: Attr::Expr(value(&json!({"certificate_generation_type": "SYSTEM"}))),
        encrypt_data: Attr::Expr(value(&json!({"key_generation_type": "SYSTEM"}))),
        rest: Attr::Expr(value(&json!({"configuration": "DISABLED"}))),
        database_console: Attr::Expr(value(&json!({"status": "DISABLED"}))),
        telemetry_configuration: Attr::Expr(value(&logs("moodle"))),
        ..plain(place)
    };
    asked(system.inputs())
}

fn served_otherwise(_: &Place) -> Vec<Variation> {
    let logs = json!({"logs": [{
        "destination": "OPEN_TELEMETRY", "log_types": ["SLOW_QUERY_LOG"],
        "destination_configurations": [{"key": "collectorHostName", "value": "otel.example.org"}],
    }]});
    let certificate =
        json!({"certificate_generation_type": "BYOC", "certificate_id": "ocid1.certificate.oc1..a"});
    vec![
        change("configuration_id", mysql_configuration::id(&configuration("other")).reference().clone()),
        change("mysql_version", "8.4.9"),
        change("secure_connections.certificate_generation_type", value(&certificate)),
        change(
            "encrypt_data.key_generation_type",
            value(&json!({"key_generation_type": "BYOK", "key_id": "ocid1.key.oc1..a"})),
        ),
        change("rest.configuration", value(&json!({"configuration": "DBSYSTEM_ONLY", "port": 8443}))),
        change("database_console.status", value(&json!({"status": "ENABLED", "port": 8444}))),
        change("telemetry_configuration.logs", value(&logs)),
        change("subnet_id", subnet::id(&other_subnet()).reference().clone())
            .with("ip_address", "10.0.201.20"),
        change("deletion_policy.is_delete_protected", value(&json!({"is_delete_protected": true}))),
        change("deletion_policy.is_delete_protected", value(&json!({"is_delete_protected": false}))),
    ]
}

pub(crate) const REPLICA: Case = Case {
    resource_type: replica::TYPE,
    around: add_database,
    asked: |_| {
        let replica = Replica {
            db_system_id: mysql_db_system::id(&database()).into(),
            display_name: "reader".into(),
            description: "for reports".into(),
            is_delete_protected: false.into(),
            ..Replica::default()
        };
        asked(replica.inputs())
    },
    changes: |_| {
        vec![
            change("display_name", "other"),
            change("description", "for others"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("replica_overrides.shape_name", value(&json!({"shape_name": "MySQL.16"}))),
            change("is_delete_protected", true),
            // Else it could not go.
            change("is_delete_protected", false),
        ]
    },
    also: &[
        Start {
            around: add_databases,
            asked: |_| {
                let replica =
                    Replica { db_system_id: mysql_db_system::id(&database()).into(), ..Replica::default() };
                asked(replica.inputs())
            },
            changes: moved,
        },
        Start {
            around: |place, builder| {
                add_database(place, builder);
                add_configurations(place, builder);
            },
            asked: |_| {
                let replica =
                    Replica { db_system_id: mysql_db_system::id(&database()).into(), ..Replica::default() };
                asked(replica.inputs())
            },
            changes: |_| {
                let own = mysql_configuration::id(&configuration("around")).reference().clone();
                let overrides = Expr::Map(vec![
                    ("shape_name".into(), "MySQL.8".into()),
                    ("configuration_id".into(), own.into()),
                    ("mysql_version".into(), "8.4.9".into()),
                    ("nsg_ids".into(), groups()),
                    ("security_attributes".into(), value(&json!({"oracle-zpr.tier.value": "web"}))),
                    ("telemetry_configuration".into(), value(&logs("moodle"))),
                ]);
                vec![change("replica_overrides.configuration_id", overrides)]
            },
        },
    ],
    ..PLAIN
};

pub(crate) const HEAT_WAVE_CLUSTER: Case = Case {
    resource_type: heat_wave_cluster::TYPE,
    around: add_database,
    asked: |_| {
        let cluster = HeatWaveCluster {
            db_system_id: mysql_db_system::id(&database()).into(),
            shape_name: "HeatWave.32GB".into(),
            cluster_size: 1.into(),
            is_lakehouse_enabled: false.into(),
            ..HeatWaveCluster::default()
        };
        asked(cluster.inputs())
    },
    changes: |_| {
        vec![
            change("cluster_size", 2),
            change("is_lakehouse_enabled", true),
            change("shape_name", "HeatWave.512GB"),
        ]
    },
    also: &[Start {
        around: add_databases,
        asked: |_| {
            let cluster = HeatWaveCluster {
                db_system_id: mysql_db_system::id(&database()).into(),
                shape_name: "HeatWave.32GB".into(),
                cluster_size: 1.into(),
                ..HeatWaveCluster::default()
            };
            asked(cluster.inputs())
        },
        changes: moved,
    }],
    ..PLAIN
};

pub(crate) const CONFIGURATION: Case = Case {
    resource_type: mysql_configuration::TYPE,
    asked: |place| {
        let configuration = MysqlConfiguration {
            compartment_id: place.tenancy.as_str().into(),
            shape_name: "MySQL.8".into(),
            display_name: "moodle".into(),
            description: "more connections".into(),
            variables: Attr::Expr(value(&json!({"max_connections": 500}))),
            ..MysqlConfiguration::default()
        };
        asked(configuration.inputs())
    },
    changes: |place| {
        vec![
            change("display_name", "other"),
            change("description", "fewer"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("variables", value(&json!({"max_connections": 400}))),
            change("shape_name", "MySQL.16"),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[Start {
        around: add_configurations,
        asked: |place| {
            let configuration = MysqlConfiguration {
                compartment_id: place.tenancy.as_str().into(),
                shape_name: "MySQL.8".into(),
                parent_configuration_id: mysql_configuration::id(&configuration("around")).into(),
                init_variables: Attr::Expr(value(&json!({"lower_case_table_names": "CASE_SENSITIVE"}))),
                options: Attr::Expr(value(&json!([{"name": "max_connections", "value": "500"}]))),
                ..MysqlConfiguration::default()
            };
            asked(configuration.inputs())
        },
        changes: |_| {
            let other = mysql_configuration::id(&configuration("other")).reference().clone();
            vec![
                change("options.value", value(&json!([{"name": "max_connections", "value": "400"}]))),
                change("options.name", value(&json!([{"name": "max_user_connections", "value": "400"}]))),
                change(
                    "init_variables.lower_case_table_names",
                    value(&json!({"lower_case_table_names": "CASE_INSENSITIVE_LOWERCASE"})),
                ),
                change("parent_configuration_id", other),
            ]
        },
    }],
    untold: &["variables", "options"],
    ..PLAIN
};

pub(crate) const BACKUP: Case = Case {
    resource_type: mysql_backup::TYPE,
    around: add_database,
    asked: |place| {
        let backup = MysqlBackup {
            db_system_id: mysql_db_system::id(&database()).into(),
            backup_type: "FULL".into(),
            display_name: "before the upgrade".into(),
            retention_in_days: 30.into(),
            compartment_id: place.compartments[1].as_str().into(),
            ..MysqlBackup::default()
        };
        asked(backup.inputs())
    },
    changes: |place| {
        vec![
            change("soft_delete", "ENABLED"),
            change("display_name", "other"),
            change("description", "just in case"),
            change("retention_in_days", 20),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("backup_type", "INCREMENTAL"),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[Start {
        around: add_databases,
        asked: |_| {
            let backup = MysqlBackup {
                db_system_id: mysql_db_system::id(&database()).into(),
                ..MysqlBackup::default()
            };
            asked(backup.inputs())
        },
        changes: moved,
    }],
    ..PLAIN
};
