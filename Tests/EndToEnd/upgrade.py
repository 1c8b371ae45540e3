"""An older version beside this one, under traffic: `make upgrade` builds it, and PORTCULLIS_OLD_BIN names its folder.

The older version is one whose gateway reads, and whose ADMIN writes, version 1 of the export only.
"""

import os
import pathlib

import pytest

from portcullis_testing import topology, traffic, witnesses
from portcullis_testing.admin import PORT, Admin, Operator
from portcullis_testing.gateway import Gateway
from portcullis_testing.waiting import eventually

WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
TARGETS = [("tcp", WWW4, 80), ("tcp", TG4, 20000), ("udp", OTHER4, 25000), ("tcp", WWW6, 443), ("udp", OTHER6, 20000)]
LIMITED = ("    scheduler: wlc\n", "    scheduler: wlc\n    max-connections: 5000\n")


def old(name):
    path = pathlib.Path(os.environ["PORTCULLIS_OLD_BIN"]) / name
    assert os.access(path, os.X_OK), f"{path} is missing: make upgrade"
    return path


class Site:
    """One ADMIN and one gateway, each of which can be exchanged for another version, on the same files."""

    def __init__(self, network, folder):
        self.network, self.folder = network, folder
        self.admin = self.gateway = self.operator = None

    def start_admin(self, program=None):
        if self.admin:
            assert self.admin.stop() == 0, self.admin.text[-4000:]
        self.admin = Admin(self.network.gateway, self.folder, port=PORT, program=program)
        self.admin.wait_until_ready()
        if not self.operator:
            self.operator = Operator(self.network.gateway, self.folder)
            self.operator.apply()

    def start_gateway(self, program=None):
        self.stop_gateway()
        self.gateway = Gateway(self.network.gateway, self.folder, {"interval": 1, "audit-interval": 3600}, program=program)

    def stop_gateway(self):
        if self.gateway:
            assert self.gateway.stop() == 0, self.gateway.text[-4000:]
        self.gateway = None

    def stop(self):
        self.stop_gateway()
        if self.admin:
            assert self.admin.stop() == 0, self.admin.text[-4000:]

    def is_in_sync(self, version):
        """As ADMIN sees it: the gateway asks for that version and has applied the export in it."""
        gateways = self.operator.json("gateways", "list")
        return [(gateway.get("exportVersion"), gateway["inSync"]) for gateway in gateways] == [(version, True)]


@pytest.fixture
def site(network, servers, tmp_path):
    witnesses.clear(network.gateway)
    made = Site(network, tmp_path)
    yield made
    try:
        made.stop()
    finally:
        witnesses.clear(network.gateway)


@pytest.fixture
def loop(client):
    """Requests over all services, none of which may fail; started by the test, once there is something to ask."""
    return traffic.Loop(client, TARGETS)


def is_served(loop):
    loop.wait_for(4 * len(TARGETS))
    assert not loop.failures, loop.failures[:5]


def applied(site):
    """The version of the export that the gateway has applied last."""
    file, = (site.folder / "state").glob("services-*.csv")
    header = file.read_text().partition("\n")[0]
    return 2 if "max_connections" in header else 1


def test_an_old_gateway_with_a_new_admin_is_upgraded_and_downgraded_under_traffic(site, network, loop):
    site.start_admin()
    site.start_gateway(old("portcullis-gateway"))
    eventually(lambda: site.is_in_sync(1), what="the old gateway being in sync, by version 1")
    with loop:
        is_served(loop)

        # It follows changes, and what it cannot read is refused by its name.
        site.operator.run("services", "drain", "tg.2")
        eventually(lambda: site.is_in_sync(1), what="the old gateway having followed")
        assert site.gateway.status["state"] == "synchronized"
        site.operator.edit("types/tg.yaml", *LIMITED)
        with pytest.raises((AssertionError, RuntimeError), match="the gateway gw1 of tcn reads version 1 only"):
            site.operator.apply()
        is_served(loop)

        # Upgraded, it changes nothing in the kernel.
        before = witnesses.content(network.gateway)
        with witnesses.IPVSWrites() as writes:
            site.start_gateway()
            eventually(lambda: site.is_in_sync(2), what="the new gateway being in sync, by version 2")
            assert writes.count == 0
        assert witnesses.content(network.gateway) == before
        is_served(loop)

        site.operator.apply()
        eventually(lambda: site.is_in_sync(2), what="the limit being applied")
        eventually(lambda: (5000, 0) in witnesses.thresholds(network.gateway).values(), what="the limit in the kernel")
        is_served(loop)

        # Downgraded, it cannot read the export there is, and leaves the kernel alone.
        limited = witnesses.content(network.gateway)
        site.start_gateway(old("portcullis-gateway"))
        eventually(lambda: site.operator.json("gateways", "list")[0]["exportVersion"] == 1, what="its poll")
        gateway, = site.operator.json("gateways", "list")
        assert (gateway["inSync"], gateway["neededVersion"]) == (False, 2)
        assert "NEEDS VERSION 2" in site.operator.run("gateways", "list")
        is_served(loop)
        assert witnesses.content(network.gateway) == limited
        # It stands in nobody's way.
        site.operator.run("services", "ready", "tg.2")

        site.start_gateway()
        eventually(lambda: site.is_in_sync(2), what="the new gateway being in sync again")
        is_served(loop)
    assert not loop.failures, loop.failures[:5]


def test_a_new_gateway_with_an_old_admin_goes_on_when_admin_is_upgraded(site, network, loop):
    site.start_admin(old("portcullis-admin"))
    site.start_gateway()
    site.gateway.follow(site.operator)
    assert applied(site) == 1
    with loop:
        is_served(loop)
        site.operator.run("services", "drain", "tg.2")
        site.gateway.follow(site.operator)
        site.operator.run("services", "ready", "tg.2")
        site.gateway.follow(site.operator)

        before = witnesses.content(network.gateway)
        with witnesses.IPVSWrites() as writes:
            site.start_admin()
            eventually(lambda: site.is_in_sync(2), what="the gateway being in sync, by version 2")
            assert writes.count == 0
        assert witnesses.content(network.gateway) == before
        assert applied(site) == 2
        is_served(loop)
    assert not loop.failures, loop.failures[:5]
