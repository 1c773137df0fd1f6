"""Reads the texts on stdin, one JSON string a line, as Oracle's tools read their configuration file."""

import configparser
import io
import json
import sys


def read(text):
    parser = configparser.ConfigParser(interpolation=None)
    try:
        # As a file opened in text mode: all line ends are equal.
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        return None
    return {name: dict(parser[name]) for name in parser}


for line in sys.stdin:
    print(json.dumps(read(json.loads(line))), flush=True)
