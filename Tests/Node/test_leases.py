"""Leases: a service that may run at one place only is stopped when ADMIN has not been heard of for its time, by its keeper."""

import os
import signal
import time

from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually

LEASE = 10


def boot_time():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def silence(stage):
    """ADMIN answers no more polls; reports still reach it."""
    stage.admin.before = lambda path: 503 if path.endswith("/assignments") else None


def answer(stage):
    stage.admin.before = lambda path: None


def serving(stage, **more):
    """A service with a lease that runs."""
    version = stage.version("1.0.0", **more)
    stage.admin.assign("pgw.1", version, lease=LEASE)
    stage.start()
    stage.settled("pgw.1")
    return version


def ended_by_lease(stage):
    """Waits until the keeper has ended the service for its lease; returns when, in seconds on the boot clock."""
    state = eventually(lambda: (state := stage.state("pgw.1")) and "ended" in state and state, LEASE + 8, "the lease's end")
    return int(state["lease-ended"][0]) / 1000


def test_it_is_stopped_when_admin_is_silent_and_started_when_it_answers(stage):
    serving(stage)
    pid = stage.pid("pgw.1")
    # It is renewed for longer than it lasts.
    time.sleep(LEASE + 2)
    assert stage.pid("pgw.1") == pid and lives(pid)
    asked = [entry for entry in stage.admin.requests if entry[0] == "GET" and entry[1].endswith("/assignments")]
    assert {entry[2].get("Prefer") for entry in asked[1:]} >= {f"wait={LEASE // 4}"}
    silence(stage)
    silent = boot_time()
    end = ended_by_lease(stage)
    # Not before the time, and not later than it after the last answer.
    assert silent + LEASE - LEASE // 4 - 2.5 <= end <= silent + LEASE + 0.5
    assert not lives(pid)
    stage.told("pgw.1", "its lease ended at 20", "ADMIN could not be reached")
    assert stage.admin.of("pgw.1")["state"] == "stopped"
    time.sleep(1)
    assert not lives(stage.pid("pgw.1"))
    answer(stage)
    told = stage.settled("pgw.1", timeout=10)
    assert "problem" not in told and told["restarts"] == 0 and stage.pid("pgw.1") != pid


def test_a_killed_agent_renews_nothing_and_the_keeper_ends_the_service(stage):
    serving(stage)
    pid = stage.pid("pgw.1")
    stage.node.kill()
    killed = boot_time()
    end = ended_by_lease(stage)
    assert end <= killed + LEASE + 0.5 and not lives(pid)
    # What is on the disk says that it is to run, and does not let it.
    silence(stage)
    stage.admin.report = None
    stage.node.start()
    stage.told("pgw.1", "its lease ended at 20")
    time.sleep(1)
    assert not lives(stage.pid("pgw.1"))
    answer(stage)
    stage.settled("pgw.1", timeout=10)


def test_an_agent_that_starts_without_admin_leaves_the_lease_as_it_was(stage):
    serving(stage)
    pid = stage.pid("pgw.1")
    silence(stage)
    silent = boot_time()
    stage.restart()
    stage.settled("pgw.1", timeout=5)
    assert stage.pid("pgw.1") == pid
    assert ended_by_lease(stage) <= silent + LEASE + 0.5
    stage.told("pgw.1", "its lease ended at 20")


def test_a_program_that_ignores_its_signal_is_killed_and_a_killed_keeper_leaves_nothing(stage):
    serving(stage, program="""\
        #!/usr/bin/python3
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: time.sleep(1)
        """, run={"stop-timeout": 60})
    pid = stage.pid("pgw.1")
    silence(stage)
    end = ended_by_lease(stage)
    state = stage.state("pgw.1")
    assert state["ended"][:2] == ["killed", "9"] and not lives(pid)
    # Its own time to stop is longer than ADMIN waits.
    assert 2.9 <= int(state["ended"][2]) / 1000 - end <= 3.5
    answer(stage)
    stage.settled("pgw.1", timeout=10)
    # Neither does a stop that was asked for in time take longer than the lease.
    pid = stage.pid("pgw.1")
    stage.node.kill()
    os.kill(int(stage.state("pgw.1")["keeper-process"][0]), signal.SIGTERM)
    begin = boot_time()
    eventually(lambda: not lives(pid), LEASE + 5, "the end of a slow stop")
    assert boot_time() - begin <= LEASE + 3.5
    stage.admin.report = None
    stage.node.start()
    stage.settled("pgw.1", timeout=10)
    pid = stage.pid("pgw.1")
    stage.node.kill()
    os.kill(int(stage.state("pgw.1")["keeper-process"][0]), signal.SIGKILL)
    eventually(lambda: not lives(pid), 5, "the program ending with its keeper")


def test_a_lease_is_given_and_taken_back_while_the_service_runs(stage):
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    witness = stage.witness("pgw.1")
    assert "leased" not in stage.state("pgw.1")
    stage.admin.assign("pgw.1", version, lease=LEASE)
    eventually(lambda: "leased" in stage.state("pgw.1"), what="the keeper knowing of the lease")
    # Killed before it has told its keeper, the next agent does so, although nothing has changed for ADMIN.
    stage.node.kill()
    stage.admin.assign("pgw.1", version)
    stage.node.start()
    eventually(lambda: "leased" not in stage.state("pgw.1"), what="the keeper knowing that there is none")
    silence(stage)
    time.sleep(LEASE + 2)
    assert stage.witness("pgw.1") == witness and lives(stage.pid("pgw.1"))


def test_what_admin_names_no_more_is_not_renewed(stage):
    version = serving(stage)
    other = stage.version("2.0.0")
    stage.admin.assign("pgw.2", other)
    stage.settled("pgw.2")
    stage.admin.withdraw("pgw.1")
    withdrawn = boot_time()
    assert ended_by_lease(stage) <= withdrawn + LEASE + 0.5
    stage.told("pgw.1", "its lease ended at 20")
    assert lives(stage.pid("pgw.2"))
    stage.admin.assign("pgw.1", version, lease=LEASE)
    stage.settled("pgw.1", timeout=10)


def test_a_disk_that_takes_nothing_does_not_keep_it_alive(stage):
    """The order to stop does not wait for the record of it."""
    serving(stage)
    pid = stage.pid("pgw.1")
    folder = stage.root / "node" / "run" / "pgw.1"
    stage.node.kill()
    # Writing the record blocks: its temporary file is a pipe that nobody reads.
    os.mkfifo(folder / "state.new")
    begin = boot_time()
    eventually(lambda: not lives(pid), LEASE + 3, "the program's end")
    assert boot_time() - begin <= LEASE + 1
    keeper = int(stage.state("pgw.1")["keeper-process"][0])
    assert lives(keeper) and "ended" not in stage.state("pgw.1")
    # Somebody reads: the keeper goes on. The pipe has another name by then, so that it does not become the record.
    os.rename(folder / "state.new", folder / "pipe")
    os.close(os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK))
    eventually(lambda: not lives(keeper), 15, "the keeper's end")
