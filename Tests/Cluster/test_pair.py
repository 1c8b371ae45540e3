"""The pair under load: switched over, powered off, come back, its daemon killed, its wire cut."""

import pytest

from corosync import DEFAULT, SHORT_CONSENSUS, TUNED
from measure import Load
from portcullis_testing.waiting import eventually


# Seconds without service after a power-off, by corosync's timing: token and consensus, and 1.35 s for all that follows.
TIMINGS = {"tuned": (TUNED, 0.65 + 1.35), "short consensus": (SHORT_CONSENSUS, 3.15 + 1.35), "default": (DEFAULT, 6.6 + 1.35)}


def test_planned_switch_over(pair, lab, figures):
    active, passive = pair.wait_until_settled()
    with Load(lab["switch"]) as load:
        load.go_on(12)
        pair.stand_by(active)
        # Nobody looks into the machines meanwhile: that would take their one processor from what is measured.
        load.go_on(8)
        eventually(lambda: pair.active() == passive, 120, f"{passive} having the addresses")
        load.recover()
    pair.come_back(active)
    figures["Portcullis, planned switch-over"] = load.report
    assert pair.active() == passive
    assert load.report.carried_over(load.report.longest.began if load.report.gaps else load.report.ended) >= 0.95
    # The issue's limit. What stands in its way where it is missed is in docs/performance.md.
    assert load.report.interruption < 1


@pytest.mark.parametrize("name", TIMINGS)
def test_power_off_of_the_active_one(pair, lab, figures, name):
    """And its return: nobody notices that, and connections flow in the other direction."""
    timing, limit = TIMINGS[name]
    active, passive = pair.wait_until_settled()
    with Load(lab["switch"]) as load:
        load.go_on(12)
        # Only now: a token of half a second gets lost where an emulated machine waits for a processor.
        pair.use(timing)
        lab[active].power_off()
        load.recover()
    pair.use(DEFAULT)
    report = load.report
    figures[f"Portcullis, power-off, {name}"] = report
    assert pair.active() == passive
    assert report.carried_over(report.longest.began) >= 0.95

    moves = pair.moves(passive)
    with Load(lab["switch"]) as load:
        pair.boot(active)
        assert pair.wait_until_settled() == (passive, active), "the one that came back is passive"
        load.go_on(15)
    # Not by the length of gaps: booting takes the processors that serve. Nothing may have moved, and no connection ended.
    assert pair.moves(passive) == moves, "the active one's part was touched"
    assert load.report.carried_over(load.report.ended - 15) == 1, f"the node's return was noticed: {load.report}"
    assert "master" in lab[passive].run("ipvsadm", "-l", "--daemon")
    assert "backup" in lab[active].run("ipvsadm", "-l", "--daemon")
    assert pair.connections(active) > 200, "the node that came back learns of the connections"
    # Last, so that the tests after this one find both nodes.
    assert report.interruption < limit


def test_daemon_killed_on_the_active_one(pair, lab, figures):
    """Three times it is restarted in place, and the fourth time the other node takes over."""
    active, passive = pair.wait_until_settled()
    moves = pair.moves(active), pair.moves(passive)
    with Load(lab["switch"]) as load:
        for _ in range(3):
            old = pair.daemon(active)
            lab[active].run("kill", "-KILL", old)
            eventually(lambda: pair.daemon(active) not in (None, old), 120, "a new daemon")
            assert pair.active() == active
            load.go_on(12)
    figures["Portcullis, daemon killed three times"] = load.report
    assert (pair.moves(active), pair.moves(passive)) == moves, "the cluster moved something"
    # Slow ones there may be, on a busy host. None is refused or reset: the kernel serves on without its daemon.
    assert {error for *_, error in load.report.requests} <= {"", "no answer"}
    assert max((gap.length for gap in load.report.gaps), default=0) < 3, f"{load.report}"
    assert load.report.carried_over(load.report.ended - 10) == 1

    lab[active].run("kill", "-KILL", pair.daemon(active))
    eventually(lambda: pair.active() == passive, 180, "the other node being active")
    lab[passive].run("crm_resource", "--cleanup")


def test_wire_cut(pair, lab):
    """Each sees the other gone. The fence device hears one of them first, and that one alone has the addresses."""
    pair.wait_until_settled()
    switch = lab["switch"]
    before = (switch.results / "fence").read_text()
    switch.run("ip", "link", "set", "gw1-wire", "down")

    def shot():
        return (switch.results / "fence").read_text()[len(before):].splitlines()
    eventually(shot, 120, "one being cut off")
    _, winner, action, loser = shot()[0].split()
    assert action == "off" and {winner, loser} == {"gw1", "gw2"}
    # Cut off is off: what the loser still does nobody can see, and its plug is pulled as an operator would.
    lab[loser].power_off()
    switch.run("ip", "link", "set", "gw1-wire", "up")
    eventually(lambda: pair.active() == winner, 120, "the winner having the addresses")
    # Steady load, which this waits for, is five seconds without a failure.
    with Load(switch):
        pass
    assert len({line.split()[3] for line in shot()}) == 1, f"both were shot: {shot()}"
