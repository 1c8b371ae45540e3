"""The agents as pacemaker calls them: an action, parameters in the environment, and what came back."""

import dataclasses
import os
import pathlib
import re
import signal
import subprocess

import programs

FOLDER = pathlib.Path("/usr/lib/ocf/resource.d/portcullis")
CONFIGURATION = pathlib.Path("/etc/portcullis")
NETWORK = """
link add sync0 type dummy
link set sync0 multicast on up
addr add 10.9.0.1/24 dev sync0
link add inside type dummy
link set inside up
addr add 10.1.0.2/24 dev inside
addr add fd00:1::2/64 dev inside nodad
link add public0 type dummy
link set public0 up
addr add 198.51.100.36/32 dev public0
"""
# The return codes of OCF 1.1
OK, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING = range(8)
PROMOTED, FAILED_PROMOTED = 8, 9


def run(*words, **options):
    return subprocess.run([str(word) for word in words], text=True, capture_output=True, check=False, **options)


def prepare_node():
    """What packages and an administrator would have done."""
    for module in ("ip_vs", "ip_vs_wlc", "nf_tables", "nft_ct", "nft_log", "nft_limit", "nft_nat", "nft_chain_nat", "nft_objref", "dummy"):
        assert run("modprobe", module).returncode == 0, module
    subprocess.run(["ip", "-batch", "-"], input=NETWORK, text=True, check=True)
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"], check=True)
    sysusers = programs.REPOSITORY / "packaging/portcullis.sysusers.conf"
    subprocess.run(["systemd-sysusers", sysusers], check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    pathlib.Path("/run/resource-agents").mkdir(exist_ok=True)
    for name in ("gateway", "admin"):
        subprocess.run(["install", "-m", "755", programs.binary(f"portcullis-{name}"), "/usr/bin/"], check=True)
    for name in ("gateway", "admin", "addresses"):
        subprocess.run(["install", "-m", "755", programs.REPOSITORY / f"pacemaker/portcullis-{name}", FOLDER / name], check=True)
    functions = programs.REPOSITORY / "pacemaker/portcullis-functions"
    subprocess.run(["install", "-D", "-m", "644", functions, "/usr/lib/ocf/lib/portcullis/functions"], check=True)
    CONFIGURATION.mkdir(exist_ok=True)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    output: str


class Agent:
    """One of the agents with its parameters; `call` is what pacemaker's executor does."""

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
        result = run(*words, self.path, action, env=settings, timeout=300)
        return Answer(result.returncode, result.stdout + result.stderr)

    def probe(self, **parameters):
        return self.call("monitor", interval=0, **parameters)

    def statuses(self, *actions):
        return [self.call(action).status for action in actions]

    def ocf_tester(self):
        options = [word for name, value in self.parameters.items() for word in ("-o", f"{name}={value}")]
        return run("ocf-tester", "-n", self.name, *options, self.path, timeout=900)

    def restore(self):
        """As before the test; it must be possible whatever the test did."""
        assert self.call("stop").status == OK

    @property
    def log(self):
        return "\n".join(path.read_text()[-4000:] for path in map(pathlib.Path, self.logs) if path.exists())


class Gateway(Agent):
    name = "gateway"
    logs = ("/var/log/portcullis-gateway.log", "/run/portcullis/status.json")

    def __init__(self, admin_url):
        super().__init__()
        self.file = CONFIGURATION / "gateway.yaml"
        # As ADMIN answers at once, an audit is what is asked for only.
        self.file.write_text(f"admin-url: {admin_url}\nlocation: tcn\nname: gw1\ninterval: 1\ntimeout: 3\naudit-interval: 3600\n"
                             "sync: {interface: sync0}\n")

    @property
    def process(self):
        """The daemon's id, as its lock has it."""
        return int(pathlib.Path("/run/portcullis/lock").read_text().split()[0])

    def signal(self, number):
        os.kill(self.process, number)
        if number == signal.SIGKILL:
            programs.eventually(lambda: not pathlib.Path(f"/proc/{self.process}").exists(), what="the daemon's end")

    @staticmethod
    def role():
        path = pathlib.Path("/run/portcullis/role")
        return path.read_text().strip() if path.exists() else None

    @staticmethod
    def sync_daemons():
        """The kernel's, as ipvsadm tells them."""
        return re.findall(r"^(master|backup) sync daemon", run("ipvsadm", "-l", "--daemon").stdout, re.M)

    @staticmethod
    def kernel():
        """What is there of ours: whether the table is, and how many virtual services."""
        table = run("nft", "list", "table", "inet", "portcullis").returncode == 0
        return table, sum(line.startswith("-A") for line in run("ipvsadm", "-Sn").stdout.splitlines())


class Admin(Agent):
    name = "admin"
    logs = ("/var/log/portcullis-admin.log",)

    def __init__(self):
        super().__init__()
        folder = pathlib.Path("/var/lib/portcullis-admin")
        subprocess.run(["install", "-d", "-o", "portcullis-admin", "-m", "700", folder], check=True)
        self.file = CONFIGURATION / "admin.yaml"
        self.file.write_text(f"listen: 127.0.0.1:8080\ndatabase: {folder}/registry.sqlite\n")

    @property
    def process(self):
        return int(pathlib.Path("/run/resource-agents/portcullis-admin.pid").read_text())


class Addresses(Agent):
    name = "addresses"

    @staticmethod
    def on(interface):
        """What the kernel has there, link-local addresses aside."""
        words = run("ip", "-br", "address", "show", "dev", interface).stdout.split()[2:]
        return {word for word in words if not word.startswith("fe80:")}
