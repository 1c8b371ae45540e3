"""Two gateways, one active and one passive: sync daemons by role, and connections that go on at the other one."""

import contextlib
import dataclasses
import json
import socket

import pytest

from portcullis_testing import exports, outside as world, scripted as scripts, topology, traffic, witnesses
from portcullis_testing.gateway import Gateway
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

CLOUD = exports.export(exports.www(minimum=0), exports.www(None, 443, minimum=0), exports.devices(minimum=0),
                       exports.egress("out", [exports.OTHER4], ["10.1.0.0/16"]))
TARGETS = [(exports.WWW4, 80), (exports.TG4, 20000), (exports.WWW4, 443), (exports.OTHER4, 29999)]
CONNECTIONS = 40


class Pair:
    """The usual gateway, and a second one beside it: on the servers' network, with a wire to the first, and one to the client."""

    def __init__(self, network):
        self.network = network
        self.first, self.second = network.gateway, topology.Namespace("gateway2")
        network.gateway.batch(
            f"link add sync0 type veth peer name sync0 netns {self.second.name}",
            f"link add gateway2 master inside type veth peer name inside netns {self.second.name}",
            "link set gateway2 up", "link set sync0 up", "addr add 10.9.0.1/24 dev sync0")
        network.client.batch(f"link add public2 type veth peer name public0 netns {self.second.name}",
                             "link set public2 up", "addr add 192.0.2.2/24 dev public2")
        self.second.batch(
            "link set lo up", *(f"link set {name} up" for name in ("public0", "inside", "sync0")),
            "addr add 10.9.0.2/24 dev sync0", "addr add 10.1.0.3/24 dev inside", "addr add 192.0.2.1/24 dev public0",
            "route add default via 192.0.2.2")
        self.second.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        # The servers' default route goes from one to the other, and takes no other address along.
        network.gateway.sysctl(ipv4__conf__inside__promote_secondaries=1)

    def move(self, source, target, via):
        """The addresses go from one gateway to the other, as pacemaker's IPaddr2 moves and announces them."""
        source.batch(*(f"addr del {address}/32 dev public0" for address in topology.PUBLIC4), "addr del 10.1.0.1/24 dev inside")
        target.batch(*(f"addr add {address}/32 dev public0" for address in topology.PUBLIC4), "addr add 10.1.0.1/24 dev inside")
        for server in self.network.servers.values():
            server.run("ip", "neigh", "flush", "dev", "inside")
        self.network.client.batch(*(f"route replace {address}/32 via {via}" for address in topology.PUBLIC4))

    def close(self):
        self.network.gateway.batch("link del sync0", "link del gateway2")
        self.network.client.batch("link del public2")
        self.second.delete()


@pytest.fixture(scope="module")
def pair(network, servers):
    made = Pair(network)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def gateways(pair, tmp_path_factory):
    """A daemon on each, the first one active: ADMIN's export applied on both."""
    with contextlib.ExitStack() as stack:
        daemons = {}
        for namespace, role in ((pair.first, "active"), (pair.second, "passive")):
            witnesses.clear(namespace)
            stack.callback(witnesses.clear, namespace)
            admin = scripts.ScriptedAdmin(namespace)
            stack.callback(admin.go)
            daemon = Gateway(namespace, tmp_path_factory.mktemp(namespace.role), {
                "admin-url": admin.url, "name": namespace.role, "role": role, "interval": 1, "audit-interval": 3600,
                "sync.interface": "sync0", "sync.id": 7})
            stack.callback(daemon.stop)
            admin.give(daemon, CLOUD)
            daemons[namespace.role] = daemon
        yield daemons["gateway"], daemons["gateway2"]


def connections(namespace):
    """Established connections that IPVS knows: {(client, virtual service, real server)}."""
    lines = [line.split() for line in namespace.run("ipvsadm", "-Lcn").splitlines()[2:]]
    return {tuple(words[3:6]) for words in lines if words[2] == "ESTABLISHED"}


def plays(daemon, role):
    """Whether kernel and status agree about the role."""
    kind = "master" if role == "active" else "backup"
    return (witnesses.sync_daemons(daemon.namespace) == {(kind, "sync0", "7")}
            and (daemon.status["role"], daemon.status["syncDaemons"]) == (role, [f"{kind} on sync0, id 7"]))


def give(daemon, role):
    result = daemon.run("role", role)
    assert result.returncode == 0, result.stderr
    # Kernel and file are as they should be already, the daemon has yet to hear of it.
    assert daemon.run("role").stdout == f"{role}\n"
    eventually(lambda: plays(daemon, role), what=f"{daemon.namespace.role} being {role}")
    eventually(lambda: daemon.metrics().get(f'portcullis_gateway_role{{role="{role}"}}') == 1, what="the metrics")


def test_each_runs_the_sync_daemon_of_its_role(gateways):
    for daemon, role in zip(gateways, ("active", "passive")):
        eventually(lambda: plays(daemon, role), what=f"{daemon.namespace.role} being {role}")
        assert daemon.run("role").stdout == f"{role}\n"
        for name, value in (("sync_threshold", "0\t0"), ("sync_refresh_period", "10")):
            assert daemon.namespace.run("cat", f"/proc/sys/net/ipv4/vs/{name}").strip() == value, name
        for words in ((), ("--thorough",)):
            check = daemon.run("check", *words)
            assert (check.returncode, check.stdout) == (0, f"healthy, {role}\n"), check.stderr


