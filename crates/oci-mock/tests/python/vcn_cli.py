"""A VCN from its creation to its end, by Oracle's CLI."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support import TENANCY, cli, equal

vcn = cli(
    "network", "vcn", "create", "--compartment-id", TENANCY, "--cidr-block", "10.0.0.0/16", "--dns-label", "moodle",
    "--display-name", "net", "--wait-for-state", "AVAILABLE", "--wait-interval-seconds", "1",
)["data"]
equal(vcn["cidr-blocks"], ["10.0.0.0/16"])
equal(vcn["lifecycle-state"], "AVAILABLE")
equal(vcn["vcn-domain-name"], "moodle.oraclevcn.com")

listed = cli("network", "vcn", "list", "--compartment-id", TENANCY, "--all", "--page-size", "1")["data"]
equal([each["id"] for each in listed], [vcn["id"]])

updated = cli("network", "vcn", "update", "--vcn-id", vcn["id"], "--display-name", "renamed")
equal(updated["data"]["display-name"], "renamed")
assert updated["etag"], updated

cli("network", "vcn", "delete", "--vcn-id", vcn["id"], "--force",
    "--wait-for-state", "TERMINATED", "--wait-interval-seconds", "1")
equal(cli("network", "vcn", "get", "--vcn-id", vcn["id"])["data"]["lifecycle-state"], "TERMINATED")
