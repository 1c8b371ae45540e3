"""Crashes of services, with a real ADMIN and the shipped command: the node is played by curl."""

import datetime
import json
import re
import stat
import threading

import pytest

from portcullis_testing.waiting import eventually
from test_nodes import DIGEST, joined


def ago(minutes):
    """A time before now, RFC 3339."""
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def fingerprint(fault):
    return f"{fault:016x}"


FIRST, SECOND = fingerprint(1), fingerprint(2)


def report(number, service, fault=1, **changes):
    return {
        "id": f"{number:024x}", "service": service, "version": DIGEST, "worker": 2, "pid": 4711, "at": ago(60),
        "kind": "crashed", "signal": 11, "fingerprint": fingerprint(fault), "program": "/srv/tg",
        "frames": [{"function": "abort", "module": "/lib/libc.so.6", "address": "0x7f00"},
                   {"function": "handle", "file": "src/tg.c", "line": 42, "module": "/srv/tg", "address": "0x55d0"}],
        "threads": 9, "text": "#0  handle (c=0x0)\n\tn = 7\x1b[2J\n", "dumpSize": 100, **changes}


class Site:
    """A server that has joined, with a service that it runs."""

    def __init__(self, admin):
        self.admin = admin
        admin.token = admin.add_token("ops", "admin")
        self.node = joined(admin, "app1")
        [row] = admin.portcullis("services", "list", "--server", "app1", "--no-headers").splitlines()[:1]
        self.service = row.split()[0]

    def send(self, crash, status=200):
        got, answer = self.node.call("/v1/servers/app1/crashes", crash)
        assert got == status, answer
        return answer

    def poll(self, known="none"):
        """What is wanted, as the answer to a poll tells."""
        status, headers, _ = self.admin.curl(
            "/v1/servers/app1/assignments", "-H", f"Portcullis-Dumps: {known}", token=self.node.token)
        assert status == 200
        return headers.get("portcullis-dumps", "").split()

    def answer_dumps(self, body):
        """Waits for a wish, and answers it; `None`: there is no dump."""
        [wish] = eventually(self.poll, what="a wish for a dump")
        crash, _ = wish.split(".")
        path = f"/v1/servers/app1/crashes/{crash}/dump"
        words = ["-X", "DELETE"] if body is None else ["-X", "PUT", "-H", "Content-Type: text/plain", "--data-binary", body]
        status, _, text = self.admin.curl(path, *words, token=self.node.token)
        assert status == 204, text

    def fetch(self, body, *words, status=0):
        """What the command prints while the node answers so."""
        node = threading.Thread(target=self.answer_dumps, args=[body])
        node.start()
        try:
            return self.admin.portcullis("crashes", "fetch", FIRST, *words, status=status)
        finally:
            node.join()


@pytest.fixture
def site(admin):
    return Site(admin)


def test_crashes_are_listed_shown_and_removed(site):
    admin, service = site.admin, site.service
    assert "last crash" not in admin.portcullis("services", "show", service)
    assert site.send(report(1, service)) == {"fingerprint": FIRST, "new": True}
    assert site.send(report(1, service)) == {"fingerprint": FIRST, "new": False}
    ended = report(2, service, fault=2, kind="exited", exitCode=3, at=ago(120))
    del ended["signal"]
    site.send(ended)
    rows = admin.portcullis("crashes", "--no-headers").splitlines()
    assert [row.split()[0] for row in rows] == [FIRST, SECOND]
    assert "crashed: SIGSEGV  handle" in rows[0] and " exited " in rows[1] and service in rows[0]
    assert admin.portcullis("crashes", "list", "--since", "90min", "-o", "name") == f"{FIRST}\n"
    assert admin.portcullis("crashes", "list", "--service", service, "--limit", "1", "-o", "name") == f"{FIRST}\n"
    assert admin.portcullis("crashes", "list", "--server", "app2", "-o", "name").strip() == ""
    admin.portcullis("crashes", "list", "--since", "soon", status=64)
    text = admin.portcullis("crashes", "show", FIRST)
    assert "#1  handle at src/tg.c:42\n" in text and "\tn = 7\\u{1B}[2J" in text and "\x1b" not in text
    shown = json.loads(admin.portcullis("crashes", "show", FIRST, "-o", "json"))
    assert shown["crashes"]["group"]["count"] == 1 and shown["report"]["pid"] == 4711
    # A report's id, as `services dump` prints it, is enough.
    named = json.loads(admin.portcullis("crashes", "show", f"{2:024x}", "-o", "json"))
    assert (named["fingerprint"], named["report"]["id"]) == (SECOND, f"{2:024x}")
    assert "ADMIN has no report" in admin.portcullis("crashes", "show", "f" * 24, status=1)
    assert f"crashed: SIGSEGV in handle ({FIRST})" in admin.portcullis("services", "show", service)
    assert "new crash: " in admin.portcullis("notices")
    # Without the right to see variables, the stack is there.
    admin.token = admin.add_token("reader", "read")
    text = admin.portcullis("crashes", "show", FIRST)
    assert "#1  handle at src/tg.c:42" in text and "n = 7" not in text
    assert "admin" in admin.portcullis("crashes", "fetch", FIRST, status=1)
    admin.token = admin.add_token("ops2", "admin")
    assert "crash" in admin.portcullis("crashes", "remove", FIRST, "--dry-run", status=2)
    admin.portcullis("crashes", "remove", FIRST)
    assert "There is no crash" in admin.portcullis("crashes", "show", FIRST, status=1)
    event = json.loads(admin.portcullis("events", "--kind", "crash", "-o", "json"))[-1]
    assert (event["action"], event["name"]) == ("delete", FIRST)


