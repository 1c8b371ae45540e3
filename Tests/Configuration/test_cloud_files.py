"""The registry as files: got, applied again, applied elsewhere."""

import json
import re

import pytest

from admin import Admin
from portcullis_testing.processes import run
from portcullis_testing.repository import FIXTURES, binary


@pytest.fixture
def other(tmp_path):
    """An ADMIN with an empty registry."""
    (tmp_path / "other").mkdir()
    admin = Admin(tmp_path / "other")
    try:
        yield admin
    finally:
        admin.stop()


def forms(admin, tmp_path):
    """The registry of ADMIN in each form that `get cloud` has."""
    printed = tmp_path / "printed.yaml"
    printed.write_text(admin.portcullis("get", "cloud"))
    assert admin.portcullis("get", "cloud", "--file", tmp_path / "file.yaml") == ""
    assert (tmp_path / "file.yaml").read_bytes() == printed.read_bytes()
    folder = tmp_path / "deep" / "folder"
    assert admin.portcullis("get", "cloud", "--directory", folder) == ""
    return [printed, folder, folder / "cloud.yaml"]


def exports(admin):
    locations = [location["name"] for location in json.loads(admin.portcullis("locations", "-o", "json"))]
    return {location: admin.portcullis("export", location) for location in locations}


def test_what_is_got_is_applied_without_a_change_and_makes_an_empty_registry_the_same(admin, other, tmp_path):
    admin.portcullis("services", "drain", "tg.1")
    admin.portcullis("services", "maint", "tg.2")
    admin.portcullis("services", "weight", "pgw.1", "7")
    admin.portcullis("servers", "set", "app1", "--label", "ssd")
    odd = tmp_path / "odd.yaml"
    odd.write_bytes("# \u00e9 \u202e\r\ntype: odd\r\n\r\n# no line end".encode())
    admin.portcullis("types", "put", odd)
    for form in forms(admin, tmp_path):
        assert admin.portcullis("apply", "-f", form, "--prune") == "no changes\n"
        other.portcullis("apply", "-f", form)
        assert other.portcullis("get", "cloud") == (tmp_path / "printed.yaml").read_text()
        assert exports(other) == exports(admin)
        other.portcullis("apply", "-f", "-", "--prune", "--yes-delete",
                         other.portcullis("apply", "-f", "-", "--prune", "--dry-run", status=2, text="{}")
                         .split()[1], text="{}")
    assert (tmp_path / "deep/folder/types/odd.yaml").read_bytes() == odd.read_bytes()
    # As JSON it is what a client of the API applies.
    path = tmp_path / "cloud.json"
    path.write_text(admin.portcullis("get", "cloud", "-o", "json"))
    status, _, body = admin.curl("/v1/apply", "-d", f"@{path}", "-H", "Content-Type: application/json")
    assert status == 200 and json.loads(body)["changes"] == []


def test_a_drain_outlives_the_file_that_was_got_before_it(admin, tmp_path):
    for form in forms(admin, tmp_path):
        admin.portcullis("services", "drain", "pgw.1")
        assert admin.portcullis("apply", "-f", form) == "no changes\n"


def test_secrets_are_named_and_their_values_are_nowhere(admin, other, tmp_path):
    admin.portcullis("secrets", "set", "db-password", text="plugh-4711\n")
    admin.portcullis("types", "put", "/dev/stdin",
                     text="type: vault\nconfig:\n  - sort-order: 1\n    values: {password: !secret db-password}\n")
    admin.portcullis("services", "add", "vault")
    for form in forms(admin, tmp_path):
        files = [form] if form.is_file() else [path for path in form.rglob("*") if path.is_file()]
        assert not any("plugh" in path.read_text() for path in files)
    printed = (tmp_path / "printed.yaml").read_text()
    assert "#   db-password\n" in printed
    assert "db-password" in other.portcullis("apply", "-f", tmp_path / "printed.yaml", status=1)
    other.portcullis("secrets", "set", "db-password", text="another\n")
    other.portcullis("apply", "-f", tmp_path / "printed.yaml")
    assert other.portcullis("get", "cloud") == printed


def test_a_large_cloud_of_the_generator_comes_back(other, tmp_path):
    run(binary("portcullis-generate"), "cloud", "--types", "40", "--ports", "5", "--instances", "20",
        "--output", tmp_path / "large")
    other.portcullis("apply", "-f", tmp_path / "large/cloud.yaml")
    for form in forms(other, tmp_path):
        assert other.portcullis("apply", "-f", form, "--prune") == "no changes\n"


def test_a_directory_is_written_again_and_what_is_gone_is_named(admin, tmp_path):
    folder = tmp_path / "folder"
    admin.portcullis("types", "put", "/dev/stdin", text="type: old\n")
    admin.portcullis("get", "cloud", "--directory", folder)
    admin.portcullis("types", "remove", "old")
    again = admin.command("get", "cloud", "--directory", folder)
    assert again.returncode == 0
    assert again.stderr == f"Note: {folder}/types/old.yaml is not a type of the registry; cloud.yaml does not name it.\n"
    assert admin.portcullis("apply", "-f", folder, "--prune") == "no changes\n"

    (folder / "mine.yaml").write_text("services: {}\n")
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    admin.portcullis("services", "drain", "tg.1")
    refused = admin.portcullis("get", "cloud", "--directory", folder, status=1)
    assert f"{folder}/mine.yaml is a cloud file, too" in refused
    assert before == {path: path.read_bytes() for path in folder.rglob("*.yaml")}


