"""Services under portcullis-node as units of systemd. In order: each test goes on from the last."""

import json
import os
import pathlib
import re
import shutil
import signal
import time

import pytest

import machine
from machine import Process
from node import NODE, UnitStage, unit
from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually

LARGEST_EXPOSURE = 3.0
DROP_INS = pathlib.Path("/etc/systemd/system/portcullis-service@.service.d")

# Says what it may do, in its log.
CURIOUS = """\
#!/usr/bin/python3
import json, os, pathlib, socket, sys, time
def write(path):
    try:
        pathlib.Path(path).write_text("x")
        return True
    except OSError:
        return False
folder = os.environ["PORTCULLIS_DIRECTORY"]
own = pathlib.Path("/proc/self/status").read_text()
told = {"environment": sorted(os.environ), "data": write(f"{folder}/data/x"), "folder": write(f"{folder}/x"),
        "usr": write("/usr/x"), "etc": write("/etc/x"), "tmp": write("/tmp/x"), "home": os.path.exists("/root/.bashrc"),
        "open-files": __import__("resource").getrlimit(7)[0]}
print(json.dumps(told), flush=True)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.connect(os.environ["NOTIFY_SOCKET"])
    notify.send(b"READY=1")
while True: time.sleep(1000)
"""


@pytest.fixture(scope="module")
def stage():
    # Not in /tmp, which is another one for each service.
    folder = pathlib.Path("/srv/lab")
    folder.mkdir()
    with UnitStage(folder) as stage:
        stage.start()
        yield stage


def failed_units():
    return machine.run("systemctl", "list-units", "--failed", "--no-legend", "portcullis-*")


