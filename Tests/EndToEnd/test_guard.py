"""An export that withdraws too much is held back until an operator decides."""

import json
import re

import pytest

from portcullis_testing import exports, witnesses
from portcullis_testing.admin import ADMIN_URL
from portcullis_testing.exports import WWW4
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
# 10 of the 12 public endpoints are gone.
FEW = exports.export(exports.www())
EMPTY = exports.export()


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "audit-interval": 1, "drain-time": 0}


def is_held(daemon, etag, reason, decided=False):
    held = eventually(
        lambda: (found := daemon.status.get("held")) and (found["etag"], found["isRejected"]) == (etag, decided) and found,
        what=f"{etag} being held")
    assert any(re.search(reason, text) for text in held["reasons"]), held
    assert daemon.status["state"] == "held"
    return etag[1:13]


@pytest.mark.parametrize("data, reason", [(FEW, "withdraws 10 of 12 public endpoints; at most 50 %"),
                                          (EMPTY, "it is empty: all 12 public endpoints would go")], ids=["few", "empty"])
def test_an_export_that_withdraws_most_waits_for_accept(daemon, scripted, network, client, data, reason):
    before, etag = witnesses.kernel(network.gateway), exports.etag(data)
    scripted.serve(data)
    prefix = is_held(daemon, etag, reason)
    scripted.wait_for_polls(3)
    assert witnesses.kernel(network.gateway) == before
    told = daemon.run("status")
    assert told.returncode == 1 and f"portcullis-gateway accept {prefix}" in told.stdout
    assert f"export {prefix} is held back: " in daemon.text
    eventually(lambda: daemon.metrics().get("portcullis_gateway_export_held") == 1)
    # ADMIN is told with each poll.
    assert scripted.requests[-1].header("Portcullis-Held") == etag
    assert re.search(reason, scripted.requests[-1].header("Portcullis-Held-Reason"))

    for wrong in ("0" * 12, prefix[:7], exports.etag(CLOUD)[1:13]):
        refused = daemon.run("accept", wrong)
        assert refused.returncode == 1 and prefix in refused.stderr
    assert daemon.run("accept", prefix).returncode == 0
    daemon.has_applied(etag)
    eventually(lambda: {service.split()[0] for service in witnesses.ipvs(network.gateway)} <= {"TCP"}, what="the end")
    kept = {f"TCP {WWW4}:80", f"TCP [{exports.WWW6}]:80"} if data == FEW else set()
    eventually(lambda: set(witnesses.ipvs(network.gateway)) == kept, what="only the rest being there")
    assert "held" not in daemon.status
    assert daemon.run("accept", prefix).returncode == 1


def test_a_rejected_export_stays_back_and_another_one_is_judged_afresh(daemon, daemons, settings, scripted, network):
    before = witnesses.kernel(network.gateway)
    scripted.serve(FEW)
    prefix = is_held(daemon, exports.etag(FEW), "10 of 12")
    assert daemon.run("reject", prefix).returncode == 0
    is_held(daemon, exports.etag(FEW), "10 of 12", decided=True)
    eventually(lambda: scripted.requests[-1].header("Portcullis-Held-Decision") == "rejected")

    # It is remembered over a restart, and the export in force goes on.
    folder = daemon.folder.name
    daemon = daemons.start(settings, folder)
    is_held(daemon, exports.etag(FEW), "10 of 12", decided=True)
    assert witnesses.kernel(network.gateway) == before

    scripted.serve(EMPTY)
    is_held(daemon, exports.etag(EMPTY), "empty")
    scripted.serve(CLOUD)
    eventually(lambda: "held" not in daemon.status, what="nothing being held")
    assert (daemon.status["state"], witnesses.kernel(network.gateway)) == ("synchronized", before)


def test_most_servers_of_an_endpoint_do_not_go_at_once(daemon, scripted, network):
    def four(**weights):
        return exports.export(exports.www(dict.fromkeys(("app1", "app2", "app3", "app4"), 100) | weights), exports.devices())

    scripted.give(daemon, four())
    before = witnesses.kernel(network.gateway)
    three_drained = four(app2=0, app3=0, app4=0)
    scripted.serve(three_drained)
    is_held(daemon, exports.etag(three_drained), rf"port 80/tcp on {re.escape(WWW4)} loses 3 of 4 ready servers")
    assert witnesses.kernel(network.gateway) == before
    # Half of them may.
    scripted.give(daemon, four(app3=0, app4=0))
    assert witnesses.real_servers(network.gateway, f"TCP {WWW4}:80") == {"10.1.0.11:8080", "10.1.0.12:8080"}


def test_a_cloud_of_one_service_can_remove_it(daemons, scripted, settings, network):
    daemon = daemons.start_anew(settings)
    scripted.give(daemon, FEW)
    assert witnesses.ipvs(network.gateway)
    scripted.give(daemon, EMPTY)
    eventually(lambda: witnesses.ipvs(network.gateway) == {}, what="all being removed")
    assert "held" not in daemon.status


def test_admin_shows_what_a_gateway_holds_back(daemons, operator, network):
    def heartbeat():
        found = json.loads(network.gateway.run("curl", "-sSf", f"{ADMIN_URL}/v1/gateways"))
        found = found if isinstance(found, list) else next(iter(found.values()))
        return next((gateway for gateway in found if gateway["name"] == "guarded"), {})

    daemon = daemons.start_anew({"name": "guarded", "guard.servers-floor": 1, "drain-time": 0})
    try:
        daemon.follow(operator)
        applied = operator.etag()
        eventually(lambda: heartbeat().get("inSync"), what="ADMIN knowing of it")
        # In one step: the command line would take two, and half of it is no reason to ask.
        operator.edit("cloud.yaml", "  pgw.1: app1\n  pgw.2: app2\n",
                      "  pgw.1: {server: app1, state: maint}\n  pgw.2: {server: app2, state: maint}\n")
        operator.apply()
        etag = operator.etag()
        prefix = is_held(daemon, etag, "loses 2 of 3 ready servers")
        shown = eventually(lambda: (found := heartbeat()).get("held") and found, what="ADMIN showing it")
        assert (shown["applied"], shown["inSync"], shown["held"]["etag"]) == (applied, False, etag)
        assert "loses 2 of 3 ready servers" in shown["held"]["reason"]
        assert "HELD BACK" in operator.run("gateways")

        assert daemon.run("accept", prefix).returncode == 0
        daemon.follow(operator)
        shown = eventually(lambda: (found := heartbeat()).get("inSync") and found)
        assert not shown.get("held")
    finally:
        # ADMIN waits for every gateway that it knows: scenarios after this one would wait for a daemon that is no more.
        daemons.stop()
        operator.run("gateways", "forget", "guarded")
        operator.reset()
