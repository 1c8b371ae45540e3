"""Rollouts with real parts. Witnesses: what each program has written down of its starts, processes, links on disks, and a
client that asks through the public address all the time."""

import json
import time

from portcullis_testing.waiting import eventually
from stage import SERVICES


def mark(stage, version):
    versions = stage.json("versions", "list", "pgw")
    return next(one["mark"] for one in versions if one["name"] == version)


def test_an_upgrade_and_a_downgrade_change_each_instance_once_and_no_client_notices(stage):
    text = stage.upgrade("1.6.0")
    # Batch by batch: the stages of one instance do not begin before the one before it is done.
    entered = [line.split(" on ")[0] for line in text.splitlines() if " on app" in line]
    assert list(dict.fromkeys(entered)) == list(SERVICES) and entered == sorted(entered)
    assert "rollout 1 has finished: all 4 instances of pgw have 1.6.0" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.6.0")
    assert mark(stage, "1.6.0") == "good"
    eventually(lambda: {f"{service} 1.6.0" for service in SERVICES} <= stage.client.answers.keys())

    end = stage.command("upgrade", "pgw", "--to", "1.5.0", "--batch", "50%", "--bake", "0s", "-o", "json")
    assert end.returncode == 0, end.stderr
    *events, rollout = [json.loads(line) for line in end.stdout.splitlines()]
    assert (rollout["state"], rollout["done"]) == ("finished", 4)
    done = [event["service"] for event in events if event["stage"] == "done"]
    assert sorted(done[:2]) + sorted(done[2:]) == list(SERVICES)
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    for service in SERVICES:
        stage.has_started(service, "1.5.0", "1.6.0", "1.5.0")
    stage.check()
    # Nothing is left to do, and nothing is done.
    witnesses = stage.witnesses()
    assert stage.upgrade("1.5.0") == "nothing to do: all 4 instances of pgw run 1.5.0\n"
    assert stage.portcullis("upgrade", "pgw", "--to", "1.5.0", "--dry-run").startswith("nothing to do")
    answer = stage.json("upgrade", "pgw", "--to", "1.5.0")
    assert answer["upToDate"] == 4 and "rollout" not in answer and answer["report"]["changes"] == []
    assert stage.begin("1.5.0") == ""
    assert stage.witnesses() == witnesses


def test_canaries_wait_for_a_word_and_the_list_shows_what_is_held_back(stage):
    stage.push("1.6.0")
    # Nothing of this changes anything.
    text = stage.portcullis("upgrade", "pgw", "--to", "1.6.0", "--dry-run", "--service", "pgw.2", status=2)
    assert "pgw.2" in text and "pgw.3" not in text and "dry run: nothing was changed" in text
    assert stage.json("rollouts", "list") == []
    assert "no version 9.9.9" in stage.portcullis("upgrade", "pgw", "--to", "9.9.9", status=1)
    text = stage.portcullis("services", "version", "pgw.1", "pgw.2", "1.6.0", "--dry-run", status=2)
    assert "`portcullis upgrade pgw --to 1.6.0`" in text
    text = stage.portcullis("services", "version", "pgw.1", "1.6.0", "--dry-run", status=2)
    assert "`portcullis upgrade pgw --to 1.6.0 --service pgw.1`" in text

    text = stage.upgrade("1.6.0", "--canary", "1", "--promote", "manual", "--bake", "3s", status=4)
    assert "the canaries have passed" in text and "`portcullis rollouts resume 1` goes on" in text
    assert list(stage.versions().values()) == ["1.6.0", "1.5.0", "1.5.0", "1.5.0"]
    resumed = stage.start("rollouts", "resume", "1")
    eventually(lambda: stage.stages("1")["pgw.2"] == "baking", what="the second instance")
    # Repeated, the command follows what is under way.
    again = stage.start("upgrade", "pgw", "--to", "1.6.0")
    [line] = [line for line in stage.portcullis("services", "list").splitlines() if line.startswith("pgw.2 ")]
    assert "drain (rollout)" in line and line.split()[-2:] == ["1.6.0", "running"]
    assert stage.portcullis("rollouts", "pause", "1").startswith("rollout 1: pgw to 1.6.0, paused")
    assert resumed.wait() == 4 and again.wait() == 4
    assert "rollout 1 is under way already: pgw to 1.6.0" in again.text
    # What was begun is finished first.
    eventually(lambda: stage.stages("1")["pgw.2"] == "done")
    assert stage.begin("1.6.0") == "1"
    assert "Rollout 1 (pgw to 1.6.0" in stage.upgrade("1.5.0", status=1)
    time.sleep(1.5)
    assert stage.stages("1") == {"pgw.1": "done", "pgw.2": "done", "pgw.3": "waiting", "pgw.4": "waiting"}
    stage.portcullis("rollouts", "resume", "1")
    assert stage.versions() == dict.fromkeys(SERVICES, "1.6.0")
    stage.check()


