"""A server is taken out for a reboot: drained with all its services, waited for under load, and put back."""

import re
import time

import pytest

from portcullis_testing import traffic, witnesses
from portcullis_testing.admin import ADMIN_URL, PORT, Admin, Operator
from portcullis_testing.exports import WWW4
from portcullis_testing.gateway import Gateway
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

pytestmark = pytest.mark.at_once
PORTS = [8001, 8002, 8003, 8004, 8005]
OUT = "10.1.0.12:8080"
CLOUD = """
types:
""" + "".join(f"""
  - source: |
      type: w{number}
      gateway:
        - {{name: http, address: www-ip, ports: {{{port}: 8080}}, protocol: tcp, scheduler: rr, drain: 600}}
""" for number, port in enumerate(PORTS, 1)) + """
locations:
  tcn:
    pools: {www-ip: [198.51.100.36]}
    servers:
      app1: {kind: app, addresses: [10.1.0.11]}
      app2: {kind: app, addresses: [10.1.0.12]}
services:
""" + "".join(f"  w{number}.{index}: app{index}\n" for number in range(1, 6) for index in (1, 2))


class Site:
    def __init__(self, operator, gateway):
        self.operator, self.gateway = operator, gateway
        self.namespace = operator.namespace

    def command(self, *words):
        return [binary("portcullis"), *words, "--admin-url", ADMIN_URL]

    def result(self, *words):
        return self.namespace.result(*self.command(*words))

    def start(self, *words):
        return self.namespace.start(*self.command(*words))

    def weights(self):
        """The weight of the server's five real servers; None: it is not there."""
        services = witnesses.ipvs(self.namespace)
        return [services.get(f"TCP {WWW4}:{port}", {}).get(OUT) for port in PORTS]

    def connections(self):
        """The connections that the kernel has on the server, active and inactive."""
        return sum(count for (_, server), count in witnesses.connections(self.namespace).items() if server == OUT)

    def established(self):
        """What `ipvsadm -Lcn` lists of it as established."""
        return [line for line in self.namespace.run("ipvsadm", "-Lcn").splitlines()
                if line.split()[-1] == OUT and "ESTABLISHED" in line]


