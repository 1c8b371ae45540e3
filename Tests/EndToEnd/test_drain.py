"""A real server that is drained or leaves: nothing new comes to it, what it has goes on to its own end."""

import socket
import time

import pytest

from portcullis_testing import exports, topology, witnesses
from portcullis_testing.exports import OTHER6, TG4, TG6, WWW4
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
SERVER = "10.1.0.13:8080"
HTTP = f"TCP {WWW4}:80"
WITHOUT_APP3 = {"app1": 100, "app2": 100}
DRAINED_APP3 = {**exports.ALL, "app3": 0}


def cloud(weights=None, **cells):
    """The cloud with other real servers, or cells, of HTTP on port 80 alone."""
    return exports.export(exports.www(weights, **cells), exports.www(None, 443), exports.devices())


@pytest.fixture(scope="module")
def settings(scripted):
    # Longer than anything here is waited for: whatever is removed, is so for another reason.
    return {"admin-url": scripted.url, "drain-time": 600}


@pytest.fixture
def hold(client):
    """Opens connections until the named server has one, which is kept."""
    kept = []

    def hold(server, address=WWW4, port=80):
        for _ in range(24):
            held = client.hold(address, port)
            if held.ask().server == server:
                kept.append(held)
                return held
            held.abort()
        raise AssertionError(f"{server} took none of 24 connections")

    yield hold
    for held in kept:
        held.close()


def weight(network, server=SERVER, service=HTTP):
    """None: the real server is not there."""
    return witnesses.ipvs(network.gateway).get(service, {}).get(server)


def is_removed(network, server=SERVER, service=HTTP):
    eventually(lambda: weight(network, server, service) is None, what=f"{server} being removed")


def drains(daemon):
    return {(drain["service"], drain["server"]) for drain in daemon.status["drains"]}


def give_and_accept(scripted, daemon, data):
    """An export that takes so much away that the guard asks."""
    scripted.serve(data)
    eventually(lambda: daemon.status.get("held"), what="the guard")
    assert daemon.run("accept", exports.etag(data)).returncode == 0
    daemon.has_applied(exports.etag(data))


def until_when(daemon):
    """When the time of the server of HTTP is over at the latest."""
    [until] = [drain["until"] for drain in daemon.status["drains"] if drain["service"] == f"{WWW4}:80/tcp"]
    return until


def test_a_server_that_leaves_keeps_its_connections_to_their_end(daemon, scripted, network, client, hold):
    held = hold("app3")
    scripted.give(daemon, cloud(WITHOUT_APP3))
    assert weight(network) == 0
    assert (f"{WWW4}:80/tcp", SERVER) in drains(daemon)
    assert {client.http(WWW4, 80).server for _ in range(12)} == {"app1", "app2"}
    scripted.wait_for_polls(4)
    assert (held.ask().server, weight(network)) == ("app3", 0)
    assert daemon.status["drains"][0]["connections"] == 1

    until = until_when(daemon)
    held.abort()
    is_removed(network)
    # By the end of its connections, long before its time is over.
    assert time.time() < until - 300
    eventually(lambda: drains(daemon) == set())


@pytest.mark.parametrize("address, family", [(TG4, ""), (TG6, " IPv6")])
def test_connections_stay_when_their_range_gets_another_mark(daemon, scripted, network, client, hold, address, family):
    held = hold("app3", address, 25000)
    give_and_accept(scripted, daemon, exports.export(exports.www(), exports.www(None, 443), exports.devices(mark=300)))
    before, after = f"FWM 257{family}", f"FWM 300{family}"
    # IPVS knows the packets of a connection by addresses and ports, whatever their mark: its server has to stay where it was.
    scripted.wait_for_polls(4)
    services = witnesses.ipvs(network.gateway)
    assert set(services[before].values()) == {0} and set(services[after].values()) == {100}
    assert held.ask().server == "app3"
    assert {client.http(address, 25000).server for _ in range(12)} == set(exports.ALL)
    held.abort()
    eventually(lambda: before not in witnesses.ipvs(network.gateway), what="the end of the drain")


def test_a_server_without_connections_goes_at_once(daemon, scripted, network):
    scripted.give(daemon, cloud(WITHOUT_APP3))
    is_removed(network)
    # Not before it took nothing new any more.
    log = daemon.text
    assert 0 < log.index(f"{HTTP[4:]}/tcp -> {SERVER} weight 100 -> 0") < log.index(
        f"ipvs - real server {HTTP[4:]}/tcp -> {SERVER}")


