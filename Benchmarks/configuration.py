"""Measures what the combined configurations of 5,000 services of 50 types cost ADMIN, in CPU time of its process.

A block of 40 values for everybody, one of 30 for each type, logging to the instances of another type: of each configuration about
every third value is from a variable. One type's file is written again with one value changed, in turns the one whose block goes
to all 5,000 and one whose block goes to its own 100: measured is the whole request, with reading the file, merging, the checks of
the cloud, the report of every value that changes, and SQLite. A service polls with the ETag it has.
"""

import http.client
import json
import pathlib
import statistics
import sys
import tempfile

from portcullis_testing import admin
from portcullis_testing.namespaces import HERE

SERVICES, TYPES, REPEATS, POLLS = 5_000, 50, 15, 5_000
ALL = "5,000 configurations changed by one file, CPU"
SOME = "100 of 5,000 configurations changed, CPU"
POLL = "an unchanged poll of a configuration, CPU"


def block(target, order, values):
    lines = "\n".join(f"      {line}" for line in values)
    head = f"  - sort-order: {order}\n" + (f"    for: {target}\n" if target else "")
    return f"{head}    values:\n{lines}\n"


def common(level):
    """The file whose block goes to every service."""
    values = ["workers: 4", "name: ${service.name}", "listen: ${server.address}", "logging:", f"  level: {level}",
              "  remote: ${services.t00.addresses}", "  file: logs/${service.name}.log", "limits:"]
    values += [f"  limit-{number}: {number * 100}" for number in range(16)]
    values += ["paths:"] + [f"  path-{number}: /srv/${{service.name}}/{number}" for number in range(16)]
    return "type: default\nfake: true\nconfig:\n" + block("common", 0, values)


def own(number, value):
    """The file of a type, with a block for its own services."""
    values = ["index: ${app-index}", f"cache: {value}", "peers: ${services.t00.addresses}", "settings:"]
    values += [f"  setting-{n}: value {n}" if n % 3 else f"  setting-{n}: ${{location.name}}-{n}" for n in range(26)]
    return f"type: t{number:02}\nrequire-index: true\nconfig:\n" + block(None, 100, values)


def cloud():
    servers = [{"name": f"s{n}", "location": f"l{n % 2}", "kind": "app", "addresses": [f"10.0.{n // 250}.{n % 250 + 1}"]}
               for n in range(SERVICES // TYPES)]
    # A type that others ask for has few instances.
    services = [{"name": f"t{n % TYPES:02}.{n // TYPES + 1}", "server": servers[n // TYPES % len(servers)]["name"]}
                for n in range(SERVICES) if n % TYPES or n < 3 * TYPES]
    services += [{"name": f"t01.{n}", "server": "s0"} for n in range(1001, 1001 + SERVICES - len(services))]
    return {"locations": [{"name": "l0"}, {"name": "l1"}], "servers": servers, "services": services,
            "types": [{"name": "default", "source": common("info")}]
            + [{"name": f"t{n:02}", "source": own(n, 8)} for n in range(TYPES)]}


class Admin(admin.Admin):
    """ADMIN, and a connection to it that stays."""

    def __init__(self, folder):
        super().__init__(HERE, folder)

    def start(self):
        super().start()
        self.connection = http.client.HTTPConnection(self.url.removeprefix("http://"))

    def end(self):
        assert self.stop() == 0, "ADMIN did not end well"

    def ask(self, method, path, body=None, kind="application/json", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["Content-Type"] = kind
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 400, text[:2000]
        return answer, text

    def write(self, name, source, query=""):
        """CPU of writing a type, until its answer, and how many configurations it changed."""
        began = self.cpu
        _, text = self.ask("PUT", f"/v1/types/{name}{query}", source, "application/yaml")
        return self.cpu - began, sum(len(change["services"]) for change in json.loads(text)["configurations"])


def main(output):
    with tempfile.TemporaryDirectory() as folder:
        admin = Admin(folder)
        try:
            admin.ask("POST", "/v1/apply", json.dumps(cloud()))
            seconds = {name: [] for name in (ALL, SOME, POLL)}
            for turn in range(REPEATS):
                spent, changed = admin.write("default", common(f"level-{turn}"))
                assert changed == SERVICES, changed
                seconds[ALL].append(spent)
                spent, changed = admin.write("t07", own(7, turn + 100))
                assert changed == SERVICES // TYPES, changed
                seconds[SOME].append(spent)
            answer, _ = admin.ask("GET", "/v1/services/t07.1/config")
            tag = answer.headers["ETag"]
            for _ in range(5):
                began = admin.cpu
                for _ in range(POLLS // 5):
                    answer, _ = admin.ask("GET", "/v1/services/t07.1/config", If_None_Match=tag)
                    assert answer.status == 304
                seconds[POLL].append((admin.cpu - began) / (POLLS // 5))
        finally:
            admin.end()
    for name, values in seconds.items():
        print(f"  {name}: {statistics.median(values) * 1000:.3f} ms", file=sys.stderr, flush=True)
    pathlib.Path(output).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
