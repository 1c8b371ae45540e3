"""Services move under load. Witnesses: clients through a gateway, and what the programs have written down."""

import json
import time

from gateway import Clients
from portcullis_testing.waiting import eventually


def starts(cloud, kind, server):
    return [line for line in cloud.log(kind) if line[:2] == ("start", server)]


def test_no_request_is_lost_though_everything_is_killed_at_each_stage(cloud):
    gateways = [cloud.start_gateway("gw1"), cloud.start_gateway("gw2")]
    cloud.install("web.1", "app1")
    for gateway in gateways:
        eventually(lambda: gateway.target, 20, "the gateway's export")
    with Clients(gateways[0].port) as first, Clients(gateways[1].port) as second:
        # From app1 to app2 and back, with a kill at every stage.
        for source, target in (("app1", "app2"), ("app2", "app1")):
            gateways[1].is_silent = True
            operator = cloud.start_command("services", "move", "web.1", target, "--drain-time", "2s")
            # The command has ADMIN's answer before ADMIN is killed.
            operator.wait_for(lambda: operator.text)
            assert cloud.reached("web.1", "placing", "testing", "switching")["to"] == target
            cloud.restart_admin()
            cloud.restart_node(target)
            stuck = cloud.reached("web.1", "switching")
            assert cloud.service("web.1")["server"] == target
            cloud.restart_admin()
            cloud.restart_node(source)
            eventually(lambda: "gw2" in cloud.move("web.1").get("waitsFor", ""), 30, "the silent gateway being named")
            operator.wait_for("gw2 to confirm")
            assert cloud.run_state("web.1", source) in ("running", None) and stuck["state"] == "moving"
            assert f"moving to {target}" in cloud.portcullis("services", "list")
            assert "gateways send to" in cloud.portcullis("services", "move", "web.1", "--abort", status=1)
            gateways[1].is_silent = False
            cloud.reached("web.1", "leaving", "moved")
            cloud.restart_admin()
            cloud.restart_node(source)
            cloud.restart_node(target)
            cloud.reached("web.1", "moved")
            assert operator.wait(30) == 0, operator.text
            assert f"web.1 is on {target}." in operator.text and "gw2 to confirm" in operator.text
            eventually(lambda: cloud.run_state("web.1", source) == "absent", 30, f"web.1 leaving {source}", pause=0.2)
    for clients in (first, second):
        assert clients.failures == []
        # Nobody was sent to and fro.
        assert clients.answers == [["127.0.1.1", "127.0.1.2", "127.0.1.1"]] * 3
    assert [gateway.refused for gateway in gateways] == [0, 0]
    assert len(starts(cloud, "web", "app1")) == 2 and len(starts(cloud, "web", "app2")) == 1
    kinds = [event["after"] for event in cloud.json("events", "--kind", "move")]
    assert sum(text.endswith(", moved") for text in kinds) == 2


def test_a_place_that_does_not_work_is_given_up(cloud):
    gateway = cloud.start_gateway()
    cloud.install("web.1", "app1")
    eventually(lambda: gateway.target, 20, "the gateway's export")
    with Clients(gateway.port, count=1) as clients:
        for fault, words in (("broken", "it fails on app2"), ("ill", "alive: it ended with status 1")):
            (cloud.folder / "app2" / "srv" / fault).touch()
            error = cloud.portcullis("services", "move", "web.1", "app2", status=1)
            assert "web.1 was not moved, and stays on app1" in error and words in error
            (cloud.folder / "app2" / "srv" / fault).unlink()
            eventually(lambda: cloud.run_state("web.1", "app2") == "absent", 30, "app2 giving it up", pause=0.2)
        cloud.nodes["app2"].kill()
        operator = cloud.start_command("services", "move", "web.1", "app2")
        operator.wait_for("app2 to install and start it")
        cloud.portcullis("services", "move", "web.1", "--abort")
        assert operator.wait(30) == 1 and "aborted by somebody" in operator.text
    assert clients.failures == [] and clients.answers == [["127.0.1.1"]]


def test_an_instance_that_moves_keeps_its_variant_and_the_weight_of_that(cloud):
    gateway = cloud.start_gateway()
    cloud.version("web", "debug")
    cloud.install("web.1", "app1", "1.0.0/debug")
    eventually(lambda: gateway.target, 20, "the gateway's export")
    cloud.portcullis("services", "move", "web.1", "app2", "--drain-time", "1s", "--wait")
    cloud.reached("web.1", "moved")
    moved = cloud.service("web.1")
    assert (moved["server"], moved["version"]) == ("app2", "1.0.0/debug")
    assert {row["weight"] for row in cloud.json("export", "tcn")} == {10}


