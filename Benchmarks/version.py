"""Measures how a server gets a version of 1,000 files and 1 GB of which one file of 1 MiB is new: the real node from the real ADMIN,
beside rsync of the same.

All of it is on the loopback of a network namespace (`unshare -n`), whose counters say how many bytes were on the wire: the
requests of the node and ADMIN's answers, with their TCP. Half of a file's content is random. Time is that from the change at ADMIN
until the link `current` of the service leads to the new version, complete on the disk. rsync compares all contents of the version
before, which it has on the same file system, links what is the same, and everything is on the disk after one `sync -f`; it has
the new version at hand, with nothing between.

usage: version.py OUTPUT
"""

import http.client
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time

from portcullis_testing import admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from portcullis_testing.workshop import Workshop

FILES, SIZE, ROUNDS = 1_000, 1 << 20, 5
NODE, RSYNC, WIRE = "a version with one new file", "rsync of a version with one new file", "bytes for a version with one new file"


class Server:
    """A server with its node, and ADMIN beside it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.workshop = Workshop(self.folder)
        self.admin = admin.Admin(HERE, self.folder, "--log-level", "info")
        self.connection = http.client.HTTPConnection(self.admin.url.removeprefix("http://"))
        self.root = self.folder / "srv"
        self.root.mkdir()
        self.ask("POST", "/v1/apply", {
            "locations": [{"name": "l"}],
            "servers": [{"name": "app1", "location": "l", "kind": "app", "addresses": ["10.0.0.1"]}],
            "types": [{"name": "pgw", "source": (self.workshop.source / "pgw.yaml").read_text()}],
            "services": [{"name": "pgw.1", "server": "app1"}]})
        configuration = self.folder / "node.yaml"
        configuration.write_text(f"admin-url: {self.admin.url}\nserver: app1\nroot: {self.root}\nusers: agent\nunsigned: true\n")
        self.node = Process(binary("portcullis-node"), "run", "--config", configuration, log=self.folder / "node.log")

    def end(self):
        self.node.stop()
        assert self.admin.stop() == 0

    def ask(self, method, path, body):
        self.connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text[:2000]

    @property
    def digest(self):
        """The version that `current` leads to."""
        try:
            return os.readlink(self.root / "pgw.1/current").removeprefix("versions/")
        except FileNotFoundError:
            return None

    @staticmethod
    def carried():
        """The bytes that the loopback of this network namespace has carried; /sys would tell of another one's."""
        return int(re.search(r"(?m)^ *lo: *(\d+) ", pathlib.Path("/proc/net/dev").read_text())[1])

    def push(self, name):
        """Builds a version and sends it to ADMIN; its digest."""
        self.workshop.build(name, "--push", "--admin-url", self.admin.url)
        return self.workshop.digest(name)

    def install(self, name, digest):
        """Gives the service the version, which it need not run; seconds and bytes until it is there."""
        carried, began = self.carried(), time.monotonic()
        self.ask("PATCH", "/v1/services/pgw.1", {"version": name, "desired": "stopped"})
        eventually(lambda: self.digest == digest, timeout=600, what=f"version {name} on the server", pause=0.005)
        return time.monotonic() - began, self.carried() - carried


def measure(folder):
    """Seconds by the node, seconds by rsync, and bytes on the wire, of each round."""
    server = Server(folder)
    try:
        server.workshop.write_data(FILES, SIZE)
        seconds, carried = server.install("1.0", server.push("1.0"))
        print(f"  the whole version: {seconds:.1f} s, {carried / 1e6:.0f} MB", file=sys.stderr, flush=True)
        copies = pathlib.Path(folder) / "copies"
        copies.mkdir()
        service = server.root / "pgw.1"
        run("cp", "-a", f"{service}/current/", copies / "1.0")
        run("sync", "-f", copies)
        found = {NODE: [], RSYNC: [], WIRE: []}
        for number in range(1, ROUNDS + 1):
            name, before = f"1.{number}", f"1.{number - 1}"
            server.workshop.write("out/data/7/777", os.urandom(SIZE))
            digest = server.push(name)
            run("sync", "-f", folder)
            seconds, carried = server.install(name, digest)
            found[NODE].append(seconds)
            found[WIRE].append(carried)
            run("sync", "-f", folder)
            began = time.monotonic()
            run("rsync", "-a", "-c", f"--link-dest={copies}/{before}", f"{service}/current/", copies / name)
            run("sync", "-f", copies)
            found[RSYNC].append(time.monotonic() - began)
            run("diff", "-r", f"{service}/current/", copies / name)
        return found
    finally:
        server.end()


def main(output):
    with tempfile.TemporaryDirectory() as folder:
        found = measure(folder)
    for name in (NODE, RSYNC):
        print(f"  {name}: {statistics.median(found[name]):.2f} s", file=sys.stderr, flush=True)
    print(f"  {WIRE}: {statistics.median(found[WIRE]):,.0f}", file=sys.stderr, flush=True)
    pathlib.Path(output).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
