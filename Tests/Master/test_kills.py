"""The master is killed (-9) under its keeper: workers serve on, the next master takes them over, nothing is started twice."""

import contextlib
import os
import pathlib
import random
import signal
import sys
import time

from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually
from stage import Load, WORKER

KILLS = int(os.environ.get("PORTCULLIS_MASTER_KILLS", 30))


def processes(stage):
    """The workers that there are in fact, by the keeper: as (number, process)."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            environment, words = path.read_bytes().split(b"\0"), (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if f"NOTIFY_SOCKET={stage.directory}/notify".encode() in environment and str(WORKER).encode() in words \
                and lives(int(path.parent.name)):
            number = next((word.split(b"=")[1] for word in environment if word.startswith(b"PORTCULLIS_WORKER=")), b"0")
            found.append((int(number), int(path.parent.name)))
    return sorted(found)


def test_the_next_master_takes_over(stage):
    stage.start(kept=True, workers=3)
    old = stage.workers()
    with Load(stage.port) as load:
        stage.kill_master()
        stage.serving()
        load.more()
    assert load.errors == []
    assert {number: worker["pid"] for number, worker in stage.workers().items()} == {
        number: worker["pid"] for number, worker in old.items()}
    assert stage.workers()[1]["since"] == old[1]["since"]
    # It keeps what it has taken over.
    os.kill(old[1]["pid"], signal.SIGSEGV)
    worker = eventually(lambda: (found := stage.workers()[1]).get("pid") != old[1]["pid"] and found["state"] == "ready" and found,
                        20, "the replacement")
    assert worker["lastEnd"] == {**worker["lastEnd"], "kind": "crashed", "code": 11}
    assert stage.stop() == 0 and processes(stage) == []


def test_what_ends_without_a_master_is_noted_by_the_next_one(stage):
    stage.start(kept=True, workers=2)
    old = stage.workers()[2]["pid"]
    with stage.process.halted():
        os.kill(stage.master(), signal.SIGKILL)
        os.kill(old, signal.SIGKILL)
    eventually(lambda: len(stage.masters()) == 2 and stage.is_serving() and stage.workers()[2]["pid"] != old, 20, "the next one")
    assert stage.workers()[2]["restarts"] == 1 and stage.workers()[2]["lastEnd"]["kind"] == "killed"


def test_what_workers_say_without_a_master_is_not_lost(stage):
    go = stage.folder / "go"
    stage.start(kept=True, workers=2, wait=False, environment={"WORKER_READY": str(go)})
    eventually(lambda: stage.state() and len(stage.pids()) == 2, 20, "the processes")
    eventually(lambda: len(processes(stage)) == 2, 20, "the programs")
    with stage.process.halted():
        os.kill(stage.master(), signal.SIGKILL)
        go.touch()
        time.sleep(0.5)
    stage.serving()
    assert stage.state()["generation"] == 2


def test_no_notice_fails_while_the_master_is_replaced(stage):
    # Says again and again that it lives, and ends where that fails.
    told = stage.folder / "told"
    program = f"""
import os, socket, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for count in range(1000000):
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    open({str(told)!r}, "w").write(str(count))
    time.sleep(0.002)
