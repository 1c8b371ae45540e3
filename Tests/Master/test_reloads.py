"""Reload by signal, by restart and by message; the configuration file; what fails."""

import os
import signal
import time

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually
from stage import Load


def replace(stage, text):
    new = stage.folder / "service.conf.new"
    new.write_text(text)
    new.rename(stage.config)


def reloaded(stage, before=None, timeout=60):
    """Waits for the end of another reload than the one before. Returns its problem."""
    def result():
        state = stage.state()
        return state if state["phase"] == "running" and state["reload"] and state["reload"] != before else None
    return eventually(result, timeout, f"the end of the reload: {stage.text()}", pause=0.02)["reload"]["problem"]


def test_a_rolling_restart_loses_nothing(stage):
    stage.start(workers=4)
    old = stage.pids()
    with Load(stage.port) as load:
        stage.signal(signal.SIGUSR1)
        assert reloaded(stage) is None
        load.more()
    assert load.errors == [] and not set(old) & set(stage.pids()) and not any(lives(pid) for pid in old)
    assert all(worker["restarts"] == 0 for worker in stage.workers().values()) and stage.crashes() == []


def test_a_program_without_workers_is_restarted_beside_itself(stage):
    stage.start()
    [old] = stage.pids()
    with Load(stage.port) as load:
        stage.signal(signal.SIGHUP)
        assert reloaded(stage) is None
        load.more()
    assert load.errors == [] and stage.pids() != [old]


def test_a_program_with_a_port_of_its_own_is_stopped_first(stage):
    port = free_port()
    stage.start(listen=False, environment={"WORKER_BIND": str(port)}, reload="restart")
    [old] = stage.pids()
    stage.signal(signal.SIGHUP)
    assert reloaded(stage) is None and stage.pids() != [old] and stage.ask(port=port).split()[1] == str(stage.pids()[0])


def test_a_program_with_a_port_of_its_own_is_left_alone_where_nothing_is_said(stage):
    port = free_port()
    stage.start(listen=False, environment={"WORKER_BIND": str(port)})
    old = stage.pids()
    stage.signal(signal.SIGHUP)
    assert reloaded(stage) is None and stage.pids() == old and stage.ask(port=port).split()[1] == str(old[0])


def test_a_changed_configuration_file_restarts(stage):
    stage.config.write_text("one")
    stage.start(workers=2, config=True)
    old = stage.pids()
    replace(stage, "two")
    assert reloaded(stage) is None and not set(old) & set(stage.pids())
    assert stage.ask().split()[2] == "two"


def test_a_broken_configuration_leaves_the_old_workers(stage):
    stage.config.write_text("one")
    stage.start(workers=2, config=True)
    old = stage.pids()
    with Load(stage.port) as load:
        replace(stage, "broken")
        problem = reloaded(stage)
        load.more()
    assert problem == "worker 1: the new process ended with status 9 before it was ready"
    assert load.errors == [] and stage.pids() == old
    before = stage.state()["reload"]
    replace(stage, "three")
    assert reloaded(stage, before) is None and stage.ask().split()[2] == "three"


def test_a_new_process_that_is_never_ready_leaves_the_old_one(stage):
    go = stage.folder / "go"
    go.touch()
    stage.start(workers=2, start_timeout=700, environment={"WORKER_READY": str(go)})
    old = stage.pids()
    go.unlink()
    stage.signal(signal.SIGUSR1)
    assert reloaded(stage) == "worker 1: the new process was not ready after 700 ms"
    assert stage.pids() == old


def test_a_worker_that_is_kept_for_a_debugger_holds_up_no_reload(stage):
    stage.start(workers=2)
    crashed, other = stage.pids()
    os.kill(crashed, signal.SIGUSR2)
    eventually(lambda: stage.is_serving() and crashed not in stage.pids(), 20, "the replacement")
    old = stage.pids()
    stage.signal(signal.SIGUSR1)
    assert reloaded(stage) is None and not set(old) & set(stage.pids())
    assert lives(crashed), "the debugger has its time"


