"""The three lab machines, as the host sees them: booted, told what to do, and their plug pulled."""

import os
import pathlib
import signal
import tempfile

from portcullis_testing.namespaces import Host
from portcullis_testing.processes import Process
from portcullis_testing.repository import REPOSITORY
from portcullis_testing.waiting import DILATION, eventually

LAB = REPOSITORY / "Tests/Lab/lab"
FOLDER = pathlib.Path(__file__).resolve().parent
GATEWAYS = {"gw1": 1, "gw2": 2}
NETWORKS = ("public", "inside", "wire")


class Machine(Host):
    """One QEMU, from boot to power-off; it can be booted again."""

    def __init__(self, name, links, first, memory):
        self.name, self.links, self.first, self.memory = name, links, first, memory
        self.process = None

    def boot(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"portcullis-{self.name}-"))
        nics = [word for link in self.links for word in ("--nic", link)]
        # A session of its own: the kernel shares the processors out by session (sched_autogroup), so no machine starves.
        self.process = Process(LAB, "run", "--directory", self.folder, "--cpus", "1", "--memory", self.memory,
                               "--timeout", "7200", *nics, "--", *self.first, start_new_session=True)

    @property
    def results(self):
        """What the machine leaves in $LAB_RESULTS, while it runs."""
        return self.folder / "share/results"

    @property
    def output(self):
        return self.process.text

    def wait(self, timeout=300):
        """Until the machine's first command is through with its preparations."""
        def ready():
            assert self.is_on, f"{self.name} ended: {self.output}"
            return (self.results / "ready").exists()
        eventually(ready, timeout, f"{self.name} being ready")

    def command(self, *words):
        return [LAB, "exec", self.folder, "--", *words]

    def result(self, *words, **options):
        return super().result(*words, timeout=600 * DILATION, **options)

    def run(self, *words, **options):
        return super().run(*words, timeout=600 * DILATION, **options)

    def shell(self, script):
        return self.run("bash", "-ec", script)

    @property
    def is_on(self):
        return self.process is not None and self.process.is_running

    def power_off(self):
        """Pulls the plug."""
        if self.is_on:
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
            self.process.wait()


def machines(sockets):
    """The switch, which listens, and the two gateways, which connect to it; sockets are made in the folder."""
    def ends(name, how):
        return [f"stream,{how},addr.type=unix,addr.path={sockets}/{name}-{network}" for network in NETWORKS]

    switch_links = [link for name in GATEWAYS for link in ends(name, "server=on")]
    switch = Machine("switch", switch_links, ["/usr/bin/python3", FOLDER / "switch.py"], 1024)
    gateways = [Machine(name, ends(name, "server=off"), [FOLDER / "node", name, number], 1024)
                for name, number in GATEWAYS.items()]
    return switch, *gateways
