"""First command of the third machine: the switch between everybody, and who is behind it.

    client 198.51.100.101-110 ── public ─── gw1, gw2      inside ─── gw1, gw2
                                                             ├─ app1 10.1.0.11, app2 10.1.0.12
    wire ── gw1, gw2                                         └─ lan 10.1.0.5 (ADMIN, where it is no resource)

public, inside and wire are bridges. The machine itself is the fence device at 10.1.0.254 (fence_device.py).
"""

import os
import pathlib
import sys

import fence_device
from portcullis_testing.namespaces import HERE, Namespace
from portcullis_testing.processes import Process

SERVERS = {"app1": 11, "app2": 12}
CLIENTS = [f"198.51.100.{host}" for host in range(101, 111)]
NETWORKS = ("public", "inside", "wire")
# A gateway's ports, in the order of the machine's network cards
PORTS = {name: [f"{name}-{network}" for network in NETWORKS] for name in ("gw1", "gw2")}


def build():
    """Bridges, ports and namespaces."""
    HERE.run("modprobe", "--all", "virtio_net", "bridge", "veth")
    HERE.batch(*(f"link add {network} type bridge mcast_snooping 0 forward_delay 0" for network in NETWORKS),
               *(f"link set {network} up" for network in NETWORKS))
    for card, (port, network) in enumerate((port, network) for ports in PORTS.values() for port, network in zip(ports, NETWORKS)):
        HERE.batch(f"link set eth{card} name {port}", f"link set {port} master {network} up")
    HERE.batch("addr add 10.1.0.254/24 dev inside")
    hosts = {"client": ("public", CLIENTS, None), "lan": ("inside", ["10.1.0.5"], None)}
    hosts |= {name: ("inside", [f"10.1.0.{host}"], "10.1.0.1") for name, host in SERVERS.items()}
    for name, (network, addresses, gateway) in hosts.items():
        namespace = Namespace(name)
        HERE.batch(f"link add {name} master {network} type veth peer name net0 netns {namespace.name}", f"link set {name} up")
        namespace.batch("link set lo up", "link set net0 up", *(f"addr add {address}/24 dev net0" for address in addresses))
        if gateway:
            namespace.batch(f"route add default via {gateway}")


if __name__ == "__main__":
    build()
    servers = Process(sys.executable, pathlib.Path(__file__).with_name("real_servers.py"))
    servers.wait_for("ready\n")
    pathlib.Path(os.environ["LAB_RESULTS"], "ready").touch()
    fence_device.serve("10.1.0.254", PORTS)
