"""The booted machine as its administrator works with it: systemctl, journalctl, nft, ipvsadm, other users."""

import json
import pathlib
import pwd
import re

from portcullis_testing import processes

GATEWAY = "portcullis-gateway.service"
ADMIN = "portcullis-admin.service"
CHECKS = "portcullis-checks.service"


def run(*words, user=None, status=0, environment=None):
    """Runs a command to its end, as another user if need be; returns its standard output. `status` None: any will do."""
    if user:
        words = ("runuser", "-u", user, "--", *words)
    return processes.run(*words, status=status, env=environment, cwd="/")


def show(unit, *properties):
    """Properties of a unit: one value by itself, several as a dictionary."""
    lines = run("systemctl", "show", *(f"--property={name}" for name in properties), unit).splitlines()
    values = dict(line.split("=", 1) for line in lines)
    return values[properties[0]] if len(properties) == 1 else values


def journal(unit):
    """What the unit's own processes have told journald, entry by entry."""
    lines = run("journalctl", "--no-pager", "--output=json", f"_SYSTEMD_UNIT={unit}").splitlines()
    return [json.loads(line) for line in lines]


class Process:
    """The unit's main process, as /proc shows it."""

    def __init__(self, unit):
        self.id = int(show(unit, "MainPID"))
        assert self.id, f"{unit} does not run:\n{run('systemctl', 'status', '--no-pager', unit, status=None)}"
        self.folder = pathlib.Path(f"/proc/{self.id}")
        self.status = dict(re.findall(r"(?m)^(\w+):\s*(.*?)\s*$", (self.folder / "status").read_text()))

    @property
    def user(self):
        """The user, when it is the same whichever way it is asked for."""
        names = {pwd.getpwuid(int(number)).pw_name for number in self.status["Uid"].split()}
        assert len(names) == 1, names
        return names.pop()

    @property
    def capabilities(self):
        """The five sets as numbers."""
        return {name: int(self.status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}

    def mount_options(self, path):
        """Those of the mount that the path is on, as the process sees it."""
        found, length = None, -1
        for line in (self.folder / "mountinfo").read_text().splitlines():
            point, options = line.split()[4:6]
            if f"{path}/".startswith(point.rstrip("/") + "/") and len(point) >= length:
                found, length = options.split(","), len(point)
        return found


def kernel_state():
    """nftables with its handles and IPVS with its counters: equal only where nobody has made anything anew."""
    table = json.loads(run("nft", "--json", "--handle", "list", "ruleset"))["nftables"]
    return table, run("ipvsadm", "-Ln", "--stats", "--exact"), run("ipvsadm", "--save", "-n")
