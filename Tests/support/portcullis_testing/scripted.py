"""ADMIN played by a script over raw sockets, so that it can break every rule of HTTP, and count its requests."""

import contextlib
import dataclasses
import re
import select
import socket
import threading
import time

from portcullis_testing import exports
from portcullis_testing.waiting import eventually


@dataclasses.dataclass
class Request:
    """A poll as it arrived, and the time of its end (monotonic)."""

    head: str
    began: float
    ended: float | None = None

    def header(self, name):
        found = re.search(rf"(?im)^{re.escape(name)}:\s*(.*?)\r?$", self.head)
        return found and found[1]


class ScriptedAdmin:
    """Listens in a namespace and answers each poll with `answer(connection, request)`.

    If the answer returns something true, the connection stays open; otherwise it is closed.
    """

    def __init__(self, namespace, host="127.0.0.1", port=8070):
        self.namespace, self.endpoint = namespace, (host, port)
        self.url = f"http://{host}:{port}"
        self.answer = status(503, "Service Unavailable")
        self.requests = []
        # Polls that arrived while another one was still waiting for its answer.
        self.overlaps = []
        self._lock = threading.Lock()
        self._connections = {}
        self.come()

    def come(self):
        """Accepts connections from now on."""
        with self.namespace.entered():
            self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(self.endpoint)
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def go(self):
        """Refuses connections from now on, and closes the open ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, data):
        """Answers like ADMIN from now on."""
        self.answer = export(data)

    def give(self, daemon, data):
        """Serves an export until the daemon's kernel agrees with it."""
        self.serve(data)
        daemon.has_applied(exports.etag(data))

    def wait_for_polls(self, count):
        """Waits until this number of further polls have arrived."""
        seen = len(self.requests)
        eventually(lambda: len(self.requests) >= seen + count, what=f"{count} polls")

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection):
        with connection, contextlib.suppress(OSError):
            try:
                while head := _head(connection):
                    if head.startswith("POST "):
                        # A report: no poll, and an ADMIN from before there were any knows of none.
                        _read_body(connection, head)
                        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                        continue
                    request = self._begin(connection, head)
                    try:
                        keep = self.answer(connection, request)
                    finally:
                        request.ended = time.monotonic()
                    if not keep:
                        return
            finally:
                self._connections.pop(connection, None)

    def _begin(self, connection, head):
        request = Request(head, time.monotonic())
        with self._lock:
            for other, waiting in self._connections.items():
                if other is not connection and waiting.ended is None and not _is_gone(other):
                    self.overlaps.append((waiting, request))
            self._connections[connection] = request
            self.requests.append(request)
        return request


# Answers. Each is a function of the connection and the request.

def export(data):
    """The answer of ADMIN."""
    def answer(connection, request):
        tag = exports.etag(data)
        if tag in (request.header("If-None-Match") or ""):
            connection.sendall(head(304, "Not Modified", ETag=tag))
        else:
            connection.sendall(export_head(data) + data)
        return True
    return answer


class Changing:
    """The answer of ADMIN for an export that changes: polls are held until it does (RFC 7240, `Prefer: wait`)."""

    def __init__(self, data):
        self._data, self._changed = data, threading.Condition()

    def change(self, data):
        with self._changed:
            self._data = data
            self._changed.notify_all()

    def __call__(self, connection, request):
        known = request.header("If-None-Match") or ""
        with self._changed:
            self._changed.wait_for(lambda: exports.etag(self._data) not in known, timeout=30)
            data = self._data
        if exports.etag(data) in known:
            connection.sendall(head(304, "Not Modified", ETag=exports.etag(data), Preference_Applied="wait"))
        else:
            connection.sendall(export_head(data, Preference_Applied="wait") + data)
        return True


def status(code, reason, body=b"", **headers):
    def answer(connection, request):
        connection.sendall(head(code, reason, Content_Length=len(body), Connection="close", **headers) + body)
    return answer


def raw(*pieces):
    """Any bytes, followed by the end of the connection."""
    def answer(connection, request):
        for piece in pieces:
            connection.sendall(piece)
    return answer


def hold(*pieces):
    """Any bytes, followed by nothing for as long as the other side waits."""
    def answer(connection, request):
        for piece in pieces:
            connection.sendall(piece)
        wait_for_end(connection, 600)
    return answer


def trickle(data):
    """A good answer, with one byte per second."""
    def answer(connection, request):
        for byte in export_head(data) + data:
            connection.sendall(bytes([byte]))
            if wait_for_end(connection, 1):
                return
    return answer


def endless(data):
    """The rows again and again, for as long as the other side reads."""
    def answer(connection, request):
        names, _, rows = data.partition(b"\n")
        body = rows * (1 + (1 << 20) // len(rows))
        connection.sendall(head(200, "OK", Transfer_Encoding="chunked", **export_headers(data)) + chunk(names + b"\n"))
        while True:
            connection.sendall(chunk(body))
    return answer


def head(code, reason, **headers):
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {code} {reason}\r\n{fields}\r\n".encode()


def export_headers(data):
    return {"Content_Type": "text/csv; charset=utf-8; header=present", "ETag": exports.etag(data),
            "Content_Digest": exports.content_digest(data)}


def export_head(data, length=None, **headers):
    """The head of a good answer, with the given exceptions; a header of None is left out."""
    fields = {**export_headers(data), "Content_Length": len(data) if length is None else length, **headers}
    return head(200, "OK", **{name: value for name, value in fields.items() if value is not None})


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def wait_for_end(connection, seconds):
    """Waits for the other side to close the connection; returns whether it did."""
    connection.settimeout(seconds)
    try:
        return connection.recv(4096) == b""
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


def _head(connection):
    """The head of the next request; empty at the end of the connection. What follows it stays to be read."""
    while data := connection.recv(1 << 16, socket.MSG_PEEK):
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            return connection.recv(end + 4).decode()
        time.sleep(0.001)
    return ""


def _read_body(connection, head):
    """Reads the content that follows a head."""
    length = re.search(r"(?im)^content-length:\s*(\d+)", head)
    rest = int(length[1]) if length else 0
    while rest and (data := connection.recv(min(rest, 1 << 16))):
        rest -= len(data)


def _is_gone(connection):
    """Whether the other side has closed the connection, or is about to: an abandoned poll takes a moment to end."""
    try:
        readable, _, _ = select.select([connection], [], [], 0.5)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True
