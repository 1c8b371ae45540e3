"""What a gateway shows to the outside: one writer, status, metrics, systemd's notifications."""

import json
import signal
import socket
import time

import pytest

from portcullis_testing import exports, scripted as script, witnesses
from portcullis_testing.processes import result
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "audit-interval": 1}


def test_there_is_one_writer(daemon, network):
    before = witnesses.kernel(network.gateway)
    for command in ("sync", "run", "flush"):
        refused = daemon.run(command)
        assert refused.returncode == 1
        assert f"held by portcullis-gateway run, process {daemon.pid}" in refused.stderr
    # Looking is free.
    assert daemon.run("sync", "--plan").returncode == 0
    assert witnesses.kernel(network.gateway) == before
    assert daemon.status["process"] == daemon.pid


def test_status_for_people_and_for_programs(daemon, daemons):
    told, data = daemon.run("status"), daemon.run("status", "--output", "json")
    assert (told.returncode, data.returncode, told.stderr, data.stderr) == (0, 0, "", "")
    assert told.stdout.startswith("gw1 follows tcn, active: synchronized\n")
    for line in (f"daemon    process {daemon.pid}, up ", f"applied   {exports.etag(CLOUD)[1:13]}  ",
                 "24 rows, 6 virtual services, 18 real servers, 26 set elements"):
        assert line in told.stdout
    status = json.loads(data.stdout)
    assert (status["state"], status["applied"]["etag"], status["process"]) == ("synchronized", exports.etag(CLOUD), daemon.pid)

    daemons.kill()
    for words in ((), ("--output", "json")):
        told = daemon.run("status", *words)
        assert (told.returncode, told.stderr) == (1, "the daemon does not run: this is what it said last\n")
    # The lock went with its holder.
    assert daemon.run("sync").returncode == 0


def test_promtool_finds_nothing_wrong_with_the_metrics(daemon):
    path = daemon.folder / "run/metrics.prom"
    eventually(path.exists, what="the metrics")
    text = path.read_text()
    checked = result("promtool", "check", "metrics", input=text)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    metrics = daemon.metrics()
    assert metrics['portcullis_gateway_state{state="synchronized"}'] == 1
    assert metrics['portcullis_gateway_state{state="failing"}'] == 0
    assert metrics["portcullis_gateway_export_held"] == 0
    # The witness finds faults.
    assert result("promtool", "check", "metrics", input=text.replace("# HELP", "# Help")).returncode != 0


class ServiceManager:
    """Hears what systemd would."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "3000000"}

    def hear(self):
        """All that has come so far: (when, what)."""
        while True:
            try:
                self.heard.append((time.monotonic(), self.socket.recv(4096, socket.MSG_DONTWAIT).decode()))
            except BlockingIOError:
                return [text for _, text in self.heard]


@pytest.fixture
def manager(tmp_path):
    made = ServiceManager(tmp_path)
    yield made
    made.socket.close()


def test_systemd_hears_ready_only_with_an_export_in_force(daemons, scripted, settings, network, manager):
    scripted.answer = script.status(503, "Service Unavailable")
    daemon = daemons.start_anew(settings, environment=manager.environment)
    eventually(lambda: daemon.status.get("poll", {}).get("failures", 0) >= 3, what="failing polls")
    eventually(lambda: manager.hear().count("WATCHDOG=1") >= 3, what="signs of life while polls fail")
    assert set(manager.hear()) == {"WATCHDOG=1"}
    assert witnesses.ipvs(network.gateway) == {}

    scripted.serve(CLOUD)
    eventually(lambda: "READY=1" in manager.hear(), what="READY")
    assert len(witnesses.ipvs(network.gateway)) == 6
    assert witnesses.table(network.gateway)["set"]["ports4"]["elem"]
    signs = manager.hear().count("WATCHDOG=1")
    eventually(lambda: manager.hear().count("WATCHDOG=1") >= signs + 3, what="signs of life")
    daemons.stop()
    heard = manager.hear()
    assert (heard.count("READY=1"), heard[-1]) == (1, "STOPPING=1")
    assert any(text.startswith("STATUS=in agreement with export ") for text in heard)


def test_systemd_hears_ready_with_the_last_export_and_admin_away(daemon, daemons, scripted, settings, manager, network):
    folder = daemon.folder.name
    scripted.go()
    try:
        daemons.stop()
        witnesses.clear(network.gateway)
        daemons.start(settings, folder, environment=manager.environment)
        eventually(lambda: "READY=1" in manager.hear(), what="READY")
        assert len(witnesses.ipvs(network.gateway)) == 6
    finally:
        scripted.come()


def test_systemd_hears_nothing_from_a_daemon_that_hangs(daemons, scripted, settings, manager):
    scripted.serve(CLOUD)
    daemon = daemons.start_anew(settings, environment=manager.environment)
    eventually(lambda: "READY=1" in manager.hear(), what="READY")
    # A disk that hangs: the status that the daemon writes after each poll does not come to its place.
    with witnesses.Watch("strace", "-f", "-e", "trace=/^rename", "-e", "inject=/^rename:delay_enter=600s", "-p", daemon.pid,
                         ready="attached", end=signal.SIGKILL):
        # Polls have ended by then: a machine that was merely busy is none that hangs.
        eventually(
            lambda: manager.hear() and time.monotonic() - max(manager.heard[-1][0], scripted.requests[-1].began) > 4,
            what="silence for longer than the watchdog's time")
        assert daemon.is_running
        polls = len(scripted.requests)
        time.sleep(2 * settings["audit-interval"])
        assert len(scripted.requests) == polls
    daemons.kill()
