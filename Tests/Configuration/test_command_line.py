"""The command line as people and scripts meet it: terminals, full disks, odd texts, an ADMIN that is slow or away."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import struct
import termios
import threading
import time

import pytest

from portcullis_testing.processes import Process, result
from portcullis_testing.repository import FIXTURES, binary
from portcullis_testing.waiting import eventually

PROGRAMS = ("portcullis", "portcullis-admin", "portcullis-checks", "portcullis-database", "portcullis-gateway",
            "portcullis-generate", "portcullis-node")
DECEPTIVE = "to\u202edrawkcab \x1b[31m\u2028\u200b"


def environment(url, **more):
    return {"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": url, **more}


class Terminal:
    """A command whose terminal this is."""

    def __init__(self, url, *words):
        self.end, slave = pty.openpty()
        self.process = Process(
            binary("portcullis"), *words, env=environment(url), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave
        self.shown = b""

    def read_until(self, text):
        deadline = time.monotonic() + 60
        while text not in self.shown:
            ready, _, _ = select.select([self.end], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} is not in {self.shown!r}"
            self.shown += os.read(self.end, 4096)

    def type(self, text):
        os.write(self.end, text)

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait(self):
        status = self.process.wait()
        while select.select([self.end], [], [], 0)[0]:
            self.shown += os.read(self.end, 4096)
        return status


def test_a_secret_is_asked_for_on_a_terminal_and_not_shown(admin):
    terminal = Terminal(admin.url, "secrets", "set", "pin")
    terminal.read_until(b"which is not shown: ")
    assert not terminal.echoes
    terminal.type(b"corr\xc3\xa9ct horse\n")
    terminal.read_until(b"Once more: ")
    terminal.type(b"corr\xc3\xa9ct horse\n")
    assert terminal.wait() == 0, terminal.shown
    assert b"horse" not in terminal.shown and terminal.echoes
    assert [secret["name"] for secret in json.loads(admin.portcullis("secrets", "-o", "json"))] == ["pin"]

    other = Terminal(admin.url, "secrets", "set", "pin")
    for prompt, value in ((b"not shown: ", b"one\n"), (b"more: ", b"two\n")):
        other.read_until(prompt)
        other.type(value)
    assert other.wait() == 1 and b"the two values differ" in other.shown and other.echoes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_echoes_again_after_a_signal_ended_the_prompt(admin, number):
    terminal = Terminal(admin.url, "secrets", "set", "pin")
    terminal.read_until(b"not shown: ")
    if number == signal.SIGINT:
        terminal.type(b"\x03")
    else:
        os.kill(terminal.process.pid, number)
    assert terminal.wait() == -number and terminal.echoes


def test_what_cannot_be_written_is_a_failure(admin):
    words = [[name, *words] for name in PROGRAMS for words in (["--help"], ["--version"])]
    words += [["portcullis", "types", "diff", "--help"], ["portcullis-admin", "token", "add", "--help"], ["portcullis", "types"],
              ["portcullis", "export", "hel"], ["portcullis", "--generate-completion-script", "bash"],
              ["portcullis-generate", "csv"], ["portcullis-generate", "count"]]
    for line in words:
        with open("/dev/full", "wb") as full:
            run = result(binary(line[0]), *line[1:], env=environment(admin.url), stdout=full)
        assert run.returncode == 1 and "standard output: no space left on device" in run.stderr, (line, run)
        whole = result(binary(line[0]), *line[1:], env=environment(admin.url))
        assert whole.returncode == 0 and not whole.stderr, (line, whole)


def test_an_empty_variable_is_an_error_that_names_it(admin, tmp_path):
    names = ["PORTCULLIS_ADMIN_URL", "PORTCULLIS_TOKEN", "PORTCULLIS_TOKEN_FILE", "PORTCULLIS_CA_FILE"]
    runs = [(name, ["portcullis", "types"]) for name in names]
    runs += [("PORTCULLIS_ADMIN_DATABASE", ["portcullis-admin", "token", "list"]),
             ("PORTCULLIS_LOCATION", ["portcullis-gateway", "status"])]
    for name, line in runs:
        run = result(binary(line[0]), *line[1:], env=environment(admin.url, **{name: ""}))
        assert run.returncode == 1 and f"the variable {name} is empty" in run.stderr, (name, run)


def test_a_prune_that_deletes_much_wants_the_number(admin, tmp_path):
    whole = (FIXTURES / "cloud.yaml").read_text()
    count = sum(
        len(json.loads(admin.portcullis(*words, "-o", "json"))) for words in (
            ["locations"], ["pools"], ["servers"], ["types"], ["services"]))
    slips = ["{}", "types: []", "locations: {}", "services: {}", whole[:whole.index("services:")],
             "types:\nlocations:\nservices:\n"]
    for slip in slips:
        before = admin.curl("/v1/services")[2]
        path = FIXTURES / ".slip.yaml" if "types/" in slip else tmp_path / "slip.yaml"
        path.write_text(slip)
        try:
            errors = admin.portcullis("apply", "-f", path, "--prune", status=1)
            assert "--yes-delete" in errors and re.search(r"would delete \d+ things", errors), errors
            assert admin.portcullis("apply", "-f", path, "--prune", "--yes-delete", "1", status=1) == errors
            admin.portcullis("apply", "-f", path, "--prune", "--dry-run", status=2)
        finally:
            path.unlink()
        assert admin.curl("/v1/services")[2] == before
    assert admin.portcullis("apply", "-f", FIXTURES / "cloud.yaml", "--prune") == "no changes\n"
    wrong = admin.command("apply", "-f", "-", "--yes-delete", "5", input="{}")
    assert wrong.returncode == 64 and "--yes-delete needs --prune" in wrong.stderr
    report = admin.portcullis("apply", "-f", "-", "--prune", "--yes-delete", count, text="{}")
    assert report.startswith(f"registry: {count} removed\n")


def test_deceptive_characters_are_escaped_wherever_they_are_printed(admin):
    admin.curl("/v1/locations/tcn", "-X", "PUT", "-H", "Content-Type: application/json", "-d",
               json.dumps({"description": DECEPTIVE.replace("\x1b", "").replace("\n", "")}))
    shown = [admin.portcullis("locations"), admin.portcullis("locations", "-o", "json"), admin.portcullis("events"),
             admin.portcullis("events", "-o", "json"),
             admin.portcullis("services", "show", "x\u202ey.1", status=1), admin.portcullis("export", DECEPTIVE, status=1)]
    for text in shown:
        assert not re.search("[\u202e\u2028\u200b\x1b]", text), text
    assert r"to\u{202E}drawkcab" in shown[0]
    described = next(location for location in json.loads(shown[1]) if location["name"] == "tcn")
    assert described["description"].startswith("to\u202edrawkcab")


def test_a_terminal_gets_no_deceptive_characters_from_a_type_or_a_configuration(admin, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("type: odd\nconfig:\n  - sort-order: 1\n    values: {name: 'to\u202edrawkcab'}\n")
    admin.portcullis("types", "put", path)
    server = json.loads(admin.portcullis("servers", "-o", "json"))[0]["name"]
    admin.portcullis("services", "add", "odd", server)
    for words in (["types", "show", "odd"], ["config", "show", "odd.1"]):
        terminal = Terminal(admin.url, *words)
        assert terminal.wait() == 0, terminal.shown
        assert b"drawkcab" in terminal.shown and "\u202e".encode() not in terminal.shown, terminal.shown


def test_user_and_password_of_an_address_are_not_repeated(tmp_path):
    run = result(binary("portcullis"), "types", "--admin-url", "http://ops:hunter2@127.0.0.1:1")
    assert run.returncode == 1 and "hunter2" not in run.stderr and "http://***@127.0.0.1:1" in run.stderr
    config = tmp_path / "gateway.yaml"
    config.write_text("admin-url: http://ops:hunter2@127.0.0.1:1\nlocation: tcn\n")
    run = result(binary("portcullis-gateway"), "sync", "--plan", "--config", config)
    assert run.returncode == 1 and "hunter2" not in run.stderr and f"{config}:1:12: " in run.stderr, run


@contextlib.contextmanager
def silent_server(reset):
    """Takes a connection and a request, and answers nothing: until the client gives up, or it resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(1 << 16)
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        connection.close()
                    else:
                        held.append(connection)
        held = []
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("reset", [False, True])
def test_a_change_without_an_answer_may_have_been_made(reset):
    lines = [(["services", "remove", "pgw.1"], True), (["services", "remove", "pgw.1", "--dry-run"], False), (["types"], False)]
    with silent_server(reset) as url:
        for line, may_be_made in lines:
            run = result(binary("portcullis"), *line, "--timeout", "1", env=environment(url))
            assert run.returncode == 1
            assert ("may have been made" in run.stderr and "portcullis events" in run.stderr) == may_be_made, run.stderr
            assert not re.search(r"errno|descriptor|HTTPClientError|NIO", run.stderr), run.stderr