def test_a_unique_service_never_runs_twice(cloud):
    cloud.install("one.1", "app1")
    (cloud.folder / "app2" / "srv" / "broken").touch()
    error = cloud.portcullis("services", "move", "one.1", "app2", status=1)
    assert "one.1 was not moved, and stays on app1" in error
    eventually(lambda: cloud.run_state("one.1", "app1") == "running", 30, "one.1 coming back", pause=0.2)
    (cloud.folder / "app2" / "srv" / "broken").unlink()
    operator = cloud.start_command("services", "move", "one.1", "app2")
    for stages in (("placing", "stopping"), ("starting", "testing")):
        cloud.reached("one.1", *stages, "moved")
        cloud.restart_admin()
        for name in cloud.nodes:
            cloud.restart_node(name)
    assert operator.wait(60) == 0, operator.text
    lines = [line[:2] for line in cloud.log("one")]
    assert ("twice", "app1") not in lines and ("twice", "app2") not in lines
    assert lines == [("start", "app1"), ("end", "app1"), ("start", "app1"), ("end", "app1"), ("start", "app2")]


def test_the_second_action_follows_the_first_and_intervals_are_kept(cloud):
    cloud.install("web.1", "app1")
    cloud.install("web.2", "app2")
    assert "there is no service" in cloud.portcullis("services", "switch", "web.1", "one.1", status=1)
    output = cloud.portcullis("services", "switch", "web.1", "web.2")
    assert output.splitlines() == ["demote by web.1", "promote by web.2"]
    assert [line for line in cloud.actions() if not line.startswith("tick")] == ["demote web.1", "promote web.2"]
    (cloud.folder / "app2" / "srv" / "demote-fails").touch()
    error = cloud.portcullis("services", "switch", "web.2", "web.1", status=1)
    assert "of web.2 has failed" in error
    jobs = [job for job in cloud.json("jobs", "list") if job.get("name") != "tick"][-2:]
    assert [(job["name"], job["state"]) for job in jobs] == [("demote", "failed"), ("promote", "failed")]
    assert jobs[1]["problem"] == "it was not begun: demote of web.2 on app2 has failed"
    assert "promote web.1" not in cloud.actions()
    # Programs get one document, whatever has become of the first.
    for status, (one, other) in {0: ("web.1", "web.2"), 1: ("web.2", "web.1")}.items():
        done = cloud.command("services", "switch", one, other, "-o", "json")
        jobs = json.loads(done.stdout)
        assert done.returncode == status, done.stderr
        assert [job["service"] for job in jobs] == [one, other]
        assert {job["state"] for job in jobs} == {"failed" if status else "succeeded"}
    restarts = json.loads(cloud.command("services", "restart", "web.1", "web.2", "-o", "json").stdout)
    assert [(job["service"], job["state"]) for job in restarts] == [("web.1", "succeeded"), ("web.2", "succeeded")]
    assert "no action" in cloud.portcullis("services", "switch", "web.2", "web.1", "--promote", "nothing", status=1)
    # Each minute once, whatever is restarted.
    begin = time.monotonic()
    while "tick web.1" not in cloud.actions() or "tick web.2" not in cloud.actions():
        assert time.monotonic() - begin < 75, cloud.actions()
        cloud.restart_admin()
        time.sleep(3)
    ticks = [job for job in cloud.json("jobs", "list") if job.get("name") == "tick"]
    assert len(ticks) <= 2 * (2 + (time.monotonic() - begin) // 60) and {job["createdBy"] for job in ticks} == {"clock"}


def test_what_was_purged_is_forgotten_and_may_come_back(cloud):
    gateway = cloud.start_gateway()
    cloud.install("web.1", "app1")
    eventually(lambda: gateway.target, 20, "the gateway's export")
    cloud.portcullis("services", "move", "web.1", "app2", "--drain-time", "1s")
    eventually(lambda: cloud.run_state("web.1", "app1") == "absent", 30, "web.1 leaving app1", pause=0.2)
    assert (cloud.folder / "app1" / "srv" / "web.1").is_dir()

    def purged(service, server):
        def is_so():
            node = cloud.json("nodes", "show", server)
            return service not in node["report"]["services"] and not node["differences"] and node["node"]["inSync"]
        text = cloud.portcullis("services", "purge", service, "--server", server)
        assert text.endswith(f"{service} is removed from {server}, with its data\n")
        assert not (cloud.folder / server / "srv" / service).exists()
        eventually(is_so, 30, f"{service} being gone from {server}", pause=0.2)
        # ADMIN has nothing more to purge.
        assert "left on server" in cloud.portcullis("services", "purge", service, "--server", server, status=1)

    purged("web.1", "app1")
    assert "as they should be" in cloud.portcullis("services", "check")
    cloud.install("one.1", "app1")
    cloud.portcullis("services", "remove", "one.1")
    eventually(lambda: cloud.run_state("one.1", "app1") == "absent", 30, "one.1 being removed", pause=0.2)
    # While the node is away, nothing of it is taken over.
    cloud.nodes["app1"].kill()
    cloud.portcullis("services", "purge", "one.1", "--server", "app1", "--no-wait")
    text = cloud.portcullis("services", "add", "one.1", "app1", "--version", "1.0.0", status=1)
    assert "the server app1 is to purge what one.1 has left there" in text
    assert (cloud.folder / "app1" / "srv" / "one.1").is_dir()
    cloud.nodes["app1"].start()
    purge = cloud.command("services", "purge", "one.1", "--server", "app1")
    assert purge.returncode == 0 or "left on server" in purge.stderr, purge.stderr
    assert not (cloud.folder / "app1" / "srv" / "one.1").exists()
    cloud.install("one.1", "app1")
