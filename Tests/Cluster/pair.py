"""The pair as the runbook sets it up: corosync, pacemaker, what `cluster-config --format crm` prints; and how it is looked at."""

import xml.etree.ElementTree

from corosync import configuration
from machines import FOLDER
from portcullis_testing.repository import binary
from portcullis_testing.waiting import DILATION, eventually

ADMIN_ADDRESS = "10.1.0.5"
ADMIN_URL = f"http://{ADMIN_ADDRESS}:8080"
PUBLIC = ["198.51.100.36", "198.51.100.37"]
CONFIG = ["portcullis-gateway", "cluster-config", "--format", "crm", "--node", "gw1", "--node", "gw2", "--interface", "public",
          "--inside", "10.1.0.1/24", "--inside-interface", "inside", "--fencing-delay", "0",
          "--fence", "gw1=fence_lab,ip=10.1.0.254", "--fence", "gw2=fence_lab,ip=10.1.0.254"]


def start_admin(switch):
    """ADMIN outside of the pair, with the lab's cloud; returns the gateways' tokens by their names."""
    admin, operator = binary("portcullis-admin"), binary("portcullis")
    tokens = switch.shell(f"""
token=$({admin} token add ops --role admin --database /run/registry.sqlite)
ip netns exec portcullis-lan setsid {admin} --database /run/registry.sqlite --listen {ADMIN_ADDRESS}:8080 </dev/null >/run/admin.log 2>&1 &
until curl -sf {ADMIN_URL}/readyz >/dev/null; do sleep 0.2; done
PORTCULLIS_TOKEN=$token {operator} apply -f {FOLDER}/cloud/cloud.yaml --admin-url {ADMIN_URL} >/dev/null
echo "$token" >/run/operator.token
for gateway in gw1 gw2; do
    {admin} token add $gateway --role gateway --gateway lab/$gateway --database /run/registry.sqlite
done
""").split()
    return dict(zip(("gw1", "gw2"), tokens))


def operator(switch):
    """The token that ADMIN's registry was filled with."""
    return switch.run("cat", "/run/operator.token").strip()


class Pair:
    """The two gateway machines as one cluster."""

    def __init__(self, switch, gw1, gw2, tokens, timing):
        self.switch, self.nodes, self.tokens, self.timing = switch, {"gw1": gw1, "gw2": gw2}, tokens, timing

    def join(self, *names):
        """Makes booted machines nodes, at the same time."""
        for name in names:
            self.write_configuration(self.nodes[name])
        processes = [self.nodes[name].start(FOLDER / "join", ADMIN_URL, self.tokens[name]) for name in names]
        for process in processes:
            assert process.wait(300 * DILATION) == 0, process.text

    def write_configuration(self, machine):
        machine.shell(f"cat >/etc/corosync/corosync.conf <<'END'\n{configuration(self.timing)}END\n")

    def boot(self, name):
        """A node that was off, repaired: its ports open, and a node again."""
        self.nodes[name].boot()
        self.nodes[name].wait()
        self.switch.shell(f"for network in public inside wire; do ip link set {name}-$network up; done")
        self.join(name)

    def set_up(self):
        """Both nodes, from nothing to one that is active."""
        self.join("gw1", "gw2")
        self.wait_for_members()
        self.load_configuration()
        return self.wait_until_settled()

    def wait_for_members(self):
        def online():
            return all(node.get("online") == "true" for node in self.status("gw1").iter("node") if node.get("id")) and \
                len(self.status("gw1").findall("nodes/node[@online='true']")) == 2
        eventually(online, 180, "both nodes being online")

    def load_configuration(self):
        """What cluster-config prints."""
        self.nodes["gw1"].shell(f"{' '.join(CONFIG)} >/run/pair.crm; crm --wait configure load update /run/pair.crm")

    def status(self, name):
        """What crm_mon of the node says, as XML; an empty tree where there is nothing to ask."""
        result = self.nodes[name].result("crm_mon", "--one-shot", "--output-as=xml", "--inactive")
        return xml.etree.ElementTree.fromstring(result.stdout if result.returncode == 0 else "<none/>")

    def roles(self, name):
        """The gateway clone, as the node sees it: {"gw1": "Promoted", "gw2": "Unpromoted"}."""
        return {resource.find("node").get("name"): resource.get("role")
                for resource in self.status(name).iterfind(".//resource[@id='gateway']")
                if resource.find("node") is not None and resource.get("active") == "true"}

    def addresses(self, name):
        """Public addresses that the node has in its kernel."""
        text = self.nodes[name].run("ip", "-4", "-br", "address", "show", "dev", "public")
        return [address for address in PUBLIC if f"{address}/32" in text]

    def active(self):
        """The node with all public addresses, None where there is none."""
        found = [name for name, machine in self.nodes.items() if machine.is_on and self.addresses(name) == PUBLIC]
        assert len(found) < 2, "both nodes have the public addresses"
        return found[0] if found else None

    def wait_until_settled(self, timeout=240):
        """Until one node is active, the other one passive, and the cluster idle; returns both names."""
        def settled():
            view = next(name for name, machine in self.nodes.items() if machine.is_on)
            roles = self.roles(view)
            return sorted(roles.values()) == ["Promoted", "Unpromoted"] and roles
        roles = eventually(settled, timeout, "one node promoted, the other one not")
        active = next(name for name, role in roles.items() if role == "Promoted")
        eventually(lambda: self.active() == active, 60, f"{active} having the public addresses")
        self.nodes[active].run("crm_resource", "--wait")
        return active, next(name for name in roles if name != active)

    def stand_by(self, name):
        self.nodes[name].run("crm_standby", "--node", name, "--update", "on")

    def come_back(self, name):
        self.nodes[name].run("crm_standby", "--node", name, "--delete")

    def use(self, timing):
        """Gives both corosyncs another timing, while they run."""
        self.timing = timing
        on = [machine for machine in self.nodes.values() if machine.is_on]
        for machine in on:
            self.write_configuration(machine)
        on[0].run("corosync-cfgtool", "-R")

    def moves(self, name):
        """How often the node has had an address or the active part given or taken."""
        return int(self.nodes[name].run("bash", "-c", (
            r"grep -cE 'Requesting local execution of (start|stop|promote|demote) operation for (gateway|addresses)' "
            "/var/log/pacemaker.log || true")))

    def connections(self, name):
        """How many connections the node's IPVS knows."""
        return int(self.nodes[name].run("bash", "-c", "grep -c '^TCP' /proc/net/ip_vs_conn || true"))

    def daemon(self, name):
        """The process id of the node's daemon; None where none runs."""
        return self.nodes[name].result("pidof", "portcullis-gateway").stdout.strip() or None
