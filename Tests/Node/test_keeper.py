"""The keeper of a program that is kept: killed, it is started again and finds what it has given away. By hand, without a node."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

import pytest

from portcullis_testing.processes import lives
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

# In the place of the master: opens a socket and gives it away, or finds it; starts a worker once; does what lines in the
# file `orders` say; notes everything in the file `seen`.
MAIN = """\
#!/usr/bin/python3
import array, json, os, pathlib, resource, signal, socket, subprocess, sys, time
here = pathlib.Path(sys.argv[1])
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
def see(**what):
    with open(here / "seen", "a") as seen:
        seen.write(json.dumps({"pid": os.getpid(), **what}) + "\\n")
def store(name, descriptor):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    notify.sendmsg([f"FDSTORE=1\\nFDNAME={name}".encode()], rights)
def store_new(name):
    descriptor = os.open("/dev/null", os.O_RDONLY)
    store(name, descriptor)
    os.close(descriptor)
assert int(os.environ["LISTEN_PID"]) == os.getpid()
count, names = int(os.environ["LISTEN_FDS"]), os.environ["LISTEN_FDNAMES"]
see(started=names, count=count, limit=resource.getrlimit(resource.RLIMIT_NOFILE),
    open=sorted(int(name) for name in os.listdir("/proc/self/fd")))
found = {}
for index in range(count):
    found.setdefault("keeper" if index == count - 1 else index, 3 + index)
keeper = socket.socket(fileno=found["keeper"])
keeper.setblocking(False)
if count == 1:
    listening = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=1024)
    store("listen:http:1:0", listening.fileno())
    for index in range(int(sys.argv[3])):
        store_new(f"more:{index}")
    worker = subprocess.Popen(["/bin/sh", "-c", sys.argv[4], "worker", str(here)], start_new_session=True)
    see(worker=worker.pid)
else:
    listening = socket.socket(fileno=3) if names.startswith("listen") else None
signal.signal(signal.SIGTERM, lambda *_: (see(stopped=True), os._exit(0)))
notify.send(b"READY=1")
done = 0
while True:
    try:
        see(heard=keeper.recv(100).decode())
    except BlockingIOError:
        pass
    orders = (here / "orders").read_text().splitlines() if (here / "orders").exists() else []
    for order in orders[done:]:
        done += 1
        word, _, rest = order.partition(" ")
        if word == "exit": os._exit(int(rest))
        if word == "accept":
            answered = 0
            for _ in range(int(rest)):
                connection, _ = listening.accept()
                connection.sendall(b"served")
                connection.close()
                answered += 1
            see(answered=answered)
        if word == "remove": notify.send(f"FDSTOREREMOVE=1\\nFDNAME={rest}".encode())
        if word == "put": store_new(rest)
        if word == "mark": see(mark=rest)
    time.sleep(0.02)
