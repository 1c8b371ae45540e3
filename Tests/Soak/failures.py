"""Real servers that fail and come back: one at a time, as several at once are a mass failure, in which weights hold."""

import collections
import contextlib
import dataclasses
import http.client
import math
import signal
import threading
import time

import expectation
from changes import HOSTS, INSTANCES
from checks import BOUND, TIMEOUT
from expectation import type_of
from portcullis_testing import servers, topology, witnesses
from portcullis_testing.waiting import eventually

# Each type has a process of its own on each server.
PORTS = {"pgw": [8080, 8443, 9000], "tg": [20000, 20001, 25000, 29999, 30000, 30500, 31000]}
# A stopped process accepts connections: its kernel does. So a check by tcp finds nothing, and only pgw's are stopped.
WAYS = {"pgw": ["killed", "stopped", "firewalled", "cut"], "tg": ["killed", "firewalled", "cut"]}


def addresses(host):
    number = topology.SERVERS[host]
    return {f"10.1.0.{number}", f"[fd00:1::{number}]"}


class Farm:
    """The servers' processes, and what fails of them."""

    def __init__(self, network):
        self.network = network
        self.processes = {}

    def __enter__(self):
        for host in HOSTS:
            for kind, ports in PORTS.items():
                self.processes[kind, host] = servers.start(host, ports)
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()

    def fail(self, way, kind, host):
        process = self.processes[kind, host]
        if way == "killed":
            process.kill()
        elif way == "stopped":
            process.process.send_signal(signal.SIGSTOP)
        elif way == "firewalled":
            ports = ", ".join(map(str, PORTS[kind]))
            self.network.servers[host].run(
                "nft", "add table inet wall; add chain inet wall in { type filter hook input priority 0; }; "
                f"add rule inet wall in meta l4proto {{ tcp, udp }} th dport {{ {ports} }} drop")
        else:
            self.network.gateway.run("ip", "link", "set", host, "down")

    def heal(self, way, kind, host):
        if way == "killed":
            process = self.processes[kind, host]
            process.start()
            process.wait_for("ready\n", 180)
        elif way == "stopped":
            self.processes[kind, host].process.send_signal(signal.SIGCONT)
        elif way == "firewalled":
            self.network.servers[host].run("nft", "delete", "table", "inet", "wall")
        else:
            self.network.gateway.run("ip", "link", "set", host, "up")


@dataclasses.dataclass
class Failure:
    """A server that failed for some types: from when on, and when that was complete (monotonic)."""

    types: tuple
    host: str
    began: float
    complete: float
    # When the kernel was last looked at, when it was last seen to send clients there, and when it was first seen not to.
    looked: float = 0
    served: float = 0
    found: float | None = None
    # When it had come back.
    healed: float = math.inf

    @property
    def unsafe_until(self):
        """Requests that begin later reach a server that works, wherever the kernel sends them."""
        return min(self.found or math.inf, self.healed)

    def found_by(self, outages):
        """When it must be found: BOUND after it was complete, or after the end of an outage in which nothing is found."""
        limit = self.complete + BOUND
        for began, ended in sorted(outages):
            if began < limit and ended > self.began:
                limit = max(limit, ended + BOUND)
        return limit


