"""Prints, one JSON document a line, the endpoints that Oracle's SDK computes for each scenario read from stdin.

A scenario: {"env": {...}, "home": folder, "regions": [...], "clients": [[service, client]...], "key": PEM text}.
"""

import importlib
import json
import os
import re
import sys

import oci
from oci import regions, regions_definitions


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def client_class(service, name):
    return getattr(importlib.import_module(f"oci.{service}.{snake(name)}"), name)


def without_namespace(endpoint):
    # The namespace is known per call only.
    return endpoint.replace("{namespaceName+Dot}", "")


def scenario(given):
    for name in [name for name in os.environ if name.startswith("OCI_")]:
        del os.environ[name]
    os.environ.update(given["env"])
    os.environ["HOME"] = given["home"]
    importlib.reload(regions_definitions)
    importlib.reload(regions)

    key = oci.signer.load_private_key(given["key"], None)
    signer = oci.auth.signers.SecurityTokenSigner("test-only", key)
    answers = []
    for service, name in given["clients"]:
        made = client_class(service, name)({"region": "us-ashburn-1"}, signer=signer).base_client
        for region in given["regions"]:
            made.set_region(region)
            answers.append([service, name, region, without_namespace(made.get_endpoint())])
    return answers


for line in sys.stdin:
    print(json.dumps(scenario(json.loads(line))), flush=True)
