"""ADMIN, nodes and the command are killed (-9) at any moment of rollouts. Each time all of it converges: every rollout ends,
nothing runs twice, nothing is started without a reason, and no client loses a request."""

import collections
import os
import random
import time

from portcullis_testing.waiting import eventually
from stage import SERVICES

KILLS = int(os.environ.get("PORTCULLIS_KILLS", 20))


def restart(stage, name):
    """Kills a part and starts it again."""
    if name == "admin":
        stage.admin.kill()
        stage.admin.start()
        stage.admin.wait_until_ready()
    else:
        stage.servers[name].restart()


def test_killed_at_random_it_converges_and_no_client_notices(stage):
    seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(1 << 32)))
    print(f"PORTCULLIS_SEED={seed}")
    chance = random.Random(seed)
    stage.push("1.6.0")
    rollouts, watch, number, is_reverted = [], None, None, False
    killed = collections.Counter()
    while sum(killed.values()) < KILLS:
        if number is None:
            there = {one["version"] for one in stage.json("services", "list")}
            version = chance.choice([version for version in ("1.5.0", "1.6.0") if there != {version}])
            number = stage.begin(version, "--batch", str(chance.choice((1, 2))), "--bake", "0s")
            rollouts.append(number)
            watch, is_reverted = stage.start("rollouts", "watch", number), False
        time.sleep(chance.random() * 1.5)
        part = chance.choice(["admin", "admin", "watch", *stage.servers])
        killed[part] += 1
        if part == "watch":
            watch.kill()
            watch = stage.start("rollouts", "watch", number)
        else:
            restart(stage, part)
        if chance.random() < 0.1:
            order = chance.choice(("abort", "revert"))
            done = stage.command("rollouts", order, number, "--no-wait")
            is_reverted = is_reverted or (order == "revert" and done.returncode == 0)
        if watch.process.poll() == 1:
            # It had begun while there was no ADMIN.
            assert "cannot be reached" in watch.text, watch.text
            watch = stage.start("rollouts", "watch", number)
        if watch.process.poll() is not None:
            assert watch.process.returncode in (0, 3, 5), watch.text
            state = stage.rollout(number)["state"]
            if state == "running" and is_reverted:
                # It was over, for the watcher too, before it was reverted.
                watch, is_reverted = stage.start("rollouts", "watch", number), False
                continue
            assert state in ("finished", "failed", "aborted", "reverted"), f"{state}\n{watch.text}"
            number = None
    if number:
        watch.kill()
        assert stage.start("rollouts", "watch", number).wait(120) in (0, 3, 5)
    print(f"{len(rollouts)} rollouts, killed: {dict(killed)}")
    assert all(rollout["state"] not in ("running", "paused") and rollout["stuck"] == 0
               for rollout in stage.json("rollouts", "list"))

    # What runs is what ADMIN has, and on the disk.
    wanted = {one["name"]: one["version"] for one in stage.json("services", "list")}
    eventually(lambda: stage.versions() == wanted, what=f"the servers having {wanted}")
    eventually(lambda: set(stage.runs().values()) == {"running"}, what="ADMIN having heard")
    stage.check()
    ends = [instance for number in rollouts for instance in stage.rollout(number)["instances"]]
    for service in SERVICES:
        started = [name for _, name, _ in stage.server(service).starts(service)]
        # Each start has brought another version, or has brought back one that had been stopped for another.
        returns = sum(one["service"] == service and one["goingBack"] for one in ends)
        assert sum(before == after for before, after in zip(started, started[1:])) <= returns, f"{service}: {started}"
        assert len(started) <= 1 + len(rollouts) + returns, f"{service}: {started}"
    # Once all is as it should be, further kills change nothing.
    witnesses = stage.witnesses()
    for name in ("admin", *stage.servers):
        restart(stage, name)
    eventually(lambda: set(stage.runs().values()) == {"running"}, what="ADMIN having heard")
    assert stage.witnesses() == witnesses
    stage.check()


def test_gateways_that_were_heard_once_are_waited_for_after_a_crash(stage):
    witnesses = stage.witnesses()
    time.sleep(2)
    for gateway in stage.gateways.values():
        gateway.is_silent = True
    restart(stage, "admin")
    text = stage.upgrade("1.6.0", "--deadline", "10s", status=4)
    assert "gw1, gw2" in text and "was not touched" in text
    assert stage.witnesses() == witnesses
    stage.check()
