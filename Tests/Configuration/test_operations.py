"""ADMIN over time: connections, reloads, one server per registry."""

import errno
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import sqlite3
import ssl
import time

import pytest

from admin import Admin
from portcullis_testing.processes import Process, result, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually


def connection(admin):
    host, port = admin.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def fill(admin, count):
    """Connections without a token, every other with a body that does not come."""
    head = b"PUT /v1/locations/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    strangers = [connection(admin) for _ in range(count)]
    for stranger in strangers[1::2]:
        try:
            stranger.sendall(head)
        except OSError:  # closed for another
            pass
    return strangers


def is_idle(admin):
    """Whether the process leaves the processor alone."""
    used = admin.cpu
    time.sleep(2)
    return admin.cpu - used < 1


def test_whoever_has_a_token_gets_in_beside_connections_that_fill_the_limit_of_open_files(tmp_path):
    admin = Admin(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    try:
        admin.token = admin.add_token("ops", "admin")
        strangers = fill(admin, 400)
        assert admin.curl("/v1/services")[0] == 200
        assert is_idle(admin)
        assert b"closed that had shown no token" in admin.log.read_bytes()
        for stranger in strangers:
            stranger.close()
    finally:
        admin.stop()


def test_without_file_descriptors_it_makes_room_says_so_and_does_not_spin(tmp_path):
    admin = Admin(tmp_path)
    try:
        admin.token = admin.add_token("ops", "admin")
        open_files = len(os.listdir(f"/proc/{admin.pid}/fd"))
        # Fewer than it took the maximum from.
        resource.prlimit(admin.pid, resource.RLIMIT_NOFILE, (open_files + 40, open_files + 40))
        strangers = fill(admin, 60)
        eventually(lambda: b"connections cannot be accepted" in admin.log.read_bytes(), what="the log's line")
        assert is_idle(admin)
        assert admin.curl("/v1/services")[0] == 200
        for stranger in strangers:
            stranger.close()
    finally:
        admin.stop()


def test_a_second_admin_on_the_same_registry_is_told_who_has_it(admin):
    second = result(binary("portcullis-admin"), "serve", "--database", admin.database, "--listen", "127.0.0.1:0", timeout=60)
    assert second.returncode == 1 and f"process {admin.pid} on " in second.stderr, second.stderr


def certificate(folder, name):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
        "-keyout", folder / "admin.key", "-out", folder / "admin.pem", "-subj", f"/CN={name}")


def shown_name(url):
    return run("openssl", "s_client", "-connect", url.split("//")[1], status=None)


def test_sighup_reads_settings_and_certificates_again_and_keeps_them_when_they_are_faulty(tmp_path):
    certificate(tmp_path, "first")
    settings = tmp_path / "admin.yaml"
    settings.write_text(f"tls-certificate: {tmp_path}/admin.pem\ntls-key: {tmp_path}/admin.key\nlog-level: info\n")
    admin = Admin(tmp_path, "--config", settings)
    try:
        assert "CN = first" in shown_name(admin.url)
        certificate(tmp_path, "second")
        settings.write_text(settings.read_text().replace("info", "debug") + "max-gateways: 7\n")
        os.kill(admin.pid, signal.SIGHUP)
        eventually(lambda: b"were read again" in admin.log.read_bytes(), what="the reload")
        assert "CN = second" in shown_name(admin.url)
        assert b"max-gateways" in admin.log.read_bytes()
        run("curl", "-sk", f"{admin.url}/v1/services")
        assert b" debug " in admin.log.read_bytes() and b"GET /v1/services 200" in admin.log.read_bytes()

        settings.write_text(settings.read_text().replace("7", "many"))
        os.kill(admin.pid, signal.SIGHUP)
        eventually(lambda: b"cannot be read again" in admin.log.read_bytes(), what="the refusal")
        assert b"is not a number from 1 to" in admin.log.read_bytes()
        assert "CN = second" in shown_name(admin.url)
    finally:
        admin.stop()


@pytest.mark.parametrize("answers", [True, False])
def test_an_idle_tls_client_does_not_hold_up_the_end(tmp_path, answers):
    """NIO's TLS waits 5 seconds for the client's close_notify where nobody reads it."""
    certificate(tmp_path, "admin")
    settings = tmp_path / "admin.yaml"
    settings.write_text(f"tls-certificate: {tmp_path}/admin.pem\ntls-key: {tmp_path}/admin.key\n")
    admin = Admin(tmp_path, "--config", settings)
    context = ssl.create_default_context(cafile=tmp_path / "admin.pem")
    context.check_hostname = False
    host, port = admin.url.removeprefix("https://").split(":")
    client = context.wrap_socket(socket.create_connection((host, int(port)), timeout=30))
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    os.kill(admin.pid, signal.SIGTERM)
    start = time.monotonic()
    while client.recv(1 << 16):
        pass
    if answers:
        client.unwrap()
    client.close()
    assert admin.process.wait(30) == 0
    assert time.monotonic() - start < 4


