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
                    f"target 2 127.0.0.1 {silent} http path=/ interval=60")
        while checks.alive()["probes"] < 11:
            pass
        checks.process.send_signal(signal.SIGSTOP)
        time.sleep(5)
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
