"""Changes of the registry, one after another: what they are is chance's."""

import collections
import http.client
import json
import threading
import time

from portcullis_testing.admin import PORT, replaced
from portcullis_testing.repository import FIXTURES

DRAIN_TIME = 5
RANGE, WIDE_RANGE = "ports: 20000-29999", "ports: 20000-30999"
INSTANCES = {"pgw": ["pgw.1", "pgw.2", "pgw.3"], "tg": ["tg.1", "tg.2", "tg.3"]}
HOSTS = ["app1", "app2", "app3", "app4"]


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
    """A random change each 100 ms; of each type one instance is ready at any time."""

    def __init__(self, registry, chance):
        super().__init__(daemon=True)
        self.registry, self.chance = registry, chance
        self.end = threading.Event()
        self.error = None
        # Those that are surely ready: ADMIN has confirmed it, and nobody has asked for anything else since.
        self.ready = {name for names in INSTANCES.values() for name in names}
        # Requests that an ADMIN killed meanwhile did not answer, or that found none.
        self.unanswered = 0

    def run(self):
        due = time.monotonic()
        try:
            while not self.end.wait(max(0, due - time.monotonic())):
                due = max(due + 0.1, time.monotonic() - 1)
                try:
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
            self.patch(name, {"server": chance.choice(HOSTS)})
        elif what < 0.92:
            self.come_or_go(f"{kind}.9")
        else:
            self.registry.request("PUT", "/v1/types/tg", type_tg(chance.random() < 0.5), "application/yaml")

    def set_state(self, kind, name, state):
        if state != "ready":
            if not self.ready & set(INSTANCES[kind]) - {name}:
                return
            self.ready.discard(name)
        if self.patch(name, {"state": state}) == 200 and state == "ready":
            self.ready.add(name)

    def come_or_go(self, name):
        """A further instance, of which nobody may expect anything."""
        if self.chance.random() < 0.5:
            self.registry.request("DELETE", f"/v1/services/{name}")
        else:
            self.registry.request("PUT", f"/v1/services/{name}", json.dumps({"server": self.chance.choice(HOSTS)}))

    def patch(self, name, body):
        return self.registry.request("PATCH", f"/v1/services/{name}", json.dumps(body))[0]


def type_tg(wide):
    """Type tg as the fixtures have it, with another range of ports if `wide`, and a drain that a test can wait for."""
    text = (FIXTURES / "types/tg.yaml").read_text()
    for old, new in [("drain: 900 ", f"drain: {DRAIN_TIME} ")] + wide * [(f"{RANGE}\n      protocols", f"{WIDE_RANGE}\n      protocols")]:
        text = replaced(text, old, new, "fixtures/types/tg.yaml")
    return text
