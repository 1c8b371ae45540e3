"""A thousand masters on one ADMIN: how soon all have a changed configuration, and how they come back after its restart."""

import pathlib
import threading
import time

import pytest

from portcullis_testing.admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from test_fleet import Cloud

MASTERS = 1_000
SERVERS = 50
QUIET = 30
PORT = 8080

FETCHED = 1  # second until all have a changed configuration
BACK = 15  # seconds after ADMIN's start until all are back
CONNECTIONS = 200  # new connections in any second after it
CPU = 0.2  # ms a master and second, while nothing changes


class Masters(Process):
    """`portcullis-generate masters`, and what it has told."""

    def __init__(self, admin, folder, lines):
        masters = folder / "masters"
        masters.write_text("".join(f"{line}\n" for line in lines))
        super().__init__(binary("portcullis-generate"), "masters", "--admin-url", admin.url, "--masters", masters,
                         log=folder / "masters.log")

    def told(self, event, since=0.0):
        """The last event of this kind of each service, since a time: what else there is, and when it happened."""
        text = self.text
        words = (line.split(" ", 3) for line in text[:text.rfind("\n") + 1].splitlines())
        return {service: (rest, float(at)) for at, kind, service, rest in words if kind == event and float(at) > since}


class Connections(threading.Thread):
    """Counts the connections that were accepted in this namespace, until the end of the `with` block."""

    def __init__(self):
        super().__init__()
        self.samples, self.isover = [], threading.Event()

    @staticmethod
    def opened():
        names, values = (line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines()
                         if line.startswith("Tcp:"))
        return int(values[names.index("PassiveOpens")])

    def run(self):
        while not self.isover.wait(0.02):
            self.samples.append((time.clock_gettime(time.CLOCK_MONOTONIC), self.opened()))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.isover.set()
        self.join()

    def most(self):
        """The most connections within any second."""
        best, first = 0, 0
        for at, count in self.samples:
            while self.samples[first][0] < at - 1:
                first += 1
            best = max(best, count - self.samples[first][1])
        return best


def source(value):
    return f"type: work\nconfig:\n  - {{sort-order: 1, values: {{number: {value}, name: '${{service.name}}'}}}}\n"


class MasterCloud(Cloud):
    """ADMIN at a port that stays, with so many services, and requests to it."""

    def __init__(self, folder):
        self.admin = Admin(HERE, folder, "--log-level", "info", port=PORT)
        self.token = self.admin.add_token("ops", "admin")
        self.connect()
        self.server_of = {f"work.{number + 1}": f"s{number % SERVERS}" for number in range(MASTERS)}
        self.ask("POST", "/v1/apply", {
            "locations": [{"name": "l"}],
            "servers": [{"name": f"s{number}", "location": "l", "kind": "app", "addresses": [f"10.0.0.{number + 1}"]}
                        for number in range(SERVERS)],
            "types": [{"name": "work", "source": source(0)}],
            "services": [{"name": name, "server": server} for name, server in self.server_of.items()]})

    def reconfigure(self, value):
        """Gives the type another value; the time just before it."""
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        self.ask("POST", "/v1/apply", {"types": [{"name": "work", "source": source(value)}]})
        return began


@pytest.fixture
def cloud(tmp_path):
    cloud = MasterCloud(tmp_path)
    yield cloud
    assert cloud.admin.stop() == 0


def test_a_thousand_masters(cloud, tmp_path):
    admin = cloud.admin
    lines = [f"{service} {server} " + cloud.ask("POST", f"/v1/servers/{server}/services/{service}/token")["secret"]
             for service, server in cloud.server_of.items()]
    memory = admin.memory()
    with Masters(admin, tmp_path, lines) as masters:
        eventually(lambda: len(masters.told("configured")) == MASTERS, timeout=120, what="a configuration of each", pause=1)
        used = admin.memory() - memory
        cpu = admin.cpu
        with Connections() as quiet_connections:
            time.sleep(QUIET)
        quiet = (admin.cpu - cpu) / QUIET

        rounds = []
        for value in (1, 2, 3):
            cpu, began = admin.cpu, cloud.reconfigure(value)
            eventually(lambda began=began: len(masters.told("configured", began)) == MASTERS, timeout=60, what="the change")
            known, fetched = (max(at for _, at in masters.told(event, began).values()) - began
                              for event in ("orders", "configured"))
            rounds.append((known, fetched, admin.cpu - cpu))
        [link] = [link for link in cloud.ask("GET", "/v1/links?service=work.1")]
        assert link["state"] == "connected"

        back = []
        for pause in (0, 12):
            assert admin.stop() == 0
            if pause:
                time.sleep(pause)
            with Connections() as connections:
                admin.start()
                began = time.monotonic()
                cloud.connect()
                # As ADMIN has it: a master whose next poll came after the restart has noticed nothing.
                eventually(lambda: len(cloud.ask("GET", "/v1/links?state=connected&fields=service")) == MASTERS,
                           timeout=120, what="the return of all", pause=0.25)
                latest = time.monotonic() - began
            back.append((pause, latest, connections.most()))

        print(f"{MASTERS} masters: {used / MASTERS:.1f} KiB of ADMIN each")
        print(f"while nothing changes: {quiet * 1e3 / MASTERS:.3f} ms of CPU a master and second, "
              f"{quiet_connections.most()} new connections in the busiest second")
        for known, fetched, seconds in rounds:
            print(f"a changed configuration was known to all after {known:.2f} s, and fetched by all after {fetched:.2f} s, "
                  f"with {seconds:.2f} s of CPU of ADMIN")
        for pause, latest, most in back:
            print(f"ADMIN away for {pause} s: all back {latest:.1f} s after it listened, at most {most} connections in a second")
    assert min(fetched for _, fetched, _ in rounds) <= FETCHED
    assert all(latest <= BACK for _, latest, _ in back)
    assert all(most <= CONNECTIONS for _, _, most in back)
    assert quiet * 1e3 / MASTERS <= CPU
