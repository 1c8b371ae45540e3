"""The programs of the soak, which are killed and started again."""

import collections
import time

from changes import DRAIN_TIME
from portcullis_testing.admin import PORT, Admin
from portcullis_testing.gateway import Gateway


class Stage:
    """ADMIN and the gateway's daemon."""

    def __init__(self, network, folder):
        self.network, self.folder = network, folder
        self.admin = self.start_admin()
        self.gateway = self.start_gateway()
        self.kills = collections.Counter()

    def start_admin(self):
        return Admin(self.network.gateway, self.folder, port=PORT)

    def start_gateway(self):
        return Gateway(self.network.gateway, self.folder, {
            "interval": 1, "wait": 5, "audit-interval": 2, "drain-time": DRAIN_TIME,
            # Whatever the changes withdraw, they mean it.
            "guard.servers-floor": 100, "guard.services-floor": 1000})

    def check_alive(self):
        for program in (self.admin, self.gateway):
            assert program.is_running, f"{program.log.name}: ended by itself, status {program.wait()}\n{program.text[-3000:]}"

    def kill_admin(self, pause):
        self.admin.kill()
        time.sleep(pause)
        self.admin = self.start_admin()
        self.kills["ADMIN"] += 1

    def kill_gateway(self, pause):
        self.gateway.kill()
        time.sleep(pause)
        self.gateway = self.start_gateway()
        self.kills["gateway"] += 1

    @property
    def status(self):
        return self.gateway.status

    def close(self):
        for program in (self.gateway, self.admin):
            program.kill()
