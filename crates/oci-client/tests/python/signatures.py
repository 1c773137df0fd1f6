"""Verifies our signatures, and makes signatures for us to verify, with the code of Oracle's SDK.

Reads JSON lines: {"verify": request} is answered by {"accepted": bool, "why": text}, {"sign": request} by the
request as it would be sent.
"""

import base64
import functools
import hashlib
import json
import sys

import oci
from oci._vendor import httpsig_cffi, requests

# HeaderVerifier lives in a module that the package does not import by itself.
import oci._vendor.httpsig_cffi.verify  # noqa: F401


@functools.lru_cache(maxsize=None)
def private_key(pem):
    return oci.signer.load_private_key(pem, None)


def verify(given):
    headers = {name: value for name, value in given["headers"]}
    try:
        verifier = httpsig_cffi.verify.HeaderVerifier(
            headers,
            given["public_pem"].encode("ascii"),
            required_headers=given["required"],
            method=given["method"],
            path=given["target"],
        )
        if not verifier.verify():
            return {"accepted": False, "why": "the signature is wrong"}
    except Exception as error:  # whatever it is, the request was not accepted
        return {"accepted": False, "why": repr(error)}
    body = base64.b64decode(given["body"])
    if "x-content-sha256" in given["required"]:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
        if headers["x-content-sha256"] != digest:
            return {"accepted": False, "why": "the digest is wrong"}
        if headers["content-length"] != str(len(body)):
            return {"accepted": False, "why": "the length is wrong"}
    return {"accepted": True, "why": ""}


class Signer(oci.signer.AbstractBaseSigner):
    def __init__(self, key_id, pem, generic_headers):
        body_headers = ["content-length", "content-type", "x-content-sha256"]
        self.create_signers(key_id, private_key(pem), generic_headers, body_headers)


def sign(given):
    generic = ["date", "(request-target)", "host"]
    headers = dict(given["headers"])
    if given["delegation_token"]:
        generic.append("opc-obo-token")
        headers["opc-obo-token"] = given["delegation_token"]
    body = base64.b64decode(given["body"]) or None
    request = requests.Request(given["method"], given["url"], headers=headers, data=body)
    prepared = request.prepare()
    signer = Signer(given["key_id"], given["private_pem"], generic)
    signed = signer(prepared, enforce_content_headers=given["body_signed"])
    sent = signed.body or b""
    if isinstance(sent, str):
        sent = sent.encode("utf-8")
    # What requests adds by itself is not signed, and says nothing.
    return {
        "method": signed.method,
        "target": signed.path_url,
        "headers": [[name.lower(), value] for name, value in signed.headers.items()],
        "body": base64.b64encode(sent).decode("ascii"),
    }


for line in sys.stdin:
    question = json.loads(line)
    answer = verify(question["verify"]) if "verify" in question else sign(question["sign"])
    print(json.dumps(answer), flush=True)
