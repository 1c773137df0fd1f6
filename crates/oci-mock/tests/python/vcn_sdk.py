"""A VCN from its creation to its end, by Oracle's Python SDK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from oci.core.models import CreateVcnDetails, UpdateVcnDetails
from support import CONFIG, CONFIG_FILE, TENANCY, URL, client, equal, fields, refused

network = client(oci.core.VirtualNetworkClient)

details = CreateVcnDetails(
    compartment_id=TENANCY,
    cidr_blocks=["10.0.0.0/16", "10.1.0.0/24"],
    dns_label="moodle",
    display_name="Moodle & Söhne",
    freeform_tags={"stack": "demo"},
)
created = network.create_vcn(details, opc_retry_token="one-token")
vcn = created.data
equal(created.status, 200)
assert created.headers["etag"], created.headers
assert created.request_id.count("/") == 2, created.request_id
fields(
    vcn,
    cidr_block="10.0.0.0/16",
    cidr_blocks=["10.0.0.0/16", "10.1.0.0/24"],
    compartment_id=TENANCY,
    display_name="Moodle & Söhne",
    dns_label="moodle",
    vcn_domain_name="moodle.oraclevcn.com",
    freeform_tags={"stack": "demo"},
    lifecycle_state="PROVISIONING",
)
equal(vcn.defined_tags["Oracle-Tags"]["CreatedBy"], "admin@example.com")
assert vcn.time_created.tzinfo is not None
assert vcn.id.startswith("ocid1.vcn.oc1.eu-frankfurt-1."), vcn.id

# The same token makes no second VCN; another body under it is refused.
equal(network.create_vcn(details, opc_retry_token="one-token").data.id, vcn.id)
details.display_name = "another"
refused(400, "InvalidParameter", network.create_vcn, details, opc_retry_token="one-token")

vcn = oci.wait_until(network, network.get_vcn(vcn.id), "lifecycle_state", "AVAILABLE").data

# Pages of two, by the SDK's own pager.
others = [
    network.create_vcn(CreateVcnDetails(compartment_id=TENANCY, cidr_block="10.0.0.0/16", display_name=f"n{i}")).data
    for i in range(4)
]
pages = oci.pagination.list_call_get_all_results(
    network.list_vcns, TENANCY, limit=2, sort_by="DISPLAYNAME", sort_order="ASC"
)
equal([each.display_name for each in pages.data], ["Moodle & Söhne", "n0", "n1", "n2", "n3"])
equal([each.id for each in network.list_vcns(TENANCY, display_name="n2").data], [others[2].id])
equal(network.list_vcns(TENANCY, lifecycle_state="TERMINATED").data, [])

# An update changes the etag; the old one no longer fits.
etag = network.get_vcn(vcn.id).headers["etag"]
updated = network.update_vcn(vcn.id, UpdateVcnDetails(display_name="renamed"), if_match=etag)
fields(updated.data, display_name="renamed", freeform_tags={"stack": "demo"})
assert updated.headers["etag"] != etag
refused(412, "NoEtagMatch", network.update_vcn, vcn.id, UpdateVcnDetails(display_name="no"), if_match=etag)

refused(404, "NotAuthorizedOrNotFound", network.get_vcn, vcn.id[:-4] + "aaaa")
error = refused(
    400, "InvalidParameter", network.create_vcn, CreateVcnDetails(compartment_id=TENANCY, cidr_block="10.0.0.0/8")
)
assert "cidrBlocks[0]" in error.message, error.message

for each in [vcn, *others]:
    equal(network.delete_vcn(each.id).status, 204)
gone = oci.wait_until(
    network, network.get_vcn(vcn.id), "lifecycle_state", "TERMINATED", succeed_on_not_found=True
)
fields(gone.data, lifecycle_state="TERMINATED")
refused(409, "InvalidatedRetryToken", network.create_vcn,
        CreateVcnDetails(compartment_id=TENANCY, cidr_blocks=["10.0.0.0/16", "10.1.0.0/24"], dns_label="moodle",
                         display_name="Moodle & Söhne", freeform_tags={"stack": "demo"}),
        opc_retry_token="one-token")

# A key that the mock does not know.
stranger = dict(CONFIG, fingerprint="00:" * 15 + "00")
refused(401, "NotAuthenticated",
        oci.core.VirtualNetworkClient(stranger, service_endpoint=URL, retry_strategy=oci.retry.NoneRetryStrategy()).list_vcns,
        TENANCY)

# The same user by a session token.
session = oci.config.from_file(CONFIG_FILE, "SESSION")
with open(session["security_token_file"], encoding="ascii") as file:
    token = file.read()
signer = oci.auth.signers.SecurityTokenSigner(token, oci.signer.load_private_key_from_file(session["key_file"]))
by_session = oci.core.VirtualNetworkClient(
    session, signer=signer, service_endpoint=URL, retry_strategy=oci.retry.NoneRetryStrategy()
)
equal(by_session.list_vcns(TENANCY).status, 200)
signer = oci.auth.signers.SecurityTokenSigner(
    token[:-1] + "X", oci.signer.load_private_key_from_file(session["key_file"])
)
by_session = oci.core.VirtualNetworkClient(
    session, signer=signer, service_endpoint=URL, retry_strategy=oci.retry.NoneRetryStrategy()
)
refused(401, "NotAuthenticated", by_session.list_vcns, TENANCY)
