"""Measures what a poll that finds nothing new costs ADMIN, in CPU time of its process: a gateway's while it knows 10 gateways, while
it knows 10,000, and after a restart with those; and a node's, who asks for the assignments of one of 10,000 servers.

The polls are of the same ten gateways each time. Rounds of the four take turns, so that a busy machine is one for all of them.
"""

import json
import pathlib
import statistics
import sys
import tempfile

from configuration import Admin

FEW, MANY, POLLS, ROUNDS = 10, 10_000, 2_000, 9
PATH = "/v1/locations/l0/services.csv"
NAMES = {
    "few": "a poll, 10 gateways being known, CPU",
    "many": "a poll, 10,000 gateways being known, CPU",
    "restarted": "a poll, 10,000 gateways being known, after a restart, CPU",
}
ASSIGNMENTS = "a poll of assignments, 10,000 servers being known, CPU"


def cloud(count):
    """A cloud that vouches for its gateways: each is a server of that kind."""
    servers = [{"name": f"gw{n}", "location": "l0", "kind": "gateway", "addresses": [f"10.0.{n // 250}.{n % 250 + 1}"]}
               for n in range(count)]
    return {"locations": [{"name": "l0"}], "servers": servers}


class Polled(Admin):
    """ADMIN that knows so many gateways."""

    def __init__(self, folder, count):
        super().__init__(folder)
        self.ask("POST", "/v1/apply", json.dumps(cloud(count)))
        for number in range(count):
            self.poll(number)
        _, gateways = self.ask("GET", "/v1/gateways")
        assert len(json.loads(gateways)) == count

    def poll(self, number, **headers):
        return self.ask("GET", PATH, Portcullis_Gateway=f"gw{number}", **headers)[0]

    def assignments(self, number, **headers):
        return self.ask("GET", f"/v1/servers/gw{number}/assignments", **headers)[0]

    def cost_of_assignments(self):
        """CPU seconds of one poll of a node, with 10 nodes in turn."""
        tags = [self.assignments(number).headers["ETag"] for number in range(FEW)]
        began = self.cpu
        for number in range(POLLS):
            assert self.assignments(number % FEW, If_None_Match=tags[number % FEW]).status == 304
        return (self.cpu - began) / POLLS

    def cost(self, tag):
        """CPU seconds of one poll."""
        began = self.cpu
        for number in range(POLLS):
            assert self.poll(number % FEW, If_None_Match=tag, Portcullis_Applied=tag).status == 304
        return (self.cpu - began) / POLLS


def main(output):
    with tempfile.TemporaryDirectory() as folder:
        folders = {name: pathlib.Path(folder) / name for name in NAMES}
        for path in folders.values():
            path.mkdir()
        admins = {name: Polled(folders[name], FEW if name == "few" else MANY) for name in NAMES}
        admins["restarted"].end()
        admins["restarted"].start()
        tags = {name: admin.poll(0).headers["ETag"] for name, admin in admins.items()}
        seconds = {name: [] for name in [*NAMES.values(), ASSIGNMENTS]}
        for _ in range(ROUNDS):
            for name, admin in admins.items():
                seconds[NAMES[name]].append(admin.cost(tags[name]))
            seconds[ASSIGNMENTS].append(admins["many"].cost_of_assignments())
        for admin in admins.values():
            admin.end()
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"  {name}: {median * 1000:.3f} ms, {1 / median:,.0f} polls in a second of one core",
              file=sys.stderr, flush=True)
    pathlib.Path(output).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
