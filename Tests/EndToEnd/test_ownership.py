"""What is not ours stays as it is, byte for byte, whatever is done with ours."""

import json
import random
import sys

import pytest

from portcullis_testing import exports, scripted as script, witnesses
from portcullis_testing.exports import WWW4
from portcullis_testing.gateway import Gateway
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
CHANGES = 100

FOREIGN_TABLES = """
table inet host {
    set allowed { type ipv4_addr; elements = { 10.9.0.1, 10.9.0.2 } }
    chain input { type filter hook input priority 10; policy accept; ip saddr @allowed tcp dport 22 accept; }
}
table ip portcullis {
    chain prerouting { type nat hook prerouting priority -100; policy accept; tcp dport 2222 dnat to 10.1.0.11:22; }
}
"""
FOREIGN_IPVS = """
-A -t 203.0.113.1:9000 -s rr
-a -t 203.0.113.1:9000 -r 10.1.0.11:9000 -m -w 7
-A -u 203.0.113.1:9000 -s wrr -p 60
-a -u 203.0.113.1:9000 -r 10.1.0.12:9000 -m -w 0
-A -f 5 -s wlc
-a -f 5 -r 10.1.0.13:0 -m -w 1
-A -f 70000 -6 -s sh
"""


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "audit-interval": 1, "drain-time": 1, "guard.services-share": 100,
            "guard.servers-share": 100}


@pytest.fixture
def foreign(network, daemons):
    """Others' things beside ours; `daemons` takes all of IPVS away at the end."""
    daemons.stop()
    witnesses.clear(network.gateway)
    network.gateway.run("nft", "-f", "-", input=FOREIGN_TABLES)
    network.gateway.run("ipvsadm", "-R", input=FOREIGN_IPVS.lstrip())
    yield
    network.gateway.run("nft", "delete table inet host; delete table ip portcullis")


def others(namespace):
    """All of nftables and IPVS that is not ours, and the addresses."""
    ruleset = [entry for entry in json.loads(namespace.run("nft", "-j", "list", "ruleset"))["nftables"]
               for value in entry.values() if ("inet", "portcullis") not in
               ((value.get("family"), value.get("table")), (value.get("family"), value.get("name")))]
    services = [line for line in namespace.run("ipvsadm", "-Sn").splitlines()
                if " 203.0.113.1:9000 " in line or line.split()[1:3] in (["-f", "5"], ["-f", "70000"])]
    return json.dumps(ruleset), services, namespace.run("ip", "addr")


def random_cloud(dice):
    """Any servers with any weights for any of the sections, ports that come and go."""
    def weights():
        names = dice.sample(["app1", "app2", "app3", "app4"], dice.randint(1, 4))
        return {name: dice.choice([0, 1, 100]) for name in names}

    groups = [exports.www(weights(), persistence=dice.choice([0, 60]))]
    if dice.random() < 0.6:
        groups.append(exports.www(weights(), 443, scheduler=dice.choice(["wlc", "mh", "sh"])))
    if dice.random() < 0.7:
        first = dice.randrange(20000, 30000, 1000)
        groups.append(exports.devices(weights(), f"{first}-{first + 999}", mark=dice.choice([257, 258])))
    return exports.export(*groups)


def test_others_things_outlive_changes_restart_and_flush(foreign, daemons, scripted, settings, network):
    before = others(network.gateway)
    assert len(before[1]) == 7 and before[0].count('"rule"') == 2
    # Polls are held until there is something new: a hundred changes in less than a hundred polls' time.
    scripted.answer = cloud = script.Changing(CLOUD)
    daemon = daemons.start({**settings, "wait": 30}, "owner")
    daemon.has_applied(exports.etag(CLOUD))
    dice = random.Random(2026)
    for number in range(CHANGES):
        last = random_cloud(dice)
        cloud.change(last)
        daemon.has_applied(exports.etag(last))
        if number % 5 == 0:
            assert others(network.gateway) == before, f"after change {number}"
    scripted.serve(last)
    daemon = daemons.start(settings, "owner")
    daemon.has_applied(exports.etag(last))
    assert others(network.gateway) == before
    assert daemon.status["foreignServices"] == []

    daemons.stop()
    assert daemon.run("flush").returncode == 0
    assert others(network.gateway) == before
    # And nothing but that is left.
    assert network.gateway.run("nft", "list", "tables").split("\n")[:-1] == ["table inet host", "table ip portcullis"]
    assert sorted(network.gateway.run("ipvsadm", "-Sn").splitlines()) == sorted(before[1])