def test_following_events_goes_on_over_a_restart_and_a_restore(admin, tmp_path):
    # At the same address after each restart
    admin.port = re.search(r":(\d+)$", admin.url)[1]
    backup = tmp_path / "backup.sqlite"
    notes = tmp_path / "notes"

    def seen():
        return [json.loads(line)["name"] for line in follow.text.splitlines()]

    def restart(restore=None):
        told = notes.read_text().count("waiting for it")
        admin.stop()
        eventually(lambda: notes.read_text().count("waiting for it") > told, what="a note that ADMIN is away")
        if restore:
            for path in tmp_path.glob("registry.sqlite*"):
                path.unlink()
            restore.rename(tmp_path / "registry.sqlite")
        admin.start()

    with open(notes, "wb") as errors, Process(
            binary("portcullis"), "events", "--follow", "--limit", "1", "-o", "json", env=environment(admin.url),
            stderr=errors) as follow:
        eventually(lambda: len(seen()) == 1, what="the first event")
        with sqlite3.connect(admin.database) as database, sqlite3.connect(backup) as copy:
            database.backup(copy)
        admin.portcullis("services", "maint", "pgw.1")
        admin.portcullis("services", "maint", "pgw.2")
        eventually(lambda: seen()[1:] == ["pgw.1", "pgw.2"], what="two events")
        restart()
        admin.portcullis("services", "ready", "pgw.1")
        eventually(lambda: seen()[1:] == ["pgw.1", "pgw.2", "pgw.1"], what="an event after the restart")
        restart(backup)
        # As many events as were lost and more, before anybody asks: their numbers are those of the lost ones.
        for name in ("pgw.3", "tg.1", "tg.2", "tg.3"):
            admin.portcullis("services", "maint", name)
        eventually(lambda: seen()[4:] == ["pgw.3", "tg.1", "tg.2", "tg.3"], what="the events after the restore")
    told = notes.read_text()
    assert "ADMIN answers again" in told and "the registry is another than before" in told, told


