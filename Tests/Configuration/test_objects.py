"""A cloud that is made, scaled and taken away by commands alone."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

from portcullis_testing.processes import result
from portcullis_testing.repository import FIXTURES, binary


def services(admin, kind):
    """The server of each service of a type, by name."""
    found = json.loads(admin.portcullis("services", "--type", kind, "-o", "json"))
    return {service["name"]: service["server"] for service in found}


def test_a_cloud_is_made_by_commands_and_is_the_one_that_a_file_makes(admin, tmp_path):
    cloud = admin.portcullis("get", "cloud")
    body = json.loads(admin.portcullis("get", "cloud", "-o", "json"))
    count = sum(len(body[kind]) for kind in ("locations", "pools", "servers", "types", "services"))
    admin.portcullis("apply", "-f", "-", "--prune", "--yes-delete", count, text="{}")
    for location in body["locations"]:
        words = ["--description", location["description"]] if "description" in location else []
        admin.portcullis("locations", "add", location["name"], *words)
    for pool in body["pools"]:
        admin.portcullis("pools", "set", pool["location"], pool["name"], *pool["addresses"])
    for server in body["servers"]:
        addresses = [word for address in server["addresses"] for word in ("--address", address)]
        labels = [word for label in server["labels"] for word in ("--label", label)]
        admin.portcullis("servers", "add", server["name"], "--location", server["location"], "--kind", server["kind"],
                         *addresses, *labels)
    admin.portcullis("types", "put", *sorted((FIXTURES / "types").glob("*.yaml")))
    # Services whose types need others come last.
    rest = body["services"]
    while rest:
        left = [service for service in rest
                if admin.command("services", "add", service["name"], service["server"]).returncode]
        assert len(left) < len(rest), left
        rest = left
    for service in body["services"]:
        if service["state"] != "ready":
            admin.portcullis("services", service["state"], service["name"])
    assert admin.portcullis("get", "cloud") == cloud

    # And away again, from the services to the locations.
    rest = [service["name"] for service in body["services"]]
    while rest:
        left = [name for name in rest if admin.command("services", "remove", name).returncode]
        assert len(left) < len(rest), left
        rest = left
    admin.portcullis("types", "remove", *[kind["name"] for kind in body["types"]])
    admin.portcullis("servers", "remove", *[server["name"] for server in body["servers"]])
    for pool in body["pools"]:
        admin.portcullis("pools", "remove", pool["location"], pool["name"])
    gone = admin.portcullis("locations", "remove", *[location["name"] for location in body["locations"]])
    assert gone.startswith("registry: 2 removed\n")
    assert admin.portcullis("get", "cloud").endswith("\n{}\n")


def test_several_names_are_one_change(admin):
    admin.portcullis("types", "put", "/dev/stdin", text="type: idle\n")
    before = admin.portcullis("get", "cloud")
    refusals = [
        (("types", "remove", "idle", "pgw"), "Type pgw still has service pgw.1, service pgw.2, service pgw.3 and 2 more.\n"),
        (("types", "remove", "idle", "nope"), "There is no type nope.\n"),
        (("services", "remove", "pgw.1", "tg.1", "tg.999"), "There is no service tg.999.\n"),
        (("servers", "remove", "nope", "app1"), "There is no server nope.\n"),
        (("services", "stop", "pgw.1", "tg.999"), "  service tg.999: there is no service \"tg.999\"\n"),
        (("services", "start", "pgw.1", "tg.1"), "  service tg.1: the service tg.1 has no version: ADMIN does not run it\n"),
        (("services", "version", "pgw.1", "tg.1", "9.9"), "  service pgw.1: ADMIN has no version 9.9 of type pgw\n"),
    ]
    for words, detail in refusals:
        assert detail in admin.portcullis(*words, status=1)
        assert admin.portcullis("get", "cloud") == before, words
    names = ["tg.1", "pgw.1", "tg.1"]
    shown = admin.portcullis("services", "remove", *names, "--dry-run", status=2)
    assert admin.portcullis("services", "remove", *names) + "\ndry run: nothing was changed\n" == shown
    assert shown.startswith("registry: 2 removed\n")
    digest = f"sha256:{'0a' * 32}"
    report = json.loads(admin.portcullis("services", "version", "tg.2", "pgw.2", digest, "-o", "json"))
    assert [change["name"] for change in report["changes"]] == ["pgw.2", "tg.2"]
    report = json.loads(admin.portcullis("services", "stop", "tg.2", "pgw.2", "-o", "json"))
    assert [change["name"] for change in report["changes"]] == ["pgw.2", "tg.2"]
    admin.portcullis("types", "remove", "idle")


def test_commands_at_the_same_time_get_servers_of_their_own(admin):
    for number in range(20, 30):
        admin.portcullis("servers", "add", f"more{number}", "--location", "tcn", "--kind", "app",
                         "--address", f"10.1.0.1{number}", "--address", f"fd00:1::1{number}")
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: admin.command("services", "add", "tg", "--location", "tcn"), range(8)))
    assert [run.returncode for run in runs] == [0] * 8, runs
    placed = services(admin, "tg")
    assert len(placed) == 13 and len(set(placed.values())) == 13


def test_scaling_shows_what_goes_and_wants_a_yes_for_more_than_a_handful(admin):
    admin.portcullis("types", "put", "/dev/stdin", text="type: job\nrequires: {server: app}\n")
    shown = admin.portcullis("services", "scale", "job", "12", "--dry-run", status=2)
    assert services(admin, "job") == {}
    assert shown == admin.portcullis("services", "scale", "job", "12") + "\ndry run: nothing was changed\n"
    placed = services(admin, "job")
    assert sorted(placed) == sorted(f"job.{index}" for index in range(1, 13))
    assert all(list(placed.values()).count(server) == 2 for server in placed.values())
    assert admin.portcullis("services", "scale", "job", "12") == "no changes\n"

    refused = admin.command("services", "scale", "job", "6")
    assert refused.returncode == 1
    assert re.match(r"registry: 6 removed\n  -  service  job\.10  ready on ", refused.stdout)
    assert refused.stderr == ("Error: 6 services of job would be removed; nothing was changed\n"
                              "If that is meant, say --yes.\n")
    assert services(admin, "job") == placed
    admin.portcullis("services", "scale", "job", "7")
    assert services(admin, "job") == {name: placed[name] for name in [f"job.{index}" for index in range(1, 8)]}
    there = [name for name, server in services(admin, "job").items() if server.startswith("hel-")]
    report = json.loads(admin.portcullis("services", "scale", "job", "0", "--location", "hel", "-o", "json"))
    assert sorted(change["name"] for change in report["changes"]) == sorted(there)
    admin.portcullis("services", "scale", "job", "0", "--yes")
    assert services(admin, "job") == {}

    errors = admin.portcullis("services", "scale", "tg", "9", status=1)
    assert errors == ("Error: No server can take another service of tg: there are 5, and at most 1 can be added.\n"
                      "  count: app1, app2, app3 and 3 more: a service of tg is there already\n"
                      "  count: archive1, db1, db2 and 5 more: not of kind app\n")
    assert "There is no type nope." in admin.portcullis("services", "scale", "nope", "1", status=1)
    for count in ("-1", "x", "100001"):
        assert admin.command("services", "scale", "tg", count).returncode == 64


def test_the_new_words_are_completed():
    script = result(binary("portcullis"), "--generate-completion-script", "bash").stdout
    for word in ("servers", "locations", "pools", "get", "scale", "--save-plan", "--plan", "--directory", "--no-labels"):
        assert word in script, word
    assert r"'app'$'\n''db'$'\n''archive'$'\n''gateway'" in script


def test_a_type_that_belongs_everywhere_follows_the_servers(admin, tmp_path):
    kind = tmp_path / "collector.yaml"
    kind.write_text("type: collector\ninstances: each-server\nrequires: {server: [app, db]}\n")
    kept = {server["name"] for server in json.loads(admin.portcullis("servers", "list", "-o", "json"))
            if server["kind"] in ("app", "db")}
    told = admin.portcullis("types", "put", kind)
    assert told.count("+  service  collector.") == len(kept), told
    assert sorted(services(admin, "collector").values()) == sorted(kept)

    admin.portcullis("servers", "add", "app77", "--location", "tcn", "--kind", "app", "--address", "10.1.0.77")
    [name] = [name for name, server in services(admin, "collector").items() if server == "app77"]
    admin.portcullis("services", "drain", name)
    # Nobody names them, and a prune leaves them as they are.
    cloud = tmp_path / "cloud.yaml"
    admin.portcullis("get", "cloud", "--file", cloud)
    text = cloud.read_text()
    cloud.write_text(re.sub(r"(?m)^  collector\.\d+:.*\n(?: {3,}.*\n)*", "", text))
    assert cloud.read_text() != text
    assert admin.portcullis("apply", "--prune", "-f", cloud) == "no changes\n"

    for words in (["services", "add", "collector"], ["services", "scale", "collector", "1"], ["services", "remove", name],
                  ["services", "move", name, "app1"]):
        refused = admin.command(*words)
        assert refused.returncode == 1, words
        assert "each server" in refused.stderr, refused.stderr
    assert f"-  service  {name}" in admin.portcullis("servers", "remove", "app77")
    kind.write_text("type: collector\n")
    admin.portcullis("types", "put", kind)
    admin.portcullis("services", "scale", "collector", "0", "--yes")
    admin.portcullis("types", "remove", "collector")
