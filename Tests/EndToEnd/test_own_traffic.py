"""Connections of the gateway host itself, from ports within what it exports: they are its own, not the real servers'."""

import contextlib
import select
import socket
import threading

import pytest

from portcullis_testing import exports, scripted as scripts, topology, witnesses
from portcullis_testing.exports import TG4, TG6, WWW4
from portcullis_testing.waiting import eventually

PEERS = {4: topology.CLIENTS4[0], 6: topology.CLIENTS6[0]}
PORT = 5353
# What the kernel gives out by itself lies in it.
RANGE = "30000-61000"
KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


@pytest.fixture(scope="module")
def settings(scripted):
    # No audit comes between: what the tests set by sysctl stays.
    return {"admin-url": scripted.url, "drain-time": 0, "audit-interval": 3600, "guard.services-share": 100,
            "guard.servers-share": 100}


class Peer:
    """A resolver, say, on the client's machine: sends back what it gets, by UDP and TCP."""

    def __init__(self, namespace):
        self._sockets = []
        with namespace.entered():
            for kind in KINDS.values():
                for family, address in ((socket.AF_INET, PEERS[4]), (socket.AF_INET6, PEERS[6])):
                    endpoint = socket.socket(family, kind)
                    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    endpoint.bind((address, PORT))
                    if kind == socket.SOCK_STREAM:
                        endpoint.listen(64)
                    self._sockets.append(endpoint)
        self._end, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        waiting = [self._end, *self._sockets]
        while True:
            for endpoint in select.select(waiting, [], [])[0]:
                if endpoint is self._end:
                    return
                with contextlib.suppress(OSError):
                    if endpoint.type == socket.SOCK_DGRAM:
                        data, sender = endpoint.recvfrom(100)
                        endpoint.sendto(data, sender)
                    else:
                        connection, _ = endpoint.accept()
                        with connection:
                            connection.settimeout(30)
                            connection.sendall(connection.recv(100))

    def close(self):
        self._wake.close()
        self._thread.join()
        for endpoint in [self._end, *self._sockets]:
            endpoint.close()


@pytest.fixture(scope="module")
def peer(network):
    made = Peer(network.client)
    yield made
    made.close()


@pytest.fixture
def vs_conntrack(network, request):
    network.gateway.sysctl(ipv4__vs__conntrack=request.param)
    yield request.param
    network.gateway.sysctl(ipv4__vs__conntrack=0)


def ask(namespace, kind, address, port=0, timeout=30):
    """Asks the peer from an address and port of the gateway: the port it was asked from."""
    family, host = (socket.AF_INET6, PEERS[6]) if ":" in address else (socket.AF_INET, PEERS[4])
    with namespace.entered():
        endpoint = socket.socket(family, KINDS[kind])
    with endpoint:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.settimeout(timeout)
        # The port is chosen by connect(), as it is for who binds nothing at all.
        endpoint.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        endpoint.bind((address, port))
        endpoint.connect((host, PORT))
        endpoint.sendall(b"who is there")
        assert endpoint.recv(100) == b"who is there"
        # The peer closes first: on this side a port in TIME_WAIT could not be given out again.
        assert kind == "udp" or endpoint.recv(1) == b""
        return endpoint.getsockname()[1]


def flows(network):
    """How many connections IPVS has had for the mark."""
    counted = witnesses.counters(network.gateway)
    return sum(counted[service, ""] for service in ("FWM 257", "FWM 257 IPv6"))


def knock(network, kind, source, target):
    """Sends the first packet of a flow and does not wait."""
    with network.client.entered():
        endpoint = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, KINDS[kind])
    with endpoint:
        endpoint.setblocking(False)
        endpoint.bind(source)
        with contextlib.suppress(BlockingIOError):
            endpoint.connect(target)
        if kind == "udp":
            endpoint.send(b".")


