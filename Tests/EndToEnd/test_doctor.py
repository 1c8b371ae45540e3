"""`portcullis-gateway doctor`: each trouble that lies outside our table, set up with the tools that make it.

Doctor names it, with the exit status of its kind; the command that it prints, run as it is, mends it; and clients are the
witnesses.
"""

import contextlib
import json
import select
import socket

import pytest

import conntrack
from portcullis_testing import exports, topology
from portcullis_testing.documents import blocks
from portcullis_testing.exports import WWW4, WWW6
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
NOTHING, WARNING, STOPS = 0, 8, 9


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "audit-interval": 1}


@pytest.fixture(scope="module")
def gateway(daemons, scripted, settings):
    """A daemon with the usual cloud, for all tests here."""
    program = daemons.start_anew(settings)
    scripted.give(program, CLOUD)
    return program


def status_of(findings):
    severities = {finding["severity"] for finding in findings}
    return STOPS if "stops" in severities else WARNING if "warning" in severities else NOTHING


def everything(gateway):
    """All that it finds, with the exit status that goes with it."""
    result = gateway.run("doctor", "--output", "json")
    findings = json.loads(result.stdout)["findings"]
    assert result.returncode == status_of(findings), result
    return findings


def doctor(gateway):
    """The exit status and the findings, without notes, and without the connections that an earlier trouble has left waiting."""
    found = [each for each in everything(gateway) if each["severity"] != "note" and each["check"] != "silent-server"]
    return status_of(found), found


def silent(gateway):
    return [each for each in everything(gateway) if each["check"] == "silent-server"]


def mend(network, finding):
    """Types the command in."""
    network.gateway.run("sh", "-c", finding["remedy"])


@pytest.fixture
def works(client, hasty):
    """Whether a client gets an answer."""
    def works(address=WWW4, port=80):
        try:
            return (client if works.patient else hasty).http(address, port).server in exports.ALL
        except OSError:
            return False

    works.patient = False
    return works


@contextlib.contextmanager
def table(network, text):
    """A table of others for as long as the block runs."""
    network.gateway.run("nft", "-f", "-", input=f"table inet host {{\n{text}\n}}\n")
    try:
        yield
    finally:
        network.gateway.run("nft", "delete", "table", "inet", "host")


def test_a_gateway_that_is_well_has_no_findings(gateway, works):
    works.patient = True
    assert works()
    assert doctor(gateway) == (NOTHING, [])
    result = gateway.run("doctor")
    assert "fix it with" not in result.stdout or "note" in result.stdout, result.stdout


FIREWALLS = {
    "policy": ("forward", "type filter hook forward priority 0; policy drop; ct state established,related accept"),
    "invalid": ("forward", "type filter hook forward priority 0; ct state invalid counter drop"),
    "vmap": ("forward", "type filter hook forward priority 0; ct state vmap { established : accept, invalid : drop }"),
    "input": ("in", 'type filter hook input priority 0; policy drop; iifname "lo" accept; tcp dport 22 accept;'
                    "ct state established,related accept"),
}


@pytest.mark.parametrize("name", FIREWALLS)
def test_a_firewall_of_the_host(gateway, network, works, name):
    chain, rules = FIREWALLS[name]
    with table(network, f"chain {chain} {{ {rules}; }}"):
        assert not works()
        status, found = doctor(gateway)
        assert status == STOPS
        assert {finding["check"] for finding in found} == {"firewall"}
        assert f"chain inet host {chain} drops" in found[0]["text"]
        # One family at a time.
        for _ in range(2):
            for finding in found:
                mend(network, finding)
            status, found = doctor(gateway)
        assert (status, found) == (NOTHING, [])
        works.patient = True
        assert works()


def test_the_rule_set_of_the_documents_lets_clients_through(gateway, network, works):
    [rules] = [block.text for block in blocks("gateway.md", "Beside your own rules") if "flush ruleset" in block.text]
    works.patient = True
    try:
        network.gateway.run("nft", "-f", "-", input=rules.replace('"eth2"', '"inside"'))
        # It flushes our table as well, which the daemon puts back.
        eventually(lambda: network.gateway.result("nft", "list", "table", "inet", "portcullis").returncode == 0)
        assert works(WWW4) and works(WWW6)
        # Nothing about the ports that it accepts; the others of the cloud are not in it.
        found = [finding for finding in everything(gateway) if finding["check"] == "firewall"]
        assert found and not [finding for finding in found if WWW4 in finding["text"] or WWW6 in finding["text"]], found
    finally:
        network.gateway.result("nft", "delete", "table", "inet", "host")
    eventually(lambda: doctor(gateway) == (NOTHING, []))


@contextlib.contextmanager
def changed(network, setup, undo):
    network.gateway.run("sh", "-c", setup)
    try:
        yield
    finally:
        network.gateway.run("sh", "-c", undo)


