"""Changes in the registry reach the kernel within one poll, and the clients meanwhile lose nothing."""

import socket
import time

import pytest

from portcullis_testing import outside as world, topology, traffic, witnesses
from portcullis_testing.waiting import eventually

pytestmark = pytest.mark.at_once
WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
TARGETS = [("tcp", WWW4, 80), ("tcp", TG4, 20000), ("udp", OTHER4, 25000), ("tcp", WWW6, 443), ("tcp", TG6, 29999),
           ("udp", OTHER6, 20000)]
TG_TARGETS = [target for target in TARGETS if target[1] in (TG4, OTHER4, TG6, OTHER6)]


@pytest.fixture
def loop(cloud, client):
    """A loop of requests over all services that must end without a failure."""
    with traffic.Loop(client, TARGETS) as running:
        running.wait_for(3 * len(TARGETS))
        yield running
        running.wait_for(6 * len(TARGETS))
    assert not running.failures, running.failures[:5]
    assert len(running.outcomes) > 50


@pytest.fixture(autouse=True)
def restored(cloud, gateway):
    """Each test finds the fixtures' cloud in the kernel; drains of the test before may still be running."""
    yield
    cloud.reset()
    gateway.follow(cloud)


def tg_servers(loop, after):
    return {outcome.answer.server for outcome in list(loop.outcomes)
            if outcome.began >= after and outcome.target in TG_TARGETS and outcome.answer}


def test_a_service_in_maint_gets_nothing_new_within_one_poll(cloud, gateway, network, client, loop, fresh):
    loop.wait_for(20 * len(TARGETS))
    assert "app3" in tg_servers(loop, 0)

    cloud.run("services", "maint", "tg.2")
    gateway.follow(cloud)
    settled = time.monotonic()
    loop.wait_for(20 * len(TARGETS))
    assert tg_servers(loop, settled) == {"app2", "app4"}

    cloud.run("services", "ready", "tg.2")
    gateway.follow(cloud)
    # Clients that were moved stay where persistence has put them; new ones find tg.2 again.
    assert "app3" in {client.datagram(TG4, 20000, source).server for source in fresh(16)}


@pytest.fixture(params=["wlc", "mh", "mh\n    persistence: 300"], ids=["wlc", "mh", "mh-persistent"])
def scheduler(cloud, gateway, request):
    """The scheduler of tg, set before clients come: to exchange it under way costs connections (README.md)."""
    if request.param != "wlc":
        cloud.edit("types/tg.yaml", "scheduler: wlc", f"scheduler: {request.param}")
        cloud.apply()
        gateway.follow(cloud)
    return request.param


def test_a_drained_service_keeps_its_connections_and_refuses_nobody(
        cloud, gateway, scheduler, client, loop, fresh):
    held = [client.hold(TG4, 20000, source) for source in fresh(16)]
    servers = [connection.ask().server for connection in held]
    assert "app3" in servers

    cloud.run("services", "drain", "tg.2")
    gateway.follow(cloud)
    assert "app3" not in {client.http(TG4, 20000, source).server for source in fresh(16)}
    assert [connection.ask().server for connection in held] == servers
    for connection in held:
        connection.close()


class Device:
    """Sends again and again from one port, and again after a second when nobody answers."""

    def __init__(self, client, address, port=20000):
        self.endpoint = client.socket(socket.SOCK_DGRAM, address)
        self.endpoint.connect((address, port))
        self.endpoint.settimeout(1)

    def ask(self, tries=1):
        """Who answers; None: nobody."""
        for _ in range(tries):
            self.endpoint.send(b".")
            try:
                return self.endpoint.recv(4096).split(b'"')[3].decode()
            except TimeoutError:
                continue
        return None


def polls(gateway, count):
    """Waits for so many polls."""
    seen = set()

    def are_over():
        seen.add(gateway.status["poll"]["succeededAt"])
        return len(seen) > count
    eventually(are_over, what=f"{count} polls")


def services_of(network, server):
    return {name for name, servers in witnesses.ipvs(network.gateway).items() if server in servers}


@pytest.mark.parametrize("address, inside", [(TG4, "10.1.0.13:0"), (TG6, "[fd00:1::13]:0")], ids=["IPv4", "IPv6"])
def test_maint_and_then_off_leaves_devices_at_once_and_connections_to_their_drain(
        cloud, gateway, network, client, address, inside):
    cloud.edit("types/tg.yaml", "drain: 900 ", "drain: 40 ")
    cloud.apply()
    gateway.follow(cloud)
    devices, held = [], None
    while not devices or "app3" not in {device.ask(30) for device in devices}:
        devices += [Device(client, address) for _ in range(6)]
        assert len(devices) < 60
    while held is None or held.ask().server != "app3":
        held = client.hold(address, 20000)
    # TCP's mark and UDP's.
    assert len(services_of(network, inside)) == 2

    cloud.run("services", "maint", "tg.2")
    gateway.follow(cloud)
    began = time.monotonic()
    # What begins now goes elsewhere already.
    assert "app3" not in {Device(client, address).ask(30) for _ in range(6)}
    polls(gateway, 2)
    [tcp] = services_of(network, inside)
    assert witnesses.ipvs(network.gateway)[tcp][inside] == 0
    assert held.ask().server == "app3"
    # The other family's drain has what tests before have left.
    connections = {drain["server"]: drain["connections"] for drain in gateway.status["drains"]}
    assert connections[inside.removesuffix(":0").strip("[]")] >= 1
    network.gateway.run("ip", "link", "set", "app3", "down")
    try:
        # The first datagram may be lost with the entry of its flow.
        assert {device.ask(3) for device in devices} <= {"app2", "app4"}
        assert time.monotonic() - began < 40, "too slow a machine to tell the drain's end from the server's"
        assert services_of(network, inside) == {tcp}
        eventually(lambda: services_of(network, inside) == set(), 90, "the drain's end")
    finally:
        network.gateway.run("ip", "link", "set", "app3", "up")
    held.connection.settimeout(2)
    with pytest.raises(OSError):
        held.ask()
    held.abort()
    for device in devices:
        device.endpoint.close()


