"""Random changes, crashes and foreign drift with clients at work all the time; see README.md beside this file.

usage: soak.py SECONDS [SEED]
"""

import collections
import contextlib
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import time

from agreement import check_agreement
from changes import INSTANCES, Mutator, Registry, type_tg
from drift import destroy, drift
from portcullis_testing import servers, topology, traffic
from portcullis_testing.admin import Operator
from portcullis_testing.waiting import eventually
from stage import Stage

WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
# Datagrams that may have to be sent again: those under way to a server that others take out of IPVS.
MOST_RESENT = 0.001
TARGETS = [
    ("tcp", WWW4, 80), ("tcp", WWW6, 443), ("tcp", TG4, 20000), ("tcp", OTHER6, 29999),
    ("udp", OTHER4, 25000), ("udp", TG6, 20000),
]


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
        stack.enter_context(servers.start())
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
    operator = Operator(gateway, stage.folder)
    stage.admin.wait_until_ready()
    operator.apply()
    registry.request("PUT", "/v1/types/tg", type_tg(wide=False), "application/yaml")
    eventually(lambda: stage.status.get("state") == "synchronized", 60, "the first export")
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
