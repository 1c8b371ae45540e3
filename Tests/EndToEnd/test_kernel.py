"""What the design takes from the kernel, shown with nft and ipvsadm alone: no program of ours runs.

When one of these fails on a newer kernel, the gateway's plan has to be thought over again.
"""

import contextlib
import pathlib
import socket
import threading

import pytest

from portcullis_testing import topology, witnesses
from portcullis_testing.waiting import eventually

BY_HAND = pathlib.Path(__file__).with_name("by_hand.nft")
WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
VS_SYSCTLS = dict(ipv4__vs__expire_nodest_conn=1, ipv4__vs__expire_quiescent_template=1, ipv4__vs__conn_reuse_mode=1,
                  ipv4__vs__conntrack=0)


def services():
    """The rules of the data plane as ipvsadm reads them: www by address, tg by mark."""
    yield "-A -f 257 -s mh -b mh-fallback"
    yield "-A -f 257 -6 -s mh -b mh-fallback"
    for port in (80, 443):
        yield f"-A -t {WWW4}:{port} -s wlc"
        yield f"-A -t [{WWW6}]:{port} -s wlc"
    for name, host in topology.SERVERS.items():
        for port, inside in ((80, 8080), (443, 8443)):
            yield f"-a -t {WWW4}:{port} -r 10.1.0.{host}:{inside} -m -w 100"
            yield f"-a -t [{WWW6}]:{port} -r [fd00:1::{host}]:{inside} -m -w 100"
        yield f"-a -f 257 -r 10.1.0.{host}:0 -m -w 100"
        yield f"-a -f 257 -6 -r [fd00:1::{host}]:0 -m -w 100"


@pytest.fixture
def gateway(network):
    """The gateway with the data plane set up by hand."""
    gateway = network.gateway
    gateway.sysctl(**VS_SYSCTLS)
    gateway.run("nft", "-f", BY_HAND)
    gateway.run("ipvsadm", "--restore", input="\n".join(services()) + "\n")
    yield gateway
    gateway.run("ipvsadm", "--clear")
    gateway.run("nft", "delete", "table", "inet", "portcullis")


def refused(request, *arguments):
    """Whether the request gets no answer."""
    try:
        request(*arguments)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("address", [WWW4, WWW6])
def test_a_service_by_address_is_spread_and_its_port_translated(gateway, client, address):
    for port, inside in ((80, 8080), (443, 8443)):
        answers = [client.http(address, port) for _ in range(12)]
        assert {answer.server for answer in answers} == set(topology.SERVERS)
        assert {answer.port for answer in answers} == {inside}


@pytest.mark.parametrize("address", [TG4, OTHER4, TG6, OTHER6])
def test_a_mark_keeps_the_port_and_the_client_s_address(gateway, client, address):
    sources = topology.CLIENTS6 if ":" in address else topology.CLIENTS4
    for request in (client.http, client.datagram):
        for port in (20000, 25000, 29999):
            seen = [request(address, port, source) for source in sources[:4]]
            assert {answer.port for answer in seen} == {port}
            assert [answer.client for answer in seen] == sources[:4]


@pytest.mark.parametrize("address", [TG4, TG6])
def test_fragments_of_a_datagram_meet_the_mark_together(gateway, client, address):
    assert client.datagram(address, 25000, size=4000).port == 25000


@pytest.mark.parametrize("address", [TG4, TG6])
def test_mh_spreads_by_client_address_over_all_ports_of_the_mark(gateway, client, address):
    sources = topology.CLIENTS6 if ":" in address else topology.CLIENTS4
    by_source = {source: {client.http(address, port, source).server for port in (20000, 25000)} for source in sources}
    assert all(len(servers) == 1 for servers in by_source.values())
    assert len(set.union(*by_source.values())) >= 3


@pytest.mark.parametrize("address", [TG4, TG6])
def test_a_port_nobody_exports_is_dropped_and_counted(gateway, client, address):
    client = type(client)(client.namespace, timeout=0.5)
    before = witnesses.dropped(gateway)
    assert refused(client.http, address, 30000)
    assert refused(client.datagram, address, 30000)
    assert refused(client.http, address, 80)
    assert witnesses.dropped(gateway) >= before + 3


