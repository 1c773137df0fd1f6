"""A DB system from its creation to its end, by Oracle's CLI, which waits for work requests."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from network import subnet
from support import TENANCY, cli, equal

WAIT = ("--wait-for-state", "SUCCEEDED", "--wait-interval-seconds", "1")
place = subnet()

done = cli(
    "mysql", "db-system", "create", "--compartment-id", TENANCY, "--shape-name", "MySQL.4", "--subnet-id", place.id,
    "--admin-username", "admin", "--admin-password", "Correct-horse-9", "--display-name", "cli",
    "--hostname-label", "cli", "--is-highly-available", "false", *WAIT,
)["data"]
equal((done["operation-type"], done["status"]), ("CREATE_DBSYSTEM", "SUCCEEDED"))
system_id = done["resources"][0]["identifier"]

cli("mysql", "db-system", "list", "--compartment-id", TENANCY, "--all")
system = cli("mysql", "db-system", "get", "--db-system-id", system_id)["data"]
equal((system["display-name"], system["shape-name"], system["mysql-version"][:4]), ("cli", "MySQL.4", "8.4."))

updated = cli("mysql", "db-system", "update", "--db-system-id", system_id, "--data-storage-size-in-gbs", "100", *WAIT)
equal(updated["data"]["operation-type"], "UPDATE_DBSYSTEM")
system = cli("mysql", "db-system", "get", "--db-system-id", system_id)["data"]
equal(system["data-storage-size-in-gbs"], 100)

cli("mysql", "db-system", "delete", "--db-system-id", system_id, "--force", *WAIT)
system = cli("mysql", "db-system", "get", "--db-system-id", system_id)["data"]
assert system["lifecycle-state"] in ("DELETING", "DELETED"), system["lifecycle-state"]
