"""Services under their masters: workers, sockets, restarts, what the node believes, and services from before there was one."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

# Takes connections at the sockets that it inherits, or at a port that it opens itself, and answers with its number.
WORKER = """\
#!/usr/bin/python3
import os, pathlib, select, signal, socket, sys
here = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
if (here / "broken").exists():
    sys.exit(5)
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
if len(sys.argv) > 1:
    sockets = [socket.create_server(("127.0.0.1", int(sys.argv[1])))]
else:
    assert int(os.environ["LISTEN_PID"]) == os.getpid()
    sockets = [socket.socket(fileno=3 + index) for index in range(int(os.environ["LISTEN_FDS"]))]
with open(here / "starts", "a") as starts:
    starts.write(f"{os.environ.get('PORTCULLIS_WORKER')} {os.getpid()} {os.environ.get('LISTEN_FDNAMES')}\\n")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
with open(f"/proc/self/limits") as limits:
    files = [line.split()[3] for line in limits if line.startswith("Max open files")][0]
notify.sendto(f"READY=1\\nSTATUS=files {files}".encode(), os.environ["NOTIFY_SOCKET"])
if (here / "brief").exists():
    sys.exit(6)
# Whom it has accepted it answers; the others wait at the socket for the next.
while not ending:
    for ready in select.select(sockets, [], [], 0.05)[0]:
        try:
            ready.setblocking(False)
            connection, _ = ready.accept()
        except BlockingIOError:
            continue
        connection.setblocking(True)
        connection.recv(100)
        connection.sendall(f"{os.environ.get('PORTCULLIS_WORKER', 0)} {os.getpid()}".encode())
        connection.close()
