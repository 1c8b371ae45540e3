"""The agent is killed (-9) at any moment while assignments change. Witnesses: process, start, instance, version on disk."""

import json
import os
import random
import time

from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually

KILLS = int(os.environ.get("PORTCULLIS_KILLS", 20))
SERVICES = ("pgw.1", "pgw.2", "pgw.3")

# Refuses to run beside itself: it holds a lock of its own while it lives, and writes down each start.
PROGRAM = """\
#!/usr/bin/python3
import fcntl, os, pathlib, signal, sys, time
here = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
lock = open(here / "own-lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    (here / "twice").write_text("it ran twice")
    sys.exit(1)
own = pathlib.Path.cwd().name
whole = sorted(path.name for path in pathlib.Path("share").iterdir()) == [f"{number:03}" for number in range(40)]
with open(here / "starts", "a") as starts:
    starts.write(f"{own} {os.getpid()} {'whole' if whole else 'half'}\\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True: time.sleep(1)
"""


def is_settled(stage, service, version):
    """Whether it runs as it should, and an agent that begins with the stored assignments wants no other version of it."""
    path = stage.root / "node" / "assignments.json"
    stored = json.loads(path.read_text())["assignments"]["services"] if path.exists() else {}
    state = stage.state(service)
    if stored.get(service, {}).get("version") != version:
        return False
    return state.get("version") == [version] and "ready" in state and not {"stopping", "ended"} & state.keys()


def test_killed_at_random_it_converges_and_nothing_runs_twice_or_half(stage):
    seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(1 << 32)))
    print(f"PORTCULLIS_SEED={seed}")
    chance = random.Random(seed)
    versions = [stage.version(f"{number}.0.0", PROGRAM, files={
        f"share/{file:03}": os.urandom(3_000) if file < 5 else f"{file}".encode() for file in range(40)})
        for number in range(1, 5)]
    wanted = {}
    for service in SERVICES:
        wanted[service] = versions[0]
        stage.admin.assign(service, versions[0])
    stage.start()
    # Each start that was asked for: assignments that were in force, and what they changed.
    asked = {service: [versions[0]] for service in SERVICES}
    for _ in range(KILLS):
        quiet = {}
        for service in SERVICES:
            if chance.random() > 0.6:
                if is_settled(stage, service, wanted[service]):
                    quiet[service] = stage.witness(service)
            else:
                wanted[service] = chance.choice(versions)
                stage.admin.assign(service, wanted[service])
                asked[service].append(wanted[service])
        if quiet:
            # An order to stop, of assignments before the stored ones, may still be under way.
            time.sleep(0.3)
            quiet = {service: witness for service, witness in quiet.items()
                     if is_settled(stage, service, wanted[service]) and stage.witness(service) == witness}
        # What runs as it is assigned is not touched, however often the agent dies.
        time.sleep(chance.uniform(0.05, 1.2))
        stage.node.kill()
        stage.admin.report = None
        stage.node.start()
        assert quiet == {service: stage.witness(service) for service in quiet}, f"seed {seed}"
    for service in SERVICES:
        stage.settled(service, version=wanted[service], timeout=60)
    for service in SERVICES:
        folder = stage.root / service
        # A program counts as ready before it has written anything.
        eventually(lambda: stage.starts(service)[-1:] == [wanted[service]])
        assert not (folder / "twice").exists()
        lines = [line.split() for line in (folder / "starts").read_text().splitlines()]
        assert all(line[2] == "whole" for line in lines), f"seed {seed}"
        # Never more starts than changes: nothing was restarted without a reason.
        started = [line[0] for line in lines]
        assert len(started) <= len(asked[service])
        assert [pid for _, pid, _ in lines if lives(int(pid))] == [str(stage.workers(service)[0]["pid"])]
        assert stage.current(service) == wanted[service] == started[-1]
        for version in (folder / "versions").iterdir():
            assert version.name in versions and len(list((version / "share").iterdir())) == 40
    # Once all is as it should be, further agents change nothing.
    witnesses = {service: stage.witness(service) for service in SERVICES}
    for _ in range(3):
        stage.restart()
        time.sleep(chance.random() * 0.5)
    for service in SERVICES:
        stage.settled(service, version=wanted[service])
    assert witnesses == {service: stage.witness(service) for service in SERVICES}
    assert not list((stage.root / "node" / "store" / "sessions").iterdir()) or eventually(
        lambda: stage.command("check").returncode == 0)


def test_killed_in_a_slow_stop_the_keeper_ends_it_and_the_next_agent_goes_on(stage):
    first = stage.version("1.0.0", """\
        #!/bin/bash
        trap 'sleep 2; exit 0' TERM
        while :; do sleep 0.1; done
        """)
    second = stage.version("2.0.0")
    stage.admin.assign("pgw.1", first)
    stage.start()
    stage.settled("pgw.1")
    pid = stage.pid("pgw.1")
    stage.admin.assign("pgw.1", second)
    eventually(lambda: "stopping" in stage.state("pgw.1"))
    stage.node.kill()
    eventually(lambda: not lives(pid), 10)
    # The keeper writes it down when the program is gone.
    ended = eventually(lambda: stage.state("pgw.1").get("ended"), 10, what="the keeper's record of the end")
    assert ended[:2] == ["exited", "0"]
    stage.node.start()
    stage.settled("pgw.1", version=second)


def test_two_agents_do_not_share_a_directory(stage):
    stage.admin.assign("pgw.1", stage.version("1.0.0"))
    stage.start()
    stage.settled("pgw.1")
    done = stage.command("run")
    assert done.returncode == 1 and "another portcullis-node runs with this directory" in done.stderr


def test_a_hundred_services_start_and_are_found_again(stage):
    """Figures for the report: no limits of time, since machines differ."""
    version = stage.version("1.0.0")
    names = [f"pgw.{number}" for number in range(1, 101)]
    for name in names:
        stage.admin.services[name] = {"desired": "running", "version": version}
    begin = time.monotonic()
    stage.start(**{"log-level": "warning"})
    eventually(lambda: all(stage.admin.of(name).get("state") == "running" for name in names), 60)
    print(f"100 services installed and started: {time.monotonic() - begin:.1f} s")
    witnesses = {name: stage.witness(name) for name in names}
    stage.node.kill()
    stage.admin.report = None
    begin = time.monotonic()
    stage.node.start()
    eventually(lambda: all(stage.admin.of(name).get("state") == "running" for name in names), 60)
    print(f"100 services found again: {time.monotonic() - begin:.1f} s")
    cpu = stage.node.cpu
    time.sleep(3)
    print(f"idle: {(stage.node.cpu - cpu) / 3 * 100:.1f} % of a core, {stage.node.memory() / 1024:.0f} MiB")
    assert witnesses == {name: stage.witness(name) for name in names}