def test_show_takes_the_newest_report_with_a_stack_and_says_so(site):
    site.send(report(1, site.service, at=ago(50)))
    site.send(report(2, site.service, at=ago(40)))
    without = report(3, site.service, at=ago(30), frames=[], text="at tg+0x1a\n", dumpSize=0, problem="there were 3 dumps")
    del without["threads"]
    site.send(without)
    # Its node has removed the dump since.
    status, _, text = site.admin.curl(f"/v1/servers/app1/crashes/{2:024x}/dump", "-X", "DELETE", token=site.node.token)
    assert status == 204, text
    text = site.admin.portcullis("crashes", "show", FIRST)
    assert f"report   {2:024x} (1 newer above)\n" in text and "#1  handle at src/tg.c:42" in text and "n = 7" in text
    assert json.loads(site.admin.portcullis("crashes", "show", FIRST, "-o", "json"))["report"]["id"] == f"{2:024x}"
    text = site.admin.portcullis("crashes", "show", FIRST, f"{3:024x}")
    assert f"report   {3:024x}\n" in text and "there were 3 dumps" in text and "stack:" not in text


def test_a_report_that_breaks_a_rule_or_is_of_a_strange_service_is_refused_by_name(site):
    answer = site.send(report(1, "none.1"), status=422)
    assert answer["errors"][0]["pointer"] == "#/service"
    answer = site.send(report(1, site.service, pid=0, text="x" * 65_537), status=422)
    assert {fault["pointer"] for fault in answer["errors"]} == {"#/pid", "#/text"}
    status, _ = site.node.call("/v1/servers/app2/crashes", report(1, site.service))
    assert status == 403


def test_reports_and_what_people_are_told_survive_kill_9(site):
    admin = site.admin
    for number in range(1, 9):
        site.send(report(number, site.service))
        if number in (3, 6):
            admin.kill()
            admin.port = int(admin.url.rsplit(":", 1)[1])
            admin.start()
    # What was sent before is sent again by a node that has not heard the answer.
    for number in range(1, 9):
        assert site.send(report(number, site.service))["new"] is False
    [group] = json.loads(admin.portcullis("crashes", "-o", "json"))
    assert group["count"] == 8
    titles = [notice["title"] for notice in json.loads(admin.portcullis("notices", "-o", "json"))]
    assert len(titles) == 2 and titles[0].startswith("new crash: ")
    assert titles[1] == f"{site.service} crashes again and again: 6 times within 10 minutes"


def test_a_dump_comes_from_the_node_into_a_file_or_a_pipe(site, tmp_path):
    site.send(report(1, site.service))
    assert site.poll() == []
    assert site.fetch("Thread 1\x1b[0m\n") == "Thread 1\x1b[0m\n"
    path = tmp_path / "dump"
    site.fetch("one\n", "--file", str(path))
    assert path.read_text() == "one\n" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "keeps no dump" in site.fetch(None, status=1)
    # It is known now, and the node is not asked.
    assert "keeps no dump" in site.admin.portcullis("crashes", "fetch", FIRST, status=1)
    assert site.poll() == []


def test_a_node_that_asks_no_more_is_not_waited_for_to_the_end(site):
    site.send(report(1, site.service))
    site.poll()
    said = site.admin.portcullis("crashes", "fetch", FIRST, status=1)
    asking, refusal = said.splitlines()[:2]
    assert asking.startswith("Asking the node of app1, which was last heard of ") and asking.endswith(" ago; it has 30 s.")
    assert re.search(r"Nothing was heard of the node of app1 for 1\d s", refusal), said


def test_a_dump_of_a_node_that_is_away_is_refused_at_once(site):
    site.send(report(1, site.service))
    site.node.assignments()
    assert "upgrade portcullis-node" in site.admin.portcullis("crashes", "fetch", FIRST, status=1)
    assert site.poll() == []
    admin = site.admin
    admin.stop()
    admin.port = int(admin.url.rsplit(":", 1)[1])
    admin.start()
    assert "since ADMIN was started" in admin.portcullis("crashes", "fetch", FIRST, status=1)