"""


class Kept:
    """A program under a keeper."""

    def __init__(self, folder):
        self.folder, self.process = folder, folder / "process"
        self.process.mkdir()
        self.program = folder / "main"
        self.program.write_text(MAIN)
        self.program.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self, *, worker="exec sleep 999", more=0, program=None, **options):
        words = program or [str(self.program), str(self.folder), str(self.port), str(more), worker]
        options = {"directory": self.process, "instance": "abc", "version": "0" * 64, "log": self.folder / "log",
                   "work": self.folder, "stop-signal": 15, "stop-timeout": 3000, "ready": "notify", "keep-main": 15, **options}
        texts = [text for name, value in options.items() if value is not None for text in (f"--{name}", str(value))] + ["--"]
        texts += words
        variables = ["PATH=/usr/bin:/bin", f"NOTIFY_SOCKET={self.process}/notify"]
        order = self.process / "order"
        order.write_bytes(b"".join(text.encode() + b"\0" for text in [str(len(texts)), *texts, *variables]))
        # The keeper needs more than most who start it have.
        limits = (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        done = subprocess.run([binary("portcullis-keeper"), order], capture_output=True, text=True, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits))
        assert done.returncode == 0, done.stdout
        return self

    def end(self):
        for name in ("keeper-process", "main"):
            number = self.record.get(name)
            if number and lives(int(number[0])):
                os.kill(int(number[0]), signal.SIGKILL)
        for line in self.seen:
            if "worker" in line and lives(line["worker"]):
                os.kill(line["worker"], signal.SIGKILL)

    @property
    def record(self):
        path = self.process / "state"
        return {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()} if path.exists() else {}

    @property
    def seen(self):
        path = self.folder / "seen"
        return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []

    def find(self, *names, count=1, timeout=10):
        """Waits for the last line with these names."""
        def lines():
            found = [line for line in self.seen if all(name in line for name in names)]
            return found if len(found) >= count else None
        return eventually(lines, timeout, f"{names}: {self.folder / 'log'}")[-1]

    def order(self, line):
        with open(self.folder / "orders", "a") as orders:
            orders.write(f"{line}\n")

    @property
    def main(self):
        return int(eventually(lambda: self.record.get("main"), 10, "a main process")[0])

    @property
    def keeper(self):
        return int(self.record["keeper-process"][0])

    def ready(self):
        eventually(lambda: "ready" in self.record, 10, f"readiness: {self.record}")
        return self

    def kill(self, number=signal.SIGKILL):
        """Kills the main process, and waits for the next."""
        before = self.main
        os.kill(before, number)
        eventually(lambda: self.record.get("main", [str(before)])[0] not in ("", str(before)) and "main" in self.record, 15,
                   f"another main process: {self.record}")

    def ended(self, timeout=15):
        return eventually(lambda: self.record.get("ended") and not lives(self.keeper) and self.record["ended"][:2], timeout,
                          f"the end: {self.record}")


@pytest.fixture
def kept(tmp_path):
    kept = Kept(tmp_path)
    try:
        yield kept
    finally:
        kept.end()


def test_a_main_process_that_is_killed_finds_its_socket_with_all_connections_that_nobody_has_accepted(kept):
    kept.start().ready()
    worker = kept.find("worker")["worker"]
    clients = [socket.create_connection(("127.0.0.1", kept.port), timeout=10) for _ in range(200)]
    kept.kill()
    kept.order("accept 200")
    assert kept.find("answered")["answered"] == 200
    assert all(client.recv(100) == b"served" for client in clients)
    started = kept.find("started", count=2)
    assert started["started"] == "listen:http:1:0:keeper" and started["count"] == 2
    # What it had started lives on, and is not started twice.
    assert lives(worker) and len([line for line in kept.seen if "worker" in line]) == 1
    assert kept.record["main-restarts"] == ["1"] and "ended" not in kept.record
    # It hears what the keeper reaps.
    os.kill(worker, signal.SIGKILL)
    assert kept.find("heard")["heard"] == f"EXITED {worker} 9"


def test_an_end_between_two_main_processes_is_heard_by_the_next(kept):
    # The worker ends when its parent does.
    kept.start(worker="while kill -0 $PPID 2> /dev/null && [ \"$(ps -o ppid= -p $$)\" -eq $PPID ]; do sleep 0.01; done; exit 3").ready()
    worker = kept.find("worker")["worker"]
    kept.kill()
    assert kept.find("heard")["heard"] == f"EXITED {worker} {3 << 8}"


def test_a_main_process_that_ends_by_itself_ends_the_service(kept):
    kept.start().ready()
    worker = kept.find("worker")["worker"]
    kept.order("exit 0")
    assert kept.ended() == ["exited", "0"]
    assert not lives(worker) and kept.record["left"] == ["1"] and kept.record["main-restarts"] == ["0"]


def test_a_program_that_is_not_kept_ends_with_a_signal(kept):
    kept.start(program=["/bin/sleep", "999"], ready="time:0", **{"keep-main": None})
    os.kill(kept.main, signal.SIGKILL)
    assert kept.ended() == ["killed", "9"] and "main-restarts" not in kept.record


def test_five_restarts_in_a_minute_are_the_most(kept):
    kept.start(worker="exec sleep 999").ready()
    worker = kept.find("worker")["worker"]
    for count in range(1, 6):
        kept.kill(signal.SIGSEGV)
        assert kept.record["main-restarts"] == [str(count)]
    os.kill(kept.main, signal.SIGSEGV)
    assert kept.ended() == ["killed", "11"]
    assert not lives(worker)


def test_a_stop_between_two_main_processes_stops_what_they_have_started(kept):
    kept.start(worker="trap 'echo interrupted >> \"$1/worker\"; exit 0' INT; while :; do sleep 0.05; done", **{"keep-main": 2}).ready()
    worker = kept.find("worker")["worker"]
    # Three restarts: the pause after the next kill is 800 ms.
    for _ in range(3):
        kept.kill()
    restarts = kept.record["main-restarts"]
    os.kill(kept.main, signal.SIGKILL)
    eventually(lambda: "main" not in kept.record, 5, "a pause", pause=0.01)
    os.kill(kept.keeper, signal.SIGTERM)
    assert kept.ended() == ["killed", "9"] and kept.record["main-restarts"] == restarts
    assert not lives(worker) and (kept.folder / "worker").read_text() == "interrupted\n"
    assert "stopping" in kept.record


def test_a_stop_goes_to_the_main_process_and_kills_what_is_left(kept):
    kept.start(worker="trap '' TERM; while :; do sleep 0.05; done", **{"stop-timeout": 1000}).ready()
    worker = kept.find("worker")["worker"]
    os.kill(kept.keeper, signal.SIGTERM)
    kept.find("stopped")
    assert kept.ended() == ["exited", "0"] and not lives(worker)


def test_descriptors_are_replaced_removed_limited_and_go_nowhere_else(kept):
    kept.start(more=1546).ready()
    first = kept.find("started")
    for line in ("remove more:0", "remove listen:http:1:0", "remove nothing", "put more:1", "put new", f"put {'x' * 256}", "mark 1"):
        kept.order(line)
    kept.find("mark")
    kept.kill()
    started = kept.find("started", count=2)
    names = started["started"].split(":")
    # 1536 are kept: the socket and 1535 others. Two have gone, one has come.
    expected = [f"more:{index}" for index in range(1, 1535)] + ["new"]
    assert ":".join(names) == ":".join(expected + ["keeper"])
    assert started["count"] == 1536
    # Nothing else is open in it but the lock, and a directory that it reads.
    for start in (first, started):
        others = [number for number in start["open"] if number >= 3 + start["count"]]
        assert len(others) <= 3, others
        # The limit of whoever started the keeper would not do.
        assert start["limit"] == [4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]]


def test_only_the_main_process_gives_descriptors(kept):
    worker = """exec /usr/bin/python3 -c '
