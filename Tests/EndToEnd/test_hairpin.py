"""Machines inside reach the public addresses: their connections go on with the gateway's own address, and those of clients outside
keep theirs."""

import re
import socket
import time

import pytest

from portcullis_testing import exports, traffic, witnesses
from portcullis_testing.exports import WWW4, WWW6
from portcullis_testing.waiting import eventually

# A machine inside, the gateway's addresses there, of which the kernel takes one, and the network.
INSIDE = {WWW4: ("10.1.0.11", {"10.1.0.1", "10.1.0.2"}, "10.1.0.0/24"),
          WWW6: ("fd00:1::11", {"fd00:1::1", "fd00:1::2"}, "fd00:1::/64")}
BOTH = pytest.mark.parametrize("address", [WWW4, WWW6], ids=["IPv4", "IPv6"])


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "drain-time": 60, "audit-interval": 2, "guard.services-share": 100,
            "guard.servers-share": 100}


def www(weights=None, hairpin=True, **cells):
    """HTTP, which machines inside may use too."""
    return [row for address in (WWW4, WWW6)
            for row in exports.section("www", [address], 80, weights or {"app1": 100, "app2": 100}, backend_port=8080,
                                       hairpin=INSIDE[address][2] if hairpin else "", **cells)]


@pytest.fixture(scope="module")
def daemon(daemons, scripted, settings):
    program = daemons.start_anew(settings)
    scripted.give(program, exports.export(www(scheduler="rr")))
    return program


@pytest.fixture(scope="module")
def machine(network, servers):
    """A client inside, which is a real server as well."""
    return traffic.Client(network.app1, timeout=20)


def tracking(network):
    return network.gateway.run("sysctl", "-n", "net.ipv4.vs.conntrack").strip()


@BOTH
def test_a_real_server_reaches_its_own_public_address(daemon, network, machine, client, address):
    source, gateways, _ = INSIDE[address]
    assert tracking(network) == "1"
    with witnesses.tcpdump(network.app2, "inside", "tcp port 8080") as watch:
        answers = [machine.http(address, 80, source) for _ in range(6)]
    assert {answer.server for answer in answers} == {"app1", "app2"}
    [gateway] = {answer.client for answer in answers}
    assert gateway in gateways
    assert re.search(rf"{re.escape(gateway)}\.\d+ > {re.escape(source[:-1])}2\.8080: Flags \[S\]", watch.text)
    assert f"{source}." not in watch.text, "no packet goes between the two without the gateway"
    outside = traffic.sources(address)[0]
    assert {client.http(address, 80, outside).client for _ in range(4)} == {outside}, "clients outside keep their address"


def test_a_port_that_is_used_again_reaches_a_server(daemon, network, machine):
    """kube-router #544: with conntrack, a SYN from the port of a connection that has ended must not be lost for good."""
    took = []
    for _ in range(5):
        with network.app1.entered():
            endpoint = socket.socket()
        with endpoint:
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            endpoint.settimeout(20)
            endpoint.bind(("10.1.0.11", 45_000))
            began = time.monotonic()
            endpoint.connect((WWW4, 80))
            took.append(time.monotonic() - began)
            endpoint.sendall(b"GET / HTTP/1.1\r\n\r\n")
            # The server closes first, and this side has no TIME_WAIT that would keep the port.
            while endpoint.recv(4096):
                pass
        # It waits for the last acknowledgement, and cannot be had before.
        eventually(lambda: ":45000" not in network.app1.run("ss", "-Htan", "sport", "=", ":45000"),
                   what="the port being free", pause=0.05)
    print(f"connecting took {took}")
    assert max(took) < 10


def test_connections_of_machines_inside_drain_and_new_ones_go_elsewhere(daemon, scripted, network, machine):
    source = INSIDE[WWW4][0]
    held = [machine.hold(WWW4, 80, source) for _ in range(2)]
    before = [connection.ask().server for connection in held]
    assert set(before) == {"app1", "app2"}
    scripted.give(daemon, exports.export(www({"app1": 100}, scheduler="rr")))
    assert {machine.http(WWW4, 80, source).server for _ in range(4)} == {"app1"}
    assert [connection.ask().server for connection in held] == before
    for connection in held:
        connection.abort()


def test_hairpin_goes_with_the_last_section_that_asks_for_it(daemon, scripted, network, machine, client):
    scripted.give(daemon, exports.export(www(hairpin=False)))
    assert tracking(network) == "0"
    assert witnesses.table(network.gateway)["map"]["hairpins4"].get("elem", []) == []
    assert client.http(WWW4, 80).server in {"app1", "app2"}
    network.gateway.sysctl(ipv4__vs__conntrack=1)
    eventually(lambda: tracking(network) == "0", what="the setting of an export without hairpin")
    scripted.give(daemon, exports.export(www()))
    assert tracking(network) == "1"
    assert machine.http(WWW4, 80, INSIDE[WWW4][0]).client in INSIDE[WWW4][1]
    network.gateway.sysctl(ipv4__vs__conntrack=0)
    eventually(lambda: tracking(network) == "1", what="the setting that hairpin needs")
