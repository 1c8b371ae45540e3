"""The stage of a rollout: ADMIN, servers with their nodes, scripted gateways, a client, the operator's command."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

from builds import TYPE
from portcullis_testing import admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, result
from portcullis_testing.repository import binary
from portcullis_testing.services import kill_services
from portcullis_testing.waiting import eventually
from scripted_gateway import Client, ScriptedGateway

# The run script gives these to the loopback interface.
PUBLIC = "198.51.100.36"
SERVICES = ("pgw.1", "pgw.2", "pgw.3", "pgw.4")


class Server:
    """A server: a node with a folder of its own. Its instance is the one of the same number."""

    def __init__(self, folder, name, url, token, trusted):
        self.folder, self.name, self.root = folder, name, folder / "srv"
        self.root.mkdir(parents=True)
        (folder / "token").write_text(token)
        (folder / "token").chmod(0o600)
        lines = {"admin-url": url, "server": name, "token-file": str(folder / "token"), "root": str(self.root),
                 "users": "agent", "interval": 1, "log-level": "info"}
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items())
        (folder / "node.yaml").write_text(text + trusted)
        self.node = Process(binary("portcullis-node"), "run", "--config", folder / "node.yaml", log=folder / "node.log",
                            start_new_session=True)

    def restart(self):
        self.node.kill()
        self.node.start()

    def starts(self, service):
        """The versions that were started, in order: digest, name, process."""
        path = self.root / service / "starts"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def state(self, service):
        """What the keeper has written down, by name."""
        path = self.root / "node" / "run" / service / "state"
        return {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()} if path.exists() else {}

    def program(self, service):
        """The process of a service's program, as its master has written it down."""
        path = self.root / "node" / "run" / service / "master" / "state"
        return json.loads(path.read_text())["workers"][0].get("pid")

    def witness(self, service):
        """What tells a start from another: process, its start, instance, version; and the version on the disk."""
        state = self.state(service)
        return state["main"], state["instance"], state["version"], self.current(service)

    def current(self, service):
        return os.readlink(self.root / service / "current").removeprefix("versions/")

    def stop(self):
        self.node.kill()
        self.end_services(self.root)

    @classmethod
    def end_services(cls, root):
        """Ends what runs on a server whose node is gone."""
        for path in root.glob("node/*/*/state"):
            state = {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()}
            until = time.monotonic() + 5
            if cls._is_locked(path.parent):
                with contextlib.suppress(ProcessLookupError, KeyError):
                    os.kill(int(state["keeper-process"][0]), signal.SIGTERM)
            while cls._is_locked(path.parent) and time.monotonic() < until:
                time.sleep(0.02)
        kill_services(root)

    @staticmethod
    def _is_locked(directory):
        return subprocess.run(["flock", "-n", "-s", directory / "lock", "true"], check=False).returncode != 0


