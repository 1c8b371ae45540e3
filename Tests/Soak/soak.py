"""Random changes, crashes and foreign drift with clients at work all the time; see README.md beside this file.

usage: soak.py SECONDS [SEED]
"""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import expectation
import programs
import topology
import traffic
import witnesses

WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
DRAIN_TIME = 5
RANGE, WIDE_RANGE = "ports: 20000-29999", "ports: 20000-30999"
INSTANCES = {"pgw": ["pgw.1", "pgw.2", "pgw.3"], "tg": ["tg.1", "tg.2", "tg.3"]}
HOSTS = ["app1", "app2", "app3", "app4"]
# Datagrams that may have to be sent again: those under way to a server that others take out of IPVS.
MOST_RESENT = 0.001
TARGETS = [
    ("tcp", WWW4, 80), ("tcp", WWW6, 443), ("tcp", TG4, 20000), ("tcp", OTHER6, 29999),
    ("udp", OTHER4, 25000), ("udp", TG6, 20000),
]


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
            connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
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
    text = (programs.REPOSITORY / "fixtures/types/tg.yaml").read_text()
    for old, new in [("drain: 900 ", f"drain: {DRAIN_TIME} ")] + wide * [(f"{RANGE}\n      protocols", f"{WIDE_RANGE}\n      protocols")]:
        assert text.count(old) == 1, f"fixtures/types/tg.yaml has {text.count(old)} times {old!r}"
        text = text.replace(old, new)
    return text


class Clients:
    """A loop per target; failures are kept with the moment they happened."""

    def __init__(self, client):
        self.loops = [traffic.Loop(client, [target], pause=0.05) for target in TARGETS]

    def __enter__(self):
        for loop in self.loops:
            loop.__enter__()
        return self

    def __exit__(self, *_):
        for loop in self.loops:
            loop.__exit__()

    @property
    def outcomes(self):
        return [outcome for loop in self.loops for outcome in list(loop.outcomes)]


class Stage:
    """The programs, to be killed and started again."""

    def __init__(self, network, folder):
        self.network, self.folder = network, folder
        self.admin = programs.Admin(network.gateway, folder)
        self.gateway = self.start_gateway()
        self.kills = collections.Counter()

    def start_gateway(self):
        return programs.Gateway(self.network.gateway, self.folder, {
            "interval": 1, "wait": 5, "audit-interval": 2, "drain-time": DRAIN_TIME,
            # Whatever the changes withdraw, they mean it.
            "guard.servers-floor": 100, "guard.services-floor": 1000})

    def check_alive(self):
        for program in (self.admin, self.gateway):
            status = program.process.poll()
            assert status is None, f"{program.log.name}: ended by itself, status {status}\n{program.text[-3000:]}"

    def kill_admin(self, pause):
        self.admin.kill()
        time.sleep(pause)
        self.admin = programs.Admin(self.network.gateway, self.folder)
        self.kills["ADMIN"] += 1

    def kill_gateway(self, pause):
        self.gateway.kill()
        time.sleep(pause)
        self.gateway = self.start_gateway()
        self.kills["gateway"] += 1

    @property
    def status(self):
        return self.gateway.status

    def close(self):
        for program in (self.gateway, self.admin):
            if program.process.poll() is None:
                program.kill()


def drift(namespace, chance):
    """Something of ours changed by somebody else, and of theirs, none of which stands in a client's way."""
    found = witnesses.ipvs(namespace)
    what = chance.choice(["weight", "server", "element", "service", "chain", "foreign"])
    if what == "weight":
        services = [name for name, servers in found.items() if sum(weight > 0 for weight in servers.values()) > 1]
        if services:
            name = chance.choice(services)
            server = chance.choice([server for server, weight in found[name].items() if weight > 0])
            namespace.run("ipvsadm", "-e", *option(name), "-r", server, "-m", "-w", chance.randint(1, 9), check=False)
    elif what == "server":
        name = chance.choice([name for name, servers in found.items() if servers])
        host = "[fd00:1::99]" if "IPv6" in name or "[" in name else "10.1.0.99"
        namespace.run("ipvsadm", "-a", *option(name), "-r", f"{host}:{chance.choice([0, 8080])}", "-m", "-w", 0, check=False)
    elif what == "element":
        namespace.run("nft", "add", "element", "inet", "portcullis", "ports4",
                      f"{{ {WWW4} . tcp . {chance.randint(40000, 49999)} }}", check=False)
    elif what == "service":
        namespace.run("ipvsadm", "-A", "-f", chance.randint(1000, 2000), "-s", "wlc", check=False)
    elif what == "chain":
        namespace.run("nft", "add", "chain", "inet", "portcullis", "stray", check=False)
    else:
        namespace.run("nft", "add", "table", "ip", f"others{chance.randint(0, 9)}", check=False)
    return what