def test_what_is_asked_for_starts_workers_in_their_pauses_at_once(stage):
    stage.config.write_text("broken")
    stage.start(workers=2, config=True, reload="none", wait=False)

    def is_long(worker):
        return worker.get("nextStart", 0) > time.monotonic() * 1000 + 3000

    eventually(lambda: stage.state() and all(map(is_long, stage.workers().values())), 30, "the pauses", pause=0.05)
    stage.signal(signal.SIGUSR1)
    before = eventually(lambda: stage.state()["reload"], 2, "the restart", pause=0.02)
    # Both start at once, and either may be the first to end.
    assert before["problem"] in [f"worker {number}: it ended with status 9" for number in (1, 2)]
    replace(stage, "two")
    assert reloaded(stage, before) is None
    assert {stage.ask().split()[2] for _ in range(10)} == {"two"}
    assert all("failures" not in worker for worker in stage.serving()["workers"])


def test_a_signal_reloads_one_worker_after_the_other(stage):
    stage.config.write_text("one")
    stage.start(workers=3, config=True, reload="HUP")
    old = stage.pids()
    replace(stage, "two")
    assert reloaded(stage) is None and stage.pids() == old
    assert {stage.ask().split()[2] for _ in range(20)} == {"two"}
    before = stage.state()["reload"]
    replace(stage, "broken")
    assert reloaded(stage, before) == "worker 1: it ended with status 9"
    assert stage.pids()[1:] == old[1:] and all(lives(pid) for pid in old[1:])


def test_a_worker_with_the_library_gets_a_message(stage):
    stage.config.write_text("one")
    stage.start(workers=2, config=True, environment={"WORKER_HELLO": "HELLO 1 1.0 config"})
    eventually(lambda: all(worker.get("hello") == "config" for worker in stage.workers().values()), 10, "HELLO")
    old = stage.pids()
    replace(stage, "two")
    assert reloaded(stage) is None and stage.pids() == old
    assert {stage.ask().split()[2] for _ in range(20)} == {"two"}
    before = stage.state()["reload"]
    replace(stage, "broken")
    assert reloaded(stage, before) == "worker 1: it refused the configuration: line 1: it is broken"
    assert stage.pids() == old and {stage.ask().split()[2] for _ in range(20)} == {"two"}


def test_a_reload_during_a_reload_is_done_once_more(stage):
    stage.start(workers=2)
    old = stage.pids()
    for _ in range(5):
        stage.signal(signal.SIGUSR1)
        eventually(lambda: stage.state()["phase"] == "reloading" or not set(old) & set(stage.pids()), 10, "its beginning", pause=0.005)
    eventually(lambda: stage.is_serving() and not set(old) & set(stage.pids()), 60, "the end")
    assert stage.state()["generation"] <= 2 + 6 * 2


def test_a_stop_during_a_reload(stage):
    go = stage.folder / "go"
    go.touch()
    stage.start(workers=2, environment={"WORKER_READY": str(go)})
    go.unlink()
    stage.signal(signal.SIGUSR1)
    eventually(lambda: stage.state().get("others"), 10, "the replacement")
    pids = stage.pids(all=True)
    assert len(pids) == 3 and stage.stop() == 0 and not any(lives(pid) for pid in pids)


def test_none_reloads_nothing(stage):
    stage.config.write_text("one")
    stage.start(config=True, reload="none")
    old = stage.pids()
    replace(stage, "two")
    assert reloaded(stage) is None and stage.pids() == old


def test_a_master_without_admin_has_no_link(stage):
    stage.config.write_text("one")
    stage.start(workers=2, config=True, reload="HUP")
    replace(stage, "two")
    assert reloaded(stage) is None and {stage.ask().split()[2] for _ in range(10)} == {"two"}
    assert not (stage.directory / "link").exists() and "ADMIN" not in stage.log()
