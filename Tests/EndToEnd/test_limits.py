"""A real server gets no more connections than max_connections allows."""

import pytest

from portcullis_testing import exports, witnesses
from portcullis_testing.exports import WWW4
from portcullis_testing.waiting import eventually

PORT = 81
SERVICE = f"TCP {WWW4}:{PORT}"
SERVERS = {f"10.1.0.{host}:8080" for host in (11, 12)}


def limited(limit):
    return exports.export(exports.section("limited", [WWW4], PORT, {"app1": 100, "app2": 100}, backend_port=8080,
                                          max_connections=limit))


def held(client, source):
    """A connection that a real server has accepted; None where the gateway refuses it."""
    try:
        connection = client.hold(WWW4, PORT, source)
    except OSError:
        return None
    connection.ask()
    return connection


def limits(network):
    return {witnesses.thresholds(network.gateway).get((SERVICE, server)) for server in SERVERS}


def test_a_full_server_gets_no_new_connection_until_some_have_ended(daemons, scripted, network, client, hasty, fresh):
    daemon = daemons.start_anew({"admin-url": scripted.url, "drain-time": 5})
    scripted.give(daemon, limited(2))
    assert limits(network) == {(2, 0)}

    sources = fresh(6)
    connections = [held(client, source) for source in sources[:4]]
    assert all(connections), "two servers with two connections each take four"
    assert held(hasty, sources[4]) is None, "and no fifth"
    # What stands goes on.
    assert {connection.ask().server for connection in connections} == {"app1", "app2"}

    # A raised limit counts at once, for connections that are there as for those to come.
    scripted.give(daemon, limited(3))
    assert limits(network) == {(3, 0)}
    connections += [held(client, source) for source in sources[4:6]]
    assert all(connections)

    # IPVS forgets a connection 10 seconds after its reset, and admits new ones below three quarters of the limit.
    for connection in connections[:4]:
        connection.abort()
    again = []
    eventually(lambda: again.append(held(hasty, fresh(1)[0])) or again[-1], timeout=60, what="a new connection being taken")

    # No limit: nothing is refused, and the kernel has none.
    scripted.give(daemon, exports.export(exports.section(
        "limited", [WWW4], PORT, {"app1": 100, "app2": 100}, backend_port=8080)))
    assert limits(network) == {(0, 0)}
    assert all(held(client, source) for source in fresh(8))


def test_a_limit_that_another_program_changes_is_repaired(daemons, scripted, network):
    daemon = daemons.start_anew({"admin-url": scripted.url, "audit-interval": 1})
    scripted.give(daemon, limited(50))
    network.gateway.run("ipvsadm", "-e", "-t", f"{WWW4}:{PORT}", "-r", "10.1.0.11:8080", "-m", "-w", "100", "-x", "7", "-y", "3")
    # The audit may already have been here.
    eventually(lambda: limits(network) == {(50, 0)} and daemon.status["drift"]["repairs"], what="the limit being put right")


@pytest.mark.parametrize("limit", [2147483647])
def test_the_largest_limit_reaches_the_kernel(daemons, scripted, network, client, limit):
    daemon = daemons.start_anew({"admin-url": scripted.url})
    scripted.give(daemon, limited(limit))
    assert limits(network) == {(limit, 0)}
    assert client.http(WWW4, PORT).server in {"app1", "app2"}
