"""Whether a bill of materials (CycloneDX, JSON) names every package of Cargo.lock that is in the build, with its version,
its hash and its licence: `python tests/real/bill.py FILE`."""

import json
import subprocess
import sys


def built():
    """Name and version of every package that the program is built from, as Cargo itself resolves it."""
    command = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {(name, version.removeprefix("v")) for name, version, *_ in map(str.split, filter(None, lines))}


def main(file):
    with open(file, encoding="utf-8") as bill:
        document = json.load(bill)
    own = document["metadata"]["component"]
    told = {(part["name"], part["version"]) for part in document["components"]} | {(own["name"], own["version"])}
    bare = [part["name"] for part in document["components"] if not part.get("hashes") or not part.get("licenses")]
    missing = sorted(built() - told)
    if missing or bare:
        sys.exit(f"{file}: missing {missing}; without hash or licence {bare}")
    print(f"{file} names {len(told)} packages")


main(*sys.argv[1:])
