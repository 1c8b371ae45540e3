"""Uploads that break off by the thousand, and collections under transfers."""

import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import socket
import struct
import threading
import time

from portcullis_testing.waiting import eventually
from test_versions_admin import Kept, compressed, files, large

UPLOADS = 5_000
# ADMIN keeps so many uploads that have broken off, and gives the place of one that has rested for ten seconds to another.
KEPT = 512
PIECE = 64 << 10
CLIENTS = 8


def disk(folder):
    """The bytes that files below a folder take."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def descriptors(admin):
    """How many ADMIN has, but for those of the database, whose readers are made when they are needed and stay."""
    count = 0
    for link in pathlib.Path(f"/proc/{admin.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += not pathlib.Path(os.readlink(link)).name.startswith("registry.sqlite")
    return count


class Aborter:
    """Begins uploads and leaves them half-way: one connection for each, and one to ask how far they have come."""

    def __init__(self, kept, file, data):
        self.kept, self.file, self.data = kept, file, data
        self.asking = kept.connection()
        self.refusals = 0

    def has_begun(self, digest):
        try:
            self.asking.request("GET", f"/v1/uploads/{digest}")
            answer = self.asking.getresponse()
            answer.read()
        except (http.client.HTTPException, ConnectionError):
            self.asking = self.kept.connection()
            return False
        return answer.status == 200

    def abort(self, number):
        """Sends half of a piece of a content of its own; every other connection is reset, the others are closed."""
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        while True:
            with self.kept.begin_piece({**self.file, "sha256": digest}, self.data[:PIECE // 2], PIECE) as connection:
                connection.settimeout(0.02)
                while not (begun := self.has_begun(digest)):
                    try:
                        head = connection.recv(4096)
                    except TimeoutError:
                        continue
                    assert head.startswith(b"HTTP/1.1 503 "), head
                    break
                if begun:
                    if number % 2:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return digest
            # None of those that are kept has rested for long enough.
            self.refusals += 1
            time.sleep(1)


def test_thousands_of_aborted_uploads_leave_nothing(tmp_path, workshop):
    kept = Kept(tmp_path, "--log-level", "info")
    try:
        file, data = large(workshop, 1 << 20)
        workshop.do("push", "--admin-url", kept.url)
        before = disk(kept.directory)
        aborters = [Aborter(kept, file, data) for _ in range(CLIENTS)]
        opened = descriptors(kept)
        sizes, memory, digests = [], [], []
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for first in range(0, UPLOADS, KEPT):
                numbers = range(first, min(first + KEPT, UPLOADS))
                parts = [numbers[client::CLIENTS] for client in range(CLIENTS)]
                found = pool.map(lambda aborter, part: [aborter.abort(number) for number in part], aborters, parts)
                digests += [digest for part in found for digest in part]
                sizes.append(disk(kept.directory) - before)
                memory.append(kept.memory())
        seconds = time.monotonic() - began
        refused = sum(aborter.refusals for aborter in aborters)
        eventually(lambda: any(path.stat().st_size == PIECE // 2 for path in kept.directory.joinpath("sessions").rglob("*")),
                   what="half of a piece on the disk")
        # What is kept for those who go on with it is bounded, whatever has been begun.
        assert len(digests) == UPLOADS and max(sizes) <= KEPT * (PIECE // 2 + 8192) + (64 << 10), sizes
        # The file and the session of each that is kept, and a few of the pool of threads.
        assert descriptors(kept) <= opened + 2 * KEPT + 32
        # The first round fills the places; the others take them.
        growth = memory[-1] - memory[0]
        assert growth < 16 << 10, memory
        for digest in digests:
            connection = aborters[0].asking
            connection.request("DELETE", f"/v1/uploads/{digest}")
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 204, 404), answer.status
        assert kept.leftovers() == [] and disk(kept.directory) == before
        for aborter in aborters:
            aborter.asking.close()
        eventually(lambda: descriptors(kept) <= opened, what=f"the descriptors of before ({opened})")
        print(f"{UPLOADS} uploads aborted in {seconds:.0f} s, {refused} refused for a while: at most {max(sizes) / 1e6:.1f} MB of "
              f"disk, afterwards none; {memory[0] / 1024:.1f} MiB of memory with the first {KEPT}, {memory[-1] / 1024:.1f} MiB at the "
              f"end, {kept.memory() / 1024:.1f} MiB afterwards; {descriptors(kept)} descriptors as before")
        # What was there has not suffered, and what comes next is taken.
        kept.versions("verify", "pgw", "1.0")
        workshop.write("out/data/next", os.urandom(1 << 20))
        workshop.build("2.0", "--push", "--admin-url", kept.url)
        kept.versions("verify", "pgw", "2.0")
    finally:
        kept.stop()


class SlowReader(threading.Thread):
    """Fetches a content bit by bit, in about 20 seconds, and again: it must come whole."""

    def __init__(self, kept, file, until):
        super().__init__()
        self.kept, self.file, self.until = kept, file, until
        self.whole, self.failure = 0, None

    def run(self):
        while not self.until.is_set() and not self.failure:
            connection = self.kept.connection()
            connection.request("GET", f"/v1/blobs/{self.file['sha256']}")
            answer = connection.getresponse()
            if answer.status != 200:
                self.failure = answer.status
                break
            total = hashlib.sha256()
            while part := answer.read(self.file["compressed-size"] // 40):
                total.update(part)
                time.sleep(0.5)
            if total.hexdigest() != self.file["compressed-sha256"]:
                self.failure = "another content"
            self.whole += 1
            connection.close()


def test_collections_take_nothing_that_is_needed(tmp_path, workshop):
    """For two minutes versions come and go, contents are fetched slowly and uploaded in pieces, and what is not needed is collected."""
    kept = Kept(tmp_path, "--keep-contents", "1", "--log-level", "info")
    try:
        workshop.write("out/data/fetched", os.urandom(8 << 20))
        workshop.build("1.0", "--push", "--admin-url", kept.url)
        fetched = files(workshop)["data/fetched"]
        end = threading.Event()
        readers = [SlowReader(kept, fetched, end) for _ in range(3)]
        for reader in readers:
            reader.start()
        taken = 0

        def collect():
            nonlocal taken
            while not end.is_set():
                status, answer = kept.send("/v1/versions/collection", "-X", "POST")
                assert status == 200, answer
                taken += answer["blobs"]

        # A content that comes in pieces, with pauses longer than an unneeded one is kept.
        workshop.write("out/data/pieces", os.urandom(4 << 20))
        workshop.build("pieces")
        coming = files(workshop, "pieces")["data/pieces"]
        (workshop.source / "out/data/pieces").unlink()
        data, step = compressed(workshop, coming), 200_000
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            collecting = pool.submit(collect)
            try:
                began, number, offset = time.monotonic(), 0, 0
                while time.monotonic() < began + 120:
                    number += 1
                    name = f"2.{number}"
                    workshop.write("out/data/changing", os.urandom(1 << 20))
                    workshop.build(name, "--push", "--admin-url", kept.url)
                    kept.versions("verify", "pgw", name)
                    if number > 2:
                        kept.versions("remove", "pgw", f"2.{number - 2}")
                    if offset < len(data):
                        status, upload = kept.piece(coming, data[offset:offset + step], offset)
                        offset += step
                        assert status == 200 and upload["complete"] == (offset >= len(data)), upload
                        if upload["complete"]:
                            # Named at once by a version, or it would go as it should.
                            workshop.do("push", "pgw", "pieces", "--admin-url", kept.url)
            finally:
                end.set()
            collecting.result()
        for reader in readers:
            reader.join()
        assert all(reader.whole and not reader.failure for reader in readers), [(one.whole, one.failure) for one in readers]
        assert taken > 0, "nothing was collected"
        for version in kept.listed():
            kept.versions("verify", "pgw", version["name"])
        needed = {file["sha256"] for version in kept.listed() for file in files(workshop, version["name"]).values()}
        eventually(lambda: kept.versions("remove") and kept.contents() == needed, what="only what is needed")
        assert offset >= len(data), "not all pieces were sent"
        print(f"{number} versions pushed while {taken} contents were collected; {sum(reader.whole for reader in readers)} slow "
              f"fetches of {fetched['compressed-size']} bytes were whole")
    finally:
        kept.stop()
