"""Servers that run services: the node is played by curl."""

import json
import re
import time

from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

DIGEST = "0a" * 32
OTHER = "f1" * 32
TIME = "2027-01-15T08:00:00Z"


class Node:
    """What `portcullis-node` says to ADMIN."""

    def __init__(self, admin, server, token=None):
        self.admin, self.server, self.token, self.sequence = admin, server, token, 0

    def call(self, path, body, token=None):
        status, _, text = self.admin.curl(
            path, "-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(body), token=token or self.token)
        return status, json.loads(text)

    def join(self, secret):
        status, answer = self.call("/v1/join", {"token": secret, "server": self.server}, token="none")
        if status == 200:
            self.token = answer["token"]
        return status, answer

    def assignments(self):
        status, headers, text = self.admin.curl(f"/v1/servers/{self.server}/assignments", token=self.token)
        assert status == 200, text
        return headers["etag"], json.loads(text)

    def report(self, services=(), jobs=(), applied=None, purged=()):
        self.sequence += 1
        report = {
            "program": "0.1.0", "bootedAt": TIME, "services": dict(services), "jobs": dict(jobs),
            "drives": {"root": {"path": "/srv", "mounted": True, "size": 1 << 40, "free": 1 << 39}},
            "load": 0.25, "memory": 1 << 34, "freeMemory": 1 << 33, "problems": []}
        if applied:
            report["applied"] = applied
        if purged:
            report["purged"] = list(purged)
        status, answer = self.call(
            f"/v1/servers/{self.server}/report", {"session": "s", "sequence": self.sequence, "report": report})
        assert (status, answer) == (200, {"wantsWhole": False})

    def obey(self):
        """Polls, and reports that all of it is done."""
        tag, document = self.assignments()
        services = {name: {**running(one["version"]), "wanted": one["version"]}
                    for name, one in document["services"].items() if one["desired"] == "running"}
        done = {"state": "succeeded", "startedAt": TIME, "endedAt": TIME, "output": ""}
        self.report(services, dict.fromkeys(document["jobs"], done), applied=tag)

    def poll(self, tag):
        return Process(
            "curl", "-sS", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {self.token}", "-H",
            f"If-None-Match: {tag}", "-H", "Prefer: wait=60",
            f"{self.admin.url}/v1/servers/{self.server}/assignments")


def running(version, state="running"):
    return {"state": state, "since": TIME, "version": version, "wanted": version, "assigned": True, "restarts": 0}


def joined(admin, server):
    node = Node(admin, server)
    status, answer = node.join(admin.portcullis("nodes", "join", server).strip())
    assert status == 200, answer
    return node


def is_present(admin, server):
    nodes = json.loads(admin.portcullis("nodes", "list", "-o", "json"))
    return [node["state"] for node in nodes if node["server"] == server] == ["present"]


def test_a_server_joins_installs_and_is_told_of_changes(admin):
    assert "role admin first" in admin.portcullis("nodes", "join", "app1", status=1)
    admin.token = admin.add_token("ops", "admin")
    secret = admin.portcullis("nodes", "join", "app1", "--for", "10m").strip()
    node = Node(admin, "app1")
    assert node.join(secret)[0] == 200
    status, problem = node.join(secret)
    assert status == 403 and "used before" in problem["detail"]
    assert "used again, and refused" in admin.portcullis("events", "--name", "join.app1")
    assert admin.curl("/v1/services", token=node.token)[0] == 403

    tag, document = node.assignments()
    assert document == {"server": "app1", "location": "tcn", "services": {}, "jobs": {}}
    poll = node.poll(tag)
    eventually(lambda: is_present(admin, "app1"), what="the poll")
    name = json.loads(admin.portcullis("services", "list", "--server", "app1", "-o", "json"))[0]["name"]
    assert "ADMIN has no version 1.5.0" in admin.portcullis("services", "version", name, "1.5.0", status=1)
    admin.portcullis("services", "version", name, f"sha256:{DIGEST}", "--dry-run", status=2)
    admin.portcullis("services", "version", name, f"sha256:{DIGEST}")
    poll.wait()
    body, status = poll.text.rsplit("\n", 1)
    assert status == "200"
    assert json.loads(body)["services"] == {name: {"desired": "running", "version": DIGEST}}

    tag, _ = node.assignments()
    node.report({name: running(OTHER)}, applied='"old"')
    shown = admin.portcullis("nodes", "show", "app1")
    assert f"has the manifest {OTHER[:12]}, and {DIGEST[:12]} is assigned" in shown
    node.report({name: running(DIGEST)}, applied=tag)
    row = admin.portcullis("nodes", "list").splitlines()
    [row] = [line.split() for line in row if line.startswith("app1 ")]
    assert row[3:5] + row[5:] == ["s", "ago", "yes", "1", "1", "0", "0.25", "512", "GiB"]
    [line] = [line for line in admin.portcullis("services", "list").splitlines() if line.startswith(f"{name} ")]
    assert line.split()[-2:] == [DIGEST[:12], "running"]

    admin.portcullis("services", "stop", name)
    assert node.assignments()[1]["services"][name]["desired"] == "stopped"
    [line] = [line for line in admin.portcullis("services", "list").splitlines() if line.startswith(f"{name} ")]
    assert line.split()[-2:] == ["running", "(stopped)"]
    admin.portcullis("services", "start", name)
    assert node.assignments()[1]["services"][name]["desired"] == "running"

    admin.portcullis("services", "version", name, "none")
    tag, document = node.assignments()
    assert document["services"] == {name: {"desired": "absent"}}
    admin.portcullis("services", "purge", name, "--server", "app1", "--no-wait")
    tag, document = node.assignments()
    assert document["services"] == {name: {"desired": "purged"}}
    assert re.search(rf"{re.escape(name)} +- +is to be removed", admin.portcullis("nodes", "show", "app1"))
    # Until its node says so, it is not gone: nobody takes over what was to be deleted.
    node.report({}, applied=tag)
    text = admin.portcullis("services", "version", name, f"sha256:{DIGEST}", status=1)
    assert f"the server app1 is to purge what {name} has left there, and has not done that yet" in text
    begin = time.monotonic()
    text = admin.portcullis("services", "purge", name, "--server", "app1", "--timeout", "2", status=1)
    assert time.monotonic() - begin < 30
    assert f"the purge of {name} on app1 is pending: after 2 s it still waits for app1 to remove {name}" in text
    wait = Process(binary("portcullis"), "services", "purge", name, "--server", "app1",
                   environment={"PORTCULLIS_ADMIN_URL": admin.url, "PORTCULLIS_TOKEN": admin.token})
    wait.wait_for(f"waiting: app1 to remove {name}")
    node.report({name: {**running(DIGEST, "absent"), "problem": "the disk is read-only"}}, applied=tag)
    wait.wait_for("the disk is read-only")
    node.report({}, purged=[name])
    assert wait.wait() == 0 and f"{name} is removed from app1, with its data" in wait.text
    assert node.assignments()[1]["services"] == {}
    admin.portcullis("services", "version", name, f"sha256:{DIGEST}", "--dry-run", status=2)


def test_a_held_poll_ends_when_its_server_is_taken_out_and_it_may_join_again(admin):
    admin.token = admin.add_token("ops", "admin")
    node = joined(admin, "app1")
    poll = node.poll(node.assignments()[0])
    eventually(lambda: is_present(admin, "app1"), what="the poll")
    assert "node.app1" in admin.portcullis("nodes", "remove", "app1", "--dry-run", status=2)
    start = time.monotonic()
    admin.portcullis("nodes", "remove", "app1")
    poll.wait()
    assert poll.text.endswith("\n401")
    assert time.monotonic() - start < 30
    assert admin.curl("/v1/servers/app1/assignments", token=node.token)[0] == 401
    assert joined(admin, "app1").assignments()[1]["services"] == {}


def test_a_services_own_token_counts_on_its_server_alone(admin):
    admin.token = admin.add_token("ops", "admin")
    node = joined(admin, "app1")
    service = json.loads(admin.portcullis("services", "list", "--server", "app1", "-o", "json"))[0]["name"]
    status, made = node.call(f"/v1/servers/app1/services/{service}/token", {})
    assert status == 201, made
    assert admin.configuration(service, made["secret"])
    assert admin.configuration(service, node.token)
    assert "service." in admin.portcullis("tokens")
    first = made["secret"]
    assert node.call(f"/v1/servers/app1/services/{service}/token", {})[0] == 201
    assert admin.curl(f"/v1/services/{service}/config", token=first)[0] == 401


def test_a_job_is_done_by_the_node_and_followed_by_the_command(admin):
    admin.token = admin.add_token("ops", "admin")
    node = joined(admin, "app1")
    name = json.loads(admin.portcullis("services", "list", "--server", "app1", "-o", "json"))[0]["name"]
    assert "has no version" in admin.portcullis("services", "restart", name, status=1)
    admin.portcullis("services", "version", name, f"sha256:{DIGEST}")
    assert "no action" in admin.portcullis("services", "run", name, "backup", status=1)

    def job():
        return next(iter(node.assignments()[1]["jobs"].items()), None)

    for end, status in [({"state": "succeeded"}, 0), ({"state": "failed", "problem": "exit status 3"}, 1)]:
        command = Process(
            binary("portcullis"), "services", "restart", name,
            environment={"PORTCULLIS_ADMIN_URL": admin.url, "PORTCULLIS_TOKEN": admin.token})
        identifier, assigned = eventually(job, what="the job")
        assert (assigned["service"], assigned["kind"], assigned["version"]) == (name, "restart", DIGEST)
        assert re.fullmatch(r"\d+-[0-9a-f]{8}", identifier)
        began = {"startedAt": TIME, "output": "stopping\n"}
        node.report(jobs={identifier: {"state": "running", **began}})
        assert "running" in admin.portcullis("jobs", "show", identifier)
        node.report(jobs={identifier: {"endedAt": TIME, **began, "output": "stopping\nstarted\n", **end}})
        assert command.wait() == status
        assert "stopping\nstarted\n" in command.text
        assert job() is None
    assert "exit status 3" in command.text
    states = [line.split()[4] for line in admin.portcullis("jobs").splitlines()[1:]]
    assert sorted(states) == ["failed", "succeeded"]


def test_cloud_files_have_versions_and_drives(admin, tmp_path):
    cloud = tmp_path / "cloud.yaml"
    cloud.write_text(f"""\
types: [{{source: "type: vdb\\nrequires: {{labels: [db]}}\\n"}}]
locations:
  oul:
    servers:
      db1: {{kind: db, addresses: 10.9.0.1, labels: db, drives: {{d1: /mnt/d1, d2: /mnt/d2}}}}
      db2: {{kind: db, addresses: 10.9.0.2, labels: db, drives: {{d1: /mnt/d1}}}}
services:
  vdb.1: {{server: db1, version: "sha256:{DIGEST}"}}
  vdb.2: {{server: db1, version: "sha256:{DIGEST}", desired: stopped}}
""")
    admin.portcullis("apply", "-f", cloud)
    drives = [json.loads(admin.portcullis("services", "show", f"vdb.{n}", "-o", "json"))["service"]["drive"] for n in (1, 2)]
    assert drives == ["d1", "d2"]
    assert "no changes" in admin.portcullis("apply", "-f", cloud, "--dry-run")
    written = admin.portcullis("get", "cloud")
    assert f'version: "sha256:{DIGEST}"' in written.replace("'", '"') and "/mnt/d2" in written
    assert "--without-data" in admin.portcullis("services", "move", "vdb.1", "db2", status=1)
    assert "where the data of vdb.1 is" in admin.portcullis("servers", "set", "db1", "--drive", "d2=/mnt/d2", status=1)
    admin.portcullis("services", "move", "vdb.1", "db2", "--without-data")
    cloud.write_text(cloud.read_text().replace("desired: stopped", "desired: resting").replace("d2: /mnt/d2", "d2: mnt"))
    errors = admin.portcullis("apply", "-f", cloud, status=1)
    assert "cloud.yaml:9:" in errors and "resting" in errors
