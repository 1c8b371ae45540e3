"""Measures the gateway's checks beside keepalived's at 1,000 TCP checks of different servers each second.

Runs where the kernel has IPVS, in a network namespace of its own. The gateway is the daemon and its prober, as they run in
production; keepalived is the process that checks. Both have the same servers in turns: local addresses, at which one
program accepts connections. CPU is divided by the connections that the kernel has seen begin. The lab machine's time is
counted in instructions (see Tests/Lab/README.md): by a clock that runs while the host is busy, keepalived did not get to a
thousand each second.
"""

import json
import pathlib
import re
import statistics
import sys
import tempfile
import time

import checked
from portcullis_testing.processes import run
from portcullis_testing.prober import Accepting
from portcullis_testing.waiting import eventually

SERVERS = checked.addresses(1_000)
# One of each virtual service goes.
VICTIMS = SERVERS[::checked.EACH]
INTERVAL = 1
SECONDS = 15
TURNS = 2


def begun():
    """How many connections have begun in this namespace."""
    names, numbers = re.findall(r"(?m)^Tcp: (.*)$", pathlib.Path("/proc/thread-self/net/snmp").read_text())
    return int(dict(zip(names.split(), numbers.split()))["ActiveOpens"])


def lingering():
    """How many connections are in TIME_WAIT."""
    return int(re.search(r"(?m)^TCP: .* tw (\d+)", pathlib.Path("/proc/thread-self/net/sockstat").read_text())[1])


class Checks:
    def __init__(self):
        self.seconds = {}

    def run(self):
        checked.own_addresses()
        with Accepting():
            for _ in range(TURNS):
                self.portcullis()
                self.keepalived()
        return self.seconds

    def portcullis(self):
        with tempfile.TemporaryDirectory() as folder, checked.Gateway(folder, SERVERS, INTERVAL) as gateway:
            gateway.wait_until_judged(len(SERVERS))
            daemon, prober = self.measure(gateway)
            self.record("checks, CPU", daemon + prober)
            self.record("checks, the daemon's part of the CPU", daemon)
            self.reject("checks, until servers that go are down")
        self.settle()

    def keepalived(self):
        with tempfile.TemporaryDirectory() as folder, checked.Keepalived(folder, SERVERS, INTERVAL) as keepalived:
            keepalived.wait_until_loaded(len(SERVERS))
            _, checkers = self.measure(keepalived)
            self.record("keepalived's checks, CPU", checkers)
            self.reject("keepalived's checks, until servers that go are down")
        self.settle()

    # --- Parts ---

    def measure(self, contestant):
        """The CPU of one check, of each of the contestant's processes, over a while."""
        time.sleep(3)
        used, count, began = contestant.cpu, begun(), time.monotonic()
        time.sleep(SECONDS)
        used, count, took = [after - before for after, before in zip(contestant.cpu, used)], begun() - count, time.monotonic() - began
        rate = count / took
        print(f"  {rate:.0f} each second", file=sys.stderr)
        assert rate >= 0.95 * len(SERVERS) / INTERVAL, f"only {rate:.0f} checks began each second"
        return [seconds / count for seconds in used]

    def reject(self, name):
        """The median of the times until the kernel has each of the victims without connections, from when they refuse them at once."""
        before = checked.serving()
        assert before == len(SERVERS), f"{before} servers are up"
        run("nft", "-f", "-", input=f"""
            table ip bench {{
                chain input {{
                    type filter hook input priority 0;
                    ip daddr {{ {", ".join(VICTIMS)} }} tcp dport {Accepting.PORT} reject with tcp reset
                }}
            }}""")
        began, times = time.monotonic(), []

        def are_found():
            found = before - checked.serving()
            times.extend([time.monotonic() - began] * (found - len(times)))
            return found >= len(VICTIMS)

        eventually(are_found, 60, "all victims being down", pause=0.02)
        self.record(name, statistics.median(times))
        print(f"  the first {times[0]:.2f} s, the last {times[-1]:.2f} s", file=sys.stderr)
        run("nft", "delete", "table", "ip", "bench")

    @staticmethod
    def settle():
        """Leaves the next contestant an empty kernel, without what keepalived's connections leave for a minute."""
        run("ipvsadm", "-C")
        run("nft", "flush", "ruleset")
        eventually(lambda: lingering() == 0, 180, "the end of the last connections", pause=1)

    def record(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)
        print(f"  {name}: {seconds:.6f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    *_, output = sys.argv[1:]
    pathlib.Path(output).write_text(json.dumps(Checks().run()))
