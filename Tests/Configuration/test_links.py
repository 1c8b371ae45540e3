"""The masters of services and their links to ADMIN: the master is played by curl."""

import json
import re
import signal
import threading
import time

import pytest

from portcullis_testing.processes import Process
from portcullis_testing.repository import FIXTURES, binary
from portcullis_testing.waiting import eventually
from test_nodes import joined

TIME = "2027-01-15T08:00:00Z"
SERVICE = "tg.1"
SERVER = "app2"


class Master:
    """What `portcullis-master` says to ADMIN."""

    def __init__(self, admin, token, service=SERVICE, server=SERVER):
        self.admin, self.token, self.service, self.server, self.sequence = admin, token, service, server, 0
        self.report = {"program": "1.0", "server": server, "pid": 7, "startedAt": TIME, "phase": "running",
                       "workers": [], "allowsLua": True, "jobs": {}}

    def orders(self, tag=None, wait=10):
        """The tag and the orders; with a tag the poll is held, and the orders are None where they are the same."""
        words = ["-H", f"If-None-Match: {tag}", "-H", f"Prefer: wait={wait}"] if tag else []
        status, headers, text = self.admin.curl(f"/v1/services/{self.service}/orders", *words, token=self.token)
        assert status in (200, 304), f"{status} {text}"
        return headers["etag"], json.loads(text) if status == 200 else None

    def start_poll(self, tag):
        return Process(
            "curl", "-sS", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {self.token}", "-H",
            f"If-None-Match: {tag}", "-H", "Prefer: wait=10", f"{self.admin.url}/v1/services/{self.service}/orders")

    def send(self, **changes):
        self.report |= changes
        self.sequence += 1
        status, _, text = self.admin.curl(
            f"/v1/services/{self.service}/report", "-X", "POST", "-H", "Content-Type: application/json", "-d",
            json.dumps({"session": "s", "sequence": self.sequence, "report": self.report}), token=self.token)
        assert (status, json.loads(text)) == (200, {"wantsWhole": False}), text

    def configuration(self):
        status, headers, text = self.admin.curl(
            f"/v1/services/{self.service}/config", "-H", "Accept: application/yaml", token=self.token)
        assert status == 200, text
        return headers["etag"], text


def worker(number, state="ready", **more):
    return {"worker": number, "pid": 100 + number, "state": state, "since": TIME, "restarts": 0, **more}


class Obeying:
    """A master that does each job as soon as its orders have it, until the end of the `with` block."""

    def __init__(self, master, work):
        self.master, self.work, self.done, self.isover = master, work, [], False

    def run(self):
        tag, orders = self.master.orders()
        while not self.isover:
            jobs = {}
            for name, job in (orders or {"jobs": {}})["jobs"].items():
                self.done.append(job)
                jobs[name] = {"startedAt": TIME, "endedAt": TIME, "output": "", **self.work(job)}
            if orders:
                self.master.send(jobs=jobs)
            tag, orders = self.master.orders(tag, wait=1)

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.isover = True
        self.thread.join()


def succeeded(_):
    return {"state": "succeeded"}


@pytest.fixture
def master(admin):
    admin.token = admin.add_token("ops", "admin")
    admin.node = joined(admin, SERVER)
    status, made = admin.node.call(f"/v1/servers/{SERVER}/services/{SERVICE}/token", {})
    assert status == 201, made
    return Master(admin, made["secret"])


def test_a_configuration_that_has_changed_is_an_order_at_once(admin, master, tmp_path):
    tag, orders = master.orders()
    known, _ = master.configuration()
    assert orders["service"] == SERVICE and orders["server"] == SERVER and orders["jobs"] == {}
    assert orders["configuration"] == known
    source = (FIXTURES / "types" / "tg.yaml").read_text()
    assert source.count("\nconfig:\n") == 1
    (tmp_path / "tg.yaml").write_text(
        source.replace("\nconfig:\n", "\nconfig:\n  - {sort-order: 90, values: {extra: 1}}\n"))
    poll = master.start_poll(tag)
    eventually(lambda: "connected" in admin.portcullis("services", "list", "-o", "wide"), what="the poll")
    start = time.monotonic()
    admin.portcullis("types", "put", tmp_path / "tg.yaml")
    poll.wait()
    body, status = poll.text.rsplit("\n", 1)
    assert status == "200" and json.loads(body)["configuration"] != known
    assert time.monotonic() - start < 9
    tag, text = master.configuration()
    assert tag == json.loads(body)["configuration"] and "extra: 1" in text


