"""Workers that crash, end, hang or are killed, under 500 new connections a second."""

import contextlib
import os
import signal
import socket
import time

import pytest

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually
from stage import Load


def replaced(stage, old):
    return eventually(lambda: (found := stage.workers()[1]).get("pid") not in (old, None) and found["state"] == "ready" and found,
                      30, "the replacement", pause=0.005)


@pytest.mark.parametrize("word, kind, code", [
    ("exit 7", "exited", 7), ("exit 0", "exited", 0), ("signal 9", "killed", 9), ("signal 11", "crashed", 11),
    ("signal 6", "crashed", 6), ("signal 7", "crashed", 7), ("park", "crashed", 11)])
def test_a_failed_worker_is_replaced_on_its_sockets(stage, word, kind, code):
    stage.start(workers=1)
    old = stage.pids()[0]
    with Load(stage.port) as load:
        stage.tell(word)
        worker = replaced(stage, old)
        load.more()
    # The one that it was answering when it failed.
    assert len(load.errors) <= 1, load.errors[:5]
    assert load.longest < 5
    assert worker["restarts"] == 1 and worker["lastEnd"]["kind"] == kind and worker["lastEnd"]["code"] == code
    [crash] = stage.crashes()
    assert (crash["kind"], crash["pid"], crash["worker"], crash["isParked"]) == (kind, old, 1, word == "park")
    assert len(crash["id"]) == 24 and crash["program"].endswith("worker.py") and crash["start"] > 0
    if word == "park":
        assert (crash["signal"], crash["address"], crash["pc"], crash["thread"]) == (11, "0xdead", "0xbeef", old)
        assert lives(old), "it waits for the debugger"
        [path] = (stage.directory / "crashes").iterdir()
        path.unlink()
        eventually(lambda: not lives(old), 10, "the end of the crashed worker")


def test_the_replacement_is_started_within_100_ms(stage):
    starts = stage.folder / "starts"
    stage.start(workers=5, program=["/bin/sh", "-c", f"date +%s%N >> {starts}; exec sleep 1000"], ready="time:0")
    eventually(lambda: starts.exists() and len(starts.read_text().split()) == 5, 10, "all workers")
    times = []
    for count, pid in enumerate(stage.pids(), start=6):
        # Each is the first failure of its worker.
        began = time.time_ns()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(starts.read_text().split()) == count, 10, "the next one", pause=0.002)
        times.append((int(starts.read_text().split()[-1]) - began) / 1e6)
    print("milliseconds until the replacement runs:", times)
    assert sorted(times)[2] < 100, times


def test_a_second_failure_waits_and_its_socket_is_closed_meanwhile(stage):
    stage.start(workers=2)
    for failure in (1, 2, 3):
        pid = stage.workers()[1].get("pid")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: stage.workers()[1].get("pid") != pid, 10, "the end", pause=0.01)
        if failure < 3:
            eventually(lambda: stage.workers()[1]["state"] == "ready", 10, "the next one", pause=0.01)
    worker = eventually(lambda: (found := stage.workers()[1])["state"] == "waiting" and found, 10, "the pause", pause=0.01)
    assert worker["nextStart"] > 0 and worker["since"].startswith("20") and worker["restarts"] == 2

    def listening():
        return sum(f":{stage.port:04X}" in line.split()[1] and line.split()[3] == "0A"
                   for path in ("tcp", "tcp6") for line in open(f"/proc/net/{path}").readlines()[1:])
    eventually(lambda: listening() == 1, 10, "the socket being closed", pause=0.01)
    for _ in range(20):
        assert stage.ask().split()[0] == "2"
    eventually(lambda: stage.workers()[1]["state"] == "ready" and listening() == 2, 30, "the next start")


def ask_by_datagram(port, *, client=None, timeout=0.3):
    """The number and the process of who answers; "": nobody does."""
    with contextlib.ExitStack() as stack:
        client = client or stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        client.settimeout(timeout)
        client.connect(("127.0.0.1", port))
        try:
            client.send(b"who")
            return client.recv(100).decode()
        except (TimeoutError, ConnectionRefusedError):
            return ""


def test_datagrams_of_a_client_reach_the_replacement_of_a_crashed_worker(stage):
    port = free_port(socket.SOCK_DGRAM)
    stage.start(workers=1, listen=[f"devices=udp:{port}"])
    [old] = stage.pids()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        assert ask_by_datagram(port, client=client) == f"1 {old}"
        os.kill(old, signal.SIGUSR2)
        new = replaced(stage, old)["pid"]
        assert ask_by_datagram(port, client=client, timeout=10) == f"1 {new}"
    assert lives(old), "it waits for the debugger"


