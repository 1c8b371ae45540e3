"""What pacemaker itself makes of the agents: of the answers "degraded" (190, 191), which an agent gives as it is told, and of addresses that
change. A node of its own."""

import pathlib
import re
import subprocess

import pytest

import agents
import programs

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
ANSWER, CALLS = pathlib.Path("/run/answer"), pathlib.Path("/run/calls")
AGENT = f"""#!/bin/sh
echo "$1" >>{CALLS}
case $1 in
start) echo 0 >{ANSWER} ;;
stop) rm -f {ANSWER} ;;
promote) echo 8 >{ANSWER} ;;
demote) echo 0 >{ANSWER} ;;
monitor) [ -e {ANSWER} ] || exit 7; exit "$(cat {ANSWER})" ;;
meta-data) cat <<END
<?xml version="1.0"?>
<resource-agent name="told" version="1.0"><version>1.1</version><longdesc lang="en">Of a test</longdesc>
<shortdesc lang="en">Of a test</shortdesc><parameters/><actions>
<action name="start" timeout="20s"/><action name="stop" timeout="20s"/><action name="promote" timeout="20s"/>
<action name="demote" timeout="20s"/><action name="monitor" timeout="20s" interval="1s"/><action name="meta-data" timeout="20s"/>
</actions></resource-agent>
END
;;
esac
"""
CONFIGURATION = """
property stonith-enabled=false no-quorum-policy=ignore
primitive told ocf:test:told op monitor interval=1s role=Promoted op monitor interval=2s role=Unpromoted
clone told-clone told meta promotable=true
location told-promoted told-clone rule $role=Promoted 10: #uname eq lab
"""


@pytest.fixture(scope="module")
def cluster(node, tmp_path_factory):
    """Corosync and pacemaker with the agent promoted."""
    folder = tmp_path_factory.mktemp("cluster")
    agent = pathlib.Path("/usr/lib/ocf/resource.d/test/told")
    agent.parent.mkdir(parents=True, exist_ok=True)
    agent.write_text(AGENT)
    agent.chmod(0o755)
    configuration = folder / "corosync.conf"
    configuration.write_text(COROSYNC)
    processes = []
    try:
        for words in (("corosync", "-f", "-c", configuration), ("pacemakerd",)):
            processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
            if words[0] == "corosync":
                programs.eventually(lambda: agents.run("corosync-quorumtool", "-s").returncode == 0, what="corosync")
        programs.eventually(lambda: re.search(r"Online: +\[ lab \]", monitor()), 180, "pacemaker's node being online")
        (folder / "told.crm").write_text(CONFIGURATION)
        loaded = agents.run("crm", "configure", "load", "update", folder / "told.crm")
        assert loaded.returncode == 0, loaded.stdout + loaded.stderr
        programs.eventually(lambda: re.search(r"Promoted: +\[ lab \]", monitor()), 180, "the promotion")
        yield
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(120)


def monitor():
    return agents.run("crm_mon", "-1", "--group-by-node", "--show-detail").stdout + agents.run("crm_mon", "-1").stdout


def calls(action):
    return CALLS.read_text().split().count(action)


def failures():
    return agents.run("crm_failcount", "--query", "--resource", "told", "--node", "lab").stdout


def test_degraded_is_shown_and_neither_counted_nor_acted_upon(cluster):
    others = {action: calls(action) for action in ("start", "stop", "promote", "demote")}
    ANSWER.write_text("191\n")
    programs.eventually(lambda: "degraded" in agents.run("crm_mon", "-1", "--operations").stdout, what="the answer being shown")
    seen = calls("monitor")
    programs.eventually(lambda: calls("monitor") >= seen + 5, what="five monitors more")
    assert {action: calls(action) for action in others} == others
    assert "value=0" in failures()

    # One that is no better than failed is acted upon: the witness sees it.
    ANSWER.write_text("9\n")
    programs.eventually(lambda: calls("demote") > others["demote"], what="the demotion")
    programs.eventually(lambda: "value=1" in failures(), what="the failure being counted")


def test_an_address_more_leaves_the_others_where_they_are(cluster, addresses, tmp_path):
    def crm(*words):
        result = agents.run(*words)
        assert result.returncode == 0, result.stdout + result.stderr

    file = tmp_path / "addresses.crm"
    file.write_text(f"primitive addresses ocf:portcullis:addresses params addresses='{addresses.parameters['addresses']}' op monitor interval=2s\n")
    crm("crm", "configure", "load", "update", file)
    try:
        programs.eventually(lambda: "203.0.113.7/32" in addresses.on("public0"), 120, f"the addresses: {monitor()}")
        crm("crm_resource", "--wait")
        with subprocess.Popen(["ip", "-o", "monitor", "address"], stdout=subprocess.PIPE, text=True) as witness:
            crm("crm_resource", "--resource", "addresses", "--set-parameter", "addresses", "--parameter-value",
                "203.0.113.8/32@public0 2001:db8:7::7/128@public0 10.1.0.1/24@inside")
            programs.eventually(lambda: "203.0.113.8/32" in addresses.on("public0"), 120, "the new address")
            crm("crm_resource", "--wait")
            witness.terminate()
            changes = witness.stdout.read().splitlines()
        assert addresses.on("public0") >= {"203.0.113.8/32", "2001:db8:7::7/128"}
        assert "203.0.113.7/32" not in addresses.on("public0")
        assert [line for line in changes if "203.0.113.7" in line and line.startswith("Deleted")], changes
        assert not [line for line in changes if "2001:db8:7::7" in line or "10.1.0.1" in line], changes
    finally:
        crm("crm_resource", "--resource", "addresses", "--set-parameter", "target-role", "--meta", "--parameter-value", "Stopped")
        crm("crm_resource", "--wait")
    assert "203.0.113.8/32" not in addresses.on("public0")
    assert not any(word.startswith("10.1.0.1/") for word in addresses.on("inside"))
