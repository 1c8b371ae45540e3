"""A node under its unit in the booted machine: services are units of systemd, and a script plays ADMIN."""

import os
import pathlib
import signal
import sys

import machine
from portcullis_testing.repository import REPOSITORY
from portcullis_testing.waiting import eventually

sys.path.append(str(REPOSITORY / "Tests/Node"))

from stage import Stage  # noqa: E402, F401

NODE = "portcullis-node.service"
SETTINGS = pathlib.Path("/etc/portcullis/node.yaml")


def unit(service):
    return f"portcullis-service@{service}.service"


class Unit:
    """The node's unit, in the place of a process."""

    @property
    def pid(self):
        return int(machine.show(NODE, "MainPID"))

    @property
    def text(self):
        return machine.run("journalctl", "--no-pager", "--lines=60", "--unit", NODE)

    def start(self):
        machine.run("systemctl", "start", NODE)

    def restart(self):
        machine.run("systemctl", "restart", NODE)

    def stop(self):
        machine.run("systemctl", "stop", NODE)

    def kill(self):
        """Kills the node; systemd starts it again."""
        before = self.pid
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self.pid not in (0, before), what="the node being back")


class UnitStage(Stage):
    def start(self, **settings):
        self.configure(users="700000-700099", **settings)
        SETTINGS.parent.mkdir(exist_ok=True)
        SETTINGS.write_text((self.folder / "node.yaml").read_text())
        self.node = Unit()
        self.node.restart()
        return self

    def __exit__(self, *_):
        if self.node:
            self.node.stop()
        self.node = None
        super().__exit__()

    def cgroup(self, service):
        """The processes of a service's unit."""
        path = pathlib.Path("/sys/fs/cgroup" + machine.show(unit(service), "ControlGroup"), "cgroup.procs")
        return {int(line) for line in path.read_text().split()} if path.exists() else set()
