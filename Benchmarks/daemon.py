"""The gateway's daemon as the benchmarks run it, and the ADMIN that it polls."""

import http.server
import pathlib
import tempfile
import time

from portcullis_testing import exports
from portcullis_testing.gateway import Gateway
from portcullis_testing.namespaces import HERE

STUB = 8088


class Export(http.server.BaseHTTPRequestHandler):
    """ADMIN's answer for one location; `export` is what it has just now."""

    protocol_version = "HTTP/1.1"
    export = b""
    polls = 0

    def do_GET(self):
        body = self.export
        etag = exports.etag(body)
        Export.polls += 1
        known = etag in self.headers.get("If-None-Match", "")
        self.send_response(304 if known else 200)
        self.send_header("ETag", etag)
        if not known:
            self.send_header("Content-Type", "text/csv; charset=utf-8; header=present")
            self.send_header("Content-Digest", exports.content_digest(body))
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.send_whole(body)

    def send_whole(self, body):
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TimedExport(Export):
    """`sent`: when the export that was offered last first went out whole; 0: not yet."""

    sent = 0.0

    @classmethod
    def offer(cls, export):
        """ADMIN has another export from now on. Returns its ETag."""
        cls.sent, cls.export = 0.0, export
        return exports.etag(export)

    def send_whole(self, body):
        super().send_whole(body)
        if body is TimedExport.export:
            TimedExport.sent = TimedExport.sent or time.monotonic()


class Daemon(Gateway):
    """With its run directory in memory, as /run is, and without the settings of this machine. The program is portcullis-gateway, or one
    that has the same `run`."""

    def __init__(self, folder, url, *, program=None, **settings):
        self._memory = tempfile.TemporaryDirectory(dir="/dev/shm")
        configuration = pathlib.Path(folder) / "gateway.yaml"
        configuration.write_text("{}\n")
        super().__init__(HERE, folder, {"admin-url": url, "location": "large", "name": "bench", "run-directory": self._memory.name,
                                        **settings}, "--config", configuration, program=program)

    def end(self):
        assert self.stop(20) == 0, "the daemon did not end well"
        self._memory.cleanup()

    def mebibytes(self, field):
        """Resident memory now (VmRSS) or at its highest (VmHWM)."""
        return self.memory(field) / 1024

    def metric(self, name):
        return self.metrics().get(f"portcullis_gateway_{name}", 0)
