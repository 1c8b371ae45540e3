"""ADMIN, the node of a server, and a service with two workers whose master has a link to ADMIN."""

import json
import os
import socket

from portcullis_testing import admin, processes
from portcullis_testing.namespaces import HERE
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.services import kill_services
from portcullis_testing.waiting import eventually

PORT = 28090
WORKER = REPOSITORY / "Tests" / "Master" / "worker.py"


class Cloud:
    # The name of its socket, as its program knows it.
    SOCKET = "http"

    def __init__(self, folder, allows_lua="false", reload=None, **environment):
        self.allows_lua, self.reload, self.environment = allows_lua, reload or {"signal": "HUP"}, environment
        self.folder, self.node, self.token = folder, None, None
        self.root = folder / "srv"
        self.master_directory = self.root / "node" / "run" / "tg.1" / "master"

    def __enter__(self):
        self.admin = admin.Admin(HERE, self.folder, "--log-level", "info", has_key=True)
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.node:
            self.node.kill()
        kill_services(self.root)
        self.admin.kill()

    def _prepare(self):
        # The port stays the same over restarts.
        self.admin.port = int(self.admin.url.rpartition(":")[2])
        processes.run(binary("portcullis"), "keys", "new", self.folder / "release.key")
        self.key = processes.run(binary("portcullis"), "keys", "show", self.folder / "release.key.pub")
        self.token = self.admin.add_token("ops", "admin")
        self.configure("one")
        self._version()
        self.portcullis("services", "add", "tg.1", "app1", "--version", "1.0.0")
        self._start_node()
        eventually(lambda: self.link.get("state") == "connected", 60, "the link")
        eventually(lambda: self.configuration.get("problem", self.configuration.get("tag")), what="a configuration")

    def configure(self, greeting):
        """Applies a cloud whose services get this text in their configuration."""
        self.apply(run={"command": ["bin/run"], "reload": self.reload, "environment": self.environment},
                   values={"greeting": greeting})

    def apply(self, run, values):
        """Applies a cloud whose services run so, and have these values in their configuration."""
        (self.folder / "tg.yaml").write_text(json.dumps({
            "type": "tg", "install": {"files": ["**"]}, "listen": [{"name": self.SOCKET, "protocol": "tcp", "port": PORT}],
            "run": {"workers": 2, "ready": "notify", "start-timeout": 20, "stop-timeout": 5, **run},
            "config": [{"sort-order": 1, "values": values}]}))
        cloud = {"types": ["tg.yaml"], "locations": {"tcn": {"servers": {"app1": {"kind": "app", "addresses": ["10.1.0.1"]}}}}}
        (self.folder / "cloud.yaml").write_text(json.dumps(cloud))
        self.portcullis("apply", "-f", self.folder / "cloud.yaml")

    def _version(self):
        source, store = self.folder / "files", self.folder / "store"
        (source / "bin").mkdir(parents=True)
        self.place(source / "bin")
        self.portcullis("versions", "build", "tg", "--name", "1.0.0", "--types", self.folder / "tg.yaml", "--from", source,
                        "--store", store, "--no-command")
        self.portcullis("versions", "sign", "tg", "1.0.0", "--key", self.folder / "release.key", "--store", store)
        self.portcullis("versions", "push", "tg", "1.0.0", "--store", store)

    def place(self, folder):
        """Puts the program of the version into a folder."""
        (folder / "run").write_text(WORKER.read_text())
        (folder / "run").chmod(0o755)

    def _start_node(self):
        self.root.mkdir()
        settings = {"admin-url": self.admin.url, "server": "app1", "root": str(self.root), "users": "agent",
                    "interval": "1", "token-file": str(self.folder / "token"), "allow-lua": self.allows_lua}
        configuration = self.folder / "node.yaml"
        configuration.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()) + self.key)
        processes.run(binary("portcullis-node"), "join", "--config", configuration,
                      input=self.portcullis("nodes", "join", "app1"))
        self.node = processes.Process(
            binary("portcullis-node"), "run", "--config", configuration, log=self.folder / "node.log", start_new_session=True)

    # The operator

    def command(self, *words, **options):
        return processes.result(
            binary("portcullis"), *words, **options,
            env={"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": self.admin.url,
                 **({"PORTCULLIS_TOKEN": self.token} if self.token else {})})

    def portcullis(self, *words, status=0):
        done = self.command(*words)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.log}"
        return done.stderr if status else done.stdout

    def json(self, *words):
        return json.loads(self.portcullis(*words, "-o", "json"))

    @property
    def link(self):
        """What ADMIN has heard of the master; empty if nothing."""
        # From an address of its own: that of the master may be cut off.
        done = processes.result("curl", "-sS", "-f", "--interface", "127.0.0.3", "-H", f"Authorization: Bearer {self.token}",
                                f"{self.admin.url}/v1/services/tg.1/link")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    @property
    def configuration(self):
        return self.link.get("configuration", {})

    # The service

    @property
    def log(self):
        path = self.root / "node" / "log" / "tg.1" / "log"
        return path.read_text() if path.exists() else ""

    @property
    def state(self):
        return json.loads((self.master_directory / "state").read_text())

    @property
    def workers(self):
        """The processes of the workers, by their numbers."""
        return {worker["worker"]: worker.get("pid") for worker in self.state["workers"]}

    def ask(self, word="who"):
        """What a worker answers."""
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
            connection.sendall(word.encode())
            answer = b""
            while part := connection.recv(65536):
                answer += part
            return answer.decode()

    def serves(self, text):
        """Whether both workers have this text in their configuration."""
        try:
            answers = [self.ask() for _ in range(20)]
        except OSError:
            return False
        return all(text in answer for answer in answers) and len({answer.split()[0] for answer in answers}) == 2