@pytest.mark.parametrize("policy", ["report", "remove"])
def test_a_foreign_service_on_an_address_of_ours(policy, daemons, scripted, settings, network):
    daemon = daemons.start_anew({**settings, **({} if policy == "report" else {"foreign-services": policy})})
    scripted.give(daemon, CLOUD)
    ours = witnesses.content(network.gateway)
    network.gateway.run("ipvsadm", "-A", "-t", f"{WWW4}:9000", "-s", "rr")
    # What is to be removed may be gone by now.
    add = network.gateway.run if policy == "report" else network.gateway.result
    add("ipvsadm", "-a", "-t", f"{WWW4}:9000", "-r", "10.1.0.11:9000", "-m", "-w", "7")
    try:
        eventually(lambda: f"virtual service {WWW4}:9000/tcp stands on an address of ours" in daemon.text,
                   what="the log telling of it")
        if policy == "remove":
            eventually(lambda: witnesses.content(network.gateway) == ours, what="it being removed")
            eventually(lambda: daemon.status["foreignServices"] == [])
        else:
            # The status is written after the log.
            eventually(lambda: daemon.status["foreignServices"] == [f"{WWW4}:9000/tcp"], what="the status telling of it")
            assert f"foreign   {WWW4}:9000/tcp, on an address of ours but none of ours" in daemon.run("status").stdout
            scripted.give(daemon, exports.cloud({"app1": 50, "app2": 60, "app3": 70}))
            assert witnesses.ipvs(network.gateway)[f"TCP {WWW4}:9000"] == {"10.1.0.11:9000": 7}
            eventually(lambda: daemon.metrics().get("portcullis_gateway_foreign_services") == 1)
    finally:
        network.gateway.result("ipvsadm", "-D", "-t", f"{WWW4}:9000")


def test_a_second_writer_is_refused_whatever_its_directories(daemons, scripted, settings, network, tmp_path):
    daemon = daemons.start_anew(settings)
    scripted.give(daemon, CLOUD)
    options = Gateway.flags(tmp_path, settings)
    before = others(network.gateway), witnesses.table(network.gateway), witnesses.ipvs(network.gateway)
    for command in ("run", "sync", "flush"):
        result = network.gateway.result(binary("portcullis-gateway"), command, *options)
        assert result.returncode == 1, result
        assert f"process {daemon.pid} (" in result.stderr and " run " in result.stderr, result.stderr
        assert "end it first" in result.stderr
    assert (others(network.gateway), witnesses.table(network.gateway), witnesses.ipvs(network.gateway)) == before
    # It goes with its holder, however that ends.
    daemons.kill()
    # Anybody may take the name; who may not write to the kernel is in nobody's way, and is told of.
    with network.gateway.start(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
            "import signal, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0portcullis-gateway/writer');"
            "print('bound', flush=True); signal.pause()") as squatter:
        squatter.wait_for("bound\n")
        result = network.gateway.result(binary("portcullis-gateway"), "sync", *options)
        assert result.returncode == 0, result
        assert f"warning: process {squatter.pid} (" in result.stderr, result.stderr
    result = network.gateway.result(binary("portcullis-gateway"), "sync", *options)
    assert (result.returncode, "warning" in result.stderr) == (0, False), result
