"""The lab machine as a node without a cluster, and each of the agents on it."""

import os
import pathlib
import signal

from portcullis_testing import agents, witnesses
from portcullis_testing.agents import Agent
from portcullis_testing.namespaces import HERE
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually

CONFIGURATION = pathlib.Path("/etc/portcullis")
NETWORK = """\
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


def prepare_node():
    """What packages and an administrator would have done."""
    for module in ("ip_vs", "ip_vs_wlc", "nf_tables", "nft_ct", "nft_log", "nft_limit", "nft_nat", "nft_chain_nat", "nft_objref", "dummy"):
        HERE.run("modprobe", module)
    HERE.batch(*NETWORK.splitlines())
    HERE.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
    sysusers = REPOSITORY / "packaging/portcullis.sysusers.conf"
    HERE.run("systemd-sysusers", sysusers)
    pathlib.Path("/run/resource-agents").mkdir(exist_ok=True)
    for name in ("gateway", "admin"):
        HERE.run("install", "-m", "755", binary(f"portcullis-{name}"), "/usr/bin/")
    agents.install()
    CONFIGURATION.mkdir(exist_ok=True)


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
            eventually(lambda: not pathlib.Path(f"/proc/{self.process}").exists(), what="the daemon's end")

    @staticmethod
    def role():
        path = pathlib.Path("/run/portcullis/role")
        return path.read_text().strip() if path.exists() else None

    @staticmethod
    def sync_daemons():
        """The kernel's, as ipvsadm tells them."""
        return sorted(kind for kind, *_ in witnesses.sync_daemons(HERE))

    @staticmethod
    def kernel():
        """What is there of ours: whether the table is, and how many virtual services."""
        table = HERE.result("nft", "list", "table", "inet", "portcullis").returncode == 0
        return table, sum(line.startswith("-A") for line in HERE.run("ipvsadm", "-Sn").splitlines())


class Admin(Agent):
    name = "admin"
    logs = ("/var/log/portcullis-admin.log",)

    def __init__(self):
        super().__init__()
        folder = pathlib.Path("/var/lib/portcullis-admin")
        HERE.run("install", "-d", "-o", "portcullis-admin", "-m", "700", folder)
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
        words = HERE.run("ip", "-br", "address", "show", "dev", interface).split()[2:]
        return {word for word in words if not word.startswith("fe80:")}
