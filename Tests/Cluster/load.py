"""The clients: new requests at a steady rate, and connections that stand and say something each second.

usage: load.py NAME (in the switch machine). Leaves $LAB_RESULTS/NAME.progress each second, and NAME.json at its end, which SIGTERM
brings about. All times are of this machine's monotonic clock; one thread and one epoll, since everything here is emulated.
"""

import collections
import errno
import json
import os
import pathlib
import select
import signal
import socket
import sys
import time

from portcullis_testing.namespaces import Namespace
from switch import CLIENTS

RATE = 100
STANDING = 200
# A request that has no answer by then has failed: less than TCP's first retransmission of a SYN, 1 s, so that nothing that
# was lost looks merely slow.
PATIENCE = 0.95
HTTP = ("198.51.100.36", 80)
# Half by address and port, half by firewall mark
HELD = [("198.51.100.36", 443), ("198.51.100.37", 20000)]
REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


class Request:
    """One request over a connection of its own."""

    def __init__(self, load, now, source):
        self.load, self.began = load, now
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        self.socket.bind((source, 0))
        self.sent = False
        load.watch(self, select.EPOLLOUT)
        self.socket.connect_ex(HTTP)

    def ready(self, now):
        try:
            if not self.sent:
                self.socket.send(REQUEST)
                self.sent = True
                self.load.poll.modify(self.socket, select.EPOLLIN)
                return
            data = self.socket.recv(4096)
        except OSError as failure:
            self.end(now, errno.errorcode.get(failure.errno, "?"))
        else:
            self.end(now, "" if data.startswith(b"HTTP/1.1 200") else "closed")

    def end(self, now, error):
        self.load.forget(self)
        self.socket.close()
        self.load.outcomes.append((round(self.began, 4), round(now, 4), error))


class Standing:
    """A connection that stays, and is told something once a second; what it says next waits for the answer."""

    def __init__(self, load, source, target):
        self.load = load
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.bind((source, 0))
        self.answers = []
        self.error = ""
        self.waits = True
        self.opened = False
        load.watch(self, select.EPOLLOUT)
        self.socket.connect_ex(target)

    def ready(self, now):
        try:
            if not self.opened:
                self.socket.getpeername()
                self.opened, self.waits = True, False
                self.load.poll.modify(self.socket, select.EPOLLIN)
                self.say()
                return
            if not self.socket.recv(4096):
                raise ConnectionError(errno.ECONNRESET, "closed")
        except OSError as failure:
            self.load.forget(self)
            self.socket.close()
            self.error = errno.errorcode.get(failure.errno, "?")
        else:
            self.answers.append(round(now, 3))
            self.waits = False

    def say(self):
        if self.error or self.waits:
            return
        try:
            self.socket.send(b"x" * 32)
            self.waits = True
        except OSError as failure:
            self.error = errno.errorcode.get(failure.errno, "?")


class Load:
    def __init__(self, name):
        self.results = pathlib.Path(os.environ["LAB_RESULTS"])
        self.name = name
        self.poll = select.epoll()
        self.watched = {}
        self.pending = collections.deque()
        self.outcomes = []
        # How late the loop was: what this machine itself adds to what it measures
        self.late = []
        self.ended = False
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "ended", True))

    def watch(self, subject, events):
        self.watched[subject.socket.fileno()] = subject
        self.poll.register(subject.socket, events)

    def forget(self, subject):
        del self.watched[subject.socket.fileno()]

    def run(self):
        self.standing = []
        tick = time.monotonic()
        count = 0
        while not self.ended:
            for number, _ in self.poll.poll(max(0, tick - time.monotonic())):
                if subject := self.watched.get(number):
                    subject.ready(time.monotonic())
            now = time.monotonic()
            if now < tick:
                continue
            if now - tick > 0.05:
                self.late.append((round(now, 3), round(now - tick, 3)))
            self.step(count, now)
            count += 1
            # What the machine did not get to do in its time is not made up for: the rate never doubles.
            tick = max(tick + 1 / RATE, now - 0.05)
        self.finish()

    def step(self, count, now):
        """One request; two standing connections speak, or are opened at first."""
        source = CLIENTS[count % len(CLIENTS)]
        per_step = STANDING // RATE
        if count < RATE:
            for _ in range(per_step):
                self.standing.append(Standing(self, source, HELD[len(self.standing) % len(HELD)]))
        else:
            first = count % RATE * per_step
            for connection in self.standing[first:first + per_step]:
                connection.say()
        request = Request(self, now, source)
        self.pending.append(request)
        while self.pending and self.pending[0].began < now - PATIENCE:
            request = self.pending.popleft()
            if request.socket.fileno() >= 0:
                request.end(now, "no answer")
        if count % RATE == 0:
            self.progress(now)

    def progress(self, now):
        recent = self.outcomes[-RATE // 2:]
        alive = sum(bool(one.answers) and not one.error and one.answers[-1] > now - 3 for one in self.standing)
        text = json.dumps({"process": os.getpid(), "now": now, "requests": len(self.outcomes), "good": sum(not error for *_, error in recent) / max(1, len(recent)),
                           "standing": alive})
        new = self.results / f"{self.name}.new"
        new.write_text(text)
        new.rename(self.results / f"{self.name}.progress")

    def finish(self):
        standing = [{"answers": one.answers, "error": one.error} for one in self.standing]
        new = self.results / f"{self.name}.new"
        new.write_text(json.dumps({"ended": time.monotonic(), "requests": self.outcomes, "standing": standing, "late": self.late}))
        new.rename(self.results / f"{self.name}.json")


if __name__ == "__main__":
    with Namespace("client", create=False).entered():
        Load(sys.argv[1]).run()