def test_a_version_that_fails_its_test_goes_back_by_itself_and_is_quarantined(stage):
    text = stage.upgrade("1.7.0-test", status=3)
    assert "rollout 1 has failed" in text and "pgw.1" in text and "going back" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    stage.has_started("pgw.1", "1.5.0", "1.7.0-test", "1.5.0")
    for service in SERVICES[1:]:
        stage.has_started(service, "1.5.0")
    assert mark(stage, "1.7.0-test") == "quarantined"
    # No client has met it.
    assert not [answer for answer in stage.client.answers if "1.7.0" in answer]
    assert set(stage.gateways["gw1"].weights().values()) == {100}
    assert "quarantined" in stage.portcullis("upgrade", "pgw", "--to", "1.7.0-test", status=1)
    stage.check()


def test_a_version_that_does_not_start_or_fails_from_outside_goes_back(stage):
    assert "has failed" in stage.upgrade("1.7.0-start", "--service", "pgw.4", "--deadline", "15s", status=3)
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    stage.check()
    starts = {service: len(stage.server(service).starts(service)) for service in SERVICES}
    # All at once, so that the public address leads to no other version.
    text = stage.upgrade("1.7.0-outside", "--batch", "100%", status=3)
    assert "status 500, and 200 is expected" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    for service in SERVICES:
        last = stage.server(service).starts(service)[starts[service]:]
        assert [name for _, name, _ in last] == ["1.7.0-outside", "1.5.0"]


def test_a_node_that_is_killed_during_tests_repeats_them_once_and_the_version_is_not_blamed(stage):
    def hold(service, kills):
        """Begins a rollout whose tests do not end, and kills the node so often while they run."""
        folder = stage.server(service).root / service
        (folder / "hold").touch()
        number = stage.begin("1.8.0-hold", "--service", service)
        for _ in range(kills):
            eventually((folder / "testing").exists, what="the tests")
            (folder / "testing").unlink()
            stage.server(service).restart()
        (folder / "hold").unlink()
        return number

    text = stage.portcullis("rollouts", "watch", hold("pgw.2", 2), status=3)
    assert "nobody knows how its tests ended, also when they were begun once more" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    assert mark(stage, "1.8.0-hold") == "untested"
    text = stage.portcullis("rollouts", "watch", hold("pgw.1", 1))
    assert "has finished" in text and stage.versions()["pgw.1"] == "1.8.0-hold"
    stage.has_started("pgw.1", "1.5.0", "1.8.0-hold")
    assert mark(stage, "1.8.0-hold") == "good"
    stage.check()


def test_a_version_that_no_server_trusts_goes_back_at_once_and_is_not_blamed(stage):
    witnesses = stage.witnesses()
    start = time.monotonic()
    text = stage.upgrade("1.9.0-foreign", "--deadline", "60s", status=3)
    assert time.monotonic() - start < 30
    assert "pgw.1: its server refuses it: " in text and "is not trusted" in text and "No instance runs" in text
    assert mark(stage, "1.9.0-foreign") == "untested"
    # The old version has served all the time.
    assert stage.witnesses() == witnesses
    stage.check()


def test_what_was_given_a_version_and_does_not_run_it_is_shown_and_is_work_for_a_rollout(stage):
    version = "1.9.0-foreign"
    stage.push(version)
    witnesses = stage.witnesses()
    stage.portcullis("services", "version", *SERVICES, version)

    def rows():
        return [line for line in stage.portcullis("services", "list").splitlines() if line.startswith("pgw.")]

    eventually(lambda: all(f"1.5.0 → {version}" in line and "running: the version " in line for line in rows()),
               what="the old version in the list, with the trouble")
    assert f"runs      1.5.0 ({stage.builds.digest('1.5.0')[:12]}), running: the version" in stage.portcullis(
        "services", "show", "pgw.2")
    run = stage.json("services", "show", "pgw.2")["run"]
    assert run["state"] == "running" and run["deviation"]["version"] == stage.builds.digest("1.5.0")
    [node] = [node for node in stage.json("nodes", "list") if node["server"] == "app2"]
    assert node["deviations"]["pgw.2"] == run["deviation"] and "is not trusted" in run["deviation"]["problem"]

    text = stage.portcullis("upgrade", "pgw", "--to", version, "--dry-run", status=2)
    assert "waits for app1 to run it" in text
    text = stage.portcullis("upgrade", "pgw", "--to", version, status=3)
    assert "nothing to do" not in text and f"have {version} already, and do not run it yet" in text
    assert "it has the version already, and its server refuses it: " in text
    assert mark(stage, version) == "untested" and stage.witnesses() == witnesses

    stage.portcullis("services", "version", *SERVICES, "1.5.0")
    eventually(lambda: all("1.5.0    running" in line for line in rows()), what="everything as it was")
    assert stage.portcullis("upgrade", "pgw", "--to", "1.5.0") == "nothing to do: all 4 instances of pgw run 1.5.0\n"
    assert stage.witnesses() == witnesses
    # A server whose node is away has not said so lately: that is waited for, and no success.
    stage.server("pgw.3").node.kill()
    stage.admin.kill()
    stage.admin.start()
    text = stage.portcullis("upgrade", "pgw", "--to", "1.5.0", "--deadline", "10s", status=3)
    assert "pgw.3: it has the version already, and does not run within 10 s: its server is silent" in text
    stage.check()


