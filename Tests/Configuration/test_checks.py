"""portcullis-checks as people and the daemon meet it: probes by hand, and the prober at work without a kernel of its own."""

import contextlib
import http.server
import os
import signal
import socket
import threading
import time

import pytest

from portcullis_testing.processes import result
from portcullis_testing.prober import Prober
from portcullis_testing.repository import binary

FAST = "interval=0.1 timeout=1"


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 503)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"alive\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    """The port of a server over HTTP that is healthy at /health."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def listener():
    """A port that accepts connections, into its backlog."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(4096)
        yield server.getsockname()[1]


@contextlib.contextmanager
def prober(tmp_path, **options):
    prober = Prober(tmp_path, **options)
    with prober:
        prober.greet()
        yield prober
        prober.end()


def probe(check, server, status=0):
    done = result(binary("portcullis-checks"), "probe", check, server)
    assert done.returncode == status, done
    return done.stdout + done.stderr


def test_a_probe_by_hand_says_what_it_found(web):
    assert probe("http path=/health text=alive", f"127.0.0.1:{web}").startswith("up in ")
    assert "HTTP status 503" in probe("http path=/", f"127.0.0.1:{web}", status=1)
    assert "the text is not in the HTTP body" in probe("http path=/health text=well", f"127.0.0.1:{web}", status=1)
    assert "TLS handshake failed" in probe("tls", f"127.0.0.1:{web}", status=1)
    assert "connection refused" in probe("tcp", "127.0.0.1:1", status=1)
    assert "weight 98 of 253: half" in probe("command arg=/bin/sh arg=-c arg=echo%20half;exit%20100", "127.0.0.1")
    assert "cannot be started: No such file" in probe("command arg=/nowhere", "127.0.0.1", status=3)


@pytest.mark.parametrize("check, server, message", [
    ("http", "127.0.0.1:80", 'the check "http": "path" is missing'),
    ("tcp port=080", "127.0.0.1", "is to be written without usual values, and with its keys in the usual order: tcp port=80"),
    ("tcp", "127.0.0.1", '"127.0.0.1" has no port, and the check neither'),
    ("tcp", "[127.0.0.1]:80", '"[127.0.0.1]:80" is no ADDRESS:PORT'),
    ("tcp", "fd00::1:80:", '"fd00::1:80:" is no ADDRESS:PORT'),
    ("tcp", "localhost:80", '"localhost:80" is no ADDRESS:PORT'),
    ("tcp", "127.0.0.1:65536", '"127.0.0.1:65536" is no ADDRESS:PORT'),
])
def test_a_probe_by_hand_says_what_is_wrong_with_its_words(check, server, message):
    assert message in probe(check, server, status=64)


def test_verdicts_follow_the_server(tmp_path, web):
    with prober(tmp_path) as checks, listener() as port:
        checks.tell(f"target 1 127.0.0.1 {port} tcp interval=0.1", f"target 2 127.0.0.1 {web} http path=/ interval=0.1", "whole")
        found = {number: (verdict, reason) for number, verdict, reason in (checks.verdict(), checks.verdict())}
        assert found == {1: ("up", "-"), 2: ("down", "HTTP status 503")}
        checks.tell(f"target 2 127.0.0.1 {web} down 5 http path=/health interval=0.1")
        assert checks.verdict() == (2, "up", "-")


def test_a_prober_that_was_stopped_takes_no_server_down(tmp_path, web):
    with prober(tmp_path) as checks, listener() as silent:
        # The second waits for an answer that never comes while the prober is stopped: that is no failure of it.
        checks.tell(f"target 1 127.0.0.1 {web} up 1 http path=/health {FAST}",
                    # A busy machine may take seconds until it is stopped.
                    f"target 2 127.0.0.1 {silent} http path=/ interval=60 timeout=8")
        while checks.alive()["probes"] < 11:
            pass
        checks.process.send_signal(signal.SIGSTOP)
        time.sleep(9)
        checks.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            words = checks.next(2)
            assert words[0] != "verdict", words
            if words[0] == "alive":
                _, _, failed, *lateness, _ = words[1:]
                assert failed == "0", words
        # The gap is seen where it belongs.
        assert int(lateness[2]) > 1_000_000, words


def test_without_descriptors_verdicts_stand_and_the_daemon_hears_why(tmp_path):
    with prober(tmp_path, prefix=("prlimit", "--nofile=16:16")) as checks, socket.socket() as silent:
        # Connections that hang, so that they keep their descriptors.
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        checks.tell(*(f"target {number} 127.0.0.1 {port} up 1 smtp interval=1 timeout=30" for number in range(40)))
        deadline = time.monotonic() + 20
        while not (state := checks.alive())["problem"]:
            assert time.monotonic() < deadline
        assert "the prober has no file descriptor left" in state["problem"]
        assert state["failed"] == 0


def test_it_connects_again_and_is_told_anew(tmp_path, web):
    with prober(tmp_path) as checks:
        for _ in range(3):
            checks.tell(f"target 1 127.0.0.1 {web} http path=/health {FAST}")
            assert checks.verdict() == (1, "up", "-")
            checks.greet()
            assert checks.alive()["targets"] == 0
        assert os.path.exists(f"/proc/{checks.pid}")


def test_a_thousand_targets_cost_little(tmp_path):
    with prober(tmp_path) as checks, listener() as port:
        checks.tell(*(f"target {number} 127.0.{number // 250}.{number % 250 + 1} {port} up 1 tcp interval=1"
                      for number in range(1_000)), "whole")
        checks.alive()
        first, began, used = checks.alive(), time.monotonic(), checks.cpu
        while time.monotonic() < began + 5:
            last = checks.alive()
        made, passed = last["probes"] - first["probes"], time.monotonic() - began
        assert made > 800 * passed, (first, last)
        assert (checks.cpu - used) / passed < 0.5
        assert checks.memory() < 100_000


# It has another process hold it when it exits (ptrace(2), PTRACE_O_TRACEEXIT), as the kernel does while a disk does not answer.
UNDEAD = """#!/usr/bin/python3
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.prctl(0x59616d61, -1, 0, 0, 0)
held = os.getpid()
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    for descriptor in range(3):
        os.close(descriptor)
    libc.ptrace(0x4206, held, None, 0x40)
    open(FILE, "a").write(f"{os.getpid()}\\n")
    os.write(writing, b"x")
    time.sleep(300)
    os._exit(0)
