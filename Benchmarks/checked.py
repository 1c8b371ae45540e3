"""Real servers with TCP checks, as the gateway and keepalived get them: the same servers and the same checks, ten servers to a virtual
service.
"""

import http.server
import os
import pathlib
import signal
import threading
import time

from daemon import STUB, Daemon, TimedExport
from portcullis_testing import exports
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, cpu
from portcullis_testing.prober import Accepting
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

EACH = 10
PUBLIC = "198.51.100.1"
INSIDE = "10.64.0.0/16"


def addresses(count):
    """So many addresses of `INSIDE`: loopback addresses may not be real servers."""
    return [f"10.64.{number // 250}.{number % 250 + 1}" for number in range(count)]


def own_addresses():
    """This network namespace takes all of `INSIDE` for its own."""
    HERE.batch("link set lo up", f"route add local {INSIDE} dev lo")


def services(servers):
    """The public port and the real servers of each virtual service. They listen at `Accepting.PORT`."""
    return [(1024 + first // EACH, servers[first:first + EACH]) for first in range(0, len(servers), EACH)]


def export(servers, interval):
    """The services export, in version 2."""
    fixed = {"section": "main", "protocol": "tcp", "address_name": "bench", "addresses": PUBLIC, "fwmark": "", "method": "masq",
             "scheduler": "wlc", "persistence": 0, "drain_time": "", "sources": "", **exports.OPTIONS,
             "check": "tcp" if interval == 5 else f"tcp interval={interval}", "backend_port": Accepting.PORT, "weight": 100}
    rows = []
    for port, members in services(servers):
        for number, address in enumerate(members, 1):
            row = {**fixed, "service": f"s{port}.{number}", "ports": port, "backend_address": address}
            rows.append(",".join(str(row[column]) for column in exports.COLUMNS_2))
    return exports.export(rows)


def configuration(servers, interval):
    """keepalived.conf. keepalived reads a line as one keyword with its values: it ignores a block that begins within a line."""
    lines = ["global_defs {", "}"]
    for port, members in services(servers):
        lines += [f"virtual_server {PUBLIC} {port} {{", f"delay_loop {interval}", "lvs_sched wlc", "lvs_method NAT", "protocol TCP"]
        for address in members:
            lines += [f"real_server {address} {Accepting.PORT} {{", "weight 100", "TCP_CHECK {", "connect_timeout 3", "retry 2",
                      "delay_before_retry 1", "}", "}"]
        lines.append("}")
    return "\n".join(lines) + "\n"


def serving():
    """How many real servers get connections from IPVS in this namespace, by the lines of /proc/net/ip_vs."""
    lines = pathlib.Path("/proc/thread-self/net/ip_vs").read_text().splitlines()
    return sum(words[0] == "->" and words[3] != "0" for words in map(str.split, lines[3:]))


class Gateway:
    """The daemon and its prober, which checks each server `every` so many seconds, on an export that changes by `follow`."""

    def __init__(self, folder, servers, every, program=None, **settings):
        self.every = every
        TimedExport.export = export(servers, every)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", STUB), TimedExport)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.daemon = Daemon(folder, f"http://127.0.0.1:{STUB}", program=program, **settings)
        self.prober = Process(binary("portcullis-checks"), "run", "--run-directory", self.daemon.run_directory,
                              log=pathlib.Path(folder) / "portcullis-checks.log")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.prober.kill()
        self.daemon.kill()
        self.server.shutdown()
        self.server.server_close()

    @property
    def checks(self):
        return self.daemon.status.get("checks", {})

    def wait_until_judged(self, count):
        def are_judged():
            checks = self.checks
            return checks and checks["up"] + checks["downCount"] == count

        eventually(are_judged, 300, f"{count} servers being up or down")

    def follow(self, servers):
        """ADMIN has another export from now on. Returns its ETag."""
        return TimedExport.offer(export(servers, self.every))

    @property
    def cpu(self):
        """The seconds of CPU of the daemon and of the prober."""
        return self.daemon.cpu, self.prober.cpu


class Keepalived(Process):
    """keepalived's checkers."""

    def __init__(self, folder, servers, interval):
        self.folder, self.interval = pathlib.Path(folder), interval
        self.file = self.folder / "keepalived.conf"
        self.file.write_text(configuration(servers, interval))
        super().__init__("keepalived", "--check", "--dont-fork", "--log-console", f"--use-file={self.file}", f"--pid={folder}/pid",
                         f"--checkers_pid={folder}/checkers.pid", log=f"{folder}/log")

    def __exit__(self, *_):
        self.stop(120)

    @property
    def checkers(self):
        """The process that checks, and writes to the kernel."""
        return int((self.folder / "checkers.pid").read_text())

    @property
    def cpu(self):
        """The seconds of CPU of both its processes."""
        return cpu(self.pid), cpu(self.checkers)

    def wait_until_loaded(self, count):
        # It says in its log what it does not understand, and goes on.
        self.wait_for(lambda: serving() == count, 300)
        assert "Unknown keyword" not in self.text, self.text[:2000]

    def reload(self, servers):
        """Returns when it was asked to."""
        self.file.write_text(configuration(servers, self.interval))
        began = time.monotonic()
        os.kill(self.pid, signal.SIGHUP)
        return began


