"""The daemon's side of the conversation with portcullis-checks, as a test leads it."""

import os
import select
import socket
import time
import urllib.parse

from portcullis_testing.processes import Process
from portcullis_testing.repository import binary


class Prober(Process):
    """portcullis-checks at work, and the socket that it takes for the daemon's."""

    def __init__(self, folder, *options, prefix=(), **more):
        self._listener = socket.socket(socket.AF_UNIX)
        path = os.path.join(folder, "checks.sock")
        self._listener.bind(path)
        self._listener.listen()
        self._connection = None
        self._rest = b""
        super().__init__(*prefix, binary("portcullis-checks"), "run", "--run-directory", folder, *options,
                         log=os.path.join(folder, "checks.log"), **more)

    def greet(self, timeout=30):
        """Waits for it to connect, and greets."""
        self.hang_up()
        self._listener.settimeout(timeout)
        self._connection, _ = self._listener.accept()
        # A stopped prober is told what fits, and the test goes on.
        self._connection.setblocking(True)
        self._rest = b""
        assert self.next(timeout) == ["portcullis-checks", "1"]
        self.tell("portcullis-checks 1")

    def hang_up(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def tell(self, *lines):
        self._connection.sendall("".join(f"{line}\n" for line in lines).encode())

    def next(self, timeout=30):
        """The words of the next line, decoded; None: it has closed the connection, or says nothing in the time."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._connection], [], [], max(0, deadline - time.monotonic()))
            data = self._connection.recv(65536) if ready else b""
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return [urllib.parse.unquote(word) for word in line.decode("ascii").split(" ")]

    def verdict(self, timeout=30):
        """The next verdict: the number of the target, up or down, the reason."""
        return self._wait("verdict", timeout, lambda words: (int(words[1]), words[2], words[-1]))

    def alive(self, timeout=30):
        """The next sign of life, as a dictionary."""
        names = ("targets", "probes", "failed", "median", "p99", "maximum")
        return self._wait("alive", timeout, lambda words: {
            **dict(zip(names, map(int, words[1:7]))), "problem": None if words[7] == "-" else words[7]})

    def _wait(self, kind, timeout, read):
        deadline = time.monotonic() + timeout
        while (words := self.next(max(0, deadline - time.monotonic()))) is not None:
            if words[0] == kind:
                return read(words)
        raise AssertionError(f"no {kind} within {timeout} s:\n{self.text[-2000:]}")

    def end(self):
        assert self.stop(20) == 0, self.text[-2000:]
        self.hang_up()
        self._listener.close()


class Accepting(Process):
    """A server that accepts connections on every address of the network namespace, and closes them when the client does."""

    PORT = 7000

    def __init__(self):
        super().__init__("/usr/bin/python3", "-c", f"""
import select, socket
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("0.0.0.0", {self.PORT}))
server.listen(4096)
server.setblocking(False)
poll = select.epoll()
poll.register(server, select.EPOLLIN)
clients = {{}}
print("ready", flush=True)
while True:
    for number, _ in poll.poll():
        if number != server.fileno():
            clients.pop(number).close()
            continue
        try:
            while True:
                client = server.accept()[0]
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
        except BlockingIOError:
            pass
""")
        self.wait_for("ready")


def addresses(count):
    """So many addresses of the loopback link."""
    return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
