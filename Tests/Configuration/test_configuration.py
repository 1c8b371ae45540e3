"""The seed's story, through the shipped binaries and curl."""

import json

import pytest

from portcullis_testing.processes import Process, result
from portcullis_testing.repository import FIXTURES, binary

YAML = ("-H", "Accept: application/yaml")
SECRET = "correct horse battery staple"


def changed_file(tmp_path, name, *pairs):
    text = (FIXTURES / f"types/{name}.yaml").read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / f"{name}.yaml"
    path.write_text(text)
    return path


def test_the_combined_configuration_of_mdb_is_the_expected_file(admin):
    expected = (FIXTURES / "combined/mdb.2.yaml").read_text()
    status, headers, body = admin.curl("/v1/services/mdb.2/config", *YAML)
    assert (status, headers["content-type"], body) == (200, "application/yaml", expected)
    assert admin.portcullis("config", "show", "mdb.2") == expected
    assert json.loads(admin.portcullis("config", "show", "mdb.2", "-o", "json")) == admin.configuration("mdb.2")


def test_an_unchanged_configuration_is_a_304(admin):
    _, headers, _ = admin.curl("/v1/services/mdb.2/config")
    status, again, body = admin.curl("/v1/services/mdb.2/config", "-H", f"If-None-Match: {headers['etag']}")
    assert (status, again["etag"], body) == (304, headers["etag"], "")


def test_explain_tells_where_each_value_comes_from(admin):
    lines = admin.portcullis("config", "show", "mdb.2", "--explain").splitlines()
    workers = next(line for line in lines if line.startswith("/workers "))
    assert workers.split() == "/workers 1 mdb.yaml:16:16 mdb 100 1 (default.yaml:10:16)".split()
    remote = next(line for line in lines if line.startswith("/logging/remote/0 "))
    assert '"10.1.0.31" (${services.logger.addresses})' in remote and "logger.yaml:17:17" in remote


def test_the_last_logger_takes_the_remote_target_along(admin):
    services = [service["name"] for service in json.loads(admin.portcullis("services", "-o", "json"))]
    assert all("remote" in admin.configuration(name)["logging"] for name in services if name != "logger.1")
    assert "remote" not in admin.configuration("logger.1")["logging"]
    admin.portcullis("services", "remove", "logger.1")
    assert not any("remote" in admin.configuration(name)["logging"] for name in services if name != "logger.1")


def test_a_second_logger_is_refused(admin):
    assert "logger is unique in the cloud" in admin.portcullis("services", "add", "logger", "archive1", status=1)


def test_a_held_poll_is_answered_by_a_change_of_its_own(admin, tmp_path):
    path = "/v1/services/pgw.1/config"
    _, headers, _ = admin.curl(path)
    held = Process("curl", "-sS", "-H", f"If-None-Match: {headers['etag']}", "-H", "Prefer: wait=60", admin.url + path)
    admin.portcullis("types", "put", changed_file(tmp_path, "pgw", ("{port: 8080}", "{port: 8090}")))
    held.wait(59)
    assert json.loads(held.text)["http"] == {"port": 8090}


def test_diff_tells_whose_configuration_would_change_and_changes_none(admin, tmp_path):
    file = changed_file(tmp_path, "mdb", ("cache: 8 GiB", "cache: 4 GiB"))
    before = admin.configuration("mdb.1")
    assert admin.portcullis("config", "diff", file, status=2) == (
        "configuration of 5 services: changed\n"
        "  mdb.1, mdb.2, mdb.3, mdb.4, mdb.5\n"
        '    ~  /storage/cache  "8 GiB" → "4 GiB"\n')
    assert admin.configuration("mdb.1") == before
    assert admin.portcullis("config", "diff", FIXTURES / "types/mdb.yaml") == "no changes\n"


def test_a_conflict_is_refused_at_the_operators_file(admin, tmp_path):
    file = changed_file(tmp_path, "mdb", ("workers: 1 ", "logging: none "))
    errors = admin.portcullis("types", "put", file, status=1)
    assert f'{file}:16:16: "logging" is text here, but a mapping at default.yaml:12:9' in errors


