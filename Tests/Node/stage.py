"""A node with its services, a script in the place of ADMIN, and versions made by the shipped command."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import textwrap
import time

from portcullis_testing import processes
from portcullis_testing.processes import lives
from portcullis_testing.repository import binary
from portcullis_testing.services import kill_services
from portcullis_testing.waiting import eventually
from scripted_admin import ScriptedAdmin

# A service: answers each request with the name of its version, and writes down each start.
SERVER = """\
#!/usr/bin/python3
import http.server, os, pathlib, signal, sys
here = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
with open(here / "starts", "a") as starts:
    starts.write(f"{@VERSION@} {os.getpid()}\\n")
print("started", @VERSION@, os.environ["PORTCULLIS_SERVICE"], flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
        self.wfile.write(@VERSION@.encode())
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("127.0.0.1", @PORT@), Handler).serve_forever()
"""


class Stage:
    def __init__(self, folder):
        self.folder = folder
        self.store, self.root, self.sources = folder / "store", folder / "srv", folder / "sources"
        self.root.mkdir(exist_ok=True)
        self.node = None
        self.settings = {}
        self.lists = ""
        if not (folder / "release.key").exists():
            processes.run(binary("portcullis"), "keys", "new", folder / "release.key")
        self.key = processes.run(binary("portcullis"), "keys", "show", folder / "release.key.pub")
        self.admin = None

    def __enter__(self):
        self.admin = ScriptedAdmin(self.store)
        return self

    def __exit__(self, *_):
        if self.node:
            self.node.kill()
        for state in (self.root / "node").glob("*/*/state"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._word(state, "keeper-process")), signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and any(self.is_locked(path.parent) for path in self.root.glob("node/*/*/state")):
            time.sleep(0.05)
        kill_services(self.root)
        self.admin.stop()

    # Versions

    def version(self, name, program="", *, type="pgw", files=None, sign=True, key=None, **manifest):
        """Makes a version with the shipped command and returns its digest."""
        source = self.sources / f"{type}-{name}"
        (source / "bin").mkdir(parents=True, exist_ok=True)
        path = source / "bin" / "run"
        path.write_text(textwrap.dedent(program) or "#!/bin/sh\nexec sleep 1000\n")
        path.chmod(0o755)
        for file, content in (files or {}).items():
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            (source / file).write_bytes(content)
            (source / file).chmod(0o755 if file.startswith("bin/") else 0o644)
        run = {"command": ["bin/run"], "ready": {"after": 0}, "stop-timeout": 5, **manifest.pop("run", {})}
        document = {"type": type, "install": {"files": ["**"], **manifest.pop("install", {})}, "run": run, **manifest}
        meta = self.folder / f"{type}.yaml"
        meta.write_text(json.dumps(document))
        words = ["versions", "build", type, "--name", name, "--types", meta, "--from", source, "--store", self.store,
                 "--no-command", "-o", "json"]
        made = json.loads(processes.run(binary("portcullis"), *words))
        if sign:
            self.sign(type, name, key or self.folder / "release.key")
        return made["digest"]

    def sign(self, type, name, key):
        processes.run(binary("portcullis"), "versions", "sign", type, name, "--key", key, "--store", self.store)

    def server_version(self, name, port, **more):
        """A version of a small HTTP server."""
        program = SERVER.replace("@VERSION@", repr(name)).replace("@PORT@", str(port))
        return self.version(name, program, run={"ready": {"port": port}, **more.pop("run", {})}, **more)

    def forge(self, digest=None, **changes):
        """A manifest that was changed by hand, served by ADMIN as it is. Returns its digest."""
        manifest = json.loads((self.store / "manifests" / f"{digest}.json").read_bytes())
        for name, value in changes.items():
            manifest[name.replace("_", "-")] = value
        return self.serve(json.dumps(manifest).encode())

    def serve(self, manifest, signatures=None):
        digest = hashlib.sha256(manifest).hexdigest()
        self.admin.altered[digest] = {"manifest": manifest, **({"signatures": signatures} if signatures else {})}
        return digest

    # The node

    def start(self, **settings):
        """Starts the node. Settings are those of node.yaml."""
        self.configure(**settings)
        self.node = processes.Process(
            binary("portcullis-node"), "run", *self.words, log=self.folder / "node.log", start_new_session=True)
        return self

    def configure(self, **settings):
        """Writes node.yaml."""
        self.settings.update(settings)
        lines = {"admin-url": self.admin.url, "server": "app1", "root": str(self.root), "users": "agent", "interval": "1",
                 "log-level": "info", **self.settings}
        configuration = self.folder / "node.yaml"
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items())
        configuration.write_text(text + (self.lists or self.key))
        self.words = ["--config", configuration]

    def restart(self):
        self.node.kill()
        # The next agent begins with the whole report.
        self.admin.report = None
        self.node.start()

    def command(self, *words):
        return processes.result(binary("portcullis-node"), *words, *self.words)

    def settled(self, service, *, state="running", version=None, timeout=30):
        """Waits until the report says that a service is as it should be, and returns what it says."""
        def is_so():
            told = self.admin.of(service)
            return told if told.get("state") == state and (not version or told.get("version") == version) else None
        try:
            return eventually(is_so, timeout, f"{service} being {state}", pause=0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.admin.of(service)}\n{self.node.text[-3000:]}") from None

    def purged(self, service, timeout=30):
        """Waits until the report tells nothing of a service any more."""
        try:
            eventually(lambda: self.admin.report and service not in self.admin.report["services"], timeout,
                       f"{service} being purged", pause=0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.admin.of(service)}\n{self.node.text[-3000:]}") from None

    def told(self, service, *texts, timeout=30):
        """Waits until the report has a problem with all texts, and returns it."""
        def is_so():
            problem = self.admin.of(service).get("problem") or ""
            return problem if all(text in problem for text in texts) else None
        try:
            return eventually(is_so, timeout, f"{service}: {texts}", pause=0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.admin.of(service)}\n{self.node.text[-3000:]}") from None

    # What there is

    @staticmethod
    def _word(path, name):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name} "):
                return line.split()[1]
        return None

    def state(self, service):
        """What the keeper has written down, by name."""
        path = self.root / "node" / "run" / service / "state"
        if not path.exists():
            return {}
        return {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()}

    def pid(self, service):
        """The main process of a service, its master; None while its keeper has none."""
        main = self.state(service).get("main")
        return int(main[0]) if main else None

    def witness(self, service):
        """What tells a start from another: process, its start, the instance, the version."""
        state = self.state(service)
        return state.get("main"), state["instance"], state["version"]

    def end(self, service):
        """Has the keeper stop a service, without a word of the node."""
        keeper = int(self.state(service)["keeper-process"][0])
        os.kill(keeper, signal.SIGTERM)
        eventually(lambda: not lives(keeper), 20, f"the end of {service}")

    def processes(self, service):
        """All that a service consists of: keeper, master, workers."""
        return {int(self.state(service)["keeper-process"][0]), self.pid(service),
                *(worker["pid"] for worker in self.workers(service).values())}

    def workers(self, service):
        """The workers of a service by their numbers, as its master has written them down."""
        path = self.root / "node" / "run" / service / "master" / "state"
        return {worker["worker"]: worker for worker in json.loads(path.read_text())["workers"]} if path.exists() else {}

    def starts(self, service):
        """The versions that were started, in order."""
        path = self.root / service / "starts"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def log(self, service):
        return (self.root / "node" / "log" / service / "log").read_text()

    def current(self, service):
        return os.readlink(self.root / service / "current").removeprefix("versions/")

    @staticmethod
    def is_locked(directory):
        done = subprocess.run(["flock", "-n", "-s", directory / "lock", "true"], check=False)
        return done.returncode != 0
