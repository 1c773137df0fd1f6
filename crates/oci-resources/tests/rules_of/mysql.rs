//! MySQL HeatWave.

use serde_json::{Value as Json, json};

use crate::Rules;

fn server() -> Vec<(Json, &'static [&'static str])> {
    let host = "h".repeat(64);
    vec![
        (json!({"subnet_id": null}), &["subnet_id"]),
        (json!({"admin_username": null, "admin_password": null}), &["admin_password", "admin_username"]),
        (json!({"admin_username": "OCIAdmin"}), &["admin_username"]),
        (json!({"admin_username": "n".repeat(33)}), &["admin_username"]),
        (json!({"admin_password": "Passw0r!".repeat(5)}), &["admin_password"]),
        (json!({"admin_password": "passw0rd!"}), &["admin_password"]),
        (json!({"description": ""}), &["description"]),
        (json!({"description": "d".repeat(401)}), &["description"]),
        (json!({"hostname_label": host}), &["hostname_label"]),
        (json!({"hostname_label": "db."}), &["hostname_label"]),
        (json!({"ip_address": "10.0.0"}), &["ip_address"]),
        (json!({"port": 1023}), &["port"]),
        (json!({"port_x": 65536}), &["port_x"]),
        (json!({"port": 5000, "port_x": 5000}), &["port_x"]),
        (json!({"fault_domain": "1"}), &["fault_domain"]),
        (json!({"nsg_ids": ["1", "2", "3", "4", "5", "6"]}), &["nsg_ids"]),
        (json!({"crash_recovery": "MAYBE"}), &["crash_recovery"]),
        (json!({"database_management": "MAYBE"}), &["database_management"]),
        (json!({"database_mode": "WRITE"}), &["database_mode"]),
        (json!({"access_mode": "CLOSED"}), &["access_mode"]),
        (json!({"is_highly_available": true, "crash_recovery": "DISABLED"}), &["crash_recovery"]),
        (json!({"is_highly_available": true, "mysql_version": "8.0.23"}), &["mysql_version"]),
        (
            json!({"customer_contacts": [{"email": "nobody"}, {}]}),
            &["customer_contacts[0].email", "customer_contacts[1].email"],
        ),
        (json!({"customer_contacts": vec![json!({"email": "a@example.org"}); 11]}), &["customer_contacts"]),
    ]
}

fn storage_and_policies() -> Vec<(Json, &'static [&'static str])> {
    vec![
        (json!({"data_storage_size_in_gb": 49}), &["data_storage_size_in_gb"]),
        (json!({"data_storage_size_in_gb": 131_073, "data_storage": null}), &["data_storage_size_in_gb"]),
        (
            json!({"data_storage_size_in_gb": 99, "data_storage": {"max_storage_size_in_gbs": 99}}),
            &["data_storage.max_storage_size_in_gbs"],
        ),
        (
            json!({"data_storage_size_in_gb": 500, "data_storage": {"max_storage_size_in_gbs": 400}}),
            &["data_storage.max_storage_size_in_gbs"],
        ),
        (
            json!({"data_storage_size_in_gb": 400, "data_storage": {"max_storage_size_in_gbs": 32769}}),
            &["data_storage.max_storage_size_in_gbs"],
        ),
        (
            json!({"data_storage": {"is_auto_expand_storage_enabled": false, "max_storage_size_in_gbs": 500}}),
            &["data_storage.max_storage_size_in_gbs"],
        ),
        (json!({"backup_policy": {"retention_in_days": 36}}), &["backup_policy.retention_in_days"]),
        (json!({"backup_policy": {"retention_in_days": 0}}), &["backup_policy.retention_in_days"]),
        (json!({"backup_policy": {"window_start_time": "3 am"}}), &["backup_policy.window_start_time"]),
        (
            json!({"backup_policy": {"is_enabled": false, "pitr_policy": {"is_enabled": true}}}),
            &["backup_policy.pitr_policy.is_enabled"],
        ),
        (json!({"backup_policy": {"pitr_policy": {}}}), &["backup_policy.pitr_policy.is_enabled"]),
        (json!({"maintenance": {"window_start_time": null}}), &["maintenance.window_start_time"]),
        (json!({"maintenance": {"window_start_time": "03:00"}}), &["maintenance.window_start_time"]),
        (
            json!({"maintenance": {"window_start_time": "sun 03:00", "maintenance_disabled_windows":
                [{"time_start": "x", "time_end": "2026-01-31T03:00:00Z"}]}}),
            &["maintenance.maintenance_disabled_windows[0].time_start"],
        ),
        (json!({"deletion_policy": {"final_backup": "PERHAPS"}}), &["deletion_policy.final_backup"]),
        (
            json!({"deletion_policy": {"automatic_backup_retention": "X"}}),
            &["deletion_policy.automatic_backup_retention"],
        ),
        (
            json!({"secure_connections": {"certificate_generation_type": "BYOC"}}),
            &["secure_connections.certificate_id"],
        ),
        (json!({"encrypt_data": {"key_generation_type": "SYSTEM", "key_id": "k"}}), &["encrypt_data.key_id"]),
        (json!({"source": {"source_type": "BACKUP"}}), &["source.backup_id"]),
        (json!({"source": {"source_type": "PITR"}}), &["source.db_system_id"]),
        (json!({"source": {"source_type": "IMPORTURL"}}), &["source.source_url"]),
        (
            json!({"source": {"source_type": "PITR", "db_system_id": "d", "recovery_point": "then"}}),
            &["source.recovery_point"],
        ),
        (
            json!({"read_endpoint": {"read_endpoint_ip_address": "x", "read_endpoint_hostname_label": "-", "exclude_ips": ["y"]}}),
            &[
                "read_endpoint.exclude_ips[0]",
                "read_endpoint.read_endpoint_hostname_label",
                "read_endpoint.read_endpoint_ip_address",
            ],
        ),
    ]
}

