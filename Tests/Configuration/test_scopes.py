"""Tokens that may change a part of the cloud, and dry runs with role read, through the shipped binaries."""

from portcullis_testing.processes import run
from portcullis_testing.repository import FIXTURES, binary

PGW = FIXTURES / "types" / "pgw.yaml"
TG = FIXTURES / "types" / "tg.yaml"


def token(admin, name, *words):
    return admin.portcullis("tokens", "add", name, *words).strip()


def test_a_token_of_ci_changes_its_services_and_nothing_else(admin, tmp_path):
    ops = admin.token = token(admin, "ops", "--role", "admin")
    ci = token(admin, "ci", "--role", "admin", "--location", "tcn", "--type", "pgw", "--type", "tgctl")
    assert "location tcn, types pgw tgctl" in admin.portcullis("tokens")
    assert "location tcn, types pgw tgctl" in run(
        binary("portcullis-admin"), "token", "list", "--database", admin.database)
    admin.token = ci
    admin.portcullis("services", "drain", "pgw.1", "tgctl.2")
    admin.portcullis("services", "scale", "pgw", "4", "--location", "tcn")
    error = admin.portcullis("services", "drain", "tg.1", status=1)
    assert "Token ci may change location tcn, types pgw tgctl only." in error, error
    assert "service tg.1: type tg, at tcn" in error, error
    assert "service pgw.4: type pgw, at hel" in admin.portcullis("services", "drain", "pgw.4", status=1)
    assert "type pgw: it counts at all locations" in admin.portcullis(
        "types", "put", changed(tmp_path, PGW), status=1)
    assert "server app1: it is of no type" in admin.portcullis(
        "servers", "set", "app1", "--label", "ssd", status=1)
    for words in (("tokens",), ("tokens", "add", "me", "--role", "admin"), ("tokens", "remove", "ops"),
                  ("gateways", "forget", "gw1", "--location", "tcn")):
        assert "Token ci has the role admin for location tcn, types pgw tgctl only" in admin.portcullis(*words, status=1)
    # What it may not change it may read.
    assert "tg.1" in admin.portcullis("services")
    assert admin.portcullis("config", "show", "tg.1")

    # In a file with more, nothing is changed, and the place outside is told with its line.
    cloud = tmp_path / "cloud.yaml"
    cloud.write_text("services:\n  pgw.2: {server: app2, state: maint}\n  tg.2: {server: app3, state: maint}\n")
    error = admin.portcullis("apply", "-f", cloud, status=1)
    assert f"{cloud}:3:3: service tg.2: type tg, at tcn" in error, error
    assert "ready" in admin.portcullis("services", "show", "pgw.2")

    # Removed is removed at once.
    admin.token = ops
    admin.portcullis("tokens", "remove", "ci")
    admin.token = ci
    assert "not known" in admin.portcullis("services", "ready", "pgw.1", status=1)


def test_a_token_of_a_type_changes_its_file_and_its_secrets(admin, tmp_path):
    ops = admin.token = token(admin, "ops", "--role", "admin")
    admin.portcullis("secrets", "set", "of-ops", text="x")
    admin.token = token(admin, "ci", "--role", "admin", "--type", "pgw")
    admin.portcullis("types", "put", changed(tmp_path, PGW))
    assert "type tg" in admin.portcullis("types", "put", changed(tmp_path, TG), status=1)
    assert "that is for other types" in admin.portcullis(
        "types", "put", changed(tmp_path, PGW, "  - sort-order: 7\n    for: common\n    values: {debug: true}\n"), status=1)
    admin.portcullis("secrets", "set", "pgw-key", text="one")
    admin.portcullis("types", "put", changed(tmp_path, PGW, "  - sort-order: 7\n    values: {key: !secret pgw-key}\n"))
    admin.portcullis("secrets", "set", "pgw-key", text="two")
    assert "it names the secret of-ops" in admin.portcullis(
        "types", "put", changed(tmp_path, PGW, "  - sort-order: 7\n    values: {key: !secret of-ops}\n"), status=1)
    assert "secret of-ops" in admin.portcullis("secrets", "set", "of-ops", text="y", status=1)
    admin.token = ops
    assert admin.portcullis("events").count("Z  ci  ") == 4


def test_role_read_sees_what_a_change_would_do(admin, tmp_path):
    admin.token = token(admin, "ops", "--role", "admin")
    admin.token = token(admin, "eye", "--role", "read")
    cloud = tmp_path / "cloud.yaml"
    cloud.write_text("services:\n  pgw.2: {server: app2, state: maint}\n")
    assert "pgw.2" in admin.portcullis("apply", "-f", cloud, "--dry-run", status=2)
    assert "the role read" in admin.portcullis("apply", "-f", cloud, status=1)
    block = "  - sort-order: 7\n    values: {greeting: hello}\n"
    assert "hello" in admin.portcullis("config", "diff", changed(tmp_path, PGW, block), status=2)
    admin.portcullis("services", "drain", "pgw.1", "--dry-run", status=2)
    assert "the role read" in admin.portcullis("services", "drain", "pgw.1", status=1)


def changed(folder, path, block=""):
    """A copy of a type's file with a further block of its `config`, or a comment."""
    text = path.read_text()
    if block:
        text = text.replace("config:\n", "config:\n" + block) if "\nconfig:\n" in text else text + "config:\n" + block
    copy = folder / path.name
    copy.write_text("# changed\n" + text)
    return copy
