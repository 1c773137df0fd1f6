"""A VCN and a subnet for the services to lie in, by Oracle's SDK."""

import oci

from support import TENANCY, client

QUICK = {"max_interval_seconds": 1, "max_wait_seconds": 60}


def subnet(cidr="10.0.1.0/24", label="data"):
    """A VCN with one subnet, both available; returns the subnet."""
    network = client(oci.core.VirtualNetworkClient)
    details = oci.core.models.CreateVcnDetails(compartment_id=TENANCY, cidr_blocks=["10.0.0.0/16"], dns_label="moodle")
    vcn = network.create_vcn(details).data
    oci.wait_until(network, network.get_vcn(vcn.id), "lifecycle_state", "AVAILABLE", **QUICK)
    details = oci.core.models.CreateSubnetDetails(
        compartment_id=TENANCY, vcn_id=vcn.id, cidr_block=cidr, dns_label=label, display_name=label
    )
    made = network.create_subnet(details).data
    return oci.wait_until(network, network.get_subnet(made.id), "lifecycle_state", "AVAILABLE", **QUICK).data
