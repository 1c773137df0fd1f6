"""A network load balancer from its creation to its end, by Oracle's CLI, which waits for work requests."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from network import subnet
from support import TENANCY, cli, equal

WAIT = ("--wait-for-state", "SUCCEEDED", "--wait-interval-seconds", "1")
place = subnet()

done = cli(
    "nlb", "network-load-balancer", "create", "--compartment-id", TENANCY, "--display-name", "front",
    "--subnet-id", place.id, "--is-private", "true", *WAIT,
)["data"]
equal((done["operation-type"], done["status"]), ("CREATE_NETWORK_LOAD_BALANCER", "SUCCEEDED"))
identifier = done["resources"][0]["identifier"]

checker = json.dumps({"protocol": "HTTP", "urlPath": "/", "returnCode": 303, "port": 80})
cli("nlb", "backend-set", "create", "--network-load-balancer-id", identifier, "--name", "web",
    "--policy", "FIVE_TUPLE", "--health-checker", checker, *WAIT)
cli("nlb", "backend", "create", "--network-load-balancer-id", identifier, "--backend-set-name", "web",
    "--name", "one", "--ip-address", "10.0.1.31", "--port", "80", *WAIT)
cli("nlb", "listener", "create", "--network-load-balancer-id", identifier, "--name", "http",
    "--default-backend-set-name", "web", "--port", "80", "--protocol", "TCP", *WAIT)

shown = cli("nlb", "network-load-balancer", "get", "--network-load-balancer-id", identifier)["data"]
equal(shown["backend-sets"]["web"]["backends"][0]["name"], "one")
equal(shown["backend-sets"]["web"]["health-checker"]["return-code"], 303)
equal(shown["listeners"]["http"]["port"], 80)

cli("nlb", "network-load-balancer", "delete", "--network-load-balancer-id", identifier, "--force", *WAIT)
shown = cli("nlb", "network-load-balancer", "get", "--network-load-balancer-id", identifier)["data"]
equal(shown["lifecycle-state"], "DELETED")