def test_dnat_serves_only_the_allowed_sources(gateway, client):
    quick = type(client)(client.namespace, timeout=0.5)
    for address, sources in ((WWW4, topology.CLIENTS4), (WWW6, topology.CLIENTS6)):
        assert client.http(address, 9000, sources[0]).server == "app3"
        assert refused(quick.http, address, 9000, sources[5])


def test_an_address_of_the_host_s_own_is_left_alone(gateway, client):
    with pytest.raises(ConnectionRefusedError):
        client.http("203.0.113.1", 30000)


@pytest.mark.parametrize("scheduler", ["mh", "sh"])
def test_weight_0_takes_no_new_client_and_keeps_established_ones(gateway, client, scheduler):
    gateway.run("ipvsadm", "-E", "-f", "257", "-s", scheduler, "-b", f"{scheduler}-fallback")
    held = [client.hold(TG4, 20000, source) for source in topology.CLIENTS4]
    servers = [connection.ask().server for connection in held]
    assert "app2" in servers
    gateway.run("ipvsadm", "-e", "-f", "257", "-r", "10.1.0.12:0", "-m", "-w", "0")
    assert "app2" not in {client.http(TG4, 20000, source).server for source in topology.CLIENTS4}
    assert [connection.ask().server for connection in held] == servers
    for connection in held:
        connection.close()


def test_without_the_fallback_flag_mh_refuses_the_clients_of_weight_0(gateway, client):
    gateway.run("ipvsadm", "-E", "-f", "257", "-s", "mh")
    gateway.run("ipvsadm", "-e", "-f", "257", "-r", "10.1.0.12:0", "-m", "-w", "0")
    assert any(refused(client.http, TG4, 20000, source) for source in topology.CLIENTS4)


def test_a_removed_destination_ends_its_connections_at_the_next_packet(gateway, client):
    held = client.hold(TG4, 20000)
    server = held.ask().server
    host = topology.SERVERS[server]
    gateway.run("ipvsadm", "-d", "-f", "257", "-r", f"10.1.0.{host}:0")
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()
    held.close()
    assert client.http(TG4, 20000).server != server


def test_a_withdrawn_port_ends_established_flows_as_conntrack_does_not_know_them(gateway, client):
    held = client.hold(WWW4, 80)
    held.ask()
    gateway.run("nft", "delete", "element", "inet", "portcullis", "ports4", f"{{ {WWW4} . tcp . 80 }}")
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()
    held.close()


def test_a_persistent_mark_moves_off_a_drained_server(gateway, client):
    gateway.run("ipvsadm", "-E", "-f", "257", "-s", "mh", "-b", "mh-fallback", "-p", "300")
    server = client.http(TG4, 20000).server
    assert {client.http(other, port).server for other in (TG4, OTHER4) for port in (20000, 29999)} == {server}
    assert client.datagram(OTHER4, 25000).server == server
    gateway.run("ipvsadm", "-e", "-f", "257", "-r", f"10.1.0.{topology.SERVERS[server]}:0", "-m", "-w", "0")
    moved = client.http(TG4, 20000).server
    assert moved != server
    gateway.run("ipvsadm", "-e", "-f", "257", "-r", f"10.1.0.{topology.SERVERS[server]}:0", "-m", "-w", "100")
    assert client.http(TG4, 20000).server == moved


@pytest.mark.at_once
def test_ports_added_beside_a_range_cost_none_of_its_packets(gateway, client):
    """Replacing 20000-29999 by 20000-30999 does, before Linux 6.17; see README.md."""
    change = "\n".join(
        f"{{verb}} element inet portcullis {kind} {{{{ {TG4} . udp . 30000-30999{value} }}}}"
        for kind, value in (("ranges4", ""), ("marks4", " : 257")))
    end, sent = threading.Event(), []

    def flood():
        with client.socket(socket.SOCK_DGRAM, TG4) as endpoint:
            endpoint.connect((TG4, 25000))
            while not end.is_set():
                with contextlib.suppress(OSError):
                    sent.append(endpoint.send(b"."))

    sender = threading.Thread(target=flood)
    before = witnesses.dropped(gateway)
    sender.start()
    try:
        for turn in range(20):
            already = len(sent)
            gateway.run("nft", "-f", "-", input=change.format(verb=("add", "delete")[turn % 2]))
            eventually(lambda: len(sent) > already + 50, what="datagrams beside the change")
    finally:
        end.set()
        sender.join()
    assert len(sent) > 1000
    assert witnesses.dropped(gateway) == before