def option(name):
    """The words by which ipvsadm knows a service of `witnesses.ipvs`."""
    kind, identity, *family = name.split()
    return {"TCP": ["-t", identity], "UDP": ["-u", identity]}.get(kind, ["-f", identity] + (["-6"] if family else []))


def destroy(namespace):
    """Everything of ours taken away at once."""
    namespace.run("nft", "flush", "ruleset")
    namespace.run("ipvsadm", "-C")


def check_agreement(stage, registry, when, others=None):
    """Waits until the kernel is what the export says, by ipvsadm, nft and Python's csv. `others`: what is not ours there."""
    seen = {}

    def agrees():
        try:
            services, admitted = expectation.kernel(registry.request("GET", "/v1/locations/tcn/services.csv")[1])
            seen["ipvs"] = (witnesses.ipvs(stage.network.gateway), {**services, **(others or {})})
            seen["nft"] = (table_elements(stage.network.gateway), covered(admitted))
        except (OSError, http.client.HTTPException, RuntimeError) as failure:
            # ADMIN on its way up, our table not there again
            seen["failure"] = failure
            return False
        return all(found == wanted for found, wanted in (seen["ipvs"], seen["nft"]))

    start = time.monotonic()
    try:
        programs.eventually(agrees, timeout=180)
    except AssertionError:
        raise AssertionError(f"{when}: kernel and export differ: {seen}\nstatus: {json.dumps(stage.status)}") from None
    services, servers = len(seen["ipvs"][1]), sum(map(len, seen["ipvs"][1].values()))
    print(f"soak: {when} the kernel is what the export says after {time.monotonic() - start:.1f} s: "
          f"{services} virtual services, {servers} real servers", flush=True)


def covered(admitted):
    """Port by port, as ranges may stand in the kernel in pieces: {(address, protocol): merged ranges}."""
    found = collections.defaultdict(list)
    for address, protocol, ports in admitted:
        first, _, last = ports.partition("-")
        found[address, protocol].append((int(first), int(last or first)))
    return {key: merge(ranges) for key, ranges in found.items()}


def merge(ranges):
    merged = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def table_elements(namespace):
    """What `nft -j` says is admitted, in the form of `covered`."""
    admitted = set()
    for name, found in witnesses.table(namespace).get("set", {}).items():
        if name.rstrip("46") not in ("ports", "ranges"):
            continue
        for element in found.get("elem", []):
            address, protocol, ports = element["concat"]
            if isinstance(ports, dict):
                ports = "-".join(map(str, ports["range"]))
            admitted.add((address, protocol, str(ports)))
    return covered(admitted)


def check_memory(samples):
    """Flat: over the time in which it was not killed, what is usual in the last third is no more than in the first."""
    assert len(samples) >= 9, f"too few looks at the daemon's memory: {len(samples)}"
    third = len(samples) // 3
    first, last = statistics.median(samples[:third]), statistics.median(samples[-third:])
    print(f"soak: the daemon's memory in MiB: {samples[0] / 1024:.1f} at first, {samples[-1] / 1024:.1f} at the end, at most "
          f"{max(samples) / 1024:.1f}; median of the first third {first / 1024:.1f}, of the last {last / 1024:.1f}", flush=True)
    assert last <= first * 1.1 + 1024, f"the daemon's memory grows (KiB): {samples}"


def check_requests(outcomes, resent, start):
    """No request has failed: of each target, one instance was ready all the time."""
    failures = [outcome for outcome in outcomes if outcome.error]
    durations = [outcome.ended - outcome.began for outcome in outcomes]
    slow = sum(duration > 1 for duration in durations)
    per_target = collections.Counter(outcome.target for outcome in outcomes)
    print(f"soak: {len(outcomes)} requests, {len(failures)} failed, {slow} took longer than 1 s, the slowest "
          f"{max(durations):.1f} s; of a target at least {min(per_target.values())}", flush=True)
    moments = [outcome for outcome in outcomes if outcome.error or outcome.ended - outcome.began > 1]
    for outcome in sorted(moments, key=lambda outcome: outcome.began)[:40]:
        clock = time.strftime("%H:%M:%S", time.gmtime(time.time() - time.monotonic() + outcome.began))
        print(f"  {clock}, after {outcome.began - start:.2f} s: {outcome.target} took {outcome.ended - outcome.began:.2f} s "
              f"{outcome.error or ''}", flush=True)
    assert set(per_target) == set(TARGETS) and not failures, f"{len(failures)} requests failed"
    # A server of UDP alone has a moment to answer what it was about to.
    datagrams = sum(count for (protocol, *_), count in per_target.items() if protocol == "udp")
    print(f"soak: {resent} of {datagrams} datagrams were sent twice", flush=True)
    assert resent <= datagrams * MOST_RESENT, f"{resent} of {datagrams} datagrams were lost"