pub(crate) fn rules() -> Vec<Rules> {
    vec![
        Rules {
            resource_type: "oci_mysql_mysql_db_system",
            right: json!({
                "compartment_id": "c", "shape_name": "MySQL.8", "subnet_id": "s", "admin_username": "moodle",
                "admin_password": "Passw0rd!", "is_highly_available": true, "mysql_version": "8.4.2",
                "data_storage_size_in_gb": 400, "data_storage": {"max_storage_size_in_gbs": 32768},
                "maintenance": {"window_start_time": "sun 03:00"}, "backup_policy": {"window_start_time": "02:30"},
            }),
            wrong: server().into_iter().chain(storage_and_policies()).collect(),
        },
        Rules {
            resource_type: "oci_mysql_replica",
            right: json!({"db_system_id": "d"}),
            wrong: vec![
                (json!({"db_system_id": null}), &["db_system_id"]),
                (
                    json!({"replica_overrides": {"nsg_ids": ["1", "2", "3", "4", "5", "6"]}}),
                    &["replica_overrides.nsg_ids"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_mysql_heat_wave_cluster",
            right: json!({"db_system_id": "d", "shape_name": "HeatWave.32GB", "cluster_size": 1}),
            wrong: vec![
                (json!({"cluster_size": 0}), &["cluster_size"]),
                (json!({"cluster_size": 513}), &["cluster_size"]),
                (json!({"shape_name": null}), &["shape_name"]),
            ],
        },
        Rules {
            resource_type: "oci_mysql_mysql_configuration",
            right: json!({"compartment_id": "c", "shape_name": "MySQL.8", "variables": {"max_connections": 500}}),
            wrong: vec![
                (json!({"options": [{"name": "a", "value": "b"}]}), &["options"]),
                (json!({"variables": {"max_conections": 5}}), &["variables.max_conections"]),
                (json!({"variables": {"max_connections": "many"}}), &["variables.max_connections"]),
                (json!({"variables": null, "options": [{"value": "b"}]}), &["options[0].name"]),
                (
                    json!({"init_variables": {"lower_case_table_names": "MIXED"}}),
                    &["init_variables.lower_case_table_names"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_mysql_mysql_backup",
            right: json!({"db_system_id": "d"}),
            wrong: vec![
                (json!({"backup_type": "SMALL"}), &["backup_type"]),
                (json!({"retention_in_days": 366}), &["retention_in_days"]),
                (json!({"soft_delete": "X"}), &["soft_delete"]),
            ],
        },
    ]
}
