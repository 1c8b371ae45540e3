"""Start, sockets, environment, readiness and stop."""

import os
import socket
import time

import pytest

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives, result, run
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually


def test_a_program_gets_its_sockets_and_its_environment(stage):
    udp = free_port(socket.SOCK_DGRAM)
    stage.start(listen=[f"http=tcp:{stage.port}", f"devices=udp:[::1]:{udp}-{udp + 1}"], watchdog=60000)
    environment = dict(line.split("=", 1) for line in stage.ask("environment").splitlines())
    assert environment["PORTCULLIS_SERVICE"] == "pgw.1" and environment["TESTED"] == "yes"
    assert (environment["LISTEN_FDS"], environment["LISTEN_FDNAMES"]) == ("3", "http:devices:devices")
    assert environment["LISTEN_PID"] == environment["WATCHDOG_PID"] == str(stage.pids()[0])
    assert "PORTCULLIS_WORKER" not in environment and "NGINX" not in environment
    assert environment["SWIFT_BACKTRACE"] == "enable=no" and "detect_leaks=0" in environment["ASAN_OPTIONS"]
    assert stage.workers()[0]["status"] == "serving"
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"who", ("::1", udp + 1))
        assert client.recv(100).decode() == f"0 {stage.pids()[0]}"
    assert stage.stop() == 0 and "stopping" in stage.text()


def test_each_worker_has_a_number_and_its_own_socket(stage):
    stage.start("--inherit", "nginx", workers=4)
    seen = {}
    eventually(lambda: seen.update([stage.ask().split()[:2]]) or len(seen) == 4, 30, "an answer of each worker", pause=0)
    assert {int(number): int(pid) for number, pid in seen.items()} == {
        number: worker["pid"] for number, worker in stage.workers().items()}
    assert "\nNGINX=3;\n" in stage.ask("environment")
    pids = stage.pids()
    assert stage.stop() == 0 and not any(lives(pid) for pid in pids)


def test_64_workers(stage):
    stage.start(workers=64, program=["/bin/sleep", "1000"], ready="time:1")
    assert len(set(stage.pids())) == 64
    assert stage.stop() == 0


def test_a_port_that_is_taken_is_told_by_name(stage):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stage.start(listen=[f"http=tcp:127.0.0.1:{port}"], wait=False)
        assert stage.process.wait() == 78
    assert f"socket http: tcp port {port} of 127.0.0.1: Address already in use" in stage.log()
    assert "Address already in use" in stage.state()["problem"]


def test_a_port_that_a_program_would_share_is_taken(stage):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", stage.port))
        other.listen()
        stage.start(workers=2, wait=False)
        assert stage.process.wait() == 78
    assert f"socket http: tcp port {stage.port} of any address: Address already in use" in stage.log()
    assert {worker["lastEnd"]["kind"] for worker in stage.workers().values()} == {"failed"}


def test_limits_are_those_of_the_workers(stage):
    stage.start("--limit", "open-files=200:300", "--limit", "data=2000000000:2000000000")
    limits = {line.split("  ")[0]: line.split()[-3:-1] for line in open(f"/proc/{stage.pids()[0]}/limits")}
    assert limits["Max open files"] == ["200", "300"] and limits["Max data size"] == ["2000000000"] * 2
    own = {line.split("  ")[0]: line.split()[-3:-1] for line in open(f"/proc/{stage.master()}/limits")}
    assert own["Max open files"] != ["200", "300"]


@pytest.mark.parametrize("ready", ["notify", "time:0"])
def test_a_program_that_cannot_be_executed_is_told_by_name(stage, ready):
    stage.start(program=["/no/such/program"], ready=ready, wait=False)
    assert stage.process.wait() == 78
    assert "/no/such/program: No such file or directory" in stage.log()
    assert stage.workers()[0]["lastEnd"]["reason"] == "/no/such/program: No such file or directory"


