"""What the node does with the crashes that masters note: the dump by the real gdb, the report, the quota."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import time

import pytest

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives, run
from portcullis_testing.repository import REPOSITORY
from portcullis_testing.waiting import eventually

WORKER = pathlib.Path(__file__).parents[1] / "Worker"
# A service that does as its master does: it starts a process that crashes, notes the crash, says so, and ends the process
# when the note is gone. What it is to do it reads from the file `orders`, a line each.
SERVICE = """\
#!/usr/bin/python3
import json, os, pathlib, secrets, socket, struct, subprocess, sys, time
home = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
notes = home.parent / "node/run" / os.environ["PORTCULLIS_SERVICE"] / "master/crashes"
notes.mkdir(parents=True, exist_ok=True)
here = pathlib.Path(__file__).resolve().parents[1]
node = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def crash(kind, as_kind="crashed"):
    reading, writing = os.pipe()
    child = subprocess.Popen([here / "bin/crasher", kind], pass_fds=[writing], env={
        "LD_PRELOAD": str(here / "lib/libportcullis-crash.so"), "PORTCULLIS_CRASH_FD": str(writing)})
    os.close(writing)
    record = os.read(reading, 4096)
    magic, size, pid, thread, number, code, sender, flags, address, pc = struct.unpack_from("=IIiiiiiIQQ", record)
    start = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    identifier = secrets.token_hex(12)
    note = {"crash": 1, "id": identifier, "worker": 1, "pid": child.pid, "start": int(start), "generation": 1, "kind": as_kind,
            "signal": number, "code": code, "exit": None, "thread": thread, "address": hex(address), "pc": hex(pc),
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "isParked": True, "program": str(here / "bin/crasher")}
    (notes / f"{identifier}.json.new").write_text(json.dumps(note))
    (notes / f"{identifier}.json.new").rename(notes / f"{identifier}.json")
    os.chdir(home.parent / "node/run")
    try: node.sendto(b"CRASH pgw.1", "crash")
    except OSError: pass
    began = time.monotonic()
    while (notes / f"{identifier}.json").exists() and time.monotonic() - began < 30: time.sleep(0.02)
    child.kill()
    child.wait()
    print("released", identifier, round(time.monotonic() - began, 2), flush=True)
