"""A gateway played by a script: it follows ADMIN's export as the daemon does, says so, and carries connections by it."""

import collections
import contextlib
import csv
import http.client
import io
import json
import random
import socket
import threading
import time
import urllib.parse

from builds import PUBLIC_PORT


class ScriptedGateway:
    """Polls, reports, and where it has an address, balances the connections to it among the instances with a weight.

    `is_silent`: it asks for nothing, and goes on forwarding. `holds`: it holds every other export back.
    """

    def __init__(self, url, name, token, address=None):
        self.url, self.name, self.token = urllib.parse.urlsplit(url), name, token
        self.is_silent = self.holds = False
        self.tag, self.held, self.rows = None, None, []
        self.open = collections.Counter()
        self.sequence = 0
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._poll, daemon=True), threading.Thread(target=self._report, daemon=True)]
        self._listener = None
        if address:
            self._listener = socket.create_server((address, PUBLIC_PORT), backlog=128)
            self._threads.append(threading.Thread(target=self._accept, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def accept(self):
        """Takes what it holds back, and holds nothing back any more."""
        self.holds, self.held = False, None

    def weights(self):
        """The weights of the instances in the export that it has applied."""
        with self._lock:
            return {row["service"]: int(row["weight"]) for row in self.rows}

    def _ask(self, method, path, body=None, timeout=20, **headers):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=timeout)
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items() if value}
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **fields})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def _poll(self):
        while not self._ended.is_set():
            if self.is_silent:
                time.sleep(0.05)
                continue
            held = {"Portcullis_Held": self.held, "Portcullis_Held_Decision": "pending",
                    "Portcullis_Held_Reason": "too much would go"} if self.held else {}
            try:
                known = ", ".join(filter(None, (self.tag, self.held)))
                status, headers, body = self._ask(
                    "GET", "/v1/locations/tcn/services.csv", Portcullis_Gateway=self.name, Portcullis_Role="active",
                    Portcullis_Applied=self.tag, If_None_Match=known, Prefer="wait=5" if known else None, **held)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if status == 200 and not self.is_silent:
                self._take(headers["ETag"], body)
            elif status != 304:
                time.sleep(0.1)

    def _take(self, tag, body):
        if self.holds and self.tag:
            self.held = tag
            return
        with self._lock:
            self.rows = list(csv.DictReader(io.StringIO(body.decode())))
            self.tag, self.held = tag, None

    def _report(self):
        while not self._ended.wait(0.2):
            if self.is_silent or not self.tag:
                continue
            with self._lock:
                drained = {row["service"] for row in self.rows if row["weight"] == "0"}
                counts = {service: self.open[service] for service in sorted(drained)}
                report = {"program": "0.1.0", "state": "synchronized", "drains": {}, "drainCount": 0, "refusals": {},
                          "problems": [], **({"draining": {"export": self.tag, "connections": counts}} if drained else {})}
            self.sequence += 1
            message = {"session": self.name, "sequence": self.sequence, "report": report}
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _, body = self._ask("POST", f"/v1/gateways/tcn/{self.name}/report", json.dumps(message),
                                            Content_Type="application/json")
                # An ADMIN that was killed may not know of the gateway until it polls again.
                assert status in (200, 404, 503), body

    # Connections

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with self._lock:
            chosen = [row for row in self.rows if int(row["weight"]) > 0]
            row = random.choice(chosen) if chosen else None
            if row:
                self.open[row["service"]] += 1
        if not row:
            return client.close()
        try:
            with client, socket.create_connection((row["backend_address"], int(row["backend_port"])), 5) as server:
                back = threading.Thread(target=_copy, args=(client, server), daemon=True)
                back.start()
                _copy(server, client)
        except OSError:
            pass
        finally:
            with self._lock:
                self.open[row["service"]] -= 1


def _copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Client:
    """Asks through the public address again and again, each time on a new connection, and counts the answers."""

    def __init__(self, address):
        self.address = address
        self.answers, self.failures = collections.Counter(), []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(0.02):
            try:
                self.answers[self.ask()] += 1
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append((time.time(), repr(failure)))

    def ask(self):
        """One request; returns the answer: `pgw.2 1.6.0`."""
        connection = http.client.HTTPConnection(self.address, PUBLIC_PORT, timeout=10)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read().decode()
            if answer.status != 200:
                raise OSError(f"status {answer.status}")
            return body
        finally:
            connection.close()
