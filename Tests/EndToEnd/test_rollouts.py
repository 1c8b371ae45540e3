"""A service is installed, upgraded, taken back and moved at the real gateway while clients ask: no request is lost."""

import json
import pathlib

import pytest

from portcullis_testing import nodes, topology, traffic
from portcullis_testing.admin import ADMIN_URL, PORT
from portcullis_testing.relays import connection_from, relay
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

TARGETS = [("tcp", address, 8090) for address in (topology.PUBLIC4[0], topology.PUBLIC6[0])]
INSTANCES = ["web.1", "web.2", "web.3"]


class Site:
    """The service web on three of the servers, each with a node; one more has a node and no instance."""

    def __init__(self, network, operator, gateway, folder):
        self.network, self.operator, self.gateway = network, operator, gateway
        self.versions = nodes.Versions(network.gateway, folder)
        self.nodes = {}
        self.relays = []
        for name, namespace in network.servers.items():
            self.relays.append(relay(namespace, PORT, lambda: connection_from(network.gateway, ("127.0.0.1", PORT))))
            self.nodes[name] = nodes.Node(namespace, folder, name, self.versions.trusted)

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
        self.portcullis("types", "put", nodes.WEB / "web.yaml")
        for number, name in enumerate(INSTANCES, 1):
            self.portcullis("services", "add", name, f"app{number}", "--version", version, "--wait")
        assert self.running() == dict.fromkeys(INSTANCES, version)

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


def test_an_instance_joins_when_it_runs_and_leaves_before_it_stops(site, load):
    try:
        site.portcullis("services", "add", "web.4", "app4", "--version", "1.0.0")
        eventually(lambda: "web.4 1.0.0" in answering(load), what="the new instance answering")
        site.portcullis("services", "drain", "web.4", "--wait", "--timeout", "60")
        site.portcullis("services", "stop", "web.4", "--wait")
        site.portcullis("services", "ready", "web.4", "--wait")
        assert answering(load) == {f"{name} 1.0.0" for name in INSTANCES}, "ready, but stopped"
        site.portcullis("services", "start", "web.4", "--wait")
        assert "web.4 1.0.0" in answering(load)
    finally:
        site.portcullis("services", "drain", "web.4", "--wait", "--timeout", "60")
        site.portcullis("services", "remove", "web.4", "--wait")


def test_an_upgrade_and_a_downgrade_lose_no_request(site, load):
    site.versions.push("1.1.0")
    before = site.pids()
    site.portcullis("upgrade", "web", "--to", "1.1.0")
    assert site.running() == dict.fromkeys(INSTANCES, "1.1.0")
    assert set(site.pids().values()).isdisjoint(before.values()), "each was started anew"
    assert answering(load) == {f"{name} 1.1.0" for name in INSTANCES}
    site.portcullis("upgrade", "web", "--to", "1.0.0")
    assert answering(load) == {f"{name} 1.0.0" for name in INSTANCES}


def test_a_version_that_fails_its_test_goes_back_by_itself(site, load):
    site.versions.push("1.2.0-broken")
    before = site.pids()
    said = site.portcullis("upgrade", "web", "--to", "1.2.0-broken", succeeds=False)
    assert "health" in said
    assert site.running() == dict.fromkeys(INSTANCES, "1.0.0")
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


def test_a_move_loses_no_request(site, load):
    site.portcullis("services", "move", "web.3", "app4", "--drain-time", "2")
    assert site.pid("web.3", site.nodes["app4"]) and not site.pid("web.3", site.nodes["app3"])
    assert answering(load) == {f"{name} 1.0.0" for name in INSTANCES}
    site.portcullis("services", "move", "web.3", "app3", "--drain-time", "2")