class Failures(threading.Thread):
    """Lets one server after the other fail, as long as each type has an instance elsewhere that the kernel admits."""

    def __init__(self, stage, farm, mutator, chance):
        super().__init__(daemon=True)
        self.stage, self.farm, self.mutator, self.chance = stage, farm, mutator, chance
        self.registry = mutator.registry
        self.end = threading.Event()
        self.error = None
        self.happened = []
        self.counts = collections.Counter()
        self.events = []

    def run(self):
        try:
            while not self.end.wait(self.chance.uniform(0.5, 2)):
                kind = self.chance.choice(list(PORTS))
                way, host = self.chance.choice(WAYS[kind]), self.chance.choice(self.places(kind) or HOSTS)
                # Some come back before they are found.
                duration = self.chance.uniform(0.2, 2) if self.chance.random() < 0.2 else self.chance.uniform(BOUND - 1, BOUND + 8)
                with self.failed(way, kind, host) as failure:
                    if failure:
                        self.watch(failure, duration)
        except Exception as failure:
            self.error = failure

    def watch(self, failure, duration):
        """Lets the failure last, and notes until when the kernel sends clients to the server."""
        ends = time.monotonic() + duration
        while not self.end.is_set() and (now := time.monotonic()) < ends:
            listed, failure.looked = witnesses.ipvs(self.stage.network.gateway), now
            if any(weight and endpoint.rpartition(":")[0] in addresses(failure.host)
                   for name, found in listed.items() if type_of(name) in failure.types for endpoint, weight in found.items()):
                failure.served, failure.found = now, None
            else:
                failure.found = failure.found or time.monotonic()
            self.end.wait(0.1)

    def places(self, kind):
        """The servers on which instances of the type are ready."""
        return sorted({self.mutator.places[name] for name in INSTANCES[kind] if name in self.mutator.ready} - {None})

    @contextlib.contextmanager
    def failed(self, way, kind, host):
        """The server has failed during the block, and has come back after it; None: nothing was done, as a type has no other."""
        types = tuple(PORTS) if way == "cut" else (kind,)
        spared = self.mutator.spare(types, host)
        if not spared:
            yield None
            return
        try:
            self.wait_until_served(spared)
            began = time.monotonic()
            self.farm.fail(way, kind, host)
            failure = Failure(types, host, began, time.monotonic())
            self.happened.append(failure)
            self.counts[f"{kind} {way}"] += 1
            try:
                yield failure
            finally:
                self.events.append(f"{host} {'all' if way == 'cut' else kind} {way} from {began:.0f} to {time.monotonic():.0f}")
                self.farm.heal(way, kind, host)
                failure.healed = time.monotonic()
            self.wait_until_back(host)
        finally:
            self.mutator.release()

    def wait_until_served(self, spared):
        """What was changed before is in the kernel, and the spared instances get connections there."""
        seen, found = set(), {}

        def is_served():
            seen.add(self.stage.status.get("poll", {}).get("succeededAt"))
            if len(seen - {None}) < 3:
                return False
            try:
                wanted, _ = expectation.kernel(self.registry.request("GET", "/v1/locations/tcn/services.csv")[1])
            except (OSError, http.client.HTTPException):
                # ADMIN on its way up
                return False
            listed = witnesses.ipvs(self.stage.network.gateway)
            found["unserved"] = [name for name in wanted for kind, instance in spared.items() if type_of(name) == kind and not any(
                weight and endpoint.rpartition(":")[0] in addresses(self.mutator.places[instance])
                for endpoint, weight in listed.get(name, {}).items())]
            return wanted and not found["unserved"]

        try:
            eventually(is_served, 60)
        except AssertionError:
            raise AssertionError(f"{spared} are not served: {found}, {len(seen)} polls, {self.stage.status}") from None

    def wait_until_back(self, host):
        # A probe that began before may still fail.
        time.sleep(2 * TIMEOUT + 1)
        eventually(lambda: self.is_up(host), 60, f"{host} being back")

    def is_up(self, host):
        found = self.stage.status.get("checks", {})
        return found.get("prober") == "working" and found["isInForce"] and not any(
            target["target"].rpartition(":")[0] in addresses(host) for target in found["down"])

    def excuse(self, outcome, kind):
        """Whether a request may have failed: it was under way, or began, while the kernel sent clients to a server that had failed."""
        return any(kind in failure.types and outcome.ended >= failure.began and outcome.began <= failure.unsafe_until
                   for failure in self.happened)

    @property
    def tested(self):
        """The failures that lasted until they had to be found, and concerned clients."""
        return [failure for failure in self.happened if failure.served and failure.looked > failure.found_by(self.stage.outages)]

    @property
    def missed(self):
        """Those of them that were not found in time."""
        return [failure for failure in self.tested if failure.served > failure.found_by(self.stage.outages)]
