"""The daemon killed between any two of its writes to the kernel: the next one finishes the work, and no client is led astray."""

import contextlib
import signal
import threading
import time

import pytest

from portcullis_testing import exports, scripted as script, traffic, witnesses
from portcullis_testing.exports import OTHER6, TG4, WWW4, WWW6
from portcullis_testing.waiting import eventually

pytestmark = pytest.mark.at_once
FIRST, LAST = {"app1": 100, "app2": 100}, {"app3": 100, "app4": 100}
RANGE_WITHOUT = "20000-24999 25001-29999"
# Of a target: who may answer, and at which port of his.
BY_ADDRESS, BY_MARK = {(name, 8080) for name in FIRST}, {(name, 25000) for name in FIRST}

# From one export to another, and who may answer the clients before and after.
PLANS = {
    "other servers": (
        exports.export(exports.www(FIRST), exports.devices(FIRST)),
        exports.export(exports.www(LAST), exports.devices(LAST)),
        {("tcp", WWW4, 80): (BY_ADDRESS, {(name, 8080) for name in LAST}),
         ("tcp", WWW6, 80): (BY_ADDRESS, {(name, 8080) for name in LAST}),
         ("tcp", TG4, 25000): (BY_MARK, {(name, 25000) for name in LAST}),
         ("udp", OTHER6, 25000): (BY_MARK, {(name, 25000) for name in LAST})}),
    "a port leaves its range, which gets another mark": (
        exports.export(exports.www(FIRST), exports.devices(FIRST)),
        exports.export(exports.www(FIRST), exports.devices(LAST, RANGE_WITHOUT, mark=300),
                       exports.section("api", [TG4], 25000, {"app4": 100}, backend_port=8080)),
        {("tcp", WWW4, 80): (BY_ADDRESS, BY_ADDRESS),
         ("tcp", TG4, 25000): (BY_MARK, {("app4", 8080)}),
         ("tcp", TG4, 20001): ({(name, 20001) for name in FIRST}, {(name, 20001) for name in LAST}),
         ("tcp", OTHER6, 29999): ({(name, 29999) for name in FIRST}, {(name, 29999) for name in LAST})}),
}


@pytest.fixture
def settings(scripted):
    # Drains last longer than the test: what they keep is compared, too. The guard would ask before another mark.
    return {"admin-url": scripted.url, "drain-time": 600, "audit-interval": 3600, "guard.services-share": 100}


def killer(daemon, write):
    """Kills the daemon in place of that write to the kernel, counted from now: those before it have been done."""
    return witnesses.Watch("strace", "-f", "-e", "trace=sendmsg", "-e", f"inject=sendmsg:signal=SIGKILL:when={write}",
                           "-p", daemon.pid, ready="attached")


@contextlib.contextmanager
def once(scripted, data):
    """Yields what serves the export, and lets the poll after it wait until the block ends: it would count connections, and
    the daemon's end would meet that of strace."""
    over, answer = threading.Event(), script.export(data)

    def wait(connection, request):
        if exports.etag(data) in (request.header("If-None-Match") or ""):
            over.wait(60)
        return answer(connection, request)

    def serve():
        scripted.answer = wait

    try:
        yield serve
    finally:
        scripted.serve(data)
        over.set()


def survives(daemon, data):
    """Waits for the daemon's end, or for the kernel agreeing with the export; whether it lives."""
    eventually(lambda: not daemon.is_running or daemon.agrees(exports.etag(data)),
               what="the end of the daemon, or of its work")
    is_alive = daemon.is_running
    assert is_alive or daemon.wait() == -signal.SIGKILL
    return is_alive


def outcome(daemon, namespace):
    """What must be the same with and without a crash on the way."""
    drains = {(drain["service"], drain["server"]) for drain in daemon.status["drains"]}
    return witnesses.content(namespace), drains


def check(loop, targets, settled):
    """Nobody was refused, and nobody was answered by anybody else than before or, once settled, after."""
    assert loop.failures == []
    for request in loop.outcomes:
        before, after = targets[request.target]
        expected = after if request.began >= settled else before | after
        assert (request.answer.server, request.answer.port) in expected, request


@pytest.mark.parametrize("name", PLANS)
def test_a_crash_after_any_write_is_made_good_by_the_next_start(name, network, daemons, scripted, settings, client):
    before, after, targets = PLANS[name]
    reached, is_alive = [], False
    while not is_alive:
        scripted.serve(before)
        daemon = daemons.start_anew(settings)
        daemon.has_applied(exports.etag(before))
        with traffic.Loop(client, list(targets)) as loop:
            # Each server has had a client, so each one that leaves drains.
            loop.wait_for(4 * len(targets))
            with once(scripted, after) as serve, killer(daemon, write=len(reached) + 1):
                serve()
                is_alive = survives(daemon, after)
            if not is_alive:
                # The clients meet what the crash has left.
                loop.wait_for(2 * len(targets))
                daemons.current = None
                daemon = daemons.start(settings, daemon.folder.name)
            daemon.has_applied(exports.etag(after))
            settled = time.monotonic()
            loop.wait_for(2 * len(targets))
        check(loop, targets, settled)
        reached.append(outcome(daemon, network.gateway))
    # Killed at each write there was; the last time it came to the end of its work.
    assert len(reached) > 2
    assert reached[-1][1] != set()
    assert all(found == reached[-1] for found in reached)
