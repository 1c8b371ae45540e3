"""The demo's network: the scenarios' namespaces, their servers, the gateway's daemon and its prober, until it is told to end.

Arguments: ADMIN's address; `relay` when ADMIN is on the loopback of the machine that runs this, not on the host around it. A relay
carries the gateway's connections there either way: without tokens ADMIN answers to names of the loopback alone.
"""

import os
import pathlib
import signal
import socket
import sys
import tempfile
import threading
import urllib.parse

from portcullis_testing import servers, topology
from portcullis_testing.gateway import Gateway
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary


def join_host_network(gateway):
    """Gives the machine's network card to the gateway, which reaches the host through it and nothing else."""
    HERE.run("modprobe", "virtio_net")
    card = next(path.name for path in pathlib.Path("/sys/class/net").iterdir() if (path / "device").exists())
    HERE.batch(f"link set {card} netns {gateway.name} name host0")
    gateway.batch("link set host0 up", "addr add 10.0.2.15/24 dev host0")


def relay(gateway, port, connect):
    """Carries connections to the gateway's 127.0.0.1:port to where `connect` leads."""
    with gateway.entered():
        listener = socket.create_server(("127.0.0.1", port))

    def carry(source, destination):
        try:
            while data := source.recv(65536):
                destination.sendall(data)
        except OSError:
            pass
        for end in (source, destination):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept():
        while True:
            inner, _ = listener.accept()
            outer = connect()
            for ends in ((inner, outer), (outer, inner)):
                threading.Thread(target=carry, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def connect_from(gateway, address):
    with gateway.entered():
        return socket.create_connection(address)


def main(admin, *mode):
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
            relay(network.gateway, url.port, lambda: connect_from(network.gateway, (url.hostname, url.port)))
        program = servers.start(stderr=None)
        programs[program.pid] = ("the servers' program", program)
        daemon = Gateway(network.gateway, folder.name, {"admin-url": f"http://127.0.0.1:{url.port}"}, stdout=None, stderr=None)
        programs[daemon.pid] = ("the gateway's daemon", daemon)
        prober = Process(*network.gateway.command(binary("portcullis-checks"), "run", "--run-directory", daemon.run_directory),
                         stdout=None, stderr=None)
        programs[prober.pid] = ("the gateway's prober", prober)
        print("ready", flush=True)
        # Whichever ends first ends the demo.
        process, status = os.wait()
        name = programs[process][0] if process in programs else f"process {process}"
        sys.exit(f"{name} has ended with status {os.waitstatus_to_exitcode(status)}")
    finally:
        for _, program in reversed(programs.values()):
            program.stop()
        network.close()
        folder.cleanup()


if __name__ == "__main__":
    main(*sys.argv[1:])
