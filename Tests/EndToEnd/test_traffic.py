"""Packets of real clients reach the real servers that the registry names, and nothing else gets in."""

import pytest

from portcullis_testing import topology, traffic, witnesses
from portcullis_testing.waiting import eventually

WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
PGW = {"app1", "app2", "app3"}
TG = {"app2", "app3", "app4"}


def families(*addresses):
    return pytest.mark.parametrize("address", addresses)


@families(WWW4, WWW6)
@pytest.mark.parametrize("port", [80, 443])
def test_http_is_spread_over_all_pgw_instances(cloud, client, address, port):
    answers = [client.http(address, port) for _ in range(12)]
    assert {answer.server for answer in answers} == PGW
    assert {answer.port for answer in answers} == {{80: 8080, 443: 8443}[port]}


@families(TG4, OTHER4, TG6, OTHER6)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_tg_keeps_the_port_and_shows_the_client_s_address(cloud, client, address, protocol):
    request = client.http if protocol == "tcp" else client.datagram
    reached = set()
    for port in (20000, 25000, 29999):
        for source in traffic.sources(address)[:8]:
            answer = request(address, port, source)
            assert (answer.port, answer.client) == (port, source)
            reached.add(answer.server)
    assert reached <= TG and len(reached) >= 2


@families(TG4, TG6)
def test_a_datagram_in_fragments_arrives(cloud, client, address):
    assert client.datagram(address, 25000, size=4000).port == 25000


@families(TG4, TG6)
def test_all_tg_instances_take_clients(cloud, client, address):
    assert {client.datagram(address, 20001, source).server for source in traffic.sources(address)} == TG


@families(TG4, OTHER4, TG6, OTHER6)
def test_the_port_after_the_range_is_dropped(cloud, network, hasty, address):
    before = witnesses.dropped(network.gateway)
    for request in (hasty.http, hasty.datagram):
        with pytest.raises(TimeoutError):
            request(address, 30000)
    eventually(lambda: witnesses.dropped(network.gateway) >= before + 2, what="both being counted")


@families(WWW4, WWW6, TG4, TG6)
def test_a_port_nobody_exports_is_dropped_and_counted(cloud, network, hasty, address):
    before = witnesses.dropped(network.gateway)
    with pytest.raises(TimeoutError):
        hasty.http(address, 22)
    eventually(lambda: witnesses.dropped(network.gateway) > before, what="it being counted")


@families("203.0.113.1", "2001:db8:ffff::1")
def test_an_address_of_the_host_s_own_is_left_to_the_host(cloud, client, address):
    with pytest.raises(ConnectionRefusedError):
        client.http(address, 30000)


def test_ipvsadm_sees_the_virtual_services(cloud, network):
    seen = witnesses.ipvs(network.gateway)
    for port, inside in ((80, 8080), (443, 8443)):
        assert seen[f"TCP {WWW4}:{port}"] == {f"10.1.0.{host}:{inside}": 100 for host in (11, 12, 13)}
        assert seen[f"TCP [{WWW6}]:{port}"] == {f"[fd00:1::{host}]:{inside}": 100 for host in (11, 12, 13)}
    for family, server in (("", "10.1.0.{}:0"), (" IPv6", "[fd00:1::{}]:0")):
        marks = {service: servers for service, servers in seen.items()
                 if service.startswith("FWM") and service.endswith(" IPv6") == bool(family)}
        # TCP's, and UDP's own.
        assert list(marks.values()) == [{server.format(host): 100 for host in (12, 13, 14)}] * 2


def test_nft_sees_the_table(cloud, network):
    seen = witnesses.table(network.gateway)
    assert set(seen["set"]["addresses4"]["elem"]) >= {WWW4, TG4, OTHER4}
    assert set(seen["set"]["addresses6"]["elem"]) >= {WWW6, TG6, OTHER6}
    assert {"concat": [WWW4, "tcp", 80]} in seen["set"]["ports4"]["elem"]
    assert {"concat": [TG4, "udp", {"range": [20000, 29999]}]} in seen["set"]["ranges4"]["elem"]
    hooks = {chain["hook"] for chain in seen["chain"].values() if "hook" in chain}
    assert hooks == {"prerouting", "input", "postrouting"}


def test_nft_reads_its_own_listing_of_the_table_again(cloud, network):
    listing = network.gateway.run("nft", "list", "table", "inet", "portcullis")
    network.gateway.run("nft", "--check", "--file", "-", input=listing)


def test_tcpdump_sees_the_client_behind_the_gateway(cloud, network, client):
    with witnesses.tcpdump(network.gateway, "inside", "dst port 25000") as capture:
        for address in (TG4, TG6):
            client.datagram(address, 25000)
            client.http(address, 25000)
        for source, inside in ((topology.CLIENTS4[0], "10.1.0.1"), (topology.CLIENTS6[0], "fd00:1::1")):
            for what in ("UDP", "Flags [S]"):
                eventually(
                    lambda: any(f"{source}." in line and ".25000:" in line and what in line and f"> {inside}" in line
                                for line in capture.text.splitlines()), what=f"{what} of {source} behind the gateway")