def test_readiness_tells_that_nothing_can_be_written(tmp_path):
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    admin = Admin(tmp_path, preexec_fn=small_files)
    try:
        assert admin.curl("/readyz")[0] == 200
        # No file may grow any more, as on a full disk.
        log = admin.database.with_name("registry.sqlite-wal")
        limit = max(log.stat().st_size, admin.database.stat().st_size)
        resource.prlimit(admin.pid, resource.RLIMIT_FSIZE, (limit, limit))
        body = json.dumps({"description": "x" * 900})
        statuses = [
            admin.curl(f"/v1/locations/l{number}", "-X", "PUT", "-d", body, "-H", "Content-Type: application/json")[0]
            for number in range(40)]
        assert statuses[-1] == 503
        status, _, text = admin.curl("/readyz")
        assert status == 503 and "writes fail" in text
        assert admin.curl("/healthz")[0] == 200
    finally:
        admin.kill()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MiB in a mount namespace of its own: its folder there, the words that run a program there, and its
    folder as it is seen from here."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    with Process("unshare", "--mount", "--propagation", "private", "sh", "-c",
                 f"mount -t tmpfs -o size=3m tmpfs {disk} && echo ready && exec sleep infinity") as holder:
        holder.wait_for("ready\n")
        yield disk, ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt"], pathlib.Path(f"/proc/{holder.pid}/root{disk}")


def put_location(admin, name):
    body = json.dumps({"description": "x" * 900})
    return admin.curl(f"/v1/locations/{name}", "-X", "PUT", "-d", body, "-H", "Content-Type: application/json")


def test_on_a_full_disk_nothing_is_written_or_lost_and_everything_else_goes_on(tmp_path, small_disk):
    disk, enter, seen = small_disk
    admin = Admin(tmp_path, database=disk / "registry.sqlite", before=enter)
    try:
        for name in ("before", "tcn"):
            assert put_location(admin, name)[0] == 201
        ballast = seen / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            with pytest.raises(OSError) as full:
                while file.write(b"x" * 4096):
                    pass
        assert full.value.errno == errno.ENOSPC

        # What the write-ahead log has room for is still taken.
        answers = [put_location(admin, f"l{number}") for number in range(200)]
        taken = [f"l{number}" for number, answer in enumerate(answers) if answer[0] == 201]
        refused = [answer for answer in answers if answer[0] != 201]
        assert refused and {answer[0] for answer in refused} == {503}
        assert "disk is full" in json.loads(refused[-1][2])["detail"], refused[-1]
        status, _, text = admin.curl("/readyz")
        assert status == 503 and "writes fail" in text and "disk is full" in text
        assert admin.curl("/healthz")[0] == 200

        def names():
            return {location["name"] for location in json.loads(admin.curl("/v1/locations")[2])}

        known = {"before", "tcn", *taken}
        assert names() == known
        status, headers, _ = admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1")
        assert status == 200
        assert admin.curl(
            "/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1",
            "-H", f"If-None-Match: {headers['etag']}", "-H", "Prefer: wait=1")[0] == 304

        # A crash and a start, with the disk as full as before.
        admin.kill()
        admin.start()
        assert names() == known
        assert put_location(admin, "later")[0] == 503
        assert admin.curl("/v1/locations/tcn/services.csv", "-H", "Portcullis-Gateway: gw1")[0] == 200

        ballast.unlink()
        assert put_location(admin, "later")[0] == 201
        assert admin.curl("/readyz")[0] == 200
        assert names() == known | {"later"}
        admin.stop()
        shutil.copy(seen / "registry.sqlite", tmp_path / "copy.sqlite")
        assert sqlite3.connect(tmp_path / "copy.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        admin.kill()


def test_systemd_hears_when_it_answers_and_when_it_ends(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(60)
        admin = Admin(tmp_path, environment={"NOTIFY_SOCKET": str(path)})
        try:
            assert manager.recv(4096) == b"READY=1"
            assert admin.curl("/readyz")[0] == 200
        finally:
            admin.stop()
        assert manager.recv(4096) == b"STOPPING=1"
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(4096)


def test_systemd_hears_nothing_of_a_start_that_fails(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket() as other:
        manager.bind(str(path))
        manager.setblocking(False)
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        done = result(binary("portcullis-admin"), "serve", "--database", tmp_path / "registry.sqlite", "--listen", taken,
                      env={**os.environ, "NOTIFY_SOCKET": str(path)})
        assert done.returncode == 1
        assert done.stderr.endswith(f"Error: cannot listen on {taken}: address already in use\n")
        with pytest.raises(BlockingIOError):
            manager.recv(4096)


def test_names_of_files_play_no_tricks_in_the_log(tmp_path):
    folder = tmp_path / "a\u202eb"
    folder.mkdir()
    admin = Admin(tmp_path, database=folder / "registry.sqlite")
    admin.stop()
    log = admin.log.read_text()
    assert "\u202e" not in log and "a\\u{202E}b" in log, log
