"""Lists that are watched: what goes over the wire when something changes, and that what is shown is what a fresh list says."""

import contextlib
import fcntl
import json
import os
import pty
import random
import re
import socket
import struct
import termios
import threading
import time

import pytest

from admin import Admin
from portcullis_testing.processes import Process, run
from portcullis_testing.repository import FIXTURES, binary
from portcullis_testing.waiting import eventually

CLEAR = "\x1b[H\x1b[2J"


class Relay:
    """Passes connections on to ADMIN, and counts the bytes of both directions."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.counts = {"up": 0, "down": 0}
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # close alone does not end an accept that waits.
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.server.accept()[0]
                admin = socket.create_connection(self.target)
                for source, target, direction in ((client, admin, "up"), (admin, client, "down")):
                    threading.Thread(target=self.copy, args=(source, target, direction), daemon=True).start()

    def copy(self, source, target, direction):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self.lock:
                    self.counts[direction] += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    @property
    def total(self):
        with self.lock:
            return self.counts["up"] + self.counts["down"]


class Screen:
    """A command at a terminal of many lines, and the screen that it has drawn last."""

    def __init__(self, url, *words):
        end, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, 300, 0, 0))
        self.words, self.text, self.end = words, "", end
        self.process = Process(binary("portcullis"), *words, environment={"PORTCULLIS_ADMIN_URL": url, "TERM": "dumb"},
                               stdin=slave, stdout=slave)
        os.close(slave)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.end, 1 << 16):
                self.text += data.decode()

    @property
    def shown(self):
        return self.text.rpartition(CLEAR)[2].replace("\r\n", "\n")

    def shows(self, text):
        # The line end after the screen is the program's own.
        with contextlib.suppress(AssertionError):
            eventually(lambda: self.shown.rstrip("\n") == text.rstrip("\n"), what="the same")
        assert self.shown.rstrip("\n") == text.rstrip("\n"), self.words

    def close(self):
        self.process.kill()
        os.close(self.end)


@pytest.fixture
def large(tmp_path):
    """ADMIN with 10,000 services."""
    run(binary("portcullis-generate"), "cloud", "--types", "200", "--instances", "50", "--servers", "200", "-o", tmp_path / "cloud")
    admin = Admin(tmp_path)
    try:
        admin.portcullis("apply", "-f", tmp_path / "cloud" / "cloud.yaml")
        yield admin
    finally:
        admin.stop()


def answers(admin, path, status):
    """How many requests for a path ADMIN has answered with a status."""
    return len(re.findall(rf"GET {re.escape(path)}(?:\?\S*)? {status}", admin.log.read_text()))


def test_of_10000_services_one_change_costs_some_hundred_bytes(large):
    names = large.portcullis("services", "-o", "name").split()
    assert len(names) == 10_000
    with Relay(large.url) as relay, Process(binary("portcullis"), "services", "--watch", "-o", "json",
                                            environment={"PORTCULLIS_ADMIN_URL": relay.url}) as watch:
        eventually(lambda: watch.text.count("\n") == 10_000, what="all services")
        whole = relay.total
        assert whole > 1_000_000
        time.sleep(2)
        costs = []
        for state, name in (("drain", names[5000]), ("maint", names[0]), ("ready", names[5000])):
            before = relay.total
            large.portcullis("services", state, name)
            eventually(lambda line=(name, state): any(
                (service["name"], service["state"]) == line for service in map(json.loads, watch.text.splitlines()[10_000:])),
                what=f"{name} {state}")
            time.sleep(1)
            costs.append(relay.total - before)
        # The answer, and the request that follows it.
        print(f"the list: {whole} bytes; a change: {costs}; ADMIN: {large.memory()} KiB")
        assert max(costs) < 1500, costs
        assert watch.text.count("\n") == 10_003
    assert answers(large, "/v1/services", 226) == 3


def change(admin, number, chance):
    """One change at random, which ADMIN may refuse."""
    service = f"{chance.choice(['pgw', 'tg', 'tgctl', 'mdb'])}.{chance.randint(1, 7)}"
    server = chance.choice(["app1", "app2", "app3", "hel-app1", "hel-app2", "db1"])
    words = chance.choice([
        ["services", chance.choice(["drain", "maint", "ready"]), service],
        ["services", "add", service, server], ["services", "remove", service], ["services", "move", service, server],
        ["services", "weight", service, chance.choice(["section", "7", "90"])],
        ["services", "drain", service, "--for", "1h"],
        ["servers", chance.choice(["drain", "maint", "ready"]), server],
        ["servers", "set", server, "--label", chance.choice(["ssd", "old"])],
        ["servers", "add", f"x{number}", "--location", "hel", "--kind", "app", "--address", f"10.9.0.{number}"],
        ["servers", "remove", f"x{chance.randint(0, number)}"],
        ["services", "scale", chance.choice(["pgw", "tg"]), str(chance.randint(3, 7)), "--yes"],
    ])
    admin.command(*words)
    if chance.random() < 0.3:
        admin.curl("/v1/locations/tcn/services.csv", "-H", f"Portcullis-Gateway: gw{chance.randint(1, 5)}",
                   "-H", f"Portcullis-Role: {chance.choice(['active', 'passive'])}")
    if chance.random() < 0.1:
        source = (FIXTURES / "types" / "tg.yaml").read_text() + f"# {number}\n"
        (admin.folder / "tg.yaml").write_text(source)
        admin.command("types", "put", admin.folder / "tg.yaml")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_shown_is_what_a_fresh_list_says_whatever_has_happened(admin, seed):
    chance = random.Random(seed)
    lists = [["services"], ["services", "--sort=-state"], ["services", "--sort", "location", "--type", "pgw"],
             ["services", "--state", "ready", "-o", "wide"], ["services", "--limit", "4", "--sort=-name"],
             ["servers", "--sort=location"], ["types", "--sort=-changedAt"]]
    with contextlib.ExitStack() as stack:
        screens = []
        for words in [*lists, ["gateways", "--sort", "name"]]:
            screens.append(Screen(admin.url, *words, "--watch"))
            stack.callback(screens[-1].close)
        for screen in screens:
            eventually(lambda screen=screen: CLEAR in screen.text, what=str(screen.words))
        for number in range(40):
            change(admin, number, chance)
            time.sleep(chance.choice([0, 0, 0.1, 0.5]))
            if number % 10 == 9:
                for screen, words in zip(screens, lists):
                    screen.shows(admin.portcullis(*words))
        # The ages are as old as the last change.
        named = [line.split()[:4] for line in admin.portcullis("gateways", "--sort", "name").splitlines()]
        eventually(lambda: [line.split()[:4] for line in screens[-1].shown.splitlines()] == named,
                   what=f"the gateways {named}")
    for path in ("/v1/services", "/v1/servers"):
        assert answers(admin, path, 226) > 0
    # A page is sent as a whole.
    assert not re.search(r"limit=4\S* 226", admin.log.read_text())


def test_a_program_gets_what_has_changed_by_curl(admin):
    _, headers, body = admin.curl("/v1/services?sort=state")
    services = json.loads(body)
    words = ("-H", f"If-None-Match: {headers['etag']}", "-H", "Prefer: wait=60", "-H", "A-IM: merge-patch")
    with Process("curl", "-sS", "-i", *[str(word) for word in words], f"{admin.url}/v1/services?sort=state") as held:
        time.sleep(1)
        admin.portcullis("services", "drain", "tg.3")
        assert held.process.wait(timeout=30) == 0
        head, body = held.text.replace("\r\n", "\n").split("\n\n", 1)
    assert head.startswith("HTTP/1.1 226 IM Used") and "application/merge-patch+json" in head
    patch = json.loads(body)
    assert list(patch) == ["tg.3"] and patch["tg.3"]["state"] == "drain"
    place = [service["name"] for service in json.loads(admin.curl("/v1/services?sort=state")[2])].index("tg.3")
    assert re.search(rf"(?mi)^portcullis-places: {place}=tg.3$", head), head
    assert len(services) > 4 and len(held.text) < 800
