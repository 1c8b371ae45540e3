"""The gateway's daemon as every suite starts it, and its files."""

import json
import pathlib

from portcullis_testing.admin import ADMIN_URL
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

INTERVAL = 3


class Gateway(Process):
    """The daemon of gateway gw1 in location tcn. `settings` are by name: `{"drain-time": 5}`; `words` are arguments of `run`."""

    def __init__(self, namespace, folder, settings=None, *words, program=None, **options):
        self.namespace, self.folder = namespace, pathlib.Path(folder)
        self.run_directory = pathlib.Path((settings or {}).get("run-directory", self.folder / "run"))
        self.options = self.flags(folder, settings or {})
        # The status of an earlier daemon in the same folder.
        for file in ("status.json", "metrics.prom"):
            (self.run_directory / file).unlink(missing_ok=True)
        super().__init__(*namespace.command(program or binary("portcullis-gateway"), "run", *words, *self.options),
                         **{"log": self.folder / "portcullis-gateway.log", **options})

    @staticmethod
    def flags(folder, settings):
        settings = {"admin-url": ADMIN_URL, "location": "tcn", "name": "gw1", "interval": INTERVAL,
                    "state-directory": f"{folder}/state", "run-directory": f"{folder}/run", **settings}
        return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]

    @property
    def status(self):
        """The content of `status.json`; empty before the first poll."""
        path = self.run_directory / "status.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def state(self):
        """The content of `state.json`."""
        return json.loads((self.folder / "state/state.json").read_text())

    def all_are_up(self, targets):
        """Whether the checks have found so many targets up."""
        found = self.status.get("checks", {})
        return found.get("prober") == "working" and found.get("up") == targets

    def metrics(self):
        """The metrics file: {'portcullis_gateway_polls_total{result="changed"}': 1.0}."""
        path = self.run_directory / "metrics.prom"
        lines = path.read_text().splitlines() if path.exists() else []
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def export(self, bytes):
        """Writes an export to a file in the daemon's folder; returns its path."""
        path = self.folder / "export.csv"
        path.write_bytes(bytes)
        return path

    def run(self, subcommand, *words):
        """Runs another subcommand with the same settings; returns its result, whatever its status."""
        return self.namespace.result(binary("portcullis-gateway"), subcommand, *words, *self.options)

    def agrees(self, etag):
        """Whether the kernel agrees with the export."""
        status = self.status
        return status.get("state") == "synchronized" and status["applied"]["etag"] == etag

    def has_applied(self, etag, timeout=60):
        """Waits until the kernel agrees with the export."""
        eventually(lambda: self.agrees(etag), timeout, f"the gateway having applied {etag}")

    def follow(self, operator):
        """Waits until the kernel agrees with ADMIN's present export: until the next poll, after one that may be under way.

        It counts polls, since the duration of a poll depends on the machine.
        """
        etag, seen = operator.etag(), {self.status.get("poll", {}).get("succeededAt")}

        def has_followed():
            status = self.status
            seen.add(status.get("poll", {}).get("succeededAt"))
            follows = status.get("state") == "synchronized" and status["applied"]["etag"] == etag
            assert follows or len(seen) <= 2, f"a whole poll went by without {etag} being applied"
            return follows

        eventually(has_followed, what=f"the gateway having applied {etag}")


class Prober(Process):
    """portcullis-checks beside a daemon. `words` are a command that runs it."""

    def __init__(self, daemon, *words):
        super().__init__(*daemon.namespace.command(*words, binary("portcullis-checks"), "run", "--run-directory",
                                                   daemon.run_directory), log=daemon.folder / "portcullis-checks.log")
