"""Reads names of files, a line each. For each file: cloud-init's schema, then what cloud-init reads from it, as JSON."""
import json
import sys

import yaml
from cloudinit.config import schema

# The same grammar in C: cloud-init's own choice takes a second for each file.
SCHEMA = schema.get_schema()
for line in sys.stdin:
    with open(line.rstrip("\n"), encoding="utf-8") as file:
        text = file.read()
    if not text.startswith("#cloud-config\n"):
        sys.exit(f"{line}: cloud-init would not take it for cloud-config")
    config = yaml.load(text, Loader=yaml.CSafeLoader)
    try:
        schema.validate_cloudconfig_schema(config, SCHEMA, strict=True)
    except schema.SchemaValidationError as error:
        sys.exit(f"{line}: {error}")
    print(json.dumps(config))
