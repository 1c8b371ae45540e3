"""The client's side: single requests, held connections, and loops that record every failure."""

import collections
import dataclasses
import errno
import itertools
import json
import random
import socket
import struct
import threading
import time

from portcullis_testing.topology import CLIENTS4, CLIENTS6
from portcullis_testing.waiting import eventually

_PORTS = range(32768, 61000)
# Each address uses all its ports in turn: to IPVS, a port that is soon used again would be the same flow. Another process
# begins at a different port.
_turns = collections.defaultdict(lambda first=random.randrange(len(_PORTS)): itertools.count(first))


@dataclasses.dataclass(frozen=True)
class Answer:
    """A real server's answer: its name, the port on which it was reached, and the client's address as the server saw it."""

    server: str
    port: int
    client: str


class Client:
    """Opens connections from the client's namespace, each from the given or the first address.

    With `patience`, a datagram without an answer is sent again after this number of seconds, as a device does; `resent` counts
    these.
    """

    def __init__(self, namespace, timeout=3.0, patience=None):
        self.namespace = namespace
        self.timeout = timeout
        self.patience = patience
        self.resent = 0

    def socket(self, kind, address, source=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.namespace.entered():
            endpoint = socket.socket(family, kind)
        endpoint.settimeout(self.timeout)
        _bind(endpoint, source or sources(address)[0])
        return endpoint

    def http(self, address, port, source=None):
        """One HTTP request over a new TCP connection."""
        with self.socket(socket.SOCK_STREAM, address, source) as connection:
            connection.connect((address, port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            data = b""
            while chunk := connection.recv(4096):
                data += chunk
        return _answer(data.partition(b"\r\n\r\n")[2])

    def datagram(self, address, port, source=None, size=5):
        """One UDP datagram of `size` bytes, and its answer."""
        with self.socket(socket.SOCK_DGRAM, address, source) as endpoint:
            endpoint.connect((address, port))
            endpoint.send(b"." * size)
            if self.patience is None:
                return _answer(endpoint.recv(4096))
            deadline = time.monotonic() + self.timeout
            while True:
                endpoint.settimeout(self.patience)
                try:
                    return _answer(endpoint.recv(4096))
                except TimeoutError:
                    if time.monotonic() > deadline:
                        raise
                    self.resent += 1
                    endpoint.send(b"." * size)

    def hold(self, address, port, source=None):
        """A TCP connection that stays open."""
        connection = self.socket(socket.SOCK_STREAM, address, source)
        connection.connect((address, port))
        return Held(connection)


class Held:
    """An established connection on which the client can ask repeatedly who serves it."""

    def __init__(self, connection):
        self.connection = connection

    def ask(self):
        self.connection.sendall(b"hold\n")
        data = self.connection.recv(4096)
        if not data:
            raise ConnectionError("closed by the other side")
        return _answer(data)

    def close(self):
        self.connection.close()

    def abort(self):
        """Closes with a reset, so that IPVS forgets the connection after 10 s instead of two minutes in TIME_WAIT."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One request of a loop: its beginning and end (monotonic), its target, and its result."""

    began: float
    ended: float
    target: tuple
    answer: Answer | None
    error: str | None


class Loop:
    """Requests to each target in turn, from each of the client's addresses in turn, until the block ends.

    A target is (protocol, address, port). Every outcome is kept; `failures` are those without an answer.
    """

    def __init__(self, client, targets, pause=0.02):
        self.client = client
        self.targets = targets
        self.pause = pause
        self.outcomes = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    @property
    def failures(self):
        return [outcome for outcome in self.outcomes if outcome.error]

    def servers(self, after=0.0):
        """The names of servers that answered requests which began after the given time."""
        return {outcome.answer.server for outcome in list(self.outcomes) if outcome.answer and outcome.began >= after}

    def wait_for(self, count, timeout=180):
        """Waits until this number of further requests have ended."""
        goal = len(self.outcomes) + count
        eventually(lambda: len(self.outcomes) >= goal, timeout, f"{count} more requests of the loop", pause=0.05)

    def _run(self):
        turn = itertools.count()
        while not self._end.is_set():
            for target in self.targets:
                number = next(turn)
                self.outcomes.append(self._request(target, number // len(self.targets)))
            time.sleep(self.pause)

    def _request(self, target, number):
        protocol, address, port = target
        source = sources(address)[number % len(sources(address))]
        request = self.client.datagram if protocol == "udp" else self.client.http
        began = time.monotonic()
        try:
            answer, error = request(address, port, source), None
        except (OSError, ValueError) as failure:
            answer, error = None, f"{type(failure).__name__}: {failure}"
        return Outcome(began, time.monotonic(), target, answer, error)


def sources(address):
    """The client's addresses of the same family as the address."""
    return CLIENTS6 if ":" in address else CLIENTS4


def _bind(endpoint, source):
    """Binds to the address' next port that no connection uses."""
    for turn in itertools.islice(_turns[source], len(_PORTS)):
        try:
            return endpoint.bind((source, _PORTS[turn % len(_PORTS)]))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"{source} has no port left")


def _answer(data):
    return Answer(**json.loads(data))
