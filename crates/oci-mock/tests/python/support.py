"""What the scripts share: clients of the mock, and comparisons that say what differs."""

import json
import os
import subprocess

import oci

URL = os.environ["MOCK_URL"]
CONFIG_FILE = os.environ["MOCK_CONFIG"]
CONFIG = oci.config.from_file(CONFIG_FILE)
TENANCY = CONFIG["tenancy"]


def client(kind):
    """A client of this class that talks to the mock, without retries, so that a refusal is seen at once."""
    return kind(CONFIG, service_endpoint=URL, retry_strategy=oci.retry.NoneRetryStrategy())


def equal(actual, expected, what=""):
    assert actual == expected, f"{what}: {actual!r} is not {expected!r}"


def fields(model, **expected):
    """Compares parsed fields: that no exception came proves little."""
    for name, value in expected.items():
        equal(getattr(model, name), value, f"{type(model).__name__}.{name}")


def refused(status, code, call, *args, **kwargs):
    """The call is refused with this status and code; returns the error."""
    try:
        call(*args, **kwargs)
    except oci.exceptions.ServiceError as error:
        equal((error.status, error.code), (status, code), error.message)
        assert error.request_id, "an error carries a request id"
        return error
    raise AssertionError(f"{call.__name__} was not refused with {status} {code}")


def cli(*args):
    """Runs Oracle's CLI against the mock and returns its parsed output; None when there is none."""
    command = [os.environ["MOCK_CLI"], "--config-file", CONFIG_FILE, "--endpoint", URL, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(args)} failed ({done.returncode}):\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None