@pytest.mark.parametrize("vs_conntrack", [0, 1], indirect=True)
@pytest.mark.parametrize("method", ["masq", "direct", "tunnel"])
def test_the_host_s_own_connections_are_answered_and_marked_flows_go_on(
        daemon, scripted, network, peer, client, method, vs_conntrack):
    scripted.give(daemon, exports.export(exports.devices(ports=RANGE, method=method)))
    before = flows(network)
    for address in (TG4, TG6):
        for number, kind in enumerate(["udp", "tcp"]):
            ports = {ask(network.gateway, kind, address, 40000 + 100 * number + turn) for turn in range(10)}
            assert len(ports) == 10
    assert flows(network) == before

    # By their own servers where the answers come back by way of the gateway, else by what IPVS has counted.
    if method == "masq":
        for address in (TG4, TG6):
            assert client.datagram(address, 30500).port == 30500
            held = client.hold(address, 31000)
            server = held.ask().server
            # As a gateway finds a connection that another one has carried so far.
            network.gateway.run("conntrack", "-F")
            assert held.ask().server == server
            held.abort()
    else:
        for number, (address, kind) in enumerate((a, k) for a in (TG4, TG6) for k in KINDS):
            knock(network, kind, (PEERS[6 if ":" in address else 4], 0), (address, 30500))
            eventually(lambda: flows(network) > before + number, what=f"{kind} to {address} at a server")


def test_a_gateway_that_reaches_admin_from_a_marked_range_goes_on_reaching_it(daemons, network, client):
    own = network.gateway
    admin = scripts.ScriptedAdmin(network.client, PEERS[4])
    own.batch(f"route add {PEERS[4]}/32 dev public0 src {TG4}")
    try:
        daemon = daemons.start_anew({"admin-url": admin.url, "timeout": 5, "guard.services-share": 100})
        admin.give(daemon, exports.export(exports.devices(ports=RANGE)))
        # Its connections so far end: the next one is opened with the marks in force.
        admin.go()
        eventually(lambda: daemon.status["poll"].get("fault") == "unreachable", what="ADMIN being away")
        admin.come()
        # By way of the public address, it takes the section back again.
        admin.give(daemon, exports.export(exports.www()))
        assert client.http(WWW4, 80).port == 8080
    finally:
        own.batch(f"route del {PEERS[4]}/32 dev public0")
        admin.go()


@pytest.mark.parametrize("vs_conntrack", [0, 1], indirect=True)
def test_who_is_asked_by_the_host_gets_no_further_than_to_answer(
        daemon, scripted, network, peer, client, hasty, vs_conntrack):
    scripted.give(daemon, exports.export(exports.www(), exports.devices(ports="30000-39999 40001-61000")))
    ask(network.gateway, "udp", TG4, 40005)
    before, dropped = flows(network), witnesses.dropped(network.gateway)
    # The same port of the host from another port of the peer: it has a mark.
    knock(network, "udp", (PEERS[4], 5354), (TG4, 40005))
    eventually(lambda: flows(network) == before + 1, what="its flow at a server")
    # To a port that nobody exports.
    knock(network, "udp", (PEERS[4], 5355), (TG4, 40000))
    eventually(lambda: witnesses.dropped(network.gateway) > dropped, what="its being dropped")

    # Where conntrack knows the flows of IPVS, it is still our sets alone that admit them.
    held = client.hold(WWW4, 80)
    held.ask()
    scripted.give(daemon, exports.export(
        exports.section("www", [WWW4], "80", backend_port=8080, sources="203.0.113.200/32"), exports.devices(ports=RANGE)))
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()
    held.close()


def test_reserved_ports_are_given_out_to_no_connection_of_the_host(daemon, scripted, network, peer):
    """A port with a virtual service of its own is IPVS' alone: SYN+ACK to it goes to a real server, and no rule can keep it."""
    scripted.give(daemon, exports.export(*(
        exports.section("exact", [address], "45000", backend_port=8080, protocols=("tcp",)) for address in (TG4, TG6))))
    own = network.gateway
    for address in (TG4, TG6):
        with pytest.raises(OSError):
            ask(own, "tcp", address, 45000, timeout=1)
    before = own.run("sysctl", "-n", "net.ipv4.ip_local_port_range").split()
    try:
        own.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=45000 45003", "net.ipv4.ip_local_reserved_ports=45000-45002")
        for address in (TG4, TG6):
            for kind in KINDS:
                assert {ask(own, kind, address) for _ in range(2)} == {45003}
    finally:
        own.run("sysctl", "-qw", f"net.ipv4.ip_local_port_range={' '.join(before)}", "net.ipv4.ip_local_reserved_ports=")
