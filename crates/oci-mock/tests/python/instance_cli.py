"""A network with gateways and an instance in it, by Oracle's CLI with its own waiters."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support import TENANCY, cli, equal

WAIT = ["--max-wait-seconds", "60", "--wait-interval-seconds", "1"]


def data(*args):
    return cli(*args)["data"]


vcn = data("network", "vcn", "create", "-c", TENANCY, "--cidr-blocks", '["10.0.0.0/16"]', "--dns-label", "net",
           "--wait-for-state", "AVAILABLE", *WAIT)
gateway = data("network", "internet-gateway", "create", "-c", TENANCY, "--vcn-id", vcn["id"], "--is-enabled", "true",
               "--wait-for-state", "AVAILABLE", *WAIT)
rules = json.dumps([{"destination": "0.0.0.0/0", "networkEntityId": gateway["id"]}])
table = data("network", "route-table", "update", "--rt-id", vcn["default-route-table-id"], "--route-rules", rules, "--force")
equal([rule["network-entity-id"] for rule in table["route-rules"]], [gateway["id"]])
ingress = json.dumps([{"protocol": "6", "source": "0.0.0.0/0", "tcpOptions": {"destinationPortRange": {"min": 80, "max": 80}}}])
security = data("network", "security-list", "create", "-c", TENANCY, "--vcn-id", vcn["id"],
                "--ingress-security-rules", ingress, "--egress-security-rules", "[]",
                "--wait-for-state", "AVAILABLE", *WAIT)
equal(security["ingress-security-rules"][0]["tcp-options"]["destination-port-range"], {"min": 80, "max": 80})
subnet = data("network", "subnet", "create", "-c", TENANCY, "--vcn-id", vcn["id"], "--cidr-block", "10.0.1.0/24",
              "--dns-label", "web", "--security-list-ids", json.dumps([security["id"]]),
              "--wait-for-state", "AVAILABLE", *WAIT)
equal(subnet["security-list-ids"], [security["id"]])

domain = data("iam", "availability-domain", "list")[0]["name"]
image = data("compute", "image", "list", "-c", TENANCY, "--shape", "VM.Standard.A1.Flex",
             "--operating-system", "Oracle Linux")[0]
instance = data("compute", "instance", "launch", "-c", TENANCY, "--availability-domain", domain,
                "--shape", "VM.Standard.A1.Flex", "--shape-config", '{"ocpus": 1, "memoryInGBs": 6}',
                "--image-id", image["id"], "--subnet-id", subnet["id"], "--private-ip", "10.0.1.20",
                "--display-name", "web", "--wait-for-state", "RUNNING", *WAIT)
equal((instance["lifecycle-state"], instance["shape-config"]["ocpus"]), ("RUNNING", 1.0))
vnic = data("compute", "instance", "list-vnics", "--instance-id", instance["id"])[0]
equal((vnic["private-ip"], vnic["is-primary"]), ("10.0.1.20", True))
assert vnic["public-ip"], vnic
cli("compute", "instance", "terminate", "--instance-id", instance["id"], "--force",
    "--wait-for-state", "SUCCEEDED", *WAIT)
equal(data("compute", "instance", "get", "--instance-id", instance["id"])["lifecycle-state"], "TERMINATED")
cli("network", "subnet", "delete", "--subnet-id", subnet["id"], "--force", "--wait-for-state", "TERMINATED", *WAIT)
