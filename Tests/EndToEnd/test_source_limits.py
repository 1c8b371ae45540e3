"""What clients may open: the rate of each, that of all, and their connections at a time. The kernel counts; sockets and nft look on."""

import json
import socket
import sys
import time

import pytest

from portcullis_testing import exports, topology, traffic, witnesses
from portcullis_testing.exports import OTHER4, TG4, WWW4, WWW6
from portcullis_testing.waiting import eventually

PORT = 81
NEIGHBOUR = 82


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "drain-time": 2, "audit-interval": 2, "guard.services-share": 100,
            "guard.servers-share": 100}


@pytest.fixture(scope="module")
def daemon(daemons, scripted, settings):
    return daemons.start_anew(settings)


def limited(port=PORT, address=WWW4, **cells):
    return exports.section(f"limited{port}", [address], port, {"app1": 100, "app2": 100}, backend_port=8080,
                           **{"max_rate": 0, **cells})


def opened(client, source, count, address=WWW4, port=PORT):
    """How many of so many connections are taken, one after the other."""
    taken = 0
    for _ in range(count):
        try:
            client.hold(address, port, source).abort()
            taken += 1
        except OSError:
            pass
    return taken


@pytest.fixture(scope="session")
def impatient(client):
    """A client whose SYN is not sent again before it gives up: each attempt is one packet."""
    return traffic.Client(client.namespace, timeout=0.7)


def chains(network):
    return sorted(name for name in witnesses.table(network.gateway)["chain"] if str(name).startswith("limit-"))


def counter(network, name):
    return witnesses.table(network.gateway)["counter"][name]["packets"]


def meter(network, name):
    """How many sources a meter has."""
    listed = json.loads(network.gateway.run("nft", "-j", "list", "set", "inet", "portcullis", name))["nftables"]
    return next(len(entry["set"].get("elem", [])) for entry in listed if "set" in entry)


@pytest.mark.parametrize("address, sources", [(WWW4, topology.CLIENTS4), (WWW6, topology.CLIENTS6)], ids=["IPv4", "IPv6"])
def test_a_source_over_its_rate_is_refused_and_others_are_not(daemon, scripted, network, impatient, address, sources):
    scripted.give(daemon, exports.export(
        limited(address=address, limit="rate=3/m"), limited(address=address, port=NEIGHBOUR, limit="rate=1000/s")))
    before = counter(network, "limited")
    assert opened(impatient, sources[0], 5, address) == 3, "as many at once as its burst"
    assert counter(network, "limited") - before == 2
    assert opened(impatient, sources[1], 1, address) == 1, "another source"
    assert opened(impatient, sources[0], 1, address, NEIGHBOUR) == 1, "another section"
    eventually(lambda: daemon.metrics().get("portcullis_gateway_limited_packets_total", 0) >= before + 2,
               what="the metric")
    assert "packets dropped" in daemon.run("status").stdout


def test_what_is_established_goes_on_over_the_limit(daemon, scripted, network, impatient):
    scripted.give(daemon, exports.export(limited(limit="rate=1/h burst=2")))
    source = topology.CLIENTS4[2]
    held = impatient.hold(WWW4, PORT, source)
    assert opened(impatient, source, 2) == 1
    impatient.timeout, before = 10, impatient.timeout
    try:
        assert [held.ask().server for _ in range(20)]
    finally:
        impatient.timeout = before
    held.abort()


def test_the_sources_of_a_prefix_count_as_one(daemon, scripted, impatient):
    scripted.give(daemon, exports.export(limited(limit="rate=2/h prefix=24")))
    assert [opened(impatient, source, 1) for source in topology.CLIENTS4[3:7]] == [1, 1, 0, 0]


def test_all_sources_together_are_held_to_the_rate_of_the_section_on_all_its_addresses(daemon, scripted, network, client):
    scripted.give(daemon, exports.export(exports.section(
        "devices", (TG4, OTHER4), "20000-20001", {"app1": 100}, ("udp",), fwmark=257, max_rate=20)))
    sent, answers = 300, 0
    with client.socket(socket.SOCK_DGRAM, TG4) as endpoint:
        began = time.monotonic()
        for number in range(sent):
            endpoint.sendto(b".", ((TG4, OTHER4)[number % 2], 20000 + number % 2))
        took = time.monotonic() - began
        endpoint.settimeout(2)
        try:
            while endpoint.recv(4096):
                answers += 1
        except TimeoutError:
            pass
    assert 20 <= answers <= 20 + 20 * (took + 1), "a second's worth at once, then its rate"


