"""Method dnat: flows follow the export, though conntrack answers for all but their first packet."""

import os
import signal
import socket

import pytest

from portcullis_testing import exports, topology, witnesses
from portcullis_testing.exports import WWW4, WWW6
from portcullis_testing.waiting import eventually

UDP, TCP = 25000, 9000
ALLOWED, OTHER = topology.CLIENTS4[:2]


@pytest.fixture(scope="module")
def settings(scripted):
    # Longer than anything here is waited for. An audit looks at IPVS alone; flows are looked at when something changes.
    return {"admin-url": scripted.url, "drain-time": 600, "audit-interval": 3600, "guard.services-share": 100,
            "guard.servers-share": 100}


def logger(server, port=UDP):
    return [row for address in (WWW4, WWW6)
            for row in exports.section("logger", [address], port, {server: 100}, ("udp",), method="dnat", backend_port=port)]


def shell(server, method="dnat", **cells):
    return exports.section("shell", [WWW4], TCP, {server: 100}, method=method, backend_port=TCP, **cells)


REST = exports.www(None, 443)


@pytest.fixture
def daemon(daemons, scripted, settings):
    """A daemon that knows of nothing before it, with one section: nothing else drains."""
    program = daemons.start_anew(settings)
    scripted.give(program, exports.export(REST))
    return program


@pytest.fixture
def sender(client):
    """Sends again and again from one port, as a device does that has its server's address by heart."""
    kept = []

    def sender(address, source=None):
        endpoint = client.socket(socket.SOCK_DGRAM, address, source)
        endpoint.connect((address, UDP))
        kept.append(endpoint)

        def send(timeout=client.timeout):
            endpoint.settimeout(timeout)
            endpoint.send(b".")
            return endpoint.recv(4096).split(b'"')[3].decode()
        return send

    yield sender
    for endpoint in kept:
        endpoint.close()


def is_silent(send):
    with pytest.raises(OSError):
        send(timeout=1)


def flows(network, port):
    """What conntrack knows of them, as conntrack(8) tells it."""
    return network.gateway.result("conntrack", "-L", "-p", "udp" if port == UDP else "tcp", "--orig-port-dst", port).stdout


def test_a_client_with_a_steady_port_follows_the_instance_and_ends_with_the_section(daemon, scripted, network, sender):
    scripted.give(daemon, exports.export(logger("app1"), REST))
    senders = [sender(WWW4), sender(WWW6)]
    assert [send() for send in senders] == ["app1", "app1"]
    scripted.give(daemon, exports.export(logger("app2"), REST))
    assert "ct   - flows to 198.51.100.36:25000/udp other than to 10.1.0.12:25000" in daemon.text
    assert [send() for send in senders] == ["app2", "app2"]
    dropped = witnesses.dropped(network.gateway)
    scripted.give(daemon, exports.export(REST))
    for send in senders:
        is_silent(send)
    assert witnesses.dropped(network.gateway) >= dropped + 2
    assert "10.1.0.1" not in flows(network, UDP)


@pytest.fixture
def firewall(network):
    """Rules of the host's own, as most hosts have them: without any, conntrack sees nothing while our table is away."""
    network.gateway.run("nft", "-f", "-", input="""table inet host {
        chain input { type filter hook input priority 10; policy accept; ct state established accept; }
    }""")
    yield
    network.gateway.run("nft", "delete", "table", "inet", "host")


@pytest.mark.parametrize("how", ["daemon stopped", "daemon running"])
def test_a_flow_that_begins_while_the_table_is_away_is_translated_once_it_is_back(
        daemon, daemons, scripted, settings, network, firewall, sender, how):
    cloud = exports.export(logger("app1"), REST)
    scripted.give(daemon, cloud)
    folder, repairs = daemon.folder.name, daemon.status["drift"]["repairs"]
    if how == "daemon stopped":
        daemons.kill()
    else:
        os.kill(daemon.pid, signal.SIGSTOP)
    try:
        network.gateway.run("nft", "delete", "table", "inet", "portcullis")
        send = sender(WWW4)
        is_silent(send)
        assert f"src={WWW4} " in flows(network, UDP)
    finally:
        if how == "daemon running":
            os.kill(daemon.pid, signal.SIGCONT)
    if how == "daemon stopped":
        daemons.start(settings, folder).has_applied(exports.etag(cloud))
    else:
        eventually(lambda: daemon.status["drift"]["repairs"] > repairs, what="the repair")
    assert send() == "app1"


