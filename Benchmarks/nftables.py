"""Measures `nft -f` of 100,000 set elements against the gateway from the export of the same, in this namespace.

Whole programs are measured, from a file to the kernel, and of ours the transaction by itself as well (difference,
encoding, commit: what a changed export costs once it is read). The export is 50,000 destination NATs, each an element of
the set of admitted ports and one of the map of targets, as these need no IPVS; nft gets its own listing of the table.
"""

import json
import pathlib
import sys
import time

from portcullis_testing.processes import run
from portcullis_testing.repository import binary

REPEATS = 7


def elements():
    """How many elements our table has, but for the addresses."""
    listing = json.loads(run("nft", "-j", "list", "table", "inet", "portcullis"))
    return sum(len(part.get("elem", [])) for entry in listing["nftables"] for kind, part in entry.items()
               if kind in ("set", "map") and not part["name"].startswith("addresses"))


def delete():
    run("nft", "delete", "table", "inet", "portcullis")


def main(inputs, output):
    inputs = pathlib.Path(inputs)
    commands = {"nft": ["nft", "-f", inputs / "elements.nft"],
                "elements": [binary("portcullis-bench"), "--target", "table", inputs / "elements.csv"]}
    run(*commands["elements"])
    (inputs / "elements.nft").write_text(run("nft", "list", "table", "inet", "portcullis"))
    delete()

    seconds = {name: [] for name in (*commands, "transaction")}
    for _ in range(REPEATS):
        for name, command in commands.items():
            began = time.monotonic()
            printed = run(*command)
            seconds[name].append(time.monotonic() - began)
            if name == "elements":
                timing = json.loads(printed)["timing"]
                seconds["transaction"].append((timing["read"] + timing["diff"] + timing["apply"]) / 1000)
            print(f"  {name}: {seconds[name][-1]:.4f} s", file=sys.stderr, flush=True)
            assert elements() == 100_000, f"{elements()} elements"
            delete()
    pathlib.Path(output).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
