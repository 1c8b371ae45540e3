"""What lets packets through that should not pass, and what stops those that should (docs/gateway.md, "What fails open")."""

import contextlib
import socket

import pytest

import conntrack
from portcullis_testing import exports, topology
from portcullis_testing.exports import WWW4, WWW6
from portcullis_testing.namespaces import HERE
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
HOST4, HOST6 = "203.0.113.1", "2001:db8:ffff::1"
ADDRESSES = [f"{address}/32" for address in topology.PUBLIC4] + [f"{address}/128" for address in topology.PUBLIC6]


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "drain-time": 0, "audit-interval": 1}


def test_a_daemon_that_starts_before_the_addresses_are_there_has_nothing_to_do_when_they_come(
        daemons, scripted, settings, network, client):
    network.gateway.batch(*(f"addr del {address} dev public0" for address in ADDRESSES))
    try:
        daemon = daemons.start_anew(settings)
        scripted.give(daemon, CLOUD)
        eventually(lambda: daemon.metrics().get("portcullis_gateway_missing_addresses") == len(ADDRESSES),
                   what="the missing addresses")
        assert daemon.status["state"] == "synchronized"
        assert "missing   not on this machine: " in daemon.run("status").stdout
        changes = daemon.metrics()["portcullis_gateway_kernel_changes_total"]
    finally:
        network.gateway.batch(*(f"addr add {address} dev public0 nodad" for address in ADDRESSES))
    assert {client.http(address, 80).server for address in (WWW4, WWW6) for _ in range(6)} == set(exports.ALL)
    eventually(lambda: daemon.status["missingAddresses"] == [], what="no address missing any more")
    assert "missing" not in daemon.run("status").stdout
    assert daemon.metrics()["portcullis_gateway_kernel_changes_total"] == changes


@contextlib.contextmanager
def full_conntrack(namespace):
    """The table of one namespace: the limit holds in all, and elsewhere there are few."""
    name = "net.netfilter.nf_conntrack_max"
    before = HERE.run("sysctl", "-n", name).strip()
    with conntrack.entries(namespace, 300):
        try:
            HERE.run("sysctl", "-qw", f"{name}=256")
            yield
        finally:
            HERE.run("sysctl", "-qw", f"{name}={before}")


@pytest.mark.parametrize("address", [WWW4, WWW6])
def test_a_full_conntrack_table_closes_and_opens_nothing(daemon, scripted, network, client, hasty, address):
    scripted.give(daemon, CLOUD)
    held = client.hold(address, 80)
    server = held.ask().server
    with full_conntrack(network.gateway):
        for port in (80, 9999):
            with pytest.raises(OSError):
                hasty.http(address, port)
        # IPVS' flows are not conntrack's, each of their packets is new to it.
        held.connection.settimeout(1)
        with pytest.raises(OSError):
            held.ask()
        doctor = daemon.run("doctor")
        assert doctor.returncode == 9 and "conntrack" in doctor.stdout, doctor.stdout
    held.connection.settimeout(client.timeout)
    # What was sent in vain comes again.
    assert b"server" in held.connection.recv(4096)
    assert held.ask().server == server
    assert client.http(address, 80).server in exports.ALL
    held.abort()


@pytest.mark.parametrize("public, host, is_open", [(WWW4, HOST4, False), (WWW6, HOST6, True)], ids=["IPv4", "IPv6"])
def test_a_forged_source_of_ours_gets_through_over_ipv6(daemon, scripted, network, public, host, is_open):
    """IPv4 packets from one of the machine's own addresses are martians to Linux, IPv6's are not."""
    scripted.give(daemon, CLOUD)
    family = socket.AF_INET6 if ":" in public else socket.AF_INET
    with contextlib.ExitStack() as stack:

        def endpoint(namespace, address, port):
            with namespace.entered():
                made = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            made.settimeout(2)
            made.bind((address, port))
            return made

        service, victim = endpoint(network.gateway, host, 7), endpoint(network.gateway, public, 7777)
        length = 128 if ":" in public else 32
        network.client.batch(f"addr add {public}/{length} dev lo nodad")
        stack.callback(network.client.batch, f"addr del {public}/{length} dev lo")
        forger = endpoint(network.client, public, 7777)
        forger.sendto(b"forged", (host, 7))
        if not is_open:
            with pytest.raises(TimeoutError):
                service.recvfrom(100)
            return
        data, sender = service.recvfrom(100)
        assert (data, sender[:2]) == (b"forged", (public, 7777))
        service.sendto(data, sender)
        # No client of the network could have sent it there.
        assert victim.recv(100) == b"forged"