def test_an_operator_s_drain_lasts_until_he_ends_it(daemon, scripted, network, client, hold):
    held = hold("app3")
    scripted.give(daemon, cloud(DRAINED_APP3, drain_time=1))
    assert weight(network) == 0
    held.close()
    scripted.wait_for_polls(6)
    assert (weight(network), drains(daemon)) == (0, set())
    assert "app3" not in {client.http(WWW4, 80).server for _ in range(12)}
    scripted.give(daemon, CLOUD)
    assert weight(network) == 100
    assert "app3" in {client.http(WWW4, 80).server for _ in range(12)}


def test_the_section_s_drain_time_ends_what_does_not_end_by_itself(daemon, scripted, network, hold):
    scripted.give(daemon, cloud(drain_time=15))
    held = hold("app3")
    scripted.give(daemon, cloud(WITHOUT_APP3, drain_time=15))
    assert weight(network) == 0
    until = until_when(daemon)
    assert until <= time.time() + 15
    # Two looks take their time, too: the last begins well before.
    while time.time() < until - 8:
        assert (held.ask().server, weight(network)) == ("app3", 0)
        time.sleep(0.2)
    is_removed(network)
    assert time.time() >= until
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()


def test_a_server_that_comes_back_in_mid_drain_has_its_weight_again(daemon, scripted, network, client, hold):
    held = hold("app3")
    scripted.give(daemon, cloud(WITHOUT_APP3))
    assert weight(network) == 0
    back = cloud({**exports.ALL, "app3": 70})
    scripted.give(daemon, back)
    assert (weight(network), drains(daemon), held.ask().server) == (70, set(), "app3")
    held.close()
    scripted.wait_for_polls(4)
    assert weight(network) == 70
    assert "app3" in {client.http(WWW4, 80).server for _ in range(12)}


class Flows:
    """UDP clients, each with a port that stays, as a device has it: for IPVS that is one flow."""

    def __init__(self, client, address, port, count=12):
        self.endpoints = [client.socket(socket.SOCK_DGRAM, address) for _ in range(count)]
        for endpoint in self.endpoints:
            endpoint.connect((address, port))

    def servers(self):
        """Who answers; fails where nobody does."""
        for endpoint in self.endpoints:
            endpoint.send(b".")
        return {endpoint.recv(4096).split(b'"')[3].decode() for endpoint in self.endpoints}

    def move(self, timeout):
        """Spends the first datagram after a change: it may be lost with the flow's entry."""
        for endpoint in self.endpoints:
            endpoint.send(b".")
        time.sleep(0.5)
        for endpoint in self.endpoints:
            endpoint.setblocking(False)
            try:
                while endpoint.recv(4096):
                    pass
            except BlockingIOError:
                endpoint.settimeout(timeout)

    def close(self):
        for endpoint in self.endpoints:
            endpoint.close()


@pytest.fixture
def flows(client):
    opened = []

    def flows(address, port):
        opened.append(Flows(client, address, port))
        return opened[-1]

    yield flows
    for each in opened:
        each.close()


@pytest.mark.parametrize("weights", [WITHOUT_APP3, DRAINED_APP3], ids=["gone", "drained"])
@pytest.mark.parametrize("address", [TG4, TG6])
def test_udp_alone_takes_nothing_new_for_a_moment_and_goes(daemon, scripted, network, client, flows, weights, address):
    def datagrams(weights):
        return exports.export(exports.www(), exports.devices(weights, protocols=("udp",)))

    scripted.give(daemon, datagrams(None))
    clients = flows(address, 20000)
    assert "app3" in clients.servers()
    log = len(daemon.text)
    scripted.serve(datagrams(weights))
    # Its clients keep its flows busy: that does not keep it.
    servers = set()
    deadline = time.monotonic() + 60
    while weight(network, "10.1.0.13:0", "FWM 257") is not None and time.monotonic() < deadline:
        if weight(network, "10.1.0.13:0", "FWM 257") == 0:
            servers |= flows(address, 20000).servers()
        else:
            time.sleep(0.05)
    is_removed(network, "10.1.0.13:0", "FWM 257")
    is_removed(network, "[fd00:1::13]:0", "FWM 257 IPv6")
    daemon.has_applied(exports.etag(datagrams(weights)))
    eventually(lambda: drains(daemon) == set())
    written = daemon.text[log:]
    for family, inside in (("IPv4", "10.1.0.13"), ("IPv6", "fd00:1::13")):
        service = f"real server mark 257 ({family}) -> {inside}"
        assert 0 < written.index(f"ipvs ~ {service} weight 100 -> 0") < written.index(f"ipvs - {service}")
    # Nothing new came to it meanwhile, and nobody was refused.
    assert servers <= {"app1", "app2"}
    clients.move(client.timeout)
    assert clients.servers() == {"app1", "app2"}


