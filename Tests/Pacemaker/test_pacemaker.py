"""What pacemaker itself makes of the agents: of a gateway that serves without ADMIN, and of addresses that change. A node of its own."""

import contextlib
import os
import pathlib
import re
import signal
import time

import pytest

from portcullis_testing import processes, scripted as scripts, witnesses
from portcullis_testing.waiting import eventually

COROSYNC = """
totem {
    version: 2
    transport: udpu
    cluster_name: test
}
nodelist {
    node {
        ring0_addr: 127.0.0.1
        name: lab
        nodeid: 1
    }
}
quorum {
    provider: corosync_votequorum
    expected_votes: 1
}
logging {
    to_logfile: yes
    logfile: /var/log/corosync-test.log
}
"""
# dc-deadtime: a node that is alone need not wait 20 s for another one that may be the controller.
PROPERTIES = {"dc-deadtime": "1s", "stonith-enabled": "false", "no-quorum-policy": "ignore"}
CIB = pathlib.Path("/var/lib/pacemaker/cib/cib.xml")
GATEWAY = """
primitive gateway ocf:portcullis:gateway op monitor interval=2s role=Promoted timeout=90s op monitor interval=3s role=Unpromoted timeout=90s
clone gateways gateway meta promotable=true notify=true
"""


@pytest.fixture(scope="module")
def cluster(node, tmp_path_factory):
    """Corosync and pacemaker, and nothing that they run yet."""
    folder = tmp_path_factory.mktemp("cluster")
    configuration = folder / "corosync.conf"
    configuration.write_text(COROSYNC)
    CIB.write_text(processes.run("cibadmin", "--empty"))
    for name, value in PROPERTIES.items():
        processes.run("crm_attribute", "--type", "crm_config", "--name", name, "--update", value, env={**os.environ, "CIB_file": str(CIB)})
    CIB.chmod(0o600)
    processes.run("chown", "hacluster:haclient", CIB)
    with contextlib.ExitStack() as stack:

        def start(*words):
            process = processes.Process(*words)
            stack.callback(process.stop, 120)
            return process

        start("corosync", "-f", "-c", configuration).wait_for(
            lambda: processes.result("corosync-quorumtool", "-s").returncode == 0)
        start("pacemakerd")
        eventually(lambda: re.search(r"Online: +\[ lab \]", monitor()), 180, "pacemaker's node being online")
        yield


def monitor():
    return processes.result("crm_mon", "-1", "--group-by-node", "--show-detail").stdout + processes.result("crm_mon", "-1").stdout


def crm(*words):
    result = processes.result(*words)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def load(file, configuration):
    file.write_text(configuration)
    crm("crm", "configure", "load", "update", file)


def stop(resource):
    crm("crm_resource", "--resource", resource, "--set-parameter", "target-role", "--meta", "--parameter-value", "Stopped")
    crm("crm_resource", "--wait")


def trouble():
    """What the node's attribute says, as pacemaker has it."""
    return processes.result("attrd_updater", "--query", "--name", "portcullis-trouble", "--node", "lab").stdout


def test_trouble_is_shown_and_is_no_failure(cluster, gateway, scripted, tmp_path):
    """A monitor that pacemaker takes for failed can hold up the other node's promotion for minutes: see the agent."""
    load(tmp_path / "gateway.crm", GATEWAY)
    answer = scripted.answer
    try:
        eventually(lambda: re.search(r"Promoted: +\[ lab \]", monitor()), 180, "the promotion")
        crm("crm_resource", "--wait")
        assert "degraded" not in trouble()
        process = gateway.process
        scripted.answer = scripts.status(503, "Service Unavailable")
        eventually(lambda: "degraded: ADMIN" in trouble(), what="the trouble being told")
        assert "degraded: ADMIN" in crm("crm_mon", "-1", "-A")
        # What has come of the monitors since then, in the history that a new DC reads.
        time.sleep(10)
        assert re.search(r"Promoted: +\[ lab \]", monitor())
        assert (gateway.process, gateway.role()) == (process, "active")
        assert "last_failure" not in crm("cibadmin", "--query", "--scope", "status")
        assert "Failed Resource Actions" not in crm("crm_mon", "-1")

        scripted.answer = answer
        eventually(lambda: "degraded" not in trouble(), what="the end of the trouble being told")

        # One that has failed is there to be seen.
        crm("crm_resource", "--resource", "gateway", "--set-parameter", "restarts", "--parameter-value", "0")
        crm("crm_resource", "--wait")
        gateway.signal(signal.SIGKILL)
        eventually(lambda: "last_failure" in crm("cibadmin", "--query", "--scope", "status"), what="the failure being kept")
    finally:
        scripted.answer = answer
        stop("gateway")


def test_an_address_more_leaves_the_others_where_they_are(cluster, addresses, tmp_path):
    load(tmp_path / "addresses.crm", f"primitive addresses ocf:portcullis:addresses params addresses='{addresses.parameters['addresses']}' op monitor interval=2s\n")
    try:
        eventually(lambda: "203.0.113.7/32" in addresses.on("public0"), 120, f"the addresses: {monitor()}")
        crm("crm_resource", "--wait")
        with witnesses.Watch("ip", "-o", "monitor", "address", ready=lambda: True) as witness:
            crm("crm_resource", "--resource", "addresses", "--set-parameter", "addresses", "--parameter-value",
                "203.0.113.8/32@public0 2001:db8:7::7/128@public0 10.1.0.1/24@inside")
            eventually(lambda: "203.0.113.8/32" in addresses.on("public0"), 120, "the new address")
            crm("crm_resource", "--wait")
        changes = witness.text.splitlines()
        assert addresses.on("public0") >= {"203.0.113.8/32", "2001:db8:7::7/128"}
        assert "203.0.113.7/32" not in addresses.on("public0")
        assert [line for line in changes if "203.0.113.7" in line and line.startswith("Deleted")], changes
        assert not [line for line in changes if "2001:db8:7::7" in line or "10.1.0.1" in line], changes
    finally:
        stop("addresses")
    assert "203.0.113.8/32" not in addresses.on("public0")
    assert not any(word.startswith("10.1.0.1/") for word in addresses.on("inside"))
