"""Versions at ADMIN: pushed, read, marked, removed and collected, whatever breaks meanwhile, through the shipped binaries."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import time

import pytest

from admin import Admin
from portcullis_testing.processes import result, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from portcullis_testing.workshop import Workshop


class Kept(Admin):
    """An ADMIN whose directory of versions a test looks into."""

    @property
    def directory(self):
        return self.folder / "versions"

    def blob(self, digest):
        return self.directory / "blobs" / digest[:2] / digest

    def contents(self):
        """The digests of the contents that are there."""
        return {path.name for path in (self.directory / "blobs").glob("*/*")}

    def leftovers(self):
        return list((self.directory / "sessions").iterdir())

    def versions(self, *words, status=0):
        return self.portcullis("versions", *words, status=status)

    def listed(self):
        return json.loads(self.versions("list", "-o", "json"))

    def send(self, path, *words, **options):
        """The status and the body, as JSON where there is one."""
        status, _, body = self.curl(path, *words, **options)
        return status, json.loads(body) if body else None

    def put(self, workshop, name="1.0", variant="release", manifest=None):
        """PUT of a version by hand."""
        text = manifest or workshop.do("show", "pgw", f"{name}/{variant}", "--manifest")
        body = workshop.folder / "body.json"
        body.write_text(json.dumps({"manifest": text, "signatures": []}))
        return self.send(f"/v1/versions/pgw/{name}?variant={variant}", "-X", "PUT", "-H",
                         "Content-Type: application/json", "--data-binary", f"@{body}")

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", int(self.url.rsplit(":", 1)[1]), timeout=60)

    def piece(self, file, data, offset=0, total=None, size=None, compressed=None, announced=None):
        """Sends a piece of a content; the status and the answer. `announced`: the bytes that the request says it has."""
        total = total or file["compressed-size"]
        end = offset + (announced or len(data)) - 1
        connection = self.connection()
        connection.request(
            "PUT", f"/v1/uploads/{file['sha256']}?size={size or file['size']}"
            f"&compressed={compressed or file['compressed-sha256']}", body=data,
            headers={"Content-Type": "application/octet-stream", "Content-Range": f"bytes {offset}-{end}/{total}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    def begin_piece(self, file, data, announced):
        """Begins a piece, and leaves it half-way: the open connection."""
        connection = socket.create_connection(("127.0.0.1", int(self.url.rsplit(":", 1)[1])))
        connection.sendall(
            f"PUT /v1/uploads/{file['sha256']}?size={file['size']}&compressed={file['compressed-sha256']} HTTP/1.1\r\n"
            f"Host: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: {announced}\r\n"
            f"Content-Range: bytes 0-{announced - 1}/{file['compressed-size']}\r\n\r\n".encode() + data)
        return connection

    def received(self, file):
        status, body = self.send(f"/v1/uploads/{file['sha256']}")
        return body["received"] if status == 200 else None


@pytest.fixture
def kept(tmp_path):
    kept = Kept(tmp_path)
    try:
        yield kept
    finally:
        if kept.is_running:
            kept.stop()


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


def files(workshop, name="1.0"):
    return {file["path"]: file for file in workshop.manifest(name)["files"]}


def compressed(workshop, file):
    return workshop.blob(file["sha256"]).read_bytes()


def large(workshop, size=12 << 20):
    """A content that zstd does not make smaller, in a version of its own; what the manifest says of it, and its bytes."""
    workshop.write("out/data/large", os.urandom(size))
    workshop.build()
    file = files(workshop)["data/large"]
    return file, compressed(workshop, file)


def test_a_version_that_is_altered_here_is_not_pushed_even_if_admin_has_it(kept, workshop):
    workshop.build()
    workshop.build("1.1")
    workshop.do("push", "pgw", "1.0", "--admin-url", kept.url)
    blob = workshop.blob(files(workshop)["bin/pgw"]["sha256"])
    good = blob.read_bytes()
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    for words in [("1.0",), ("1.1",), ("1.0", "--dry-run"), ()]:
        error = workshop.do("push", "pgw", *words, "--admin-url", kept.url, status=1)
        assert "is altered in the store: bin/pgw: its compressed bytes were altered; nothing was sent" in error
    assert [version["name"] for version in kept.listed()] == ["1.0"]
    blob.write_bytes(good)
    assert "1.1" in workshop.do("push", "pgw", "--admin-url", kept.url)


def test_versions_are_pushed_read_and_pulled(kept, workshop, tmp_path):
    key, public = workshop.key("release")
    workshop.write_data(30, 20_000)
    workshop.build("1.9.0")
    workshop.do("sign", "pgw", "1.9.0", "--key", key)
    first = json.loads(workshop.do("push", "pgw", "1.9.0", "--admin-url", kept.url, "-o", "json"))[0]
    assert first["change"] == "create" and first["sentBlobs"] == 32, first
    workshop.write("out/data/new", "new\n")
    workshop.build("1.10.0")
    pushed = workshop.command("push", "pgw", "--admin-url", kept.url, "-o", "json")
    assert "pgw 1.10.0 is not signed" in pushed.stderr, pushed.stderr
    again, second = json.loads(pushed.stdout)
    assert (again["change"], again["sentBlobs"]) == ("none", 0) and (second["change"], second["sentBlobs"]) == ("create", 1)
    # A signature that is made later follows.
    workshop.do("sign", "pgw", "1.10.0", "--key", key)
    assert "signatures added" in workshop.do("push", "pgw", "1.10.0", "--admin-url", kept.url)

    assert [(version["name"], version["mark"], version["files"]) for version in kept.listed()] == [
        ("1.9.0", "untested", 32), ("1.10.0", "untested", 33)]
    assert kept.listed()[1]["signedBy"] == kept.listed()[0]["signedBy"] != []
    manifest = workshop.do("show", "pgw", "1.10.0", "--manifest")
    assert kept.versions("show", "pgw", "1.10.0", "--manifest") == manifest
    assert re.search(r"\nmark +untested\n", kept.versions("show", "pgw", "1.10.0"))
    assert "data/new" in kept.versions("diff", "pgw", "1.9.0", "1.10.0", status=2)
    assert "signed by release" in kept.versions("verify", "pgw", "1.10.0", "--trusted", public)
    _, stranger = workshop.key("stranger")
    assert "no trusted key" in kept.versions("verify", "pgw", "1.10.0", "--trusted", stranger, status=1)

    digest = second["digest"]
    status, headers, body = kept.curl(f"/v1/manifests/{digest}")
    assert (status, body, headers["etag"]) == (200, manifest, f'"{digest}"')
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashlib.sha256(body.encode()).hexdigest() == digest
    status, signatures = kept.send(f"/v1/manifests/{digest}/signatures")
    assert (status, signatures) == (
        200, json.loads((workshop.store / "manifests" / f"{digest}.signatures").read_text()))

    other = tmp_path / "other"
    assert "33 contents fetched" in kept.versions("pull", "pgw", "1.10.0", "--store", other)
    assert "1.9.0 " in kept.versions("pull", "pgw", "1.9.0", "1.10.0", "--store", other)
    assert "signed by release" in kept.versions("verify", "pgw", "1.9.0", "--store", other, "--trusted", public)
    events = json.loads(kept.portcullis("events", "--kind", "version", "-o", "json"))
    assert [(event["action"], event["name"]) for event in events] == [
        ("create", "pgw 1.9.0"), ("create", "pgw 1.10.0"), ("update", "pgw 1.10.0")]
    assert kept.leftovers() == []


def test_build_pushes_at_once_and_several_variants_stand_beside_each_other(kept, workshop):
    workshop.write("pgw.yaml", (workshop.source / "pgw.yaml").read_text().replace(
        "directory: out}", "directory: out, variants: {debug: {command: [make, debug]}}}"))
    workshop.build("1.0", "--push", "--admin-url", kept.url)
    workshop.build("1.0", "--variant", "debug", "--push", "--admin-url", kept.url)
    assert [(version["name"], version["variant"]) for version in kept.listed()] == [("1.0", "debug"), ("1.0", "release")]
    assert "VARIANT" in kept.versions("list")
    kept.versions("remove", "pgw", "1.0/debug")
    assert [version["variant"] for version in kept.listed()] == ["release"]


def test_a_name_is_given_once_and_contents_come_first(kept, workshop):
    workshop.build()
    status, problem = kept.put(workshop)
    assert status == 409 and problem["type"] == "urn:portcullis:problem:missing-contents", problem
    assert "bin/pgw" in problem["errors"][0]["detail"] and problem["errors"][0]["pointer"] == "#/manifest"
    workshop.do("push", "--admin-url", kept.url)
    assert kept.put(workshop)[0] == 200
    assert kept.put(workshop, "1.0", "debug", workshop.do("show", "pgw", "1.0", "--manifest"))[0] == 422
    status, problem = kept.put(workshop, manifest="{}")
    assert (status, problem["errors"][0]["pointer"]) == (422, "#/manifest"), problem
    workshop.do("remove", "pgw", "1.0")
    workshop.write("out/data/text", "other\n")
    workshop.build()
    refused = workshop.do("push", "--admin-url", kept.url, status=1)
    assert "give this one another name" in refused, refused
    assert len(kept.listed()) == 1


def test_marks(kept, workshop):
    workshop.build("1.0", "--push", "--admin-url", kept.url)
    assert "reason" in kept.command("versions", "mark", "pgw", "1.0", "quarantined").stderr
    kept.versions("mark", "pgw", "1.0", "quarantined", "--reason", "it loses calls", "--dry-run", status=2)
    assert kept.listed()[0]["mark"] == "untested"
    kept.versions("mark", "pgw", "1.0", "quarantined", "--reason", "it loses calls")
    assert (kept.listed()[0]["mark"], kept.listed()[0]["reason"]) == ("quarantined", "it loses calls")
    assert "quarantined: it loses calls" in kept.versions("show", "pgw", "1.0")
    kept.versions("mark", "pgw", "1.0", "good")
    assert "reason" not in kept.listed()[0]
    assert json.loads(kept.versions("list", "--mark", "quarantined", "-o", "json")) == []
    status, _, _ = kept.curl("/v1/versions/pgw/1.0/mark", "-X", "PUT", "-H", "If-Match: \"0\"", "-H",
                             "Content-Type: application/json", "-d", '{"mark": "untested"}')
    assert status == 412


def test_a_held_list_answers_when_a_version_comes(kept, workshop):
    _, headers, body = kept.curl("/v1/versions")
    assert body == "[]"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = pool.submit(kept.curl, "/v1/versions", "-H", "Prefer: wait=30", "-H", f"If-None-Match: {headers['etag']}")
        time.sleep(0.5)
        start = time.monotonic()
        workshop.build("1.0", "--push", "--admin-url", kept.url)
        status, _, body = held.result()
    assert status == 200 and json.loads(body)[0]["name"] == "1.0" and time.monotonic() - start < 20


def test_roles(kept, workshop):
    workshop.build()
    file = files(workshop)["bin/pgw"]
    tokens = {
        "admin": kept.add_token("ops", "admin"), "read": kept.add_token("reader", "read"),
        "scoped": kept.add_token("team", "admin", "--type", "mdb"),
        "local": kept.add_token("site", "admin", "--location", "tcn"),
        "gateway": kept.add_token("gw", "gateway", "--gateway", "tcn/gw1")}
    kept.token = tokens["admin"]
    assert workshop.command("push", "--admin-url", kept.url, env={
        "PATH": os.environ["PATH"], "PORTCULLIS_TOKEN": tokens["admin"]}).returncode == 0
    digest = kept.listed()[0]["digest"]
    paths = ["/v1/versions", f"/v1/manifests/{digest}", f"/v1/manifests/{digest}/signatures", f"/v1/blobs/{file['sha256']}"]
    for path in paths:
        assert [run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {tokens[role]}",
                    kept.url + path) for role in ("admin", "read", "gateway")] == ["200", "200", "403"], path
    assert run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", kept.url + paths[3]) == "401"
    deletion = ("/v1/versions/pgw/1.0", "-X", "DELETE")
    for role in ("read", "scoped", "local", "gateway"):
        assert kept.curl(*deletion, token=tokens[role])[0] == 403, role
    assert kept.curl(deletion[0] + "?dry_run=true", *deletion[1:], token=tokens["read"])[0] == 200
    status, problem = kept.send(*deletion, token=tokens["scoped"])
    assert "type mdb" in problem["detail"] and status == 403
    assert kept.curl(*deletion, token=tokens["admin"])[0] == 200


def test_a_content_is_sent_in_parts(kept, workshop):
    file, data = large(workshop)
    workshop.do("push", "--admin-url", kept.url)
    url = f"{kept.url}/v1/blobs/{file['sha256']}"
    assert run("curl", "-sf", url, text=False) == data
    head = run("curl", "-sfI", url).lower()
    assert f"content-length: {len(data)}" in head and "accept-ranges: bytes" in head
    tag = f'"{file["compressed-sha256"]}"'
    assert f"etag: {tag}" in head and "public, max-age=31536000, immutable" in head and "application/zstd" in head
    assert run("curl", "-sf", "-r", "100-299", url, text=False) == data[100:300]
    assert run("curl", "-sf", "-r", "5000000-", url, text=False) == data[5_000_000:]
    assert run("curl", "-sf", "-r", "-7", url, text=False) == data[-7:]

    def status(*words):
        return run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", *words, url)

    assert status("-r", "0-9", "-H", f"If-Range: {tag}") == "206 10"
    assert status("-r", "0-9", "-H", 'If-Range: "0"') == f"200 {len(data)}"
    assert status("-r", "0-9,20-29") == f"200 {len(data)}"
    assert status("-r", f"{len(data)}-").split()[0] == "416"
    assert status("-H", f"If-None-Match: {tag}") == "304 0"
    assert kept.curl("/v1/blobs/" + "0" * 64)[0] == 404
    assert kept.curl("/v1/blobs/x")[0] == 422
    # curl goes on where it was interrupted.
    part = workshop.folder / "part"
    part.write_bytes(data[:1000])
    run("curl", "-sf", "-C", "-", "-o", part, url)
    assert part.read_bytes() == data


def test_an_upload_goes_on_after_a_break(kept, workshop):
    file, data = large(workshop)
    assert kept.received(file) is None
    assert kept.piece(file, data[:1000]) == (200, {
        "digest": file["sha256"], "received": 1000, "compressedSize": len(data), "complete": False})
    status, problem = kept.piece(file, data[:1000])
    assert status == 409 and "begins at byte 1000" in problem["detail"]
    # A connection that breaks within a piece: what has come counts.
    connection = socket.create_connection(("127.0.0.1", int(kept.url.rsplit(":", 1)[1])))
    connection.sendall(
        f"PUT /v1/uploads/{file['sha256']}?size={file['size']}&compressed={file['compressed-sha256']} HTTP/1.1\r\n"
        f"Host: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n"
        f"Content-Range: bytes 1000-5999/{len(data)}\r\n\r\n".encode() + data[1000:3000])
    time.sleep(0.5)
    status, problem = kept.piece(file, data[3000:4000], 3000)
    assert status == 409 and "Another request" in problem["detail"], problem
    connection.close()
    eventually(lambda: kept.received(file) == 3000, what="the part of the piece")
    # The command goes on there.
    pushed = json.loads(workshop.do("push", "--admin-url", kept.url, "-o", "json"))[0]
    assert pushed["change"] == "create"
    assert kept.blob(file["sha256"]).read_bytes() == data and kept.leftovers() == []
    assert kept.received(file) == len(data)


def test_what_is_not_as_announced_is_refused(kept, workshop):
    file, data = large(workshop, 3 << 20)
    size = len(data)
    cases = [
        (kept.piece(file, b"x" * 100, announced=50), 422, "50 are announced"),
        (kept.piece(file, data[:100], size=10), 422, "more than zstd makes"),
        (kept.piece(file, data[:100], total=50), 422, "FIRST-LAST/TOTAL"),
        (kept.piece(file, data[:100], size=1 << 50), 422, "bytes of the content"),
        (kept.piece(file, data, compressed="0" * 64), 422, "compressed bytes"),
        (kept.piece(file, bytes(size)), 422, "compressed bytes"),
        (kept.piece({**file, "sha256": "1" * 64}, data), 422, "was altered"),
        (kept.piece(file, data, size=file["size"] - 1), 422, "more"),
    ]
    for (status, problem), expected, text in cases:
        assert status == expected and text in json.dumps(problem), (expected, text, problem)
    garbage = b"no zstd at all" * 100
    lie = {"sha256": file["sha256"], "size": 10_000, "compressed-size": len(garbage),
           "compressed-sha256": hashlib.sha256(garbage).hexdigest()}
    status, problem = kept.piece(lie, garbage)
    assert status == 422 and "discarded" in problem["errors"][0]["detail"], problem
    assert kept.contents() == set() and kept.leftovers() == [] and kept.received(file) is None
    # Another upload of the same content in another form waits for nothing.
    assert kept.piece(file, data[:100])[0] == 200
    status, problem = kept.piece(file, data[100:200], 100, total=size + 1)
    assert status == 409 and "another size" in problem["detail"], problem
    assert kept.curl(f"/v1/uploads/{file['sha256']}", "-X", "DELETE")[0] == 204
    assert kept.curl(f"/v1/uploads/{file['sha256']}", "-X", "DELETE")[0] == 404
    assert kept.leftovers() == []
    workshop.do("push", "--admin-url", kept.url)


def test_aborted_uploads_leave_nothing(tmp_path, workshop):
    kept = Kept(tmp_path)
    try:
        file, data = large(workshop, 1 << 20)
        begun = 0
        for number in range(300):
            content = hashlib.sha256(str(number).encode()).hexdigest()
            with kept.begin_piece({**file, "sha256": content}, data[:5000], announced=10_000):
                begun += 1
        eventually(lambda: kept.leftovers(), what="uploads that rest")
        descriptors = len(os.listdir(f"/proc/{kept.pid}/fd"))
        assert descriptors < 2 * begun + 100
        kept.process.send_signal(signal.SIGKILL)
        kept.wait()
        assert len(kept.leftovers()) > 0
        kept.start()
        assert kept.leftovers() == [] and kept.contents() == set()
    finally:
        kept.stop()


@pytest.mark.parametrize("when", ["upload", "put", "collection"])
def test_admin_is_killed(tmp_path, workshop, when):
    kept = Kept(tmp_path, "--keep-contents", "0")
    kept.port = int(kept.url.rsplit(":", 1)[1])
    try:
        workshop.write_data(150, 30_000)
        large(workshop, 8 << 20)
        if when != "upload":
            workshop.do("push", "--admin-url", kept.url)
            if when == "put":
                kept.versions("remove", "pgw", "1.0")
        words = {"upload": ("push", "--admin-url", kept.url), "put": ("push", "--admin-url", kept.url),
                 "collection": ("remove", "--admin-url", kept.url)}
        for round in range(8):
            if when == "collection":
                kept.versions("remove", "pgw", "1.0")
                client = kept.start_command("versions", "remove")
            else:
                client = workshop.start(*words[when])
            time.sleep(0.03 * round + (0.05 if when == "upload" else 0))
            kept.kill()
            kept.start()
            client.wait(120)
            if when == "collection":
                workshop.do("push", "--admin-url", kept.url)
        workshop.do("push", "--admin-url", kept.url)
        assert len(kept.listed()) == 1 and kept.leftovers() == []
        assert "faults" not in kept.versions("verify", "pgw", "1.0")
        assert kept.contents() >= {file["sha256"] for file in files(workshop).values()}
        kept.versions("remove", "pgw", "1.0")
        kept.versions("remove")
        assert kept.contents() == set() and list((kept.directory / "manifests").iterdir()) == []
    finally:
        kept.stop()


def test_a_full_disk_loses_nothing(tmp_path, workshop):
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=16m", "none", disk)
    kept = None
    try:
        kept = Kept(tmp_path, "--versions-directory", disk / "versions", "--versions-reserve", "1000000")
        workshop.build("1.0", "--push", "--admin-url", kept.url)
        workshop.write("out/data/large", os.urandom(20 << 20))
        workshop.build("2.0")
        refused = workshop.do("push", "pgw", "2.0", "--admin-url", kept.url, status=1)
        assert "no room" in refused and "bytes are needed" in refused, refused
        # The disk fills while an upload runs: what was announced fitted.
        workshop.write("out/data/large", os.urandom(9 << 20))
        workshop.build("3.0")
        file = files(workshop, "3.0")["data/large"]
        data = compressed(workshop, file)
        assert kept.piece(file, data[:4 << 20])[0] == 200
        (disk / "filler").write_bytes(bytes(9_800_000))
        status, problem = kept.piece(file, data[4 << 20:], 4 << 20)
        assert status == 507, problem
        assert kept.listed()[0]["name"] == "1.0" and "signatures were not" in kept.versions("verify", "pgw", "1.0")
        (disk / "filler").unlink()
        workshop.do("push", "pgw", "3.0", "--admin-url", kept.url)
        assert len(kept.listed()) == 2
    finally:
        if kept:
            kept.stop()
        run("umount", disk)


def test_an_altered_content_is_told_and_sent_again(kept, workshop):
    file, data = large(workshop, 3 << 20)
    small = files(workshop)["bin/pgw"]
    workshop.do("push", "--admin-url", kept.url)

    def alter(file):
        path = kept.blob(file["sha256"])
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    # Read as a whole, it never arrives whole.
    for one, status in ((file, 18), (small, 22)):
        alter(one)
        assert result("curl", "-sf", "-o", "/dev/null", f"{kept.url}/v1/blobs/{one['sha256']}").returncode == status
        assert kept.curl(f"/v1/blobs/{one['sha256']}")[0] == 404
        kept.wait_for("was altered")
    assert json.loads(workshop.do("push", "--admin-url", kept.url, "-o", "json"))[0]["sentBlobs"] == 2
    alter(file)
    alter(small)
    found = kept.versions("verify", "pgw", "1.0", status=1)
    assert "data/large" in found and "bin/pgw" in found, found
    assert json.loads(workshop.do("push", "--admin-url", kept.url, "-o", "json"))[0]["sentBlobs"] == 2
    kept.versions("verify", "pgw", "1.0")
    # A manifest that was altered is no manifest; pushed again, it is back.
    digest = kept.listed()[0]["digest"]
    path = kept.directory / "manifests" / f"{digest}.json"
    path.write_bytes(path.read_bytes().replace(b"0755", b"0644"))
    assert kept.curl(f"/v1/manifests/{digest}")[0] == 404
    for words in (["remove"], ["verify", "pgw", "1.0"], ["show", "pgw", "1.0"]):
        said = kept.versions(*words, status=1)
        assert "was altered on ADMIN's disk: push its version again" in said and digest[:12] in said.replace("\n", " ")
    workshop.do("push", "--admin-url", kept.url)
    assert kept.curl(f"/v1/manifests/{digest}")[0] == 200


def test_a_collection_takes_what_nothing_needs(tmp_path, workshop):
    kept = Kept(tmp_path, "--keep-contents", "3")
    try:
        workshop.build("1.0", "--push", "--admin-url", kept.url)
        shared = kept.contents()
        workshop.write("out/data/extra", os.urandom(30 << 20))
        workshop.build("2.0", "--push", "--admin-url", kept.url)
        extra = files(workshop, "2.0")["data/extra"]
        kept.versions("remove", "pgw", "2.0")
        # A server may be fetching it: it stays for a while.
        assert kept.send("/v1/versions/collection", "-X", "POST") == (200, {"blobs": 0, "bytes": 0})
        time.sleep(3.2)
        would = json.loads(kept.versions("remove", "--dry-run", "-o", "json", status=2))
        assert (would["blobs"], would["bytes"]) == (1, extra["compressed-size"])
        # A transfer at work keeps it.
        reader = socket.create_connection(("127.0.0.1", int(kept.url.rsplit(":", 1)[1])))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.sendall(f"GET /v1/blobs/{extra['sha256']} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(100).startswith(b"HTTP/1.1 200")
        assert json.loads(kept.versions("remove", "-o", "json"))["blobs"] == 0
        # So does an upload at work what it is about to bring.
        workshop.write("out/data/next", os.urandom(1 << 20))
        workshop.build("3.0")
        coming = files(workshop, "3.0")["data/next"]
        data = compressed(workshop, coming)
        assert kept.piece(coming, data[:1000])[0] == 200
        reader.close()
        eventually(lambda: json.loads(kept.versions("remove", "-o", "json"))["blobs"] == 1, what="the collection")
        assert kept.contents() == shared
        status, upload = kept.piece(coming, data[1000:], 1000)
        assert (status, upload["complete"]) == (200, True)
        # Whoever asks for a content keeps it.
        time.sleep(3.2)
        question = json.dumps({"digests": [coming["sha256"], extra["sha256"]]})
        status, answer = kept.send("/v1/versions/missing", "-X", "POST", "-H", "Content-Type: application/json", "-d", question)
        assert (status, answer["missing"]) == (200, [extra["sha256"]])
        kept.versions("remove")
        assert kept.contents() == shared | {coming["sha256"]} or kept.contents() == shared
        workshop.do("push", "pgw", "2.0", "3.0", "--admin-url", kept.url)
        kept.versions("verify", "pgw", "2.0")
    finally:
        kept.stop()


def test_pushes_and_collections_at_the_same_time(tmp_path, workshop):
    kept = Kept(tmp_path, "--keep-contents", "20")
    try:
        names = [f"1.{number}" for number in range(6)]
        workshop.write_data(40, 10_000)
        for name in names:
            workshop.write("out/data/text", name)
            workshop.build(name)
        stop = False

        def collect():
            while not stop:
                kept.send("/v1/versions/collection", "-X", "POST")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            collecting = [pool.submit(collect) for _ in range(2)]
            try:
                pushes = [pool.submit(workshop.command, "push", "pgw", name, "--admin-url", kept.url) for name in names]
                done = [push.result() for push in pushes]
            finally:
                stop = True
            [one.result() for one in collecting]
        for one in done:
            assert one.returncode == 0, one.stderr
        for name in names:
            kept.versions("verify", "pgw", name)
        assert kept.leftovers() == []
    finally:
        kept.stop()


def test_a_client_that_hangs_is_left(tmp_path, workshop):
    kept = Kept(tmp_path, "--transfer-timeout", "1")
    try:
        file, data = large(workshop, 30 << 20)
        with kept.begin_piece(file, data[:1000], announced=10_000) as connection:
            assert b"408" in connection.recv(4096)
        assert eventually(lambda: kept.received(file) == 1000, what="the part of the piece")
        workshop.do("push", "--admin-url", kept.url)
        reader = socket.create_connection(("127.0.0.1", int(kept.url.rsplit(":", 1)[1])))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.sendall(f"GET /v1/blobs/{file['sha256']} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        # Of a content that nobody takes, a few hundred KiB are on their way: so many seconds more.
        blob = os.path.realpath(kept.blob(file["sha256"]))

        def is_open():
            return any(os.path.realpath(f"/proc/{kept.pid}/fd/{number}") == blob
                       for number in os.listdir(f"/proc/{kept.pid}/fd"))

        eventually(is_open, what="the content being sent")
        eventually(lambda: not is_open(), timeout=120, what="the end of what nobody takes")
        reader.close()
    finally:
        kept.stop()


def test_a_restored_registry_keeps_what_it_does_not_know(tmp_path, workshop):
    kept = Kept(tmp_path, "--keep-contents", "0")
    try:
        workshop.build("1.0", "--push", "--admin-url", kept.url)
        kept.stop()
        backup = pathlib.Path(kept.database).read_bytes()
        kept.start()
        workshop.write("out/data/text", "two\n")
        workshop.build("2.0", "--push", "--admin-url", kept.url)
        digest = kept.listed()[1]["digest"]
        kept.stop()
        pathlib.Path(kept.database).write_bytes(backup)
        kept.start()
        assert [version["name"] for version in kept.listed()] == ["1.0"]
        kept.versions("remove")
        assert (kept.directory / "manifests" / f"{digest}.json").exists()
        # The same one is back with a push; another of its name is refused.
        workshop.do("remove", "pgw", "2.0")
        workshop.write("out/data/text", "other\n")
        workshop.build("2.0")
        assert "restored backup" in workshop.do("push", "pgw", "2.0", "--admin-url", kept.url, status=1)
        workshop.do("remove", "pgw", "2.0")
        workshop.write("out/data/text", "two\n")
        workshop.build("2.0")
        workshop.do("push", "pgw", "2.0", "--admin-url", kept.url)
        kept.versions("verify", "pgw", "2.0")
    finally:
        kept.stop()


def test_versions_are_completed(kept, workshop):
    workshop.build("1.0", "--push", "--admin-url", kept.url)
    words = ["portcullis", "versions", "show", "pgw", ""]
    done = result(binary("portcullis"), "---completion", "versions", "show", "--", "positional@1", "4", "0", *words,
                  env={"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": kept.url, "SAP_SHELL": "bash"})
    assert done.stdout.split() == ["1.0"], done
