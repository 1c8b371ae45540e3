"""Measures by how much the probes of portcullis-checks are late at 5,000 TCP checks each 5 seconds.

Runs in a network namespace of its own on this host's kernel: times are measured here, not in the emulated machine.
"""

import json
import pathlib
import sys
import tempfile
import time

from portcullis_testing.prober import Accepting, Prober, addresses

TARGETS = addresses(5_000)


def measure():
    with tempfile.TemporaryDirectory() as folder, Accepting():
        prober = Prober(folder)
        prober.greet()
        prober.tell(*(f"target {number} {address} {Accepting.PORT} up 1 tcp" for number, address in enumerate(TARGETS)),
                    "whole")
        began = time.monotonic()
        first = prober.alive()
        # The latenesses are those of the last ten seconds.
        while time.monotonic() < began + 25:
            state = prober.alive()
        assert state["targets"] == len(TARGETS) and state["failed"] == 0, state
        cpu = prober.cpu / (state["probes"] or 1)
        print(f"  {state['probes'] - first['probes']} probes; late by {state['median']} µs in the median, {state['p99']} µs p99, "
              f"{state['maximum']} µs at most", file=sys.stderr)
        memory = prober.memory() / 1024
        prober.end()
    return {"lateness of 5,000 checks each 5 s, p99": [state["p99"] / 1e6], "a TCP check, CPU": [cpu],
            "resident memory at 5,000 checks": [memory]}


if __name__ == "__main__":
    _, output = sys.argv[1:]
    pathlib.Path(output).write_text(json.dumps(measure()))
