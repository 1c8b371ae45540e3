"""The gateway's daemon as the benchmarks run it, and the ADMIN that it polls."""

import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import time

import exports

STUB = 8088


class Export(http.server.BaseHTTPRequestHandler):
    """ADMIN's answer for one location; `export` is what it has just now."""

    protocol_version = "HTTP/1.1"
    export = b""
    polls = 0

    def do_GET(self):
        body = Export.export
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
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Daemon:
    """`before`: the words that stand before the settings, such as `--table-only`."""

    def __init__(self, gateway, folder, url, location, before=(), **settings):
        folder = pathlib.Path(folder)
        # In memory, as /run is.
        self.run = tempfile.TemporaryDirectory(dir="/dev/shm")
        options = {"admin-url": url, "location": location, "name": "bench", "state-directory": folder / "state",
                   "run-directory": self.run.name, "config": folder / "gateway.yaml", **settings}
        (folder / "gateway.yaml").write_text("{}\n")
        self.log = open(folder / "gateway.log", "wb")
        arguments = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        self.process = subprocess.Popen([gateway, "run", *before, *arguments], stdout=self.log, stderr=self.log)

    @property
    def cpu(self):
        """Seconds of CPU so far."""
        # clock_getcpuclockid(3): the process' clock of the scheduler.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self, field):
        """Resident memory now (VmRSS) or at its highest (VmHWM), in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024

    def end(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, "the daemon did not end well"
        self.log.close()
        self.run.cleanup()

    @property
    def status(self):
        """What `status.json` says; nothing before the first poll."""
        path = pathlib.Path(self.run.name, "status.json")
        return json.loads(path.read_text()) if path.exists() else {}

    def metric(self, name):
        path = pathlib.Path(self.run.name, "metrics.prom")
        found = re.search(rf"(?m)^portcullis_gateway_{name} (\S+)$", path.read_text()) if path.exists() else None
        return float(found[1]) if found else 0
