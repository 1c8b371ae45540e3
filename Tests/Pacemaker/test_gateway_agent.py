"""ocf:portcullis:gateway: ocf-tester, and what each action answers when something is missing, wrong, dead or hung."""

import pathlib
import re
import signal
import time

import pytest

from portcullis_testing import processes, scripted as scripts
from portcullis_testing.agents import ARGS, CONFIGURED, FAILED_PROMOTED, GENERIC, INSTALLED, NOT_RUNNING, OK, PERM, PROMOTED, UNIMPLEMENTED
from portcullis_testing.waiting import eventually

RUNNING = ("start", "promote")


def test_ocf_tester_finds_nothing_wrong(gateway):
    result = gateway.ocf_tester()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.rstrip().endswith("passed all tests")


def test_a_life_from_start_to_stop(gateway):
    assert gateway.probe().status == NOT_RUNNING
    assert gateway.kernel() == (False, 0)
    assert gateway.statuses("start", "monitor") == [OK, OK]
    # The passive one is warm, and takes connections.
    assert gateway.kernel()[0] and gateway.kernel()[1] > 0
    assert (gateway.role(), gateway.sync_daemons()) == ("passive", ["backup"])
    warm = gateway.kernel()

    assert gateway.statuses("promote", "monitor") == [OK, PROMOTED]
    assert gateway.probe().status == PROMOTED
    assert (gateway.role(), gateway.sync_daemons(), gateway.kernel()) == ("active", ["master"], warm)
    for name, value in (("sync_threshold", "0\t0"), ("sync_refresh_period", "10")):
        assert pathlib.Path("/proc/sys/net/ipv4/vs", name).read_text().strip() == value

    assert gateway.statuses("demote", "monitor", "notify", "reload-agent") == [OK, OK, OK, OK]
    assert (gateway.role(), gateway.sync_daemons()) == ("passive", ["backup"])
    assert gateway.statuses("stop", "stop", "monitor") == [OK, OK, NOT_RUNNING]
    assert (gateway.role(), gateway.sync_daemons(), gateway.kernel()) == (None, [], (False, 0))


def test_the_daemon_runs_as_its_user_with_one_capability(gateway):
    assert gateway.call("start").status == OK
    status = pathlib.Path(f"/proc/{gateway.process}/status").read_text()
    assert not re.search(r"^Uid:.*\t0\b", status, re.M)
    assert {int(value, 16) for value in re.findall(r"^Cap\w+:\s*(\w+)", status, re.M)} == {1 << 12}


@pytest.mark.parametrize("parameter, status", [
    ({"binary": "/usr/bin/absent"}, INSTALLED), ({"config": "/etc/portcullis/absent.yaml"}, ARGS),
    ({"user": "absent"}, ARGS), ({"patience": "soon"}, CONFIGURED), ({"restarts": "-1"}, CONFIGURED),
    ({"restart_window": "0600"}, CONFIGURED),
    ({"config": "gateway.yaml"}, CONFIGURED)])
def test_missing_and_wrong_are_told_apart_by_each_action(gateway, parameter, status):
    gateway.call("start")
    for action in ("start", "monitor", "promote", "demote", "validate-all"):
        assert gateway.call(action, level=10, **parameter).status == status, action


def test_level_0_of_validation_does_not_look_at_the_node(gateway):
    missing = {"binary": "/usr/bin/absent", "config": "/etc/portcullis/absent.yaml"}
    assert gateway.call("validate-all", **missing).status == OK
    assert gateway.call("validate-all", level=10).status == OK
    gateway.file.write_text("interval: never\n")
    answer = gateway.call("validate-all", level=10)
    assert answer.status == ARGS
    assert "interval" in answer.output


def test_validation_warns_where_fencing_is_switched_off(gateway, tmp_path, monkeypatch):
    cib = tmp_path / "cib.xml"
    cib.write_text(processes.run("cibadmin", "--empty"))
    monkeypatch.setenv("CIB_file", str(cib))
    for value, is_warned in (("true", False), ("false", True)):
        processes.run("crm_attribute", "--type", "crm_config", "--name", "stonith-enabled", "--update", value)
        answer = gateway.call("validate-all", level=10)
        assert (answer.status, "stonith-enabled is false" in answer.output) == (OK, is_warned), answer.output


def test_only_root_may_do_it(gateway):
    assert gateway.call("start", caller="nobody").status == PERM
    assert gateway.call("meta-data", caller="nobody").status == OK


def test_what_does_not_exist_is_not_implemented(gateway):
    assert gateway.statuses("migrate_to", "reload") == [UNIMPLEMENTED, UNIMPLEMENTED]


@pytest.mark.parametrize("parameter", [{"binary": "/usr/bin/absent"}, {"config": "/etc/absent"}, {"patience": "soon"}])
def test_stop_always_succeeds(gateway, parameter):
    gateway.call("start")
    gateway.signal(signal.SIGSTOP)
    began = time.monotonic()
    assert gateway.call("stop", **parameter).status == OK
    assert time.monotonic() - began < 60
    assert gateway.probe().status == NOT_RUNNING


def test_a_probe_tells_of_a_dead_daemon_and_leaves_it(gateway):
    gateway.call("start")
    gateway.signal(signal.SIGKILL)
    assert gateway.probe().status == GENERIC
    gateway.call("start")
    gateway.call("promote")
    gateway.signal(signal.SIGKILL)
    assert gateway.probe().status == FAILED_PROMOTED


