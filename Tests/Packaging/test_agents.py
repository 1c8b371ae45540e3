"""Pacemaker's agents on a machine that systemd runs: both services under their units, and pacemaker alone decides whether they run."""

import os
import signal

import pytest

import machine
from portcullis_testing import agents
from portcullis_testing.admin import ADMIN_URL
from portcullis_testing.agents import GENERIC, NOT_RUNNING, OK, PROMOTED
from portcullis_testing.waiting import eventually


class Agent(agents.Agent):
    def __init__(self, name):
        self.name = name
        super().__init__()


@pytest.fixture(scope="module")
def gateway_agent(cloud):
    machine.run("systemctl", "start", machine.ADMIN)
    machine.run("curl", "-sf", f"{ADMIN_URL}/readyz")
    agent = Agent("gateway")
    yield agent
    agent.restore()


@pytest.fixture(scope="module")
def admin_agent(cloud):
    agent = Agent("admin")
    yield agent
    agent.restore()


def kill(unit):
    """Kills the unit's process; returns when systemd knows."""
    os.kill(machine.Process(unit).id, signal.SIGKILL)
    eventually(lambda: machine.show(unit, "ActiveState") == "failed", what=f"systemd leaving {unit} dead")


def test_the_gateway_starts_under_its_unit(gateway_agent):
    answer = gateway_agent.call("start")
    assert answer.status == OK, answer.output
    process = machine.Process(machine.GATEWAY)
    assert process.user == "portcullis-gateway"
    # The sandbox: system calls are filtered, the system is read-only.
    assert process.status["Seccomp"] == "2"
    assert "ro" in process.mount_options("/usr")
    assert gateway_agent.call("monitor").status == OK
    assert [gateway_agent.call(action).status for action in ("promote", "monitor")] == [OK, PROMOTED]


def test_the_monitor_and_not_systemd_starts_a_dead_daemon_again(gateway_agent):
    before = machine.kernel_state()[0]
    first = machine.Process(machine.GATEWAY).id
    kill(machine.GATEWAY)
    assert gateway_agent.call("monitor").status == PROMOTED
    assert machine.Process(machine.GATEWAY).id != first
    assert machine.kernel_state()[0] == before


def test_a_hung_daemon_is_started_again_under_the_unit(gateway_agent):
    hung = machine.Process(machine.GATEWAY).id
    os.kill(hung, signal.SIGSTOP)
    assert gateway_agent.call("monitor").status == PROMOTED
    assert machine.Process(machine.GATEWAY).id != hung


def test_an_upgrade_restarts_the_daemon_and_nothing_else(gateway_agent):
    """As docs/cluster.md has it: the role and the kernel stay, and no restart of the agent's own is used up."""
    before, old = machine.kernel_state()[0], machine.Process(machine.GATEWAY).id
    machine.run("systemctl", "restart", machine.GATEWAY)
    assert machine.Process(machine.GATEWAY).id != old
    assert gateway_agent.call("monitor", restarts=0).status == PROMOTED
    assert machine.kernel_state()[0] == before


def test_the_agent_s_directories_are_the_daemon_s(gateway_agent):
    environment = machine.show(machine.GATEWAY, "Environment")
    for word in ("PORTCULLIS_RUN_DIRECTORY=/run/portcullis", "PORTCULLIS_STATE_DIRECTORY=/var/lib/portcullis", "SWIFT_BACKTRACE=enable=no"):
        assert word in environment


def test_what_pacemaker_stops_stays_stopped(gateway_agent):
    answer = gateway_agent.call("stop")
    assert answer.status == OK, answer.output
    eventually(lambda: machine.show(machine.GATEWAY, "ActiveState") == "inactive", what="systemd's knowing of it")
    assert gateway_agent.probe().status == NOT_RUNNING
    assert machine.run("nft", "list", "table", "inet", "portcullis", status=None) == ""
    assert machine.run("ipvsadm", "-Sn") == ""


def test_admin_under_its_unit_is_pacemaker_s_too(admin_agent):
    # The one that systemd has started at boot is taken over as it is.
    first = machine.Process(machine.ADMIN).id
    answer = admin_agent.call("start")
    assert answer.status == OK, answer.output
    process = machine.Process(machine.ADMIN)
    assert process.id == first
    assert machine.show(machine.ADMIN, "Restart") == "no"
    assert process.user == "portcullis-admin"
    assert process.status["Seccomp"] == "2"
    assert admin_agent.call("monitor").status == OK
    # An administrator's restart is no death.
    machine.run("systemctl", "restart", machine.ADMIN)
    eventually(lambda: admin_agent.call("monitor").status == OK, what="the one that systemd has started again")
    assert machine.Process(machine.ADMIN).id != first
    kill(machine.ADMIN)
    assert admin_agent.call("monitor").status == GENERIC
    assert [admin_agent.call(action).status for action in ("stop", "start", "monitor")] == [OK, OK, OK]
    assert admin_agent.call("stop").status == OK
    eventually(lambda: machine.show(machine.ADMIN, "ActiveState") == "inactive", what="systemd's knowing of it")
    assert admin_agent.probe().status == NOT_RUNNING
