//! The conformance kit: what every resource type promises, tried on each by naming it once.
//!
//! In process, on a paused clock. A type's [`kit::Case`] says what must exist around it, what is asked of it, and how each of
//! its attributes may be changed; the checks in [`kit`], [`spellings`] and [`words`] do the rest, and
//! [`touched`] sees that no attribute is forgotten.
//! [`every_type_has_a_case`] fails when a type is forgotten.
#![expect(clippy::unwrap_used, reason = "a test")]

mod cases;
mod kit;
mod spellings;
mod touched;
mod words;

use std::collections::BTreeSet;

/// Runs all checks on a type.
macro_rules! conformance {
    ($($name:ident: $case:expr,)*) => {
        const CASES: &[(&str, &kit::Case)] = &[$((stringify!($name), &$case),)*];

        $(mod $name {
            use super::{cases, kit, spellings, words};

            #[tokio::test(start_paused = true)]
            async fn create_then_read_shows_no_difference_and_going_leaves_nothing() {
                kit::create_read_and_destroy(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn each_attribute_updates_or_replaces_as_the_schema_says() {
                kit::each_attribute(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn order_and_spelling_of_sets_do_not_matter() {
                spellings::permutations(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn deleting_twice_is_fine() {
                kit::delete_twice(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn after_an_import_there_is_nothing_to_do() {
                kit::import(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn what_somebody_else_changes_is_noticed() {
                kit::changes_by_others(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_fault_at_each_call_is_survived_without_a_second_object() {
                kit::faults(&$case).await;
            }

            #[tokio::test(start_paused = true)]
            async fn words_that_oracle_adds_later_survive() {
                words::unknown_words(&$case).await;
            }
        })*
    };
}

conformance! {
    oci_core_vcn: cases::network::VCN,
    oci_core_instance: cases::compute::INSTANCE,
    oci_core_volume: cases::compute::VOLUME,
    oci_core_volume_attachment: cases::compute::VOLUME_ATTACHMENT,
    oci_core_default_dhcp_options: cases::tables::DEFAULT_DHCP_OPTIONS,
    oci_core_default_route_table: cases::tables::DEFAULT_ROUTE_TABLE,
    oci_core_default_security_list: cases::packet_rules::DEFAULT_SECURITY_LIST,
    oci_core_dhcp_options: cases::tables::DHCP_OPTIONS,
    oci_core_internet_gateway: cases::network::INTERNET_GATEWAY,
    oci_core_nat_gateway: cases::network::NAT_GATEWAY,
    oci_core_network_security_group: cases::network::NETWORK_SECURITY_GROUP,
    oci_core_private_ip: cases::addresses::PRIVATE_IP,
    oci_core_network_security_group_security_rule: cases::packet_rules::SECURITY_RULE,
    oci_core_public_ip: cases::addresses::PUBLIC_IP,
    oci_core_route_table: cases::tables::ROUTE_TABLE,
    oci_core_security_list: cases::packet_rules::SECURITY_LIST,
    oci_core_service_gateway: cases::network::SERVICE_GATEWAY,
    oci_core_subnet: cases::network::SUBNET,
    oci_mysql_mysql_db_system: cases::mysql::DB_SYSTEM,
    oci_mysql_replica: cases::mysql::REPLICA,
    oci_mysql_heat_wave_cluster: cases::mysql::HEAT_WAVE_CLUSTER,
    oci_mysql_mysql_configuration: cases::mysql::CONFIGURATION,
    oci_mysql_mysql_backup: cases::mysql::BACKUP,
    oci_file_storage_file_system: cases::file_storage::FILE_SYSTEM,
    oci_file_storage_mount_target: cases::file_storage::MOUNT_TARGET,
    oci_file_storage_export_set: cases::file_storage::EXPORT_SET,
    oci_file_storage_export: cases::file_storage::EXPORT,
    oci_file_storage_snapshot: cases::file_storage::SNAPSHOT,
    oci_file_storage_filesystem_snapshot_policy: cases::file_storage::SNAPSHOT_POLICY,
    oci_network_load_balancer_network_load_balancer: cases::load_balancer::NETWORK_LOAD_BALANCER,
    oci_network_load_balancer_backend_set: cases::load_balancer::BACKEND_SET,
    oci_network_load_balancer_listener: cases::load_balancer::LISTENER,
    oci_network_load_balancer_backend: cases::load_balancer::BACKEND,
    oci_identity_dynamic_group: cases::identity::DYNAMIC_GROUP,
    oci_identity_policy: cases::identity::POLICY,
    oci_objectstorage_bucket: cases::objectstorage::BUCKET,
    oci_objectstorage_object: cases::objectstorage::OBJECT,
}

#[test]
fn every_type_has_a_case() {
    let types: BTreeSet<String> =
        oci_resources::modules().map(|module| module.resource_type().name.to_string()).collect();
    let cases: BTreeSet<String> = CASES.iter().map(|(_, case)| case.resource_type.to_owned()).collect();
    assert_eq!(types, cases);
}