def test_a_service_is_a_unit_with_a_cgroup_limits_and_a_sandbox(stage):
    version = stage.version("1.0.0", CURIOUS, install={"mkdir": ["data"]}, run={"ready": "notify"},
                            limits={"memory": "64M", "processes": 20, "cpu": "50%", "open-files": 300})
    stage.admin.assign("pgw.1", version)
    stage.settled("pgw.1")
    assert stage.admin.report["problems"] == []
    name = unit("pgw.1")
    shown = machine.show(name, "ActiveState", "Type", "KillMode", "OOMPolicy", "MemoryMax", "MemorySwapMax", "TasksMax",
                         "CPUQuotaPerSecUSec", "LimitNOFILE", "Transient", "MainPID")
    pid, keeper = stage.pid("pgw.1"), int(shown.pop("MainPID"))
    assert shown == {"ActiveState": "active", "Type": "exec", "KillMode": "mixed", "OOMPolicy": "continue",
                     "MemoryMax": str(64 << 20), "MemorySwapMax": "0", "TasksMax": "53", "CPUQuotaPerSecUSec": "500ms",
                     "LimitNOFILE": "8192", "Transient": "yes"}
    assert stage.cgroup("pgw.1") == stage.processes("pgw.1") and keeper in stage.cgroup("pgw.1")
    assert stage.state("pgw.1")["unit"] == [name]
    status = dict(re.findall(r"(?m)^(\w+):\s*(.*?)\s*$", pathlib.Path(f"/proc/{pid}/status").read_text()))
    assert status["Uid"].split() == ["700000"] * 4 and (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    # Its master may have something to say, too.
    told = json.loads(next(line for line in stage.log("pgw.1").splitlines() if line.startswith("{")))
    assert told == {"environment": ["ASAN_OPTIONS", "HOME", "LANG", "LISTEN_PID", "NOTIFY_SOCKET", "PATH", "PORTCULLIS_CONTROL_FD",
                                    "PORTCULLIS_CRASH_FD", "PORTCULLIS_DIRECTORY", "PORTCULLIS_SERVICE", "SWIFT_BACKTRACE"],
                    "data": True, "folder": False, "usr": False, "etc": False, "tmp": True, "home": False, "open-files": 300}
    process = Process(name)
    assert "ro" in process.mount_options("/usr/bin") and "ro" in process.mount_options(f"{stage.root}/pgw.1/versions")
    assert "rw" in process.mount_options(f"{stage.root}/pgw.1/data")
    # Nothing of it is on a disk, where a boot would find it.
    found = machine.run("find", "/etc/systemd", "/usr/lib/systemd", "/var/lib", "-name", "portcullis-service*")
    assert found == ""


def test_its_exposure_is_low(stage):
    found = machine.run("systemd-analyze", "--no-pager", "security", unit("pgw.1"))
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", found)
    print(f"portcullis-service@.service: {exposure[1]}")
    assert float(exposure[1]) <= LARGEST_EXPOSURE, "\n".join(line for line in found.splitlines() if not line.startswith("✓"))


def test_it_outlives_the_agent_and_its_upgrade(stage):
    witness = stage.witness("pgw.1")
    stage.node.kill()
    # Another file under the program's name, as an upgrade leaves it.
    shutil.copy("/usr/bin/portcullis-node", "/usr/bin/portcullis-node.new")
    os.rename("/usr/bin/portcullis-node.new", "/usr/bin/portcullis-node")
    stage.admin.report = None
    stage.node.restart()
    machine.run("systemctl", "daemon-reexec")
    stage.settled("pgw.1")
    assert stage.witness("pgw.1") == witness and lives(stage.pid("pgw.1"))
    assert stage.pid("pgw.1") in stage.cgroup("pgw.1")


def test_killed_at_any_moment_of_a_change_it_converges(stage):
    versions = [stage.version(f"2.0.{number}", type="mdb") for number in range(2)]
    for number in range(4):
        wanted = versions[number % 2]
        stage.admin.assign("mdb.1", wanted)
        time.sleep(0.05 + 0.25 * number)
        stage.node.kill()
    stage.settled("mdb.1", version=wanted, timeout=60)
    assert stage.cgroup("mdb.1") == stage.processes("mdb.1")
    assert lives(stage.pid("mdb.1")) and failed_units() == ""


def test_what_ends_at_once_forks_away_or_loses_its_keeper_leaves_nothing(stage):
    ending = stage.version("1.0.0", "#!/bin/sh\nexit 7\n", type="a", run={"ready": {"after": 1}})
    forking = stage.version("1.0.0", '#!/bin/bash\nsetsid sleep 997 &\nexit 0\n', type="b", run={"ready": {"after": 1}})
    lasting = stage.version("1.0.0", "#!/bin/bash\nsetsid sleep 998 &\nexec sleep 999\n", type="c")
    for service, version in (("a.1", ending), ("b.1", forking), ("c.1", lasting)):
        stage.admin.assign(service, version)
    stage.told("a.1", "it ended by itself with status 7")
    stage.told("b.1", "left a process behind, which was ended", "foreground")
    assert machine.run("pgrep", "-f", "sleep 997", status=None) == ""
    stage.settled("c.1")
    # Keeper, master, the program and what it has started.
    processes = eventually(lambda: (found := stage.cgroup("c.1")) and len(found) == 4 and found)
    os.kill(int(stage.state("c.1")["keeper-process"][0]), signal.SIGKILL)
    eventually(lambda: not any(lives(pid) for pid in processes), what="the cgroup's end")
    # It is started again.
    eventually(lambda: stage.settled("c.1") and len(stage.cgroup("c.1")) == 4)
    for service in ("a.1", "b.1", "c.1"):
        stage.admin.assign(service, desired="purged")
    for service in ("a.1", "b.1", "c.1"):
        stage.purged(service)
    assert failed_units() == ""


def test_a_program_that_ignores_its_signal_is_killed(stage):
    version = stage.version("1.0.0", "#!/bin/bash\ntrap '' TERM\nwhile :; do sleep 1; done\n", type="d", run={"stop-timeout": 1})
    stage.admin.assign("d.1", version)
    stage.settled("d.1")
    processes = stage.cgroup("d.1")
    # By systemd's own command, as at the machine's end.
    machine.run("systemctl", "stop", unit("d.1"))
    assert not any(lives(pid) for pid in processes)
    eventually(lambda: stage.cgroup("d.1") and stage.cgroup("d.1") != processes, what="the agent starting it again")
    stage.settled("d.1")
    processes = stage.cgroup("d.1")
    stage.admin.assign("d.1", version, desired="stopped")
    stage.settled("d.1", state="stopped")
    assert not any(lives(pid) for pid in processes) and failed_units() == ""


def test_too_much_memory_ends_the_service_alone_and_is_told(stage):
    version = stage.version("1.0.0", "#!/usr/bin/python3\nblocks = [bytearray(1 << 20) for _ in range(200)]\n", type="e",
                            limits={"memory": "48M"}, run={"ready": {"after": 5}})
    before = stage.witness("pgw.1")
    stage.admin.assign("e.1", version)
    problem = stage.told("e.1", "needed more memory than its limit allows")
    assert "the kernel ended it" in problem
    # Its master goes on, and starts it again.
    assert "ended" not in stage.state("e.1") and stage.state("e.1")["main-restarts"] == ["0"]
    assert stage.witness("pgw.1") == before and lives(stage.pid("pgw.1"))
    stage.admin.assign("e.1", desired="purged")
    stage.purged("e.1")


def test_a_lease_ends_without_the_agent(stage):
    version = stage.version("1.0.0", type="f")
    for service in ("f.1", "f.2"):
        stage.admin.assign(service, version, lease=10)
    for service in ("f.1", "f.2"):
        stage.settled(service)
    processes = stage.cgroup("f.1") | stage.cgroup("f.2")
    # A keeper that hangs ends no lease: systemd does.
    os.kill(int(stage.state("f.2")["keeper-process"][0]), signal.SIGSTOP)
    stage.node.stop()
    eventually(lambda: not any(lives(pid) for pid in processes), 15, "the lease's end")
    for service in ("f.1", "f.2"):
        assert machine.show(unit(service), "LoadState") == "not-found"
    assert "lease-ended" in stage.state("f.1") and "ended" not in stage.state("f.2")
    stage.admin.report = None
    stage.node.start()
    for service in ("f.1", "f.2"):
        assert "problem" not in stage.settled(service)
        stage.admin.assign(service, desired="purged")
        stage.purged(service)


def test_a_drop_in_is_for_all_services_and_one_that_systemd_cannot_follow_is_told(stage):
    version = stage.version("1.0.0", type="g")
    DROP_INS.mkdir()
    (DROP_INS / "test.conf").write_text("[Service]\nNice=7\nBindPaths=/no/such/path\n")
    machine.run("systemctl", "daemon-reload")
    stage.admin.assign("g.1", version)
    stage.told("g.1", "systemd could not start it", f"journalctl -u {unit('g.1')}")
    (DROP_INS / "test.conf").write_text("[Service]\nNice=7\n")
    machine.run("systemctl", "daemon-reload")
    stage.settled("g.1")
    assert machine.show(unit("g.1"), "Nice") == "7"
    shutil.rmtree(DROP_INS)
    machine.run("systemctl", "daemon-reload")
    assert stage.settled("g.1") and failed_units() == ""


def test_another_driver_takes_a_service_at_its_next_start(stage):
    witness, version = stage.witness("g.1"), stage.admin.services["g.1"]["version"]
    stage.start(driver="process")
    eventually(lambda: any("run under systemd" in problem and "g.1" in problem
                           for problem in (stage.admin.report or {}).get("problems", [])), what="the other driver being told")
    assert stage.witness("g.1") == witness
    stage.admin.assign("g.1", version, desired="stopped")
    stage.settled("g.1", state="stopped")
    stage.admin.assign("g.1", version)
    stage.settled("g.1")
    assert machine.show(unit("g.1"), "LoadState") == "not-found" and "unit" not in stage.state("g.1")
    # Back again: what runs as a process is no unit before its next start.
    witness = stage.witness("g.1")
    stage.start(driver="auto")
    eventually(lambda: any("run under process" in problem for problem in (stage.admin.report or {}).get("problems", [])))
    assert stage.witness("g.1") == witness
    stage.admin.order("again", service="g.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", what="the restart")
    assert stage.cgroup("g.1") == stage.processes("g.1")


def test_stopping_the_node_stops_no_service_and_a_purge_leaves_no_unit(stage):
    pid = stage.pid("pgw.1")
    stage.node.stop()
    assert lives(pid) and machine.show(NODE, "ActiveState") == "inactive"
    stage.admin.report = None
    stage.node.start()
    for service in ("pgw.1", "mdb.1", "d.1", "g.1"):
        stage.admin.assign(service, desired="purged")
    for service in ("pgw.1", "mdb.1", "d.1", "g.1"):
        stage.purged(service)
    assert machine.run("systemctl", "list-units", "--all", "--no-legend", "portcullis-service@*") == ""
    assert not list(pathlib.Path("/run/systemd/transient").glob("portcullis-service*"))
    assert [path.name for path in stage.root.iterdir()] == ["node"]
