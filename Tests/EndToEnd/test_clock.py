"""The machine's clock is set while something is under way: deadlines and ages do not notice. It is the lab machine's own, set back afterwards."""

import time

import pytest

from portcullis_testing import exports, scripted as scripts, witnesses
from portcullis_testing.clock import clock_set
from portcullis_testing.exports import WWW4
from portcullis_testing.waiting import eventually

SERVER, HTTP = "10.1.0.13:8080", f"TCP {WWW4}:80"
ALL = exports.export(exports.www())
WITHOUT_APP3 = exports.export(exports.www({"app1": 100, "app2": 100}))


def weight(network):
    """None: the real server is not there."""
    return witnesses.ipvs(network.gateway)[HTTP].get(SERVER)


@pytest.fixture
def held(daemons, scripted, client):
    """Starts a daemon, and a connection to a server that its export then loses: the daemon, and the connection."""
    kept = []

    def start(**settings):
        daemon = daemons.start_anew({"admin-url": scripted.url, "interval": 1, **settings})
        scripted.give(daemon, ALL)
        while True:
            connection = client.hold(WWW4, 80)
            kept.append(connection)
            if connection.ask().server == "app3":
                break
        scripted.give(daemon, WITHOUT_APP3)
        return daemon, connection

    yield start
    for connection in kept:
        connection.close()


def test_set_forward_it_cuts_no_drain(held, scripted, network):
    daemon, connection = held(**{"drain-time": 600})
    with clock_set(3_600):
        scripted.wait_for_polls(2)
        assert weight(network) == 0
        assert connection.ask().server == "app3"
        status = daemon.run("status")
        assert (status.returncode, " connections, at most 9 min more" in status.stdout) == (0, True), status.stdout


def test_set_back_it_makes_no_drain_longer(held, network):
    _, _ = held(**{"drain-time": 5})
    with clock_set(-3_600):
        eventually(lambda: weight(network) is None, what="the drain's end")


@pytest.mark.parametrize("seconds", [-7_200, 7_200])
def test_set_between_two_runs_of_the_daemon_it_moves_no_deadline(seconds, held, daemons, scripted, network):
    daemon, connection = held(**{"drain-time": 600})
    daemon.stop()
    with clock_set(seconds):
        settings = {"admin-url": scripted.url, "drain-time": 600, "interval": 1}
        daemon = daemons.start(settings, daemon.folder.name)
        daemon.has_applied(exports.etag(WITHOUT_APP3))
        left = daemon.status["drains"][0]["until"] - time.time()
        assert 0 < left <= 600
        assert connection.ask().server == "app3"
        assert weight(network) == 0


def test_set_back_it_ages_nothing_below_zero_and_delays_no_poll(daemons, scripted):
    daemon = daemons.start_anew({"admin-url": scripted.url, "interval": 1})
    scripted.give(daemon, ALL)
    with clock_set(-7_200):
        status = daemon.run("status")
        assert (status.returncode, "up -" in status.stdout) == (0, False), status.stdout
        assert daemon.run("check").returncode == 0
        answer = scripted.answer
        scripted.answer = scripts.status(503, "Service Unavailable")
        try:
            eventually(lambda: daemon.status["poll"]["failures"] >= 2, what="failed polls")
            # By the wall clock of now, for people.
            assert abs(daemon.status["poll"]["at"] - time.time()) < 60
        finally:
            scripted.answer = answer