@pytest.mark.parametrize("address", [WWW4, WWW6])
def test_a_drained_instance_behind_destination_nat_keeps_its_connections(cloud, gateway, network, client, address):
    cloud.edit("types/pgw.yaml", "    scheduler: wlc\n    weight: 100", "    method: dnat")
    cloud.apply()
    gateway.follow(cloud)

    def flows():
        return network.gateway.run("conntrack", "-L", "-p", "tcp", "--orig-dst", address, "--orig-port-dst", 80,
                                   "-f", "ipv6" if ":" in address else "ipv4")

    held = client.hold(address, 80)
    assert held.ask().server == "app1"
    cloud.run("services", "drain", "pgw.1")
    gateway.follow(cloud)
    assert {client.http(address, 80).server for _ in range(4)} == {"app2"}
    polls(gateway, 2)
    assert held.ask().server == "app1"
    # For as long as the operator wants: it is no drain with an end.
    assert gateway.status["drains"] == []
    assert "ESTABLISHED" in flows()

    cloud.run("services", "maint", "pgw.1")
    gateway.follow(cloud)
    assert held.ask().server == "app1"
    assert [drain["connections"] for drain in gateway.status["drains"] if address in drain["service"]] == [1]
    held.abort()
    eventually(lambda: gateway.status["drains"] == [], what="the drain's end with its last connection")


def test_traffic_follows_a_service_to_another_server(cloud, gateway, network, client, loop):
    cloud.edit("cloud.yaml", "pgw.3: app3", "pgw.3: app4")
    cloud.apply()
    gateway.follow(cloud)
    answered = {client.http(WWW4, 80).server for _ in range(24)}
    assert "app4" in answered and answered <= {"app1", "app2", "app4"}
    assert witnesses.real_servers(network.gateway, f"TCP {WWW4}:80") == {f"10.1.0.{host}:8080" for host in (11, 12, 14)}


@pytest.mark.parametrize("address", [TG4, TG6])
def test_traffic_follows_a_widened_range(cloud, gateway, network, client, hasty, loop, address):
    for request in (hasty.http, hasty.datagram):
        with pytest.raises(TimeoutError):
            request(address, 30500)
    cloud.edit("types/tg.yaml", "ports: 20000-29999\n      protocols", "ports: 20000-30999\n      protocols")
    cloud.apply()
    gateway.follow(cloud)
    for request in (client.http, client.datagram):
        assert request(address, 30500).port == 30500
    with pytest.raises(TimeoutError):
        hasty.http(address, 31000)


def test_what_drains_is_seen_at_admin_with_its_connections(cloud, gateway, network, client):
    """The gateway's report has as many connections as ipvsadm counts, while some are held and when they have ended."""
    def report():
        return cloud.json("gateways", "show", "gw1").get("report")

    eventually(report, what="the gateway's first report")
    held = [client.hold(TG4, 20000, source) for source in traffic.sources(TG4)[:8]]
    server = held[0].ask().server
    instance = {"app2": "tg.1", "app3": "tg.2", "app4": "tg.3"}[server]
    count = sum(connection.ask().server == server for connection in held)
    inside = f"10.1.0.{topology.SERVERS[server]}"

    def reported():
        """Of its TCP, which has the lower mark of the two."""
        drains = {name: drain.get("connections") for name, drain in report()["drains"].items()}
        return next((drains[name] for name in sorted(drains) if name.split(" ")[-1] == inside), 0)

    def counted():
        counts = witnesses.connections(network.gateway)
        return next((counts[key] for key in sorted(counts) if key[1] == f"{inside}:0"), 0)

    def agree():
        before = counted()
        return reported() == before == counted()

    cloud.run("services", "maint", instance)
    eventually(lambda: counted() >= count and agree(), timeout=120, what="the report having what ipvsadm counts")
    lines = [line for line in cloud.run("gateways", "show", "gw1").splitlines() if line.startswith("draining")]
    assert any(f" {inside}, " in line and "connection" in line for line in lines), lines
    most = counted()
    for connection in held:
        connection.abort()
    eventually(lambda: counted() < most and agree(), timeout=120, what="the report having the end of some")


def test_machines_inside_get_a_way_into_the_world_by_one_command(cloud, gateway, network, loop):
    """An egress rule of a location, from the command line to the kernel, beside services at the same address."""
    there = topology.CLIENTS4[0]
    machine = traffic.Client(network.app1, timeout=30)
    outside = world.Outside(network.client, [there])
    try:
        def seen():
            held = machine.hold(there, world.PORT, "10.1.0.11")
            client = held.ask().client
            held.abort()
            return client

        assert seen() == "10.1.0.11"
        cloud.run("egress", "set", "tcn", "out", "--pool", "www-ip", "--from", "10.1.0.0/16", "--from", "fd00:1::/64",
                  "--except", "192.0.2.0/24")
        gateway.follow(cloud)
        assert seen() == WWW4
        assert "egress4 10.1.0.0/16" not in gateway.run("sync", "--plan").stdout
        cloud.run("egress", "remove", "tcn", "out")
        gateway.follow(cloud)
        assert seen() == "10.1.0.11"
    finally:
        outside.close()