def test_history_is_told_compared_and_gone_back_to(admin, tmp_path):
    admin.portcullis("types", "put", changed_file(tmp_path, "mdb", ("cache: 8 GiB", "cache: 4 GiB")))
    history = json.loads(admin.portcullis("types", "history", "mdb", "-o", "json"))
    assert [(entry["revision"], entry["changedBy"]) for entry in history] == [(2, "anonymous"), (1, "anonymous")]
    difference = admin.portcullis("types", "diff", "mdb", status=2)
    assert "\n-        cache: 8 GiB\n+        cache: 4 GiB\n" in difference
    assert admin.portcullis("types", "revert", "mdb", "--dry-run", status=2).startswith("registry: 1 changed\n")
    admin.portcullis("types", "revert", "mdb")
    assert admin.configuration("mdb.1")["storage"]["cache"] == "8 GiB"
    assert admin.portcullis("types", "diff", "mdb", "--from", "1", "--to", "3") == "no changes\n"


@pytest.fixture
def vault(admin, tmp_path):
    """A type with a secret and two services of it; tokens are needed from here on."""
    admin.portcullis("secrets", "set", "db-password", text=SECRET + "\n")
    file = changed_file(tmp_path, "mdb", ("      node: ", "      password: !secret db-password\n      node: "))
    report = admin.portcullis("types", "put", file)
    admin.token = admin.add_token("ops", "admin")
    return report


def test_a_secret_is_shown_to_its_service_alone(admin, vault):
    token = admin.add_token("mdb2", "service", "--service", "mdb.2")
    assert admin.configuration("mdb.2", token=token)["password"] == SECRET
    hidden = {"!secret": "db-password"}
    assert admin.configuration("mdb.2")["password"] == hidden
    assert admin.configuration("mdb.2", token=admin.add_token("reader", "read"))["password"] == hidden
    shown = [
        vault, admin.portcullis("config", "show", "mdb.2"), admin.portcullis("config", "show", "mdb.2", "--explain"),
        admin.portcullis("secrets"), admin.portcullis("events"), admin.portcullis("types", "show", "mdb"),
        admin.curl("/v1/services/mdb.2/config?explain=true", token=token)[2], admin.log.read_text(errors="replace")]
    assert not any(SECRET in text for text in shown)
    assert SECRET.encode() not in admin.database.read_bytes()
    admin.portcullis("secrets", "set", "db-password", text="another")
    assert admin.configuration("mdb.2", token=token)["password"] == "another"
    assert "still has type mdb" in admin.portcullis("secrets", "remove", "db-password", status=1)


def test_a_services_token_reads_its_own_configuration_only(admin, vault):
    token = admin.add_token("mdb2", "service", "--service", "mdb.2")
    for path in ("/v1/services/mdb.1/config", "/v1/services/none.1/config", "/v1/services/mdb.2", "/v1/services",
                 "/v1/secrets", "/v1/types/mdb", "/v1/events", "/v1/locations/tcn/services.csv"):
        assert admin.curl(path, token=token)[0] == 403, path
    assert admin.curl("/v1/services/mdb.2/config", token=token)[0] == 200


def test_secrets_outlive_a_restart_and_need_their_key(admin, vault):
    token = admin.add_token("mdb2", "service", "--service", "mdb.2")
    admin.stop()
    serve = [binary("portcullis-admin"), "serve", "--database", admin.database, "--listen", "127.0.0.1:0"]
    without = result(*serve)
    assert without.returncode == 1 and "there is no key for them: set secrets-key" in without.stderr
    admin.key.chmod(0o644)
    loose = result(*serve, "--secrets-key", admin.key)
    assert loose.returncode == 1 and "others may use it (mode 644): chmod 600" in loose.stderr
    admin.key.chmod(0o600)
    admin.start()
    assert admin.configuration("mdb.2", token=token)["password"] == SECRET