def test_texts_are_kept_byte_by_byte(admin, tmp_path):
    path = tmp_path / "mdb.yaml"
    crlf = "type: mdb\r\n# e\u0301\r\nconfig:\r\n  - sort-order: 1\r\n    values: {name: a}\r\n".encode()
    path.write_bytes(crlf)
    admin.portcullis("types", "put", path)
    assert admin.command("types", "show", "mdb", text=False).stdout == crlf
    path.write_bytes(crlf.replace("e\u0301".encode(), "\u00e9".encode()))
    assert admin.portcullis("types", "put", path).startswith("registry: 1 changed\n")
    difference = admin.portcullis("types", "diff", "mdb", status=2).splitlines()
    assert difference[2:] == ["@@ -1,5 +1,5 @@", " type: mdb\\r", "-# e\u0301\\r", "+# \u00e9\\r", " config:\\r",
                              "   - sort-order: 1\\r", "     values: {name: a}\\r"]

    path.write_text("type: mdb\nconfig: [{sort-order: 1, values: {p: !secret pin}}]\n")
    for value, kept in ((b"abc\r\n", "abc"), (b"e\xcc\x81\n", "e\u0301"), (b"\xc3\xa9", "\u00e9"), (b"a\n\n", "a\n")):
        assert admin.command("secrets", "set", "pin", input=value, text=False).returncode == 0
        if admin.token is None:
            admin.portcullis("types", "put", path)
            token = admin.add_token("mdb1", "service", "--service", "mdb.1")
            admin.token = admin.add_token("ops", "admin")
        assert admin.configuration("mdb.1", token=token)["p"] == kept
