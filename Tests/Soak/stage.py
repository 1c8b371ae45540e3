"""The programs of the soak, which are killed and started again."""

import collections
import json
import time

from changes import DRAIN_TIME
from portcullis_testing.admin import PORT, Admin
from portcullis_testing.gateway import Gateway
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually


class Stage:
    """ADMIN, the gateway's daemon, and its prober."""

    def __init__(self, network, folder):
        self.network, self.folder = network, folder
        self.admin = self.start_admin()
        self.gateway = self.start_gateway()
        self.prober = self.start_prober()
        # When nothing could be found out, by the monotonic clock: from, until.
        self.outages = []
        self.kills = collections.Counter()

    def start_admin(self):
        return Admin(self.network.gateway, self.folder, port=PORT)

    def start_gateway(self):
        return Gateway(self.network.gateway, self.folder, {
            "interval": 1, "wait": 5, "audit-interval": 2, "drain-time": DRAIN_TIME,
            # Whatever the changes withdraw, they mean it.
            "guard.servers-floor": 100, "guard.services-floor": 1000})

    def start_prober(self):
        return Process(*self.network.gateway.command(binary("portcullis-checks"), "run", "--run-directory", self.folder / "run"),
                       log=self.folder / "portcullis-checks.log")

    def check_alive(self):
        for program in (self.admin, self.gateway, self.prober):
            assert program.is_running, f"{program.log.name}: ended by itself, status {program.wait()}\n{program.text[-3000:]}"

    def kill_admin(self, pause):
        self.admin.kill()
        time.sleep(pause)
        self.admin = self.start_admin()
        self.kills["ADMIN"] += 1

    def kill_gateway(self, pause):
        began = time.monotonic()
        self.gateway.kill()
        time.sleep(pause)
        self.gateway = self.start_gateway()
        self.kills["gateway"] += 1
        self.wait_for_prober(began)

    def kill_prober(self, pause):
        began = time.monotonic()
        self.prober.kill()
        time.sleep(pause)
        self.prober = self.start_prober()
        self.kills["prober"] += 1
        self.wait_for_prober(began)

    def halt(self, what, pause):
        """Stops the gateway's daemon or the prober for a while."""
        began = time.monotonic()
        with getattr(self, what).halted():
            time.sleep(pause)
        self.kills[f"{what} halted"] += 1
        self.wait_for_prober(began)

    def wait_for_prober(self, began):
        """Waits until the daemon says that its prober works: what has failed since `began` could not be found before."""
        resumed = time.time()
        path = self.gateway.run_directory / "status.json"
        eventually(lambda: path.exists() and path.stat().st_mtime > resumed
                   and self.status.get("checks", {}).get("prober") == "working", 60, "the prober working again")
        self.outages.append((began, time.monotonic()))

    @property
    def status(self):
        """The content of `status.json`; empty while there is none."""
        try:
            return self.gateway.status
        except (OSError, json.JSONDecodeError):
            # A daemon that starts removes it.
            return {}

    def close(self):
        for program in (self.gateway, self.prober, self.admin):
            program.kill()
