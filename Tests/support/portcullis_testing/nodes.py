"""portcullis-node on the scenarios' servers, and the service that is rolled out there."""

import contextlib
import json
import os
import pathlib
import shutil
import signal

from portcullis_testing.admin import ADMIN_URL
from portcullis_testing.processes import Process, run
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually

WEB = REPOSITORY / "demo/web"


class Versions:
    """Versions of the service `web`, built, signed and pushed by the shipped command, run where it reaches ADMIN."""

    def __init__(self, namespace, folder):
        self.namespace, self.folder = namespace, pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.store, self.key = self.folder / "store", self.folder / "release.key"
        run(binary("portcullis"), "keys", "new", self.key)
        self.trusted = run(binary("portcullis"), "keys", "show", f"{self.key}.pub")

    def push(self, name):
        """Makes a version; it answers its tests badly if its name ends in `broken`."""
        source = self.folder / "source"
        shutil.copytree(WEB, source, dirs_exist_ok=True)
        (source / "share/version").write_text(f"{name}\n")
        where = ("--store", self.store)
        run(binary("portcullis"), "versions", "build", "web", "--name", name, "--from", source, *where)
        run(binary("portcullis"), "versions", "sign", "web", name, "--key", self.key, *where)
        self.namespace.run(binary("portcullis"), "versions", "push", "web", name, *where, "--admin-url", ADMIN_URL)


class Node(Process):
    """The node of a server, in a folder of its own; it runs services as processes.

    `url` is where it reaches ADMIN in its namespace, `settings` are further ones of node.yaml.
    """

    def __init__(self, namespace, folder, server, trusted, url=ADMIN_URL, settings=None, **options):
        self.namespace, self.server, self.folder = namespace, server, pathlib.Path(folder) / server
        self.root = self.folder / "srv"
        self.root.mkdir(parents=True, exist_ok=True)
        settings = {"admin-url": url, "server": server, "root": str(self.root), "users": "agent", "interval": 1,
                    **(settings or {})}
        configuration = self.folder / "node.yaml"
        configuration.write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items()) + trusted)
        super().__init__(*namespace.command(binary("portcullis-node"), "run", "--config", configuration),
                         **{"log": self.folder / "node.log", "start_new_session": True, **options})

    def service(self, name):
        """What the keeper has written down of a service: process, start, end; empty before its first start."""
        path = self.root / "node/run" / name / "state"
        lines = path.read_text().splitlines() if path.exists() else []
        return dict(line.split(None, 1) for line in lines if " " in line)

    def end(self):
        """Ends the node, and then the services, which outlive it."""
        self.stop()
        for path in self.root.glob("node/run/*/state"):
            keeper = self.service(path.parent.name).get("keeper-process", "").partition(" ")[0]
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(keeper), signal.SIGTERM)
                eventually(lambda: not pathlib.Path(f"/proc/{keeper}").exists(), 20, f"the end of {path.parent.name}")