def test_jobs_for_the_master_are_done_and_awaited(admin, master):
    with Obeying(master, succeeded) as obeying:
        admin.portcullis("services", "reload", SERVICE)
        admin.portcullis("services", "restart", SERVICE, "--worker", "2")
        admin.portcullis("services", "restart", SERVICE, "--workers")
        admin.portcullis("services", "dump", SERVICE)
        admin.portcullis("services", "log-level", SERVICE, "debug")
        assert master.orders()[1]["logLevel"] == "debug"
        admin.portcullis("services", "log-level", SERVICE, "default")
        assert "logLevel" not in master.orders()[1]
        refusal = admin.command("services", "log-level", SERVICE, "bogus")
        assert refusal.returncode == 64 and "trace, debug, info, notice, warning, error, critical" in refusal.stderr
    assert [{name: value for name, value in job.items() if name != "deadline"} for job in obeying.done] == [
        {"kind": "reload"}, {"kind": "restart-worker", "worker": 2}, {"kind": "restart-workers"}, {"kind": "dump"},
        {"kind": "log-level", "level": "debug"}, {"kind": "log-level"}]
    assert "succeeded" in admin.portcullis("jobs", "--service", SERVICE)
    assert master.orders()[1]["jobs"] == {}

    def fail(_):
        return {"state": "failed", "problem": "the configuration was refused", "output": "line 3\n"}

    with Obeying(master, fail):
        done = admin.command("services", "reload", SERVICE)
    assert done.returncode == 1
    assert "line 3" in done.stdout and "has failed: the configuration was refused" in done.stderr
    assert "--worker: 65 is not in 0-64" in admin.command("services", "restart", SERVICE, "--worker", "65").stderr


def test_nobody_waits_for_a_master_without_being_told(admin, master):
    done = admin.command("services", "reload", SERVICE, "--no-wait")
    assert done.returncode == 0
    assert f"heard nothing of a master of {SERVICE}" in done.stderr
    assert f"heard nothing of a master of {SERVICE}" in admin.portcullis("services", "workers", SERVICE, status=1)
    master.send(workers=[worker(1)])
    done = admin.command("services", "reload", SERVICE, "--no-wait")
    assert "Note" not in done.stderr
    assert len(master.orders()[1]["jobs"]) == 2


def test_lua_has_a_reason_a_session_and_a_record(admin, master):
    def work(job):
        if "boom" in job["source"]:
            return {"state": "failed", "problem": "boom"}
        return {"state": "succeeded", "output": f"{job['source']}!\n"}

    with Obeying(master, work) as obeying:
        assert admin.portcullis("services", "lua", SERVICE, "--reason", "to see", "-e", "return 1") == "return 1!\n"
        done = admin.command("services", "lua", SERVICE, "--reason", "to see", "-e", "boom()")
        assert done.returncode == 1 and "has failed: boom" in done.stderr
        done = admin.command("services", "lua", SERVICE, "--reason", "by hand", "--worker", "3", "--limit", "9",
                             input="a = 1\n\nboom()\nreturn a\n")
    assert done.returncode == 0 and done.stdout == "a = 1!\nreturn a!\n" and "boom" in done.stderr
    first, last = obeying.done[0], obeying.done[-3:]
    assert "session" not in first and first["seconds"] == 5
    assert {job["session"] for job in last} == {last[0]["session"]}
    assert all(job["worker"] == 3 and job["seconds"] == 9 for job in last)
    events = admin.portcullis("events", "--limit", "100")
    assert f'lua of {SERVICE} on {SERVER}, reason "to see", source "return 1"' in events
    assert "--reason" in admin.command("services", "lua", SERVICE, "-e", "x").stderr
    admin.token = admin.add_token("reader", "read")
    assert "does not suffice" in admin.portcullis("services", "lua", SERVICE, "--reason", "x", "-e", "y", status=1)


