"""One instance runs another variant of its version, with real parts. A program answers with its version and variant, so each
answer says which one gave it."""

import json
import random
import time
import urllib.request

from portcullis_testing.waiting import eventually
from stage import SERVICES

DEBUG = {**dict.fromkeys(SERVICES, "1.5.0"), "pgw.2": "1.5.0/debug"}


def marks(stage):
    return {(one["name"], one["variant"]): one["mark"] for one in stage.json("versions", "list", "pgw")}


def weights(stage):
    """The weights of the instances at the gateways, once these agree on them."""
    eventually(lambda: stage.gateways["gw1"].weights() == stage.gateways["gw2"].weights(), what="the gateways agreeing")
    return stage.gateways["gw1"].weights()


def row(stage, service):
    [line] = [line for line in stage.portcullis("services", "list").splitlines() if line.startswith(f"{service} ")]
    return line.split()


def test_one_instance_runs_a_variant_gets_less_is_upgraded_with_it_and_goes_back(stage):
    text = stage.portcullis("services", "variant", "pgw.2", "debug", status=1)
    assert "ADMIN has no version 1.5.0/debug of the type pgw; it has 1.5.0." in text
    assert "`portcullis versions build pgw --name 1.5.0 --variant debug --push`" in text
    stage.push("1.5.0/debug")
    witnesses = stage.witnesses()
    text = stage.portcullis("services", "variant", "pgw.2", "debug", "--dry-run", status=2)
    assert "pgw to 1.5.0/debug, 1 instance" in text and "dry run: nothing was changed" in text
    assert stage.json("rollouts", "list") == [] and stage.witnesses() == witnesses

    text = stage.portcullis("services", "variant", "pgw.2", "debug")
    assert "pgw.2 on app2: baking" in text and "has finished" in text and "pgw.1" not in text
    assert stage.versions() == DEBUG and marks(stage)["1.5.0", "debug"] == "good"
    eventually(lambda: stage.client.answers["pgw.2 1.5.0/debug"] > 0, what="an answer of the variant")
    assert weights(stage) == {"pgw.1": 100, "pgw.2": 10, "pgw.3": 100, "pgw.4": 100}
    assert row(stage, "pgw.2")[-2:] == ["1.5.0/debug", "running"]
    text = stage.portcullis("services", "show", "pgw.2")
    assert "the section's debug-weight, as it runs the variant debug" in text and "1.5.0/debug" in text
    assert "1.5.0/debug" in stage.portcullis("events", "--kind", "service", "--name", "pgw.2")
    assert stage.portcullis("services", "variant", "pgw.2", "debug") == "nothing to do: pgw.2 runs the variant debug\n"
    # An operator's own weight wins.
    stage.portcullis("services", "weight", "pgw.2", "33", "--wait")
    assert weights(stage)["pgw.2"] == 33
    stage.portcullis("services", "weight", "pgw.2", "section", "--wait")
    assert weights(stage)["pgw.2"] == 10

    # The instance keeps its variant where the new version has it.
    stage.push("1.6.0/debug")
    text = stage.upgrade("1.6.0", "--dry-run", status=2)
    assert "gets 1.6.0/debug" in text
    assert "leaves its variant" not in stage.upgrade("1.6.0", "--batch", "2", "--bake", "0s")
    assert stage.versions() == {**dict.fromkeys(SERVICES, "1.6.0"), "pgw.2": "1.6.0/debug"}
    assert weights(stage)["pgw.2"] == 10
    assert stage.upgrade("1.6.0") == "nothing to do: all 4 instances of pgw run 1.6.0\n"
    # Where there is none, it goes with the others, and is named.
    text = stage.upgrade("1.8.0", "--batch", "2", "--bake", "0s")
    assert "Note: pgw.2 leaves its variant: it has 1.6.0/debug, and gets 1.8.0." in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.8.0")
    assert set(weights(stage).values()) == {100}
    stage.upgrade("1.5.0", "--batch", "2", "--bake", "0s")
    stage.portcullis("services", "variant", "pgw.2", "debug", "--bake", "0s")
    stage.portcullis("services", "variant", "pgw.2", "release", "--bake", "0s")
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    assert set(weights(stage).values()) == {100}
    stage.check()


