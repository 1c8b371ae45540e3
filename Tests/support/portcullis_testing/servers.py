"""The real servers: one process (`start`) that listens in every server's namespace, or in one of them, and tells who it is.

Each answer is one JSON object: the server's name, the port it was reached on, the client's address
as the server saw it. TCP speaks enough HTTP for curl and for the client loops; UDP answers each
datagram. A TCP connection that says `hold` stays open and gets an answer to every further line, so
that a test can watch an established connection live or die.
"""

import contextlib
import itertools
import json
import resource
import selectors
import socket
import sys

from portcullis_testing.namespaces import Namespace
from portcullis_testing.processes import Process
from portcullis_testing.topology import SERVERS

PORTS = [8080, 8443, 9000, 20000, 20001, 25000, 29999, 30000, 30500, 31000]


class Servers:
    """Listens in the namespaces and serves them all from one loop."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()

    def listen(self, name, namespace, ports):
        """Binds every port, TCP and UDP, on the server's two addresses."""
        kinds = ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._datagram))
        hosts = ((socket.AF_INET, f"10.1.0.{SERVERS[name]}"), (socket.AF_INET6, f"fd00:1::{SERVERS[name]}"))
        with namespace.entered():
            for port, (kind, handler), (family, host) in itertools.product(ports, kinds, hosts):
                listener = socket.socket(family, kind)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, port))
                if kind == socket.SOCK_STREAM:
                    listener.listen(512)
                listener.setblocking(False)
                self.selector.register(listener, selectors.EVENT_READ, (handler, name))

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                handler, name = key.data
                # The other clients must be served even if one has disconnected.
                with contextlib.suppress(OSError):
                    handler(key.fileobj, name)

    def _accept(self, listener, name):
        connection, _ = listener.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, (self._request, name))

    def _request(self, connection, name):
        held = False
        try:
            data = connection.recv(4096)
            if data.startswith(b"hold"):
                connection.sendall(answer(name, connection, connection.getpeername()))
                held = True
            elif data:
                body = answer(name, connection, connection.getpeername())
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        finally:
            if not held:
                self.selector.unregister(connection)
                connection.close()

    @staticmethod
    def _datagram(listener, name):
        _, peer = listener.recvfrom(4096)
        listener.sendto(answer(name, listener, peer), peer)


def answer(name, connection, peer):
    """The line that tells the client which server it has reached."""
    return json.dumps({"server": name, "port": connection.getsockname()[1], "client": peer[0]}).encode() + b"\n"


def start(name=None, ports=PORTS, **options):
    """Starts the process and waits until it listens: on one server, or on all of them."""
    process = Process(sys.executable, "-m", __name__, ",".join(map(str, ports)), *([name] if name else []), **options)
    process.wait_for("ready\n", 180)
    return process


def main():
    # A thousand open connections are more than a process may have by default.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 16, 1 << 16))
    ports, *names = sys.argv[1:]
    servers = Servers()
    for name in names or SERVERS:
        servers.listen(name, Namespace(name, create=False), [int(port) for port in ports.split(",")])
    print("ready", flush=True)
    servers.serve()


if __name__ == "__main__":
    sys.exit(main())
