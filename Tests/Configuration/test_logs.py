"""Logs of services and the check of services, with a real ADMIN, a real node and the shipped command."""

import contextlib
import json
import os
import signal
import time

import pytest

from portcullis_testing.processes import Process, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from portcullis_testing.workshop import Workshop

TYPE = "type: {type}\ninstall: {{files: ['**']}}\nrun: {{command: [bin/run], ready: {{after: 0}}, stop-timeout: 2}}\n"


class Site:
    """A service of the cloud that a node runs."""

    def __init__(self, admin, folder):
        self.admin, self.folder = admin, folder
        admin.token = admin.add_token("ops", "admin")
        [row] = admin.portcullis("services", "list", "--server", "app1", "--no-headers").splitlines()[:1]
        self.service = row.split()[0]
        self.type = self.service.split(".")[0]
        self.root = folder / "srv"
        self.root.mkdir()
        self.log = self.root / "node" / "log" / self.service / "log"
        workshop = Workshop(folder / "workshop")
        workshop.write(f"{self.type}.yaml", TYPE.format(type=self.type))
        workshop.write("bin/run", "#!/bin/sh\necho started\nexec sleep 1000\n", mode=0o755)
        key, _ = workshop.key("release")
        trust = run(binary("portcullis"), "keys", "show", key)
        for name in ("1.0", "1.1"):
            workshop.write("name", name)
            workshop.do("build", self.type, "--name", name, "--no-command", "--from", workshop.source)
            workshop.do("sign", self.type, name, "--key", key)
        self.push(workshop)
        secret = admin.portcullis("nodes", "join", "app1").strip()
        (folder / "join").write_text(secret)
        (folder / "node.yaml").write_text(
            f"admin-url: {admin.url}\nserver: app1\nroot: {self.root}\nusers: agent\ninterval: 1\nwait: 60\n"
            f"token-file: {folder / 'node-token'}\n{trust}")
        words = ["--config", folder / "node.yaml"]
        run(binary("portcullis-node"), "join", *words, "--join-token", folder / "join")
        self.node = Process(binary("portcullis-node"), "run", *words, log=folder / "node.log")

    def push(self, workshop):
        workshop.do("push", self.type, "--admin-url", self.admin.url, env={**os.environ, "PORTCULLIS_TOKEN": self.admin.token})

    def stop(self):
        self.node.kill()
        for state in self.root.glob("node/run/*/state"):
            for line in state.read_text().splitlines():
                if line.startswith("keeper-process "):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(line.split()[1]), signal.SIGTERM)

    def install(self, version="1.0"):
        self.admin.portcullis("services", "version", self.service, version)
        eventually(lambda: self.admin.command("services", "check", self.service).returncode == 0, 30)

    def append(self, *lines):
        with open(self.log, "a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def follow(self, *words):
        environment = {"PORTCULLIS_ADMIN_URL": self.admin.url, "PORTCULLIS_TOKEN": self.admin.token}
        return Process(binary("portcullis"), "services", "logs", self.service, "-f", *words, environment=environment)


@pytest.fixture
def site(admin, tmp_path):
    site = Site(admin, tmp_path / "site")
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "site" / "workshop").mkdir(parents=True)


def test_a_log_is_shown_and_followed(site):
    admin, service = site.admin, site.service
    assert "has no version" in admin.portcullis("services", "logs", service, status=1)
    site.install()
    site.append(*(f"line {number}" for number in range(100)), "\x1b[2Jend")
    began = time.monotonic()
    # Into a pipe it goes as it is.
    assert admin.portcullis("services", "logs", service, "-n", "2") == "line 99\n\x1b[2Jend\n"
    assert time.monotonic() - began < 10
    assert admin.portcullis("services", "logs", service).startswith("line 81\n")
    assert admin.portcullis("services", "logs", service, "-n", "0") == ""
    assert admin.portcullis("services", "logs", service, "-n", "1000").startswith("started\nline 0\n")
    with site.follow("-n", "1") as follower, site.follow("-n", "0") as other:
        eventually(lambda: follower.text == "\x1b[2Jend\n")
        for number in range(20):
            site.append(f"more {number}")
            time.sleep(0.05)
        more = "".join(f"more {number}\n" for number in range(20))
        eventually(lambda: follower.text == "\x1b[2Jend\n" + more)
        eventually(lambda: other.text.endswith("more 19\n"))
        # The node ends and comes back; so does ADMIN.
        site.node.kill()
        site.append("while the node was away")
        site.node.start()
        eventually(lambda: follower.text.endswith("while the node was away\n"), 30)
        admin.stop()
        eventually(lambda: "waiting for it" in follower.text, 30)
        admin.port = int(admin.url.rsplit(":", 1)[1])
        admin.start()
        site.append("while ADMIN was away")
        eventually(lambda: "while ADMIN was away\n" in follower.text, 60)
        # The master, too, says in its log that ADMIN is away.
        lines = [line for line in follower.text.splitlines() if not line.startswith(("Note: ", "portcullis-master: "))]
        assert lines == ["\x1b[2Jend", *more.splitlines(), "while the node was away", "while ADMIN was away"]
    token = admin.add_token("reader", "read")
    admin.token = token
    assert "does not suffice" in admin.portcullis("services", "logs", service, status=1)


def test_a_service_that_moves_is_told(site):
    site.install()
    site.admin.portcullis("services", "remove", f"{site.type}.2")
    with site.follow() as follower:
        eventually(lambda: "started" in follower.text)
        site.admin.portcullis("services", "move", site.service, "app2", "--at-once")
        assert follower.wait(60) == 1
        assert "has moved from app1 to app2" in follower.text


def test_services_are_checked(site):
    admin, service = site.admin, site.service
    assert admin.portcullis("services", "check", "--type", site.type).endswith("as they should be\n")
    site.install()
    assert admin.portcullis("services", "check", service) == "1 service is as they should be\n"
    assert "there is no service" in admin.portcullis("services", "check", f"{site.type}.999", status=1)
    admin.portcullis("services", "restart", service)
    assert admin.command("services", "check", service).returncode == 0
    site.node.stop()
    admin.portcullis("services", "version", service, "1.1")
    done = admin.command("services", "check", service)
    assert done.returncode == 5 and "is assigned" in done.stdout and len(done.stdout.splitlines()) == 2
    [row] = json.loads(admin.command("services", "check", "-o", "json").stdout)
    assert (row["name"], row["server"], row["verdict"]) == (service, "app1", "out-of-line") and len(row["problems"]) == 1
    site.node.start()
    eventually(lambda: admin.command("services", "check", service).returncode == 0, 30)


def test_a_quarantined_version_is_given_to_no_service(site):
    site.install()
    site.admin.portcullis("versions", "mark", site.type, "1.1", "quarantined", "--reason", "it leaks")
    error = site.admin.portcullis("services", "version", site.service, "1.1", status=1)
    assert "it leaks" in error and f"versions mark {site.type} 1.1 good" in error
    site.admin.portcullis("versions", "mark", site.type, "1.1", "good")
    site.install("1.1")
