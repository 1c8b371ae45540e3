"""A server is restarted, in order and by a reset. Its node starts what is assigned once, also while ADMIN is away.

Each test is one start of the machine. What is left of the test before is on the disk.
"""

import json
import pathlib

import pytest

import machine
from node import Unit, UnitStage, unit
from portcullis_testing.waiting import eventually
from scripted_admin import ScriptedAdmin

FOLDER = pathlib.Path("/srv/lab")
PORT = 8085
# What ADMIN has: on another machine, which is not restarted.
ADMIN = pathlib.Path("/run/lab/admin.json")
BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id")

# Writes down each start: the machine's, and the version. It begins a line of its own: a reset leaves one that has no end.
PROGRAM = """\
#!/bin/bash
read -r boot </proc/sys/kernel/random/boot_id
printf '\\n%s %s\\n' "$boot" "${PWD##*/}" >>"$PORTCULLIS_DIRECTORY/data/starts"
exec sleep 1000
"""


class Server(UnitStage):
    """pgw.1 runs, pgw.2 is stopped, pgw.3 may run nowhere else meanwhile: it has a lease."""

    def open_admin(self):
        """Starts ADMIN, with what it had before the restart."""
        self.admin = ScriptedAdmin(self.store, PORT)
        if ADMIN.exists():
            self.admin.services, self.admin.jobs = json.loads(ADMIN.read_text())

    def restart_by(self, command):
        """What restarts the machine when this test has passed."""
        ADMIN.write_text(json.dumps([self.admin.services, self.admin.jobs]))
        pathlib.Path("/run/restart").write_text(f"{command}\n")

    def starts(self, service):
        """The versions that were started since the machine was."""
        # A reset leaves lines that are not complete.
        lines = [line.split() for line in (self.root / service / "data/starts").read_text().splitlines()]
        return [line[1] for line in lines if line[:1] == [BOOT.read_text().strip()]]

    def told(self, service):
        """What the node says of a service, on the server."""
        return json.loads(machine.run("portcullis-node", "status", "-o", "json", status=None))["services"].get(service, {})


@pytest.fixture
def server():
    server = Server(FOLDER)
    server.node = Unit()
    return server


@pytest.mark.start(0)
def test_services_run_are_stopped_or_have_a_lease(server):
    server.open_admin()
    server.start()
    how = {"install": {"mkdir": ["data"]}, "files": {"bin/wait": b"#!/bin/sh\nexec sleep 1000\n"},
           "actions": [{"name": "wait", "command": ["bin/wait"]}]}
    first, second = (server.version(name, PROGRAM, **how) for name in ("1.0.0", "2.0.0"))
    server.admin.assign("pgw.1", first)
    server.settled("pgw.1")
    server.admin.assign("pgw.1", second)
    server.admin.assign("pgw.2", second)
    server.admin.assign("pgw.3", second, lease=30)
    for service in ("pgw.1", "pgw.2", "pgw.3"):
        server.settled(service, version=second)
    server.admin.assign("pgw.2", second, desired="stopped")
    server.settled("pgw.2", state="stopped")
    server.admin.order("once", service="pgw.1", kind="restart", seconds=600)
    eventually(lambda: server.admin.job("once").get("state") == "succeeded", what="the restart")
    eventually(lambda: server.starts("pgw.1") == [first, second, second], what="the starts")
    server.restart_by("systemctl --no-block start reboot.target")


def check_return(server):
    """What is so after a restart of any kind, at first without ADMIN."""
    second = json.loads(ADMIN.read_text())[0]["pgw.1"]["version"]
    eventually(lambda: server.told("pgw.1").get("state") == "running", what="pgw.1 running without ADMIN")
    eventually(lambda: "lease" in server.told("pgw.3").get("problem", ""), what="pgw.3 waiting for ADMIN")
    assert server.told("pgw.3")["state"] == "stopped" and server.told("pgw.2")["state"] == "stopped"
    told = server.told("pgw.1")
    assert told["restarts"] == 0 and "problem" not in told, told
    # By a process each, from the folder of the right version.
    eventually(lambda: server.starts("pgw.1"), what="the program having written down its start")
    assert server.starts("pgw.1") == [second] and server.current("pgw.1") == second
    assert server.cgroup("pgw.1") == server.processes("pgw.1")
    witness = server.witness("pgw.1")
    for service in ("pgw.2", "pgw.3"):
        assert server.starts(service) == [] and machine.show(unit(service), "LoadState") == "not-found"

    server.open_admin()
    assert server.settled("pgw.3", version=second, timeout=60)["restarts"] == 0
    assert server.settled("pgw.1", version=second)["restarts"] == 0
    server.settled("pgw.2", state="stopped", version=second)
    eventually(lambda: server.starts("pgw.3") == [second], what="pgw.3 having written down its start")
    # A job of before is not done again.
    assert server.admin.job("once")["state"] == "succeeded"
    assert server.witness("pgw.1") == witness and server.starts("pgw.1") == [second] and server.starts("pgw.2") == []
    assert machine.run("systemctl", "list-units", "--failed", "--no-legend", "portcullis-*") == ""


@pytest.mark.start(1)
def test_after_a_restart_what_is_to_run_does_once_and_a_lease_waits_for_admin(server):
    check_return(server)
    server.admin.order("cut", service="pgw.1", kind="action", name="wait", seconds=600)
    eventually(lambda: server.admin.job("cut").get("state") == "running", what="the action")
    server.restart_by("echo b >/proc/sysrq-trigger")


@pytest.mark.start(2)
def test_after_a_reset_as_well_and_nobody_knows_how_a_job_ended(server):
    check_return(server)
    eventually(lambda: server.admin.job("cut").get("state") == "unknown", what="the action's end")
