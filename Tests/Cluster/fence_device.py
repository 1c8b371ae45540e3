"""The fence device: cuts a gateway's ports on the switch, as a managed switch or a power strip would.

One line in, one line out over TCP port 7000: `off gw1`, `on gw1`, `status gw1`, `list`. A node that was cut off has no say any more:
what it asked in the moment of its end is not carried out. Every order is noted in $LAB_RESULTS/fence, by the machine's clock.
"""

import json
import os
import pathlib
import socket
import time

from portcullis_testing.namespaces import HERE

PORT = 7000
NODES = {"10.1.0.2": "gw1", "10.1.0.3": "gw2"}


class Device:
    def __init__(self, ports):
        self.ports = ports
        self.journal = pathlib.Path(os.environ["LAB_RESULTS"], "fence")
        self.journal.touch()

    def is_on(self, node):
        # The first port of a node is cut with all the others.
        return "UP" in json.loads(HERE.run("ip", "-json", "link", "show", self.ports[node][0]))[0]["flags"]

    def set(self, node, state):
        HERE.batch(*(f"link set {port} {state}" for port in self.ports[node]))

    def answer(self, line, caller):
        words = line.split()
        if words == ["list"]:
            return " ".join(self.ports)
        action, node = words
        if action == "status":
            return "on" if self.is_on(node) else "off"
        if caller in self.ports and not self.is_on(caller):
            return "refused"
        self.set(node, {"on": "up", "off": "down"}[action])
        with self.journal.open("a") as journal:
            journal.write(f"{time.monotonic():.3f} {caller} {action} {node}\n")
        return "done"


def serve(address, ports):
    device = Device(ports)
    listener = socket.create_server((address, PORT))
    while True:
        connection, (peer, _) = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                line = connection.recv(100).decode()
                connection.sendall((device.answer(line, NODES.get(peer, peer)) + "\n").encode())
            except (OSError, ValueError, KeyError) as failure:
                print(f"fence device: {peer}: {failure!r}", flush=True)