def test_a_variant_that_fails_goes_back_by_itself_and_only_the_variant_is_quarantined(stage):
    stage.push("1.5.0/debug-test")
    text = stage.portcullis("services", "variant", "pgw.2", "debug-test", status=3)
    assert "its tests have failed" in text and "pgw.2 on app2: done, back at 1.5.0" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    stage.has_started("pgw.2", "1.5.0", "1.5.0/debug-test", "1.5.0")
    assert (marks(stage)["1.5.0", "debug-test"], marks(stage)["1.5.0", "release"]) == ("quarantined", "untested")
    assert set(weights(stage).values()) == {100}
    assert "quarantined" in stage.portcullis("services", "variant", "pgw.2", "debug-test", status=1)
    # The others go on with the version beside it.
    assert "nothing to do" in stage.upgrade("1.5.0")
    stage.check()


def test_the_version_of_a_variant_that_runs_stays_and_one_operator_at_a_time_changes_it(stage):
    stage.push("1.5.0/debug")
    stage.gateways["gw2"].is_silent = True
    first = stage.start("services", "variant", "pgw.2", "debug")
    first.wait_for("pgw.2 on app2: draining")
    second = stage.start("services", "variant", "pgw.2", "debug")
    second.wait_for("rollout 1 is under way already")
    assert "Rollout 1 (pgw to 1.5.0/debug" in stage.portcullis("services", "variant", "pgw.2", "release", status=1)
    assert "Rollout 1 (pgw to 1.5.0/debug" in stage.portcullis("services", "version", "pgw.2", "1.5.0/debug", status=1)
    stage.gateways["gw2"].is_silent = False
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert "pgw.2" in stage.portcullis("versions", "remove", "pgw", "1.5.0/debug", status=1)

    # A crash of it is found by the variant.
    server = stage.server("pgw.2")
    crash = {"id": f"{1:024x}", "service": "pgw.2", "version": stage.builds.digest("1.5.0/debug"), "worker": 1, "pid": 7,
             "at": "2026-01-31T00:00:00Z", "kind": "crashed", "signal": 6, "fingerprint": f"{1:016x}", "program": "/srv/pgw",
             "frames": [], "text": "ERROR: AddressSanitizer: heap-use-after-free\n", "dumpSize": 0}
    request = urllib.request.Request(
        f"{stage.admin.url}/v1/servers/app2/crashes", json.dumps(crash).encode(),
        {"Authorization": f"Bearer {(server.folder / 'token').read_text()}", "Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    assert "1.5.0/debug" in stage.portcullis("crashes", "list", "--in-version", "1.5.0/debug")
    assert stage.json("crashes", "list", "--in-version", "1.5.0/release") == []
    text = stage.portcullis("crashes", "show", f"{1:016x}")
    assert "1.5.0/debug" in text and "AddressSanitizer: heap-use-after-free" in text

    # Quarantined, it stays where it is, comes to no other, and its way back is open.
    stage.portcullis("versions", "mark", "pgw", "1.5.0/debug", "quarantined", "--reason", "slow")
    assert "quarantined (slow)" in stage.portcullis("services", "variant", "pgw.3", "debug", status=1)
    assert stage.versions() == DEBUG
    stage.portcullis("services", "variant", "pgw.2", "release", "--bake", "0s")
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    stage.check()


def test_admin_is_killed_in_the_middle_and_the_instance_has_its_variant_all_the_same(stage):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    stage.push("1.5.0/debug")
    for round in range(3):
        variant = ("debug", "release")[round % 2]
        watch = stage.start("services", "variant", "pgw.2", variant)
        watch.wait_for("pgw.2 on app2:")
        kills = 0
        while watch.process.poll() is None and kills < 4:
            # Any moment will do.
            time.sleep(chance.random())
            stage.admin.kill()
            stage.admin.start()
            stage.admin.wait_until_ready()
            kills += 1
        assert watch.wait(90) == 0, watch.text
        expected = DEBUG if variant == "debug" else dict.fromkeys(SERVICES, "1.5.0")
        eventually(lambda: stage.versions() == expected, what=f"the servers having {expected}")
    assert weights(stage) == {"pgw.1": 100, "pgw.2": 10, "pgw.3": 100, "pgw.4": 100}
    stage.has_started("pgw.2", "1.5.0", "1.5.0/debug", "1.5.0", "1.5.0/debug")
    for service in ("pgw.1", "pgw.3", "pgw.4"):
        stage.has_started(service, "1.5.0")
    stage.check()


def test_all_services_of_a_command_are_checked_before_the_first_job_is_made(stage):
    for words in (("restart",), ("test",), ("restart", "--workers"), ("reload",)):
        text = stage.portcullis("services", words[0], "pgw.1", "pgw.9", *words[1:], "--no-wait", status=1)
        assert "pgw.9" in text, words
    assert stage.json("jobs", "list") == []
