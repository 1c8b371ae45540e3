"""States of servers and services by commands: all or nothing, with an end, by what the services have in common."""

import json
import re

from portcullis_testing.waiting import eventually


def state(admin, service):
    """The effective state of a service, as the list has it."""
    line = next(line for line in admin.portcullis("services").splitlines() if line.split()[0] == service)
    return re.split(r"  +", line)[3]


def test_a_servers_state_lies_over_those_of_its_services(admin):
    admin.portcullis("services", "maint", "tg.1")
    before = admin.portcullis("get", "cloud")
    report = admin.portcullis("servers", "drain", "app1", "app2")
    assert "~  server  app1  app server at tcn" in report and "→ drain: app server at tcn" in report
    on = {service["name"]: service["server"]
          for service in json.loads(admin.portcullis("services", "-o", "json"))}
    there = [name for name, server in on.items() if server in ("app1", "app2") and name != "tg.1"]
    assert len(there) >= 2 and all(state(admin, name) == "drain (server)" for name in there)
    assert state(admin, "tg.1") == "maint"
    assert "drain (server)" in admin.portcullis("services", "show", there[0])
    assert re.search(r"its own +ready", admin.portcullis("services", "show", there[0]))
    assert set(there) == {service["name"] for service in json.loads(
        admin.portcullis("services", "--state", "drain", "-o", "json"))}
    shown = admin.portcullis("servers", "show", on[there[0]])
    assert re.search(r"state +drain", shown) and there[0] in shown
    assert "drain" in admin.portcullis("servers", "list", "--location", "tcn")
    # A file that says nothing of states leaves them; what `get cloud` wrote brings them back.
    drained = admin.portcullis("get", "cloud")
    assert "state: drain" in drained
    assert admin.portcullis("apply", "-f", "-", text=before) == "no changes\n"
    admin.portcullis("servers", "ready", "app1", "app2")
    assert admin.portcullis("get", "cloud") == before
    admin.portcullis("apply", "-f", "-", text=drained)
    assert admin.portcullis("get", "cloud") == drained


def test_of_several_names_all_change_or_none(admin):
    before = admin.portcullis("get", "cloud")
    for words in (("servers", "drain", "app1", "app9", "app2"), ("services", "maint", "pgw.1", "pgw.99")):
        assert "there is no" in admin.portcullis(*words, status=1)
        assert admin.portcullis("get", "cloud") == before
    assert "servers.1: there is no server \"app9\"" in admin.portcullis(
        "servers", "drain", "app1", "app9", status=1)
    assert admin.command("servers", "drain").returncode == 64
    assert admin.command("services", "drain", "tg.1", "--type", "tg").returncode == 64
    assert admin.command("services", "drain").returncode == 64


def test_services_are_selected_and_more_than_a_handful_wants_a_yes(admin):
    admin.portcullis("types", "put", "/dev/stdin", text="type: job\nrequires: {server: app}\n")
    admin.portcullis("services", "scale", "job", "12")
    refused = admin.command("services", "drain", "--type", "job")
    assert refused.returncode == 1 and "~  service  job.1" in refused.stdout
    assert refused.stderr == "Error: 12 services would change; nothing was changed\nIf that is meant, say --yes.\n"
    assert state(admin, "job.1") == "ready"
    assert "12 changed" in admin.portcullis("services", "drain", "--type", "job", "--yes")
    assert "2 changed" in admin.portcullis("services", "ready", "--type", "job", "--server", "app1")
    assert "no service is selected" in admin.portcullis(
        "services", "drain", "--type", "job", "--server", "db1", status=1)


def test_a_state_ends_by_itself_over_a_restart_with_an_event(admin):
    admin.portcullis("servers", "drain", "app1", "--for", "4s")
    admin.portcullis("services", "maint", "tg.1", "--for", "2h")
    assert re.fullmatch(r"maint, 1\d\d min left", state(admin, "tg.1"))
    assert re.search(r"state +drain, \d s left", admin.portcullis("servers", "show", "app1"))
    admin.stop()
    admin.start()
    eventually(lambda: not re.search(r"state +drain", admin.portcullis("servers", "show", "app1")), 30)
    events = admin.portcullis("events")
    assert re.search(r"clock +update +server +app1 +drain until \S+: app server.* → app server", events), events
    admin.portcullis("services", "maint", "tg.1")
    assert state(admin, "tg.1") == "maint"
    for wrong in ("2", "h", "0s", "400d", "-1s", "2 h"):
        assert admin.command("services", "drain", "tg.1", f"--for={wrong}").returncode == 64, wrong
    assert admin.command("services", "ready", "tg.1", "--for", "2h").returncode == 64


def test_a_change_is_waited_for_and_what_is_open_is_named(admin):
    alone = admin.command("services", "drain", "tg.1", "--wait")
    assert alone.returncode == 0
    assert alone.stderr == "Note: ADMIN knows no gateway of tcn: nothing was waited for there.\n"
    assert admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1")[0] == 200
    silent = admin.command("services", "ready", "tg.1", "--wait", "--timeout", "2")
    assert silent.returncode == 1 and "weight 0 → 100" in silent.stdout
    assert silent.stderr.startswith("waiting: gw1 of tcn not confirmed\nError: still open after 2 s:\n  gw1 of tcn has not confirmed")
    assert admin.command("services", "ready", "tg.1", "--wait", "--without-gateway", "gw1").returncode == 0
    assert admin.command("services", "ready", "tg.1", "--without-gateway", "gw1").returncode == 64
    # What changes no export has nothing to wait for; a location that goes has nobody to confirm it.
    admin.portcullis("types", "put", "/dev/stdin", "--wait", text="type: job\n")
    admin.portcullis("services", "remove", *[f"{kind}.{index}" for kind in ("pgw", "tg") for index in (4, 5)], "--wait")
    etag = admin.curl("/v1/locations/tcn/services.csv")[1]["etag"]
    for command in ("weight", "scale"):
        words = ("tg.1", "7") if command == "weight" else ("tg", "2")
        with admin.start_command("services", command, *words, "--wait", "--timeout", "30") as waiting:
            waiting.wait_for("gw1 of tcn not confirmed")
            new = eventually(lambda: (tag := admin.curl("/v1/locations/tcn/services.csv")[1]["etag"]) != etag and tag)
            admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1", "-H",
                       f"Portcullis-Applied: {new}")
            assert waiting.wait(30) == 0, waiting.text
        etag = new
