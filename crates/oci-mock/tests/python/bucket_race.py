"""A bucket, and conditional puts that race from two processes: exactly one wins each round."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oci
from support import TENANCY, cli, client, equal, fields, refused

ROUNDS = 20
storage = client(oci.object_storage.ObjectStorageClient)
namespace = storage.get_namespace().data

if len(sys.argv) > 1:
    # One of the two racers: it says in which rounds it won.
    for round_number in range(ROUNDS):
        try:
            storage.put_object(namespace, "locks", f"round-{round_number}", sys.argv[1].encode(), if_none_match="*")
            print(round_number)
        except oci.exceptions.ServiceError as error:
            assert (error.status, error.code) in ((412, "IfNoneMatchFailed"), (409, "ConcurrentObjectUpdate")), error
    sys.exit(0)

models = oci.object_storage.models
bucket = storage.create_bucket(
    namespace, models.CreateBucketDetails(name="locks", compartment_id=TENANCY, versioning="Disabled")
).data
fields(bucket, namespace=namespace, name="locks", public_access_type="NoPublicAccess", storage_tier="Standard")
racers = [
    subprocess.Popen([sys.executable, os.path.abspath(__file__), name], stdout=subprocess.PIPE, text=True)
    for name in ("a", "b")
]
wins = [racer.communicate()[0].split() for racer in racers]
assert all(racer.returncode == 0 for racer in racers), [racer.returncode for racer in racers]
equal(sorted(map(int, wins[0] + wins[1])), list(range(ROUNDS)), "each round has one winner")
for round_number in range(ROUNDS):
    held = storage.get_object(namespace, "locks", f"round-{round_number}").data.content.decode()
    assert str(round_number) in wins["ab".index(held)], (round_number, held)

# The state behind the lock: replaced only by who has read it.
first = storage.put_object(namespace, "locks", "env/a b.json", b'{"serial": 1}', opc_meta={"lineage": "x"})
etag = first.headers["etag"]
refused(412, "IfMatchFailed", storage.put_object, namespace, "locks", "env/a b.json", b"{}", if_match="other")
second = storage.put_object(namespace, "locks", "env/a b.json", b'{"serial": 2}', if_match=etag)
read = storage.get_object(namespace, "locks", "env/a b.json")
equal((read.data.content, read.headers["etag"]), (b'{"serial": 2}', second.headers["etag"]))
assert read.headers["content-md5"], "clients compare it"
head = storage.head_object(namespace, "locks", "env/a b.json")
equal(head.headers["content-length"], "13")
part = storage.get_object(namespace, "locks", "env/a b.json", range="bytes=2-7")
equal((part.status, part.data.content), (206, b"serial"))
equal(storage.head_object(namespace, "locks", "round-0").status, 200)
refused(404, "ObjectNotFound", storage.get_object, namespace, "locks", "none")

listed = storage.list_objects(namespace, "locks", delimiter="/", fields="name,size").data
equal(listed.prefixes, ["env/"], "prefixes")
equal([each.size for each in listed.objects], [1] * ROUNDS, "sizes")

with tempfile.NamedTemporaryFile(suffix=".txt") as upload:
    upload.write(b"from the CLI")
    upload.flush()
    cli("os", "object", "put", "--bucket-name", "locks", "--file", upload.name, "--name", "cli.txt", "--force")
listed = cli("os", "object", "list", "--bucket-name", "locks", "--prefix", "cli")["data"]
equal([(each["name"], each["size"]) for each in listed], [("cli.txt", 12)])

refused(409, "BucketNotEmpty", storage.delete_bucket, namespace, "locks")
for each in storage.list_objects(namespace, "locks").data.objects:
    storage.delete_object(namespace, "locks", each.name)
storage.delete_bucket(namespace, "locks")
refused(404, "BucketNotFound", storage.get_bucket, namespace, "locks")
