"""A service is installed, upgraded, taken back and moved at the real gateway while clients ask: no request is lost. When a
server is lost, requests fail for as long as that goes unnoticed.

What is marked `long` is shown by Tests/Rollouts and Tests/Moves as well, where the gateways are played.
"""

import contextlib
import json
import os
import pathlib
import signal
import time

import pytest

from portcullis_testing import nodes, topology, traffic, witnesses
from portcullis_testing.admin import ADMIN_URL, PORT
from portcullis_testing.gateway import INTERVAL, Prober
from portcullis_testing.relays import connection_from, relay
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

TARGETS = [("tcp", address, 8090) for address in (topology.PUBLIC4[0], topology.PUBLIC6[0])]
INSTANCES = ["web.1", "web.2", "web.3"]
# Seconds: how long ADMIN may hold its answers to nodes, and how long the node of a lost server has been silent.
WAIT, AFTER = 2, 15
# How long checks need at most to find a server that is silent, as in test_health; and ADMIN to find that its node is: it looks
# each second, and once it may have stood still, which lets it count anew.
CHECKED, SILENT = 8, 2 * (WAIT + AFTER + 1)
# From what was found to what the kernel does, on a machine that may stand still for seconds.
MARGIN = 5


class Site:
    """The service web on three of the servers, each with a node; one more has a node and no instance."""

    def __init__(self, network, operator, gateway, folder):
        self.network, self.operator, self.gateway = network, operator, gateway
        self.versions = nodes.Versions(network.gateway, folder)
        self.nodes = {}
        self.relays = []
        for name, namespace in network.servers.items():
            self.relays.append(relay(namespace, PORT, lambda: connection_from(network.gateway, ("127.0.0.1", PORT))))
            self.nodes[name] = nodes.Node(namespace, folder, name, self.versions.trusted, settings={"wait": WAIT})

    def portcullis(self, *words, succeeds=True):
        done = self.network.gateway.result(binary("portcullis"), *words, "--admin-url", ADMIN_URL)
        assert (done.returncode == 0) is succeeds, f"{words}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def rollouts(self):
        """The newest first."""
        listed = json.loads(self.portcullis("rollouts", "list", "--output", "json"))
        return sorted(listed, key=lambda rollout: -int(rollout["id"]))

    def install(self, version):
        self.versions.push(version)
        self.put_type()
        for number, name in enumerate(INSTANCES, 1):
            self.portcullis("services", "add", name, f"app{number}", "--version", version, "--wait")
        assert self.running() == dict.fromkeys(INSTANCES, version)

    def put_type(self, more=""):
        """Gives ADMIN the type, with further lines at its end, which is that of its gateway section."""
        path = self.versions.folder / "web.yaml"
        path.write_text((nodes.WEB / "web.yaml").read_text() + more)
        self.portcullis("types", "put", path)

    def running(self):
        """The version that each instance runs, by the server's own files."""
        found = {}
        for node in self.nodes.values():
            for current in node.root.glob("web.*/current"):
                version = (current / "share/version").read_text().strip()
                name = current.parent.name
                if self.pid(name, node):
                    found[name] = version
        return found

    @staticmethod
    def pid(name, node):
        """The process of an instance and when it was started; None: it does not run, or is not ready."""
        known = node.service(name)
        words = known.get("main", "").split()
        if len(words) < 2 or "ready" not in known or not pathlib.Path(f"/proc/{words[0]}").exists():
            return None
        return tuple(words[:2])

    def pids(self):
        return {name: pid for node in self.nodes.values() for name in INSTANCES if (pid := self.pid(name, node))}

    def signal(self, server, number):
        """Sends a signal to each program of a server."""
        for pid in self.network.gateway.run("ip", "netns", "pids", self.network.servers[server].name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def is_lost(self, server):
        listed = json.loads(self.portcullis("nodes", "list", "--output", "json"))
        return next(node["state"] for node in listed if node["server"] == server) == "lost"

    def server(self, name):
        """The server of an instance, as ADMIN has it."""
        listed = json.loads(self.portcullis("services", "list", "--output", "json"))
        return next(service["server"] for service in listed if service["name"] == name)

    def programs(self, server):
        """How many instances run on a server, whoever knows of them."""
        found = 0
        for pid in self.network.gateway.run("ip", "netns", "pids", self.network.servers[server].name).split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                found += len(words) > 1 and words[1].endswith(b"bin/web")
        return found

    def close(self):
        for node in self.nodes.values():
            node.end()
        for listener in self.relays:
            listener.close()


@pytest.fixture(scope="module")
def site(cloud, network, gateway, folder):
    site = Site(network, cloud, gateway, folder / "rollouts")
    try:
        site.install("1.0.0")
        yield site
        for name in INSTANCES:
            site.portcullis("services", "remove", name)
        site.portcullis("types", "remove", "web")
        gateway.follow(cloud)
    finally:
        site.close()


@pytest.fixture(autouse=True)
def nothing_open(site):
    """No test leaves a rollout to the next."""
    yield
    for rollout in site.rollouts():
        if rollout["state"] in ("running", "paused"):
            site.portcullis("rollouts", "abort", rollout["id"])


@pytest.fixture
def load(site, client):
    """Clients that ask without a break, by IPv4 and IPv6. None of them may fail."""
    with traffic.Loop(client, TARGETS) as loop:
        loop.wait_for(6)
        yield loop
        loop.wait_for(6)
    assert not loop.failures, loop.failures[:5]


def answering(loop):
    """Who answers requests that begin from now on, as `web.1 1.0.0`."""
    begin = len(loop.outcomes)
    loop.wait_for(40)
    return {outcome.answer.server for outcome in loop.outcomes[begin + 2:] if outcome.answer}


def everybody(site, version=None):
    """The answers of all instances that run, each in its version, or in this one."""
    return {f"{name} {version or own}" for name, own in site.running().items()}


@pytest.mark.long
def test_an_instance_joins_when_it_runs_and_leaves_before_it_stops(site, load, gateway, cloud):
    def drain():
        # The kernel counts connections for two minutes after their end: what counts here is who answers.
        site.portcullis("services", "drain", "web.4")
        gateway.follow(cloud)
        eventually(lambda: "web.4 1.0.0" not in answering(load), what="the others answering alone")

    try:
        site.portcullis("services", "add", "web.4", "app4", "--version", "1.0.0")
        eventually(lambda: "web.4 1.0.0" in answering(load), what="the new instance answering")
        drain()
        site.portcullis("services", "stop", "web.4", "--wait")
        site.portcullis("services", "ready", "web.4", "--wait")
        assert answering(load) == {f"{name} 1.0.0" for name in INSTANCES}, "ready, but stopped"
        site.portcullis("services", "start", "web.4", "--wait")
        assert "web.4 1.0.0" in answering(load)
    finally:
        drain()
        site.portcullis("services", "remove", "web.4", "--wait")


def test_an_upgrade_loses_no_request(site, load):
    site.versions.push("1.1.0")
    before = site.pids()
    site.portcullis("upgrade", "web", "--to", "1.1.0")
    assert site.running() == dict.fromkeys(INSTANCES, "1.1.0")
    assert set(site.pids().values()).isdisjoint(before.values()), "each was started anew"
    assert answering(load) == everybody(site, "1.1.0")


@pytest.mark.long
def test_a_downgrade_loses_no_request(site, load):
    if "1.1.0" not in site.running().values():
        site.versions.push("1.1.0")
        site.portcullis("upgrade", "web", "--to", "1.1.0")
    site.portcullis("upgrade", "web", "--to", "1.0.0")
    assert answering(load) == everybody(site, "1.0.0")


@pytest.mark.long
def test_a_version_that_fails_its_test_goes_back_by_itself(site, load):
    site.versions.push("1.2.0-broken")
    before, running = site.pids(), site.running()
    said = site.portcullis("upgrade", "web", "--to", "1.2.0-broken", succeeds=False)
    assert "health" in said
    assert site.running() == running
    assert {name: pid for name, pid in site.pids().items() if before[name] == pid}.keys() == {"web.2", "web.3"}
    listed = json.loads(site.portcullis("versions", "list", "web", "--output", "json"))
    assert {version["name"]: version["mark"] for version in listed}["1.2.0-broken"] == "quarantined"
    assert not any("broken" in outcome.answer.server for outcome in load.outcomes if outcome.answer)


def test_a_gateway_that_is_silent_stops_nothing(site, load, gateway):
    site.versions.push("1.3.0")
    before = site.pids()
    with gateway.halted():
        said = site.portcullis("upgrade", "web", "--to", "1.3.0", "--deadline", "10s", succeeds=False)
        assert "gw1" in said and "confirmed" in said
        assert site.pids() == before
    assert site.rollouts()[0]["state"] == "paused"
    site.portcullis("rollouts", "abort", site.rollouts()[0]["id"])
    assert site.pids() == before


@pytest.mark.long
def test_a_move_loses_no_request(site, load):
    site.portcullis("services", "move", "web.3", "app4", "--drain-time", "2")
    assert site.pid("web.3", site.nodes["app4"])
    eventually(lambda: not site.pid("web.3", site.nodes["app3"]), what="web.3 leaving app3")
    assert answering(load) == everybody(site)
    site.portcullis("services", "move", "web.3", "app3", "--drain-time", "2")


def held(gateway):
    """The first digits of the export that the gateway holds back."""
    return gateway.status.get("held", {}).get("etag", "")[1:13]


def test_a_gateway_that_holds_a_batch_back_ends_the_rollout_and_nothing_is_stopped(site, load, gateway, cloud):
    site.versions.push("1.4.0")
    before, running = site.pids(), site.running()
    # The guard holds back what takes all three servers at once.
    said = site.portcullis("upgrade", "web", "--to", "1.4.0", "--batch", "3", succeeds=False)
    assert "gw1 holds the export back" in said and "was not touched" in said
    assert site.rollouts()[0]["state"] == "failed"
    assert site.pids() == before and site.running() == running
    # ADMIN is back at the export in force, and the version has its mark.
    gateway.follow(cloud)
    assert not held(gateway)
    listed = json.loads(site.portcullis("versions", "list", "web", "--output", "json"))
    assert {version["name"]: version["mark"] for version in listed}["1.4.0"] == "untested"
    assert answering(load) == everybody(site)


@pytest.mark.long
def test_an_export_that_is_held_back_while_an_instance_returns_pauses_the_rollout(site, load, gateway, cloud):
    site.versions.push("1.5.0")
    before, running = site.pids(), site.running()
    number = site.portcullis("upgrade", "web", "--to", "1.5.0", "--bake", "5s", "--no-wait", "-o", "name").strip()

    def stages():
        shown = json.loads(site.portcullis("rollouts", "show", number, "--output", "json"))
        return {instance["service"]: instance["stage"] for instance in shown["instances"]}

    try:
        eventually(lambda: stages()["web.1"] == "baking", what="web.1 baking", pause=0.2)
        # Somebody drains all of another type at this moment, which is more than the guard lets through.
        for index in (1, 2, 3):
            cloud.edit("cloud.yaml", f"  pgw.{index}: app{index}\n", f"  pgw.{index}: {{server: app{index}, state: drain}}\n")
        cloud.apply()
        eventually(lambda: site.rollouts()[0]["state"] == "paused", what="the pause", pause=0.2)
        rollout = site.rollouts()[0]
        assert "gw1" in rollout["reason"] and "holds" in rollout["reason"], rollout
        assert {name for name, pid in site.pids().items() if before[name] == pid} == {"web.2", "web.3"}
        assert answering(load) == {f"{name} {running[name]}" for name in ("web.2", "web.3")}
        assert gateway.run("accept", held(gateway)).returncode == 0
        gateway.follow(cloud)
        site.portcullis("rollouts", "resume", number)
        assert answering(load) == everybody(site, "1.5.0")
    finally:
        cloud.reset()
        gateway.follow(cloud)


@pytest.mark.parametrize("is_checked", [
    pytest.param(False, id="killed", marks=pytest.mark.long), pytest.param(True, id="silent-and-checked")])
def test_a_lost_server_fails_requests_until_it_is_found_and_none_when_it_returns(site, network, gateway, cloud, is_checked):
    # A program that is halted still accepts connections: its kernel does.
    check = "{http: /health, interval: 1s, timeout: 1s, fall: 2, fast-interval: 1s}"
    site.put_type((f"    check: {check}\n" if is_checked else "") + f"on-server-lost: {{after: {AFTER}s, move: true}}\n")
    gateway.follow(cloud)
    with contextlib.ExitStack() as stack:
        if is_checked:
            stack.enter_context(Prober(gateway))
            eventually(lambda: gateway.all_are_up(6), what="all instances being up")
        loop = stack.enter_context(traffic.Loop(traffic.Client(network.client, timeout=2), TARGETS))
        loop.wait_for(12)
        assert not loop.failures
        before = site.pids()
        all_of_them = everybody(site)
        stack.callback(site.signal, "app1", signal.SIGCONT)
        lost = time.monotonic()
        site.signal("app1", signal.SIGSTOP if is_checked else signal.SIGKILL)
        if is_checked:
            eventually(lambda: len(gateway.status["checks"]["down"]) == 2, what="the checks' verdicts", pause=0.02)
            # No request that begins from now on is sent there.
            found = time.monotonic()
            assert found - lost <= CHECKED
        # The other place has it, and everybody else is as before.
        eventually(lambda: site.is_lost("app1"), what="app1 being lost", pause=0.5)
        assert time.monotonic() - lost <= SILENT
        if not is_checked:
            # The gateway's next poll has the export in which it is drained.
            found = time.monotonic() + INTERVAL
        moved = eventually(lambda: site.pid("web.1", site.nodes["app4"]), what="web.1 on app4")
        eventually(lambda: site.server("web.1") == "app4", what="web.1 being on app4")
        gateway.follow(cloud)
        assert answering(loop) == all_of_them
        for address in ("198.51.100.36", "[2001:db8:0:1::36]"):
            servers = witnesses.real_servers(network.gateway, f"TCP {address}:8090")
            assert len(servers) == 3 and not servers & {"10.1.0.11:8090", "[fd00:1::11]:8090"}
        # Requests failed while nobody knew, and no longer.
        failures = [failure.began for failure in loop.failures]
        told = (f"{len(failures)} requests failed that began {failures[0] - lost:.1f} s to {failures[-1] - lost:.1f} s after the "
                f"loss; found after {found - lost:.1f} s")
        print(told)
        assert failures[0] > lost - loop.client.timeout and failures[-1] <= found + MARGIN, told

        returned = time.monotonic()
        if is_checked:
            site.signal("app1", signal.SIGCONT)
        else:
            site.nodes["app1"].wait()
            site.nodes["app1"].start()
        eventually(lambda: not site.is_lost("app1"), what="app1 being back")
        eventually(lambda: site.programs("app1") == 0 and not site.pid("web.1", site.nodes["app1"]), what="the old web.1 ending")
        assert answering(loop) == all_of_them
        assert not [failure for failure in loop.failures if failure.began > returned]
        assert site.pids() == {**before, "web.1": moved} and site.programs("app4") == 1
        site.portcullis("services", "move", "web.1", "app1", "--drain-time", "2")
        assert not [failure for failure in loop.failures if failure.began > returned]
    site.put_type()
    gateway.follow(cloud)
