"""Measures the daemon at 10,000 virtual services of 10 real servers on a kernel with IPVS, as users run it: its first load, an audit of every real
server, the time that a change takes while an audit runs and while none does, and its memory.

Runs where the kernel has IPVS, in a network namespace (see `run`). CPU is that of the daemon's whole process. A change is timed from
the moment the export has been sent until the kernel has the weight.
"""

import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer

from daemon import STUB, Daemon, TimedExport
from ipvs_netlink import Witness
from portcullis_testing.waiting import eventually

ROUNDS = 3
CHANGES = 5


class Benchmark:
    def __init__(self, export):
        self.witness, self.results = Witness(), {}
        row = export.splitlines()[1].decode().split(",")
        self.service, self.server = (row[4], int(row[5])), row[-3]
        lines = export.split(b"\n")
        self.exports = {}
        for weight in (100, 50):
            cells = lines[1].split(b",")
            cells[-1] = str(weight).encode()
            self.exports[weight] = b"\n".join([lines[0], b",".join(cells), *lines[2:]])

    def run(self):
        server = ThreadingHTTPServer(("127.0.0.1", STUB), TimedExport)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        TimedExport.export = self.exports[100]
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(folder, f"http://127.0.0.1:{STUB}", interval=1)
            try:
                self.load(daemon)
                self.rounds(daemon)
                self.changes(daemon)
                self.record("resident memory with IPVS", daemon.mebibytes("VmRSS"))
                self.record("at its highest with IPVS", daemon.mebibytes("VmHWM"))
            finally:
                daemon.end()
                server.shutdown()
                server.server_close()
        return self.results

    def load(self, daemon):
        eventually(lambda: daemon.status.get("applied"), 600, "the first export in the kernel")
        self.record("first load, CPU", daemon.cpu)
        # The first audits are over.
        eventually(lambda: daemon.metric("audits_total") >= 1, 600, "an audit")

    def rounds(self, daemon):
        for _ in range(ROUNDS):
            before, rounds = daemon.cpu, daemon.metric("audit_rounds_total")
            self.request_round(daemon)
            eventually(lambda: daemon.metric("audit_rounds_total") > rounds, 600, "an audit of every real server")
            self.record("an audit of every real server, CPU", daemon.cpu - before)

    def changes(self, daemon):
        weight = 100
        for turn in range(2 * CHANGES):
            weight = 150 - weight
            is_audited = turn % 2 == 1
            rounds = daemon.metric("audit_rounds_total")
            polls = TimedExport.polls
            eventually(lambda: TimedExport.polls > polls, 600, "a poll")
            if is_audited:
                self.request_round(daemon)
            TimedExport.offer(self.exports[weight])
            eventually(lambda: TimedExport.sent, 600, "the poll that gets the change")
            eventually(lambda: self.witness.weights(*self.service).get(self.server) == weight, 600, "the kernel's having it", pause=0.01)
            took = time.monotonic() - TimedExport.sent
            self.record("a change during an audit" if is_audited else "a change", took)
            if is_audited:
                assert daemon.metric("audit_rounds_total") == rounds, "the audit was over before the change"
                eventually(lambda: daemon.metric("audit_rounds_total") > rounds, 600, "the audit's end")

    def request_round(self, daemon):
        """As `portcullis-gateway check` does: a file in the run directory that the daemon takes away."""
        (daemon.run_directory / "audit").touch()

    def record(self, name, value):
        self.results.setdefault(name, []).append(value)
        print(f"  {name}: {value:.4f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    inputs, output = sys.argv[1:]
    results = Benchmark((pathlib.Path(inputs) / "servers.csv").read_bytes()).run()
    print({name: statistics.median(values) for name, values in results.items()}, file=sys.stderr)
    pathlib.Path(output).write_text(json.dumps(results))
