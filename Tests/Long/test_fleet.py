"""A thousand nodes on one ADMIN: what they cost it, and how soon all know of a change."""

import http.client
import json
import time

import pytest

from portcullis_testing.admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

NODES = 1_000
# Services of a server: from 1 to so many.
MOST = 64
DIGESTS = [f"{number:02x}" * 32 for number in range(1, 10)]
QUIET = 60

# What the fleet may cost ADMIN.
MEMORY = 250  # KiB a node
CPU = 0.1  # ms a node and second, while nothing changes
CHANGE = 4  # ms a node, of a change that concerns one service of each
LATENCY = 30  # seconds until all have such a change; what else the machine does counts


class Fleet(Process):
    """`portcullis-generate fleet`, and what it has told."""

    def __init__(self, admin, folder, tokens):
        nodes = folder / "nodes"
        nodes.write_text("".join(f"{server} {token}\n" for server, token in tokens.items()))
        super().__init__(binary("portcullis-generate"), "fleet", "--admin-url", admin.url, "--nodes", nodes, "--join",
                         log=folder / "fleet.log")

    def told(self):
        """What has happened: the time, the event, the server, and what else there is."""
        text = self.text
        return [(float(time), event, server, rest) for time, event, server, rest in
                (line.split(" ", 3) for line in text[:text.rfind("\n") + 1].splitlines())]

    def last(self, event):
        """The tag of the last event of each server, and when it happened."""
        return {server: (tag, at) for at, kind, server, tag in self.told() if kind == event}


class Cloud:
    """ADMIN with so many servers, and requests to it."""

    def __init__(self, folder):
        self.admin = Admin(HERE, folder, "--log-level", "info")
        self.token = self.admin.add_token("ops", "admin")
        self.connect()
        self.servers = [f"s{number}" for number in range(NODES)]
        self.on = {}
        for number, server in enumerate(self.servers):
            first = sum(len(names) for names in self.on.values()) + 1
            self.on[server] = [f"work.{first + index}" for index in range(number % MOST + 1)]
        self.server_of = {name: server for server, names in self.on.items() for name in names}
        self.ask("POST", "/v1/apply", {
            "locations": [{"name": "l"}],
            "servers": [{"name": server, "location": "l", "kind": "app", "addresses": [f"10.0.{number // 250}.{number % 250 + 1}"]}
                        for number, server in enumerate(self.servers)],
            "types": [{"name": "work", "source": "type: work\nrun: {command: [bin/work]}\n"}],
            "services": [{"name": name, "server": server, "version": f"sha256:{DIGESTS[0]}"}
                         for server, names in self.on.items() for name in names]})

    def connect(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", int(self.admin.url.rsplit(":", 1)[1]), timeout=120)

    def ask(self, method, path, body=None):
        self.connection.request(
            method, path, body=body and json.dumps(body),
            headers={"Authorization": f"Bearer {self.token}", **({"Content-Type": "application/json"} if body else {})})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {text[:1000]}"
        return json.loads(text)

    def change(self, names, digest):
        """Gives services a version in one change; the time just before it."""
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        self.ask("POST", "/v1/apply", {"services": [
            {"name": name, "server": self.server_of[name], "version": f"sha256:{digest}"} for name in names]})
        return began


@pytest.fixture
def cloud(tmp_path):
    cloud = Cloud(tmp_path)
    yield cloud
    assert cloud.admin.stop() == 0


def test_a_thousand_nodes(cloud, tmp_path):
    admin = cloud.admin
    services = sum(len(names) for names in cloud.on.values())
    tokens = {server: cloud.ask("POST", f"/v1/servers/{server}/join", {"for": 3600})["secret"] for server in cloud.servers}
    memory = admin.memory()
    with Fleet(admin, tmp_path, tokens) as fleet:
        began = time.monotonic()
        eventually(lambda: len(fleet.last("reported")) == NODES, timeout=600, what="a report of each node", pause=1)
        joined = time.monotonic() - began
        used = admin.memory() - memory

        # A minute in which nothing changes: each poll is held and comes again, each node reports once.
        cpu = admin.cpu
        time.sleep(QUIET)
        quiet = (admin.cpu - cpu) / QUIET
        peak = admin.memory() - memory

        rounds = {}
        for what, names, digest in [
            ("one service on each server", [names[0] for names in cloud.on.values()], DIGESTS[1]),
            ("every service", [name for names in cloud.on.values() for name in names], DIGESTS[2]),
            ("one service on one server", [cloud.on["s63"][5]], DIGESTS[3]),
        ]:
            concerned = {server for server, on in cloud.on.items() if set(on) & set(names)}
            known, cpu = fleet.last("assignments"), admin.cpu
            changed = cloud.change(names, digest)

            def all_told(event):
                """When the last node has said so of the new assignments."""
                told = fleet.last(event)
                news = [told[server] for server in concerned]
                return all(tag != known[server][0] for (tag, _), server in zip(news, concerned)) and max(at for _, at in news)

            answered = eventually(lambda: all_told("assignments"), what=f"the answers to {what}") - changed
            reported = eventually(lambda: all_told("reported"), what=f"the reports of {what}") - changed
            rounds[what] = answered, reported, admin.cpu - cpu
        failures = [line for line in fleet.told() if line[1] == "failed"]
        assert not failures, failures[:5]
        nodes = cloud.ask("GET", "/v1/nodes")
        assert len(nodes) == NODES and all(node["state"] == "present" for node in nodes)
        # What ADMIN knows of a server is what was assigned last.
        shown = cloud.ask("GET", "/v1/servers/s63/node")
        assert len(shown["report"]["services"]) == MOST and not shown.get("differences"), shown

        print(f"{NODES} nodes with {services} services, joined and reported within {joined:.0f} s")
        print(f"memory of ADMIN: {memory / 1024:.0f} MiB before them, {used / NODES:.1f} KiB a node, {peak / NODES:.1f} after a minute")
        print(f"CPU of ADMIN while nothing changes: {quiet * 1e3 / NODES:.3f} ms a node and second, {quiet:.1%} of a core")
        for what, (answered, reported, seconds) in rounds.items():
            print(f"{what} changed: all answered after {answered:.2f} s, all reports taken after {reported:.2f} s, {seconds:.2f} s of CPU")
    assert max(used, peak) / NODES <= MEMORY
    assert quiet * 1e3 / NODES <= CPU
    answered, _, seconds = rounds["one service on each server"]
    assert seconds * 1e3 / NODES <= CHANGE
    assert answered <= LATENCY
