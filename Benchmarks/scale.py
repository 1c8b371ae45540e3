"""Measures the daemon at size, on this namespace's kernel: CPU and memory at 100,000 rows, and the time from a change to the kernel at
10,000.

A kernel without IPVS will do: `portcullis-bench run` is the daemon but for IPVS commands, which it takes for carried out, and the
rows that change are destination NATs. CPU is that of the daemon's whole process, a few polls among it, so it has the whole way in
it: the answer's bytes, their digest, the file on disk, parsing, difference and transaction. The time to the kernel runs from the
moment the request is sent to the real ADMIN until `nft monitor` has printed the change.
"""

import contextlib
import http.client
import http.server
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from daemon import STUB, Daemon, Export
from portcullis_testing.admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, result, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

CHANGES = 9
POLLS = 5
WINDOWS = 5
ROUND_TRIPS = 200


class Monitor:
    """`nft monitor`: when it last said something."""

    def __init__(self):
        self.nft = Process("stdbuf", "-oL", "nft", "monitor", stdout=subprocess.PIPE, text=True)
        self.seen = threading.Event()
        self.when = 0.0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.nft.process.stdout:
            if "element" in line and not self.seen.is_set():
                self.when = time.monotonic()
                self.seen.set()

    def expect(self):
        self.seen.clear()

    def wait(self, timeout):
        assert self.seen.wait(timeout), f"the kernel saw no change within {timeout} s"
        return self.when

    def end(self):
        self.nft.kill()


def at_rest(daemon):
    """Waits until two polls came to nothing."""
    seen = Export.polls
    eventually(lambda: Export.polls >= seen + 2, 120, "two polls")
    time.sleep(0.3)
    return daemon.cpu


def ports_in_kernel():
    return result("nft", "list", "set", "inet", "portcullis", "ports4").stdout.count(" . tcp . ")


def is_in_kernel(address, port):
    return result("nft", "get", "element", "inet", "portcullis", "ports4", f"{{ {address} . tcp . {port} }}").returncode == 0


@contextlib.contextmanager
def following(export):
    """A daemon that polls an export each second, once it has carried it out."""
    Export.export = export
    server = http.server.ThreadingHTTPServer(("127.0.0.1", STUB), Export)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    last = export.splitlines()[-1].decode().split(",")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder, f"http://127.0.0.1:{STUB}", program=binary("portcullis-bench"), interval=1)
        try:
            eventually(lambda: is_in_kernel(last[4], last[5]), 120, "the first export")
            at_rest(daemon)
            yield daemon
        finally:
            daemon.end()
            server.shutdown()
            server.server_close()
            run("nft", "delete", "table", "inet", "portcullis")


def at_rest_with_many_servers(export, results):
    """10,000 virtual services of 10 real servers: what they take, and a poll that finds nothing new."""
    with following(export) as daemon:
        # Audits are measured by themselves: one reads the kernel, and would be most of what the polls beside it cost.
        windows = []
        while len(windows) < WINDOWS:
            audits, before, polls = daemon.metric("audits_total"), at_rest(daemon), Export.polls
            eventually(lambda: Export.polls >= polls + POLLS, 120, "polls")
            time.sleep(0.3)
            cost = (daemon.cpu - before) / (Export.polls - polls)
            if daemon.metric("audits_total") == audits:
                windows.append(cost)
        results["an unchanged poll, CPU"] = windows
        results["resident memory at 10,000 × 10"] = [daemon.mebibytes("VmRSS")]
        results["at its highest"] = [daemon.mebibytes("VmHWM")]


def changes_of_many_targets(export, results):
    """100,000 destination NATs, 200,000 set elements: the last row goes, and comes back."""
    shortened = export[:export.rindex(b"\n", 0, -1) + 1]
    address, port = export.splitlines()[-1].decode().split(",")[4:6]
    changes = []
    with following(export) as daemon:
        for index in range(CHANGES):
            before = at_rest(daemon)
            Export.export = export if index % 2 else shortened
            eventually(lambda: is_in_kernel(address, port) == bool(index % 2), 120, "the change")
            changes.append(at_rest(daemon) - before)
        results["one row of 100,000 changed, CPU"] = changes
        results["resident memory at 100,000 targets"] = [daemon.mebibytes("VmRSS")]


def ten_thousand_rows(cloud, results):
    """From the request to ADMIN until the kernel has the change, the gateway's poll being held."""
    with tempfile.TemporaryDirectory() as folder:
        admin = Admin(HERE, folder)
        daemon = monitor = None
        try:
            admin.wait_until_ready()
            run(binary("portcullis"), "apply", "-f", cloud / "cloud.yaml", "--admin-url", admin.url)
            rows = run("curl", "-sf", f"{admin.url}/v1/locations/large/services.csv").count("\n") - 1
            assert rows == 10_000, f"{rows} rows"
            daemon = Daemon(folder, admin.url, program=binary("portcullis-bench"), interval=1, wait=30)
            eventually(lambda: ports_in_kernel() == 10_000, 120, "the first export")
            monitor = Monitor()
            time.sleep(2)
            connection = http.client.HTTPConnection(admin.url.removeprefix("http://"))
            trips = []
            for index in range(ROUND_TRIPS):
                body = json.dumps({"state": "maint" if index % 2 == 0 else "ready"})
                monitor.expect()
                began = time.monotonic()
                connection.request("PATCH", f"/v1/services/t{index // 2 + 1:04}.1", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 200, text
                trips.append(monitor.wait(10) - began)
                # The rest of what the monitor prints of this change, and the next poll being held.
                time.sleep(0.15)
            results["change to kernel at 10,000 rows, median"] = [statistics.median(trips)]
            results["change to kernel at 10,000 rows, p99"] = [statistics.quantiles(trips, n=100)[98]]
        finally:
            if monitor:
                monitor.end()
            if daemon:
                daemon.end()
            admin.stop(20)


def main(inputs, output):
    inputs = pathlib.Path(inputs)
    HERE.batch("link set lo up")
    results = {}
    for measure, name in ((at_rest_with_many_servers, "servers.csv"), (changes_of_many_targets, "targets.csv")):
        export = (inputs / name).read_bytes()
        assert export.count(b"\n") == 100_001
        measure(export, results)
    ten_thousand_rows(inputs / "cloud", results)
    pathlib.Path(output).write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
