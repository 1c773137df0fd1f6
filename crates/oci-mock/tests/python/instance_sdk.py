"""An instance with its VNIC and addresses, by Oracle's Python SDK."""

import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import network as made
import oci
from oci.core import models
from support import TENANCY, client, equal, fields, refused

SHAPE = "VM.Standard.A1.Flex"
compute = client(oci.core.ComputeClient)
network = client(oci.core.VirtualNetworkClient)
volumes = client(oci.core.BlockstorageClient)
QUICK = {"max_interval_seconds": 1, "max_wait_seconds": 60}

subnet = made.subnet()
domain = client(oci.identity.IdentityClient).list_availability_domains(TENANCY).data[0].name

images = compute.list_images(
    TENANCY, operating_system="Oracle Linux", operating_system_version="9", shape=SHAPE,
    sort_by="TIMECREATED", sort_order="DESC",
).data
assert all("aarch64" in image.display_name for image in images), images
equal([image.time_created for image in images], sorted((image.time_created for image in images), reverse=True))
shape = next(shape for shape in compute.list_shapes(TENANCY, availability_domain=domain).data if shape.shape == SHAPE)
fields(shape, is_flexible=True, billing_type="LIMITED_FREE")
fields(shape.ocpu_options, min=1.0, max=80.0)
report = compute.create_compute_capacity_report(models.CreateComputeCapacityReportDetails(
    compartment_id=TENANCY, availability_domain=domain,
    shape_availabilities=[models.CreateCapacityReportShapeAvailabilityDetails(instance_shape=SHAPE)],
)).data
equal(report.shape_availabilities[0].availability_status, "AVAILABLE")

user_data = base64.b64encode(b"#cloud-config\n").decode()
launched = compute.launch_instance(models.LaunchInstanceDetails(
    compartment_id=TENANCY, availability_domain=domain, shape=SHAPE, display_name="web-1",
    shape_config=models.LaunchInstanceShapeConfigDetails(ocpus=2, memory_in_gbs=12),
    source_details=models.InstanceSourceViaImageDetails(image_id=images[0].id, boot_volume_size_in_gbs=60),
    create_vnic_details=models.CreateVnicDetails(subnet_id=subnet.id, private_ip="10.0.1.10", hostname_label="web1"),
    metadata={"ssh_authorized_keys": "ssh-ed25519 AAAA test", "user_data": user_data},
))
work_request = launched.headers["opc-work-request-id"]
instance = launched.data
fields(instance, lifecycle_state="PROVISIONING", region="eu-frankfurt-1", image_id=images[0].id, shape=SHAPE)
fields(instance.shape_config, ocpus=2.0, memory_in_gbs=12.0, vcpus=2)
fields(instance.source_details, source_type="image", boot_volume_size_in_gbs=60)
equal(instance.metadata["user_data"], user_data)

instance = oci.wait_until(compute, compute.get_instance(instance.id), "lifecycle_state", "RUNNING", **QUICK).data
request = client(oci.work_requests.WorkRequestClient).get_work_request(work_request).data
fields(request, status="SUCCEEDED", operation_type="LaunchInstance", percent_complete=100.0)
fields(request.resources[0], entity_type="instance", identifier=instance.id, action_type="CREATED")

attachment = compute.list_vnic_attachments(TENANCY, instance_id=instance.id).data[0]
fields(attachment, lifecycle_state="ATTACHED", subnet_id=subnet.id)
vnic = network.get_vnic(attachment.vnic_id).data
fields(vnic, private_ip="10.0.1.10", hostname_label="web1", is_primary=True, lifecycle_state="AVAILABLE")
private = network.list_private_ips(vnic_id=vnic.id).data[0]
fields(private, ip_address="10.0.1.10", is_primary=True, vnic_id=vnic.id, subnet_id=subnet.id)
public = network.get_public_ip_by_private_ip_id(
    models.GetPublicIpByPrivateIpIdDetails(private_ip_id=private.id)
).data
fields(public, ip_address=vnic.public_ip, lifetime="EPHEMERAL", lifecycle_state="ASSIGNED", private_ip_id=private.id)
boot = compute.list_boot_volume_attachments(domain, TENANCY, instance_id=instance.id).data[0]
fields(volumes.get_boot_volume(boot.boot_volume_id).data, size_in_gbs=60, image_id=images[0].id)
refused(409, "Conflict", network.delete_subnet, subnet.id)

updated = compute.update_instance(instance.id, models.UpdateInstanceDetails(display_name="web-one")).data
fields(updated, display_name="web-one", lifecycle_state="RUNNING")
equal([each.id for each in compute.list_instances(TENANCY, display_name="web-one").data], [instance.id])
refused(400, "InvalidParameter", compute.update_instance, instance.id,
        models.UpdateInstanceDetails(metadata={"user_data": "IyE="}))

volume = volumes.create_volume(models.CreateVolumeDetails(
    compartment_id=TENANCY, availability_domain=domain, size_in_gbs=50, display_name="data")).data
volume = oci.wait_until(volumes, volumes.get_volume(volume.id), "lifecycle_state", "AVAILABLE", **QUICK).data
attached = compute.attach_volume(models.AttachParavirtualizedVolumeDetails(
    instance_id=instance.id, volume_id=volume.id, device="/dev/oracleoci/oraclevdb")).data
equal(type(attached).__name__, "ParavirtualizedVolumeAttachment")
attached = oci.wait_until(compute, compute.get_volume_attachment(attached.id), "lifecycle_state", "ATTACHED", **QUICK).data
refused(409, "Conflict", volumes.delete_volume, volume.id)
compute.detach_volume(attached.id)
oci.wait_until(compute, compute.get_volume_attachment(attached.id), "lifecycle_state", "DETACHED", **QUICK)
volumes.delete_volume(volume.id)

equal(compute.instance_action(instance.id, "STOP").data.lifecycle_state, "STOPPING")
oci.wait_until(compute, compute.get_instance(instance.id), "lifecycle_state", "STOPPED", **QUICK)
equal(compute.terminate_instance(instance.id).status, 204)
oci.wait_until(compute, compute.get_instance(instance.id), "lifecycle_state", "TERMINATED", **QUICK)
fields(compute.list_vnic_attachments(TENANCY, instance_id=instance.id).data[0], lifecycle_state="DETACHED")
equal(network.delete_subnet(subnet.id).status, 204)