def test_a_silent_gateway_pauses_it_and_nothing_is_stopped_until_somebody_says_so(stage):
    witnesses = stage.witnesses()
    stage.gateways["gw2"].is_silent = True
    text = stage.upgrade("1.6.0", "--deadline", "10s", status=4)
    assert "gw2" in text and "was not touched" in text and "--without-gateway" in text
    assert stage.witnesses() == witnesses
    eventually(lambda: set(stage.gateways["gw1"].weights().values()) == {100})
    assert stage.rollout("1")["state"] == "paused"
    stage.portcullis("rollouts", "resume", "1", "--without-gateway", "gw2")
    assert stage.versions() == dict.fromkeys(SERVICES, "1.6.0")
    stage.check()


def test_a_gateway_that_holds_the_export_back_fails_it_at_once(stage):
    witnesses = stage.witnesses()
    stage.gateways["gw2"].holds = True
    start = time.monotonic()
    text = stage.upgrade("1.6.0", "--deadline", "60s", status=3)
    assert time.monotonic() - start < 20
    assert "gw2 holds the export back" in text and "was not touched" in text
    assert stage.witnesses() == witnesses
    # It is not the version's fault.
    assert mark(stage, "1.6.0") == "untested"
    stage.check()


def test_a_gateway_that_holds_the_export_back_while_an_instance_returns_pauses_it(stage):
    number = stage.begin("1.6.0", "--bake", "3s")
    eventually(lambda: stage.stages(number)["pgw.1"] == "baking", pause=0.05)
    stage.gateways["gw2"].holds = True
    eventually(lambda: stage.rollout(number)["state"] == "paused")
    reason = stage.rollout(number)["reason"]
    assert "gw2" in reason and "holds" in reason
    for service in SERVICES[1:]:
        stage.has_started(service, "1.5.0")
    stage.gateways["gw2"].accept()
    eventually(lambda: stage.command("gateways", "--wait", "1").returncode == 0)
    stage.portcullis("rollouts", "resume", number)
    assert stage.versions() == dict.fromkeys(SERVICES, "1.6.0")
    stage.check()


def test_abort_takes_back_what_was_begun_and_revert_the_rest(stage):
    watch = stage.start("rollouts", "watch", stage.begin("1.6.0", "--bake", "60s", "--service", "pgw.1"))
    eventually(lambda: stage.stages("1")["pgw.1"] == "baking")
    stage.portcullis("rollouts", "abort", "1")
    assert watch.wait() == 5
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    stage.has_started("pgw.1", "1.5.0", "1.6.0", "1.5.0")

    stage.upgrade("1.6.0", "--batch", "2")
    text = stage.portcullis("versions", "remove", "pgw", "1.5.0", status=1)
    assert "is kept by rollout 2 (pgw to 1.6.0, finished), which may be reverted to it until" in text
    text = stage.portcullis("rollouts", "revert", "2")
    assert "rollout 2 is reverted" in text
    assert stage.versions() == dict.fromkeys(SERVICES, "1.5.0")
    for service in SERVICES[1:]:
        stage.has_started(service, "1.5.0", "1.6.0", "1.5.0")
    assert stage.portcullis("rollouts", "list", "--state", "reverted").splitlines()[1].startswith("2 ")
    # A limit leaves the newest.
    assert [one["id"] for one in stage.json("rollouts", "list", "--limit", "1")] == ["2"]
    stage.check()

    # One that was removed since is left out.
    stage.upgrade("1.6.0", "--service", "pgw.3", "--service", "pgw.4")
    stage.portcullis("services", "maint", "pgw.4", "--wait")
    stage.portcullis("services", "remove", "pgw.4")
    text = stage.portcullis("rollouts", "revert", "3")
    assert "rollout 3 is reverted: the instances have the versions that they had, but for pgw.4, which is no more" in text
    stage.has_started("pgw.3", "1.5.0", "1.6.0", "1.5.0", "1.6.0", "1.5.0")
