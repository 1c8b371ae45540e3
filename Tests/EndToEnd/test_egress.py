"""Machines inside reach the world by public addresses; what stays inside, and what is excepted, keeps their own."""

import itertools
import re
import socket
import threading

import pytest

from portcullis_testing import exports, outside as world, topology, traffic, witnesses
from portcullis_testing.exports import OTHER4, OTHER6, TG4, TG6, WWW4, WWW6
from portcullis_testing.outside import PORT
from portcullis_testing.waiting import eventually

SOURCES = {4: "10.1.0.11", 6: "fd00:1::11"}
NETWORKS = {4: "10.1.0.0/16", 6: "fd00:1::/64"}
# Addresses of the client's machine, which is the world here.
WORLD = {4: topology.CLIENTS4[0], 6: topology.CLIENTS6[0]}
EXCEPTED = {4: topology.CLIENTS4[9], 6: topology.CLIENTS6[9]}
PUBLIC = {4: [OTHER4], 6: [OTHER6]}
TWO = {4: [TG4, OTHER4], 6: [TG6, OTHER6]}
BOTH = pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "drain-time": 60, "audit-interval": 2, "guard.services-share": 100,
            "guard.servers-share": 100}


def egress(addresses=None):
    return [row for family in (4, 6)
            for row in exports.egress("out", (addresses or PUBLIC)[family], [NETWORKS[family]],
                                      [f"{EXCEPTED[family]}/{32 if family == 4 else 128}"])]


def www(**cells):
    return [row for address in (WWW4, WWW6)
            for row in exports.section("www", [address], 80, {"app1": 100, "app2": 100}, backend_port=8080,
                                       **{"minimum": 0, **cells})]


@pytest.fixture(scope="module")
def outside(network):
    made = world.Outside(network.client, [*WORLD.values(), *EXCEPTED.values()])
    yield made
    made.close()


@pytest.fixture
def daemon(daemons, scripted, settings):
    program = daemons.start_anew(settings)
    scripted.give(program, exports.export(www(), egress()))
    return program


@pytest.fixture(scope="module")
def machine(network, servers, outside):
    return traffic.Client(network.app1, timeout=20)


def seen(machine, address, source, kind="tcp"):
    """Who has come, as the other side sees it."""
    if kind == "udp":
        return machine.datagram(address, PORT, source).client
    held = machine.hold(address, PORT, source)
    answer = held.ask()
    held.abort()
    return answer.client


class Asking:
    """Opens connection after connection to the world while the block runs."""

    # Of a datagram that is lost there is no second try: the wait for its answer must not outlast a rule.
    PATIENCE = 1

    def __init__(self, machine, hasty):
        self.machine, self.hasty, self.answers = machine, hasty, []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        for kind in itertools.cycle(("tcp", "udp")):
            if self._end.is_set():
                return
            try:
                client = self.machine if kind == "tcp" else self.hasty
                self.answers.append(seen(client, WORLD[4], SOURCES[4], kind))
            except TimeoutError:
                assert kind == "udp"

    def next(self):
        """Waits for an answer to a connection that began after this call."""
        before = len(self.answers)
        # One may have begun before.
        eventually(lambda: len(self.answers) >= before + 2, what="two more answers")


@BOTH
def test_connections_leave_by_the_public_address(daemon, network, machine, client, family):
    with witnesses.tcpdump(network.gateway, "public0", f"port {PORT} or icmp or icmp6") as watch:
        for kind in ("tcp", "udp"):
            assert seen(machine, WORLD[family], SOURCES[family], kind) == PUBLIC[family][0]
        # The world's errors find their way back, too: nobody listens there.
        with pytest.raises(ConnectionRefusedError):
            machine.datagram(WORLD[family], PORT + 1, SOURCES[family])
    assert PUBLIC[family][0] in watch.text
    assert SOURCES[family] not in re.sub(r"unreachable.*", "", watch.text), "no packet leaves with an inside address"
    # Requests from outside are as they were.
    address = WWW4 if family == 4 else WWW6
    source = traffic.sources(address)[0]
    assert {client.http(address, 80, source).client for _ in range(4)} == {source}


@BOTH
def test_what_is_excepted_or_inside_keeps_the_inside_address(daemon, network, machine, family):
    for kind in ("tcp", "udp"):
        assert seen(machine, EXCEPTED[family], SOURCES[family], kind) == SOURCES[family]
    group = "239.1.2.3" if family == 4 else "ff15::3"
    with witnesses.tcpdump(network.gateway, "inside", f"host {group}") as watch:
        with network.gateway.entered():
            sender = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        with sender:
            if family == 4:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.1.0.2"))
            else:
                index = int(network.gateway.run("cat", "/sys/class/net/inside/ifindex"))
                sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sender.bind(("10.1.0.2" if family == 4 else "fd00:1::2", 0))
            sender.sendto(b".", (group, 7000))
    assert re.search(r"(10\.1\.0\.2|fd00:1::2)\.\d+ > ", watch.text), "a group is reached with the own address"
    gateway = "10.1.0.2" if family == 4 else "fd00:1::2"
    assert seen(traffic.Client(network.gateway, timeout=20), WORLD[family], gateway) == gateway, "what it sends itself"
    server = "10.1.0.12" if family == 4 else "fd00:1::12"
    assert traffic.Client(network.gateway, timeout=20).http(server, 8080, gateway).client == gateway