import array, os, socket, sys, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
notify.sendmsg([b"FDSTORE=1\\nFDNAME=stranger"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 0]))])
notify.sendmsg([b"FDSTOREREMOVE=1\\nFDNAME=listen:http:1:0"])
open(sys.argv[1] + "/sent", "w").close()
time.sleep(999)' "$1" """
    kept.start(worker=worker).ready()
    eventually(lambda: (kept.folder / "sent").exists(), 10, "the worker's messages")
    before = len(os.listdir(f"/proc/{kept.keeper}/fd"))
    kept.kill()
    assert kept.find("started", count=2)["started"] == "listen:http:1:0:keeper"
    assert len(os.listdir(f"/proc/{kept.keeper}/fd")) == before


def test_the_lease_ends_main_processes_and_workers_also_in_a_pause(kept):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    kept.start(worker="trap '' TERM; while :; do sleep 0.05; done", lease=int((now + 4) * 1000), **{"stop-timeout": 30000}).ready()
    worker = kept.find("worker")["worker"]
    for _ in range(4):
        kept.kill()
    assert kept.ended(timeout=12)
    ended = int(kept.record["ended"][2]) / 1000
    assert "lease-ended" in kept.record and not lives(worker)
    assert time.clock_gettime(time.CLOCK_BOOTTIME) <= now + 4 + 3 + 2 and ended <= now + 4 + 3.5


def test_workers_of_a_service_with_a_lease_end_when_its_keeper_is_killed(kept):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    kept.start(program=["/bin/sh", "-c", f"sleep 999 & echo $! > {kept.folder}/worker; wait"], ready="time:0",
               lease=int((now + 600) * 1000))
    worker = int(eventually(lambda: (kept.folder / "worker").exists() and (kept.folder / "worker").read_text(), 10))
    main = kept.main
    os.kill(kept.keeper, signal.SIGKILL)
    eventually(lambda: not lives(main) and not lives(worker), 5, "the end of all")


def test_the_guard_of_a_lease_ends_with_its_keeper(kept):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    kept.start(program=["/bin/sleep", "999"], ready="time:0", lease=int((now + 600) * 1000))
    guards = [path for path in pathlib.Path("/proc").glob("[0-9]*")
              if is_guard_of(path, kept.process)]
    assert len(guards) == 1
    os.kill(kept.keeper, signal.SIGTERM)
    kept.ended()
    eventually(lambda: not lives(int(guards[0].name)), 5, "the guard's end")


def is_guard_of(path, directory):
    try:
        return ((path / "comm").read_text().startswith("portcullis-guar")
                and str(directory) in (path / "cmdline").read_text())
    except OSError:
        return False