def test_a_changed_limit_leaves_others_alone_and_lets_no_packet_pass_unadmitted(daemon, scripted, network, impatient):
    scripted.give(daemon, exports.export(limited(limit="rate=2/h"), limited(port=NEIGHBOUR, limit="rate=2/h")))
    source = topology.CLIENTS4[7]
    assert opened(impatient, source, 3, port=NEIGHBOUR) == 2
    scripted.give(daemon, exports.export(limited(limit="rate=3/h"), limited(port=NEIGHBOUR, limit="rate=2/h")))
    assert opened(impatient, source, 1, port=NEIGHBOUR) == 0, "what the neighbour has counted stays"
    assert opened(impatient, source, 4) == 3, "what has changed counts anew"
    # By hand, and by the daemon again.
    name = next(name for name in chains(network) if name.endswith("r3h-b3"))
    network.gateway.run("nft", "flush", "chain", "inet", "portcullis", name)
    eventually(lambda: len([rule for rule in witnesses.table(network.gateway)["rule"].values() if rule["chain"] == name]) == 2,
               what="the limit's rules")
    assert opened(impatient, source, 1, port=NEIGHBOUR) == 0
    scripted.give(daemon, exports.export(exports.www()))
    assert chains(network) == []


FLOOD = """
import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
target, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 17, 0)
datagram = struct.pack("!HHHH", 4000, port, 9, 0) + b"."
for number in range(count):
    source = struct.pack("!I", (100 << 24 | 64 << 16) + number)
    raw.sendto(head + source + socket.inet_aton(target) + datagram, (target, 0))
"""


def test_a_hundred_thousand_sources_grow_no_further_than_the_meter_and_shut_nobody_out(
        daemon, scripted, network, client, impatient):
    scripted.give(daemon, exports.export(
        exports.section("devices", (TG4,), "20000-20001", {"app1": 100}, ("udp",), fwmark=257, limit="rate=2/h")))
    name = chains(network)[0]
    # Datagrams to a server without a route back to their sources: only the meter is of interest.
    before = slab(network)
    network.client.run(sys.executable, "-c", FLOOD, TG4, "20000", "100000", timeout=300)
    assert meter(network, name) == 65_536
    assert slab(network) - before < 64 << 20
    assert counter(network, "unmetered") >= 100_000 - 65_536 - 1
    # Whoever comes now is not counted, and served.
    fresh = topology.CLIENTS4[9]
    assert [impatient.datagram(TG4, 20000, fresh).server for _ in range(4)]
    eventually(lambda: daemon.metrics().get("portcullis_gateway_unmetered_packets_total", 0) > 0, what="the metric")
    scripted.give(daemon, exports.export(exports.www()))
    assert chains(network) == []


def slab(network):
    """Bytes that the kernel's caches use."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("Slab:"))


def test_a_source_has_no_more_connections_at_a_time_than_it_may(daemon, scripted, network, impatient):
    scripted.give(daemon, exports.export(limited(limit="connections=3")))
    assert network.gateway.run("sysctl", "-n", "net.ipv4.vs.conntrack").strip() == "1"
    source, other = topology.CLIENTS4[10:12]
    held = [impatient.hold(WWW4, PORT, source) for _ in range(3)]
    assert opened(impatient, source, 2) == 0
    assert opened(impatient, other, 1) == 1
    held.pop().abort()
    eventually(lambda: opened(impatient, source, 1) == 1, timeout=60, what="room for another connection")
    for connection in held:
        connection.abort()
    scripted.give(daemon, exports.export(exports.www()))
    assert network.gateway.run("sysctl", "-n", "net.ipv4.vs.conntrack").strip() == "0"


def test_one_packet_and_the_mask_of_persistence_are_in_the_kernel(daemon, scripted, network):
    scripted.give(daemon, exports.export(
        exports.section("dns", [TG4], 53, {"app1": 100}, ("udp",), backend_port=9000, one_packet=1),
        limited(persistence=300, persistence_mask=24), limited(address=WWW6, persistence=300, persistence_mask=64)))
    rules = network.gateway.run("ipvsadm", "-Sn")
    assert f"-A -u {TG4}:53 -s wlc -o" in rules
    assert f"-A -t {WWW4}:{PORT} -s wlc -p 300 -M 255.255.255.0" in rules
    assert f"-A -t [{WWW6}]:{PORT} -s wlc -p 300 -M 64" in rules
    assert " ops" in network.gateway.run("ipvsadm", "-Ln")
    network.gateway.run("ipvsadm", "-E", "-u", f"{TG4}:53", "-s", "wlc")
    eventually(lambda: "-o" in network.gateway.run("ipvsadm", "-Sn"), what="ops again")
