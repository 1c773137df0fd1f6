"""Reads the list of processes for as long as it runs, and keeps each command line that it ever saw."""
import os
import time

boot = open("/test/boot").read().strip()
seen = set()
with open(f"/test/processes-{boot}", "wb", buffering=0) as out:
    while True:
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/cmdline", "rb") as file:
                        line = file.read().replace(b"\0", b" ")
                except OSError:
                    continue
                if line not in seen:
                    seen.add(line)
                    out.write(line.replace(b"\n", b" ") + b"\n")
        time.sleep(0.01)