@pytest.mark.parametrize("words, message", [
    (["--workers", "65"], "--workers \"65\": expected a number from 0 to 64"),
    (["--listen", "http=tcp:0"], "--listen \"http=tcp:0\": \"0\" is no port or range of ports"),
    (["--listen", "a=tcp:1-600", "--workers", "2"], "1200 sockets for all workers: at most 1024"),
    (["--ready", "soon"], "--ready \"soon\": expected notify, port:NUMBER or time:MILLISECONDS"),
    (["--reload", "KILL"], "--reload \"KILL\": expected restart, none, or a signal"),
    (["--limit", "stack=1:2"], "--limit \"stack=1:2\": expected NAME=SOFT:HARD, of open-files, data, processes"),
    (["--frequency", "9"], "\"--frequency\" is no option"),
])
def test_wrong_usage_is_told(stage, words, message):
    stage.start(*words, wait=False, listen=False)
    assert stage.process.wait() == 64 and message in stage.log()


def test_a_worker_that_ignores_its_stop_signal_is_killed(stage):
    stage.start(environment={"WORKER_IGNORES_TERM": "1"})
    pid = stage.pids()[0]
    began = time.monotonic()
    assert stage.stop() == 0 and not lives(pid)
    assert 1.9 < time.monotonic() - began < 15


def test_a_port_of_the_program_makes_it_ready(stage):
    port = free_port()
    stage.start(listen=False, ready=f"port:{port}", environment={"WORKER_BIND": str(port), "WORKER_READY": "no"})
    assert stage.ask(port=port).split()[0] == "0"


def test_what_other_processes_say_is_ignored(stage):
    stage.start(environment={"WORKER_READY": "no"}, wait=False)
    eventually(lambda: stage.state() and stage.pids(), 20, "the process")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1\nSTATUS=stranger", str(stage.directory / "notify"))
    stage.ask()
    stage.ask("notify STATUS=own")
    eventually(lambda: stage.workers()[0].get("status") == "own", 10, "its own word")
    assert stage.workers()[0]["state"] == "starting"


def test_a_worker_that_is_not_ready_in_time_is_started_again(stage):
    stage.start(environment={"WORKER_READY": str(stage.folder / "go")}, start_timeout=500, wait=False)
    eventually(lambda: stage.state() and stage.workers()[0]["restarts"] >= 1, 20, "another start")
    assert stage.workers()[0]["lastEnd"]["kind"] == "not-ready" and stage.crashes()[0]["kind"] == "not-ready"
    (stage.folder / "go").touch()
    stage.serving()


def test_an_idle_master_is_small_and_sleeps(stage):
    stage.start(workers=8, listen=[f"http=tcp:{stage.port}"])
    pid = stage.master()

    def number(path, name):
        return sum(int(line.split()[1]) for line in open(f"/proc/{pid}/{path}") if line.startswith(name))
    private = number("smaps_rollup", "Private_Dirty")
    assert private <= 12 * 1024, f"{private} KiB of private memory"
    eventually(lambda: stage.state()["phase"] == "running" and time.time() - os.stat(stage.directory / "state").st_mtime > 1, 20,
               "a quiet master")
    before, began = number("status", "voluntary_ctxt_switches"), time.monotonic()
    eventually(lambda: time.monotonic() - began > 4, 20, "the time of the measurement", pause=1)
    woken = number("status", "voluntary_ctxt_switches") - before
    assert woken <= 2, f"{woken} wake-ups in 4 s"


def test_1000_ports(stage):
    stage.start(kept=True, listen=[f"http=tcp:{stage.port}", "devices=udp:127.0.0.1:20000-20999"])
    assert "\nLISTEN_FDS=1001\n" in stage.ask("environment")
    stage.kill_master()
    stage.serving()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"who", ("127.0.0.1", 20999))
        assert client.recv(100).decode() == f"0 {stage.pids()[0]}"
    assert len((stage.folder / "keeper-names").read_text().split()) == 1001 + 1 + 3


def test_what_the_master_does_not_know_is_inherited(stage):
    with open(stage.folder / "lock", "w") as lock:
        stage.start(descriptors=[lock.fileno()])
        [pid] = stage.pids()
        inherited = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        assert lock.name in inherited


def test_a_second_master_is_refused(stage):
    stage.start()
    done = result(*stage.command())
    assert done.returncode == 75 and "another master runs there" in done.stderr
    stage.ask()


def test_its_version_is_that_of_all_programs():
    text = (REPOSITORY / "Sources/ServiceSupport/ProgramVersion.swift").read_text()
    assert run(binary("portcullis-master"), "--version").strip() == text.split('"')[1]
    assert "USAGE: portcullis-master" in run(binary("portcullis-master"), "--help")