@pytest.mark.parametrize("weights", [WITHOUT_APP3, DRAINED_APP3], ids=["gone", "drained"])
def test_udp_beside_tcp_goes_on_elsewhere_while_tcp_drains(daemon, scripted, network, client, hold, flows, weights):
    def both(weights):
        # As ADMIN exports a section of both: UDP has a mark of its own.
        return exports.export(exports.www(), exports.devices(weights, protocols=("tcp",)),
                              exports.devices(weights, mark=258, protocols=("udp",)))

    scripted.give(daemon, both(None))
    held = hold("app3", TG4, 20000)
    clients = flows(TG4, 20000)
    assert "app3" in clients.servers()
    scripted.give(daemon, both(weights))
    assert weight(network, "10.1.0.13:0", "FWM 257") == 0
    is_removed(network, "10.1.0.13:0", "FWM 258")
    clients.move(client.timeout)
    assert clients.servers() == {"app1", "app2"}
    assert held.ask().server == "app3"


@pytest.mark.parametrize("end", ["gone", "drained"])
def test_dh_refuses_nobody_while_a_server_drains(daemon, scripted, network, client, end):
    scripted.give(daemon, cloud(scheduler="dh"))
    # By the public address: all clients come to one server.
    [server] = {client.http(WWW4, 80).server for _ in range(6)}
    weights = {name: 100 for name in exports.ALL if name != server} | ({server: 0} if end == "drained" else {})
    scripted.give(daemon, cloud(weights, scheduler="dh"))
    assert weight(network, f"10.1.0.{topology.SERVERS[server]}:8080") is None
    assert drains(daemon) == set()
    [other] = {client.http(WWW4, 80).server for _ in range(6)}
    assert other != server


@pytest.mark.parametrize("weights", [WITHOUT_APP3, DRAINED_APP3], ids=["gone", "drained"])
def test_persistence_ties_no_client_to_a_server_that_drains(daemon, scripted, network, client, fresh, weights):
    scripted.give(daemon, cloud(persistence=300))
    sources = fresh(9)
    tied = {source: client.http(WWW4, 80, source).server for source in sources}
    source = next(source for source in sources if tied[source] == "app3")
    # The connection that holds the drain up; its client is tied, and stays so.
    held = client.hold(WWW4, 80, source)
    assert held.ask().server == "app3"
    assert {client.http(WWW4, 80, source).server for _ in range(6)} == {"app3"}

    scripted.give(daemon, cloud(weights, persistence=300))
    assert weight(network) == 0
    for source in sources:
        moved = {client.http(WWW4, 80, source).server for _ in range(3)}
        assert "app3" not in moved and len(moved) == 1
    assert held.ask().server == "app3"
    held.close()


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_a_drain_goes_on_over_a_restart_with_admin_away(daemon, daemons, scripted, settings, network, client, hold, end):
    held = hold("app3")
    left = cloud(WITHOUT_APP3)
    scripted.give(daemon, left)
    until = until_when(daemon)
    folder = daemon.folder.name
    scripted.go()
    try:
        daemons.kill() if end == "SIGKILL" else daemons.stop()
        assert (held.ask().server, weight(network)) == ("app3", 0)
        again = daemons.start(settings, folder)
        again.has_applied(exports.etag(left))
        assert until_when(again) == until
        assert (held.ask().server, weight(network)) == ("app3", 0)
        assert "app3" not in {client.http(WWW4, 80).server for _ in range(12)}
        held.abort()
        is_removed(network)
    finally:
        scripted.come()


def test_a_service_that_leaves_is_admitted_while_its_servers_drain(daemon, scripted, network, client, hasty, hold):
    held = hold("app2", OTHER6, 20000)
    service = "FWM 257 IPv6"
    # 8 of 12 public endpoints.
    give_and_accept(scripted, daemon, exports.export(exports.www(), exports.www(None, 443)))
    assert weight(network, "[fd00:1::12]:0", service) == 0
    assert any(drain["isWholeService"] for drain in daemon.status["drains"])
    for _ in range(5):
        assert held.ask().server == "app2"
        time.sleep(0.5)
    with pytest.raises(OSError):
        hasty.http(OTHER6, 20000)
    held.abort()
    eventually(lambda: service not in witnesses.ipvs(network.gateway), what="the service being removed")
    eventually(lambda: not drains(daemon))
    assert not witnesses.table(network.gateway)["set"]["ranges6"].get("elem")
    assert {client.http(WWW4, 80).server for _ in range(6)} == set(exports.ALL)