def test_narrowed_sources_cut_connections_and_a_move_does_not(daemon, scripted, network, client):
    scripted.give(daemon, exports.export(shell("app1"), REST))
    mine, theirs = client.hold(WWW4, TCP, ALLOWED), client.hold(WWW4, TCP, OTHER)
    assert {held.ask().server for held in (mine, theirs)} == {"app1"}
    scripted.give(daemon, exports.export(shell("app1", sources=f"{ALLOWED}/32"), REST))
    assert mine.ask().server == "app1"
    theirs.connection.settimeout(1)
    with pytest.raises(OSError):
        theirs.ask()
    theirs.abort()

    moved = exports.export(shell("app2", sources=f"{ALLOWED}/32"), REST)
    scripted.give(daemon, moved)
    assert client.http(WWW4, TCP, ALLOWED).server == "app2"
    assert mine.ask().server == "app1"
    [drain] = daemon.status["drains"]
    assert (drain["service"], drain["server"]) == (f"{WWW4}:{TCP}/tcp", "10.1.0.11:9000")
    assert "draining: 1" in daemon.text
    scripted.wait_for_polls(2)
    assert (mine.ask().server, daemon.status["drains"][0]["connections"]) == ("app1", 1)
    mine.abort()
    eventually(lambda: daemon.status["drains"] == [], what="the drain's end with its last connection")


def test_the_drain_time_ends_what_a_withdrawn_section_still_has(daemons, scripted, settings, network, client):
    # Long enough for what is asked before its end.
    daemon = daemons.start_anew({**settings, "drain-time": 10})
    scripted.give(daemon, exports.export(shell("app1"), REST))
    held = client.hold(WWW4, TCP, ALLOWED)
    assert held.ask().server == "app1"
    scripted.give(daemon, exports.export(REST))
    assert held.ask().server == "app1"
    eventually(lambda: daemon.status["drains"] == [], what="the end of its time")
    assert f"ct   - flows to {WWW4}:{TCP}/tcp\n" in daemon.text
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()
    held.abort()


def test_from_masq_to_dnat_the_log_says_that_connections_are_cut_and_back_they_drain(
        daemon, scripted, network, client):
    scripted.give(daemon, exports.export(shell("app1", "masq"), REST))
    held = client.hold(WWW4, TCP, ALLOWED)
    assert held.ask().server == "app1"
    log = len(daemon.text)
    scripted.give(daemon, exports.export(shell("app2"), REST))
    assert client.http(WWW4, TCP).server == "app2"
    written = daemon.text[log:]
    assert f"ipvs - virtual service {WWW4}:{TCP}/tcp" in written and "draining" not in written
    assert daemon.status["drains"] == []
    held.connection.settimeout(1)
    with pytest.raises(OSError):
        held.ask()
    held.close()

    held = client.hold(WWW4, TCP, ALLOWED)
    assert held.ask().server == "app2"
    scripted.give(daemon, exports.export(shell("app3", "masq"), REST))
    assert client.http(WWW4, TCP).server == "app3"
    assert held.ask().server == "app2"
    assert "draining: 1" in daemon.text
    held.abort()


def test_unchanged_polls_ask_conntrack_nothing(daemon, scripted, network):
    scripted.give(daemon, exports.export(logger("app1"), REST))
    scripted.wait_for_polls(2)
    with witnesses.system_calls(daemon) as trace:
        scripted.wait_for_polls(2)
    assert not witnesses.netlink_lines(trace.text)
