//! File Storage, load balancers, Identity and Object Storage.

use serde_json::{Value as Json, json};

use crate::Rules;

fn files() -> Vec<Rules> {
    let in_domain = json!({"compartment_id": "c", "availability_domain": "a"});
    vec![
        Rules {
            resource_type: "oci_file_storage_file_system",
            right: in_domain.clone(),
            wrong: vec![
                (json!({"availability_domain": null}), &["availability_domain"]),
                (json!({"locks": [{"type": "FULL", "time_created": "x"}]}), &["locks[0].time_created"]),
                (json!({"locks": [{"type": "HALF"}]}), &["locks[0].type"]),
            ],
        },
        Rules {
            resource_type: "oci_file_storage_mount_target",
            right: json!({"compartment_id": "c", "availability_domain": "a", "subnet_id": "s"}),
            wrong: vec![
                (json!({"subnet_id": null}), &["subnet_id"]),
                (json!({"hostname_label": "n".repeat(64)}), &["hostname_label"]),
                (json!({"hostname_label": "n_f_s"}), &["hostname_label"]),
                (json!({"ip_address": "fd00::1"}), &["ip_address"]),
                (json!({"nsg_ids": ["1", "2", "3", "4", "5", "6"]}), &["nsg_ids"]),
                (json!({"idmap_type": "LDAP"}), &["ldap_idmap"]),
                (json!({"idmap_type": "NIS"}), &["idmap_type"]),
                (
                    json!({"kerberos": {"kerberos_realm": "EXAMPLE.ORG", "is_kerberos_enabled": true}}),
                    &["kerberos.key_tab_secret_id"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_file_storage_export_set",
            right: json!({"mount_target_id": "m"}),
            wrong: vec![(json!({"mount_target_id": null}), &["mount_target_id"])],
        },
        Rules {
            resource_type: "oci_file_storage_export",
            right: json!({"export_set_id": "e", "file_system_id": "f", "path": "/moodledata",
                "export_options": [{"source": "10.0.0.0/16", "allowed_auth": ["SYS"], "anonymous_uid": "65534"}]}),
            wrong: vec![
                (json!({"path": "moodledata"}), &["path"]),
                (json!({"path": format!("/{}", "p".repeat(1024))}), &["path"]),
                (json!({"export_options": vec![json!({"source": "10.0.0.1"}); 101]}), &["export_options"]),
                (json!({"export_options": [{}]}), &["export_options[0].source"]),
                (json!({"export_options": [{"source": "10.0.0.1/16"}]}), &["export_options[0].source"]),
                (
                    json!({"export_options": [{"source": "10.0.0.1", "anonymous_gid": "nobody", "access": "NONE",
                        "identity_squash": "SOME", "allowed_auth": ["NTLM"]}]}),
                    &[
                        "export_options[0].access",
                        "export_options[0].allowed_auth[0]",
                        "export_options[0].anonymous_gid",
                        "export_options[0].identity_squash",
                    ],
                ),
            ],
        },
        Rules {
            resource_type: "oci_file_storage_snapshot",
            right: json!({"file_system_id": "f", "name": "before-upgrade"}),
            wrong: vec![
                (json!({"name": "a/b"}), &["name"]),
                (json!({"expiration_time": "2026-13-01T00:00:00Z"}), &["expiration_time"]),
            ],
        },
        Rules {
            resource_type: "oci_file_storage_filesystem_snapshot_policy",
            right: json!({"compartment_id": "c", "availability_domain": "a",
                "schedules": [{"period": "WEEKLY", "time_zone": "UTC", "day_of_week": "SUNDAY", "hour_of_day": 3}]}),
            wrong: vec![
                (
                    json!({"schedules": [{"period": "DAILY", "time_zone": "UTC", "day_of_week": "SUNDAY",
                        "day_of_month": 1, "month": "MAY"}]}),
                    &["schedules[0].day_of_month", "schedules[0].day_of_week", "schedules[0].month"],
                ),
                (
                    json!({"schedules": [{"period": "DAILY", "time_zone": "UTC", "hour_of_day": 24}]}),
                    &["schedules[0].hour_of_day"],
                ),
                (json!({"schedules": [{"period": "ONCE", "time_zone": "UTC"}]}), &["schedules[0].period"]),
                (
                    json!({"schedules": [{"period": "DAILY", "time_zone": "UTC", "time_schedule_start": "now"}]}),
                    &["schedules[0].time_schedule_start"],
                ),
                (
                    json!({"schedules": vec![json!({"period": "DAILY", "time_zone": "UTC"}); 11]}),
                    &["schedules"],
                ),
            ],
        },
    ]
}

fn health(more: &Json) -> Json {
    json!({"health_checker": more})
}

fn balancers() -> Vec<Rules> {
    let set = json!({"network_load_balancer_id": "n", "name": "web", "policy": "FIVE_TUPLE",
        "health_checker": {"protocol": "HTTP", "port": 80, "url_path": "/", "return_code": 303}});
    let tcp = |more: Json| {
        let mut checker = json!({"protocol": "TCP", "url_path": null, "return_code": null});
        checker
            .as_object_mut()
            .into_iter()
            .for_each(|all| all.extend(more.as_object().cloned().unwrap_or_default()));
        health(&checker)
    };
    vec![
        Rules {
            resource_type: "oci_network_load_balancer_network_load_balancer",
            right: json!({"compartment_id": "c", "display_name": "site", "subnet_id": "s"}),
            wrong: vec![
                (json!({"display_name": null}), &["display_name"]),
                (json!({"display_name": "n".repeat(1025)}), &["display_name"]),
                (
                    json!({"network_security_group_ids": ["1", "2", "3", "4", "5", "6"]}),
                    &["network_security_group_ids"],
                ),
                (json!({"assigned_private_ipv4": "x"}), &["assigned_private_ipv4"]),
                (json!({"assigned_ipv6": "10.0.0.1"}), &["assigned_ipv6"]),
                (json!({"subnet_ipv6cidr": "10.0.0.0/8"}), &["subnet_ipv6cidr"]),
                (json!({"nlb_ip_version": "IPV5"}), &["nlb_ip_version"]),
                (json!({"is_symmetric_hash_enabled": true}), &["is_symmetric_hash_enabled"]),
                (json!({"reserved_ips": vec![json!({"id": "r"}); 4]}), &["reserved_ips"]),
            ],
        },
        Rules {
            resource_type: "oci_network_load_balancer_backend_set",
            right: set,
            wrong: vec![
                (json!({"name": "web 1"}), &["name"]),
                (json!({"name": "n".repeat(33)}), &["name"]),
                (json!({"policy": "RANDOM"}), &["policy"]),
                (json!({"health_checker": null}), &["health_checker"]),
                (health(&json!({"url_path": null})), &["health_checker.url_path"]),
                (health(&json!({"url_path": "login"})), &["health_checker.url_path"]),
                (health(&json!({"return_code": 99})), &["health_checker.return_code"]),
                (health(&json!({"port": 65536})), &["health_checker.port"]),
                (health(&json!({"timeout_in_millis": 0})), &["health_checker.timeout_in_millis"]),
                (health(&json!({"timeout_in_millis": 600_001})), &["health_checker.timeout_in_millis"]),
                (health(&json!({"interval_in_millis": 999})), &["health_checker.interval_in_millis"]),
                (health(&json!({"interval_in_millis": 1_800_001})), &["health_checker.interval_in_millis"]),
                (health(&json!({"request_data": "aGk="})), &["health_checker.request_data"]),
                (health(&json!({"dns": {"domain_name": "a"}})), &["health_checker.dns"]),
                (tcp(json!({"return_code": 303})), &["health_checker.return_code"]),
                (tcp(json!({"request_data": "?"})), &["health_checker.request_data"]),
                (tcp(json!({"protocol": "DNS"})), &["health_checker.dns"]),
                (tcp(json!({"protocol": "PING"})), &["health_checker.protocol"]),
                (
                    json!({"backends": [{"port": 80}, {"port": 80, "ip_address": "10.0.0.1", "target_id": "t"},
                        {"port": 80, "ip_address": "web", "weight": 101}]}),
                    &[
                        "backends[0].ip_address",
                        "backends[1].target_id",
                        "backends[2].ip_address",
                        "backends[2].weight",
                    ],
                ),
                (
                    json!({"backends": [{"name": "a", "port": 80, "ip_address": "10.0.0.1"},
                        {"name": "a", "port": 81, "ip_address": "10.0.0.1"}]}),
                    &["backends"],
                ),
                (
                    json!({"health_checker": {"port": 0}, "backends": [{"port": 0, "ip_address": "10.0.0.1"}]}),
                    &["backends[0].port"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_network_load_balancer_backend",
            right: json!({"network_load_balancer_id": "n", "backend_set_name": "web", "port": 80, "ip_address": "10.0.0.1"}),
            wrong: vec![
                (json!({"ip_address": null}), &["ip_address"]),
                (json!({"ip_address": "web1"}), &["ip_address"]),
                (json!({"target_id": "t"}), &["target_id"]),
                (json!({"port": 65536}), &["port"]),
                (json!({"weight": 0}), &["weight"]),
                (json!({"weight": 101}), &["weight"]),
            ],
        },
        Rules {
            resource_type: "oci_network_load_balancer_listener",
            right: json!({"network_load_balancer_id": "n", "name": "http", "default_backend_set_name": "web", "port": 80,
                "protocol": "TCP"}),
            wrong: vec![
                (json!({"name": "http:"}), &["name"]),
                (json!({"protocol": "HTTP"}), &["protocol"]),
                (json!({"port": 0}), &["port"]),
                (json!({"port": -1}), &["port"]),
                (json!({"default_backend_set_name": null}), &["default_backend_set_name"]),
            ],
        },
    ]
}

pub(crate) fn rules() -> Vec<Rules> {
    let identity = [
        Rules {
            resource_type: "oci_identity_dynamic_group",
            right: json!({"compartment_id": "t", "name": "servers", "description": "", "matching_rule": "a = 'b'"}),
            wrong: vec![
                (json!({"name": "my servers"}), &["name"]),
                (json!({"name": ""}), &["name"]),
                (json!({"matching_rule": null}), &["matching_rule"]),
            ],
        },
        Rules {
            resource_type: "oci_identity_policy",
            right: json!({"compartment_id": "t", "name": "servers", "description": "", "version_date": "2026-01-31",
                "statements": ["allow group a to read buckets in tenancy"]}),
            wrong: vec![
                (json!({"statements": []}), &["statements"]),
                (json!({"name": "n".repeat(101)}), &["name"]),
                (json!({"version_date": "31.1.2026"}), &["version_date"]),
            ],
        },
    ];
    let storage = [
        Rules {
            resource_type: "oci_objectstorage_bucket",
            right: json!({"compartment_id": "c", "namespace": "n", "name": "site.backup-1_a"}),
            wrong: vec![
                (json!({"name": "my bucket"}), &["name"]),
                (json!({"name": "n".repeat(257)}), &["name"]),
                (json!({"access_type": "Everybody"}), &["access_type"]),
                (json!({"storage_tier": "Tape"}), &["storage_tier"]),
            ],
        },
        Rules {
            resource_type: "oci_objectstorage_object",
            right: json!({"namespace": "n", "bucket": "b", "object": "a/b.txt", "content": "x", "raw": {"storage-tier": "Archive"}}),
            wrong: vec![
                (json!({"object": ""}), &["object"]),
                (json!({"object": "o".repeat(1025)}), &["object"]),
                (json!({"raw": {"no header": "x"}}), &["raw[\"no header\"]"]),
            ],
        },
    ];
    files().into_iter().chain(balancers()).chain(identity).chain(storage).collect()
}
