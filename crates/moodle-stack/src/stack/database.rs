//! MySQL HeatWave, its read replicas, and its HeatWave cluster.

use oci_resources::attr::Attr;
use oci_resources::mysql::heat_wave_cluster::{self, HeatWaveCluster};
use oci_resources::mysql::mysql_db_system::{
    self, BackupPolicy, DataStorage, DeletionPolicy, Maintenance, MysqlDbSystem, PitrPolicy, ReadEndpoint,
};
use oci_resources::mysql::replica::{self, Replica};

use super::build::Build;
use super::names::{self, address, of_server};
use super::{Secrets, StackError, Zone};

pub(super) fn add(build: &mut Build<'_>, secrets: &Secrets) -> Result<(), StackError> {
    let database = &build.config.database;
    let password =
        secrets.get("database_admin_password").ok_or(StackError::NoSecret("database_admin_password"))?;
    let domain = match database.availability_domain {
        Some(number) => build.domain("database.availability_domain", number)?.into(),
        None => Attr::Absent,
    };
    let growth = match database.storage_max_in_gbs {
        Some(max) => {
            DataStorage { is_auto_expand_storage_enabled: true.into(), max_storage_size_in_gbs: max.into() }
        }
        None => DataStorage { is_auto_expand_storage_enabled: false.into(), ..DataStorage::default() },
    };
    let backups = BackupPolicy {
        is_enabled: true.into(),
        retention_in_days: database.backup_retention_in_days.into(),
        window_start_time: format!("{:02}:00", database.backup_hour).into(),
        pitr_policy: PitrPolicy { is_enabled: true.into() }.into(),
        ..BackupPolicy::default()
    };
    let reads = ReadEndpoint {
        is_enabled: (database.replicas > 0).into(),
        read_endpoint_hostname_label: if database.replicas > 0 {
            names::READ_LABEL.into()
        } else {
            Attr::Absent
        },
        ..ReadEndpoint::default()
    };
    let system = MysqlDbSystem {
        compartment_id: build.compartment(),
        shape_name: database.shape.as_str().into(),
        subnet_id: build.subnet(Zone::Database),
        display_name: build.display("db"),
        admin_username: database.admin_user.as_str().into(),
        admin_password: password.clone().into(),
        is_highly_available: database.high_availability.into(),
        availability_domain: domain,
        mysql_version: database.version.as_deref().map_or(Attr::Absent, Into::into),
        data_storage_size_in_gb: database.storage_in_gbs.into(),
        data_storage: growth.into(),
        hostname_label: names::DATABASE_LABEL.into(),
        backup_policy: backups.into(),
        maintenance: Maintenance {
            window_start_time: database.maintenance.as_str().into(),
            ..Maintenance::default()
        }
        .into(),
        deletion_policy: DeletionPolicy {
            automatic_backup_retention: "RETAIN".into(),
            final_backup: "SKIP_FINAL_BACKUP".into(),
            ..DeletionPolicy::default()
        }
        .into(),
        read_endpoint: reads.into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..MysqlDbSystem::default()
    };
    let at = address(mysql_db_system::TYPE, "site");
    let mut node = system.inputs().at(at.clone());
    node.lifecycle.protect = Some(database.protect);
    build.graph.add(node);
    for index in 0..database.replicas {
        let replica = Replica {
            db_system_id: mysql_db_system::id(&at).into(),
            display_name: build.display(&format!("read{}", index + 1)),
            freeform_tags: build.tags(),
            defined_tags: build.defined_tags(),
            ..Replica::default()
        };
        build.graph.add(replica.inputs().at(of_server(replica::TYPE, "read", index)));
    }
    if database.heatwave_nodes > 0 {
        let cluster = HeatWaveCluster {
            db_system_id: mysql_db_system::id(&at).into(),
            shape_name: database.heatwave_shape.as_str().into(),
            cluster_size: i64::from(database.heatwave_nodes).into(),
            ..HeatWaveCluster::default()
        };
        build.graph.add(cluster.inputs().at(address(heat_wave_cluster::TYPE, "site")));
    }
    let host = build.host(names::DATABASE_LABEL, Zone::Database)?;
    build.graph.output("database_host", host.as_str());
    Ok(())
}
