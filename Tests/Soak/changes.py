"""Changes of the registry, one after another: what they are is chance's."""

import collections
import http.client
import json
import threading
import time

from checks import CHECK_HTTP, CHECK_TCP, DATAGRAMS
from portcullis_testing.admin import PORT, replaced
from portcullis_testing.repository import FIXTURES

DRAIN_TIME = 5
RANGE, WIDE_RANGE = "ports: 20000-29999", "ports: 20000-30999"
INSTANCES = {"pgw": ["pgw.1", "pgw.2", "pgw.3"], "tg": ["tg.1", "tg.2", "tg.3"]}
HOSTS = ["app1", "app2", "app3", "app4"]
# Where the fixtures have the instances.
PLACES = {"pgw.1": "app1", "pgw.2": "app2", "pgw.3": "app3", "tg.1": "app2", "tg.2": "app3", "tg.3": "app4"}


class Registry:
    """Changes the registry over HTTP from inside the gateway's namespace; an ADMIN that is away is no failure."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.answers = collections.Counter()

    @property
    def changes(self):
        """How many requests to change something ADMIN has carried out."""
        return sum(count for (method, status), count in self.answers.items() if method != "GET" and status < 300)

    def request(self, method, path, body=None, kind="application/json"):
        with self.namespace.entered():
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
            connection.connect()
        try:
            connection.request(method, path, body, {"Content-Type": kind} if body else {})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        self.answers[method, answer.status] += 1
        # 409: two instances on one server, and the like. Nothing else of what is asked for here may be refused.
        assert answer.status < 300 or answer.status in (404, 409, 503), f"{method} {path} {body}: {answer.status} {text}"
        return answer.status, text


class Mutator(threading.Thread):
    """A random change each 100 ms; of each type one instance is ready at any time, and on a server that works (`spare`)."""

    def __init__(self, registry, chance):
        super().__init__(daemon=True)
        self.registry, self.chance = registry, chance
        self.end = threading.Event()
        self.error = None
        # Those that are surely ready: ADMIN has confirmed it, and nobody has asked for anything else since.
        self.ready = {name for names in INSTANCES.values() for name in names}
        # Where each instance is; None: ADMIN has not confirmed where.
        self.places = dict(PLACES)
        # No change is under way while it is held.
        self.lock = threading.Lock()
        # The server that fails, or is about to, for these types; and of each, the instance that stays as it is meanwhile.
        self.sick, self.sick_types, self.pinned = None, set(), set()
        # Requests that an ADMIN killed meanwhile did not answer, or that found none.
        self.unanswered = 0

    def run(self):
        due = time.monotonic()
        try:
            while not self.end.wait(max(0, due - time.monotonic())):
                due = max(due + 0.1, time.monotonic() - 1)
                try:
                    with self.lock:
                        self.change()
                except (OSError, http.client.HTTPException):
                    self.unanswered += 1
                    due = time.monotonic() + 0.3
        except Exception as failure:
            self.error = failure

    def change(self):
        chance = self.chance
        kind = chance.choice(list(INSTANCES))
        name = chance.choice(INSTANCES[kind])
        what = chance.random()
        if what < 0.5:
            self.set_state(kind, name, chance.choice(["ready", "ready", "drain", "maint"]))
        elif what < 0.7:
            self.patch(name, {"weight": chance.choice([None, 1, 50, 100, 200])})
        elif what < 0.82:
            self.move(kind, name, chance.choice(HOSTS))
        elif what < 0.92:
            self.come_or_go(kind, f"{kind}.9")
        else:
            self.registry.request("PUT", "/v1/types/tg", type_tg(chance.random() < 0.5), "application/yaml")

    def spare(self, types, host):
        """Marks a server as about to fail, and pins of each type an instance that is ready elsewhere. Returns these by type;
        None: a type has none, or nothing is ready on that server.
        """
        with self.lock:
            if not any(name in self.ready and self.places[name] == host for kind in types for name in INSTANCES[kind]):
                return None
            found = {kind: [name for name in INSTANCES[kind] if name in self.ready and self.places[name] not in (None, host)]
                     for kind in types}
            if not all(found.values()):
                return None
            chosen = {kind: names[0] for kind, names in found.items()}
            self.sick, self.sick_types, self.pinned = host, set(types), set(chosen.values())
            return chosen

    def ready_all(self):
        """Makes all instances ready, each on a server of its own; the further ones go."""
        for kind, names in INSTANCES.items():
            self.registry.request("DELETE", f"/v1/services/{kind}.9")
            for name in names:
                self.places[name] = json.loads(self.registry.request("GET", f"/v1/services/{name}")[1])["server"]
            for name in set(names) - self.ready:
                others = {self.places[other] for other in names if other != name}
                host = next(host for host in HOSTS if host not in others)
                for body in ({"state": "maint"}, {"server": host}, {"state": "ready"}):
                    assert self.patch(name, body) == 200, (name, body)
                self.places[name] = host
                self.ready.add(name)

    def release(self):
        with self.lock:
            self.sick, self.sick_types, self.pinned = None, set(), set()

    def set_state(self, kind, name, state):
        # An instance that enters the export on a server that fails would get connections until its first result.
        if name in self.pinned or kind in self.sick_types and self.places[name] in (None, self.sick):
            return
        if state != "ready":
            if not self.ready & set(INSTANCES[kind]) - {name}:
                return
            self.ready.discard(name)
        if self.patch(name, {"state": state}) == 200 and state == "ready":
            self.ready.add(name)

    def move(self, kind, name, host):
        if name in self.pinned or kind in self.sick_types and host == self.sick:
            return
        before, self.places[name] = self.places[name], None
        self.places[name] = host if self.patch(name, {"server": host}) == 200 else before

    def come_or_go(self, kind, name):
        """A further instance, of which nobody may expect anything."""
        host = self.chance.choice([host for host in HOSTS if kind not in self.sick_types or host != self.sick])
        if self.chance.random() < 0.5:
            self.registry.request("DELETE", f"/v1/services/{name}")
        else:
            self.registry.request("PUT", f"/v1/services/{name}", json.dumps({"server": host}))

    def patch(self, name, body):
        return self.registry.request("PATCH", f"/v1/services/{name}", json.dumps(body))[0]


def type_pgw():
    """Type pgw as the fixtures have it, with checks, and with a section of UDP alone."""
    return (FIXTURES / "types/pgw.yaml").read_text() + CHECK_HTTP + DATAGRAMS


def type_tg(wide):
    """Type tg as the fixtures have it, with checks, another range of ports if `wide`, and a drain that a test can wait for."""
    text = (FIXTURES / "types/tg.yaml").read_text()
    for old, new in [("drain: 900 ", f"drain: {DRAIN_TIME} ")] + wide * [(f"{RANGE}\n      protocols", f"{WIDE_RANGE}\n      protocols")]:
        text = replaced(text, old, new, "fixtures/types/tg.yaml")
    return text + CHECK_TCP
