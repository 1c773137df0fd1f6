"""A highly available DB system with two replicas and a HeatWave cluster, by Oracle's SDK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from network import QUICK, subnet
from support import TENANCY, client, equal, fields, refused

models = oci.mysql.models
systems = client(oci.mysql.DbSystemClient)
replicas = client(oci.mysql.ReplicasClient)
work = client(oci.mysql.WorkRequestsClient)
place = subnet()


def finish(response):
    """Waits for the work request that an answer names."""
    request = work.get_work_request(response.headers["opc-work-request-id"])
    return oci.wait_until(work, request, "status", "SUCCEEDED", **QUICK).data


def active(system_id):
    return oci.wait_until(systems, systems.get_db_system(system_id), "lifecycle_state", "ACTIVE", **QUICK).data


shapes = client(oci.mysql.MysqlaasClient).list_shapes(TENANCY, is_supported_for=["HEATWAVECLUSTER"]).data
assert "MySQL.8" in [shape.name for shape in shapes], shapes

created = systems.create_db_system(models.CreateDbSystemDetails(
    compartment_id=TENANCY, subnet_id=place.id, shape_name="MySQL.8", display_name="moodle",
    admin_username="admin", admin_password="Correct-horse-9", hostname_label="db", is_highly_available=True,
    data_storage_size_in_gbs=60, deletion_policy=models.CreateDeletionPolicyDetails(is_delete_protected=True),
))
equal(created.status, 201, "status")
fields(created.data, lifecycle_state="CREATING", is_highly_available=True, port=3306, port_x=33060)
fields(created.data.source, source_type="NONE")
request = finish(created)
fields(request, operation_type="CREATE_DBSYSTEM", percent_complete=100.0)
fields(request.resources[0], entity_type="mysqldbsystem", action_type="CREATED", identifier=created.data.id)
system = active(created.data.id)
fields(system.endpoints[0], hostname="db.data.moodle.oraclevcn.com", resource_type="DBSYSTEM", modes=["READ", "WRITE"])
fields(system, data_storage_size_in_gbs=60, is_heat_wave_cluster_attached=False, ip_address=system.endpoints[0].ip_address)

made = []
for name in ("one", "two"):
    response = replicas.create_replica(models.CreateReplicaDetails(db_system_id=system.id, display_name=name))
    refused(409, "IncorrectState", systems.update_db_system, system.id, models.UpdateDbSystemDetails(display_name="x"))
    finish(response)
    active(system.id)
    made.append(response.data.id)
listed = replicas.list_replicas(TENANCY, db_system_id=system.id).data
equal(sorted(each.id for each in listed), sorted(made), "replicas")
kinds = sorted(each.resource_type for each in systems.get_db_system(system.id).data.endpoints)
equal(kinds, ["DBSYSTEM", "LOAD_BALANCER", "READ_REPLICA", "READ_REPLICA"], "endpoints")

added = systems.add_heat_wave_cluster(
    system.id, models.AddHeatWaveClusterDetails(shape_name="HeatWave.32GB", cluster_size=2)
)
finish(added)
active(system.id)
cluster = systems.get_heat_wave_cluster(system.id).data
fields(cluster, lifecycle_state="ACTIVE", cluster_size=2, shape_name="HeatWave.32GB")
equal(len(cluster.cluster_nodes), 2, "nodes")

refused(409, "IncorrectState", systems.delete_db_system, system.id)
policy = models.UpdateDeletionPolicyDetails(is_delete_protected=False)
etag = systems.get_db_system(system.id).headers["etag"]
change = models.UpdateDbSystemDetails(deletion_policy=policy)
finish(systems.update_db_system(system.id, change, if_match=etag))
active(system.id)
refused(412, "NoEtagMatch", systems.delete_db_system, system.id, if_match=etag)

summary = systems.list_db_systems(TENANCY, display_name="moodle", lifecycle_state="ACTIVE").data
equal([each.id for each in summary], [system.id], "list")
fields(summary[0].heat_wave_cluster, cluster_size=2)
finish(systems.delete_db_system(system.id))
gone = oci.wait_until(systems, systems.get_db_system(system.id), "lifecycle_state", "DELETED", **QUICK).data
equal(gone.endpoints, [], "endpoints of what is gone")
for replica in made:
    equal(replicas.get_replica(replica).data.lifecycle_state, "DELETED", "replica")
