"""The shipped binaries as the scenarios use them: ADMIN, the gateway's daemon, the operator's command line."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

ADMIN_URL = "http://127.0.0.1:8080"
INTERVAL = 3
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def binary(name):
    """The path of a binary; fails by name when it has not been built."""
    path = pathlib.Path(os.environ.get("PORTCULLIS_BIN", REPOSITORY / ".build/debug")) / name
    assert os.access(path, os.X_OK), f"{path} is missing: swift build, or set PORTCULLIS_BIN"
    return path


def eventually(condition, timeout=60, what="the condition"):
    """Waits until the condition yields something true, and returns that; longer where the lab's clocks are slowed down."""
    deadline = time.monotonic() + timeout * int(os.environ.get("PORTCULLIS_LAB_DILATION", 1))
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout} s"
        time.sleep(0.1)
    return found


class Program:
    """A long-running program in a namespace, its output in a file. The words before `program` run it (strace)."""

    def __init__(self, namespace, folder, program, *words, before=(), environment=None):
        self.log = pathlib.Path(folder) / f"{pathlib.Path(program).name}.log"
        self._is_wrapped = bool(before)
        with open(self.log, "ab") as output:
            self._start_of_log = output.tell()
            self.process = namespace.start(
                *before, program, *words, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment and {**os.environ, **environment})

    @property
    def text(self):
        """What it has written, without what was written by an earlier run."""
        return self.log.read_bytes()[self._start_of_log:].decode()

    @property
    def pid(self):
        """The program's own, also where another program runs it."""
        pid = self.process.pid
        if not self._is_wrapped:
            return pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def stop(self, timeout=60):
        """Asks it to end and returns its exit status."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @contextlib.contextmanager
    def halted(self):
        """Stands still for a while (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def kill(self):
        """Ends it without a chance to put anything in order."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()


class Admin(Program):
    """ADMIN on the loopback of a namespace, with an empty registry."""

    def __init__(self, namespace, folder):
        super().__init__(namespace, folder, binary("portcullis-admin"), "--database", f"{folder}/registry.sqlite")


class Gateway(Program):
    """The daemon of gateway gw1 in location tcn. Settings go by their names: `{"drain-time": 5}`."""

    def __init__(self, namespace, folder, settings=None, program=None, **how):
        self.namespace, self.folder = namespace, pathlib.Path(folder)
        self.options = self.flags(folder, settings or {})
        # Of a daemon before this one in the same folder.
        for file in ("status.json", "metrics.prom"):
            (self.folder / "run" / file).unlink(missing_ok=True)
        super().__init__(namespace, folder, program or binary("portcullis-gateway"), "run", *self.options, **how)

    @staticmethod
    def flags(folder, settings):
        settings = {"admin-url": ADMIN_URL, "location": "tcn", "name": "gw1", "interval": INTERVAL,
                    "state-directory": f"{folder}/state", "run-directory": f"{folder}/run", **settings}
        return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]

    @property
    def status(self):
        """What `status.json` says; nothing before the first poll."""
        path = self.folder / "run/status.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def state(self):
        """What `state.json` has."""
        return json.loads((self.folder / "state/state.json").read_text())

    def metrics(self):
        """The metrics file: {'portcullis_gateway_polls_total{result="changed"}': 1.0}."""
        path = self.folder / "run/metrics.prom"
        lines = path.read_text().splitlines() if path.exists() else []
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def memory(self, field="VmRSS"):
        """Kibibytes: resident now, or at most so far (VmHWM)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"(?m)^{field}:\s+(\d+) kB", text)[1])

    def export(self, bytes):
        """An export as a file beside the daemon's others: its path."""
        path = self.folder / "export.csv"
        path.write_bytes(bytes)
        return path

    def run(self, subcommand, *words):
        """Another subcommand with the same settings: its result, whatever its status."""
        return self.namespace.result(binary("portcullis-gateway"), subcommand, *words, *self.options)

    def agrees(self, etag):
        """Whether the kernel agrees with the export."""
        status = self.status
        return status.get("state") == "synchronized" and status["applied"]["etag"] == etag

    def has_applied(self, etag, timeout=60):
        """Waits until the kernel agrees with the export."""
        eventually(lambda: self.agrees(etag), timeout, f"the gateway having applied {etag}")

    def follow(self, operator):
        """Waits until the kernel agrees with ADMIN's export of now: with the next poll, after one that may be under way.

        Polls are counted, as what one takes is the machine's affair.
        """
        etag, seen = operator.etag(), {self.status.get("poll", {}).get("succeededAt")}

        def has_followed():
            status = self.status
            seen.add(status.get("poll", {}).get("succeededAt"))
            follows = status.get("state") == "synchronized" and status["applied"]["etag"] == etag
            assert follows or len(seen) <= 2, f"a whole poll went by without {etag} being applied"
            return follows

        eventually(has_followed, what=f"the gateway having applied {etag}")


class Operator:
    """The command line `portcullis`, run where it reaches ADMIN, and a copy of the fixtures to change."""

    def __init__(self, namespace, folder):
        self.namespace = namespace
        self.cloud = pathlib.Path(folder) / "cloud"
        shutil.copytree(REPOSITORY / "fixtures", self.cloud)

    def run(self, *words):
        return self.namespace.run(binary("portcullis"), *words, "--admin-url", ADMIN_URL)

    def json(self, *words):
        return json.loads(self.run(*words, "--output", "json"))

    def etag(self):
        """The entity tag of location tcn's export, as ADMIN gives it to anybody."""
        url = f"{ADMIN_URL}/v1/locations/tcn/services.csv"
        headers = self.namespace.run("curl", "-sS", "--fail", "--head", "-X", "GET", url)
        return re.search(r"(?im)^etag:\s*(\S+)", headers)[1]

    def apply(self):
        return self.run("apply", "-f", self.cloud / "cloud.yaml")

    def edit(self, file, old, new):
        """Replaces a text that must be there exactly once."""
        path = self.cloud / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
        path.write_text(text.replace(old, new))

    def reset(self):
        """Puts the registry back to the fixtures as they are shipped, all instances ready."""
        shutil.rmtree(self.cloud)
        shutil.copytree(REPOSITORY / "fixtures", self.cloud)
        self.apply()
        # The fixtures name no states: an operator's drain outlives an apply.
        for service in self.json("services", "list"):
            if service["state"] != "ready":
                self.run("services", "ready", service["name"])
