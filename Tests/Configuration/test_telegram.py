"""Notices by Telegram: a real ADMIN, and a Bot API that is slow, broken, patient, or picky."""

import contextlib
import html
import http.server
import json
import random
import re
import socketserver
import sqlite3
import threading
import time

import pytest

from admin import Admin
from portcullis_testing.processes import result
from portcullis_testing.waiting import eventually

TOKEN = "123456:ABC-secret_token"
CHAT = -1001234567890


class BotServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Takes messages for one chat. `script` has what it does with the next requests; afterwards it takes them all."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), BotAnswer)
        self.lock, self.released = threading.Lock(), threading.Event()
        self.script, self.calls, self.sent, self.next = [], [], {}, 100
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A client that is gone is no news."""

    def texts(self):
        """The messages of the chat as people see them, in their order."""
        with self.lock:
            return list(self.sent.values())

    def numbers(self):
        """The numbers of the single notices in the chat, in the order of their first arrival."""
        found = (re.search(r"portcullis notices show (\d+)$", text) for text in self.texts())
        return list(dict.fromkeys(int(match[1]) for match in found if match))

    def check_pace(self):
        with self.lock:
            times = [moment for moment, _, _ in self.calls]
        for earlier, later in zip(times, times[1:]):
            assert later - earlier > 0.9, "more than one a second"
        for first, nineteenth in zip(times, times[18:]):
            assert nineteenth - first > 59, "more than 18 a minute"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.shutdown()
        self.server_close()


class BotAnswer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        method = self.path.removeprefix(f"/bot{TOKEN}/")
        with server.lock:
            server.calls.append((time.monotonic(), method, body))
            action = server.script.pop(0) if server.script else "take"
        assert body["chat_id"] == CHAT and len(body["text"].encode("utf-16-le")) <= 2 * 4096
        if action == "hang":
            server.released.wait(60)
            self.close_connection = True
        elif action == "entities":
            self.fail(400, "Bad Request: can't parse entities: unsupported start tag" if "parse_mode" in body else "plain")
        elif action == "gone":
            with server.lock:
                server.sent.pop(body.get("message_id"), None)
            self.fail(400, "Bad Request: message to edit not found")
        elif isinstance(action, tuple):
            self.fail(429, "Too Many Requests", {"retry_after": action[1]})
        elif isinstance(action, int):
            self.fail(action, "no")
        else:
            self.take(method, body, breaks_off=action == "break")

    def take(self, method, body, breaks_off):
        server = self.server
        text = body["text"]
        if body.get("parse_mode") == "HTML":
            text = html.unescape(re.sub(r"</?(b|code)>", "", text))
        with server.lock:
            if method == "editMessageText":
                number = body["message_id"]
                if number not in server.sent:
                    return self.fail(400, "Bad Request: message to edit not found")
                if server.sent[number] == text:
                    return self.fail(400, "Bad Request: message is not modified: specified new message content")
            else:
                assert method == "sendMessage" and body["message_thread_id"] == 7, method
                server.next += 1
                number = server.next
            server.sent[number] = text
        if breaks_off:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":")
            self.close_connection = True
            return None
        return self.answer(200, {"ok": True, "result": {"message_id": number}})

    def fail(self, status, description, parameters=None):
        self.answer(status, {"ok": False, "error_code": status, "description": description,
                             **({"parameters": parameters} if parameters else {})})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Chat:
    """ADMIN with one chat of Telegram."""

    def __init__(self, folder, bot):
        self.folder, self.bot = folder, bot
        (folder / "token").write_text(TOKEN + "\n")
        (folder / "admin.yaml").write_text(
            "notices:\n"
            f"  - telegram: {{token-file: '{folder / 'token'}', chat: {CHAT}, thread: 7, api-url: '{bot.url}/'}}\n")
        self.admin = Admin(folder, "--config", folder / "admin.yaml", "--log-level", "trace")

    def test(self):
        """Puts a notice into the outbox; returns its number, or None."""
        done = result("curl", "-sSf", "-m", "10", "-X", "POST", "-H", "Content-Type: application/json", "-d", "{}",
                      self.admin.url + "/v1/notices")
        return None if done.returncode else json.loads(done.stdout)[0]["number"]

    def states(self):
        notices = json.loads(self.admin.portcullis("notices", "-o", "json"))
        return {one["number"]: one["deliveries"][0]["state"] for one in notices}

    def write(self, rows):
        """Puts notices into the outbox of an ADMIN that does not run: (severity, name, title, text)."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        with contextlib.closing(sqlite3.connect(next(self.folder.glob("**/*.sqlite")))) as database, database:
            database.executemany(
                "INSERT INTO notice (generation, time, severity, subject, name, title, text, resolved)"
                " VALUES (1, ?, ?, 'service', ?, ?, ?, 0)", [(moment, *row) for row in rows])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.admin.kill()


@pytest.fixture
def bot():
    with BotServer() as bot:
        yield bot


def test_each_notice_arrives_in_order_whatever_the_bot_server_does(tmp_path, bot):
    with Chat(tmp_path, bot) as chat:
        bot.script[:] = [("later", 3), "entities", "take", 502, "break", "take", 401]
        numbers = [chat.test() for _ in range(4)]
        eventually(lambda: bot.numbers() == numbers, what="the notices", timeout=60)
        eventually(lambda: set(chat.states().values()) == {"delivered"}, what="the outcomes")
        times = [moment for moment, _, _ in bot.calls]
        assert times[1] - times[0] >= 3, "its patience is kept"
        assert "parse_mode" not in bot.calls[2][2] and "parse_mode" in bot.calls[3][2]
        assert bot.calls[1][2]["text"].startswith("<b>info: a test of the channel telegram</b>\n")
        # What it took before it broke off is there twice.
        assert len(bot.texts()) == 5
        bot.check_pace()
        assert "secret_token" not in chat.admin.text


def test_a_hanging_server_is_given_up_and_a_long_patience_outlives_admin(tmp_path, bot):
    with Chat(tmp_path, bot) as chat:
        bot.script[:] = ["hang", ("later", 9)]
        number = chat.test()
        eventually(lambda: len(bot.calls) == 2, what="the second attempt", timeout=40)
        told = time.monotonic()
        chat.admin.wait_for("asks for 9 s")
        eventually(lambda: "9 s" in chat.admin.portcullis("notices", "show", str(number)), what="the reason")
        chat.admin.stop()
        chat.admin.start()
        eventually(lambda: bot.numbers() == [number], what="the notice", timeout=40)
        assert bot.calls[2][0] - told >= 8.9
        assert "secret_token" not in chat.admin.text


def test_ten_thousand_notices_become_a_handful_of_messages_that_name_the_worst_first(tmp_path, bot):
    with Chat(tmp_path, bot) as chat:
        chat.test()
        eventually(lambda: bot.numbers() == [1], what="the channel")
        chat.admin.stop()
        kinds = ["info", "warning"]
        chat.write([("critical" if n == 9000 else kinds[n % 2], f"pgw.{n}", f"pgw.{n} <fails> & again", "x" * 900)
                    for n in range(10_000)])
        chat.admin.start()
        eventually(lambda: "Notices 2 to 10001: 1 critical, 5000 warning, 4999 info" in bot.texts()[-1],
                   what="the digest", timeout=90)
        assert len(bot.texts()) <= 3
        head, first = bot.texts()[-1].splitlines()[:2]
        assert head == "critical: 10000 notices; the worst: pgw.9000 <fails> & again"
        assert first.endswith(" critical: pgw.9000 <fails> & again")
        # What comes now is added in place, as long as much has come a short time ago.
        count = len(bot.texts())
        more = chat.test()
        eventually(lambda: f"Notices 2 to {more}" in bot.texts()[-1], what="the edit", timeout=30)
        assert len(bot.texts()) == count and bot.calls[-1][1] == "editMessageText"
        # Somebody has deleted the digest: there is a new one for what comes now.
        bot.script[:] = ["gone"]
        last = chat.test()
        eventually(lambda: f"Notices {last} to {last}:" in bot.texts()[-1], what="a new digest", timeout=30)
        bot.check_pace()


def test_none_is_lost_and_the_pace_is_kept_however_often_admin_is_killed(tmp_path, bot):
    chance = random.Random(11)
    with Chat(tmp_path, bot) as chat:
        written, kills = [], 0
        while kills < 8:
            if chance.random() < 0.2:
                threading.Timer(chance.random() * 0.4, chat.admin.process.kill).start()
                kills += 1
                eventually(lambda: not chat.admin.is_running, what="the kill")
                chat.admin.wait()
                chat.admin.start()
            number = chat.test()
            if number is not None:
                written.append(number)
        eventually(lambda: set(chat.states().values()) == {"delivered"}, what="the outcomes", timeout=120)
        told = set(bot.numbers())
        for text in bot.texts():
            span = re.search(r"Notices (\d+) to (\d+):", text)
            told |= set(range(int(span[1]), int(span[2]) + 1)) if span else set()
        assert set(written) <= told
        assert bot.numbers() == sorted(bot.numbers())
        bot.check_pace()


def test_settings_that_are_wrong_are_refused_by_their_place(tmp_path, bot):
    with Chat(tmp_path, bot) as chat:
        (tmp_path / "token").write_text("not a token\n")
        chat.admin.process.send_signal(1)
        chat.admin.wait_for("this is no token of a bot")
        assert "not a token" not in chat.admin.text
        assert chat.test() == 1
        eventually(lambda: bot.numbers() == [1], what="the former token's work")
