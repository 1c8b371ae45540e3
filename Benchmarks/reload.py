"""Measures what it costs to replace one of 5,000 real servers that are checked, while their checks go on.

On this host's kernel (`alone`): the daemon without IPVS (`portcullis-bench run`) and its prober, a check of each server
every 5 seconds. On a kernel with IPVS (`beside`): the daemon and its prober, and then keepalived and its reload, in one
run, a check every 60 seconds, keepalived's default. Both in a network namespace of their own.

CPU is that of all processes of a contestant until a second after the change, less what as long a time takes without one. A
change beside which the daemon audits the kernel does not count.
"""

import json
import pathlib
import re
import sys
import tempfile
import time

import checked
from daemon import TimedExport
from ipvs_netlink import Witness
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, run
from portcullis_testing.prober import Accepting
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

SPARE, *SERVERS = checked.addresses(5_001)
# The server that is replaced, and one of another virtual service that is down all the time.
PLACE, DOWN = 2_500, 700
INTERVALS = {"alone": 5, "beside": 60}
CHANGES = 7
# How long CPU is counted after a change, and how long before it to know what it would be without one.
SECONDS = 1
IDLE_SECONDS = 5


def replaced(turn):
    """The servers, with another one in the place, or again the first one."""
    return [*SERVERS[:PLACE], SPARE, *SERVERS[PLACE + 1:]] if turn % 2 else SERVERS


class Reload:
    def __init__(self, interval, witness):
        """With a witness of the kernel's IPVS, times are until that has the change; else until the daemon says so."""
        self.interval, self.witness = interval, witness
        self.seconds = {}

    def beside(self):
        self.portcullis("a server replaced, with IPVS")
        run("ipvsadm", "-C")
        self.keepalived()

    def alone(self):
        self.portcullis("a server replaced", program=binary("portcullis-bench"))

    def portcullis(self, name, program=None):
        with tempfile.TemporaryDirectory() as folder, checked.Gateway(folder, SERVERS, self.interval, program, interval=1) as gateway:
            gateway.wait_until_judged(len(SERVERS))
            checks = gateway.checks
            assert checks["downCount"] == 1, checks
            self.check_messages(gateway)
            turn, audits = 0, lambda: gateway.daemon.metric("audits_total")
            while len(self.seconds.get(f"{name}, CPU", [])) < CHANGES:
                turn, before = turn + 1, audits()
                (daemon, prober), took = self.cost(gateway, lambda turn=turn: self.follow(gateway, turn))
                if audits() != before:
                    continue
                self.record(f"{name}, CPU", daemon + prober)
                self.record(f"{name}, the daemon's CPU", daemon)
                self.record(f"{name}, time", took)
            now = gateway.checks
            # Neither the verdicts nor the prober's counts have begun anew.
            assert (now["targets"], now["down"]) == (len(SERVERS), checks["down"]), now
            assert now["probes"] > checks["probes"], (now, checks)
        HERE.result("nft", "delete", "table", "inet", "portcullis")

    def keepalived(self):
        with tempfile.TemporaryDirectory() as folder, checked.Keepalived(folder, SERVERS, self.interval) as keepalived:
            keepalived.wait_until_loaded(len(SERVERS))
            eventually(lambda: checked.serving() == len(SERVERS) - 1, 300, "the server that is down being out")
            for turn in range(1, CHANGES + 1):
                cost, took = self.cost(keepalived, lambda turn=turn: self.reload(keepalived, turn))
                self.record("keepalived's reload of a server, CPU", sum(cost))
                self.record("keepalived's reload of a server, time", took)
            assert checked.serving() == len(SERVERS) - 1, checked.serving()

    # --- Changes ---

    def follow(self, gateway, turn):
        """From when the export has been sent."""
        etag = gateway.follow(replaced(turn))
        eventually(lambda: TimedExport.sent, 60, "the poll that gets the change", pause=0.005)
        eventually(lambda: self.is_in_kernel(turn) if self.witness else gateway.daemon.agrees(etag), 60, "the change", pause=0.005)
        return time.monotonic() - TimedExport.sent

    def reload(self, keepalived, turn):
        """From the signal."""
        began = keepalived.reload(replaced(turn))
        eventually(lambda: self.is_in_kernel(turn), 300, "the change", pause=0.005)
        return time.monotonic() - began

    def is_in_kernel(self, turn):
        port, servers = checked.services(replaced(turn))[PLACE // checked.EACH]
        weights = self.witness.weights(checked.PUBLIC, port)
        return weights.get(servers[PLACE % checked.EACH]) == 100 and sum(map(bool, weights.values())) == checked.EACH

    def check_messages(self, gateway):
        """The prober is told of the one that comes and of the one that goes, and of nothing else."""
        with Process("strace", "-qq", "-s", "65536", "-e", "trace=recvfrom", "-p", gateway.prober.pid) as strace:
            time.sleep(2)
            for turn in (1, 0):
                self.follow(gateway, turn)
                time.sleep(2)
            strace.stop()
            told = re.findall(r'(?:"|\\n)(target|remove|whole)\b', strace.text)
        assert sorted(told) == ["remove", "remove", "target", "target"], f"the prober was told {len(told)} things: {told[:20]}"

    # --- Parts ---

    def cost(self, contestant, change):
        """The CPU of a change, of each process, less that of as long a time without one; and what `change` returns."""
        idle, seconds, _ = self.measure(contestant, IDLE_SECONDS)
        used, took, result = self.measure(contestant, SECONDS, change)
        return [busy - rest * took / seconds for busy, rest in zip(used, idle)], result

    @staticmethod
    def measure(contestant, rest, change=lambda: None):
        before, began = contestant.cpu, time.monotonic()
        result = change()
        time.sleep(rest)
        return [after - earlier for after, earlier in zip(contestant.cpu, before)], time.monotonic() - began, result

    def record(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)
        print(f"  {name}: {seconds:.6f} s", file=sys.stderr, flush=True)


def main(mode, output):
    checked.own_addresses()
    reload = Reload(INTERVALS[mode], Witness() if mode == "beside" else None)
    with Accepting():
        # All but one server accept connections.
        run("nft", "-f", "-", input=f"""
            table ip bench {{
                chain input {{
                    type filter hook input priority 0;
                    ip daddr {SERVERS[DOWN]} tcp dport {Accepting.PORT} reject with tcp reset
                }}
            }}""")
        getattr(reload, mode)()
    pathlib.Path(output).write_text(json.dumps(reload.seconds))


if __name__ == "__main__":
    # The inputs of the other benchmarks are none of this one.
    mode, *_, output = sys.argv[1:]
    main(mode, output)
