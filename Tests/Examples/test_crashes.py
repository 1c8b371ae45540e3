"""The examples crash under load: by the node, the master and gdb a report comes, and only the clients of the worker that
crashed notice. Of tgctl, which is in Swift, the report has functions, lines and values."""

import contextlib
import http.client
import re
import socket

import pytest

from examples import Clients, get, line
from portcullis_testing.waiting import eventually


@pytest.fixture
def tgctl(examples):
    digest = examples.version(
        "tgctl", variant="debug", changes=[("command: [bin/tgctl]", "command: [bin/tgctl, --crash-for-tests]")])
    tgctl = examples.run("tgctl.1", digest, "channels:\n  devices: 5000\n")
    tgctl.serving()
    return tgctl


def crash(how):
    with pytest.raises((http.client.HTTPException, OSError)):
        get(8081, f"/crash/{how}", timeout=60)


@pytest.mark.parametrize("how, function, values", [
    ("fatalError", "closeSession", {"device": '"tracker-7"', "port": "5001", "retries": "10002"}),
    ("array", "port", {"index": "7", "ports": "3 elements: .5001, 5002, 5003.", "count": "3"})])
def test_a_trap_of_swift_is_reported_with_function_line_and_values(tgctl, how, function, values):
    with Clients(8081) as clients:
        crash(how)
        [report] = tgctl.reported(1)
        tgctl.serving()
        clients.more()
    # Those of the worker that crashed.
    assert len(clients.errors) <= clients.threads, clients.errors
    assert (report["kind"], report["signal"] in (4, 5)) == ("crashed", True), report
    frame = report["frames"][0]
    assert function in frame["function"] and "CrashForTests" in frame["function"], report["frames"]
    assert frame["file"].endswith("CrashForTests.swift") and frame["line"] > 0, frame
    first = report["text"].split("\n#1 ")[0]
    assert first.startswith("#0 "), first
    for name, value in values.items():
        assert re.search(rf"\b{name} ?= ?{value}", first), (name, first)


def test_traps_of_swift_at_two_places_are_two_faults(tgctl):
    crash("fatalError")
    tgctl.reported(1)
    tgctl.serving()
    crash("array")
    tgctl.reported(2)
    tgctl.serving()
    crash("array")
    one, two, three = (report["fingerprint"] for report in tgctl.reported(3))
    assert one != two == three


@pytest.fixture
def tg(examples):
    digest = examples.version("tg", changes=[
        ('command: [bin/tg, --threads, "4"]', 'command: [bin/tg, --threads, "2", --crash-for-tests]'), ("watchdog: 10", "watchdog: 2"),
        ("limits: {memory: 512M,", "limits: {memory: 400M,")])
    tg = examples.run("tg.1", digest, "longest-line: 1024\n")
    tg.serving()
    return tg


@pytest.mark.parametrize("how, kind, signal", [
    ("segv", "crashed", 11), ("abort", "crashed", 6), ("bus", "crashed", 7), ("fpe", "crashed", 8), ("ill", "crashed", 4),
    ("overflow", "crashed", 11), ("heap", "crashed", 6), ("memory", "crashed", 6), ("kill", "killed", 9), ("exit", "exited", None),
    ("loop", "hung", None)])
def test_of_500_new_connections_a_second_only_those_of_the_worker_that_crashes_are_lost(tg, how, kind, signal):
    before = set(tg.pids().values())
    with Clients(5000, line, rate=500, threads=8) as clients:
        with socket.create_connection(("127.0.0.1", 5001), timeout=60) as order:
            order.sendall(f"!crash {how}\n".encode())
            eventually(lambda: len(before - set(tg.pids().values())) == 1, 30, "the replacement", pause=0.005)
            clients.more(500)
            [report] = tg.reported(1)
            tg.serving()
            clients.more(500)
            with contextlib.suppress(OSError):
                order.recv(100)
    assert (report["kind"], report.get("signal"), report["pid"] in before) == (kind, signal, True), report
    # Each client has one connection at a time, which the worker may just have accepted.
    assert not [error for error in clients.errors if "Refused" in error], clients.errors
    assert len(clients.errors) <= clients.threads, clients.errors
    # Who waits at the sockets of the worker that crashed is served by its replacement: in 50 ms or so, on a machine that is not
    # busy, and long before the pause of 30 s is over.
    assert clients.longest < 10, clients.longest
