"""Measures portcullis-checks beside keepalived at 1,000 TCP checks of different servers each second.

Runs where the kernel has IPVS, which keepalived needs, in a network namespace of its own. Both check the same servers
in turns: addresses of the loopback link, at which one program accepts connections. Counted is the CPU of the process
that checks, divided by the connections that the kernel has seen begin: in the emulated machine neither may keep up.
"""

import contextlib
import json
import pathlib
import re
import sys
import tempfile
import time

from portcullis_testing.processes import Process, run
from portcullis_testing.prober import Accepting, Prober, addresses
from portcullis_testing.waiting import eventually

TARGETS = addresses(1_000)
SECONDS = 20
TURNS = 2
# The server that goes.
VICTIM = 500
# keepalived's. It reads a line as one keyword and its values: a block that begins within a line is ignored, with a warning in its log.
CONFIGURATION = "\n".join([
    "global_defs {", "}", "virtual_server 198.51.100.1 80 {", "delay_loop 1", "lvs_sched rr", "lvs_method NAT", "protocol TCP",
    *(line for address in TARGETS for line in (
        f"real_server {address} {Accepting.PORT} {{", "weight 1",
        "TCP_CHECK {", "connect_timeout 3", "retry 2", "delay_before_retry 1", "}", "}")),
    "}", ""])


def begun():
    """How many connections have begun in this namespace."""
    names, numbers = re.findall(r"(?m)^Tcp: (.*)$", pathlib.Path("/proc/thread-self/net/snmp").read_text())
    return int(dict(zip(names.split(), numbers.split()))["ActiveOpens"])


def cpu(process):
    # clock_getcpuclockid(3)
    return time.clock_gettime((~process << 3) | 2)


class Checks:
    def __init__(self):
        self.seconds = {}

    def run(self):
        with Accepting():
            for _ in range(TURNS):
                self.portcullis()
                self.keepalived()
        return self.seconds

    def portcullis(self):
        with tempfile.TemporaryDirectory() as folder:
            prober = Prober(folder)
            prober.greet()
            prober.tell(*(f"target {number} {address} {Accepting.PORT} tcp interval=1"
                          for number, address in enumerate(TARGETS)), "whole")
            first = set()
            while len(first) < len(TARGETS):
                first.add(prober.verdict()[0])
            self.measure("checks", prober.pid, prober.alive)
            with self.rejected() as began:
                while prober.verdict() != (VICTIM, "down", "connection refused"):
                    pass
                self.record("checks, a server goes", time.monotonic() - began)
            prober.end()

    def keepalived(self):
        with tempfile.TemporaryDirectory() as folder:
            configuration = pathlib.Path(folder) / "keepalived.conf"
            configuration.write_text(CONFIGURATION)
            with Process("keepalived", "--check", "--dont-fork", "--log-console", f"--use-file={configuration}",
                         f"--pid={folder}/pid", f"--checkers_pid={folder}/checkers.pid", log=f"{folder}/log") as process:
                eventually(lambda: self.servers() >= len(TARGETS), 120, "keepalived's servers in the kernel")
                self.measure("keepalived's checks", int(pathlib.Path(f"{folder}/checkers.pid").read_text()), lambda: time.sleep(1))
                before = self.servers()
                with self.rejected() as began:
                    eventually(lambda: self.servers() < before, 60, "the server's removal", pause=0.02)
                    self.record("keepalived's checks, a server goes", time.monotonic() - began)
                process.stop(60)

    # --- Parts ---

    def measure(self, name, process, wait):
        """The CPU of one check, over a while."""
        time.sleep(2)
        used, count, deadline = cpu(process), begun(), time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            wait()
        used, count = cpu(process) - used, begun() - count
        print(f"  {name}: {count / SECONDS:.0f} each second", file=sys.stderr)
        self.record(f"{name}, CPU", used / count)

    @contextlib.contextmanager
    def rejected(self):
        """Meanwhile one server refuses connections. Yields since when."""
        run("nft", "-f", "-", input=f"""
            table ip bench {{
                chain input {{
                    type filter hook input priority 0;
                    ip daddr {TARGETS[VICTIM]} tcp dport {Accepting.PORT} reject with tcp reset
                }}
            }}""")
        yield time.monotonic()
        run("nft", "delete", "table", "ip", "bench")

    @staticmethod
    def servers():
        return pathlib.Path("/proc/thread-self/net/ip_vs").read_text().count("  -> 7F")

    def record(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)
        print(f"  {name}: {seconds:.6f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    _, output = sys.argv[1:]
    pathlib.Path(output).write_text(json.dumps(Checks().run()))