def test_workers_and_links_are_shown(admin, master):
    master.orders()
    master.send(workers=[worker(1, status="12 devices"),
                         worker(2, "waiting", restarts=3, problem="killed by signal 9")],
                configuration={"tag": master.configuration()[0], "at": TIME})
    lines = admin.portcullis("services", "workers", SERVICE).splitlines()
    assert lines[0].split() == ["WORKER", "PID", "STATE", "SINCE", "RESTARTS", "STATUS", "PROBLEM"]
    assert re.split(r"  +", lines[2].strip()) == ["2", "102", "waiting", TIME, "3", "killed by signal 9"]
    assert re.search(r"(?m)^link +connected$", admin.portcullis("services", "show", SERVICE))
    assert "LINK" not in admin.portcullis("services", "list").splitlines()[0]
    wide = admin.portcullis("services", "list", "-o", "wide").splitlines()
    assert " LINK " in wide[0] and any(line.startswith(f"{SERVICE} ") and " connected " in line for line in wide)
    shown = json.loads(admin.portcullis("services", "show", SERVICE, "-o", "json"))
    assert shown["link"]["presentConfiguration"] is True

    # Silence: suspect, then lost, in the list of services too.
    eventually(lambda: "suspect since" in admin.portcullis("services", "list"), timeout=60, what="suspicion")
    eventually(lambda: "lost since" in admin.portcullis("services", "list"), timeout=60, what="loss")
    assert "is lost, silent since" in admin.portcullis("services", "workers", SERVICE, status=1)
    master.orders()
    assert "LINK" not in admin.portcullis("services", "list").splitlines()[0]


def test_watch_tells_what_changes_and_nothing_else(admin, master):
    master.send(workers=[worker(1)])
    with Process(binary("portcullis"), "services", "watch", "tg", "-o", "json", "--admin-url", admin.url,
                 environment={"PORTCULLIS_TOKEN": admin.token}) as watch:
        def told():
            return [json.loads(line) for line in watch.text.splitlines()]

        watch.wait_for(lambda: len(told()) == 1)
        assert told()[0]["workers"] == [worker(1)]
        # Signs of life are no changes.
        for _ in range(5):
            master.orders()
            master.send()
        master.send(workers=[worker(1, "crashed")])
        watch.wait_for(lambda: len(told()) >= 2)
        assert [one["workers"][0]["state"] for one in told()] == ["ready", "crashed"]
        watch.wait_for(lambda: told()[-1]["state"] == "suspect", timeout=60)
        assert watch.stop(number=signal.SIGINT) in (130, -signal.SIGINT)
    with Process(binary("portcullis"), "services", "watch", SERVICE, "--admin-url", admin.url,
                 environment={"PORTCULLIS_TOKEN": admin.token}) as watch:
        watch.wait_for(lambda: "1 crashed" in watch.text)
        master.send()
        watch.wait_for(lambda: "connected" in watch.text)
        # What no column shows is no row.
        before = len(watch.text.splitlines())
        master.send(workers=[worker(1, "crashed", status="dumping")])
        master.send(workers=[worker(1)])
        watch.wait_for(lambda: "1 ready" in watch.text)
        assert len(watch.text.splitlines()) == before + 1, watch.text


def test_an_error_of_lua_is_printed_as_lua_prints_it(admin, master):
    def fail(_):
        return {"state": "failed", "problem": "ADMIN:1: no bad",
                "output": "a\nADMIN:1: no bad\nstack traceback:\n\t[C]: in ?\n"}

    with Obeying(master, fail):
        done = admin.command("services", "lua", SERVICE, "--reason", "a test", "-e", "bad()")
    assert done.returncode == 1 and done.stdout == "a\n"
    assert "has failed: ADMIN:1: no bad\nstack traceback:\n\t[C]: in ?\n" in done.stderr


def test_a_master_whose_service_has_left_its_server_is_refused_at_once(admin, master):
    tag, _ = master.orders()
    poll = master.start_poll(tag)
    eventually(lambda: "connected" in admin.portcullis("services", "list", "-o", "wide"), what="the poll")
    start = time.monotonic()
    admin.portcullis("services", "move", SERVICE, "app1")
    poll.wait()
    assert poll.text.endswith("\n403"), poll.text
    assert time.monotonic() - start < 9
    assert admin.curl(f"/v1/services/{SERVICE}/orders", token=master.token)[0] == 403


def test_a_restart_of_admin_asks_for_the_whole_report(admin, master):
    master.send(workers=[worker(1)])
    admin.stop()
    admin.start()
    body = {"session": "s", "sequence": master.sequence + 1, "changes": {"phase": "reloading"}}
    status, _, text = admin.curl(
        f"/v1/services/{SERVICE}/report", "-X", "POST", "-H", "Content-Type: application/json", "-d",
        json.dumps(body), token=master.token)
    assert (status, json.loads(text)) == (200, {"wantsWhole": True})
    master.sequence = 0
    master.send()
    assert "1" in admin.portcullis("services", "workers", SERVICE)
