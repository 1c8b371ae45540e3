"""ADMIN inside the pair: its node is powered off while it is written to."""

import json
import re

import pytest

import pair as pairs
import registry
from measure import Load
from pair import ADMIN_URL
from portcullis_testing.waiting import eventually


CUT = """
nft add table inet cut
nft add chain inet cut input '{ type filter hook input priority 0; }'
nft add rule inet cut input tcp dport 7788 drop
nft add rule inet cut input tcp sport 7788 drop
"""


@pytest.fixture(scope="module")
def pair(pair):
    """Both nodes on, and ADMIN moved into the pair."""
    for name, machine in pair.nodes.items():
        if not machine.is_on:
            pair.boot(name)
    pair.wait_until_settled()
    registry.move_into(pair)
    return pair


def admin_node(pair):
    return next((name for name, machine in pair.nodes.items()
                 if machine.is_on and machine.result("pidof", "portcullis-admin").returncode == 0), None)


def polled(pair, name):
    """When the node's daemon last had an answer of ADMIN, and whether the kernel agrees."""
    status = json.loads(pair.nodes[name].run("cat", "/run/portcullis/status.json"))
    return status["poll"].get("succeededAt"), status["state"]


def events(pair):
    """All events of ADMIN, page by page."""
    token, after = pairs.operator(pair.switch), 0
    while after is not None:
        page = json.loads(pair.switch.run("curl", "-sf", "-H", f"Authorization: Bearer {token}", f"{ADMIN_URL}/v1/events?limit=500&after={after}"))
        yield from page["events"]
        after = page.get("next")


def history(pair):
    """The weights that www.1 has had, as ADMIN's own events tell."""
    changes = [event.get("after") or "" for event in events(pair) if event["name"] == "www.1"]
    return [int(found[1]) for change in changes if (found := re.search(r"weight (\d+)$", change))]


def test_a_copy_that_misses_writes_is_not_promoted(pair, lab):
    """Replication is cut while the cluster still sees both nodes: ADMIN goes on, and what it then acknowledges is on one disk alone."""
    active, passive = pair.wait_until_settled()
    eventually(lambda: admin_node(pair) == passive, 300, "ADMIN running on the node that is not active")
    with registry.Writer(lab["switch"], pairs.operator(lab["switch"])) as writer:
        eventually(lambda: len(writer.acknowledged) > 5, 120, "writes")
        assert not registry.is_barred(pair)
        lab[active].shell(CUT)
        eventually(lambda: registry.is_barred(pair), 120, "the other copy being barred")
        written = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > written + 5, 120, "ADMIN taking writes on one copy")
        lab[active].run("nft", "delete", "table", "inet", "cut")
        eventually(lambda: not registry.is_barred(pair), 180, "the other copy having caught up")
    assert admin_node(pair) == passive


def test_power_off_of_the_node_that_runs_admin(pair, lab, figures):
    active, passive = pair.wait_until_settled()
    eventually(lambda: admin_node(pair) == passive, 300, "ADMIN running on the node that is not active")
    with registry.Writer(lab["switch"], pairs.operator(lab["switch"])) as writer, Load(lab["switch"]) as load:
        eventually(lambda: len(writer.acknowledged) > 20, 120, "writes")
        lab[passive].power_off()
        written = writer.acknowledged
        answered = polled(pair, active)[0]
        eventually(lambda: len(writer.acknowledged) > len(written) + 10, 300, "ADMIN taking writes on the other node")
        eventually(lambda: polled(pair, active)[0] != answered, 60, "polls resuming")
        resumed = polled(pair, active)[0]
    figures["Portcullis, ADMIN's node powered off"] = (f"no write taken for {writer.longest_wait:.1f} s of {len(writer.acknowledged)} writes, "
                                                       f"no poll answered for {resumed - answered} s at most; {load.report}")
    assert admin_node(pair) == active
    assert set(writer.acknowledged) <= set(history(pair)), "an acknowledged write is lost"
    # The gateways went on with the last good export.
    assert load.report.carried_over(load.report.ended - 10) == 1
    eventually(lambda: polled(pair, active)[1] == "synchronized", 60, "agreement with ADMIN's export")