def test_a_packet_nobody_asked_for_is_dropped(daemon, network, hasty):
    """The public address is the gateway's, but no service of the gateway's own answers there."""
    with network.gateway.entered():
        listener = socket.create_server((OTHER4, 7022))
    with listener:
        before = witnesses.dropped(network.gateway)
        with pytest.raises(TimeoutError):
            hasty.http(OTHER4, 7022)
        assert witnesses.dropped(network.gateway) > before


@BOTH
def test_several_addresses_are_used_and_each_machine_has_its_own(daemon, scripted, network, machine, family):
    scripted.give(daemon, exports.export(www(), egress(TWO)))
    prefix = ("10.1.0.", 24) if family == 4 else ("fd00:1::", 64)
    machines = [f"{prefix[0]}{host}" for host in range(100, 124)]
    network.app1.batch(*(f"addr add {address}/{prefix[1]} dev inside{'' if family == 4 else ' nodad'}" for address in machines))
    try:
        first = {address: seen(machine, WORLD[family], address) for address in machines}
        assert set(first.values()) == set(TWO[family])
        assert {address: seen(machine, WORLD[family], address, "udp") for address in machines} == first
        # A daemon that begins anew, as another gateway would, sends each machine by the same address.
        witnesses.clear(network.gateway)
        eventually(lambda: "elements" in network.gateway.result(
            "nft", "list", "map", "inet", "portcullis", f"spread{family}").stdout, what="the table again")
        assert {address: seen(machine, WORLD[family], address) for address in machines} == first
    finally:
        network.app1.batch(*(f"addr del {address}/{prefix[1]} dev inside" for address in machines))


def test_a_connection_keeps_its_address_when_the_rule_changes_or_goes(daemon, scripted, machine):
    held = machine.hold(WORLD[4], PORT, SOURCES[4])
    assert held.ask().client == OTHER4
    scripted.give(daemon, exports.export(www(), egress({4: [TG4], 6: [TG6]})))
    assert seen(machine, WORLD[4], SOURCES[4]) == TG4
    assert held.ask().client == OTHER4
    scripted.give(daemon, exports.export(www()))
    assert seen(machine, WORLD[4], SOURCES[4]) == SOURCES[4]
    assert held.ask().client == OTHER4
    held.abort()


@pytest.mark.at_once
def test_nothing_leaves_with_an_inside_address_while_rules_are_replaced(daemon, scripted, network, machine):
    """Where the kernel replaces an element there is a moment without either; what comes then waits for the sender's next try."""
    versions = [exports.export(www(), egress(addresses)) for addresses in (TWO, PUBLIC, {4: [TG4], 6: [TG6]})]
    with witnesses.tcpdump(network.gateway, "public0", f"host {SOURCES[4]}") as watch:
        with Asking(machine, traffic.Client(network.app1, timeout=Asking.PATIENCE)) as asking:
            for round in range(12):
                scripted.give(daemon, versions[round % 3])
                asking.next()
    assert set(asking.answers) == set(TWO[4])
    assert f"{SOURCES[4]}." not in watch.text


@BOTH
def test_egress_lets_the_packets_of_ipvs_alone_where_conntrack_knows_them(daemon, scripted, network, machine, client, family):
    address = WWW4 if family == 4 else WWW6
    scripted.give(daemon, exports.export(
        [row for public, inside in ((WWW4, "10.1.0.0/24"), (WWW6, "fd00:1::/64"))
         for row in exports.section("www", [public], 80, {"app1": 100, "app2": 100}, backend_port=8080, hairpin=inside)],
        egress()))
    assert network.gateway.run("sysctl", "-n", "net.ipv4.vs.conntrack").strip() == "1"
    source = traffic.sources(address)[0]
    assert {client.http(address, 80, source).client for _ in range(4)} == {source}
    gateways = {"10.1.0.1", "10.1.0.2", "fd00:1::1", "fd00:1::2"}
    assert {machine.http(address, 80, SOURCES[family]).client for _ in range(4)} <= gateways
    assert seen(machine, WORLD[family], SOURCES[family]) == PUBLIC[family][0]


def test_what_others_do_to_the_rules_is_put_right(daemon, network, machine):
    network.gateway.run("nft", "flush", "map", "inet", "portcullis", "egress4")
    eventually(lambda: witnesses.table(network.gateway)["map"]["egress4"].get("elem"), what="the elements again")
    network.gateway.run("nft", "flush", "chain", "inet", "portcullis", "leave4")
    eventually(lambda: "jhash" in network.gateway.run("nft", "list", "chain", "inet", "portcullis", "leave4"),
               what="the rules again")
    assert seen(machine, WORLD[4], SOURCES[4]) == OTHER4


def test_nft_reads_back_what_it_lists(daemon, scripted, network):
    scripted.give(daemon, exports.export(www(), egress(TWO)))
    listed = network.gateway.run("nft", "list", "table", "inet", "portcullis")
    spare = topology.Namespace("spare")
    try:
        result = spare.result("nft", "-f", "-", input=listed)
        assert result.returncode == 0, result.stderr
        assert spare.run("nft", "list", "table", "inet", "portcullis") == listed
    finally:
        spare.delete()