def test_what_cannot_be_written_or_makes_no_sense_is_told(admin, tmp_path):
    assert "none/cloud.yaml: no such file" in admin.portcullis(
        "get", "cloud", "--file", tmp_path / "none/cloud.yaml", status=1)
    (tmp_path / "plain").write_text("")
    assert f"{tmp_path}/plain: is a file, not a folder" in admin.portcullis(
        "get", "cloud", "--directory", tmp_path / "plain", status=1)
    for words in (["--file", "a", "--directory", "b"], ["-o", "json", "--file", "a"], ["--directory", ""]):
        assert admin.command("get", "cloud", *words).returncode == 64


def test_several_files_are_one_cloud_and_an_object_in_two_is_named_with_both_places(other, tmp_path):
    whole = (FIXTURES / "cloud.yaml").read_text()
    at = whole.index("\nservices:")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/1.yaml").write_text(whole[:at].replace("types/", f"{FIXTURES}/types/"))
    (tmp_path / "2.yaml").write_text(whole[at:])
    other.portcullis("apply", "-f", tmp_path / "d", "-f", tmp_path / "2.yaml")
    assert other.portcullis("apply", "-f", FIXTURES / "cloud.yaml", "--prune") == "no changes\n"
    (tmp_path / "d/3.yaml").write_text("services:\n  pgw.1: app3\n")
    errors = other.portcullis("apply", "-f", tmp_path / "d", "-f", tmp_path / "2.yaml", status=1)
    assert f"{tmp_path}/2.yaml:" in errors and f"the service pgw.1 is there already, at {tmp_path}/d/3.yaml:2:3" in errors
    assert "is given twice" in other.portcullis("apply", "-f", tmp_path / "d", "-f", tmp_path / "d/1.yaml", status=1)


def test_a_plan_is_applied_only_while_nothing_has_changed(admin, tmp_path):
    plan = tmp_path / "plan.json"
    cloud = FIXTURES / ".plan.yaml"
    cloud.write_text((FIXTURES / "cloud.yaml").read_text().replace("  pgw.1: app1\n", "  pgw.1: app4\n"))
    try:
        shown = admin.command("apply", "-f", cloud, "--dry-run", "--save-plan", plan)
        assert shown.returncode == 2 and shown.stderr == f"The plan is in {plan}; `portcullis apply --plan` applies it.\n"
        assert shown.stdout == admin.portcullis("apply", "-f", cloud, "--dry-run", status=2)
    finally:
        cloud.unlink()
    # The plan has all that is needed: the files are gone.
    assert admin.portcullis("apply", "--plan", plan, "--dry-run", status=2) == shown.stdout
    stale = tmp_path / "stale.json"
    stale.write_bytes(plan.read_bytes())

    admin.portcullis("services", "drain", "tg.1")
    for words in ([], ["--dry-run"]):
        errors = admin.portcullis("apply", "--plan", plan, *words, status=1)
        assert errors == ("Error: the registry has changed since the plan was saved; nothing was changed\n"
                          "Save the plan again and look at it; `portcullis events` shows what has changed.\n")
    admin.portcullis("services", "ready", "tg.1")
    # It is the registry of before, but not the same moment.
    admin.portcullis("apply", "--plan", plan, status=1)
    assert json.loads(admin.portcullis("services", "show", "pgw.1", "-o", "json"))["service"]["server"] == "app1"

    once = tmp_path / "once.yaml"
    once.write_text("services: {pgw.1: app4}\n")
    admin.portcullis("apply", "-f", once, "--dry-run", "--save-plan", plan, status=2)
    done = admin.portcullis("apply", "--plan", plan)
    assert "~  service  pgw.1  ready on app1, the section's weight → ready on app4, the section's weight\n" in done
    admin.portcullis("apply", "--plan", plan, status=1)
    admin.portcullis("apply", "--plan", stale, status=1)
    # One of no changes is a plan, too.
    assert admin.portcullis("apply", "-f", once, "--dry-run", "--save-plan", plan) == "no changes\n"
    assert admin.portcullis("apply", "--plan", plan) == "no changes\n"


def test_a_plan_that_prunes_much_wants_the_number_like_any_prune(admin, tmp_path):
    plan = tmp_path / "plan.json"
    count = admin.portcullis("apply", "-f", "-", "--prune", "--dry-run", "--save-plan", plan, status=2, text="{}").split()[1]
    assert "--yes-delete" in admin.portcullis("apply", "--plan", plan, status=1)
    assert admin.portcullis("apply", "--plan", plan, "--yes-delete", count).startswith(f"registry: {count} removed\n")


def test_a_plan_of_another_registry_or_no_plan_at_all_changes_nothing(admin, other, tmp_path):
    plan = tmp_path / "plan.json"
    other.portcullis("apply", "-f", "-", "--dry-run", "--save-plan", plan, status=2, text="locations: {new: {}}")
    assert "has changed since" in admin.portcullis("apply", "--plan", plan, status=1)
    good = plan.read_text()
    bad = {"": "the text ends", "{}": "portcullisPlan", good.replace('"portcullisPlan" : 1', '"portcullisPlan" : 2'): "portcullisPlan",
           re.sub(r'"registry" : .*', '"registry" : "x\\\\r\\\\ny: z"', good): "is no ETag of a registry",
           good.replace('"new"', '"No"'): "#/apply/locations/0/name"}
    for text, part in bad.items():
        plan.write_text(text)
        errors = other.portcullis("apply", "--plan", plan, status=1)
        assert f"{plan} is no plan that this version can apply" in errors and part in errors, errors
    assert json.loads(other.portcullis("locations", "-o", "json")) == []
    for words in ([], ["--plan", plan, "-f", "x"], ["--plan", plan, "--prune"], ["-f", "x", "--save-plan", plan],
                  ["--plan", plan, "--dry-run", "--save-plan", plan]):
        assert admin.command("apply", *words).returncode == 64, words
    assert f"{tmp_path}/none: no such file" in admin.portcullis("apply", "--plan", tmp_path / "none", status=1)
