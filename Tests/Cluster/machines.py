"""The three lab machines, as the host sees them: booted, told what to do, and their plug pulled."""

import os
import pathlib
import shlex
import signal
import subprocess
import tempfile

from programs import REPOSITORY, eventually

LAB = REPOSITORY / "Tests/Lab/lab"
FOLDER = pathlib.Path(__file__).resolve().parent
GATEWAYS = {"gw1": 1, "gw2": 2}
NETWORKS = ("public", "inside", "wire")
# How much slower the machines' clocks run than the host's
DILATION = int(os.environ.get("PORTCULLIS_LAB_DILATION", 1))


class Machine:
    """One QEMU, from boot to power-off; it can be booted again."""

    def __init__(self, name, links, command, memory):
        self.name, self.links, self.command, self.memory = name, links, command, memory
        self.process = None
        self.boots = 0

    def boot(self):
        self.boots += 1
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"portcullis-{self.name}-"))
        nics = [word for link in self.links for word in ("--nic", link)]
        # A session of its own: the kernel shares the processors out by session (sched_autogroup), so no machine starves.
        self.log = open(self.folder.with_suffix(".log"), "wb")
        self.process = subprocess.Popen(
            [LAB, "run", "--directory", self.folder, "--cpus", "1", "--memory", str(self.memory),
             "--timeout", "7200", *nics, "--", *map(str, self.command)], stdout=self.log, stderr=self.log, start_new_session=True)

    @property
    def results(self):
        """What the machine leaves in $LAB_RESULTS, while it runs."""
        return self.folder / "share/results"

    @property
    def output(self):
        return self.folder.with_suffix(".log").read_text(errors="replace")

    def wait(self, timeout=300):
        """Until the machine's first command is through with its preparations."""
        def ready():
            assert self.process.poll() is None, f"{self.name} ended: {self.output}"
            return (self.results / "ready").exists()
        eventually(ready, timeout, f"{self.name} being ready")

    def start(self, *words):
        """A command in the machine, beside what runs there."""
        return subprocess.Popen([LAB, "exec", self.folder, "--", *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def result(self, *words):
        """Runs a command in the machine to its end: status, standard output and error."""
        process = self.start(*words)
        output, errors = process.communicate(timeout=600 * DILATION)
        return subprocess.CompletedProcess(words, process.returncode, output, errors)

    def run(self, *words):
        """The same for a command that must succeed; returns its standard output."""
        result = self.result(*words)
        if result.returncode:
            raise RuntimeError(f"{self.name}: {shlex.join(map(str, words))}: status {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def shell(self, script):
        return self.run("bash", "-ec", script)

    @property
    def is_on(self):
        return self.process is not None and self.process.poll() is None

    def power_off(self):
        """Pulls the plug."""
        if self.is_on:
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
            self.process.wait(60)
        self.log.close()


def machines(sockets):
    """The switch, which listens, and the two gateways, which connect to it; sockets are made in the folder."""
    def ends(name, how):
        return [f"stream,{how},addr.type=unix,addr.path={sockets}/{name}-{network}" for network in NETWORKS]

    switch_links = [link for name in GATEWAYS for link in ends(name, "server=on")]
    switch = Machine("switch", switch_links, ["/usr/bin/python3", FOLDER / "switch.py"], 1024)
    gateways = [Machine(name, ends(name, "server=off"), [FOLDER / "node", name, number], 1024)
                for name, number in GATEWAYS.items()]
    return switch, *gateways