TROUBLES = {
    "forwarding": ("forwarding", STOPS, "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1"),
    "forwarding of one interface": ("forwarding", STOPS, "sysctl -qw net.ipv4.conf.inside.forwarding=0",
                                    "sysctl -qw net.ipv4.conf.inside.forwarding=1"),
    "a missing address": ("addresses", STOPS, f"ip addr del {WWW4}/32 dev public0",
                          f"ip addr replace {WWW4}/32 dev public0"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_setting_of_the_host(gateway, network, works, name):
    check, expected, setup, undo = TROUBLES[name]
    with changed(network, setup, undo):
        assert not works()
        status, found = doctor(gateway)
        assert (status, {finding["check"] for finding in found}) == (expected, {check})
        for finding in found:
            network.gateway.run("sh", "-c", finding["remedy"].replace("INTERFACE", "public0"))
        assert doctor(gateway) == (NOTHING, [])
        works.patient = True
        assert works()


def test_a_strict_reverse_path_filter_where_the_way_back_is_another(gateway, network):
    with changed(network, "ip route add default dev inside; sysctl -qw net.ipv4.conf.public0.rp_filter=1",
                 "ip route del default dev inside; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.public0.rp_filter=0"):
        status, [finding] = doctor(gateway)
        assert (status, finding["check"]) == (STOPS, "reverse-path")
        mend(network, finding)
        assert doctor(gateway) == (NOTHING, [])


def test_a_real_server_whose_answers_go_another_way(gateway, network, client, works):
    server = network.servers["app1"]
    server.run("ip", "route", "replace", "default", "via", "10.1.0.99")
    sockets = [client.socket(socket.SOCK_STREAM, WWW4) for _ in range(24)]
    try:
        for each in sockets:
            each.setblocking(False)
            each.connect_ex((WWW4, 80))
        [finding] = eventually(
            lambda: [each for each in silent(gateway) if "10.1.0.11:8080" in each["text"]], what="the finding")
        assert finding["severity"] == "stops" and "SYN_RECV" in finding["text"]
        prefix, command = finding["advice"].split(": ", 1)
        assert prefix == "On the server, run" and "remedy" not in finding
        server.run("sh", "-c", command)
        # The connections that waited are established: what IPVS has of them need not end by its 60 s.
        eventually(lambda: len(select.select([], sockets, [], 0)[1]) == len(sockets), what="all connections")
    finally:
        for each in sockets:
            each.close()
        server.run("ip", "route", "replace", "default", "via", "10.1.0.1")
    works.patient = True
    for _ in range(6):
        assert works()
    eventually(lambda: not silent(gateway), timeout=120, what="the finding being gone")


def test_no_route_to_a_real_server(gateway, network):
    with changed(network, "ip route add unreachable 10.1.0.12/32", "ip route del unreachable 10.1.0.12/32"):
        status, [finding] = doctor(gateway)
        assert (status, finding["text"]) == (STOPS, "there is no route to the real server 10.1.0.12")


def test_a_connection_tracking_table_that_is_nearly_full(gateway, network):
    path = "/proc/sys/net/netfilter/nf_conntrack_max"
    with open(path, encoding="ascii") as file:
        before = file.read()
    # So many that the table stays nearly full when entries of other tests end.
    with conntrack.entries(network.gateway, 500):
        count = int(network.gateway.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count"))
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(count))
            status, [finding] = doctor(gateway)
            assert (status, finding["check"]) in ((STOPS, "conntrack"), (WARNING, "conntrack"))
            assert f"nf_conntrack_max={2 * count}" in finding["remedy"]
        finally:
            with open(path, "w", encoding="ascii") as file:
                file.write(before)


def test_ports_that_the_kernel_gives_out_itself(gateway, network):
    with changed(network, "sysctl -qw net.ipv4.ip_unprivileged_port_start=79;"
                 "sysctl -qw net.ipv4.ip_local_port_range='79 60999'",
                 "sysctl -qw net.ipv4.ip_local_port_range='32768 60999' net.ipv4.ip_local_reserved_ports='';"
                 "sysctl -qw net.ipv4.ip_unprivileged_port_start=1024"):
        status, [finding] = doctor(gateway)
        assert (status, finding["check"]) == (WARNING, "ephemeral-ports")
        mend(network, finding)
        assert doctor(gateway) == (NOTHING, [])


def test_a_tunnel_s_packets_that_do_not_fit(gateway, daemons, scripted, network):
    tunnel = exports.export(*(exports.section("www", [WWW4], 80, method="tunnel", backend_port=80),))
    scripted.serve(tunnel)
    try:
        eventually(lambda: gateway.status.get("held") or gateway.agrees(exports.etag(tunnel)))
        if gateway.status.get("held"):
            assert gateway.run("accept", exports.etag(tunnel)).returncode == 0
        gateway.has_applied(exports.etag(tunnel))
        status, found = doctor(gateway)
        assert status == WARNING and {finding["check"] for finding in found} == {"mtu"}
        mtu = network.gateway.run("cat", "/sys/class/net/inside/mtu").strip()
        with changed(network, "true", "; ".join(f"ip link set dev {name} mtu {mtu}"
                                                for name in ["inside", *topology.SERVERS])):
            # A bridge takes what its ports take.
            network.gateway.run("sh", "-c", "; ".join(f"ip link set dev {name} mtu 1520" for name in topology.SERVERS))
            mend(network, found[0])
            assert doctor(gateway) == (NOTHING, [])
    finally:
        scripted.serve(CLOUD)
        eventually(lambda: gateway.status.get("held") or gateway.agrees(exports.etag(CLOUD)))
        if gateway.status.get("held"):
            assert gateway.run("accept", exports.etag(CLOUD)).returncode == 0
        gateway.has_applied(exports.etag(CLOUD))


def test_it_needs_no_daemon_and_works_without_privilege_as_far_as_it_can(gateway, daemons, network):
    daemons.stop()
    assert doctor(gateway) == (NOTHING, [])
    folder = gateway.folder
    network.gateway.run("chmod", "-R", "a+rX", folder)
    parent = folder
    while str(parent) != "/tmp" and str(parent) != "/":
        parent.chmod(0o755)
        parent = parent.parent
    result = network.gateway.result(
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary("portcullis-gateway"), "doctor",
        "--output", "json", *gateway.options)
    report = json.loads(result.stdout)
    assert any("CAP_NET_ADMIN" in line for line in report["unseen"]), report
    assert result.returncode == NOTHING, result