"""
    stage.start(kept=True, workers=1, program=[sys.executable, "-c", program], listen=False)
    [pid] = stage.pids()

    def count():
        return int(told.read_text() or 0)

    def more(goal):
        goal += count()
        eventually(lambda: count() > goal, 20, "further notices", pause=0.01)

    for _ in range(3):
        with stage.process.halted():
            os.kill(stage.master(), signal.SIGKILL)
            eventually(lambda: not lives(stage.master()), 20, "the end of the master")
        eventually(lambda: stage.state()["pid"] == stage.master() and stage.is_serving(), 20, "the next master")
    more(100)
    assert stage.pids() == [pid] and stage.workers()[1]["restarts"] == 0 and stage.crashes() == []


def test_a_parked_worker_does_not_stay(stage):
    stage.start(kept=True, workers=1)
    old = stage.pids()[0]
    stage.tell("park")
    eventually(lambda: stage.pids() != [old] and stage.crashes(), 20, "the replacement")
    stage.kill_master()
    assert lives(old)
    next((stage.directory / "crashes").glob("*.json")).unlink()
    eventually(lambda: not lives(old), 20, "the end of the crashed worker")
    stage.serving()
    assert stage.workers()[1]["restarts"] == 1


def test_a_crash_without_a_master_is_seen_by_the_next_one(stage):
    stage.start(kept=True, workers=1)
    old = stage.pids()[0]
    with stage.process.halted():
        os.kill(stage.master(), signal.SIGKILL)
        stage.tell("park")
        time.sleep(0.3)
    eventually(lambda: stage.pids() not in ([], [old]) and stage.is_serving(), 20, "the replacement")
    assert lives(old) and [crash["pid"] for crash in stage.crashes()] == [old] and stage.crashes()[0]["isParked"]


def test_a_reload_goes_on_under_the_next_master(stage):
    go = stage.folder / "go"
    go.touch()
    stage.start(kept=True, workers=4, environment={"WORKER_READY": str(go)})
    old = stage.pids()
    go.unlink()
    stage.signal(signal.SIGUSR1)
    eventually(lambda: stage.state()["phase"] == "reloading" and stage.state().get("others"), 20, "the replacement")
    stage.kill_master()
    go.touch()
    eventually(lambda: stage.is_serving() and not set(old) & set(stage.pids()), 60, "the end of the reload")
    assert sorted(pid for _, pid in processes(stage)) == sorted(stage.pids())


def test_a_configuration_that_changes_without_a_master_is_taken(stage):
    stage.config.write_text("one")
    stage.start(kept=True, workers=1, config=True)
    with stage.process.halted():
        os.kill(stage.master(), signal.SIGKILL)
        stage.config.write_text("two")
    eventually(lambda: stage.is_serving() and stage.ask().split()[2:] == ["two"], 30, "the new configuration")


def test_a_process_that_nobody_has_noted_is_found_by_its_environment(stage):
    stage.start(kept=True, workers=2, environment={"KEEPER_LOSES": "yes"})
    old = stage.pids()
    with stage.process.halted():
        os.kill(stage.master(), signal.SIGKILL)
        (stage.directory / "state").unlink()
    eventually(lambda: len(stage.masters()) == 2 and stage.is_serving(), 20, "the next one")
    assert stage.pids() == old and sorted(pid for _, pid in processes(stage)) == sorted(old)
    assert all(stage.ask().split()[1] in map(str, old) for _ in range(20))


def test_by_hand_the_next_master_ends_what_it_finds_and_starts_anew(stage):
    stage.start(workers=2)
    old = stage.pids()
    stage.process.kill()
    assert all(lives(pid) for pid in old)
    stage.start(workers=2, wait=False)
    eventually(lambda: stage.is_serving() and not set(old) & set(stage.pids()), 30, "new workers")
    eventually(lambda: not any(lives(pid) for pid in old), 10, "the end of the old ones")


def test_killed_at_random_under_load(stage):
    seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(1 << 32)))
    print(f"PORTCULLIS_SEED={seed}")
    chance = random.Random(seed)
    stage.start(kept=True, workers=3)
    # Connections that a worker was answering when it was killed.
    allowed = 0
    with Load(stage.port) as load:
        for _ in range(KILLS):
            what = chance.choice(["nothing", "restart", "kill", "park"])
            if what == "restart":
                stage.signal(signal.SIGUSR1)
            elif what in ("kill", "park") and stage.workers()[1]["state"] == "ready":
                # Of one worker alone: all in back-off would be a service that nobody serves.
                allowed += 1
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stage.workers()[1]["pid"], signal.SIGKILL if what == "kill" else signal.SIGUSR2)
            time.sleep(chance.choice([0, 0.002, 0.01, 0.05, 0.2]))
            stage.kill_master()
            found = processes(stage)
            for number in (1, 2, 3):
                # One that serves, one that comes or goes, and one that is kept for the debugger.
                assert sum(one == number for one, _ in found) <= 3, found
            for path in (stage.directory / "crashes").glob("*.json"):
                path.unlink(missing_ok=True)
        state = eventually(lambda: stage.is_serving() and not stage.state().get("others") and stage.state(), 120,
                           "a quiet end", pause=0.05)
        load.more()
    assert sorted(pid for _, pid in processes(stage)) == sorted(worker["pid"] for worker in state["workers"])
    print(f"{load.count} connections, {len(load.errors)} errors, {allowed} workers ended")
    refused = [error for error in load.errors if "Refused" in error]
    assert refused == [] and len(load.errors) <= allowed, (load.errors[:5], len(load.errors), allowed)
    names = (stage.folder / "keeper-names").read_text().split()
    assert len(names) == 3 + 3 * 3 + 1, names
    assert stage.stop() == 0 and processes(stage) == []
