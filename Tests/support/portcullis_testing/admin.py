"""ADMIN as every suite starts it, and the operator's command line."""

import json
import pathlib
import re
import shutil

from portcullis_testing.processes import Process, run
from portcullis_testing.repository import FIXTURES, binary
from portcullis_testing.waiting import eventually

PORT = 8080
ADMIN_URL = f"http://127.0.0.1:{PORT}"


class Admin(Process):
    """ADMIN, listening on the loopback of a namespace, on any free port unless one is given.

    Its registry is empty, unless an earlier ADMIN has left one in the folder. `words` are arguments of `serve`; `before` is a
    command that runs it (nsenter).
    """

    def __init__(self, namespace, folder, *words, port=0, database=None, has_key=False, before=(), program=None,
                 **options):
        self.namespace, self.folder = namespace, pathlib.Path(folder)
        self.database = database or self.folder / "registry.sqlite"
        if has_key:
            self.key = self.folder / "secrets.key"
            run(binary("portcullis-admin"), "secrets-key", self.key)
            words = ("--secrets-key", self.key, *words)
        self.port = port
        program = program or binary("portcullis-admin")
        super().__init__(*namespace.command(*before, program, "serve", "--database", self.database, *words),
                         log=self.folder / "portcullis-admin.log", **options)

    def start(self):
        super().start("--listen", f"127.0.0.1:{self.port}")
        found = self.wait_for(lambda: re.search(r"listening on (https?://127\.0\.0\.1:\d+)\n", self.text))
        self.url = found[1]

    def wait_until_ready(self):
        eventually(lambda: self.namespace.result("curl", "-sf", f"{self.url}/readyz").returncode == 0, what="ADMIN being ready")

    def add_token(self, name, role, *words):
        return self.namespace.run(
            binary("portcullis-admin"), "token", "add", name, "--role", role, *words, "--database", self.database).strip()


class Operator:
    """The command line `portcullis`, run where it reaches ADMIN, and a copy of the fixtures to change."""

    def __init__(self, namespace, folder):
        self.namespace = namespace
        self.cloud = pathlib.Path(folder) / "cloud"
        shutil.copytree(FIXTURES, self.cloud)

    def run(self, *words):
        return self.namespace.run(binary("portcullis"), *words, "--admin-url", ADMIN_URL)

    def json(self, *words):
        return json.loads(self.run(*words, "--output", "json"))

    def etag(self):
        """The ETag of location tcn's export."""
        url = f"{ADMIN_URL}/v1/locations/tcn/services.csv"
        headers = self.namespace.run("curl", "-sS", "--fail", "--head", "-X", "GET", url)
        return re.search(r"(?im)^etag:\s*(\S+)", headers)[1]

    def apply(self):
        return self.run("apply", "-f", self.cloud / "cloud.yaml")

    def edit(self, file, old, new):
        """Replaces a text that must occur exactly once."""
        path = self.cloud / file
        path.write_text(replaced(path.read_text(), old, new, file))

    def reset(self):
        """Restores the registry to the original fixtures, with all instances ready."""
        shutil.rmtree(self.cloud)
        shutil.copytree(FIXTURES, self.cloud)
        self.apply()
        # The fixtures name no states, and an operator's drain survives an apply.
        for server in self.json("servers", "list"):
            if server["state"] != "ready":
                self.run("servers", "ready", server["name"])
        for service in self.json("services", "list"):
            if service["state"] != "ready":
                self.run("services", "ready", service["name"])


def replaced(text, old, new, what):
    """The text with one part replaced, which must occur exactly once."""
    assert text.count(old) == 1, f"{what} has {text.count(old)} times {old!r}"
    return text.replace(old, new)
