"""Prints the measurements as a table with their ratios; the exit status says whether the targets are met."""

import json
import pathlib
import statistics
import sys

# What is measured, against what, and the most that it may take of that.
ROWS = [
    ("2,000 × 10 into an empty kernel", "apply", "ipvsadm --restore", "ipvsadm", 0.45),
    ("", "apply", "keepalived's first load", "keepalived", None),
    ("one weight, from the changed CSV", "change from the CSV", "keepalived's reload", "keepalived's reload", 1 / 8),
    ("one weight, from the desired state", "change from the desired state", "keepalived's reload", "keepalived's reload",
     1 / 50),
    ("100,000 set elements, transaction", "transaction", "nft -f", "nft", 0.6),
    ("100,000 set elements, from the CSV", "elements", "nft -f", "nft", None),
    ("poll, 10,000 gateways known, CPU", "a poll, 10,000 gateways being known, CPU", "10 known",
     "a poll, 10 gateways being known, CPU", 1.25),
    ("the same after a restart, CPU", "a poll, 10,000 gateways being known, after a restart, CPU", "10 known",
     "a poll, 10 gateways being known, CPU", 1.25),
    ("a node's poll, 10,000 servers, CPU", "a poll of assignments, 10,000 servers being known, CPU", "a gateway's",
     "a poll, 10,000 gateways being known, CPU", 1.25),
    ("a version with one new file", "a version with one new file", "rsync and sync -f",
     "rsync of a version with one new file", 1.1),
    ("audit of all of 10,000 × 10, CPU", "an audit of every real server, CPU", "its first load, CPU", "first load, CPU", 0.5),
    ("one weight, during such an audit", "a change during an audit", "without one", "a change", 1.2),
    ("a TCP check of 1,000 a second, CPU", "checks, CPU", "keepalived's", "keepalived's checks, CPU", 1.5),
    ("until servers that go are down", "checks, until servers that go are down", "keepalived's",
     "keepalived's checks, until servers that go are down", 1.1),
    ("one of 5,000 servers replaced, CPU", "a server replaced, with IPVS, CPU", "keepalived's reload",
     "keepalived's reload of a server, CPU", 1 / 8),
    ("the same, until the kernel has it", "a server replaced, with IPVS, time", "keepalived's reload",
     "keepalived's reload of a server, time", 1 / 8),
]

# What is measured by itself, its unit, how many of these a second, a MiB or a byte is, and the most that it may be.
SCALE = [
    ("one row of 100,000 changed, CPU", "ms", 1000, 150),
    ("an unchanged poll, CPU", "ms", 1000, 1),
    ("resident memory at 10,000 × 10", "MiB", 1, 200),
    ("at its highest", "MiB", 1, None),
    ("resident memory with IPVS", "MiB", 1, None),
    ("at its highest with IPVS", "MiB", 1, 160),
    ("resident memory at 100,000 targets", "MiB", 1, None),
    ("change to kernel at 10,000 rows, median", "ms", 1000, None),
    ("change to kernel at 10,000 rows, p99", "ms", 1000, 100),
    ("5,000 configurations changed by one file, CPU", "ms", 1000, 300),
    ("100 of 5,000 configurations changed, CPU", "ms", 1000, 20),
    ("an unchanged poll of a configuration, CPU", "ms", 1000, 0.2),
    ("bytes for a version with one new file", "MiB", 1 / (1 << 20), 1.3),
    ("lateness of 5,000 checks each 5 s, p99", "ms", 1000, 100),
    ("a TCP check, CPU", "ms", 1000, None),
    ("resident memory at 5,000 checks", "MiB", 1, None),
    ("a server replaced, CPU", "ms", 1000, 50),
    ("a server replaced, the daemon's CPU", "ms", 1000, None),
]


def verdict(value, target):
    return "" if target is None else "  met" if value <= target else "  MISSED"


def main(paths):
    seconds = {}
    for path in paths:
        for name, values in json.loads(pathlib.Path(path).read_text()).items():
            seconds[name] = statistics.median(values)
    missed = 0
    print(f"\n{'':<36}{'portcullis':>12}  {'against':<25}{'':>10}{'ratio':>9}{'at most':>9}")
    for what, ours, against, theirs, target in ROWS:
        ratio = seconds[ours] / seconds[theirs]
        judgement = verdict(ratio, target)
        missed += "MISSED" in judgement
        limit = "" if target is None else f"{target:.3f}"
        print(f"{what:<36}{seconds[ours]:>10.4f} s  {against:<25}{seconds[theirs]:>8.3f} s{ratio:>9.4f}{limit:>9}{judgement}")
    print()
    for what, unit, factor, target in SCALE:
        value = seconds[what] * factor
        judgement = verdict(value, target)
        missed += "MISSED" in judgement
        limit = "" if target is None else f"at most {target}"
        print(f"{what:<44}{value:>9.2f} {unit:<6}{limit:>12}{judgement}")
    print("\nMedians of several runs that took turns on the same kernel.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
