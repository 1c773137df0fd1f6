"""A network load balancer with a listener, a backend set and backends, by Oracle's SDK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from network import QUICK, subnet
from support import TENANCY, client, equal, fields, refused

models = oci.network_load_balancer.models
balancers = client(oci.network_load_balancer.NetworkLoadBalancerClient)
place = subnet()


def finish(response):
    """Waits for the work request that an answer names."""
    request = balancers.get_work_request(response.headers["opc-work-request-id"])
    return oci.wait_until(balancers, request, "status", "SUCCEEDED", **QUICK).data


created = balancers.create_network_load_balancer(models.CreateNetworkLoadBalancerDetails(
    compartment_id=TENANCY, display_name="front", subnet_id=place.id, is_private=False,
    backend_sets={"web": models.BackendSetDetails(
        policy="FIVE_TUPLE",
        health_checker=models.HealthChecker(protocol="HTTP", port=80, url_path="/", return_code=303),
    )},
    listeners={"http": models.ListenerDetails(
        name="http", default_backend_set_name="web", port=80, protocol="TCP",
    )},
))
equal(created.status, 201, "status")
request = finish(created)
fields(request, operation_type="CREATE_NETWORK_LOAD_BALANCER")
fields(request.resources[0], action_type="CREATED", identifier=created.data.id)
identifier = created.data.id
shown = balancers.get_network_load_balancer(identifier).data
fields(shown, lifecycle_state="ACTIVE", is_private=False)
equal([each.is_public for each in shown.ip_addresses], [False, True], "addresses")
fields(shown.backend_sets["web"].health_checker, return_code=303, interval_in_millis=10000, retries=3)

for number in (1, 2):
    response = balancers.create_backend(identifier, models.CreateBackendDetails(
        name=f"web{number}", ip_address=f"10.0.1.{30 + number}", port=80,
    ), "web")
    equal(response.status, 202, "status")
    error = refused(409, "Conflict", balancers.delete_listener, identifier, "http")
    equal(error.message, "Invalid State Transition of NLB lifeCycle state from Updating to Updating")
    fields(finish(response), operation_type="CREATE_BACKEND")
names = [each.name for each in balancers.list_backends(identifier, "web").data.items]
equal(names, ["web1", "web2"], "backends")

finish(balancers.update_backend(identifier, models.UpdateBackendDetails(weight=7, is_drain=True), "web", "web1"))
fields(balancers.get_backend(identifier, "web", "web1").data, weight=7, is_drain=True, ip_address="10.0.1.31", port=80)
finish(balancers.create_listener(identifier, models.CreateListenerDetails(
    name="https", default_backend_set_name="web", port=443, protocol="TCP",
)))
equal(sorted(balancers.get_network_load_balancer(identifier).data.listeners), ["http", "https"])
finish(balancers.update_backend_set(identifier, models.UpdateBackendSetDetails(backends=[
    models.BackendDetails(name="web3", ip_address="10.0.1.33", port=80),
]), "web"))
equal([each.name for each in balancers.get_backend_set(identifier, "web").data.backends], ["web3"])

listed = balancers.list_network_load_balancers(TENANCY).data.items
equal([each.id for each in listed], [identifier], "list")
finish(balancers.delete_network_load_balancer(identifier))
oci.wait_until(
    balancers, balancers.get_network_load_balancer(identifier), "lifecycle_state", "DELETED", **QUICK
)
