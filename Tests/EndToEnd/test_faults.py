"""Static stability: whatever ADMIN does, the kernel stays as it is, and the fault has a name everywhere it is looked for."""

import time

import pytest

from portcullis_testing import exports, scripted as script, witnesses
from portcullis_testing.waiting import eventually

TIMEOUT = 2
CLOUD = exports.cloud()
# What a faulty answer would bring about if it were taken: other weights everywhere.
NEXT = exports.cloud({"app1": 7, "app2": 7, "app3": 7})
ELSEWHERE = ("127.0.0.2", 8071)
HTML = b"<!DOCTYPE html><title>Sign in to the guest network</title>"


def csv(data):
    """A sound answer whose content is at fault."""
    return script.raw(script.export_head(data, Connection="close") + data)


def with_header(text):
    return csv(text.encode() + NEXT[NEXT.index(b"\n"):])


FAULTS = {
    "refuses connections": (None, "unreachable"),
    "takes the connection and hangs": (script.hold(), "timed-out"),
    "hangs in the middle of the answer": (script.hold(script.export_head(NEXT), NEXT[:100]), "timed-out"),
    "trickles one byte a second": (script.trickle(NEXT), "timed-out"),
    "closes without an answer": (script.raw(), "broken-off"),
    "sends less than it promises": (script.raw(script.export_head(NEXT), NEXT[:-200]), "broken-off"),
    "ends within a chunk": (
        script.raw(script.export_head(NEXT, None, Content_Length=None, Transfer_Encoding="chunked"),
                   script.chunk(NEXT)[:-300]), "broken-off"),
    "ends before the last chunk": (
        script.raw(script.export_head(NEXT, None, Content_Length=None, Transfer_Encoding="chunked"),
                   script.chunk(NEXT)), "broken-off"),
    "speaks no HTTP": (script.raw(b"220 mail.example ESMTP\r\n" * 20), "broken-off"),
    "answers 500": (script.status(500, "Internal Server Error"), "bad-status"),
    "answers 401": (script.status(401, "Unauthorized"), "unauthorized"),
    "answers 404": (script.status(404, "Not Found"), "not-found"),
    "redirects to another host": (
        script.status(302, "Found", Location="http://{}:{}/".format(*ELSEWHERE)), "redirected"),
    "sends HTML with 200": (script.status(200, "OK", HTML, Content_Type="text/html"), "wrong-type"),
    "sends a wrong digest": (
        script.raw(script.export_head(NEXT, Content_Digest=exports.content_digest(CLOUD)), NEXT), "wrong-digest"),
    "sends no digest": (script.raw(script.export_head(NEXT, Content_Digest=None), NEXT), "wrong-digest"),
    "promises 1 GB": (script.raw(script.export_head(NEXT, 1 << 30), NEXT), "too-large"),
    "is older": (with_header(",".join(column for column in exports.COLUMNS if column != "weight")), "older-format"),
    "is newer": (with_header(",".join(exports.COLUMNS + ["zone"])), "newer-format"),
    "breaks a rule": (csv(NEXT.replace(b",7\n", b",70000\n", 1)), "invalid"),
    "gives marks of others": (csv(NEXT.replace(b",257,", b",200,")), "foreign-marks"),
}


@pytest.fixture(scope="module")
def token(daemons):
    path = daemons.folder / "token"
    path.write_text("secret-of-gw1\n")
    return path


@pytest.fixture(scope="module")
def settings(scripted, token):
    return {"admin-url": scripted.url, "timeout": TIMEOUT, "token-file": token, "audit-interval": 1}


@pytest.fixture(scope="module")
def daemon(daemons, scripted, settings):
    """The daemon, the first export applied."""
    scripted.serve(CLOUD)
    program = daemons.start(settings)
    program.has_applied(exports.etag(CLOUD))
    return program