os.read(reading, 1)
time.sleep(300)
"""


def test_programs_that_do_not_end_when_they_are_killed_are_few_and_cost_nobody_else(tmp_path):
    program, holders = tmp_path / "undead", tmp_path / "holders"
    program.write_text(UNDEAD.replace("FILE", repr(str(holders))))
    program.chmod(0o755)
    try:
        with prober(tmp_path) as daemon:
            for target in range(1, 13):
                daemon.tell(f"target {target} 127.0.0.1 0 command arg={program} interval=2 timeout=2")
            daemon.tell(f"target 99 127.0.0.1 0 command arg=/bin/true {FAST}")
            state, deadline = daemon.alive(), time.monotonic() + 120
            while "killed" not in (state["problem"] or "") and time.monotonic() < deadline:
                state = daemon.alive()
            assert f"{program} was killed 4 times and has not ended: does its file system answer?" in state["problem"]
            # Those that had begun may still be killed; then none is started any more, and the other check goes on.
            time.sleep(4)
            started, probes = holders.read_text(), daemon.alive()["probes"]
            assert len(started.split()) >= 4
            time.sleep(5)
            assert holders.read_text() == started
            for _ in range(6):
                state = daemon.alive()
            assert state["probes"] > probes + 10
    finally:
        for process in holders.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)


def test_the_process_that_starts_programs_is_replaced_and_leaves_with_the_prober(tmp_path):
    def starter(daemon):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                fields = open(f"/proc/{int(name)}/stat").read().rpartition(")")
                if fields[0].endswith("(checks-starter") and int(fields[2].split()[1]) == daemon.pid:
                    return int(name)
        return None

    with prober(tmp_path) as daemon:
        first = starter(daemon)
        os.kill(first, signal.SIGKILL)
        daemon.tell(f"target 1 127.0.0.1 0 command arg=/bin/true {FAST}")
        while daemon.alive()["probes"] < 3:
            pass
        second = starter(daemon)
        assert second not in (None, first)
        # What a terminal or systemd sends to all processes does not end it before the prober.
        os.kill(second, signal.SIGTERM)
        probes = daemon.alive()["probes"]
        while daemon.alive()["probes"] < probes + 3:
            pass
        assert starter(daemon) == second
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if ") Z " not in open(f"/proc/{second}/stat").read():
                time.sleep(0.1)
                continue
        break
    else:
        pytest.fail("the starter has outlived the prober")
