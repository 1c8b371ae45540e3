"""Reading the cloud: lists by the page and held, watched tables, discovery, and what the shell completes."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import time

import pytest

from portcullis_testing.completion import completed
from portcullis_testing.processes import Process, result
from portcullis_testing.repository import FIXTURES, binary
from portcullis_testing.waiting import eventually

SERVICES = ["pgw.1", "pgw.2", "pgw.3", "pgw.4", "pgw.5"]


def link(headers):
    """The target of the next page."""
    found = re.fullmatch(r'<(.*)>; rel="next"', headers.get("link", ""))
    return found and found[1]


def requests(admin, path):
    """How many requests for a path ADMIN has logged, held ones when they were answered."""
    return len(re.findall(rf"GET {re.escape(path)}(?:\?\S*)? \d{{3}}", admin.log.read_text()))


class Running(Process):
    """A command that goes on, with what it prints."""

    def __init__(self, admin, *words, **environment):
        super().__init__(binary("portcullis"), *words,
                         environment={"PORTCULLIS_ADMIN_URL": admin.url, **environment})

    def shows(self, text):
        eventually(lambda: text in self.text, what=f"{text!r} in {self.text!r}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)


@pytest.fixture
def watching(admin):
    with contextlib.ExitStack() as stack:
        yield lambda *words, **environment: stack.enter_context(Running(admin, *words, **environment))


def test_a_list_is_read_by_the_page_while_it_changes(admin):
    names, path = [], "/v1/services?type=pgw&limit=2&fields=name"
    while path:
        status, headers, body = admin.curl(path)
        assert status == 200
        names += [service["name"] for service in json.loads(body)]
        path = link(headers)
        if len(names) == 2:
            for gone in ("pgw.1", "pgw.2", "pgw.4"):
                admin.portcullis("services", "remove", gone)
    assert names == ["pgw.1", "pgw.2", "pgw.3", "pgw.5"]
    status, _, body = admin.curl("/v1/services?after=forged")
    assert (status, json.loads(body)["errors"][0]["pointer"]) == (422, "?after")


def test_events_are_found_by_kind_name_actor_and_time(admin):
    before = admin.portcullis("events", "-o", "json", "--limit", "1")
    last = json.loads(before)[0]
    token = admin.add_token("ci", "admin")
    admin.token = token
    admin.portcullis("services", "drain", "pgw.1")
    admin.portcullis("servers", "set", "app1", "--label", "old")

    def names(*words):
        return admin.portcullis("events", "-o", "name", *words).split()

    assert names("--actor", "ci") == ["pgw.1", "app1"]
    assert names("--kind", "server", "--after", last["id"]) == ["app1"]
    assert names("--name", "pgw.1") == ["pgw.1", "pgw.1"]
    assert names("--since", "1h", "--actor", "ci", "--kind", "service") == ["pgw.1"]
    assert names("--until", "2020-01-01T00:00:00Z") == []
    assert "--since" in admin.command("events", "--since", "soon").stderr
    assert admin.command("events", "--kind", "rack").returncode == 64


def test_followed_events_come_by_held_requests(admin, watching):
    follow = watching("events", "--follow", "--limit", "1", "--kind", "service", "-o", "name")
    eventually(lambda: follow.text, what="the newest event")
    time.sleep(3)
    asked = requests(admin, "/v1/events")
    admin.portcullis("services", "drain", "pgw.1")
    follow.shows("pgw.1\n")
    admin.portcullis("services", "maint", "tg.2")
    follow.shows("tg.2\n")
    # The first page, one that finds the last event again, and for each event the held answer and the next.
    assert requests(admin, "/v1/events") - asked <= 5 and asked <= 3, admin.log.read_text()[-3000:]
    admin.token = admin.add_token("ops", "admin")
    eventually(lambda: not follow.is_running, what="the end without a token")
    assert "token" in follow.text


def test_followed_events_go_on_after_a_restart_of_admin(admin, watching):
    admin.port = int(admin.url.rpartition(":")[2])
    follow = watching("events", "--follow", "--limit", "0", "-o", "name")
    eventually(lambda: requests(admin, "/v1/events"), what="the first request")
    admin.stop()
    follow.shows("waiting for it")
    admin.start()
    admin.portcullis("services", "drain", "pgw.1")
    follow.shows("answers again")
    follow.shows("pgw.1\n")


def test_a_watched_table_is_sent_again_only_when_it_has_changed(admin, watching):
    watch = watching("services", "list", "--type", "pgw", "--watch")
    watch.shows("pgw.5")
    time.sleep(3)
    lists = requests(admin, "/v1/services")
    assert lists <= 2 and requests(admin, "/v1/servers") <= 2
    # What it does not show does not reach it.
    for state in ("drain", "ready", "maint"):
        admin.portcullis("services", state, "tg.1")
    time.sleep(1)
    assert requests(admin, "/v1/services") == lists
    admin.portcullis("services", "drain", "pgw.2")
    watch.shows("\npgw.2    app2      tcn       drain       -  -\n")
    admin.portcullis("services", "remove", "pgw.5")
    watch.shows("\npgw.5    hel-app2  hel       ready       -  -  (removed)\n")
    lines = watch.text.splitlines()
    assert lines[0].startswith("SERVICE") and len(lines) == 8, lines
    watch.interrupt()


def test_other_tables_are_watched_too_and_programs_get_an_object_a_line(admin, watching):
    servers = watching("servers", "list", "-w", "-o", "json", "--kind", "db")
    servers.shows('"name":"hel-db1"')
    gateways = watching("gateways", "--watch", "--no-headers")
    events = watching("events", "--watch", "--limit", "0", "-o", "json")
    eventually(lambda: requests(admin, "/v1/gateways"), what="the first list of gateways")
    admin.portcullis("servers", "add", "db9", "--location", "tcn", "--kind", "db", "--address", "10.1.0.99")
    servers.shows('"name":"db9"')
    events.shows('"name":"db9"')
    admin.portcullis("servers", "remove", "db9")
    servers.shows('"removed":true')
    assert all(json.loads(line) for line in servers.text.splitlines())
    admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw7")
    gateways.shows("gw7      tcn")
    asked = requests(admin, "/v1/gateways")
    for _ in range(5):
        admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw7")
    time.sleep(1)
    assert requests(admin, "/v1/gateways") == asked


def test_a_terminal_is_drawn_anew_and_shows_states_in_colors(admin):
    def shown(*words, until, act=None, **more):
        end, slave = pty.openpty()
        environment = {"PORTCULLIS_ADMIN_URL": admin.url, "TERM": "xterm", **more}
        with Process(binary("portcullis"), *words, environment=environment, stdin=slave, stdout=slave, stderr=slave) as run:
            os.close(slave)
            text = ""
            deadline = time.monotonic() + 60
            while until not in text and time.monotonic() < deadline:
                try:
                    text += os.read(end, 4096).decode()
                except OSError:
                    break
                if act and "pgw.1" in text:
                    act()
                    act = None
            run.kill()
        os.close(end)
        assert until in text, text
        return text

    assert "\x1b[32mready\x1b[0m" in shown("services", "--type", "pgw", until="pgw.5    hel-app2  hel       \x1b[32mready\x1b[0m")
    assert "\x1b" not in shown("services", "--type", "pgw", until="pgw.5    hel-app2  hel       ready", NO_COLOR="1")
    assert "\x1b" not in shown("services", "--type", "pgw", until="pgw.5    hel-app2  hel       ready", TERM="dumb")
    text = shown("services", "--type", "pgw", "--watch", until="\x1b[31mmaint\x1b[0m",
                 act=lambda: admin.portcullis("services", "maint", "pgw.3"))
    assert text.count("\x1b[H\x1b[2J") == 2
    assert "\x1b" not in admin.portcullis("services")


def test_a_table_is_not_watched_where_admin_never_was():
    done = result(binary("portcullis"), "services", "--watch", env={"PORTCULLIS_ADMIN_URL": "http://127.0.0.1:1"})
    assert done.returncode == 1 and "cannot be reached" in done.stderr


def test_results_come_as_yaml_names_and_wide_tables(admin):
    assert admin.portcullis("services", "--type", "pgw", "-o", "name").split() == SERVICES
    assert admin.portcullis("services", "--type", "pgw", "-o", "name", "--sort=-name", "--limit", 2).split() == ["pgw.5", "pgw.4"]
    assert admin.portcullis("servers", "-o", "name", "--kind", "db").split() == ["db1", "db2", "hel-db1"]
    wide = admin.portcullis("services", "--type", "pgw", "-o", "wide").splitlines()
    assert wide[0].split() == ["SERVICE", "SERVER", "LOCATION", "STATE", "WEIGHT", "HEALTH", "LINK", "KIND", "ADDRESSES"]
    assert wide[1].split()[-2:] == ["10.1.0.11", "fd00:1::11"]
    assert admin.portcullis("services", "pgw.1", "-o", "yaml").splitlines()[-1] == "  weight: null"
    assert "SERVICES" in admin.portcullis("servers", "-o", "wide")
    assert admin.portcullis("locations", "--no-headers", "-o", "table").split()[0] == "hel"
    assert admin.portcullis("services", "drain", "pgw.1", "-o", "name") == "pgw.1\n"
    assert admin.portcullis("config", "show", "pgw.1", "-o", "name", status=64) == ""


def test_a_name_behind_a_kind_is_shown_and_a_mistyped_command_told(admin):
    assert admin.portcullis("services", "pgw.1") == admin.portcullis("services", "show", "pgw.1")
    assert admin.portcullis("types", "tg") == admin.portcullis("types", "show", "tg")
    server = admin.portcullis("servers", "app1", "-o", "json")
    assert [service["name"] for service in json.loads(server)["services"]] == ["pgw.1", "tgctl.1", "tgstm.1"]
    admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1")
    assert admin.portcullis("gateways", "gw1").startswith("GATEWAY")
    for words, meant in ((("servcies",), "services"), (("services", "drian", "pgw.1"), "drain"), (("servers", "shwo", "x"), "show"),
                         (("get", "clod"), "cloud")):
        done = admin.command(*words)
        assert done.returncode == 64 and f'did you mean "{meant}"?' in done.stderr, done


def test_the_versions_of_both_are_told_and_that_admin_is_away(admin):
    own = result(binary("portcullis"), "--version").stdout.strip()
    assert admin.portcullis("version") == f"portcullis {own}\nADMIN {own} at {admin.url}\n"
    assert json.loads(admin.portcullis("version", "-o", "json"))["admin"] == own
    away = result(binary("portcullis"), "version", env={"PORTCULLIS_ADMIN_URL": "http://127.0.0.1:1"})
    assert away.returncode == 1 and away.stdout == f"portcullis {own}\n" and "cannot be reached" in away.stderr


def test_a_service_that_starts_before_it_was_added_waits_for_its_configuration(admin):
    token = admin.add_token("early", "service", "--service", "tg.9")
    admin.token = admin.add_token("ops", "admin")
    start = time.monotonic()
    with Process("curl", "-sS", "-w", "%{http_code}", "-H", "Prefer: wait=60", "-H", f"Authorization: Bearer {token}",
                 f"{admin.url}/v1/services/tg.9/config") as early:
        time.sleep(1)
        assert early.is_running
        admin.portcullis("services", "add", "tg.9", "app1")
        assert early.process.wait(timeout=30) == 0
        assert early.text.endswith("200") and time.monotonic() - start < 50
    status, _, _ = admin.curl("/v1/services/tg.10/config", "-H", "Prefer: wait=1")
    assert status == 404


def test_instances_are_discovered_and_waited_for(admin):
    status, headers, body = admin.curl("/v1/types/pgw/instances?ready")
    assert status == 200 and [instance["service"] for instance in json.loads(body)] == SERVICES
    assert json.loads(body)[0]["ports"][0] == {"section": "http", "protocol": "tcp", "port": 8080}
    with Process("curl", "-sS", "-H", "Prefer: wait=60", "-H", f"If-None-Match: {headers['etag']}",
                 f"{admin.url}/v1/types/pgw/instances?ready") as held:
        time.sleep(0.5)
        admin.portcullis("services", "drain", "tg.1")
        assert held.is_running
        admin.portcullis("services", "drain", "pgw.2")
        assert held.process.wait(timeout=30) == 0
        assert [instance["service"] for instance in json.loads(held.text)] == [name for name in SERVICES if name != "pgw.2"]
    status, headers, body = admin.curl("/v1/discovery/prometheus?type=pgw&location=tcn")
    assert status == 200 and headers["content-type"] == "application/json"
    groups = json.loads(body)
    assert groups[0]["targets"] == ["10.1.0.11:8080", "10.1.0.11:8443"]
    assert all(name.startswith("__meta_portcullis_") for group in groups for name in group["labels"])
    assert [group["labels"]["__meta_portcullis_state"] for group in groups] == ["ready", "drain", "ready"]


def test_the_shell_completes_names_that_admin_knows(admin, tmp_path):
    assert completed(tmp_path, admin.url, "services", "show", "pgw.") == SERVICES
    assert completed(tmp_path, admin.url, "services", "drain", "pgw.1", "tg.") == [f"tg.{n}" for n in range(1, 6)]
    assert completed(tmp_path, admin.url, "services", "move", "pgw.1", "app") == ["app1", "app2", "app3", "app4"]
    assert completed(tmp_path, admin.url, "services", "list", "--type", "tg") == ["tg", "tgctl", "tgstm"]
    assert completed(tmp_path, admin.url, "types", "show", "mdb") == ["mdb", "mdbctl"]
    assert completed(tmp_path, admin.url, "servers", "list", "--location", "") == ["hel", "tcn"]
    assert "www-ip" in completed(tmp_path, admin.url, "pools", "remove", "tcn", "")
    admin.portcullis("egress", "set", "tcn", "out", "--pool", "www-ip", "--from", "10.9.0.0/16")
    assert completed(tmp_path, admin.url, "egress", "remove", "tcn", "") == ["out"]
    assert completed(tmp_path, admin.url, "egress", "set", "hel", "") == []
    assert "www-ip" in completed(tmp_path, admin.url, "egress", "set", "tcn", "b", "--pool", "")
    for words in (["services", "maint", "--server"], ["servers", "drain", "app2"], ["servers", "ready"]):
        assert completed(tmp_path, admin.url, *words, "app1") == ["app1"]
    assert completed(tmp_path, admin.url, "services", "ready", "--type", "tg") == ["tg", "tgctl", "tgstm"]
    for words in (["services", "drain"], ["services", "scale", "pgw", "3"], ["gateways", "forget", "gw1"], ["gateways", "show", "gw1"],
                  ["tokens", "add", "ci", "--role", "admin"]):
        assert completed(tmp_path, admin.url, *words, "--location", "") == ["hel", "tcn"]
    admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1")
    assert completed(tmp_path, admin.url, "tokens", "add", "ci", "--type", "mdb") == ["mdb", "mdbctl"]
    assert completed(tmp_path, admin.url, "tokens", "add", "ci", "--service", "tg.") == [f"tg.{n}" for n in range(1, 6)]
    assert completed(tmp_path, admin.url, "tokens", "add", "ci", "--gateway", "t") == ["tcn/gw1"]


def test_the_shell_completes_contexts_and_the_names_that_their_admin_knows(admin, tmp_path):
    folder = tmp_path / "home" / ".config" / "portcullis"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(
        f'context: away\ncontexts:\n  main: {{admin-url: "{admin.url}"}}\n  away: {{admin-url: "http://127.0.0.1:1"}}\n')
    home = {"HOME": str(tmp_path / "home")}
    assert completed(tmp_path, None, "context", "use", "", **home) == ["main", "away"]
    assert completed(tmp_path, None, "services", "list", "--context", "m", **home) == ["main"]
    assert completed(tmp_path, None, "services", "drain", "pgw.", **home) == []
    assert completed(tmp_path, None, "services", "drain", "--context", "main", "pgw.", **home) == SERVICES
    assert completed(tmp_path, None, "services", "drain", "--context=main", "pgw.", **home) == SERVICES


def test_completion_is_quick_and_silent_when_admin_is_away(tmp_path):
    assert completed(tmp_path, "http://127.0.0.1:1", "services", "show", "pgw.") == []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        assert completed(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", "services", "show", "pgw.") == []
        # Less than the time limit of a request.
        assert time.monotonic() - start < 30