@pytest.fixture
def elsewhere(network):
    """Another host, to which nobody ever comes."""
    other = script.ScriptedAdmin(network.gateway, *ELSEWHERE)
    yield other
    other.go()
    assert other.requests == []


def failing(daemon, fault, times=1):
    """The last poll, once so many in a row have failed, the last with this fault."""
    poll = daemon.status.get("poll", {})
    return poll if poll.get("fault") == fault and poll["failures"] >= times else None


def polls(daemon, result):
    return daemon.metrics().get(f'portcullis_gateway_polls_total{{result="{result}"}}', 0)


@pytest.mark.parametrize("name", FAULTS)
def test_the_kernel_stays_as_it_is_when_admin(name, network, daemon, scripted, elsewhere):
    answer, fault = FAULTS[name]
    before, counted = witnesses.kernel(network.gateway), polls(daemon, fault)
    began = time.monotonic()
    if answer:
        scripted.answer = answer
    else:
        scripted.go()
    try:
        poll = eventually(lambda: failing(daemon, fault, times=2), what=f"two polls with the fault {fault}")
        eventually(lambda: polls(daemon, fault) >= counted + 2, what="the polls in the metrics")
        assert witnesses.kernel(network.gateway) == before
        assert daemon.status["state"] == "synchronized"
        assert f"error {poll['error']}\n" in daemon.text
    finally:
        if not answer:
            scripted.come()
        scripted.serve(CLOUD)
    eventually(lambda: "error" not in daemon.status["poll"], what="ADMIN answering again")
    assert witnesses.kernel(network.gateway) == before

    asked = [request for request in scripted.requests if request.began > began]
    assert len(asked) <= time.monotonic() - began + 2, "polls come more often than each second"
    assert scripted.overlaps == []
    assert all(request.header("Authorization") == "Bearer secret-of-gw1" for request in asked)


def test_an_export_without_end_does_not_fill_the_memory(daemons, daemon, scripted, settings, network):
    """Refused beyond 64 MiB, which is all that may be in memory at a time; all of it goes back to the system."""
    before = witnesses.kernel(network.gateway)
    patient = daemons.start({**settings, "timeout": 60})
    patient.has_applied(exports.etag(CLOUD))
    at_first = patient.memory()
    resident = []
    for _ in range(3):
        scripted.answer = script.endless(NEXT)
        eventually(lambda: failing(patient, "too-large"), 180, "the poll being refused")
        # With nothing on its way to it.
        scripted.serve(CLOUD)
        eventually(lambda: "error" not in patient.status["poll"], 180, "ADMIN answering again")
        resident.append(patient.memory())
    assert patient.memory("VmHWM") - at_first < 192 << 10
    assert max(resident) < at_first + (16 << 10)
    assert witnesses.kernel(network.gateway) == before


def test_a_304_to_a_first_request_is_no_export(daemons, scripted, settings, network):
    before = witnesses.kernel(network.gateway)
    scripted.answer = script.raw(script.head(304, "Not Modified", ETag=exports.etag(CLOUD)))
    newcomer = daemons.start(settings, folder="newcomer")
    eventually(lambda: failing(newcomer, "bad-status", times=2))
    assert newcomer.status["state"] == "waiting"
    assert witnesses.kernel(network.gateway) == before


def test_the_last_good_export_serves_after_a_restart_with_admin_away(daemons, scripted, settings, network):
    scripted.serve(CLOUD)
    daemons.start(settings).has_applied(exports.etag(CLOUD))
    daemons.stop()
    full = witnesses.content(network.gateway)
    witnesses.clear(network.gateway)
    scripted.go()

    daemon = daemons.start(settings)
    daemon.has_applied(exports.etag(CLOUD))
    eventually(lambda: failing(daemon, "unreachable"))
    assert witnesses.content(network.gateway) == full
    assert daemon.run("status").returncode == 0
    scripted.come()
    scripted.serve(NEXT)
    daemon.has_applied(exports.etag(NEXT))
