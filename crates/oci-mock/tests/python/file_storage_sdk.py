"""A file system, a mount target and an export, by Oracle's SDK; listed by Oracle's CLI."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from network import QUICK, subnet
from support import TENANCY, cli, client, equal, fields, refused

models = oci.file_storage.models
storage = client(oci.file_storage.FileStorageClient)
domains = client(oci.identity.IdentityClient).list_availability_domains(TENANCY).data
domain = domains[0].name
place = subnet()


def active(get, each):
    return oci.wait_until(storage, get(each.id), "lifecycle_state", "ACTIVE", **QUICK).data


system = storage.create_file_system(models.CreateFileSystemDetails(
    availability_domain=domain, compartment_id=TENANCY, display_name="moodledata",
)).data
fields(system, lifecycle_state="CREATING", metered_bytes=0, availability_domain=domain)
target = storage.create_mount_target(models.CreateMountTargetDetails(
    availability_domain=domain, compartment_id=TENANCY, subnet_id=place.id, hostname_label="nfs",
)).data
system = active(storage.get_file_system, system)
target = active(storage.get_mount_target, target)

address = client(oci.core.VirtualNetworkClient).get_private_ip(target.private_ip_ids[0]).data
fields(address, hostname_label="nfs", subnet_id=place.id)

export = storage.create_export(models.CreateExportDetails(
    export_set_id=target.export_set_id, file_system_id=system.id, path="/moodledata",
    export_options=[models.ClientOptions(source="10.0.0.0/16", access="READ_WRITE")],
)).data
export = active(storage.get_export, export)
fields(export.export_options[0], source="10.0.0.0/16", access="READ_WRITE",
       require_privileged_source_port=True, identity_squash="ROOT")

refused(409, "Conflict", storage.delete_file_system, system.id)
updated = storage.update_export(export.id, models.UpdateExportDetails(
    export_options=[models.ClientOptions(source="10.0.1.0/24", require_privileged_source_port=False, identity_squash="NONE")],
)).data
fields(updated.export_options[0], source="10.0.1.0/24", require_privileged_source_port=False, identity_squash="NONE")
equal([each.path for each in storage.list_exports(file_system_id=system.id).data], ["/moodledata"])
listed = cli("fs", "file-system", "list", "--compartment-id", TENANCY, "--availability-domain", domain)["data"]
equal([(each["display-name"], each["metered-bytes"]) for each in listed], [("moodledata", 0)])

storage.delete_export(export.id)
oci.wait_until(storage, storage.get_export(export.id), "lifecycle_state", "DELETED", **QUICK)
storage.delete_mount_target(target.id)
storage.delete_file_system(system.id)
for get, each in ((storage.get_mount_target, target), (storage.get_file_system, system)):
    oci.wait_until(storage, get(each.id), "lifecycle_state", "DELETED", **QUICK)