"""


def serving(stage, port, *, workers=4, **more):
    """A service of so many workers that run."""
    version = stage.version("1.0.0", WORKER, run={"workers": workers, "ready": "notify", **more.pop("run", {})},
                            listen=[{"name": "http", "port": port}], **more)
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    eventually(lambda: [worker["state"] for worker in stage.admin.of("pgw.1").get("workers", [])] == ["ready"] * max(1, workers))
    return version


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"who")
        return client.recv(100).decode()


@contextlib.contextmanager
def clients(port):
    """Asks again and again; fails if one was not answered."""
    failures, answers, is_over = [], [], threading.Event()

    def run():
        while not is_over.is_set():
            try:
                answers.append(ask(port))
            except OSError as error:
                failures.append(repr(error))
            time.sleep(0.005)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert answers and not failures, failures[:5]


def pids(stage):
    return {number: worker.get("pid") for number, worker in stage.workers("pgw.1").items()}


def test_workers_serve_at_inherited_sockets_and_are_reported(stage):
    port = free_port()
    serving(stage, port, limits={"open-files": 200})
    told = stage.admin.of("pgw.1")
    assert [worker["worker"] for worker in told["workers"]] == [1, 2, 3, 4] and told["restarts"] == 0
    assert {worker["pid"] for worker in told["workers"]} == set(pids(stage).values())
    assert {line.split()[0] for line in (stage.root / "pgw.1" / "starts").read_text().splitlines()} == {"1", "2", "3", "4"}
    eventually(lambda: len({ask(port).split()[0] for _ in range(40)}) > 1)
    # Each worker has the limit of the manifest; the master has not.
    assert all(worker["status"] == "files 200" for worker in stage.workers("pgw.1").values())
    # One that ends is started again, and the service goes on.
    witness, before = stage.witness("pgw.1"), pids(stage)
    os.kill(before[2], signal.SIGKILL)
    told = eventually(lambda: stage.admin.of("pgw.1")["restarts"] == 1 and stage.admin.of("pgw.1"), 10)
    assert told["state"] == "running" and stage.witness("pgw.1") == witness
    eventually(lambda: all(worker["state"] == "ready" for worker in stage.admin.of("pgw.1")["workers"]))
    after = pids(stage)
    assert after[2] != before[2] and {**after, 2: 0} == {**before, 2: 0}
    assert stage.command("check").returncode == 0 and "running 4/4" in stage.command("status").stdout


def test_a_restart_replaces_the_workers_one_by_one_without_a_lost_connection(stage):
    port = free_port()
    serving(stage, port)
    witness, before = stage.witness("pgw.1"), pids(stage)
    with clients(port):
        stage.admin.order("again", service="pgw.1", kind="restart")
        eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    assert stage.witness("pgw.1") == witness and not set(before.values()) & set(pids(stage).values())
    told = stage.admin.of("pgw.1")
    assert told["state"] == "running" and told["restarts"] == 0
    # A node that is killed in the middle goes on, and restarts nothing twice.
    stage.admin.order("more", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("more").get("state") == "running", 10, pause=0.01)
    stage.restart()
    eventually(lambda: stage.admin.job("more").get("state") == "succeeded", 30)
    starts = len((stage.root / "pgw.1" / "starts").read_text().splitlines())
    assert starts in (12, 16)


def test_a_restart_whose_new_worker_fails_leaves_the_others_and_says_why(stage):
    port = free_port()
    serving(stage, port, workers=2)
    before = pids(stage)
    (stage.root / "pgw.1" / "broken").touch()
    with clients(port):
        stage.admin.order("again", service="pgw.1", kind="restart")
        job = eventually(lambda: stage.admin.job("again").get("endedAt") and stage.admin.job("again"), 30)
    assert job["state"] == "failed" and "the workers that are left go on: worker 1" in job["problem"]
    assert "ended with status 5" in job["problem"] and pids(stage) == before


def test_a_restart_whose_new_workers_are_ready_and_end_again_fails_and_says_why(stage):
    serving(stage, free_port(), workers=2)
    (stage.root / "pgw.1" / "brief").touch()
    stage.admin.order("again", service="pgw.1", kind="restart")
    job = eventually(lambda: stage.admin.job("again").get("endedAt") and stage.admin.job("again"), 60)
    assert job["state"] == "failed" and "ended" in job["problem"] and "status 6" in job["problem"], job


def test_a_program_with_a_socket_is_replaced_without_a_refused_connection(stage):
    port = free_port()
    serving(stage, port, workers=0)
    witness, before = stage.witness("pgw.1"), pids(stage)
    assert ask(port) == f"0 {before[0]}"
    with clients(port):
        stage.admin.order("again", service="pgw.1", kind="restart")
        eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    assert stage.witness("pgw.1") == witness and pids(stage) != before


def test_a_master_that_is_killed_is_followed_by_one_that_finds_all(stage):
    port = free_port()
    serving(stage, port)
    instance, before = stage.state("pgw.1")["instance"], pids(stage)
    with clients(port):
        for count in range(1, 4):
            old = stage.pid("pgw.1")
            os.kill(old, signal.SIGKILL)
            eventually(lambda: stage.state("pgw.1")["main-restarts"] == [str(count)] and stage.pid("pgw.1") not in (None, old), 15)
    eventually(lambda: json.loads((stage.root / "node/run/pgw.1/master/state").read_text())["pid"] == stage.pid("pgw.1"), 10)
    assert pids(stage) == before and all(lives(pid) for pid in before.values())
    told = stage.settled("pgw.1")
    assert stage.state("pgw.1")["instance"] == instance and told["restarts"] == 0
    killed = eventually(lambda: (killed := stage.admin.of("pgw.1").get("masterRestarts", {})).get("count") == 3 and killed, 10)
    assert killed["last"].startswith("20")
    stage.admin.assign("pgw.1", stage.state("pgw.1")["version"][0], desired="stopped")
    stage.settled("pgw.1", state="stopped")
    assert not any(lives(pid) for pid in before.values())


def test_what_a_service_writes_in_the_place_of_its_masters_state_is_not_believed(stage):
    port = free_port()
    serving(stage, port)
    state = stage.root / "node" / "run" / "pgw.1" / "master" / "state"
    forged = state.with_name("forged")
    whole = json.loads(state.read_text())

    def fifo():
        os.mkfifo(forged)

    def link():
        forged.symlink_to("/proc/kcore")

    def large():
        forged.write_bytes(b" " * (257 << 10))

    def deep():
        forged.write_text("[" * 100_000)

    def others():
        whole["workers"] *= 30
        forged.write_text(json.dumps(whole))

    for make in (fifo, link, large, deep, others):
        planted = None

        def is_unbelieved():
            # The master may still write what has happened before.
            nonlocal planted
            if state.lstat().st_ino != planted:
                make()
                planted = forged.lstat().st_ino
                os.rename(forged, state)
                time.sleep(0.3)
            return "workers" not in stage.admin.of("pgw.1")

        eventually(is_unbelieved, 15, make.__name__)
        assert stage.admin.of("pgw.1")["state"] == "running"
        # The master writes it again when something happens.
        os.kill(int(ask(port).split()[1]), signal.SIGKILL)
        eventually(lambda: len(stage.admin.of("pgw.1").get("workers", [])) == 4, 15)
        whole = json.loads(state.read_text())


def test_a_port_that_is_taken_is_told_by_name(stage):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        version = stage.version("1.0.0", WORKER, run={"ready": "notify"}, listen=[{"name": "http", "port": port}])
        stage.admin.assign("pgw.1", version)
        stage.start()
        stage.told("pgw.1", "it cannot be started: ", "http", str(port), "ddress already in use")
    stage.settled("pgw.1", timeout=60)


def test_a_restart_starts_what_has_ended_and_forgets_its_failures(stage):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        version = stage.version("1.0.0", WORKER, run={"ready": "notify"}, listen=[{"name": "http", "port": port}])
        stage.admin.assign("pgw.1", version)
        stage.start()
        stage.told("pgw.1", "it cannot be started: ", "3 failures in a row")
        stage.admin.order("early", service="pgw.1", kind="restart")
        job = eventually(lambda: stage.admin.job("early").get("endedAt") and stage.admin.job("early"), 30)
        assert job["state"] == "failed" and "it was started, and has ended again: it cannot be started: " in job["problem"]
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    stage.settled("pgw.1")
    assert stage.state("pgw.1")["note"][0] == "failures=0"
    # One that is to be stopped is not started for it.
    stage.admin.assign("pgw.1", version, desired="stopped")
    stage.settled("pgw.1", state="stopped")
    stage.admin.order("never", service="pgw.1", kind="restart")
    job = eventually(lambda: stage.admin.job("never").get("endedAt") and stage.admin.job("never"), 30)
    assert job["state"] == "failed" and job["problem"] == "pgw.1 does not run"


def test_a_restart_starts_workers_in_their_pauses_and_what_it_comes_to_is_reported(stage):
    port = free_port()
    serving(stage, port, workers=2)
    broken = stage.root / "pgw.1" / "broken"
    broken.touch()
    for worker in stage.workers("pgw.1").values():
        os.kill(worker["pid"], signal.SIGKILL)
    eventually(lambda: (told := stage.admin.of("pgw.1"))["restarts"] >= 4 and told["state"] == "failing", 30)
    stage.admin.order("early", service="pgw.1", kind="restart")
    job = eventually(lambda: stage.admin.job("early").get("endedAt") and stage.admin.job("early"), 30)
    # One of those that were in a pause.
    assert job["state"] == "failed" and job["problem"] in [f"worker {number}: it ended with status 5" for number in (1, 2)]
    broken.unlink()
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    stage.settled("pgw.1")
    eventually(lambda: "problem" not in stage.admin.of("pgw.1") and {
        worker["state"] for worker in stage.admin.of("pgw.1")["workers"]} == {"ready"}, 10)
    # A reload that is given up is told as long as the next one has not done better.
    broken.touch()
    os.kill(int(stage.state("pgw.1")["main"][0]), signal.SIGHUP)
    stage.told("pgw.1", "its workers were not all reloaded or restarted at 20", "worker 1: the new process ended with status 5")
    assert stage.admin.of("pgw.1")["state"] == "running" and stage.command("check").returncode == 5
    broken.unlink()
    os.kill(int(stage.state("pgw.1")["main"][0]), signal.SIGHUP)
    eventually(lambda: "problem" not in stage.admin.of("pgw.1"), 20)


def test_in_a_manifest_of_format_1_the_program_opens_its_ports_itself(stage):
    port = free_port()
    version = stage.version("1.0.0", WORKER, run={"command": ["bin/run", str(port)], "ready": {"port": port}},
                            listen=[{"name": "http", "port": port}])
    older = stage.forge(version, format=1)
    stage.lists = "trusted-keys: []\n"
    stage.admin.assign("pgw.1", older)
    stage.start(unsigned=True)
    stage.settled("pgw.1", version=older)
    assert ask(port).startswith("0 ")
    assert (stage.root / "pgw.1" / "starts").read_text().split()[2] == "None"


def test_a_node_without_the_master_says_so(stage):
    folder = stage.folder / "bin"
    folder.mkdir()
    shutil.copy(binary("portcullis-keeper"), folder)
    stage.configure(keeper=str(folder / "portcullis-keeper"))
    done = subprocess.run([binary("portcullis-node"), "run", *stage.words], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert f"{folder}/portcullis-master is not there, without which no service can be started" in done.stderr


def test_a_service_that_an_earlier_node_has_started_goes_on_until_its_next_start(stage):
    port = free_port()
    version = stage.server_version("1.0.0", port)
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1", version=version)
    stage.node.stop()
    stage.end("pgw.1")
    # As a node without masters has started it: the program is the keeper's own.
    process = stage.root / "node" / "run" / "pgw.1"
    shutil.rmtree(process / "master")
    shutil.rmtree(stage.root / "node" / "log" / "pgw.1")
    (stage.root / "node" / "log" / "pgw.1.log.1").write_text("from before\n")
    work = stage.root / "pgw.1" / "versions" / version
    words = ["--directory", process, "--instance", "0123456789abcdef01234567", "--version", version, "--note", "failures=0 restarts=2",
             "--log", stage.root / "node" / "log" / "pgw.1.log", "--work", work, "--stop-signal", "15", "--stop-timeout", "5000",
             "--time-limit", "0", "--ready", f"port:{port}", "--", work / "bin" / "run"]
    environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "PORTCULLIS_SERVICE=pgw.1", f"PORTCULLIS_DIRECTORY={stage.root}/pgw.1"]
    order = process / "order"
    order.write_bytes(b"".join(str(text).encode() + b"\0" for text in [len(words), *words, *environment]))
    done = subprocess.run([binary("portcullis-keeper"), order], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    eventually(lambda: "ready" in stage.state("pgw.1"))
    witness, old = stage.witness("pgw.1"), stage.pid("pgw.1")
    stage.admin.report = None
    stage.start()
    told = stage.settled("pgw.1", version=version)
    eventually(lambda: stage.admin.report.get("applied") == stage.admin.tag)
    time.sleep(1)
    assert stage.witness("pgw.1") == witness and lives(old) and "main-restarts" not in stage.state("pgw.1")
    assert "workers" not in told and told["restarts"] == 2
    # Its next start has a master, which goes on with its log.
    with open(stage.root / "node" / "log" / "pgw.1.log", "a") as log:
        log.write("until now\n")
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    assert not lives(old) and stage.state("pgw.1")["main-restarts"] == ["0"]
    assert "\nuntil now\nstarted 1.0.0" in stage.log("pgw.1")
    logs = stage.root / "node" / "log"
    assert (logs / "pgw.1" / "log.1").read_text() == "from before\n" and [path.name for path in logs.iterdir()] == ["pgw.1"]
    workers = eventually(lambda: stage.admin.of("pgw.1").get("workers"))
    assert workers[0]["worker"] == 0 and workers[0]["pid"] == int((stage.root / "pgw.1" / "starts").read_text().split()[-1])
    assert workers[0]["pid"] != stage.pid("pgw.1")
