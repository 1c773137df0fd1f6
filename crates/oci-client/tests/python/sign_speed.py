"""Prints how long Oracle's SDK takes to sign a request, in microseconds: the best of several."""

import json
import sys
import time

import oci
from oci._vendor import requests


class Signer(oci.signer.AbstractBaseSigner):
    def __init__(self, pem):
        generic = ["date", "(request-target)", "host"]
        body = ["content-length", "content-type", "x-content-sha256"]
        self.create_signers("t/u/f", oci.signer.load_private_key(pem, None), generic, body)


def best(signer, method, body, samples):
    url = "https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/vcns?compartmentId=ocid1.compartment.oc1..c"
    prepared = requests.Request(method, url, headers={"content-type": "application/json"}, data=body).prepare()
    times = []
    for _ in range(samples):
        copy = prepared.copy()
        started = time.perf_counter()
        signer(copy)
        times.append(time.perf_counter() - started)
    return min(times) * 1e6


for line in sys.stdin:
    given = json.loads(line)
    body = "x" * given["body_bytes"] or None
    print(json.dumps(best(Signer(given["pem"]), given["method"], body, given["samples"])), flush=True)
