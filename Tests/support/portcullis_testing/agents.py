"""The agents as pacemaker calls them: with an action, and parameters in the environment."""

import dataclasses
import os
import pathlib

from portcullis_testing import processes
from portcullis_testing.repository import REPOSITORY

FOLDER = pathlib.Path("/usr/lib/ocf/resource.d/portcullis")
# The return codes of OCF 1.1
OK, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING = range(8)
PROMOTED, FAILED_PROMOTED = 8, 9


def install():
    """Puts the agents where pacemaker looks for them."""
    for source, mode, target in [("portcullis-functions", "644", "/usr/lib/ocf/lib/portcullis/functions"),
                                 *((f"portcullis-{name}", "755", FOLDER / name) for name in ("gateway", "admin", "addresses"))]:
        processes.run("install", "-D", "-m", mode, REPOSITORY / "pacemaker" / source, target)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    output: str


class Agent:
    """One of the agents with its parameters; `call` runs it like pacemaker's executor."""

    name = None
    logs = ()

    def __init__(self, **parameters):
        self.parameters = parameters
        self.path = FOLDER / self.name

    def call(self, action, interval=10_000, level=0, caller=None, **parameters):
        """Runs an action to its end, as root or as another user."""
        variables = {f"OCF_RESKEY_{name}": str(value) for name, value in {**self.parameters, **parameters}.items()}
        settings = {**os.environ, "OCF_ROOT": "/usr/lib/ocf", "OCF_RESOURCE_INSTANCE": self.name, "OCF_RA_VERSION_MAJOR": "1",
                    "OCF_RA_VERSION_MINOR": "1", "OCF_CHECK_LEVEL": str(level), "__OCF_ACTION": action,
                    "OCF_RESKEY_CRM_meta_interval": str(interval), "HA_LOGFACILITY": "none", **variables}
        words = ["runuser", "-u", caller, "--preserve-environment", "--"] if caller else []
        result = processes.result(*words, self.path, action, env=settings, timeout=300)
        return Answer(result.returncode, result.stdout + result.stderr)

    def probe(self, **parameters):
        return self.call("monitor", interval=0, **parameters)

    def statuses(self, *actions):
        return [self.call(action).status for action in actions]

    def ocf_tester(self):
        options = [word for name, value in self.parameters.items() for word in ("-o", f"{name}={value}")]
        return processes.result("ocf-tester", "-n", self.name, *options, self.path, timeout=900)

    def restore(self):
        """Restores the state before the test, whatever the test did."""
        assert self.call("stop").status == OK

    @property
    def log(self):
        return "\n".join(path.read_text()[-4000:] for path in map(pathlib.Path, self.logs) if path.exists())
