#!/usr/bin/python3
"""Keeps the report of a boot: report.py FILE LOG begin | waiting WHAT | step NAME RESULT SECONDS [STATUS] | ready.

The report is one JSON object that says which step ended how, after how long, and for a failed one the last lines of the log.
"""
import json
import os
import sys
import time

LINES_MAX = 40


def last_lines(log):
    """The end of the log, as text that is safe to show."""
    with open(log, errors="replace") as file:
        return [line.rstrip("\n")[:500] for line in file.readlines()[-LINES_MAX:]]


def main(path, log, verb, *rest):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    report = {"format": 1, "host": os.uname().nodename, "state": "running", "begun": now, "steps": []}
    before = None
    try:
        with open(path) as file:
            before = json.load(file)
    except (OSError, ValueError):
        if verb != "begin":
            raise
    if verb == "begin":
        report["attempt"] = before.get("attempt", 1) + 1 if isinstance(before, dict) else 1
    else:
        report = before
    report.pop("waiting", None)
    if verb == "waiting":
        report["waiting"] = rest[0]
    elif verb == "step":
        name, result, seconds = rest[0], rest[1], int(rest[2])
        entry = {"name": name, "result": result, "seconds": seconds, "ended": now}
        if result == "failed":
            entry["status"] = int(rest[3])
            entry["last_lines"] = last_lines(log)
            report["state"] = "failed"
        report["steps"].append(entry)
    elif verb == "ready":
        report["state"] = "ready"
    report["updated"] = now
    with open(path + ".new", "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main(*sys.argv[1:])
