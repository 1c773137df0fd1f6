"""Reads models with Oracle's SDK and writes them again: one JSON document a line in, one a line out.

In:  {"service": "core", "model": "Vcn", "json": "<the model, as text>"}
Out: {"json": {...}} or {"refused": "<the SDK's words>"}
"""

import importlib
import json
import logging
import sys

from oci.base_client import BaseClient


def client_of(service):
    """A client that knows the service's models, and nothing of networks or keys."""
    mappings = importlib.import_module("oci." + service + ".models")
    name = service + "_type_mapping"
    types = getattr(mappings, name)
    client = BaseClient.__new__(BaseClient)
    client.complex_type_mappings = types
    client.type_mappings = dict(BaseClient.primitive_type_map)
    client.type_mappings.update(types)
    client.skip_deserialization = False
    client._allow_control_chars = None
    client.logger = logging.getLogger("round-trip")
    return client


clients = {}
for line in sys.stdin:
    order = json.loads(line)
    service = order["service"]
    if service not in clients:
        clients[service] = client_of(service)
    client = clients[service]
    try:
        model = client.deserialize_response_data(order["json"].encode("utf-8"), order["model"])
        answer = {"json": client.sanitize_for_serialization(model)}
    except (ValueError, TypeError, KeyError) as error:
        answer = {"refused": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
