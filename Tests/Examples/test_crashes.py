"""tgctl, which is in Swift, crashes: by the node, the master and gdb a report comes with functions, lines and values."""

import http.client
import re

import pytest

from examples import Clients, get


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
    assert len(clients.errors) <= Clients.THREADS, clients.errors
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