@pytest.fixture(scope="module")
def site(network, servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("waiting")
    witnesses.clear(network.gateway)
    admin = Admin(network.gateway, folder, port=PORT)
    try:
        admin.wait_until_ready()
        operator = Operator(network.gateway, folder)
        (folder / "cloud.yaml").write_text(CLOUD)
        with Gateway(network.gateway, folder, {"interval": 1, "guard.servers-floor": 1}) as gateway:
            operator.run("apply", "-f", folder / "cloud.yaml")
            gateway.follow(operator)
            yield Site(operator, gateway)
            assert gateway.stop() == 0
    finally:
        assert admin.stop() == 0, admin.text[-4000:]
        witnesses.clear(network.gateway)


class Resetting:
    """A client of loops that ends its connections with a reset: IPVS forgets them after seconds, not minutes."""

    def __init__(self, client):
        self.client = client

    def http(self, address, port, source=None):
        held = self.client.hold(address, port, source)
        try:
            return held.ask()
        finally:
            held.abort()


def hold(client, port):
    """A connection to the server that goes."""
    for _ in range(8):
        held = client.hold(WWW4, port)
        if held.ask().server == "app2":
            return held
        held.abort()
    raise AssertionError("app2 took none of 8 connections")


def test_a_server_is_drained_and_waited_for_under_load(site, client):
    held = [hold(client, port) for port in PORTS[:3]]
    with traffic.Loop(Resetting(client), [("tcp", WWW4, port) for port in PORTS]) as loop:
        loop.wait_for(30)
        assert loop.servers() == {"app1", "app2"}
        with site.start("servers", "drain", "app2", "--wait", "--timeout", "300") as drain:
            drain.wait_for(lambda: re.search(r"waiting: .*w\d\.2: \d+ connection", drain.text), timeout=120)
            assert site.weights() == [0] * 5
            began = time.monotonic()
            loop.wait_for(20)
            assert loop.servers(after=began) == {"app1"}
            # The connections of the load have ended, those that are held have not.
            drain.wait_for(lambda: "w3.2: 1 connection" in drain.text and drain.text.rstrip().endswith(
                "waiting: w1.2: 1 connection; w2.2: 1 connection; w3.2: 1 connection"), timeout=120)
            assert len(site.established()) == 3
            shown = site.operator.run("services", "show", "w1.2")
            assert re.search(r"state +drain \(server\)", shown) and re.search(r"connections +1 \(gw1 1\)", shown), shown
            for one in held[:2]:
                assert one.ask().server == "app2"
                one.abort()
            drain.wait_for(lambda: drain.text.rstrip().endswith("waiting: w3.2: 1 connection"), timeout=120)
            assert held[2].ask().server == "app2" and drain.is_running
            held[2].abort()
            assert drain.wait(120) == 0, drain.text
            assert (site.connections(), site.weights()) == (0, [0] * 5)
        assert site.result("servers", "ready", "app2", "--wait").returncode == 0
        assert site.weights() == [100] * 5
        began = time.monotonic()
        loop.wait_for(20)
        assert loop.servers(after=began) == {"app1", "app2"}
    assert loop.failures == []


def test_drained_again_at_once_it_is_waited_for_again(site, client):
    """The export is the one of before, by its ETag: only what the gateway says afterwards counts."""
    assert site.result("servers", "drain", "app2", "--wait").returncode == 0
    site.operator.run("servers", "ready", "app2")
    eventually(lambda: site.weights() == [100] * 5, what="the server being ready")
    held = hold(client, PORTS[0])
    with site.start("servers", "drain", "app2", "--wait") as drain:
        drain.wait_for("waiting: w1.2: 1 connection", timeout=60)
        time.sleep(3)
        assert drain.is_running and held.ask().server == "app2"
        held.abort()
        assert drain.wait(120) == 0
    site.operator.run("servers", "ready", "app2")


@pytest.mark.parametrize("words, states", [(["--for", "15s"], "ready"), ([], "maint")])
def test_a_drain_that_ends_before_its_connections_fails_the_wait(site, client, words, states):
    """By itself, or because somebody has set another state."""
    eventually(lambda: site.weights() == [100] * 5, what="the server being ready")
    held = hold(client, PORTS[0])
    with site.start("servers", "drain", "app2", "--wait", *words) as drain:
        # Within the time of --for: the command starts, the gateway confirms and reports.
        drain.wait_for("waiting: w1.2: 1 connection", timeout=60)
        if not words:
            site.operator.run("servers", states, "app2")
        assert drain.wait(120) == 1, drain.text
        assert f"not in drain any more, so connections may be open: w1.2 ({states}), w2.2 ({states})" in drain.text
    assert held.ask().server == "app2"
    held.abort()
    assert site.result("servers", "ready", "app2", "--wait").returncode == 0
    eventually(lambda: site.weights() == [100] * 5, what="the server being ready")


def test_an_own_maint_outlives_the_servers_drain(site):
    assert site.result("services", "maint", "w5.2", "--wait").returncode == 0
    eventually(lambda: site.weights()[4] is None, what="the instance being gone")
    assert site.result("servers", "drain", "app2", "--wait").returncode == 0
    assert site.weights() == [0] * 4 + [None]
    assert site.result("servers", "ready", "app2", "--wait").returncode == 0
    assert site.weights() == [100] * 4 + [None]
    assert site.result("services", "ready", "w5.2", "--wait").returncode == 0
    assert site.weights() == [100] * 5


def test_a_server_in_maint_shows_what_still_drains(site, client):
    held = hold(client, PORTS[0])
    assert site.result("servers", "maint", "app2", "--wait").returncode == 0
    assert held.ask().server == "app2"
    shown = eventually(lambda: re.search(
        rf"gw1: \S+:{PORTS[0]}/tcp {OUT} has left the export, 1 connection, until \S+ at the latest",
        site.operator.run("servers", "show", "app2")), what="the connection in `servers show`")
    assert shown
    held.abort()
    eventually(lambda: site.weights() == [None] * 5, what="all being gone")
    assert site.result("servers", "ready", "app2", "--wait").returncode == 0
    assert site.weights() == [100] * 5


def test_of_several_servers_all_are_drained_or_none(site):
    before, etag = site.weights(), site.operator.etag()
    refused = site.result("servers", "drain", "app2", "app9", "--wait")
    assert refused.returncode == 1 and 'there is no server "app9"' in refused.stderr
    assert (site.operator.etag(), site.weights()) == (etag, before)


def test_a_change_that_is_held_back_fails_the_wait_at_once(site):
    before = site.weights()
    began = time.monotonic()
    held = site.result("servers", "drain", "app1", "app2", "--wait", "--timeout", "300")
    assert held.returncode == 1, held
    assert re.search(r"gw1 of tcn holds the change back: .*loses 2 of 2 ready servers", held.stderr), held.stderr
    assert time.monotonic() - began < 60
    assert site.weights() == before
    again = site.result("gateways", "--wait", "60")
    assert again.returncode == 1 and "HELD BACK" in again.stdout
    assert site.result("servers", "ready", "app1", "app2", "--wait").returncode == 0


def test_a_silent_gateway_is_named_when_the_time_is_over(site):
    site.namespace.run("curl", "-sSf", "-o", "/dev/null", "-H", "Portcullis-Gateway: gw2",
                       f"{ADMIN_URL}/v1/locations/tcn/services.csv")
    silent = site.result("services", "drain", "w1.2", "--wait", "--timeout", "5")
    assert silent.returncode == 1
    assert re.search(r"still open after 5 s:\n  gw2 of tcn has not confirmed", silent.stderr), silent.stderr
    assert site.weights() == [0] + [100] * 4
    wrong = site.result("services", "drain", "w1.2", "--wait", "--without-gateway", "gw3")
    assert wrong.returncode == 1 and "ADMIN knows no gateway gw3; nothing was changed" in wrong.stderr
    assert site.result("services", "drain", "w1.2", "--wait", "--without-gateway", "gw2").returncode == 0
    site.operator.run("gateways", "forget", "gw2")
    assert site.result("services", "ready", "w1.2", "--wait").returncode == 0
