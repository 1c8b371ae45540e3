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
from changes import INSTANCES, Mutator, Registry, type_pgw, type_tg
from checks import BOUND, DROP_AFTER
from drift import destroy, drift
from failures import Failures, Farm, addresses
from portcullis_testing import topology, traffic
from portcullis_testing.admin import Operator
from portcullis_testing.waiting import eventually
from stage import Stage

WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
# Seconds after which a datagram without an answer is sent again.
PATIENCE = 2
# Datagrams that may have to be sent again: those under way to a server that others take out of IPVS.
MOST_RESENT = 0.001
TARGETS = [
    ("tcp", WWW4, 80), ("tcp", WWW6, 443), ("tcp", TG4, 20000), ("tcp", OTHER6, 29999),
    ("udp", OTHER4, 25000), ("udp", TG6, 20000), ("udp", WWW4, 9000), ("udp", WWW6, 9000),
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


def check_detection(failures):
    """Each failure that lasted long enough was found in time."""
    tested, missed = failures.tested, failures.missed
    times = [failure.found - failure.complete for failure in tested if failure.found]
    print(f"soak: {len(tested)} failures lasted until they had to be found, {len(missed)} of them were not found in time; the others took "
          f"{', '.join(f'{seconds:.1f}' for seconds in times)} s of {BOUND} (more where the prober or the daemon was away)", flush=True)
    assert tested, "no failure lasted until it had to be found"
    assert not missed, f"{len(missed)} of {len(tested)} failures were not found in time: {missed}"


def check_requests(outcomes, failures, start):
    """No request has failed but those that a server which failed was still sent: of each target, one instance was ready on a server
    that worked all the time.
    """
    every = len(outcomes)
    excused = [outcome for outcome in outcomes if failures.excuse(outcome, type_of_target(outcome.target))]
    print(f"soak: {len(excused)} of {every} requests were under way or began before a failure of their type was found, "
          f"{sum(outcome.error is not None for outcome in excused)} of them failed", flush=True)
    excused = set(map(id, excused))
    outcomes = [outcome for outcome in outcomes if id(outcome) not in excused]
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
    resent = sum(int((outcome.ended - outcome.began) / PATIENCE) for outcome in outcomes if outcome.target[0] == "udp")
    datagrams = sum(count for (protocol, *_), count in per_target.items() if protocol == "udp")
    print(f"soak: {resent} of {datagrams} datagrams were sent twice", flush=True)
    assert resent <= datagrams * MOST_RESENT, f"{resent} of {datagrams} datagrams were lost"


def type_of_target(target):
    return "pgw" if target[1] in (WWW4, WWW6) else "tg"


def check_one_down(stage, registry, failures, client, others):
    """A server that is down is out, and nothing else; clients meet the others."""
    failures.mutator.ready_all()
    for kind in INSTANCES:
        host = failures.places(kind)[0]
        with failures.failed("killed", kind, host) as failure:
            assert failure, f"{kind} is ready on {host} only"
            check_agreement(stage, registry, f"with {kind} down on {host}", others, ({kind}, addresses(host)), within=BOUND + 2 * DROP_AFTER)
            with Clients(client) as clients:
                time.sleep(3)
            wrong = [outcome for outcome in clients.outcomes
                     if outcome.error or type_of_target(outcome.target) == kind and outcome.answer.server == host]
            assert not wrong, f"{kind} is down on {host}: {wrong[:5]}"


def main(seconds, seed):
    print(f"soak: {seconds} s, seed {seed}", flush=True)
    assert topology.have_ipvs(), "this kernel has no IPVS: start with Tests/Soak/run"
    with contextlib.ExitStack() as stack:
        network = topology.Topology()
        stack.callback(network.close)
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak.")))
        farm = stack.enter_context(Farm(network))
        stage = Stage(network, folder)
        stack.callback(keep, folder)
        stack.callback(stage.close)
        soak(stage, farm, seconds, random.Random(seed))


def keep(folder):
    """The logs, for `lab run --results`."""
    if results := os.environ.get("LAB_RESULTS"):
        for log in folder.glob("*.log"):
            shutil.copy(log, results)


def soak(stage, farm, seconds, chance):
    gateway = stage.network.gateway
    registry = Registry(gateway)
    operator = Operator(gateway, stage.folder)
    stage.admin.wait_until_ready()
    operator.apply()
    for name, text in (("pgw", type_pgw()), ("tg", type_tg(wide=False))):
        status, answer = registry.request("PUT", f"/v1/types/{name}", text, "application/yaml")
        assert status < 300, answer
    eventually(lambda: stage.status.get("state") == "synchronized", 60, "the first export")
    # Somebody else's, next to ours all the time
    gateway.run("ipvsadm", "-A", "-t", "10.1.0.2:99", "-s", "rr")
    gateway.run("nft", "add", "table", "ip", "others")
    others = {"TCP 10.1.0.2:99": {}}
    check_agreement(stage, registry, "at first", others)
    eventually(lambda: all_are_up(stage), 60, "all servers being up")

    memory, drifts, events = [], collections.Counter(), []
    mutator = Mutator(registry, random.Random(chance.random()))
    failures = Failures(stage, farm, mutator, random.Random(chance.random()))
    client = traffic.Client(stage.network.client, timeout=30, patience=PATIENCE)
    with Clients(client) as clients:
        mutator.start()
        failures.start()
        start = time.monotonic()
        try:
            # On a slow machine longer, until there is enough to judge the memory and the detection of failures by.
            while (elapsed := time.monotonic() - start) < seconds or len(memory) < 9 or not failures.tested:
                time.sleep(2)
                # Killed in the first half; in the second its memory is watched.
                if elapsed < seconds / 2 and chance.random() < 0.12:
                    stage.kill_gateway(chance.uniform(0, 2))
                    events.append(f"{elapsed:.0f} s daemon killed")
                if chance.random() < 0.08:
                    stage.kill_admin(chance.uniform(0, 3))
                    events.append(f"{elapsed:.0f} s ADMIN killed")
                if chance.random() < 0.08:
                    stage.kill_prober(chance.uniform(0, 3))
                    events.append(f"{elapsed:.0f} s prober killed")
                if chance.random() < 0.08:
                    stage.halt(what := chance.choice(["gateway", "prober"]), chance.uniform(0.5, 4))
                    events.append(f"{elapsed:.0f} s {what} halted")
                if chance.random() < 0.4:
                    drifts[what := drift(gateway, chance)] += 1
                    events.append(f"{elapsed:.0f} s {what}")
                stage.check_alive()
                if elapsed > seconds / 2 + 10:
                    memory.append(stage.gateway.memory())
                for thread in (mutator, failures):
                    if thread.error:
                        raise thread.error
        finally:
            failures.end.set()
            failures.join()
            mutator.end.set()
            mutator.join()
        if failures.error:
            raise failures.error
        changed_for = time.monotonic() - start
        time.sleep(1)
    outcomes = clients.outcomes

    print(f"soak: {registry.changes} changes in {changed_for:.0f} s, {mutator.unanswered} requests to ADMIN unanswered; "
          f"kills {dict(stage.kills)}; drifts {dict(drifts)}", flush=True)
    print(f"soak: {len(failures.happened)} failures of servers: {dict(failures.counts)}", flush=True)
    assert failures.happened, "no server failed"
    print("soak: ADMIN's answers", {f"{method} {status}": count for (method, status), count in sorted(registry.answers.items())})
    for name in INSTANCES:
        assert mutator.ready & set(INSTANCES[name]), mutator.ready
    problems = []
    checks = [
        lambda: check_detection(failures),
        lambda: check_requests(outcomes, failures, start),
        lambda: check_memory(memory),
        lambda: eventually(lambda: all_are_up(stage), 60, "all servers being up at the end"),
        lambda: check_agreement(stage, registry, "at the end", others),
        lambda: check_one_down(stage, registry, failures, client, others),
        lambda: check_agreement(stage, registry, "with all servers back", others),
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
        print(f"soak: failures, by a clock that was {start:.0f} at the start:", ", ".join(failures.events), flush=True)
        print(stage.gateway.text[-3000:], flush=True)
        sys.exit("soak: FAILED\n" + "\n".join(problems))
    print("soak: passed", flush=True)


def all_are_up(stage):
    found = stage.status.get("checks", {})
    return found.get("prober") == "working" and found["targets"] == found["up"] > 0


def check_others(gateway):
    tables = gateway.run("nft", "list", "tables").splitlines()
    assert "table ip others" in tables, f"somebody else's table is gone: {tables}"


def check_end(stage):
    stage.check_alive()
    status = stage.gateway.stop()
    assert status == 0, f"the daemon ended with status {status}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