class Stage:
    """Four servers, each with an instance that runs version 1.5.0."""

    def __init__(self, folder, builds):
        self.folder, self.builds = folder, builds
        self.servers, self.gateways, self.commands, self.client = {}, {}, [], None
        self.pushed = set()

    def __enter__(self):
        self.admin = admin.Admin(HERE, self.folder, "--log-level", "info", has_key=True)
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.client:
            self.client.stop()
        for gateway in self.gateways.values():
            gateway.stop()
        for command in self.commands:
            command.kill()
        for server in self.servers.values():
            server.stop()
        self.admin.kill()

    def _fill(self):
        # The port stays the same over restarts.
        self.admin.port = int(self.admin.url.rsplit(":", 1)[1])
        self.token = self.admin.add_token("ops", "admin")
        self.push("1.5.0")
        numbers = range(1, len(SERVICES) + 1)
        cloud = self.folder / "cloud.yaml"
        cloud.write_text(json.dumps({
            "types": [{"source": TYPE}],
            "locations": {"tcn": {"pools": {"www-ip": [PUBLIC]}, "servers": {
                f"app{number}": {"kind": "app", "addresses": [f"10.1.0.{10 + number}"]} for number in numbers}}},
            "services": {f"pgw.{number}": {"server": f"app{number}", "version": "1.5.0"} for number in numbers}}))
        self.portcullis("apply", "-f", cloud)
        for number in numbers:
            secret = self.admin.add_token(f"node{number}", "server", "--server", f"app{number}")
            self.servers[f"app{number}"] = Server(
                self.folder / f"app{number}", f"app{number}", self.admin.url, secret, self.builds.trusted)
        eventually(lambda: all(run == "running" for run in self.runs().values()), what="the instances running")
        eventually(lambda: all(service["effective"]["state"] == "ready" for service in self.json("services", "list")),
                   what="the instances in the export")
        for name, address in (("gw1", PUBLIC), ("gw2", None)):
            secret = self.admin.add_token(name, "gateway", "--gateway", f"tcn/{name}")
            self.gateways[name] = ScriptedGateway(self.admin.url, name, secret, address)
        self.portcullis("gateways", "--wait", "30")
        self.client = Client(PUBLIC)

    # The operator

    @property
    def environment(self):
        return {"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": self.admin.url, "PORTCULLIS_TOKEN": self.token}

    def command(self, *words):
        """Runs the operator's command to its end, whatever that is."""
        return result(binary("portcullis"), *words, env=self.environment)

    def portcullis(self, *words, status=0):
        """Runs the operator's command, which must end with the status; returns what it printed, errors after results."""
        done = self.command(*words)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout + done.stderr

    def json(self, *words):
        return json.loads(self.command(*words, "-o", "json").stdout)

    def start(self, *words):
        """Starts the operator's command without waiting for it."""
        command = Process(binary("portcullis"), *words, environment=self.environment)
        self.commands.append(command)
        return command

    def push(self, *versions):
        """Has ADMIN know versions."""
        for version in versions:
            self.builds.digest(version)
            if version not in self.pushed:
                self.portcullis("versions", "push", "pgw", version, "--store", self.builds.store)
                self.pushed.add(version)

    def upgrade(self, version, *words, status=0):
        """Begins a rollout and watches it to its end; returns what the command has printed."""
        self.push(version)
        return self.portcullis("upgrade", "pgw", "--to", version, *words, status=status)

    def begin(self, version, *words):
        """Begins a rollout; returns its number."""
        self.push(version)
        return self.portcullis("upgrade", "pgw", "--to", version, "--no-wait", "-o", "name", *words).strip()

    def rollout(self, number):
        return self.json("rollouts", "show", number)

    def stages(self, number):
        return {instance["service"]: instance["stage"] for instance in self.rollout(number)["instances"]}

    # What there is

    def server(self, service):
        return self.servers[f"app{service.split('.')[1]}"]

    def runs(self):
        """What each instance does on its server, as ADMIN has heard."""
        nodes = self.json("nodes", "list")
        told = {name: run for node in nodes for name, run in node["services"].items()}
        return {service: told.get(service) for service in SERVICES}

    def witnesses(self):
        """What tells a start of each instance from another."""
        return {service: self.server(service).witness(service) for service in SERVICES}

    def versions(self):
        """The version of each instance: the one that runs, by its own answer, which must be the one on its server's disk."""
        found = {}
        names = {digest: name for name, digest in self.builds.digests.items()}
        for service in SERVICES:
            server = self.server(service)
            digest, name, pid = server.starts(service)[-1]
            assert server.current(service) == digest and names[digest] == name, service
            assert server.program(service) == int(pid) and pathlib.Path(f"/proc/{pid}").exists(), service
            found[service] = name
        return found

    def check(self, *, failures=0):
        """What holds at any time: nothing runs twice, and no client has lost a request."""
        for service in SERVICES:
            assert not (self.server(service).root / service / "twice").exists(), service
        assert len(self.client.failures) <= failures, self.client.failures[:5]

    def has_started(self, service, *versions):
        """Checks the versions that an instance was started with, in order."""
        assert [name for _, name, _ in self.server(service).starts(service)] == list(versions), service

    def logs(self):
        return self.admin.text[-3000:]
