"""A gateway played by a script: it follows the export, says what it has applied, and forwards by TCP."""

import csv
import http.client
import io
import select
import socket
import threading
import time
import urllib.error
import urllib.request


def loopback(address):
    """Where a server of these tests really listens."""
    return address.replace("10.1.0.", "127.0.1.")


class Gateway:
    """Polls `services.csv` as a gateway does. `is_silent` stops its polls, and it forwards as before."""

    def __init__(self, url, name, token):
        self.url, self.name, self.token = url, name, token
        self.is_silent, self.target, self.applied, self.refused = False, None, None, 0
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._follow, self._accept)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        self._listener.close()

    def _follow(self):
        while not self._ended.is_set():
            if not self.is_silent:
                try:
                    self._poll()
                except (OSError, urllib.error.URLError, http.client.HTTPException):
                    pass
            time.sleep(0.1)

    def _poll(self):
        headers = {"Portcullis-Gateway": self.name, "Authorization": f"Bearer {self.token}"}
        if self.applied:
            headers |= {"Portcullis-Applied": self.applied, "If-None-Match": self.applied}
        request = urllib.request.Request(f"{self.url}/v1/locations/tcn/services.csv", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                tag, text = answer.headers["ETag"], answer.read().decode()
        except urllib.error.HTTPError as answer:
            if answer.code == 304:
                return
            raise
        rows = list(csv.DictReader(io.StringIO(text.split("\n", text.startswith("#"))[-1])))
        inside = [(loopback(row["backend_address"]), int(row["backend_port"])) for row in rows if row["service"] == "web.1"]
        self.target, self.applied = (inside[0] if inside else None), tag

    def _accept(self):
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with client:
            try:
                server = socket.create_connection(self.target, timeout=5)
            except (OSError, TypeError):
                self.refused += 1
                return
            with server:
                other = {client: server, server: client}
                while True:
                    ready, _, _ = select.select([client, server], [], [], 30)
                    for side in ready:
                        try:
                            data = side.recv(1 << 16)
                            other[side].sendall(data)
                        except OSError:
                            data = b""
                        if not data:
                            return
                    if not ready:
                        return


class Clients:
    """Clients that ask without a pause, each request by a connection of its own. Each notes by itself what came back: the
    answer to one client may overtake that to another.
    """

    def __init__(self, port, count=3):
        self.port, self.answers, self.failures = port, [[] for _ in range(count)], []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(answers,), daemon=True) for answers in self.answers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, answers):
        while not self._ended.is_set():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/")
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status != 200:
                    self.failures.append(f"status {answer.status}")
                elif not answers or answers[-1] != body:
                    answers.append(body)
                connection.close()
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(repr(failure))
            time.sleep(0.005)