orders = home / "orders"
orders.touch()
with open(orders) as file:
    while True:
        line = file.readline()
        if line: crash(*line.split())
        else: time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a version whose program crashes as it is told."""
    folder = tmp_path_factory.mktemp("crasher")
    run(REPOSITORY / "scripts/make-worker-library")
    run("gcc", "-std=c11", "-O1", "-g", WORKER / "programs/crasher.c", "-o", folder / "crasher", "-pthread", "-ldl")
    return {"bin/crasher": (folder / "crasher").read_bytes(),
            "lib/libportcullis-crash.so": (REPOSITORY / ".build/worker/libportcullis-crash.so").read_bytes()}


class Crashes:
    def __init__(self, stage):
        self.stage = stage

    def order(self, *lines):
        with open(self.stage.root / "pgw.1/orders", "a") as orders:
            orders.write("".join(f"{line}\n" for line in lines))

    def released(self):
        return self.stage.log("pgw.1").count("released")

    def reported(self, count, timeout=60):
        """Waits for so many reports, and returns them."""
        try:
            eventually(lambda: len(self.stage.admin.crashes) >= count, timeout, f"{count} reports of crashes", pause=0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.stage.node.text[-3000:]}\n{self.stage.log('pgw.1')[-2000:]}") from None
        return self.stage.admin.crashes


@pytest.fixture
def crashes(stage, files):
    digest = stage.version("1.0.0", SERVICE, files=files)
    stage.admin.assign("pgw.1", digest)
    stage.start()
    stage.settled("pgw.1", version=digest)
    eventually((stage.root / "pgw.1/orders").exists, what="the program being ready")
    return Crashes(stage)


def test_a_crash_is_dumped_with_its_variables_and_reported(stage, crashes):
    crashes.order("segv")
    report = crashes.reported(1)[0]
    assert (report["kind"], report["signal"], report["service"], report["worker"]) == ("crashed", 11, "pgw.1", 1), report
    assert not report.get("problem"), report
    frame = report["frames"][0]
    assert frame["function"] == "crash_here" and frame["file"].endswith("crasher.c") and frame["line"] > 0, frame
    assert "point = {x = " in report["text"] and "label=" in report["text"], report["text"]
    assert report["version"] == stage.admin.of("pgw.1")["version"]
    # The process is let go when the dump is there, not after its pause.
    eventually(lambda: crashes.released() == 1, what="the process being let go")
    seconds = float(stage.log("pgw.1").split("released")[1].split()[1])
    assert seconds < 20, seconds
    # Where nobody else reads it.
    folder = stage.root / "node/crashes" / report["id"]
    assert (folder / "dump").stat().st_mode & 0o777 == 0o600 and not (folder / "work").exists()
    assert (folder / "dump").stat().st_size == report["dumpSize"] > 500
    assert "All threads" in (folder / "dump").read_text()


def test_a_dump_comes_when_admin_wants_it(stage, crashes):
    crashes.order("abort")
    report = crashes.reported(1)[0]
    other = "0" * 24
    stage.admin.want_dumps(f"{report['id']}.1 {other}.2")
    eventually(lambda: len(stage.admin.dumps) == 2, what="both answers")
    assert "crash_here" in stage.admin.dumps[report["id"]].decode() and stage.admin.dumps[other] is None
    # What was sent is not sent again, and a new wish is.
    sent = len([request for request in stage.admin.requests if request[0] == "PUT"])
    stage.admin.want_dumps(f"{report['id']}.3")
    eventually(lambda: len([request for request in stage.admin.requests if request[0] == "PUT"]) == sent + 1, what="it once more")


def test_of_thirty_crashes_of_one_fault_three_are_dumped_and_all_are_one_group(stage, crashes):
    crashes.order(*["segv"] * 30)
    reports = crashes.reported(30, timeout=240)
    assert len({report["fingerprint"] for report in reports}) == 1, reports
    assert [bool(report["dumpSize"]) for report in reports] == [True] * 3 + [False] * 27
    assert "within the hour" in reports[4]["problem"] and "crasher+0x" in reports[4]["text"]
    # What ADMIN has is kept only where there is a dump.
    kept = stage.root / "node/crashes"
    eventually(lambda: len([path for path in kept.iterdir() if path.is_dir()]) == 3, what="what has no dump being removed")
    assert sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) < 1 << 20
    # A restart of the node forgets the fingerprints of no dump.
    stage.restart()
    crashes.order("segv", "abort")
    reports = crashes.reported(32, timeout=120)
    assert reports[30]["fingerprint"] == reports[0]["fingerprint"] != reports[31]["fingerprint"]


def test_a_crash_is_reported_when_admin_is_back_and_after_kills_of_the_node(stage, crashes):
    stage.admin.before = lambda path: 503 if path.endswith("/crashes") else None
    crashes.order("fpe")
    eventually(lambda: crashes.released() == 1, 60, what="the process being let go")
    stage.restart()
    stage.admin.before = lambda path: None
    assert crashes.reported(1)[0]["dumpSize"] > 0
    # Killed while gdb is at work.
    crashes.order("ill")
    eventually(lambda: list((stage.root / "node/crashes").glob("*/work/state")), 30, what="gdb at work", pause=0.01)
    stage.restart()
    assert crashes.reported(2)[1]["signal"] == 4
    eventually(lambda: crashes.released() == 2, 60, what="the process being let go")
    assert len({report["id"] for report in stage.admin.crashes}) == 2
    assert not list((stage.root / "node/crashes").glob("*/work"))


def test_without_gdb_and_for_strange_notes_there_is_a_reason(stage, crashes):
    stage.node.kill()
    stage.configure(debugger="/nowhere/gdb")
    stage.node.start()
    crashes.order("segv")
    report = crashes.reported(1)[0]
    assert "/nowhere/gdb is not there" in report["problem"] and report["frames"] == [] and report["dumpSize"] == 0
    notes = stage.root / "node/run/pgw.1/master/crashes"
    outside = stage.folder / "outside.json"
    outside.write_text("secret")
    names = [f"{number:024x}.json" for number in range(5)]
    (notes / names[0]).write_text("{")
    (notes / names[1]).write_bytes(b"[" * (1 << 20))
    (notes / names[2]).symlink_to(outside)
    os.mkfifo(notes / names[3])
    # Another's process: it is not dumped.
    note = {"crash": 1, "id": names[4][:24], "worker": 1, "pid": 1, "start": 1, "kind": "crashed", "signal": 11, "thread": 1,
            "pc": "0x1", "at": "2026-11-29T00:00:00Z", "isParked": True, "program": "/sbin/init"}
    (notes / names[4]).write_text(json.dumps(note))
    crashes.order("abort")
    reports = {report["id"]: report for report in crashes.reported(3)}
    assert "had ended before" in reports[names[4][:24]]["problem"]
    eventually(lambda: not list(notes.iterdir()), what="all notes being gone")
    assert outside.read_text() == "secret"


def test_crashes_that_the_master_only_saw_are_reported_without_a_stack(stage, crashes):
    notes = stage.root / "node/run/pgw.1/master/crashes"
    for number, (kind, signal, status) in enumerate([("killed", 9, None), ("exited", None, 3), ("not-ready", None, None)]):
        name = f"{number + 1:024x}"
        note = {"crash": 1, "id": name, "worker": 1, "pid": 4_000_000, "start": 1, "kind": kind, "signal": signal, "exit": status,
                "at": "2026-11-29T00:00:00Z", "isParked": False, "program": "/srv/bin/tg"}
        (notes / name).write_text(json.dumps(note))
        (notes / name).rename(notes / f"{name}.json")
    stage.restart()
    reports = crashes.reported(3)
    assert {(report["kind"], report.get("signal"), report.get("exitCode")) for report in reports} == {
        ("killed", 9, None), ("exited", None, 3), ("not-ready", None, None)}
    assert all(report["problem"] and not report["frames"] for report in reports)
    assert len({report["fingerprint"] for report in reports}) == 3


# With the real master.


@pytest.mark.parametrize("linked", [(), ("-static-libstdc++", "-static-libgcc")], ids=["shared", "static"])
def test_an_exception_that_nobody_catches_is_reported_where_it_was_thrown(stage, tmp_path, linked):
    run(REPOSITORY / "scripts/make-worker-library")
    run("g++", "-std=c++17", "-O0", "-g", WORKER / "programs/thrower.cpp", "-o", tmp_path / "thrower", "-pthread", *linked)
    digest = stage.version(
        "1.0.0", files={"bin/thrower": (tmp_path / "thrower").read_bytes(),
                        "lib/libportcullis-crash.so": (REPOSITORY / ".build/worker/libportcullis-crash.so").read_bytes()},
        run={"command": ["bin/thrower"], "environment": {"LD_PRELOAD": "lib/libportcullis-crash.so"}})
    stage.admin.assign("pgw.1", digest)
    stage.start()
    eventually(lambda: stage.admin.crashes, 60, "a report")
    report = stage.admin.crashes[0]
    assert (report["kind"], report["signal"]) == ("crashed", 6) and not report.get("problem"), report
    # Neither abort() nor what terminate() is made of.
    frame = report["frames"][0]
    assert frame["function"].startswith("open_session") and frame["file"].endswith("thrower.cpp") and frame["line"] == 8, frame
    first = report["text"].split("\n#1 ")[0]
    assert first.startswith("#0 ") and "retries = 10002" in first and "port=5001" in first.replace("port@entry=", ""), first


# The example.


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples") / "tg"
    shutil.copytree(REPOSITORY / "examples/tg", folder, ignore=shutil.ignore_patterns("out"))
    run(REPOSITORY / "scripts/make-worker-library")
    run("make", "-C", folder, "release", "debug", f"WORKER={REPOSITORY / '.build/worker'}")
    return folder / "out"


class Example:
    """examples/tg in three workers."""

    def __init__(self, stage, program, **more):
        self.stage, self.port = stage, free_port()
        digest = stage.version(
            "1.0.0", type="tg", files={"bin/tg": program.read_bytes()},
            run={"command": ["bin/tg", "--threads", "8", "--crash-for-tests"], "workers": 3, "ready": "notify", "watchdog": 3},
            listen=[{"name": "devices", "port": self.port, "address": "127.0.0.1"}], **more)
        stage.admin.assign("tg.1", digest)
        stage.start()
        stage.settled("tg.1", version=digest)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def order(self, line):
        connection = self.connect()
        connection.sendall(f"{line}\n".encode())
        return connection

    def ask(self, line):
        with self.connect() as connection:
            connection.sendall(f"{line}\n".encode())
            return connection.makefile("r").readline()

    def workers(self):
        state = json.loads((self.stage.root / "node/run/tg.1/master/state").read_text())
        return {worker["worker"]: worker for worker in state["workers"]}

    def reported(self, count, timeout=60):
        eventually(lambda: len(self.stage.admin.crashes) >= count, timeout, f"{count} reports of crashes", pause=0.05)
        return self.stage.admin.crashes

    @staticmethod
    def ended(report):
        """Waits for the end of the worker of a report."""
        eventually(lambda: not pathlib.Path(f"/proc/{report['pid']}").exists(), what="the worker's end")


@pytest.mark.parametrize("kind, signal", [
    ("segv", 11), ("abort", 6), ("overflow", 11), ("heap", 6), ("bus", 7), ("fpe", 8), ("ill", 4)])
def test_a_worker_of_the_example_that_crashes_is_replaced_dumped_and_reported(stage, built, kind, signal):
    example = Example(stage, built / "release/bin/tg")
    before = {worker["pid"] for worker in example.workers().values()}
    with example.order(f"!crash {kind}"):
        began = time.monotonic()
        # It may have accepted others before it crashed. From then on they and the replacement serve, while it is dumped.
        eventually(lambda: {worker["pid"] for worker in example.workers().values()} != before, what="a replacement", pause=0.01)
        for _ in range(50):
            assert example.ask("two").endswith("two\n")
        report = example.reported(1)[0]
    assert (report["kind"], report["signal"], report["service"]) == ("crashed", signal, "tg.1"), report
    assert not report.get("problem") and report["threads"] >= 8, report
    function = {"overflow": "overflow_stack", "heap": "break_heap", "bus": "read_beyond_file"}.get(kind, "fail")
    frame = next(frame for frame in report["frames"] if frame.get("function") == function)
    assert frame["file"].endswith("crashes.c") and frame["line"] > 0, frame
    if kind != "overflow":
        assert 'device = "tracker-7' in report["text"], report["text"]
    # The stack and the variables count alike.
    place = report["frames"].index(frame)
    assert re.search(rf"(?m)^#{place} +(0x[0-9a-f]+ in )?{function} ", report["text"]), (place, report["text"])
    assert time.monotonic() - began < 30
    eventually(lambda: len({worker["pid"] for worker in example.workers().values()} - before) == 1
               and all(worker["state"] == "ready" for worker in example.workers().values()), what="three workers, one of them new")
    eventually(lambda: not list((stage.root / "node/run/tg.1/master/crashes").iterdir()), what="the process being let go")


def test_a_worker_that_hangs_or_is_killed_or_ends_is_reported(stage, built):
    example = Example(stage, built / "release/bin/tg")
    held = [example.order("!crash loop")]
    hung = example.reported(1)[0]
    # The thread that runs.
    assert hung["kind"] == "hung" and hung["frames"][0]["function"] == "fail" and hung["frames"][0]["line"] > 0, hung
    assert 'device = "tracker-7' in hung["text"], hung["text"]
    # One after another: a worker takes what it has accepted with it, another's order, too. While a hung one is dumped, its
    # other threads serve.
    example.ended(hung)
    held.append(example.order("!crash deadlock"))
    hung = example.reported(2)[1]
    # All wait, so that all are shown.
    assert hung["kind"] == "hung" and re.search(r"in fail \(.* at .*crashes\.c:\d+", hung["text"]), hung["text"]
    example.ended(hung)
    held.append(example.order("!crash kill"))
    example.reported(3)
    held.append(example.order("!crash exit"))
    reports = example.reported(4)
    assert {(report["kind"], report.get("signal"), report.get("exitCode")) for report in reports[2:]} == {
        ("killed", 9, None), ("exited", None, 3)}
    for connection in held:
        with contextlib.suppress(OSError):
            connection.close()
    eventually(lambda: all(worker["state"] == "ready" for worker in example.workers().values()), 60, what="three workers")


def test_a_worker_at_its_limit_of_memory_leaves_the_others_alone(stage, built):
    example = Example(stage, built / "release/bin/tg", limits={"memory": "300M"})
    before = {number: worker["pid"] for number, worker in example.workers().items()}
    with example.order("!crash memory"):
        report = example.reported(1)[0]
    # Under systemd the kernel would end it; here its allocation fails.
    assert (report["kind"], report["signal"]) == ("crashed", 6), report
    assert report["frames"][0]["function"] == "fail", report["frames"]
    eventually(lambda: all(worker["state"] == "ready" for worker in example.workers().values()), 60, what="three workers")
    after = {number: worker["pid"] for number, worker in example.workers().items()}
    assert [number for number in before if before[number] != after[number]] == [report["worker"]]


def test_a_master_that_is_killed_while_a_worker_is_dumped_leaves_no_worker_stopped(stage, built):
    example = Example(stage, built / "release/bin/tg")
    before = {worker["pid"] for worker in example.workers().values()}
    notes = stage.root / "node/run/tg.1/master/crashes"
    with example.order("!crash segv"):
        eventually(lambda: list(notes.glob("*.json")), 30, "the note", pause=0.005)
        old = stage.pid("tg.1")
        os.kill(old, signal.SIGKILL)
        [report] = example.reported(1)
    assert report["pid"] in before, report
    eventually(lambda: not lives(report["pid"]), 40, "the end of the worker that crashed")
    eventually(lambda: stage.pid("tg.1") not in (None, old), 30, "the next master")
    eventually(lambda: all(worker["state"] == "ready" for worker in example.workers().values())
               and len({worker["pid"] for worker in example.workers().values()} - before) == 1, 60, "three workers, one of them new")
    assert all(lives(worker["pid"]) for worker in example.workers().values()) and example.ask("on").endswith("on\n")


def test_the_report_of_the_address_sanitizer_is_in_that_of_the_crash(stage, built):
    example = Example(stage, built / "debug/bin/tg")
    with example.order("!crash heap"):
        report = example.reported(1)[0]
    assert "AddressSanitizer: heap-buffer-overflow" in report["text"], report["text"][:2000]
    assert any(frame.get("function") == "break_heap" for frame in report["frames"]), report["frames"]
