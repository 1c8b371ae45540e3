"""The demo's network: the scenarios' namespaces, their servers and nodes, the gateway's daemon and its prober, until it is told to end.

Arguments: ADMIN's address; the file with the `trusted-keys` of the nodes; `relay` when ADMIN is on the loopback of the machine that runs this, not on the host around it. A relay
carries the gateway's connections there either way: without tokens ADMIN answers to names of the loopback alone.
"""

import os
import pathlib
import signal
import socket
import sys
import tempfile
import urllib.parse

from portcullis_testing import nodes, servers, topology
from portcullis_testing.gateway import Gateway
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process
from portcullis_testing.relays import connection_from, relay
from portcullis_testing.repository import binary


def join_host_network(gateway):
    """Gives the machine's network card to the gateway, which reaches the host through it and nothing else."""
    HERE.run("modprobe", "virtio_net")
    card = next(path.name for path in pathlib.Path("/sys/class/net").iterdir() if (path / "device").exists())
    HERE.batch(f"link set {card} netns {gateway.name} name host0")
    gateway.batch("link set host0 up", "addr add 10.0.2.15/24 dev host0")


def main(admin, trusted, *mode):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    assert topology.have_ipvs(), "this kernel has no IPVS"
    programs = {}
    network = topology.Topology()
    folder = tempfile.TemporaryDirectory(prefix="portcullis-demo.")
    try:
        url = urllib.parse.urlsplit(admin)
        if "relay" in mode:
            relay(network.gateway, url.port, lambda: socket.create_connection((url.hostname, url.port)))
        else:
            join_host_network(network.gateway)
            relay(network.gateway, url.port, lambda: connection_from(network.gateway, (url.hostname, url.port)))
        program = servers.start(stderr=None)
        programs[program.pid] = ("the servers' program", program)
        daemon = Gateway(network.gateway, folder.name, {"admin-url": f"http://127.0.0.1:{url.port}"}, stdout=None, stderr=None)
        programs[daemon.pid] = ("the gateway's daemon", daemon)
        prober = Process(*network.gateway.command(binary("portcullis-checks"), "run", "--run-directory", daemon.run_directory),
                         stdout=None, stderr=None)
        programs[prober.pid] = ("the gateway's prober", prober)
        trusted = pathlib.Path(trusted).read_text()
        for name, namespace in network.servers.items():
            relay(namespace, url.port, lambda: connection_from(network.gateway, ("127.0.0.1", url.port)))
            node = nodes.Node(namespace, folder.name, name, trusted, f"http://127.0.0.1:{url.port}", log=None, stdout=None, stderr=None)
            programs[node.pid] = (f"the node of {name}", node)
        print("ready", flush=True)
        # Whichever ends first ends the demo.
        process, status = os.wait()
        name = programs[process][0] if process in programs else f"process {process}"
        sys.exit(f"{name} has ended with status {os.waitstatus_to_exitcode(status)}")
    finally:
        for _, program in reversed(programs.values()):
            program.end() if isinstance(program, nodes.Node) else program.stop()
        network.close()
        folder.cleanup()


if __name__ == "__main__":
    main(*sys.argv[1:])