def main(seconds, seed):
    print(f"soak: {seconds} s, seed {seed}", flush=True)
    assert topology.have_ipvs(), "this kernel has no IPVS: start with Tests/Soak/run"
    with contextlib.ExitStack() as stack:
        network = topology.Topology()
        stack.callback(network.close)
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak.")))
        servers = subprocess.Popen(
            [sys.executable, programs.REPOSITORY / "Tests/EndToEnd/servers.py"], stdout=subprocess.PIPE, text=True)
        stack.callback(servers.wait)
        stack.callback(servers.kill)
        assert servers.stdout.readline() == "ready\n"
        stage = Stage(network, folder)
        stack.callback(keep, folder)
        stack.callback(stage.close)
        soak(stage, seconds, random.Random(seed))


def keep(folder):
    """The logs, for `lab run --results`."""
    if results := os.environ.get("LAB_RESULTS"):
        for log in folder.glob("*.log"):
            shutil.copy(log, results)


def soak(stage, seconds, chance):
    gateway = stage.network.gateway
    registry = Registry(gateway)
    operator = programs.Operator(gateway, stage.folder)
    programs.eventually(lambda: gateway.run("curl", "-sf", f"{programs.ADMIN_URL}/readyz", check=False), what="ADMIN")
    operator.apply()
    registry.request("PUT", "/v1/types/tg", type_tg(wide=False), "application/yaml")
    programs.eventually(lambda: stage.status.get("state") == "synchronized", 60, "the first export")
    # Somebody else's, next to ours all the time
    gateway.run("ipvsadm", "-A", "-t", "10.1.0.2:99", "-s", "rr")
    gateway.run("nft", "add", "table", "ip", "others")
    others = {"TCP 10.1.0.2:99": {}}
    check_agreement(stage, registry, "at first", others)

    memory, drifts, events = [], collections.Counter(), []
    mutator = Mutator(registry, random.Random(chance.random()))
    client = traffic.Client(stage.network.client, timeout=30, patience=2)
    with Clients(client) as clients:
        mutator.start()
        start = time.monotonic()
        try:
            # On a slow machine longer, until there is enough to judge the memory by.
            while (elapsed := time.monotonic() - start) < seconds or len(memory) < 9:
                time.sleep(2)
                # Killed in the first half; in the second its memory is watched.
                if elapsed < seconds / 2 and chance.random() < 0.12:
                    stage.kill_gateway(chance.uniform(0, 2))
                    events.append(f"{elapsed:.0f} s daemon killed")
                if chance.random() < 0.08:
                    stage.kill_admin(chance.uniform(0, 3))
                    events.append(f"{elapsed:.0f} s ADMIN killed")
                if chance.random() < 0.4:
                    drifts[what := drift(gateway, chance)] += 1
                    events.append(f"{elapsed:.0f} s {what}")
                stage.check_alive()
                if elapsed > seconds / 2 + 10:
                    memory.append(stage.gateway.memory())
                if mutator.error:
                    raise mutator.error
        finally:
            mutator.end.set()
            mutator.join()
        changed_for = time.monotonic() - start
        time.sleep(1)
    outcomes = clients.outcomes

    print(f"soak: {registry.changes} changes in {changed_for:.0f} s, {mutator.unanswered} requests to ADMIN unanswered; "
          f"kills {dict(stage.kills)}; drifts {dict(drifts)}", flush=True)
    print("soak: ADMIN's answers", {f"{method} {status}": count for (method, status), count in sorted(registry.answers.items())})
    for name in INSTANCES:
        assert mutator.ready & set(INSTANCES[name]), mutator.ready
    problems = []
    checks = [
        lambda: check_requests(outcomes, client.resent, start),
        lambda: check_memory(memory),
        lambda: check_agreement(stage, registry, "at the end", others),
        lambda: check_others(gateway),
        lambda: (destroy(gateway), check_agreement(stage, registry, "destroyed,")),
        lambda: check_end(stage),
    ]
    for check in checks:
        try:
            check()
        except (AssertionError, RuntimeError) as failure:
            problems.append(str(failure))
    if problems:
        print("soak: what was done:", ", ".join(events), flush=True)
        print(stage.gateway.text[-3000:], flush=True)
        sys.exit("soak: FAILED\n" + "\n".join(problems))
    print("soak: passed", flush=True)


def check_others(gateway):
    tables = gateway.run("nft", "list", "tables").splitlines()
    assert "table ip others" in tables, f"somebody else's table is gone: {tables}"


def check_end(stage):
    stage.check_alive()
    status = stage.gateway.stop()
    assert status == 0, f"the daemon ended with status {status}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
