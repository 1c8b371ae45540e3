"""Measures ipvsadm, keepalived and the gateway on the same 2,000 virtual services of 10 real servers.

Runs where the kernel has IPVS, in a network namespace that it fills and empties (see `run`). The contestants
take turns in one machine, so that a busy host slows all of them. Prints seconds as JSON at the end.
"""

import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time

from ipvs_netlink import Witness
from portcullis_testing import witnesses
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

LOADS = 3
RELOADS = 5


class Benchmark:
    def __init__(self, inputs):
        self.inputs = pathlib.Path(inputs)
        self.gateway = binary("portcullis-gateway")
        self.witness = Witness()
        destinations = [line.split() for line in (self.inputs / "restore.ipvs").read_text().splitlines()
                        if line.startswith("-a")]
        self.first, self.last = (self._endpoint(words[2]) for words in (destinations[0], destinations[-1]))
        self.changed = self._endpoint(destinations[0][4])[0]
        self.expected = len(destinations)
        self.seconds = {}

    def run(self):
        # Once unmeasured: what both sides read from disk for the first time is not their work.
        run(self.gateway, "--help")
        run("ipvsadm", "--restore", input="")
        for _ in range(LOADS):
            self.ipvsadm()
            self.apply()
        self.change()
        self.keepalived()
        return self.seconds

    def ipvsadm(self):
        with open(self.inputs / "restore.ipvs", "rb") as script, self._emptied(), self._timed("ipvsadm"):
            run("ipvsadm", "--restore", stdin=script)

    def apply(self):
        """The whole program, from its start to its end, as it is for ipvsadm."""
        with tempfile.TemporaryDirectory() as state, self._emptied(), self._timed("apply"):
            run(self.gateway, "sync", "--file", self.inputs / "services-100.csv", "--state-directory", f"{state}/state",
                "--run-directory", f"{state}/run", "--location", "large", "--log-level", "error")

    def change(self):
        """A process that has the first export in force takes one with another weight; it times itself."""
        for _ in range(RELOADS):
            with self._emptied(weight=50):
                output = run(binary("portcullis-bench"), self.inputs / "services-100.csv", self.inputs / "services-50.csv")
            phase = json.loads(output.splitlines()[-1])
            timing = phase["timing"]
            assert timing["changes"] == 1, phase
            self._record("change from the CSV", (phase["digest"] + timing["total"]) / 1000)
            self._record("change from the desired state", (timing["read"] + timing["diff"] + timing["apply"]) / 1000)

    def keepalived(self):
        """First load, then reloads for one weight: from SIGHUP until the kernel has it."""
        texts = {weight: (self.inputs / f"keepalived-{weight}.conf").read_text() for weight in (100, 50)}
        with tempfile.TemporaryDirectory() as folder, self._emptied(weight=None):
            configuration = pathlib.Path(folder) / "keepalived.conf"
            configuration.write_text(texts[100])
            with self._timed("keepalived"):
                process = Process("keepalived", "--check", "--dont-fork", "--log-console", f"--use-file={configuration}",
                                  f"--pid={folder}/pid", f"--checkers_pid={folder}/checkers.pid", log=f"{folder}/log")
                self._wait(lambda: len(self.witness.weights(*self.last)) == 10)
            try:
                self._check(100)
                for turn in range(RELOADS):
                    time.sleep(2)
                    weight = (50, 100)[turn % 2]
                    configuration.write_text(texts[weight])
                    with self._timed("keepalived's reload"):
                        os.kill(process.pid, signal.SIGHUP)
                        self._wait(lambda weight=weight: self._weight() == weight)
            finally:
                process.stop(120)

    # --- Parts ---

    @contextlib.contextmanager
    def _emptied(self, weight=100):
        """Checks afterwards what has come into the kernel, a contestant that did less being none, and empties it."""
        yield
        if weight is not None:
            self._check(weight)
        witnesses.clear(HERE)
        time.sleep(1)

    def _check(self, weight):
        found = pathlib.Path("/proc/thread-self/net/ip_vs").read_text().count("  -> ") - 1
        assert found == self.expected, f"{found} real servers in the kernel instead of {self.expected}"
        assert self._weight() == weight, f"weight {self._weight()} in the kernel instead of {weight}"

    @contextlib.contextmanager
    def _timed(self, name):
        began = time.monotonic()
        yield
        self._record(name, time.monotonic() - began)

    def _record(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)
        print(f"  {name}: {seconds:.4f} s", file=sys.stderr, flush=True)

    def _weight(self):
        return self.witness.weights(*self.first).get(self.changed)

    @staticmethod
    def _endpoint(text):
        address, port = text.rsplit(":", 1)
        return address, int(port)

    @staticmethod
    def _wait(condition):
        eventually(condition, 900, "the kernel's getting there", pause=0.01)


if __name__ == "__main__":
    inputs, output = sys.argv[1:]
    pathlib.Path(output).write_text(json.dumps(Benchmark(inputs).run()))
