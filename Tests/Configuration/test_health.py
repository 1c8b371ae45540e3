"""What ADMIN and the operator's command line show of health, as scripted gateways report it."""

import json
import re

import pytest

from portcullis_testing.repository import FIXTURES
from portcullis_testing.waiting import eventually

SINCE = "2026-11-29T01:00:00Z"


class Gateway:
    """A gateway that polls and reports by curl."""

    def __init__(self, admin, name):
        self.admin, self.name, self.sequence = admin, name, 0
        assert admin.curl("/v1/locations/tcn/services.csv", "-H", f"Portcullis-Gateway: {name}")[0] == 200

    def report(self, down=(), **health):
        self.sequence += 1
        refused = {"target": "10.1.0.11:8080", "since": SINCE, "reason": "connection refused"}
        health = {"inForce": True, "targets": 3, "unknown": 0, "down": {name: refused for name in down},
                  "downCount": len(down), "downInstances": len(down), **health}
        report = {"program": "1.0", "state": "synchronized", "drains": {}, "drainCount": 0, "refusals": {}, "problems": [],
                  "health": health}
        body = json.dumps({"session": "a", "sequence": self.sequence, "report": report})
        status, _, text = self.admin.curl(f"/v1/gateways/tcn/{self.name}/report", "-H", "Content-Type: application/json",
                                          "-d", body)
        assert status == 200, text


@pytest.fixture
def gateways(admin):
    """The gateways of tcn; services of pgw are checked."""
    source = (FIXTURES / "types/pgw.yaml").read_text().replace("    scheduler: wlc\n", "    scheduler: wlc\n    check: tcp\n")
    admin.portcullis("types", "put", "/dev/stdin", text=source)
    return [Gateway(admin, name) for name in ("gw1", "gw2")]


def column(admin, *words):
    """HEALTH of each service of the list."""
    lines = admin.portcullis("services", "list", "--no-headers", *words).splitlines()
    return {line.split()[0]: re.split(r"  +", line)[5] for line in lines}


def sentences(admin, *words):
    return [event["after"] for event in json.loads(admin.portcullis("events", "--kind", "health", *words, "-o", "json"))]


def test_services_tell_what_gateways_say_of_them(admin, gateways):
    one, two = gateways
    assert set(column(admin, "--type", "pgw").values()) == {"unknown"}
    assert set(column(admin, "--type", "tg").values()) == {"-"}
    one.report()
    assert column(admin, "--type", "pgw", "--location", "tcn") == {"pgw.1": "up", "pgw.2": "up", "pgw.3": "up"}
    assert column(admin, "--location", "hel")["pgw.4"] == "unknown"
    one.report(["pgw.1/http"])
    two.report(["pgw.1/http", "pgw.2/http"])
    admin.portcullis("services", "maint", "pgw.3")
    assert column(admin, "--type", "pgw", "--location", "tcn") == {
        "pgw.1": "down (gw1, gw2)", "pgw.2": "down (gw2)", "pgw.3": "-"}
    assert admin.portcullis("services", "--health", "down", "-o", "name").split() == ["pgw.1", "pgw.2"]
    assert admin.portcullis("services", "--health", "unknown", "-o", "name").split() == ["pgw.4", "pgw.5"]
    assert admin.portcullis("services", "--health", "up", "-o", "name").split() == []
    for words in (["--watch"], ["--limit", "1"]):
        assert "exclude each other" in admin.command("services", "--health", "up", *words).stderr

    shown = admin.portcullis("services", "show", "pgw.2")
    assert re.search(r"^SECTION +GATEWAY +HEALTH +SINCE +LAST FAILURE$", shown, re.M)
    assert re.search(r"^http +gw1 +up$", shown, re.M)
    assert re.search(rf"^http +gw2 +down +{SINCE} +connection refused \(10\.1\.0\.11:8080\)$", shown, re.M)
    assert [row["health"] for row in json.loads(admin.portcullis("services", "show", "pgw.2", "-o", "json"))["health"]] == [
        "up", "down"]
    assert "LAST FAILURE" not in admin.portcullis("services", "show", "tg.1")

    shown = admin.portcullis("gateways", "show", "gw2")
    assert "health    3 servers are checked, 2 down\n" in shown
    assert f"down      pgw.2/http, connection refused (10.1.0.11:8080), since {SINCE}" in shown


def test_who_is_not_named_in_a_cut_report_is_not_up(admin, gateways):
    one, _ = gateways
    one.report(["pgw.1/http"], downCount=1, downInstances=3)
    assert column(admin, "--type", "pgw", "--location", "tcn") == {
        "pgw.1": "down (gw1)", "pgw.2": "unknown", "pgw.3": "unknown"}
    assert "down      2 more that the report leaves out\n" in admin.portcullis("gateways", "show", "gw1") + "\n"


def test_gateways_say_where_verdicts_do_not_count_or_weights_hold(admin, gateways):
    one, two = gateways
    one.report(holdsUntil=SINCE)
    two.report(["pgw.1/http"], inForce=False)
    listed = admin.portcullis("gateways")
    assert f"weights hold at gw1 of tcn until {SINCE}: too many servers failed at once, 0 are down" in listed
    assert "verdicts of gw2 of tcn do not count: no prober; servers count as ADMIN says" in listed
    assert column(admin, "--type", "pgw")["pgw.1"] == "up"
    status, _, text = admin.curl("/v1/health?type=pgw&location=tcn")
    health = json.loads(text)
    assert status == 200 and health["sections"] == [{"type": "pgw", "section": "http"}] and health["down"] == []
    assert [gateway["inForce"] for gateway in health["gateways"]] == [True, False]


def test_changed_verdicts_are_events_and_a_flood_of_them_is_few(admin, gateways):
    one, _ = gateways
    one.report(["pgw.2/http"])
    one.report(["pgw.1/http", "pgw.2/http"])
    one.report()
    one.report(inForce=False)
    expected = [
        "pgw.1/http is down at gw1: connection refused (10.1.0.11:8080)", "pgw.1/http is up again at gw1",
        "pgw.2/http is up again at gw1", "verdicts of gw1 no longer count: no prober"]
    eventually(lambda: sentences(admin) == expected, what="the events")
    assert sentences(admin, "--name", "pgw.1") == expected[:2]
    assert "health" in admin.portcullis("events", "--name", "pgw.1")
    one.report()
    for _ in range(20):
        one.report(["pgw.1/http", "pgw.2/http", "pgw.3/http"])
        one.report()
    eventually(lambda: len(sentences(admin)) >= 21, what="the events")
    assert len(sentences(admin)) == 22  # 20 of instances, 2 of the gateway

    # The first report after a restart is no change.
    admin.stop()
    admin.start()
    Gateway(admin, "gw1").report(["pgw.1/http"])
    one.report(["pgw.1/http", "pgw.2/http"])
    eventually(lambda: sentences(admin)[-1].startswith("pgw.2/http is down"), what="the event")
    assert not any(sentence.startswith("pgw.1") for sentence in sentences(admin)[22:])
