"""A VCN with subnets, gateways, route tables and security lists, by Oracle's Python SDK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from oci.core import models
from support import TENANCY, client, equal, fields, refused

network = client(oci.core.VirtualNetworkClient)
QUICK = {"max_interval_seconds": 1, "max_wait_seconds": 60}


def available(get, made):
    """Waits until it is AVAILABLE and returns it as it is then."""
    return oci.wait_until(network, get(made.id), "lifecycle_state", "AVAILABLE", **QUICK).data


def made(create, get, details):
    return available(get, create(details).data)


vcn = made(
    network.create_vcn, network.get_vcn,
    models.CreateVcnDetails(compartment_id=TENANCY, cidr_blocks=["10.0.0.0/16"], dns_label="moodle", display_name="net"),
)

# The defaults are there, and can be edited but not deleted.
default = network.get_security_list(vcn.default_security_list_id).data
equal(sorted((rule.protocol, rule.source) for rule in default.ingress_security_rules),
      [("1", "0.0.0.0/0"), ("1", "10.0.0.0/16"), ("6", "0.0.0.0/0")])
refused(409, "Conflict", network.delete_security_list, default.id)
refused(409, "Conflict", network.delete_route_table, vcn.default_route_table_id)
options = network.get_dhcp_options(vcn.default_dhcp_options_id).data
equal({type(option).__name__ for option in options.options}, {"DhcpDnsOption", "DhcpSearchDomainOption"})

# Gateways.
internet = made(
    network.create_internet_gateway, network.get_internet_gateway,
    models.CreateInternetGatewayDetails(compartment_id=TENANCY, vcn_id=vcn.id, is_enabled=True, display_name="in"),
)
fields(internet, is_enabled=True, vcn_id=vcn.id)
nat = made(
    network.create_nat_gateway, network.get_nat_gateway,
    models.CreateNatGatewayDetails(compartment_id=TENANCY, vcn_id=vcn.id, display_name="out"),
)
fields(nat, block_traffic=False)
address = network.get_public_ip_by_ip_address(models.GetPublicIpByIpAddressDetails(ip_address=nat.nat_ip)).data
fields(address, assigned_entity_type="NAT_GATEWAY", assigned_entity_id=nat.id, id=nat.public_ip_id)
services = {service.cidr_block: service for service in network.list_services().data}
everything = services["all-fra-services-in-oracle-services-network"]
created = network.create_service_gateway(models.CreateServiceGatewayDetails(
    compartment_id=TENANCY, vcn_id=vcn.id, services=[models.ServiceIdRequestDetails(service_id=everything.id)]
))
assert "etag" not in created.headers, "a service gateway is created without an etag"
service = available(network.get_service_gateway, created.data)
equal([(each.service_id, each.service_name) for each in service.services], [(everything.id, everything.name)])

# Route tables: the answer is a set.
table = made(
    network.create_route_table, network.get_route_table,
    models.CreateRouteTableDetails(
        compartment_id=TENANCY, vcn_id=vcn.id, display_name="private",
        route_rules=[
            models.RouteRule(destination="0.0.0.0/0", network_entity_id=nat.id, description="out"),
            models.RouteRule(destination=everything.cidr_block, destination_type="SERVICE_CIDR_BLOCK",
                             network_entity_id=service.id),
        ],
    ),
)
equal({(rule.destination, rule.destination_type, rule.network_entity_id) for rule in table.route_rules},
      {("0.0.0.0/0", "CIDR_BLOCK", nat.id), (everything.cidr_block, "SERVICE_CIDR_BLOCK", service.id)})
refused(409, "Conflict", network.delete_nat_gateway, nat.id)

# Security lists, with the rules of File Storage.
def ingress(protocol, low, high):
    ports = models.PortRange(min=low, max=high)
    options = {"tcp_options": models.TcpOptions(destination_port_range=ports)}
    if protocol == "17":
        options = {"udp_options": models.UdpOptions(destination_port_range=ports)}
    return models.IngressSecurityRule(protocol=protocol, source="10.0.1.0/24", **options)


rules = [ingress("6", 111, 111), ingress("6", 2048, 2050), ingress("17", 111, 111), ingress("17", 2048, 2048)]
security = made(
    network.create_security_list, network.get_security_list,
    models.CreateSecurityListDetails(
        compartment_id=TENANCY, vcn_id=vcn.id, display_name="nfs", ingress_security_rules=rules,
        egress_security_rules=[models.EgressSecurityRule(protocol="all", destination="0.0.0.0/0", is_stateless=True)],
    ),
)


def spelled(rule):
    options = rule.tcp_options or rule.udp_options
    span = options.destination_port_range
    return rule.protocol, rule.source, rule.source_type, rule.is_stateless, span.min, span.max


equal(sorted(spelled(rule) for rule in security.ingress_security_rules), [
    ("17", "10.0.1.0/24", "CIDR_BLOCK", False, 111, 111), ("17", "10.0.1.0/24", "CIDR_BLOCK", False, 2048, 2048),
    ("6", "10.0.1.0/24", "CIDR_BLOCK", False, 111, 111), ("6", "10.0.1.0/24", "CIDR_BLOCK", False, 2048, 2050),
])
fields(security.egress_security_rules[0], protocol="all", is_stateless=True, destination_type="CIDR_BLOCK")
changed = network.update_security_list(
    security.id, models.UpdateSecurityListDetails(ingress_security_rules=rules[:1])
).data
equal((len(changed.ingress_security_rules), len(changed.egress_security_rules)), (1, 1))

# Subnets.
subnets = []
for number, label in enumerate(["web", "data"]):
    details = models.CreateSubnetDetails(
        compartment_id=TENANCY, vcn_id=vcn.id, cidr_block=f"10.0.{number}.0/24", dns_label=label, display_name=label,
        prohibit_public_ip_on_vnic=label == "data", route_table_id=table.id, security_list_ids=[security.id],
    )
    subnet = made(network.create_subnet, network.get_subnet, details)
    fields(subnet, subnet_domain_name=f"{label}.moodle.oraclevcn.com", virtual_router_ip=f"10.0.{number}.1",
           prohibit_internet_ingress=label == "data", route_table_id=table.id, security_list_ids=[security.id],
           dhcp_options_id=vcn.default_dhcp_options_id, availability_domain=None)
    subnets.append(subnet)
listed = network.list_subnets(TENANCY, vcn_id=vcn.id, sort_by="DISPLAYNAME", sort_order="ASC").data
equal([subnet.display_name for subnet in listed], ["data", "web"])
fields(network.update_subnet(subnets[0].id, models.UpdateSubnetDetails(display_name="front")).data, display_name="front")
refused(400, "InvalidParameter", network.create_subnet, models.CreateSubnetDetails(
    compartment_id=TENANCY, vcn_id=vcn.id, cidr_block="10.0.1.0/25"))
refused(409, "Conflict", network.delete_vcn, vcn.id)

# Everything goes, dependents first.
for subnet in subnets:
    equal(network.delete_subnet(subnet.id).status, 204)
for subnet in subnets:
    oci.wait_until(network, network.get_subnet(subnet.id), "lifecycle_state", "TERMINATED", succeed_on_not_found=True, **QUICK)
network.delete_route_table(table.id)
network.delete_security_list(security.id)
for delete, get, gateway in [
    (network.delete_internet_gateway, network.get_internet_gateway, internet),
    (network.delete_nat_gateway, network.get_nat_gateway, nat),
    (network.delete_service_gateway, network.get_service_gateway, service),
]:
    delete(gateway.id)
    oci.wait_until(network, get(gateway.id), "lifecycle_state", "TERMINATED", succeed_on_not_found=True, **QUICK)
network.delete_vcn(vcn.id)
oci.wait_until(network, network.get_vcn(vcn.id), "lifecycle_state", "TERMINATED", succeed_on_not_found=True, **QUICK)
