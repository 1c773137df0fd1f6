"""Makes calls with Oracle's SDK and tells what would have gone over the wire: one call a line in, one answer out.

In:  ["core", "VirtualNetworkClient", "get_vcn", ["ocid1.vcn…"], {"keyword": "argument"}]
     where {"$model": ["core", "Vcn"], …} stands for a model with these attributes.
Out: {"method": "GET", "target": "/20160918/vcns/…", "headers": {…}, "body": "…"} or {"refused": "…"}
"""

import importlib
import json
import sys
from urllib.parse import urlsplit

import oci
from cryptography.hazmat.primitives.asymmetric import rsa
from oci._vendor import requests


class Caught(Exception):
    """Carries a request that was about to leave."""


class Catcher(requests.adapters.HTTPAdapter):
    def send(self, request, **_):
        raise Caught(request)


# The SDK wants some key to sign with; what it signs is not looked at.
SIGNER = oci.auth.signers.SecurityTokenSigner(
    "a-token-for-tests", rsa.generate_private_key(public_exponent=65537, key_size=2048))


def client_of(service, name):
    module = importlib.import_module("oci." + service)
    client = getattr(module, name)({"region": "eu-frankfurt-1"}, signer=SIGNER, service_endpoint="http://localhost:1",
                                   retry_strategy=oci.retry.NoneRetryStrategy())
    for scheme in ("http://", "https://"):
        client.base_client.session.mount(scheme, Catcher())
    return client


def built(value):
    if isinstance(value, list):
        return [built(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: built(item) for key, item in value.items() if key != "$model"}
    if "$model" not in value:
        return inner
    service, name = value["$model"]
    return getattr(importlib.import_module("oci." + service + ".models"), name)(**inner)


def caught(error):
    """The request inside an exception: the SDK wraps what its transport throws."""
    while error is not None:
        if isinstance(error, Caught):
            return error.args[0]
        error = error.__cause__ or error.__context__
    return None


clients = {}
for line in sys.stdin:
    service, name, operation, arguments, keywords = json.loads(line)
    if (service, name) not in clients:
        clients[service, name] = client_of(service, name)
    try:
        getattr(clients[service, name], operation)(*built(arguments), **built(keywords))
        answer = {"refused": "nothing was sent"}
    except Exception as error:
        request = caught(error)
        if request is None:
            answer = {"refused": "%s: %s" % (type(error).__name__, error)}
        else:
            parts = urlsplit(request.url)
            body = request.body
            if hasattr(body, "read"):
                body = body.read()
            if isinstance(body, bytes):
                body = body.decode("utf-8")
            answer = {
                "method": request.method,
                # As the wire has it: not what urlsplit makes of it.
                "target": request.url[len(parts.scheme) + 3 + len(parts.netloc):],
                "headers": {key.lower(): value if isinstance(value, str) else value.decode("latin-1")
                            for key, value in request.headers.items()},
                "body": body,
            }
    print(json.dumps(answer), flush=True)