def test_a_change_of_role_touches_no_service(gateways):
    second = gateways[1]
    before = witnesses.kernel(second.namespace)
    assert before[0] and before[1]
    with witnesses.nft_monitor(second.namespace) as monitor:
        give(second, "active")
        give(second, "passive")
        assert monitor.text == ""
        # The witness sees writes, so its silence means something.
        second.namespace.run("nft", "add table inet other; delete table inet other")
        eventually(lambda: "new generation" in monitor.text, what="nft monitor's line about a commit")
    assert witnesses.kernel(second.namespace) == before


def test_what_others_do_to_a_sync_daemon_is_told_and_put_right(gateways):
    first = gateways[0]
    first.namespace.run("ipvsadm", "--stop-daemon", "master")
    first.namespace.run("ipvsadm", "--start-daemon", "backup", "--mcast-interface", "sync0", "--syncid", "9")
    check = first.run("check", "--patience", "0")
    assert check.returncode == 5
    assert "sync master on sync0, id 7 does not run" in check.stdout
    assert "sync backup on sync0, id 9 runs" in check.stdout
    # It is asked to look, and has some time for it.
    check = first.run("check", "--patience", "60")
    assert (check.returncode, check.stdout) == (0, "healthy, active\n"), check.stderr
    assert plays(first, "active")


def test_connections_go_on_at_the_other_gateway(gateways, pair, client):
    first, second = gateways
    held = []
    try:
        for number in range(CONNECTIONS):
            address, port = TARGETS[number % len(TARGETS)]
            held.append(client.hold(address, port, traffic.sources(address)[number % 20]))
        served = [connection.ask() for connection in held]
        assert len({answer.server for answer in served}) == 3
        known = connections(first.namespace)
        assert len(known) >= CONNECTIONS
        eventually(lambda: connections(second.namespace) >= known, what="the passive gateway knowing every connection")

        give(first, "passive")
        pair.move(pair.first, pair.second, via="192.0.2.1")
        try:
            give(second, "active")
            # By the same real servers, at the first attempt
            assert [connection.ask() for connection in held] == served
            assert witnesses.counters(second.namespace)
            assert second.run("addresses", "--local").stdout.split() == [
                word for address in sorted(topology.PUBLIC4) for word in (address, "public0")]
            # What is new reaches them as well, and the gateway that was active learns of it.
            fresh = client.hold(*TARGETS[0])
            held.append(fresh)
            port = fresh.connection.getsockname()[1]
            fresh.ask()
            eventually(lambda: any(source.endswith(f":{port}") for source, *_ in connections(first.namespace)),
                       what="the other gateway knowing the new connection")
        finally:
            pair.move(pair.second, pair.first, via="203.0.113.1")
            give(second, "passive")
            give(first, "active")
        # And back
        assert [connection.ask() for connection in held[:CONNECTIONS]] == served
    finally:
        for connection in held:
            connection.abort()


def test_what_machines_inside_have_open_in_the_world_goes_on_at_the_other_gateway(gateways, pair, network, servers):
    """Conntrack there knows nothing of it. A packet from inside makes the same entry again: same address, same port."""
    first, second = gateways
    there = topology.CLIENTS4[0]
    machine = traffic.Client(network.app1, timeout=30)
    outside = world.Outside(network.client, [there])
    held = [machine.hold(there, world.PORT, "10.1.0.11") for _ in range(20)]
    datagrams = machine.socket(socket.SOCK_DGRAM, there, "10.1.0.11")
    try:
        datagrams.connect((there, world.PORT))
        before = [connection.ask() for connection in held]
        datagrams.send(b".")
        peer = datagrams.recv(4096)
        assert {answer.client for answer in before} == {exports.OTHER4}
        give(first, "passive")
        pair.move(pair.first, pair.second, via="192.0.2.1")
        try:
            give(second, "active")
            # What the world says first is dropped without a reset, and said again once the machine has spoken.
            dropped = witnesses.dropped(second.namespace)
            outside.say(b"news\n")
            eventually(lambda: witnesses.dropped(second.namespace) > dropped, what="a packet that nobody knows")
            # All at once: the world waits longer before each of its further tries.
            for connection in held:
                connection.connection.sendall(b"hold\n")
            for connection, answer in zip(held, before):
                text = b""
                while text.count(b"\n") < 2:
                    data = connection.connection.recv(4096)
                    assert data, f"closed by the other side after {text}"
                    text += data
                lines = text.splitlines()
                assert b"news" in lines and json.loads(max(lines, key=len)) == dataclasses.asdict(answer)
            datagrams.send(b".")
            assert datagrams.recv(4096) == peer
            fresh = machine.hold(there, world.PORT, "10.1.0.11")
            held.append(fresh)
            assert fresh.ask().client == exports.OTHER4
        finally:
            pair.move(pair.second, pair.first, via="203.0.113.1")
            give(second, "passive")
            give(first, "active")
    finally:
        for connection in held:
            connection.abort()
        datagrams.close()
        outside.close()


def test_both_daemons_run_where_both_are_configured(gateways):
    second = gateways[1]
    options = ["--set", "sync.daemons=both", *second.options]
    second.stop()
    try:
        result = second.namespace.result(binary("portcullis-gateway"), "role", "active", *options)
        assert result.returncode == 0, result.stderr
        assert witnesses.sync_daemons(second.namespace) == {("master", "sync0", "7"), ("backup", "sync0", "7")}
    finally:
        # What is ours goes, sync daemons and role as well.
        flushed = second.run("flush")
        assert flushed.returncode == 0, flushed.stderr
    assert witnesses.sync_daemons(second.namespace) == set()
    assert witnesses.ipvs(second.namespace) == {}
    assert second.run("role").stdout == "passive\n"
