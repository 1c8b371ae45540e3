"""examples/tg, a service in C that uses the library: what it serves, and all the ways in which it fails."""

import os
import shutil
import signal
import socket
import time

import pytest

from compiler import LIBRARY
from console import Session
from debugger import report
from portcullis_testing.processes import run
from portcullis_testing.repository import REPOSITORY
from portcullis_testing.waiting import eventually

CRASHES = {"segv": signal.SIGSEGV, "bus": signal.SIGBUS, "fpe": signal.SIGFPE, "ill": signal.SIGILL, "abort": signal.SIGABRT,
           "overflow": signal.SIGSEGV, "heap": signal.SIGABRT}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the built example."""
    folder = tmp_path_factory.mktemp("examples") / "tg"
    shutil.copytree(REPOSITORY / "examples/tg", folder, ignore=shutil.ignore_patterns("out"))
    run("make", "-C", folder, "release", "debug", f"WORKER={LIBRARY}")
    return folder


class Gateway:
    """The example with a few sockets of each kind."""

    def __init__(self, master, program):
        self.master, self.program = master, program
        self.streams = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        for each in self.datagrams:
            each.bind(("127.0.0.1", 0))

    def start(self, *words, **options):
        sockets = [("devices", each) for each in self.streams] + [("datagrams", each) for each in self.datagrams]
        self.master.start(self.program, *words, sockets=sockets, **options)
        self.master.wait_for_notice("READY")
        return self

    def connect(self, index=0):
        connection = socket.create_connection(self.streams[index].getsockname(), timeout=20)
        return connection, connection.makefile("r")

    def ask(self, line, index=0):
        connection, answers = self.connect(index)
        with connection, answers:
            connection.sendall(f"{line}\n".encode())
            return answers.readline()

    def order(self, line):
        """Sends a line to which no answer is expected."""
        connection = socket.create_connection(self.streams[0].getsockname(), timeout=20)
        connection.sendall(f"{line}\n".encode())
        return connection

    def close(self):
        for each in self.streams + self.datagrams:
            each.close()


@pytest.fixture
def gateway(built, master):
    gateway = Gateway(master, built / "out/release/bin/tg")
    yield gateway
    gateway.close()


@pytest.fixture
def sanitized(built, master):
    gateway = Gateway(master, built / "out/debug/bin/tg")
    yield gateway
    gateway.close()


def test_lines_come_back_with_their_numbers_at_each_port(gateway):
    gateway.start()
    for index in range(3):
        connection, answers = gateway.connect(index)
        connection.sendall(b"one\ntwo\nth")
        assert [answers.readline(), answers.readline()] == ["1 one\n", "2 two\n"]
        connection.sendall(b"ree\n")
        assert answers.readline() == "3 three\n"
        connection.close()
    for index, each in enumerate(gateway.datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(20)
            sender.sendto(b"position", each.getsockname())
            assert sender.recv(100) == f"{index + 1} position\n".encode()
    assert gateway.ask("!stats").startswith(f"process {gateway.master.pid} connections 4 open ")


def test_many_lines_and_a_device_that_reads_late(gateway):
    gateway.start()
    connection, answers = gateway.connect()
    connection.sendall(b"".join(b"%d\n" % number for number in range(20000)))
    assert [answers.readline() for _ in range(20000)] == [f"{number + 1} {number}\n" for number in range(20000)]


def test_its_probe_asks_for_an_answer(gateway, tmp_path):
    (tmp_path / "config").write_text("greeting: hello\n")
    gateway.start(config=tmp_path / "config")
    port = gateway.streams[0].getsockname()[1]
    run(gateway.program, "--probe", port)
    gateway.close()
    gateway.master.signal(signal.SIGKILL)
    gateway.master.wait()
    run(gateway.program, "--probe", port, status=1)


def test_a_line_without_an_end_ends_the_connection(gateway):
    gateway.start()
    connection, answers = gateway.connect()
    connection.sendall(b"x" * 1024)
    assert answers.readline() == ""


def test_it_stops_when_it_is_told(gateway):
    gateway.start()
    connection, answers = gateway.connect()
    connection.sendall(b"one\n")
    assert answers.readline() == "1 one\n"
    gateway.master.signal(signal.SIGTERM)
    assert gateway.master.wait_for_notice("STOPPING") and gateway.master.wait() == 0 and answers.readline() == ""


def test_what_it_has_accepted_is_answered_before_it_stops(gateway):
    gateway.start("--threads", "1")
    accepted, answers = gateway.connect()
    eventually(lambda: " open 2 " in gateway.ask("!stats"), what="the connection being accepted")
    gateway.master.signal(signal.SIGTERM)
    gateway.master.wait_for_notice("STOPPING")
    accepted.sendall(b"one\n")
    assert answers.readline() == "1 one\n"
    # What has come since is not taken: the next worker has the same sockets.
    waiting = gateway.order("two")
    assert gateway.master.wait() == 0
    gateway.start()
    assert waiting.makefile().readline() == "1 two\n"


def test_its_configuration_is_checked_before_it_is_used(gateway, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("greeting: 'welcome'\nlongest-line: 100\n")
    gateway.start(config=path)
    connection, answers = gateway.connect()
    assert answers.readline() == "welcome\n"
    path.write_text("greeting: hello\nlongest-line: many\n")
    gateway.master.send(f"CONFIG {path}")
    assert gateway.master.wait_for_message("CONFIG-") == f'CONFIG-REFUSED {path}:2: longest-line takes 16 to 65536, not "many"'
    assert gateway.connect()[1].readline() == "welcome\n"
    path.write_text("greeting: hello\nlongest-line: 16\n")
    gateway.master.send(f"CONFIG {path}")
    assert gateway.master.wait_for_message("CONFIG-") == "CONFIG-TAKEN"
    assert gateway.connect()[1].readline() == "hello\n"
    connection.close()


def test_a_configuration_that_is_wrong_from_the_start_is_said(gateway, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("longest-line: 1\n")
    gateway.master.start(gateway.program, config=path)
    assert gateway.master.wait() == 78
    assert gateway.master.text == f'tg: {path}:1: longest-line takes 16 to 65536, not "1"\n'


def test_the_console_asks_it_for_its_statistics(gateway):
    gateway.start()
    gateway.ask("one")
    session = Session(gateway.master)
    assert session.value("stats()").endswith(" 1 connections, 1 lines, 0 datagrams")
    # The main thread has the console; the others serve meanwhile.
    session.send("while true do end")
    assert gateway.ask("two") == "1 two\n"


def test_crashes_are_for_tests_only(gateway):
    gateway.start()
    assert gateway.ask("!crash segv") == "error: there is no command !crash segv\n"


@pytest.mark.parametrize("kind", CRASHES)
def test_each_kind_of_crash_leaves_its_frame(gateway, kind):
    gateway.start("--threads", "8", "--crash-for-tests")
    idle = [gateway.order("idle") for _ in range(4)]
    gateway.ask("one")
    gateway.order(f"!crash {kind}")
    crash = gateway.master.crash()
    assert crash.signal == CRASHES[kind] and crash.name == "tg-loop"
    gateway.master.wait_until_parked(crash, 8)
    found = report(gateway.master.pid, crash.thread)
    assert found.seconds < 5
    frame = found.frame("overflow_stack" if kind == "overflow" else "fail")
    assert "crashes.c:" in frame and (kind == "overflow" or 'device = "tracker-7' in frame), found.text
    for connection in idle:
        connection.close()


def test_what_waits_at_a_crashed_worker_is_served_by_the_next_one(gateway):
    gateway.start("--crash-for-tests")
    gateway.order("!crash segv")
    gateway.master.crash()
    # The crashed one is there, and accepts nothing.
    waiting = gateway.order("one")
    crashed = gateway.master.pid
    gateway.start()
    assert waiting.makefile().readline() == "1 one\n"
    os.kill(crashed, signal.SIGKILL)
    os.waitpid(crashed, 0)


@pytest.mark.parametrize("kind,end", [("kill", -signal.SIGKILL), ("exit", 3)])
def test_ends_that_are_no_crash(gateway, kind, end):
    gateway.start("--crash-for-tests")
    gateway.order(f"!crash {kind}")
    assert gateway.master.wait() == end


@pytest.mark.parametrize("kind", ["deadlock", "loop"])
def test_a_thread_that_hangs_gives_no_sign_of_life(gateway, kind):
    gateway.start("--threads", "3", "--crash-for-tests", watchdog=2)
    gateway.master.wait_for_notice("WATCHDOG")
    order = gateway.order(f"!crash {kind}")

    def is_silent():
        start = time.monotonic()
        while time.monotonic() - start < 2:
            try:
                if "WATCHDOG" in gateway.master.notice(2 - (time.monotonic() - start)):
                    return False
            except AssertionError:
                return True
        return True
    eventually(is_silent, what="no sign of life for the watchdog's time")
    # As the node has it dumped: the process is as it was.
    if kind == "deadlock":
        assert "pthread_mutex_lock" in report(gateway.master.pid, gateway.master.pid).text
    order.close()


@pytest.mark.parametrize("kind", ["segv", "abort", "heap", "overflow", "bus", "fpe"])
def test_the_address_sanitizers_report_comes_first_and_ends_in_a_crash(sanitized, kind):
    sanitized.start("--threads", "8", "--crash-for-tests")
    sanitized.order(f"!crash {kind}")
    crash = sanitized.master.crash()
    assert crash.signal == signal.SIGABRT
    sanitized.master.wait_until_parked(crash, 8)
    if kind != "abort":
        text = {"heap": "heap-buffer-overflow", "overflow": "stack-overflow"}.get(kind, CRASHES[kind].name.removeprefix("SIG"))
        assert "ERROR: AddressSanitizer: " in sanitized.master.text and text in sanitized.master.text
    found = report(sanitized.master.pid, crash.thread)
    assert "crashes.c:" in found.frame("overflow_stack" if kind == "overflow" else "fail")


def test_the_sanitized_one_serves_reloads_and_stops_without_a_report(sanitized, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("greeting: ''\n")
    sanitized.start(config=path)
    for _ in range(20):
        assert sanitized.ask("one") == "1 one\n"
    session = Session(sanitized.master)
    assert session.value("stats()").endswith("20 connections, 20 lines, 0 datagrams")
    assert session.run("while true do pcall(string.rep, 'x', 1e9) end").kind == "limit"
    sanitized.master.send(f"CONFIG {path}")
    assert sanitized.master.wait_for_message("CONFIG-") == "CONFIG-TAKEN"
    sanitized.master.signal(signal.SIGTERM)
    assert sanitized.master.wait() == 0 and "Sanitizer" not in sanitized.master.text