def test_a_dead_daemon_is_restarted_in_place_three_times(gateway):
    assert gateway.statuses(*RUNNING) == [OK, OK]
    before = processes.result("nft", "--handle", "list", "table", "inet", "portcullis").stdout, gateway.kernel()
    for _ in range(3):
        gateway.signal(signal.SIGKILL)
        assert gateway.call("monitor").status == PROMOTED
        # Nothing in the kernel was made anew.
        assert (processes.result("nft", "--handle", "list", "table", "inet", "portcullis").stdout, gateway.kernel()) == before
        assert gateway.sync_daemons() == ["master"]
    gateway.signal(signal.SIGKILL)
    answer = gateway.call("monitor")
    assert answer.status == FAILED_PROMOTED
    assert "restarted in place 3 times" in answer.output
    # A restart that was long ago no longer counts.
    assert gateway.call("monitor", restart_window=0).status == PROMOTED


def test_a_hung_daemon_is_restarted_or_failed(gateway):
    gateway.call("start")
    gateway.signal(signal.SIGSTOP)
    hung = gateway.process
    # Two polls at their slowest, and some: see `patience` of the configuration.
    eventually(lambda: gateway.call("monitor", restarts=0).status == GENERIC, 120, "the monitor's failure")
    assert gateway.call("monitor").status == OK
    assert gateway.process != hung


def test_a_daemon_that_dies_while_it_is_looked_at_is_restarted(gateway):
    assert gateway.statuses(*RUNNING) == [OK, OK]
    died = gateway.process
    # It ends between the agent's own look and its question, once.
    program = pathlib.Path("/usr/local/bin/portcullis-gateway-and-a-kill")
    program.write_text(f"""#!/bin/sh
if [ "$1" = check ] && [ -d /proc/{died} ]; then
    kill -KILL {died}
    while [ -d /proc/{died} ]; do sleep 0.1; done
fi
exec /usr/bin/portcullis-gateway "$@"
""")
    program.chmod(0o755)
    try:
        answer = gateway.call("monitor", binary=program)
    finally:
        program.unlink()
    assert answer.status == PROMOTED, answer.output
    assert gateway.process != died


def test_a_mistake_in_the_configuration_moves_nothing(gateway):
    assert gateway.statuses(*RUNNING) == [OK, OK]
    process, before, right = gateway.process, gateway.kernel(), gateway.file.read_text()
    gateway.file.write_text(right + "intervall: 3\n")
    answer = gateway.call("monitor")
    assert (answer.status, "intervall" in answer.output) == (PROMOTED, True), answer.output
    assert (gateway.process, gateway.kernel(), gateway.role()) == (process, before, "active")
    gateway.file.write_text(right)
    assert gateway.statuses("monitor", "demote") == [PROMOTED, OK]
    gateway.file.write_text(right + "intervall: 3\n")
    answer = gateway.call("monitor")
    assert (answer.status, "intervall" in answer.output) == (OK, True), answer.output
    gateway.file.write_text(right)


def test_the_role_is_given_past_a_hung_daemon(gateway):
    gateway.call("start")
    gateway.signal(signal.SIGSTOP)
    assert gateway.call("promote").status == OK
    assert (gateway.role(), gateway.sync_daemons()) == ("active", ["master"])
    gateway.signal(signal.SIGCONT)
    assert gateway.call("monitor").status == PROMOTED


def test_what_others_change_is_put_right_or_fails_the_monitor(gateway):
    assert gateway.statuses(*RUNNING) == [OK, OK]
    before = gateway.kernel()
    for words in (("ipvsadm", "-C"), ("nft", "delete", "table", "inet", "portcullis"), ("ipvsadm", "--stop-daemon", "master")):
        assert processes.result(*words).returncode == 0
        assert gateway.call("monitor").status == PROMOTED
        assert (gateway.kernel(), gateway.sync_daemons()) == (before, ["master"])
    # Without any time for it, nobody has put it right: IPVS sends no notifications, and the daemon is not asked to look.
    assert processes.result("ipvsadm", "-C").returncode == 0
    answer = gateway.call("monitor", patience=0)
    assert answer.status == FAILED_PROMOTED
    assert "out-of-line" in answer.output
    # A daemon that hangs cannot do it, the one that follows it can.
    gateway.signal(signal.SIGSTOP)
    answer = gateway.call("monitor", patience=2, restarts=0)
    assert answer.status == FAILED_PROMOTED
    assert "no sign of life" in answer.output
    assert gateway.call("monitor").status == PROMOTED
    assert (gateway.kernel(), gateway.sync_daemons()) == (before, ["master"])


def test_without_admin_it_serves_on_and_says_so(gateway, scripted):
    answer = scripted.answer
    assert gateway.statuses(*RUNNING) == [OK, OK]
    before = gateway.kernel()
    scripted.answer = scripts.status(503, "Service Unavailable")
    try:
        eventually(lambda: "degraded: ADMIN" in (answered := gateway.call("monitor")).output and answered.status == PROMOTED,
                   what="a monitor that says what is amiss, and no failure")
        # Once, and not with each monitor; the thorough one says it again.
        assert "degraded" not in gateway.call("monitor").output
        assert "degraded" in gateway.call("monitor", level=10).output
        assert gateway.statuses("demote", "monitor") == [OK, OK]
        # It starts with the last good export.
        assert gateway.statuses("stop", "start") == [OK, OK]
        assert gateway.kernel() == before
    finally:
        scripted.answer = answer
    eventually(lambda: "healthy" in processes.result("portcullis-gateway", "check").stdout, what="a healthy gateway")


def test_a_daemon_started_by_others_is_found(gateway):
    with processes.Process("/usr/bin/portcullis-gateway", "run") as daemon:
        daemon.wait_for(lambda: gateway.kernel()[1] > 0)
        # In the role of its configuration
        assert gateway.probe().status == PROMOTED
        daemon.stop()
