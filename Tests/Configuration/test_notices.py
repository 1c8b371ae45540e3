"""Notices: a real ADMIN, and receivers that are slow, broken, or patient. Servers that are lost: their nodes are played."""

import contextlib
import csv
import hashlib
import hmac
import http.server
import io
import json
import random
import socketserver
import threading
import time

import pytest

from admin import Admin
from portcullis_testing.processes import result, run
from portcullis_testing.repository import FIXTURES
from portcullis_testing.waiting import eventually
from test_nodes import joined, running

SECRET = b"correct horse battery staple"


class Receiver(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Takes messages. `script` has what it does with the next requests; afterwards it takes them all."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.taken, self.seen, self.script, self.released = [], [], [], threading.Event()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=hidden"

    def handle_error(self, *_):
        """A client that is gone is no news."""

    def numbers(self):
        """The numbers of the notices that were taken, in the order of their first arrival."""
        with self.lock:
            return list(dict.fromkeys(
                number for message in self.taken for entry in message["notices"] for number in entry["numbers"]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        stamp = self.headers["Portcullis-Timestamp"]
        wanted = hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        message = json.loads(body)
        with self.server.lock:
            self.server.seen.append((time.monotonic(), message["id"]))
            action = self.server.script.pop(0) if self.server.script else 204
        genuine = (hmac.compare_digest(self.headers["Portcullis-Signature"], f"sha256={wanted}")
                   and abs(time.time() - int(stamp)) < 300 and self.headers["Portcullis-Notice"] == message["id"]
                   and self.path == "/hook?key=hidden")
        if not genuine:
            action = 403
        if action == "hang":
            self.server.released.wait(60)
            self.close_connection = True
        elif action == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
        else:
            if action == 204:
                with self.server.lock:
                    self.server.taken.append(message)
            self.send_response(action)
            if action == 429:
                self.send_header("Retry-After", "2")
            if action == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass


class Outbox:
    """ADMIN with channels."""

    def __init__(self, folder, **receivers):
        self.folder = folder
        (folder / "secret").write_bytes(SECRET + b"\n")
        self.settings = folder / "admin.yaml"
        self.write(receivers)
        self.admin = Admin(folder, "--config", self.settings)

    def write(self, receivers):
        lines = [f"  - {{webhook: '{receiver.url}', name: {name}, secret-file: {self.folder / 'secret'}}}\n"
                 for name, receiver in receivers.items()]
        self.settings.write_text("notices:\n" + "".join(lines) if lines else "# none\n")

    def test(self, channel=None):
        """Puts a notice into the outbox; returns its number for each channel."""
        body = json.dumps({"channel": channel} if channel else {})
        done = result("curl", "-sSf", "-m", "10", "-X", "POST", "-H", "Content-Type: application/json", "-d", body,
                      self.admin.url + "/v1/notices")
        if done.returncode:
            return None
        return {notice["name"]: notice["number"] for notice in json.loads(done.stdout)}

    def deliveries(self, number):
        """The states at the channels."""
        notice = json.loads(self.admin.portcullis("notices", "show", str(number), "-o", "json"))
        return {one["channel"]: one["state"] for one in notice["deliveries"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.admin.kill()


@pytest.fixture
def receivers():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Receiver()) for _ in range(2)]


def test_a_message_is_tried_again_as_its_receiver_wants_with_the_same_identifier(tmp_path, receivers):
    ops, _ = receivers
    with Outbox(tmp_path, ops=ops) as outbox:
        ops.script[:] = [429, 500, "half", 204]
        assert "ops: waiting: it answers 429, and asks for 2 s" in outbox.admin.portcullis("notices", "test", status=1)
        eventually(lambda: ops.numbers() == [1], what="the message")
        times = [moment for moment, _ in ops.seen]
        assert len({message for _, message in ops.seen}) == 1 and len(times) == 4
        assert times[1] - times[0] >= 2
        assert "ops: delivered" in outbox.admin.portcullis("notices", "test", "--channel", "ops")
        assert "there is no such channel; there is ops" in outbox.admin.portcullis(
            "notices", "test", "--channel", "pager", status=1)
        eventually(lambda: outbox.deliveries(1) == {"ops": "delivered"}, what="the outcome")
        assert json.loads(outbox.admin.portcullis("notices", "list", "--subject", "server", "-o", "json")) == []
        rows = outbox.admin.portcullis("notices").splitlines()
        assert [row.split()[-1] for row in rows[1:]] == ["delivered", "delivered"]
        assert "hidden" not in outbox.admin.text


def test_what_is_refused_is_given_up_and_kept_and_the_next_is_delivered(tmp_path, receivers):
    ops, _ = receivers
    with Outbox(tmp_path, ops=ops) as outbox:
        ops.script[:] = [404, 302, 404, 404, 404]
        outbox.test()
        outbox.test()
        eventually(lambda: ops.numbers() == [2], what="the second", timeout=60)
        assert outbox.deliveries(1) == {"ops": "failed"} and outbox.deliveries(2) == {"ops": "delivered"}
        assert "a message was given up" in outbox.admin.text
        assert "it answers 404" in outbox.admin.portcullis("notices", "show", "1")


def test_a_receiver_that_hangs_holds_up_nobody_and_channels_change_while_admin_runs(tmp_path, receivers):
    ops, slow = receivers
    with Outbox(tmp_path, ops=ops, slow=slow) as outbox:
        slow.script[:] = ["hang"]
        start = time.monotonic()
        outbox.test()
        eventually(lambda: slow.seen, what="the one that hangs")
        for _ in range(24):
            outbox.test("ops")
        for _ in range(21):
            outbox.test("slow")
        eventually(lambda: len(ops.numbers()) == 25, what="the others")
        assert time.monotonic() - start < 14
        # Without the channel, what waits there is nobody's; with another receiver it begins anew.
        outbox.write({"ops": ops})
        outbox.admin.process.send_signal(1)
        outbox.admin.wait_for("a channel for notices is gone from the settings")
        assert outbox.test().keys() == {"ops"}
        outbox.write({"ops": ops, "slow": slow})
        slow.script[:] = ["hang"]
        outbox.admin.process.send_signal(1)
        eventually(lambda: outbox.test("slow"), what="the channel")
        eventually(lambda: len(slow.seen) == 2, what="the second that hangs")
        numbers = [outbox.test("slow")["slow"] for _ in range(21)]
        slow.released.set()
        eventually(lambda: set(numbers) <= set(slow.numbers()), what="the digest")
        digest = slow.taken[-1]
        assert digest["kind"] == "digest" and digest["count"] >= 21
        outbox.write({"ops": ops})
        outbox.settings.write_text(outbox.settings.read_text() + "  - {webhook: 'x'}\n")
        outbox.admin.process.send_signal(1)
        outbox.admin.wait_for("settings cannot be read again")
        assert outbox.test().keys() == {"ops", "slow"}


def test_none_is_lost_however_often_admin_is_killed(tmp_path, receivers):
    chance = random.Random(7)
    with Outbox(tmp_path, **dict(zip(("a", "b"), receivers))) as outbox:
        written = {"a": [], "b": []}
        kills = 0
        while sum(map(len, written.values())) < 200:
            if chance.random() < 0.1:
                threading.Timer(chance.random() * 0.05, outbox.admin.process.kill).start()
                kills += 1
            numbers = outbox.test()
            if numbers is None or not outbox.admin.is_running:
                outbox.admin.wait()
                outbox.admin.start()
            for channel, number in (numbers or {}).items():
                written[channel].append(number)
        time.sleep(0.1)
        if not outbox.admin.is_running:
            outbox.admin.start()
        assert kills > 3
        for channel, receiver in zip(("a", "b"), receivers):
            eventually(lambda: set(written[channel]) <= set(receiver.numbers()), what=channel)
            assert receiver.numbers() == sorted(receiver.numbers())
            by_id = {}
            for message in receiver.taken:
                # What is repeated is the same message.
                assert by_id.setdefault(message["id"], message) == message


def test_another_channel_stands_in_for_one_that_fails(tmp_path, receivers):
    ops, pager = receivers
    with Outbox(tmp_path, ops=ops, pager=pager) as outbox:
        text = outbox.settings.read_text().replace("name: ops,", "name: ops, fallback: pager, fallback-after: 5s,")
        outbox.settings.write_text(text)
        outbox.admin.process.send_signal(1)
        outbox.admin.wait_for("settings and TLS files were read again")
        ops.script[:] = [500] * 40
        start = time.monotonic()
        number = outbox.test("ops")["ops"]
        eventually(lambda: pager.numbers() == [number], what="the other channel", timeout=40)
        assert time.monotonic() - start >= 5
        assert pager.taken[0]["channel"] == "pager"
        eventually(lambda: outbox.deliveries(number) == {"ops": "delivered"}, what="the outcome")
        assert "by the channel pager: it answers 500" in outbox.admin.portcullis("notices", "show", str(number))
        outbox.settings.write_text(text.replace("fallback: pager", "fallback: nobody"))
        outbox.admin.process.send_signal(1)
        outbox.admin.wait_for("the `fallback` of the channel ops is nobody: name another channel")


class Switch(http.server.BaseHTTPRequestHandler):
    """The dead man's switch: counts pings."""

    def do_GET(self):
        self.server.pings.append(self.path)
        self.send_response(500 if len(self.server.pings) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_dead_mans_switch_is_pinged_once_all_loops_have_come_around(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Switch) as switch:
        switch.pings = []
        threading.Thread(target=switch.serve_forever, daemon=True).start()
        settings = tmp_path / "admin.yaml"
        settings.write_text(f"dead-man-url: http://127.0.0.1:{switch.server_address[1]}/ping/hidden\n")
        admin = Admin(tmp_path, "--config", settings)
        try:
            eventually(lambda: len(switch.pings) == 2, what="the second ping", timeout=40)
            assert switch.pings == ["/ping/hidden"] * 2
            admin.wait_for("the dead man's switch is pinged again")
            assert "it answers 500" in admin.text and "hidden" not in admin.text
        finally:
            admin.kill()
            switch.shutdown()


TYPE = """type: web
on-server-lost: {{after: 6s, move: true, exclusive: {exclusive}}}
gateway:
  - {{name: http, address: www-ip, ports: {{8088: 8080}}, protocol: tcp}}
"""


@contextlib.contextmanager
def beating(*nodes, obeying=True):
    """The nodes poll, and do what they are asked for unless they take their time, until the block ends."""
    ended = threading.Event()

    def beat():
        while not ended.wait(0.5):
            for node in nodes:
                node.obey() if obeying else node.assignments()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_services_of_a_lost_server_move_and_people_are_told_once(tmp_path, receivers):
    ops, _ = receivers
    with Outbox(tmp_path, ops=ops) as outbox:
        admin = outbox.admin
        admin.portcullis("apply", "-f", FIXTURES / "cloud.yaml")
        admin.token = admin.add_token("ops", "admin")
        kind = tmp_path / "web.yaml"
        kind.write_text(TYPE.format(exclusive="false"))
        admin.portcullis("types", "put", kind)
        one, two, three, four = (joined(admin, f"app{index}") for index in (1, 2, 3, 4))
        for node in (one, two, three, four):
            node.assignments()
        admin.portcullis("services", "add", "web", "app1", "--version", "sha256:" + "0a" * 32)
        tag, _ = one.assignments()
        assert "web.1" not in admin.portcullis("export", "tcn"), "nobody has said that it runs"
        one.report({"web.1": running("0a" * 32)}, applied=tag)

        def is_exported():
            return [row for row in admin.portcullis("export", "tcn").splitlines() if "web.1" in row and "10.1.0.11" in row]

        eventually(is_exported, what="web.1 in the export")

        def server():
            return json.loads(admin.curl("/v1/services/web.1")[2])["server"]

        def weight():
            """The weight of web.1 at the address of its server, by the export."""
            rows = csv.DictReader(io.StringIO(admin.portcullis("export", "tcn")))
            return {row["backend_address"]: row["weight"] for row in rows
                    if row["service"] == "web.1" and "." in row["backend_address"]}

        with beating(two, three, four, obeying=False):
            eventually(lambda: weight() == {"10.1.0.11": "0"}, what="nobody being sent to the lost server")
            assert server() == "app1"
        with beating(two, three, four):
            eventually(lambda: server() != "app1", what="the move")
            assert list(weight().values()) == ["100"] and "10.1.0.11" not in weight()
            eventually(lambda: json.loads(admin.curl("/v1/services/web.1/move")[2])["state"] == "moved", what="the move's end")
            eventually(lambda: [message["title"] for message in ops.taken] == ["server app1 is lost"], what="the notice")
            [entry] = ops.taken[0]["notices"]
            assert entry["severity"] == "critical" and entry["location"] == "tcn"
            assert f"web.1 moves to {server()}" in entry["text"]
            rows = [line.split() for line in admin.portcullis("nodes").splitlines()]
            assert [row[2] for row in rows if row[0] == "app1"][0].startswith("lost")
            assert one.assignments()[1]["services"]["web.1"] == {"desired": "absent"}
        with beating(one, two, three, four):
            eventually(lambda: ops.taken[-1]["title"] == "server app1 is back", what="the end")
            assert ops.taken[-1]["notices"][0]["resolved"] and server() != "app1"
        # All at once is another fault than that of a server.
        place = server()
        eventually(lambda: "silent at once" in ops.taken[-1]["title"], what="the crowd", timeout=90)
        assert server() == place
        assert "server-watch" in admin.portcullis("events", "--kind", "server")


def test_people_are_told_before_admins_certificate_ends_and_when_it_is_renewed(tmp_path):
    def certificate(days):
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=localhost",
            "-keyout", tmp_path / "admin.key", "-out", tmp_path / "admin.pem")

    certificate(5)
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"tls-certificate: {tmp_path}/admin.pem\ntls-key: {tmp_path}/admin.key\n")
    admin = Admin(tmp_path, "--config", settings)

    def notices():
        done = run("curl", "-sSfk", admin.url + "/v1/notices")
        return [(one["severity"], one["resolved"], one["title"]) for one in json.loads(done)]

    try:
        eventually(notices, what="the notice")
        [(severity, resolved, title)] = notices()
        assert severity == "warning" and not resolved and title.startswith("ADMIN's certificate ends on 20")
        text = json.loads(run("curl", "-sSfk", admin.url + "/v1/notices/1"))["text"]
        assert "systemctl reload portcullis-admin" in text and "admin.pem" in text
        # The same is not told again.
        admin.process.send_signal(1)
        admin.wait_for("settings and TLS files were read again")
        certificate(90)
        admin.process.send_signal(1)
        eventually(lambda: len(notices()) == 2, what="the end")
        assert notices()[1][:2] == ("warning", True) and "was renewed" in notices()[1][2]
    finally:
        admin.kill()
