//! MySQL HeatWave.

use oci_client::secret::Secret;
use oci_resources::attr::Attr;
use oci_resources::core::subnet;
use oci_resources::mysql::heat_wave_cluster::{self, HeatWaveCluster};
use oci_resources::mysql::mysql_backup::{self, MysqlBackup};
use oci_resources::mysql::mysql_configuration::{self, MysqlConfiguration};
use oci_resources::mysql::mysql_db_system::{self, MysqlDbSystem};
use oci_resources::mysql::replica::{self, Replica};
use rand::RngExt as _;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::Expr;
use serde_json::json;

use super::network::{add_subnet, groups, subnet_around};
use crate::kit::{CANARY, Case, PLAIN, Place, asked, change, value};

/// A DB system that other things belong to.
pub(crate) fn database() -> Address {
    Address::new(mysql_db_system::TYPE, "around").unwrap()
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
                "is_enabled": true, "retention_in_days": 14, "pitr_policy": {"is_enabled": true}})),
            ),
            change("maintenance.window_start_time", value(&json!({"window_start_time": "mon 04:00"}))),
            change(
                "deletion_policy.final_backup",
                value(&json!({
                "automatic_backup_retention": "DELETE", "final_backup": "REQUIRE_FINAL_BACKUP",
                "is_delete_protected": false})),
            ),
            change("crash_recovery", "DISABLED"),
            change("crash_recovery", "ENABLED"),
            change("database_mode", "READ_ONLY"),
            change("access_mode", "RESTRICTED"),
            change(
                "read_endpoint.is_enabled",
                value(&json!({"is_enabled": true, "read_endpoint_hostname_label": "read"})),
            ),
            change("customer_contacts", value(&json!([{"email": "ops@example.org"}]))),
        ]
    },
    unchanged: &[
        ("compartment_id", "it forces a new one, which others show"),
        ("subnet_id", "a second subnet adds nothing"),
        ("configuration_id", "a second one, with its restart, adds nothing"),
        ("mysql_version", "the mock upgrades like any other change"),
        ("ip_address", "the mock moves no addresses"),
        ("ipv6address_ipv6subnet_cidr_pair_details", "the mock knows no IPv6"),
        ("secure_connections", "the mock has no certificates"),
        ("encrypt_data", "the mock has no keys"),
        ("source", "a second DB system adds nothing"),
        ("rest", "the mock has no such service"),
        ("database_console", "the mock has no such service"),
        ("telemetry_configuration", "the mock has no such service"),
    ],
    untold: &["admin_username", "admin_password"],
    one_way: &["data_storage_size_in_gb"],
    respell: |path, _, random| {
        let spellings = ["sun 03:00", "SUN 03:00", "Sunday 03:00:00", "sun 03:00:00.000Z"];
        (path == "maintenance.window_start_time").then(|| spellings[random.random_range(0..4)].into())
    },
    ..PLAIN
};

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
        ]
    },
    unchanged: &[
        ("db_system_id", "a second DB system adds nothing"),
        ("is_delete_protected", "then nothing could be cleaned up"),
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
    unchanged: &[("db_system_id", "a second DB system adds nothing")],
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
    changes: |_| {
        vec![
            change("display_name", "other"),
            change("description", "fewer"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("variables", value(&json!({"max_connections": 400}))),
            change("shape_name", "MySQL.16"),
        ]
    },
    unchanged: &[
        ("compartment_id", "it forces a new one, which others show"),
        ("init_variables", "as `variables`"),
        ("options", "in place of `variables`"),
        ("parent_configuration_id", "as `variables`"),
    ],
    untold: &["variables"],
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
    unchanged: &[("db_system_id", "a second DB system adds nothing")],
    ..PLAIN
};