@pytest.mark.parametrize("address", ["", "127.0.0.1:"])
def test_datagrams_go_to_other_workers_in_a_pause_although_a_crashed_one_has_the_socket(stage, address):
    port = free_port(socket.SOCK_DGRAM)
    stage.start(workers=2, listen=[f"devices=udp:{address}{port}"])
    parked = pid = stage.workers()[1]["pid"]
    os.kill(parked, signal.SIGUSR2)
    for _ in range(3):
        pid = replaced(stage, pid)["pid"]
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: stage.workers()[1]["state"] != "ready", 10, "the pause", pause=0.005)
    eventually(lambda: all(ask_by_datagram(port).startswith("2 ") for _ in range(20)), 10, "answers of the other one")
    assert lives(parked) and "nextStart" in stage.workers()[1]
    # The next one has its share.
    new = replaced(stage, pid)["pid"]
    eventually(lambda: f"1 {new}" in {ask_by_datagram(port) for _ in range(20)}, 10, "answers of the new one")
    assert all(ask_by_datagram(port) for _ in range(20)) and lives(parked)


def test_a_worker_without_a_sign_of_life_is_replaced_and_kept_for_the_debugger(stage):
    stage.start(workers=1, watchdog=1000)
    old = stage.pids()[0]
    with Load(stage.port) as load:
        stage.tell("hang")
        worker = replaced(stage, old)
        load.more()
    assert load.errors == [] and worker["lastEnd"]["kind"] == "hung"
    assert lives(old) and stage.crashes()[0]["kind"] == "hung" and stage.crashes()[0]["isParked"]
    next((stage.directory / "crashes").iterdir()).unlink()
    eventually(lambda: not lives(old), 10, "the end of the hung worker")


def test_what_a_failed_worker_has_started_ends_with_it(stage):
    stage.start(workers=1, program=["/bin/sh", "-c", "sleep 1000 & wait"], ready="time:0", listen=False)
    old = stage.pids()[0]
    children = eventually(
        lambda: [int(pid) for pid in open(f"/proc/{old}/task/{old}/children").read().split()], 10, "the child")
    os.kill(old, signal.SIGKILL)
    eventually(lambda: not any(lives(pid) for pid in children), 10, "the end of the child")


def test_a_program_that_goes_to_the_background_is_told_and_leaves_nothing(stage):
    pids, up = stage.folder / "pids", stage.folder / "up"
    # Each has left its group when the program ends: otherwise it ends with the group.
    stage.start(kept=True, workers=1, ready="time:0", listen=False, wait=False, program=[
        "/bin/sh", "-c", f"setsid sh -c 'echo $$ >> {pids}; : > {up}.$PPID; exec sleep 1000' & "
                         f"while [ ! -e {up}.$$ ]; do sleep 0.01; done; exit 0"])
    end = eventually(lambda: stage.state() and stage.workers()[1].get("lastEnd"), 20, "its end")
    assert end["kind"] == "exited" and end["left"] == 1
    assert "it left 1 processes behind, which were ended: it must stay in the foreground" in stage.log()
    eventually(lambda: not any(lives(int(pid)) for pid in pids.read_text().split()), 10, "the end of what was left")


def test_a_program_that_is_gone_is_tried_again_later(stage):
    program = stage.folder / "program"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    stage.start(program=[program], ready="time:0", listen=False)
    program.rename(stage.folder / "away")
    os.kill(stage.pids()[0], signal.SIGKILL)
    end = eventually(lambda: (found := stage.workers()[0].get("lastEnd", {})).get("kind") == "failed" and found, 20, "the failure")
    assert end["reason"] == f"{program}: No such file or directory" and end["reason"] in stage.log()
    (stage.folder / "away").rename(program)
    stage.serving()


def test_the_node_is_woken(stage):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as node:
        node.bind(str(stage.folder / "node"))
        node.settimeout(10)
        stage.start(node=stage.folder / "node")
        stage.tell("exit 3")
        assert node.recv(100) == b"CRASH pgw.1" and stage.crashes()[0]["exit"] == 3


def test_no_more_than_64_crash_files(stage):
    (stage.directory / "crashes").mkdir(parents=True)
    for number in range(64):
        (stage.directory / "crashes" / f"{number:024x}.json").write_text("{}")
    stage.start()
    stage.tell("exit 3")
    eventually(lambda: stage.state().get("crashesDropped") == 1, 10, "the count")
    assert len(list((stage.directory / "crashes").iterdir())) == 64
